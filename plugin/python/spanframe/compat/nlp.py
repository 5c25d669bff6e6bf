"""Annotators of the open library, as in ``johnsnowlabs.nlp``, ``sparknlp.base`` and ``sparknlp.annotator``."""

from typing import Any

from ._absent import unsupported
from ._assertion import WordEmbeddingsModel
from ._light import Annotation, LightPipeline
from ._pipeline import Pipeline, PipelineModel
from ._stage import (
    BertForTokenClassification,
    CamemBertForTokenClassification,
    DeBertaForTokenClassification,
    DistilBertForTokenClassification,
    DocumentAssembler,
    Finisher,
    NerConverter,
    RoBertaForTokenClassification,
    SentenceDetector,
    Tokenizer,
    XlmRoBertaForTokenClassification,
)

__all__ = [
    "Annotation",
    "BertForTokenClassification",
    "CamemBertForTokenClassification",
    "DeBertaForTokenClassification",
    "DistilBertForTokenClassification",
    "DocumentAssembler",
    "Finisher",
    "LightPipeline",
    "NerConverter",
    "Pipeline",
    "PipelineModel",
    "RoBertaForTokenClassification",
    "SentenceDetector",
    "Tokenizer",
    "WordEmbeddingsModel",
    "XlmRoBertaForTokenClassification",
    "start",
]


def start(*, memory: str = "16G", params: dict[str, str] | None = None, **others: Any) -> Any:
    """Returns a plain Spark session. Nodes need this package and no jars.

    Parameters
    ----------
    memory
        ``spark.driver.memory``.
    params
        Further settings of Spark.

    Raises
    ------
    UnsupportedError
        Any other parameter is given.
    """
    for name, value in others.items():
        if value:
            raise unsupported(f"start(..., {name}=...)", ["memory", "params"])
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.config("spark.driver.memory", memory)
    for name, value in (params or {}).items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    raise unsupported(name, __all__)
