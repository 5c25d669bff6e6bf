"""Stages as transformers of ``pyspark.ml``, so that Spark's own ``Pipeline`` takes them.

Spark's pipeline calls one stage after the other, and the frame is all that goes from one to the next. Each stage adds its
output column, and puts itself into the metadata of that column. A converter reads the stages before it from there::

    text ─▶ document ─▶ token ─▶ ner ─▶ ner_chunk
            (null strings, with a stage in their metadata)   (mentions)
"""

from __future__ import annotations

import copy
import json
import os
from typing import Any

from .._internal import InputError, __version__
from ._absent import UnsupportedError

try:
    from pyspark.ml import Transformer
    from pyspark.ml.util import MLWritable, MLWriter
except ImportError:  # frames of Polars need no Spark
    Transformer = None  # type: ignore[assignment, misc]
    MLWritable = MLWriter = object  # type: ignore[assignment, misc]

KEY = "spanframe"
"""Key of a column's metadata with the stage that made the column, as JSON."""


_BEFORE = "_spanframe_before"
"""Attribute of a frame: the uid of the converter that made it, and the frame before."""


class SparkTransformer(MLWritable):  # type: ignore[misc]
    """What Spark's ``Pipeline`` calls of a stage."""

    uid: str

    def transform(self, dataset: Any, params: Any = None) -> Any:
        """Returns the frame with the stage's output column, for Spark's own ``Pipeline``.

        Parameters
        ----------
        dataset
            Frame of Spark that the stages before have transformed.
        params
            Ignored. Parameters are set by setters.

        Raises
        ------
        InputError
            An input column is missing or of a wrong type, or the output column exists.
        UnsupportedError
            The frame is not Spark's: ``nlp.Pipeline`` takes those of Polars.
        """
        from ._wiring import made_columns, wire_stage

        if type(dataset).__module__.partition(".")[0] != "pyspark":
            raise UnsupportedError(
                f"a frame of {type(dataset).__module__}.{type(dataset).__qualname__} is not supported by one stage: "
                "put the stages into an nlp.Pipeline"
            )
        made = made_columns([*_stages(dataset), self])
        wiring = wire_stage(self, made)
        if wiring is not None:
            return _added(dataset, self, wiring, made)
        from pyspark.sql import functions as F

        (output,) = self.outputs
        if output in dataset.columns:
            raise InputError(f"there already is a column `{output}`: name another in setOutputCol")
        return _marked(dataset.withColumn(output, F.lit(None).cast("string")), self, [output])

    def copy(self, extra: Any = None) -> Any:
        """Returns a copy with the same uid, as Spark's ``Pipeline.copy`` wants."""
        that = copy.copy(self)
        that.values = dict(self.values)
        return that

    def write(self) -> Any:
        """Returns a writer, with which Spark's ``Pipeline`` and ``PipelineModel`` save the stage."""
        if Transformer is None:
            raise UnsupportedError(
                f"`{type(self).__name__}.write` is not supported: save the Pipeline or PipelineModel"
            )
        return _StageWriter(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Saves the stage by the active session of Spark."""
        self.write().save(os.fspath(path))


if Transformer is not None:
    Transformer.register(SparkTransformer)


class _StageWriter(MLWriter):  # type: ignore[misc]
    """Writes the metadata of a stage, as Spark's stages do."""

    def __init__(self, stage: Any) -> None:
        super().__init__()
        self._stage = stage

    def saveImpl(self, path: str) -> None:  # noqa: N802
        """Writes one line of JSON to the folder ``metadata`` in ``path``."""
        from . import medical

        row = to_row(self._stage)
        module = "medical" if row["class"] in medical.__all__ else "nlp"
        saved = {
            "class": f"spanframe.compat.{module}.{row['class']}",
            "uid": row["uid"],
            "paramMap": row["values"],
            "defaultParamMap": {},
            "sparkVersion": self.sparkSession.version,
            "spanframe": __version__,
        } | ({"model": row["model"]} if "model" in row else {})
        text = self.sparkSession.createDataFrame([(json.dumps(saved),)], "value string")
        text.coalesce(1).write.text(os.path.join(path, "metadata"))


def to_row(stage: Any) -> dict[str, Any]:
    """Returns a stage as JSON has it: class, uid, values and, of a classifier, the model."""
    row = {"class": type(stage).__name__, "uid": stage.uid, "values": stage.values}
    return row | ({"model": stage.model} if "model" in vars(stage) else {})


def from_row(row: dict[str, Any]) -> Any:
    """Returns the stage of :func:`to_row`, with its values checked.

    Raises
    ------
    UnsupportedError
        A value is not supported.
    """
    from ._stage import Stage

    stage = Stage.stages[row["class"]]()
    stage.uid = row["uid"]
    for parameter in stage.parameters:
        if parameter.name in row["values"]:
            stage.values[parameter.name] = parameter.check(row["class"], row["values"][parameter.name])
    if "model" in row:
        stage.model = row["model"]
    return stage


def _added(frame: Any, stage: Any, wiring: Any, made: dict[str, Any]) -> Any:
    """Returns the frame with the columns of a stage. Assertion finds the mentions of its converter again, with labels."""
    from ._frame import add_columns

    again = [one for one in wiring.annotations if made[one.output] is not stage]
    result = frame
    for one in again:
        result = _without(result, made[one.output], one.outputs)
    result = add_columns(result, wiring)
    for one in again:
        result = _marked(result, made[one.output], [one.output])
    if again and result.columns[: len(frame.columns)] != frame.columns:
        names = [*frame.columns, *stage.outputs]
        result = result.select(*(result["`" + name.replace("`", "``") + "`"] for name in names))
    result = _marked(result, stage, [output for output in stage.outputs if stage.makes])
    if wiring.annotations and not again:
        setattr(result, _BEFORE, (stage.uid, frame))
    return result


def _marked(frame: Any, stage: Any, columns: list[str]) -> Any:
    """Returns the frame with the stage in the metadata of columns that it made."""
    for column in columns:
        frame = frame.withMetadata(column, {KEY: json.dumps(to_row(stage))})
    return frame


def _without(frame: Any, converter: Any, columns: list[str]) -> Any:
    """Returns the frame without the columns that a converter made.

    It is the frame before, if the converter was the last stage: then Spark does not find these mentions at all. Otherwise
    it finds them twice.
    """
    uid, before = vars(frame).get(_BEFORE, (None, None))
    return before if uid == converter.uid else frame.drop(*columns)


def _stages(frame: Any) -> list[Any]:
    """Returns the stages that made columns of the frame, in the order of the columns."""
    found = [field.metadata[KEY] for field in frame.schema.fields if KEY in (field.metadata or {})]
    return [from_row(json.loads(row)) for row in found]
