"""The catalogue of models, and the folder of installed ones."""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING, NamedTuple

from . import _internal, _runtime

if TYPE_CHECKING:
    import polars as pl


def models() -> pl.DataFrame:
    """Lists the models that have a name, as ``spanframe model list`` does. Needs Polars.

    The bundled model comes first. Then come names of published models for which it stands in, each with the entities of
    one type; the weights are spanframe's own under every name. Then come the folders in ``$SPANFRAME_HOME/models`` (on
    Linux by default ``~/.local/share/spanframe/models``). A folder with a published name takes precedence over that name.

    Returns
    -------
    polars.DataFrame
        One row per model:

        - ``name``: for ``model=``
        - ``languages``, ``entities``: lists of language codes and entity types
        - ``architecture``, ``licence``
        - ``bytes``: size of the ONNX file
        - ``f1``, ``f1_low``, ``f1_high``: strict F1 on clean test texts in the first language, with its 95 % interval; null
          for a row with several types or without scores
        - ``annotation``: ``"gold"``, or ``"silver"`` for projected annotations
        - ``installed``: whether it is an installed folder
        - ``model``: the model that runs

    Raises
    ------
    ModuleNotFoundError
        Polars is not installed.

    Examples
    --------
    >>> import polars as pl
    >>> models().filter(pl.col("name").str.contains("symptom"))["name"].to_list()
    ['roberta_symptom_ner_onnx', 'bert_token_classifier_symptom_ner_it_onnx', 'roberta_symptom_ner_es_onnx']
    """
    import polars as pl

    schema = {
        "name": pl.String,
        "languages": pl.List(pl.String),
        "entities": pl.List(pl.String),
        "architecture": pl.String,
        "bytes": pl.Int64,
        "licence": pl.String,
        "f1": pl.Float64,
        "f1_low": pl.Float64,
        "f1_high": pl.Float64,
        "annotation": pl.String,
        "installed": pl.Boolean,
        "model": pl.String,
    }
    return pl.DataFrame(_internal.models(), schema=schema)


class InstalledModel(NamedTuple):
    """A model that was installed."""

    name: str
    """Name, for ``model=``."""
    folder: str
    """Its folder, with ``manifest.json``."""
    source: str
    """Where it came from: the last part of a path, or ``hf:org/name@revision``."""
    commit: str | None
    """Commit on the hub. None if it came from elsewhere."""
    entities: list[str]
    """Entity types."""


def _installed(row: dict[str, object]) -> InstalledModel:
    return InstalledModel(**{**row, "folder": fspath(row["folder"])})


def add_model(
    source: str | PathLike[str],
    name: str | None = None,
    *,
    replace: bool = False,
    endpoint: str | None = None,
    token: str | None = None,
    offline: bool | None = None,
) -> InstalledModel:
    """Installs a model, whole or not at all, as ``spanframe model add`` does.

    Parameters
    ----------
    source
        A model folder, an ``.onnx`` file in one, a ``.zip`` or ``.tar.gz`` archive of one, or ``hf:org/name[@revision]``.
        Only the last uses the network.
    name
        Name of the installed model. The default is the name of the source.
    replace
        Replace the installed model of that name.
    endpoint, token, offline
        URL of the hub, access token, and whether to refuse any connection. The defaults are the environment variables
        ``HF_ENDPOINT``, ``HF_TOKEN`` and ``HF_HUB_OFFLINE``.

    Returns
    -------
    InstalledModel
        Its name, folder, source, commit and entity types.

    Raises
    ------
    InputError
        The source does not exist, the name is taken, or the hub refuses or does not answer.
    ModelError
        The model cannot be used, an archive is unsafe, or a fetched file has another hash than on the hub.

    Examples
    --------
    >>> add_model("no/such/model")
    Traceback (most recent call last):
        ...
    spanframe.InputError: there is no model at `no/such/model`: give a model folder, a .zip, .tar.gz or .tgz archive of one, or hf:org/name[@revision]
    """
    _runtime.register()
    return _installed(
        _internal.add_model(fspath(source), name=name, replace=replace, endpoint=endpoint, token=token, offline=offline)
    )


def import_model(path: str | PathLike[str], name: str | None = None, *, replace: bool = False) -> InstalledModel:
    """Installs a model that Spark NLP saved, as ``spanframe model import`` does. Needs no JVM.

    Parameters
    ----------
    path
        The folder of a token classifier with the ONNX engine (Bert, DistilBert, RoBerta, XlmRoBerta, CamemBert or
        DeBertaForTokenClassification), of a pipeline with one, or a ``.zip`` or ``.tar.gz`` archive of either.
    name
        Name of the installed model. The default is the name of the folder.
    replace
        Replace the installed model of that name.

    Returns
    -------
    InstalledModel
        Its name, folder, source, commit and entity types.

    Raises
    ------
    InputError
        The folder does not exist, or the name is taken.
    ModelError
        The folder cannot be read. The message names the file and the place in it.

    Examples
    --------
    >>> import_model("data/test_models/bert-cased")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spanframe.InputError: `data/test_models/bert-cased` was not saved by Spark NLP ...
    """
    _runtime.register()
    return _installed(_internal.import_model(path, name=name, replace=replace))


def pack_model(model: str | PathLike[str], archive: str | PathLike[str]) -> None:
    """Verifies a model and writes it to a ``.tar.gz``, ``.tgz`` or ``.zip`` archive, for a machine without network.

    Parameters
    ----------
    model
        Installed name or model folder.
    archive
        File to write. It must not exist.

    Raises
    ------
    InputError
        The model does not exist, or the file does.
    ModelError
        The files of the model differ from its manifest.

    Examples
    --------
    >>> pack_model("no/such/model", "model.tar.gz")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spanframe.InputError: there is no installed model `no/such/model`: ...
    """
    _internal.pack_model(fspath(model), archive)


def remove_model(name: str) -> None:
    """Removes an installed model.

    Parameters
    ----------
    name
        Installed name.

    Raises
    ------
    InputError
        The model does not exist.

    Examples
    --------
    >>> remove_model("absent")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spanframe.InputError: there is no installed model `absent`: ...
    """
    _internal.remove_model(name)


def verify_model(model: str | PathLike[str]) -> bool:
    """Compares the files of a model with its manifest.

    Parameters
    ----------
    model
        Installed name or model folder.

    Returns
    -------
    bool
        True if every file matches. False if the folder has no manifest, so that nothing can be compared.

    Raises
    ------
    InputError
        The model does not exist.
    ModelError
        A file was changed, removed or added. The message lists every difference.

    Examples
    --------
    >>> verify_model("data/test_models/bert-cased")  # a folder that was not installed
    False
    """
    return _internal.verify_model(fspath(model))
