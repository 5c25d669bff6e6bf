"""Annotators of the licensed library, as in ``johnsnowlabs.medical`` and ``sparknlp_jsl.annotator``."""

from typing import Any

from ._absent import unsupported
from ._assertion import (
    AssertionDLModel,
    AssertionFilterer,
    AssertionLogRegModel,
    BertForAssertionClassification,
    ContextualAssertion,
    FewShotAssertionClassifierModel,
)
from ._stage import MedicalBertForTokenClassifier, NerConverterInternal

BertForTokenClassification = MedicalBertForTokenClassifier
BertForTokenClassifier = MedicalBertForTokenClassifier

__all__ = [
    "AssertionDLModel",
    "AssertionFilterer",
    "AssertionLogRegModel",
    "BertForAssertionClassification",
    "BertForTokenClassification",
    "BertForTokenClassifier",
    "ContextualAssertion",
    "FewShotAssertionClassifierModel",
    "MedicalBertForTokenClassifier",
    "NerConverterInternal",
]


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    raise unsupported(name, __all__)
