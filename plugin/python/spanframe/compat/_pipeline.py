"""Pipelines. ``fit`` checks them, ``transform`` runs them, and ``save`` writes a small folder."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from .._internal import InputError, __version__, check_option
from ._absent import unsupported
from ._frame import check_texts, transform
from ._saved import is_saved, stages_of
from ._spark_ml import from_row, to_row
from ._stage import Stage, TokenClassifier
from ._wiring import Wiring, wire

_FILE = "pipeline.json"
_FORMAT = 1
_NOT_HERE = {
    "model": "is the classifier's: make that by pretrained(name, lang) or loadSavedModel(folder)",
    "layout": "of a pipeline is Spark NLP's: leave it out, or call ner.extract or spanframe.Engine with it",
}
"""Options of the engine that a pipeline does not take, with the reason."""


class _Saved:
    """Stages that can be saved and loaded."""

    kind: ClassVar[str]

    def __init__(self, stages: Sequence[Stage] | None = None, *, options: dict[str, Any] | None = None) -> None:
        self.stages: list[Stage] = list(stages or [])
        self.options: dict[str, Any] = dict(options or {})
        for name in self.options:
            check_option(name)
            if name in _NOT_HERE:
                raise InputError(f"option `{name}` {_NOT_HERE[name]}")
        self.uid = f"{type(self).__name__}_{uuid4().hex[:12]}"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a folder with one JSON file: the stages, their values, and names or paths of models.

        Raises
        ------
        InputError
            The folder exists (``write().overwrite().save(path)`` replaces it), or is not on this machine.
        """
        self.write().save(path)

    def write(self) -> _Writer:
        """Returns a writer, for ``write().overwrite().save(path)``."""
        return _Writer(self)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Any:
        """Loads a pipeline that :meth:`save` wrote or that Spark NLP saved.

        The classifier of a pipeline of Spark NLP is imported, as ``BertForTokenClassification.load`` does.

        Raises
        ------
        InputError
            There is no pipeline at ``path``, or it has another class or a newer format.
        ModelError
            A part of a pipeline of Spark NLP cannot be read.
        UnsupportedError
            A pipeline of Spark NLP has a stage or a value that is not supported.
        """
        file = _local(path) / _FILE
        if is_saved(file.parent) and not file.exists():
            return cls(_restored(file.parent))
        if not file.is_file():
            raise InputError(f"there is no pipeline at `{file.parent}`: save one there first")
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept.get("format") != _FORMAT:
            raise InputError(f"`{file}` is of format {kept.get('format')}: this version reads format {_FORMAT}")
        if kept["class"] != cls.kind:
            raise InputError(
                f"there is a {kept['class']} at `{file.parent}`, not a {cls.kind}: load it by {kept['class']}.load"
            )
        return cls([from_row(row) for row in kept["stages"]], options=kept["options"])

    @classmethod
    def read(cls) -> type:
        """Returns the class, for ``read().load(path)``."""
        return cls


def _restored(folder: Path) -> list[Stage]:
    """Returns the stages of a pipeline that Spark NLP saved."""
    stages = []
    for path, metadata in stages_of(folder):
        # in Spark NLP a fitted Tokenizer has another class
        kind = Stage.stages.get(metadata.kind) or Stage.stages.get(metadata.kind.removesuffix("Model"))
        if kind is None:
            raise unsupported(metadata.kind, sorted(Stage.stages))
        if issubclass(kind, TokenClassifier):
            stages.append(kind.load(path))
            continue
        stage = kind()
        stage.restore(metadata)
        stages.append(stage)
    return stages


class _Writer:
    """Writes a pipeline."""

    def __init__(self, pipeline: _Saved) -> None:
        self._pipeline = pipeline
        self._overwrite = False

    def overwrite(self) -> _Writer:
        """Lets :meth:`save` replace a folder."""
        self._overwrite = True
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the pipeline, as :meth:`PipelineModel.save` does."""
        folder = _local(path)
        if folder.exists() and not self._overwrite:
            raise InputError(f"`{folder}` is there already: write().overwrite().save(path) replaces it")
        kept = {
            "format": _FORMAT,
            "spanframe": __version__,
            "class": self._pipeline.kind,
            "options": self._pipeline.options,
            "stages": [to_row(stage) for stage in self._pipeline.stages],
        }
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{_FILE}.{os.getpid()}"
        part.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(folder / _FILE)


def _local(path: str | os.PathLike[str]) -> Path:
    name = os.fspath(path)
    if "://" in name and not name.startswith("file://"):
        raise InputError(f"`{name}` is not on this machine: give a path of its own or of a mounted file system")
    return Path(name.removeprefix("file://"))


class PipelineModel(_Saved):
    """A checked pipeline, the result of ``fit``.

    Parameters
    ----------
    stages
        Stages, in order.
    options
        Options of the engine for every converter, such as ``device`` or ``emulate``. They take precedence over the values
        of stages. ``model`` and ``layout`` are not allowed.
    """

    kind = "PipelineModel"

    @property
    def wiring(self) -> Wiring:
        """Everything that the pipeline does to a frame."""
        return wire(self.stages, self.options)

    def transform(self, dataset: Any) -> Any:
        """Returns the frame with a column of mentions for each converter, and the columns of finishers.

        Parameters
        ----------
        dataset
            A frame of Spark (batch or streaming) or Polars (eager or lazy). On Polars the metadata of a mention is a list
            of ``{key, value}``, and ``frame.ner.explode("ner_chunk")`` returns one row per mention.

        Raises
        ------
        InputError
            The column of texts is missing, or an output column exists.
        UnsupportedError
            The frame is neither Spark's nor Polars'.
        """
        return transform(dataset, self.wiring)


class Pipeline(_Saved):
    """Stages that ``fit`` checks.

    Parameters
    ----------
    stages
        Stages, in order.
    options
        Options of the engine, as of :class:`PipelineModel`.
    """

    kind = "Pipeline"

    def setStages(self, stages: Sequence[Stage]) -> Pipeline:  # noqa: N802
        """Sets the stages."""
        self.stages = list(stages)
        return self

    def getStages(self) -> list[Stage]:  # noqa: N802
        """Returns the stages."""
        return self.stages

    def fit(self, dataset: Any = None) -> PipelineModel:
        """Checks that every stage finds its input columns. Trains nothing, and does not load the model.

        Parameters
        ----------
        dataset
            If given, the frame must have the column of texts.

        Raises
        ------
        InputError
            A stage reads a column that no earlier stage makes, a setter was not called, or the column of texts is missing.
        UnsupportedError
            A stage, or a use of it, is not supported.
        """
        model = PipelineModel(self.stages, options=self.options)
        wiring = model.wiring
        if dataset is not None:
            check_texts(dataset, wiring)
        return model
