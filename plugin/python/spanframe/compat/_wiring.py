"""Turns stages, which name each other's columns, into calls of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from .._internal import InputError
from ._absent import UnsupportedError
from ._assertion import AssertionFilterer, AssertionModel
from ._stage import DocumentAssembler, Finisher, NerConverter, SentenceDetector, Stage, TokenClassifier


class Annotation(NamedTuple):
    """One call of the engine, which adds a column of mentions."""

    text: str
    output: str
    model: str
    options: dict[str, Any]
    on_error: str

    @property
    def outputs(self) -> list[str]:
        """Columns that the call adds: the mentions and, with ``on_error="null"``, the reasons for nulls."""
        return [self.output, f"{self.output}_error"][: 2 if self.on_error == "null" else 1]


class Selection(NamedTuple):
    """A column made from mentions with assertion: those with some labels, or the labels themselves."""

    column: str
    output: str
    labels: tuple[str, ...]
    makes: str
    """``"chunk"`` keeps mentions, ``"assertion"`` makes an annotation with the label of each."""

    @property
    def outputs(self) -> list[str]:
        """The column that is added."""
        return [self.output]


class Finish(NamedTuple):
    """A plain column made from a column of mentions."""

    column: str
    output: str
    as_array: bool
    metadata: bool
    value_symbol: str
    annotation_symbol: str

    @property
    def outputs(self) -> list[str]:
        """Columns that are added: the texts and, for lists with metadata, the metadata."""
        return [self.output, f"{self.output}_metadata"][: 2 if self.as_array and self.metadata else 1]


class Wiring(NamedTuple):
    """Everything that a pipeline does to a frame, in order."""

    annotations: list[Annotation]
    selections: list[Selection]
    finishes: list[Finish]
    dropped: list[str]

    @property
    def texts(self) -> list[str]:
        """Columns of the frame that the pipeline reads."""
        return sorted({annotation.text for annotation in self.annotations})


def wire(stages: Sequence[Stage], options: dict[str, Any]) -> Wiring:
    """Follows the columns from stage to stage.

    Raises
    ------
    InputError
        A stage reads a column that no earlier stage makes, or one of a wrong type. Or two stages make one column, a setter
        was not called, or a filterer has a label that is never given.
    UnsupportedError
        The tags of a classifier, or tokens, would be an output column.
    """
    made = made_columns(stages)
    converters = [stage for stage in stages if isinstance(stage, NerConverter)]
    _check_classifiers(stages, converters)
    if not converters:
        raise InputError("no stage finds entities: add a token classifier and an nlp.NerConverter")
    finishers = [stage for stage in stages if isinstance(stage, Finisher)]
    shown = [stage.outputs[0] for stage in stages if stage.makes in ("chunk", "assertion")]
    asserted = [_converter(stage, made) for stage in stages if isinstance(stage, AssertionModel)]
    annotations = [
        _annotation(converter, made, options if converter in asserted or not asserted else _no_rules(options))
        for converter in converters
    ]
    for converter, annotation in zip(converters, annotations):
        if converter in asserted:
            _assert(annotation)
    return Wiring(
        annotations,
        [_selection(stage, made) for stage in stages if isinstance(stage, (AssertionModel, AssertionFilterer))],
        [finish for stage in finishers for finish in _finishes(stage)],
        shown if any(map(_cleans, finishers)) else [],
    )


def wire_stage(stage: Stage, made: dict[str, Stage]) -> Wiring | None:
    """Returns what one stage does to a frame whose columns others made. ``None`` if it only configures later ones.

    Raises
    ------
    InputError
        A setter was not called, or a filterer has a label that is never given.
    """
    if isinstance(stage, NerConverter):
        return Wiring([_annotation(stage, made, {})], [], [], [])
    if isinstance(stage, AssertionModel):
        converter = _converter(stage, made)
        others = [one for one in made.values() if isinstance(one, AssertionModel) and one is not stage]
        if any(_converter(one, made) is converter for one in others):
            return Wiring([], [_selection(stage, made)], [], [])
        return Wiring([_assert(_annotation(converter, made, {}))], [_selection(stage, made)], [], [])
    if isinstance(stage, AssertionFilterer):
        return Wiring([], [_selection(stage, made)], [], [])
    if isinstance(stage, Finisher):
        columns = [column for column, maker in made.items() if maker is not stage]
        return Wiring([], [], _finishes(stage), columns if _cleans(stage) else [])
    return None


def made_columns(stages: Sequence[Stage]) -> dict[str, Stage]:
    """Returns the stage that makes each column.

    Raises
    ------
    InputError
        A stage reads a column that no earlier stage makes, or one of a wrong type, or two stages make one column.
    UnsupportedError
        A stage is not of this package.
    """
    made: dict[str, Stage] = {}
    for stage in stages:
        if not isinstance(stage, Stage):
            raise UnsupportedError(
                f"a stage of {type(stage).__module__}.{type(stage).__qualname__} is not supported: take stages of "
                "spanframe.compat, and use the other before or after"
            )
        _check_inputs(stage, made)
        for output in stage.outputs:
            if output in made:
                raise InputError(
                    f"{type(stage).__name__} makes column `{output}`, as {_name(made[output])} already does: "
                    "name another in setOutputCol"
                )
            made[output] = stage
    return made


def _check_classifiers(stages: Sequence[Stage], converters: Sequence[Stage]) -> None:
    """Refuses a classifier that no converter reads."""
    read = {column for converter in converters for column in converter.inputs}
    for stage in stages:
        if isinstance(stage, TokenClassifier) and not read.intersection(stage.outputs):
            raise UnsupportedError(
                f"column `{stage.outputs[0]}` of {_name(stage)} is not supported by itself, because tags of words are not "
                "returned: add an nlp.NerConverter, which turns them into mentions"
            )


def _name(stage: Stage) -> str:
    return type(stage).__name__


def _cleans(finisher: Finisher) -> bool:
    return finisher.value("cleanAnnotations")


def _check_inputs(stage: Stage, made: dict[str, Stage]) -> None:
    kinds = set()
    for column in stage.inputs:
        if column not in made:
            known = "none is made before it: add one"
            if made:
                known = f"those made are {', '.join(made)}: name one in setInputCols"
            if "word_embeddings" in stage.accepts:
                known += "; leave out embeddings, which it does not need"
            raise InputError(f"{_name(stage)} reads column `{column}`, which no earlier stage makes; {known}")
        maker = made[column]
        if maker.makes not in (*stage.reads, *stage.accepts):
            if isinstance(stage, Finisher):
                raise UnsupportedError(
                    f"column `{column}` of {_name(maker)} is not supported in a Finisher: name columns of a NerConverter"
                )
            raise InputError(
                f"{_name(stage)} reads column `{column}` of type {maker.makes} ({_name(maker)}), expected "
                f"{', '.join((*stage.reads, *stage.accepts))}: name such a column in setInputCols"
            )
        kinds.add(maker.makes)
    missing = [kind for kind in stage.reads if kind not in kinds]
    if missing and not (isinstance(stage, Finisher) and kinds):
        raise InputError(
            f"{_name(stage)} needs an input column of type {' and '.join(missing)}: name it in setInputCols"
        )


def _source(stage: Stage, kind: type, made: dict[str, Stage]) -> Stage:
    """Returns the nearest stage of a class that ``stage`` reads, directly or through others."""
    near: Iterable[Stage] = [made[column] for column in stage.inputs]
    found = [one for one in near if isinstance(one, kind)]
    return found[0] if found else next(_source(one, kind, made) for one in near if one.reads)


def _reads(stage: Stage, kind: type, made: dict[str, Stage]) -> bool:
    """True if ``stage`` reads a stage of a class, directly or through others."""
    near = [made[column] for column in stage.inputs]
    return any(isinstance(one, kind) or _reads(one, kind, made) for one in near)


def _converter(stage: Stage, made: dict[str, Stage]) -> Stage:
    """Returns the converter whose mentions a stage reads, directly or through filterers."""
    while not isinstance(stage, NerConverter):
        stage = made[_mentions(stage, made)]
    return stage


def _mentions(stage: Stage, made: dict[str, Stage]) -> str:
    return next(column for column in stage.inputs if made[column].makes == "chunk")


def _selection(stage: Stage, made: dict[str, Stage]) -> Selection:
    """Returns the new column of a stage for assertion.

    Raises
    ------
    InputError
        A filterer has a label that is never given, or reads the labels of other mentions.
    """
    column, labels = _mentions(stage, made), stage.labels
    if isinstance(stage, AssertionFilterer):
        model = next(made[column] for column in stage.inputs if made[column].makes == "assertion")
        if _mentions(model, made) != column:
            raise InputError(
                f"AssertionFilterer reads mentions `{column}`, and the labels in `{model.outputs[0]}` are those of "
                f"`{_mentions(model, made)}`: name that in setInputCols"
            )
        labels = tuple(label for label in labels if label in model.labels)
    return Selection(column, stage.outputs[0], labels, stage.makes or "")


def _assert(annotation: Annotation) -> Annotation:
    """Asks the engine for assertion, as stages for it need."""
    annotation.options["assertion"] = True
    return annotation


def _no_rules(options: dict[str, Any]) -> dict[str, Any]:
    """Returns the options for a converter without assertion, beside one that has it."""
    return {name: value for name, value in options.items() if name != "assertion_rules" or options.get("assertion")}


def _annotation(converter: Stage, made: dict[str, Stage], options: dict[str, Any]) -> Annotation:
    classifier = _source(converter, TokenClassifier, made)
    assembler = _source(classifier, DocumentAssembler, made)
    if classifier.model is None:
        raise InputError(
            f"{_name(classifier)} has no model: make it by pretrained(name, lang) or loadSavedModel(folder)"
        )
    settings = assembler.options() | converter.options()
    if _reads(classifier, SentenceDetector, made):
        settings["sentences"] = True
    if settings.get("cleanup_mode", "disabled") != "disabled":
        settings["cleaned_offsets"] = True
    if options.get("emulate") == "sparknlp":
        settings["max_length"] = classifier.value("maxSentenceLength")
    settings |= options | {"layout": "annotation"}
    handled = "doExceptionHandling" in converter.values and converter.values["doExceptionHandling"]
    # not among the options, because the Spark face adds a column for it
    on_error = settings.pop("on_error", None) or ("null" if handled else "raise")
    return Annotation(assembler.needed("inputCol"), converter.outputs[0], classifier.model, settings, on_error)


def _finishes(finisher: Finisher) -> list[Finish]:
    inputs, outputs = finisher.inputs, finisher.outputs
    if len(inputs) != len(outputs):
        raise InputError(f"Finisher has {len(inputs)} input and {len(outputs)} output columns: give one for each")
    form = [
        finisher.value(name)
        for name in ("outputAsArray", "includeMetadata", "valueSplitSymbol", "annotationSplitSymbol")
    ]
    return [Finish(column, output, *form) for column, output in zip(inputs, outputs)]
