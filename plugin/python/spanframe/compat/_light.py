"""Runs pipelines on strings, in this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._engine import Engine
from .._internal import InputError
from ._pipeline import PipelineModel
from ._wiring import Selection


@dataclass
class Annotation:
    """A mention as Spark NLP returns it. Positions are UTF-16 units, and the end is inclusive."""

    annotatorType: str  # noqa: N815
    begin: int
    end: int
    result: str
    metadata: dict[str, str]
    embeddings: list[float] = field(default_factory=list)

    @property
    def annotator_type(self) -> str:
        """Another name of ``annotatorType``."""
        return self.annotatorType

    def __repr__(self) -> str:
        return f"Annotation({self.annotatorType}, {self.begin}, {self.end}, {self.result}, {self.metadata}, {self.embeddings})"


def _select(mentions: list[Annotation], selection: Selection) -> list[Annotation]:
    """Returns the mentions that have one of the labels, or annotations with their labels."""
    kept = [one for one in mentions if one.metadata["assertion"] in selection.labels]
    if selection.makes == "chunk":
        return kept
    made = []
    for one in kept:
        found = {"chunk": one.metadata["chunk"], "ner_chunk": one.result, "ner_label": one.metadata["entity"]}
        found["sentence"] = one.metadata["sentence"]
        made.append(Annotation("assertion", one.begin, one.end, one.metadata["assertion"], found))
    return made


class LightPipeline:
    """Runs a pipeline on strings, without Spark. Pass many texts in one list: the model takes them in batches.

    Parameters
    ----------
    pipelineModel
        Result of ``Pipeline.fit``, of ``nlp.Pipeline`` or of ``pyspark.ml.Pipeline``.
    parse_embeddings
        Ignored, because there are no embeddings.

    Raises
    ------
    ModelError, DeviceError
        The model or ONNX Runtime cannot be used.
    """

    def __init__(self, pipelineModel: PipelineModel, parse_embeddings: bool = False) -> None:  # noqa: N803
        if not isinstance(pipelineModel, PipelineModel):
            pipelineModel = PipelineModel(pipelineModel.stages)
        self.pipeline_model = pipelineModel
        wiring = pipelineModel.wiring
        self._kept = {finish.column for finish in wiring.finishes}
        self._selections = wiring.selections
        read = self._kept | {selection.column for selection in wiring.selections}
        self._engines = {
            annotation.output: Engine(annotation.model, on_error=annotation.on_error, **annotation.options)
            for annotation in wiring.annotations
            if not self._kept or annotation.output in read
        }

    def fullAnnotate(self, target: str | list[str]) -> list[dict[str, list[Annotation]]]:  # noqa: N802
        """Annotates texts.

        Parameters
        ----------
        target
            A list of strings. A single string is a list of one.

        Returns
        -------
        list of dict
            For each text its mentions by output column. With ``on_error="null"`` or ``setDoExceptionHandling(True)``, a
            text that cannot be annotated has none.

        Raises
        ------
        InputError
            ``target`` is neither a string nor a list of strings, or a text cannot be annotated.
        """
        texts = [target] if isinstance(target, str) else target
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise InputError(
                f"a LightPipeline takes a string or a list of strings, not a {type(target).__name__} with others: take "
                "transform for a frame"
            )
        rows: list[dict[str, list[Annotation]]] = [{} for _ in texts]
        for column, engine in self._engines.items():
            for row, found in zip(rows, engine.annotate(texts).to_list()):
                row[column] = [Annotation(**one) for one in found or []]
        for row in rows:
            for selection in self._selections:
                row[selection.output] = _select(row[selection.column], selection)
        return [{name: found for name, found in row.items() if not self._kept or name in self._kept} for row in rows]

    def annotate(self, target: str | list[str]) -> Any:
        """Returns the texts of the mentions by column: a dict for a string, a list of dicts for a list."""
        rows = [
            {column: [one.result for one in found] for column, found in row.items()}
            for row in self.fullAnnotate(target)
        ]
        return rows[0] if isinstance(target, str) else rows

    def transform(self, dataset: Any) -> Any:
        """Runs the pipeline on a frame, as :meth:`PipelineModel.transform` does."""
        return self.pipeline_model.transform(dataset)
