"""The parameters of stages. Setters, checks and documentation are made from these tables."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._internal import InputError
from ._absent import unsupported

LABELS = ("present", "absent", "possible", "hypothetical", "conditional", "associated_with_someone_else")
"""Labels of assertion, as in the i2b2 challenge of 2010 and in AssertionDL. ``conditional`` is never given."""
CLEANUP_MODES = ("disabled", "inplace", "inplace_full", "shrink", "shrink_full", "each", "each_full", "delete_full")

_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "text": (str, "a string"),
    "texts": (list, "a list of strings"),
    "flag": (bool, "True or False"),
    "integer": (int, "an integer"),
    "number": ((int, float), "a number"),
    "labels": (dict, "a dict of strings"),
    "window": (list, "a list of two integers"),
}


class Parameter(NamedTuple):
    """A parameter of a stage, by Spark NLP's name."""

    name: str
    kind: str
    """A key of :data:`_KINDS`."""
    default: Any
    meaning: str
    """Its effect in this package, for the documentation."""
    option: str | None = None
    """Option of the engine that it becomes."""
    allowed: tuple[Any, ...] = ()
    """The supported values, if not all are."""

    @property
    def setter(self) -> str:
        return "set" + self.name[0].upper() + self.name[1:]

    @property
    def getter(self) -> str:
        return "get" + self.setter[3:]

    def check(self, stage: str, value: Any) -> Any:
        """Returns a value that may be set.

        Raises
        ------
        InputError
            The value has a wrong type.
        UnsupportedError
            Spark NLP supports the value, and spanframe does not.
        """
        expected, description = _KINDS[self.kind]
        fits = isinstance(value, expected) and (self.kind == "flag" or not isinstance(value, bool))
        items = (
            value
            if self.kind == "texts"
            else [*value.keys(), *value.values()]
            if self.kind == "labels" and fits
            else []
        )
        if not fits or not all(isinstance(item, str) for item in items):
            raise InputError(f"{stage}.{self.setter} takes {description}, not a {type(value).__name__}")
        if self.allowed and value not in self.allowed:
            raise unsupported(f"{stage}.{self.setter}", [str(one) for one in self.allowed], value)
        return value


def _only(name: str, kind: str, value: Any, meaning: str) -> Parameter:
    """Returns a parameter that may only be set to its default."""
    return Parameter(name, kind, value, f"{meaning}; only `{value}` is accepted", allowed=(value,))


OUTPUT = Parameter("outputCol", "text", None, "name by which later stages find the column")
INPUTS = Parameter("inputCols", "texts", None, "columns that earlier stages make")
LAZY = _only("lazyAnnotator", "flag", False, "there is no lazy annotator")

ASSEMBLER = (
    Parameter("inputCol", "text", None, "the frame's column of texts"),
    OUTPUT._replace(default="document"),
    Parameter(
        "cleanupMode",
        "text",
        "disabled",
        "`cleanup_mode`; positions are those of the cleaned text, as in Spark NLP (`cleaned_offsets=True`)",
        "cleanup_mode",
        CLEANUP_MODES,
    ),
)
DETECTOR = (
    INPUTS,
    OUTPUT,
    LAZY,
    Parameter(
        "useAbbreviations",
        "flag",
        True,
        "no effect: the engine splits long texts at its own sentences, and loses nothing",
    ),
    Parameter("detectLists", "flag", True, "no effect, as `setUseAbbreviations`"),
    _only("explodeSentences", "flag", False, "rows are not split"),
    _only("useCustomBoundsOnly", "flag", False, "the engine finds its own sentences"),
    _only("minLength", "integer", 0, "no sentence is dropped"),
    _only("maxLength", "integer", 99999, "no sentence is dropped"),
)
TOKENIZER = (
    INPUTS,
    OUTPUT,
    LAZY,
    _only("caseSensitiveExceptions", "flag", True, "there are no exceptions"),
    _only("targetPattern", "text", r"\S+", "words come from the model's tokenizer"),
    _only("minLength", "integer", 0, "no word is dropped"),
    _only("maxLength", "integer", 99999, "no word is dropped"),
)
CLASSIFIER = (
    INPUTS,
    OUTPUT,
    LAZY,
    Parameter("batchSize", "integer", 8, "no effect: batches are limited by tokens (`batch_tokens`)"),
    Parameter(
        "maxSentenceLength",
        "integer",
        128,
        'no effect, because nothing is truncated; with `emulate="sparknlp"` it is `max_length`, and truncates',
    ),
    _only("caseSensitive", "flag", True, "the model's own tokenizer decides whether case counts"),
)
CONVERTER = (
    INPUTS,
    OUTPUT,
    LAZY,
    Parameter("whiteList", "texts", None, "`white_list`; a type that the model lacks is an error", "white_list"),
    Parameter("preservePosition", "flag", True, "`preserve_position`", "preserve_position"),
    Parameter("nerHasNoSchema", "flag", False, "`ner_has_no_schema`", "ner_has_no_schema"),
)
INTERNAL_CONVERTER = (
    *CONVERTER,
    Parameter("blackList", "texts", None, "`black_list`", "black_list"),
    Parameter("threshold", "number", None, "`threshold`", "threshold"),
    Parameter("greedyMode", "flag", False, "`greedy_mode`", "greedy_mode"),
    Parameter("replaceLabels", "labels", None, "`replace_labels`", "replace_labels"),
    Parameter(
        "doExceptionHandling",
        "flag",
        False,
        '`on_error="null"`: a row with an error is null, with the reason in `<outputCol>_error`',
    ),
)
_MODEL_OF_ASSERTION = (
    INPUTS._replace(meaning="document, mentions and, with no effect, token or embeddings"),
    OUTPUT._replace(meaning="the new column, of annotations of type `assertion`"),
    LAZY,
)
_NO_MODEL = "no effect: rules decide, and no model runs"
ASSERTION = (
    *_MODEL_OF_ASSERTION,
    Parameter("includeConfidence", "flag", False, "no effect: rules have no confidence"),
    Parameter("batchSize", "integer", 8, _NO_MODEL),
    Parameter("maxSentLen", "integer", 250, _NO_MODEL),
    Parameter("maxSentenceLength", "integer", 128, _NO_MODEL),
    Parameter("caseSensitive", "flag", True, "no effect: case does not count in cues"),
    _only("scopeWindow", "window", [-1, -1], "each rule has its own reach"),
    _only("doExceptionHandling", "flag", False, "the converter's decides"),
)
CONTEXTUAL_ASSERTION = (
    *_MODEL_OF_ASSERTION,
    Parameter("assertion", "text", "absent", "the label of the mentions that are annotated", allowed=LABELS),
    Parameter(
        "caseSensitive", "flag", False, "case does not count in cues; only `False` is accepted", allowed=(False,)
    ),
)
ASSERTION_FILTERER = (
    INPUTS._replace(meaning="document, mentions and assertion"),
    OUTPUT._replace(meaning="the new column, of mentions"),
    LAZY,
    _only("criteria", "text", "assertion", "labels decide, not words"),
    Parameter("whiteList", "texts", None, "labels to keep; a word that is no label is an error"),
    Parameter("blackList", "texts", None, "labels to drop; a word that is no label is an error"),
    Parameter("caseSensitive", "flag", True, "whether the case of the labels in the lists counts"),
)
_NO_EMBEDDINGS = "no effect: there are no embeddings"
EMBEDDINGS = (
    INPUTS,
    OUTPUT,
    LAZY,
    Parameter("caseSensitive", "flag", True, _NO_EMBEDDINGS),
    Parameter("dimension", "integer", 100, _NO_EMBEDDINGS),
    Parameter("storageRef", "text", None, _NO_EMBEDDINGS),
)
FINISHER = (
    INPUTS._replace(meaning="columns of converters, assertion and filterers"),
    Parameter("outputCols", "texts", None, "names of the new columns; `finished_<column>` by default"),
    Parameter("cleanAnnotations", "flag", True, "drops the columns of converters, assertion and filterers"),
    Parameter("outputAsArray", "flag", True, "a list of mentions, or one string"),
    Parameter(
        "includeMetadata", "flag", False, "adds a column `<output>_metadata`; in strings, metadata precede each mention"
    ),
    Parameter("valueSplitSymbol", "text", "#", "between metadata and mention, in strings"),
    Parameter("annotationSplitSymbol", "text", "@", "between mentions, in strings"),
    _only("parseEmbeddingsVectors", "flag", False, "there are no embeddings"),
)
