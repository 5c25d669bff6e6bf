"""The engine for Python without Polars."""

from __future__ import annotations

from collections import namedtuple
from functools import cache, partial
from typing import Any, NamedTuple

from . import _internal, _runtime
from ._model import Model, names


class Entity(NamedTuple):
    """A mention in a text."""

    chunk: str
    """Text of the mention."""
    entity: str
    """Entity type."""
    begin: int
    """First position, in the unit of the engine's ``offsets``."""
    end: int
    """End position, exclusive (inclusive with ``offsets="spark"``)."""
    confidence: float
    """From 0 to 1."""


class ModelEntity(NamedTuple):
    """A mention in a text, found by one model of a set."""

    chunk: str
    """Text of the mention."""
    entity: str
    """Entity type."""
    begin: int
    """First position, in the unit of the engine's ``offsets``."""
    end: int
    """End position, exclusive (inclusive with ``offsets="spark"``)."""
    confidence: float
    """From 0 to 1."""
    model: str
    """Name of the model that found it."""


@cache
def _entity(fields: tuple[str, ...]) -> type[Any]:
    """Returns the named tuple with these fields."""
    for known in (Entity, ModelEntity):
        if known._fields == fields:
            return known
    return namedtuple("Entity", fields)


class Engine:
    """Annotates lists, Arrow data and single texts with a model or a set of models.

    A process loads a model once for the same device and threads. Further engines share it. An engine is pickled as its
    options, and loads the model where it is unpickled.

    Parameters
    ----------
    model
        Model folder, ``.onnx`` file in one, or a name of :func:`spanframe.models`. The default is the bundled model. A
        list of these, or a pipeline file (``.toml``, ``.json``), runs several models in one pass.
    **options
        The keyword arguments of :meth:`NerExpression.extract <spanframe._polars.NerExpression.extract>`, which
        describes them.

    Raises
    ------
    InputError
        An option is unknown or out of its range, or the model lacks an entity type.
    ModelError
        The model folder cannot be used.
    DeviceError
        ONNX Runtime or the device is missing.

    Examples
    --------
    >>> engine = Engine(entities=["MEDICATION"])
    >>> [(e.chunk, e.begin, e.end) for e in engine.annotate_text("Aspirina 81mg diaria.")]
    [('Aspirina', 0, 8)]
    >>> engine = Engine(["roberta_med_ner_es_onnx", "roberta_symptom_ner_es_onnx"])
    >>> [(e.chunk, e.model) for e in engine.annotate_text("Aspirina por disnea.")]
    [('Aspirina', 'roberta_med_ner_es_onnx'), ('disnea', 'roberta_symptom_ner_es_onnx')]
    """

    def __init__(self, model: Model | None = None, **options: Any) -> None:
        _runtime.register()
        self._options = {"model": names(model), **options}
        self._engine = _internal.Engine(**self._options)
        self._entity = _entity(tuple(self._engine.fields))

    def annotate(
        self, data: Any, column: str | None = None, *, output: str | None = None, language: Any = None
    ) -> _internal.Entities | _internal.Table:
        """Annotates a column of texts.

        Parameters
        ----------
        data
            A list of ``str`` or ``None``; an Arrow array of strings (pyarrow, Polars series, ...); or, with
            ``column``, an Arrow table or record batch (pyarrow, Polars, pandas, DuckDB, ...).
        column
            Column of the table with the texts.
        output
            Name of the new column of the table. The default is ``"ner"``.
        language
            Language of each row (``es``, ``en-US``), which chooses among the models of a set. With ``column``: the name
            of a column. Otherwise: one code for all texts, a list of codes, or an Arrow array.

        Returns
        -------
        Entities or Table
            For a table a :class:`Table` with all its columns and the new one. Otherwise :class:`Entities`, one element
            per text. Both implement the PyCapsule interface: pass them to ``pl.DataFrame``, ``pa.table`` or
            ``pa.array``. A ``None`` stays null. A text without entities has empty lists.

        Raises
        ------
        InputError
            - ``column`` is missing or not a string column, or another column has strings that are not UTF-8
            - a table comes without ``column``, or ``column`` or ``output`` without a table
            - a list has anything but strings and ``None``
            - the producer of Arrow data fails
            - a row cannot be annotated

            A message has the number of a row, and never its text.
        TypeError
            ``data`` is neither a list nor Arrow data.
        KeyboardInterrupt
            Ctrl-C in the main thread, after the current batches. A second Ctrl-C does not wait for them. Exceptions of
            other signal handlers behave the same.

        Examples
        --------
        >>> found = Engine().annotate(["Refiere disnea.", None, ""]).to_list()
        >>> [e["chunk"] for e in found[0]], found[1:]
        (['disnea'], [None, []])
        """
        return self._engine.annotate(_listed(data), column, output, _listed(language))

    def diagnose(self, data: Any, *, language: Any = None) -> _internal.Entities:
        """Counts tokens and windows of each text, without running the model.

        Parameters
        ----------
        data
            A list of ``str`` or ``None``, or an Arrow array of strings.
        language
            One code for all texts, a list of codes, or an Arrow array, as in :meth:`annotate`.

        Returns
        -------
        Entities
            For each text ``tokens``, ``unknown_tokens``, ``windows``, ``words_lost`` and ``error``, as
            :meth:`NerExpression.diagnose <spanframe._polars.NerExpression.diagnose>` describes them.

        Examples
        --------
        >>> Engine().diagnose(["Refiere disnea."]).to_list()
        [{'tokens': 6, 'unknown_tokens': 0, 'windows': 1, 'words_lost': 0, 'error': None}]
        """
        return self._engine.diagnose(_listed(data), _listed(language))

    def annotate_text(self, text: str, *, language: str | None = None) -> list[Entity] | list[ModelEntity]:
        """Annotates one text at low latency.

        Parameters
        ----------
        text
            The text.
        language
            Its language, which chooses among the models of a set.

        Returns
        -------
        list
            :class:`Entity` in order of their begin. From a set of models, :class:`ModelEntity` with the model's name.

        Raises
        ------
        InputError
            The text cannot be annotated, or has lone surrogates.
        KeyboardInterrupt
            Ctrl-C in the main thread, as in :meth:`annotate`.

        Examples
        --------
        >>> [e.chunk for e in Engine().annotate_text("Riferisce dispnea.")]
        ['dispnea']
        """
        return [self._entity(*values) for values in self._engine.annotate_text(text, language)]

    @property
    def entities(self) -> list[str]:
        """Entity types of the model.

        >>> Engine().entities
        ['MEDICATION', 'DISEASE', 'PROCEDURE', 'SYMPTOM']
        """
        return self._engine.entities

    @property
    def metrics(self) -> dict[str, int]:
        """Counts of this engine's work: rows, rows of unknown language, texts tokenized (once per tokenizer), tokens,
        padded tokens, windows and entities."""
        return self._engine.metrics

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the options. The process that unpickles them loads the model."""
        return partial(type(self), **self._options), ()

    def __repr__(self) -> str:
        return f"spanframe.Engine\n{self._engine.card}"


def _listed(data: Any) -> Any:
    """Returns a tuple as a list, and anything else unchanged."""
    return list(data) if isinstance(data, tuple) else data
