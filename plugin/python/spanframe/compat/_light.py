"""Pipelines on strings, in this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._engine import Engine
from .._internal import InputError
from ._pipeline import PipelineModel


@dataclass
class Annotation:
    """One mention, as Spark NLP gives it: positions are UTF-16 units, the end is inclusive."""

    annotatorType: str  # noqa: N815
    begin: int
    end: int
    result: str
    metadata: dict[str, str]
    embeddings: list[float] = field(default_factory=list)

    @property
    def annotator_type(self) -> str:
        """``annotatorType``, by its other name."""
        return self.annotatorType

    def __repr__(self) -> str:
        return f"Annotation({self.annotatorType}, {self.begin}, {self.end}, {self.result}, {self.metadata}, {self.embeddings})"


class LightPipeline:
    """A pipeline for strings, without Spark. A list goes through the model in batches: give many texts at once.

    Parameters
    ----------
    pipelineModel
        What ``Pipeline.fit`` gave.
    parse_embeddings
        Not looked at: there are none.

    Raises
    ------
    ModelError, DeviceError
        The model or ONNX Runtime cannot be used.
    """

    def __init__(self, pipelineModel: PipelineModel, parse_embeddings: bool = False) -> None:  # noqa: N803
        self.pipeline_model = pipelineModel
        wiring = pipelineModel.wiring
        kept = {finish.column for finish in wiring.finishes}
        self._engines = {
            annotation.output: Engine(annotation.model, on_error=annotation.on_error, **annotation.options)
            for annotation in wiring.annotations
            if not kept or annotation.output in kept
        }

    def fullAnnotate(self, target: str | list[str]) -> list[dict[str, list[Annotation]]]:  # noqa: N802
        """For each text the mentions by column; a single string counts as a list of one. A text that cannot be annotated has
        none, where ``on_error`` or ``setDoExceptionHandling`` says so.

        Raises
        ------
        InputError
            It is neither a string nor a list of strings.
        """
        texts = [target] if isinstance(target, str) else target
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise InputError(
                f"a LightPipeline takes a string or a list of strings, not a {type(target).__name__} with others"
            )
        rows: list[dict[str, list[Annotation]]] = [{} for _ in texts]
        for column, engine in self._engines.items():
            for row, found in zip(rows, engine.annotate(texts).to_list()):
                row[column] = [Annotation(**one) for one in found or []]
        return rows

    def annotate(self, target: str | list[str]) -> Any:
        """As :meth:`fullAnnotate`, with the mentions' texts alone: a dict for a string, a list of dicts for a list."""
        rows = [
            {column: [one.result for one in found] for column, found in row.items()}
            for row in self.fullAnnotate(target)
        ]
        return rows[0] if isinstance(target, str) else rows

    def transform(self, dataset: Any) -> Any:
        """As of the pipeline itself."""
        return self.pipeline_model.transform(dataset)
