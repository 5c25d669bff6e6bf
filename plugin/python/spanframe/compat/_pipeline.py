"""Pipelines: checked by ``fit``, run by ``transform``, kept as a small folder."""

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
from ._stage import Stage, TokenClassifier
from ._wiring import Wiring, wire

_FILE = "pipeline.json"
_FORMAT = 1
_NOT_HERE = {
    "model": "is the classifier's: make that by pretrained(name, lang) or loadSavedModel(folder)",
    "layout": "of a pipeline is Spark NLP's: leave it out, or call ner.extract or spanframe.Engine with it",
}
"""Options of the engine that a pipeline has no use for."""


class _Saved:
    """Stages that can be saved."""

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
        """Writes a folder with one JSON file: stages, their values, names or paths of models.

        Raises
        ------
        InputError
            The folder is there already (``write().overwrite().save(path)`` replaces it), or is not on this machine.
        """
        self.write().save(path)

    def write(self) -> _Writer:
        """A writer: ``write().overwrite().save(path)``."""
        return _Writer(self)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Any:
        """What :meth:`save` wrote, or a pipeline that Spark NLP saved: its classifier is imported as by
        ``BertForTokenClassification.load``.

        Raises
        ------
        InputError
            There is none at ``path``, or it is of another class or of a newer version.
        ModelError
            Spark NLP saved it, and a part of it cannot be read.
        UnsupportedError
            Spark NLP saved it, with a stage or a value that is not there.
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
        stages = []
        for row in kept["stages"]:
            stage = Stage.stages[row["class"]]()
            stage.uid = row["uid"]
            for parameter in stage.parameters:
                if parameter.name in row["values"]:
                    stage.values[parameter.name] = parameter.check(row["class"], row["values"][parameter.name])
            if isinstance(stage, TokenClassifier):
                stage.model = row["model"]
            stages.append(stage)
        return cls(stages, options=kept["options"])

    @classmethod
    def read(cls) -> type:
        """For ``read().load(path)``."""
        return cls


def _restored(folder: Path) -> list[Stage]:
    """The stages of a pipeline that Spark NLP saved."""
    stages = []
    for path, metadata in stages_of(folder):
        # what a Tokenizer was fitted to is another class there
        kind = Stage.stages.get(metadata.kind.removesuffix("Model"))
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
        """Replace what is there."""
        self._overwrite = True
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """As :meth:`PipelineModel.save`."""
        folder = _local(path)
        if folder.exists() and not self._overwrite:
            raise InputError(f"`{folder}` is there already: write().overwrite().save(path) replaces it")
        stages = [
            {"class": type(stage).__name__, "uid": stage.uid, "values": stage.values}
            | ({"model": stage.model} if isinstance(stage, TokenClassifier) else {})
            for stage in self._pipeline.stages
        ]
        kept = {
            "format": _FORMAT,
            "spanframe": __version__,
            "class": self._pipeline.kind,
            "options": self._pipeline.options,
            "stages": stages,
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
    """A pipeline that was checked: what ``fit`` gives.

    Parameters
    ----------
    stages
        In order.
    options
        Options of the engine for every converter, such as ``device`` or ``emulate``; before what a stage has set. Without
        ``model`` and ``layout``.
    """

    kind = "PipelineModel"

    @property
    def wiring(self) -> Wiring:
        """What it does to a frame."""
        return wire(self.stages, self.options)

    def transform(self, dataset: Any) -> Any:
        """The frame with a column of mentions for each converter, and one for each column of a finisher.

        Parameters
        ----------
        dataset
            A frame of Spark (batch or streaming) or of Polars (lazy or not). On Polars a mention's metadata is a list of
            ``{key, value}``; ``frame.ner.explode("ner_chunk")`` gives one row a mention.

        Raises
        ------
        InputError
            The column of texts is missing or an output column is there already.
        UnsupportedError
            The frame is of another system.
        """
        return transform(dataset, self.wiring)


class Pipeline(_Saved):
    """Stages to be checked.

    Parameters
    ----------
    stages
        In order.
    options
        As of :class:`PipelineModel`.
    """

    kind = "Pipeline"

    def setStages(self, stages: Sequence[Stage]) -> Pipeline:  # noqa: N802
        """Sets the stages."""
        self.stages = list(stages)
        return self

    def getStages(self) -> list[Stage]:  # noqa: N802
        """The stages."""
        return self.stages

    def fit(self, dataset: Any = None) -> PipelineModel:
        """Checks that every stage finds what it reads. Nothing is trained, and the model is not loaded.

        Parameters
        ----------
        dataset
            A frame, to check that it has the column of texts; may be left out.

        Raises
        ------
        InputError
            A stage reads a column that no earlier one makes, a setter is missing, or the column of texts is.
        UnsupportedError
            A stage or what is wanted of it is not there.
        """
        model = PipelineModel(self.stages, options=self.options)
        wiring = model.wiring
        if dataset is not None:
            check_texts(dataset, wiring)
        return model
