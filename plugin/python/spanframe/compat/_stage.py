"""Stages. Each declares its parameters, the columns that it reads and the column that it makes."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, TypeVar
from uuid import uuid4

from .._internal import InputError, ModelError, import_once, models
from ._absent import unsupported
from ._parameter import ASSEMBLER, CLASSIFIER, CONVERTER, DETECTOR, FINISHER, INTERNAL_CONVERTER, TOKENIZER, Parameter
from ._saved import Metadata, is_saved, local_path, read_metadata
from ._spark_ml import SparkTransformer

_Stage = TypeVar("_Stage", bound="Stage")
_OF_THE_MODEL = ("caseSensitive", "engine")
"""Saved parameters that importing the model has read."""


class Stage(SparkTransformer):
    """A step of a pipeline. A setter returns the stage, a getter the value."""

    parameters: ClassVar[tuple[Parameter, ...]] = ()
    reads: ClassVar[tuple[str, ...]] = ()
    """Annotator types of its input columns."""
    accepts: ClassVar[tuple[str, ...]] = ()
    """Annotator types that input columns may have too."""
    makes: ClassVar[str | None] = None
    """Annotator type of its output column."""
    stages: ClassVar[dict[str, type[Stage]]] = {}
    """All stages by name."""

    def __init_subclass__(cls) -> None:
        if cls.parameters:
            Stage.stages[cls.__name__] = cls
        for parameter in cls.parameters:
            for name, method in ((parameter.setter, _setter(parameter)), (parameter.getter, _getter(parameter))):
                if name not in vars(cls):
                    setattr(cls, name, method)

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.uid = f"{type(self).__name__}_{uuid4().hex[:12]}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise unsupported(f"{type(self).__name__}.{name}", [one.setter for one in self.parameters])

    def value(self, name: str) -> Any:
        """Returns the value that was set, or the default."""
        default = next(parameter.default for parameter in self.parameters if parameter.name == name)
        return self.values.get(name, default)

    def options(self) -> dict[str, Any]:
        """Returns its values as options of the engine."""
        return {
            parameter.option: self.values[parameter.name]
            for parameter in self.parameters
            if parameter.option and parameter.name in self.values
        }

    def needed(self, name: str) -> Any:
        """Returns a value that must be set.

        Raises
        ------
        InputError
            The value is not set.
        """
        value = self.value(name)
        if not value:
            setter = next(parameter.setter for parameter in self.parameters if parameter.name == name)
            raise InputError(f"{type(self).__name__} has no {name}: call {setter}")
        return value

    @property
    def inputs(self) -> list[str]:
        """Input columns, which other stages make."""
        return self.needed("inputCols") if self.reads else []

    @property
    def outputs(self) -> list[str]:
        """Output columns."""
        return [self.needed("outputCol")]

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Any:
        """Loads a stage that Spark's ``Pipeline`` saved.

        Raises
        ------
        ModelError
            There is no stage at ``path``.
        """
        stage = cls()
        stage.restore(read_metadata(path))
        return stage

    def restore(self, metadata: Metadata) -> None:
        """Takes over parameters that Spark NLP or Spark's ``Pipeline`` saved.

        Raises
        ------
        UnsupportedError
            A parameter or its value is not supported.
        """
        self.uid = metadata.uid
        known = {parameter.name: parameter for parameter in self.parameters}
        for name, value in metadata.params.items():
            if name in _OF_THE_MODEL:
                continue
            if name not in known:
                setters = [parameter.setter for parameter in self.parameters]
                raise unsupported(f"{type(self).__name__}.set{name[0].upper()}{name[1:]}", setters)
            self.values[name] = known[name].check(type(self).__name__, value)

    def __repr__(self) -> str:
        return self.uid


def _setter(parameter: Parameter) -> Callable[..., Any]:
    def set_value(self: _Stage, *value: Any) -> _Stage:
        if parameter.kind == "texts" and not (len(value) == 1 and isinstance(value[0], (list, tuple))):
            value = (list(value),)
        if len(value) != 1:
            raise InputError(
                f"{type(self).__name__}.{parameter.setter} takes one value, not {len(value)}: leave the others out"
            )
        only = list(value[0]) if parameter.kind == "texts" else value[0]
        self.values[parameter.name] = parameter.check(type(self).__name__, only)
        return self

    set_value.__name__ = parameter.setter
    set_value.__doc__ = f"Sets ``{parameter.name}``: {parameter.meaning}."
    return set_value


def _getter(parameter: Parameter) -> Callable[..., Any]:
    def get_value(self: Stage) -> Any:
        return self.value(parameter.name)

    get_value.__name__ = parameter.getter
    get_value.__doc__ = f"Returns ``{parameter.name}``, as set or by default."
    return get_value


class DocumentAssembler(Stage):
    """Names the column of texts, and how to clean them."""

    parameters = ASSEMBLER
    makes = "document"


class SentenceDetector(Stage):
    """Numbers sentences in the metadata of mentions. The engine finds them by its own rule."""

    parameters = DETECTOR
    reads = ("document",)
    makes = "document"


class Tokenizer(Stage):
    """Placeholder for words, which the model's own tokenizer finds."""

    parameters = TOKENIZER
    reads = ("document",)
    makes = "token"


class TokenClassifier(Stage):
    """The model: a published name that ``spanframe model list`` shows, or a folder."""

    reads = ("document", "token")
    makes = "named_entity"

    def __init__(self) -> None:
        super().__init__()
        self.model: str | None = None

    @classmethod
    def pretrained(cls, name: str, lang: str = "en", remote_loc: str | None = None) -> Any:
        """Returns the classifier with a model of the catalogue. Downloads nothing and ignores ``remote_loc``.

        Raises
        ------
        ModelError
            The name is unknown. The message suggests the nearest names.
        InputError
            The model reads another language.
        """
        catalogue = {row["name"]: row for row in models()}
        if name not in catalogue:
            _refuse(name)
        languages = catalogue[name]["languages"]
        if languages and lang not in (*languages, "xx"):
            entities = catalogue[name]["entities"]
            others = [
                n for n, row in catalogue.items() if lang in row["languages"] and set(entities) <= set(row["entities"])
            ]
            way_out = f"for `{lang}` there is {', '.join(others)}" if others else "no model here reads that language"
            raise InputError(f"`{name}` is of language {', '.join(languages)}, not `{lang}`: {way_out}")
        stage = cls()
        stage.model = name
        return stage

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Any:
        """Returns the classifier with the model in a folder.

        The folder is one that Spark NLP saved with the ONNX engine, one that Spark's own ``Pipeline`` saved of a stage of
        this package, or a Hugging Face export with config.json, tokenizer.json and an ``.onnx`` file. A model of Spark NLP
        is imported into the folder of installed models, once for the same content and under a name made from it. Its
        columns and ``maxSentenceLength`` are kept.

        Raises
        ------
        ModelError
            The folder does not exist, or cannot be read.
        """
        folder, stage = local_path(path), cls()
        if folder.exists() and not is_saved(folder):
            stage.model = str(folder)
            return stage
        try:
            metadata = read_metadata(path)
        except ModelError:
            if not folder.exists():
                _refuse(str(folder))
            raise
        stage.restore(metadata)
        stage.model = metadata.model or os.fspath(import_once(folder)["folder"])
        return stage

    @classmethod
    def loadSavedModel(cls, folder: str | os.PathLike[str], spark_session: Any = None) -> Any:  # noqa: N802
        """The same as :meth:`load`. Ignores the session."""
        return cls.load(folder)


def _refuse(name: str) -> NoReturn:
    """Raises the engine's error for an unknown model, which suggests the nearest names."""
    from .._engine import Engine

    Engine(name)
    raise ModelError(f"there is no model `{name}` in the catalogue: `spanframe model list` shows it")


class BertForTokenClassification(TokenClassifier):
    """A token classifier, of any architecture that the engine runs."""

    parameters = CLASSIFIER


class RoBertaForTokenClassification(TokenClassifier):
    """As :class:`BertForTokenClassification`."""

    parameters = CLASSIFIER


class XlmRoBertaForTokenClassification(TokenClassifier):
    """As :class:`BertForTokenClassification`."""

    parameters = CLASSIFIER


class DistilBertForTokenClassification(TokenClassifier):
    """As :class:`BertForTokenClassification`."""

    parameters = CLASSIFIER


class CamemBertForTokenClassification(TokenClassifier):
    """As :class:`BertForTokenClassification`."""

    parameters = CLASSIFIER


class DeBertaForTokenClassification(TokenClassifier):
    """As :class:`BertForTokenClassification`."""

    parameters = CLASSIFIER


class MedicalBertForTokenClassifier(TokenClassifier):
    """As :class:`BertForTokenClassification`."""

    parameters = CLASSIFIER


class NerConverter(Stage):
    """Makes the column of mentions."""

    parameters = CONVERTER
    reads = ("document", "token", "named_entity")
    makes = "chunk"


class NerConverterInternal(NerConverter):
    """Makes the column of mentions, with the options of the licensed library."""

    parameters = INTERNAL_CONVERTER

    def setReplaceDictResource(  # noqa: N802
        self, path: str, read_as: str = "TEXT", options: dict[str, str] | None = None
    ) -> NerConverterInternal:
        """Reads ``replaceLabels`` from a file with an old and a new label on each line.

        Raises
        ------
        InputError
            A line does not have two values.
        UnsupportedError
            ``read_as`` is not ``"TEXT"``.
        """
        if read_as != "TEXT":
            raise unsupported("NerConverterInternal.setReplaceDictResource", ["TEXT"], read_as)
        with open(path, encoding="utf-8", newline="") as file:
            lines = [line for line in csv.reader(file, delimiter=(options or {}).get("delimiter", ",")) if line]
        for number, line in enumerate(lines, 1):
            if len(line) != 2:
                raise InputError(
                    f"line {number} of `{path}` has {len(line)} values, expected an old and "
                    "a new label: name the separator by options={'delimiter': ...}"
                )
        return self.setReplaceLabels({old.strip(): new.strip() for old, new in lines})


class Finisher(Stage):
    """Turns mentions into plain lists or strings."""

    parameters = FINISHER
    reads = ("chunk",)
    accepts = ("assertion",)

    @property
    def outputs(self) -> list[str]:
        return self.value("outputCols") or [f"finished_{column}" for column in self.inputs]
