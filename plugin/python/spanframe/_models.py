"""The models that have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _internal

if TYPE_CHECKING:
    import polars as pl


def models() -> pl.DataFrame:
    """The models that have a name, as ``spanframe model list`` shows them. Needs Polars.

    First the bundled model; then the names of published models and their like for which it stands in, each with the
    entities of one type (the weights are spanframe's own under every name); then the folders in ``$SPANFRAME_HOME/models`` (on Linux by default
    ``~/.local/share/spanframe/models``). A folder with a published name comes before that name.

    Returns
    -------
    polars.DataFrame
        ``name``: what ``model=`` takes; ``languages``, ``entities``: lists; ``architecture``; ``bytes``: size of the
        ONNX file; ``licence``; ``f1``, ``f1_low``, ``f1_high``: strict F1 of clean test texts in the first language with its
        95 % interval, null where a row has several types or no scores; ``annotation``: ``"gold"``, or ``"silver"`` for
        projected annotations; ``installed``: whether it is a folder; ``model``: what runs.

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
