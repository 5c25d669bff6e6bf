"""Stages for assertion. The rules of spanframe decide, whatever model a stage names."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from .._internal import InputError
from ._absent import unsupported
from ._parameter import ASSERTION, ASSERTION_FILTERER, CONTEXTUAL_ASSERTION, EMBEDDINGS, LABELS
from ._stage import Stage

_LANGUAGES = ("en", "es", "it", "xx")
"""Languages that have rules, and that of multilingual models."""
_CONTEXTUAL = "contextual_assertion_"
"""What names of models of ContextualAssertion begin with; the label follows."""


class WordEmbeddingsModel(Stage):
    """Placeholder for embeddings, which assertion does not read."""

    parameters = EMBEDDINGS
    reads = ("document", "token")
    makes = "word_embeddings"

    @classmethod
    def pretrained(cls, name: str = "glove_100d", lang: str = "en", remote_loc: str | None = None) -> Any:
        """Returns the stage. Loads nothing."""
        return cls()


class AssertionModel(Stage):
    """The label of each mention: whether it is so, and whether it is the patient's."""

    reads = ("document", "chunk")
    accepts = ("token", "word_embeddings")
    makes = "assertion"

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the mentions that it annotates."""
        return LABELS

    @classmethod
    def pretrained(cls, name: str = "assertion_dl", lang: str = "en", remote_loc: str | None = None) -> Any:
        """Returns the stage, and warns that rules decide. Downloads nothing and ignores ``remote_loc``.

        Raises
        ------
        InputError
            There are no rules for the language.
        """
        if lang not in _LANGUAGES:
            raise InputError(
                f"{cls.__name__} has no rules for `{lang}`, only for {', '.join(_LANGUAGES[:-1])}: make it by "
                f"{cls.__name__}() and give yours by options={{'assertion_rules': 'rules.toml'}} of nlp.Pipeline"
            )
        warnings.warn(f"`{name}` is not run: the rules of spanframe give each mention its label", stacklevel=2)
        return cls()


class AssertionDLModel(AssertionModel):
    """Gives each mention one label, by rules: whether it is so, and whether it is the patient's."""

    parameters = ASSERTION


class AssertionLogRegModel(AssertionModel):
    """As :class:`AssertionDLModel`."""

    parameters = ASSERTION


class FewShotAssertionClassifierModel(AssertionModel):
    """As :class:`AssertionDLModel`."""

    parameters = ASSERTION


class BertForAssertionClassification(AssertionModel):
    """As :class:`AssertionDLModel`."""

    parameters = ASSERTION


class ContextualAssertion(AssertionModel):
    """Annotates the mentions of one label, by the rules of spanframe."""

    parameters = CONTEXTUAL_ASSERTION

    @property
    def labels(self) -> tuple[str, ...]:
        return (self.value("assertion"),)

    @classmethod
    def pretrained(cls, name: str, lang: str = "en", remote_loc: str | None = None) -> Any:
        """Returns the stage for the label that the name ends with, as ``contextual_assertion_absent`` does.

        Raises
        ------
        UnsupportedError
            The rules never give the label that the name ends with.
        InputError
            There are no rules for the language.
        """
        label = name.removeprefix(_CONTEXTUAL).replace("someone_else", "associated_with_someone_else")
        if label not in LABELS:
            raise unsupported(f"{cls.__name__}.pretrained", [_CONTEXTUAL + one for one in LABELS], name)
        return super().pretrained(name, lang).setAssertion(label)


class AssertionFilterer(Stage):
    """Keeps the mentions whose label is in a list."""

    parameters = ASSERTION_FILTERER
    reads = ("document", "chunk", "assertion")
    makes = "chunk"
    lists: ClassVar[tuple[str, str]] = ("whiteList", "blackList")

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the mentions that it keeps.

        Raises
        ------
        InputError
            A list has a label that is never given.
        """
        white, black = (self._known(name) for name in self.lists)
        return tuple(label for label in LABELS if (white is None or label in white) and label not in (black or ()))

    def _known(self, name: str) -> list[str] | None:
        given = self.value(name)
        if given is None:
            return None
        folded = given if self.value("caseSensitive") else [label.lower() for label in given]
        for label in folded:
            if label not in LABELS:
                way_out = ", or call setCaseSensitive(False)" if label.lower() in LABELS else ""
                raise InputError(
                    f"AssertionFilterer has `{label}` in {name}, which is no label: take {', '.join(LABELS)}{way_out}"
                )
        return folded
