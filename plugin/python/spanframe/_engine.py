"""The engine for callers without Polars."""

from __future__ import annotations

from collections import namedtuple
from functools import cache
from typing import Any, NamedTuple

from . import _internal, _runtime
from ._model import Model, names


class Entity(NamedTuple):
    """One mention in one text."""

    chunk: str
    """The mention, as it stands in the text."""
    entity: str
    """Its type."""
    begin: int
    """First position, in the unit of the engine's ``offsets``."""
    end: int
    """End, exclusive (inclusive with ``offsets="spark"``)."""
    confidence: float
    """0 to 1."""


class ModelEntity(NamedTuple):
    """One mention in one text, found by one model of a set."""

    chunk: str
    """The mention, as it stands in the text."""
    entity: str
    """Its type."""
    begin: int
    """First position, in the unit of the engine's ``offsets``."""
    end: int
    """End, exclusive (inclusive with ``offsets="spark"``)."""
    confidence: float
    """0 to 1."""
    model: str
    """Name of the model."""


@cache
def _entity(fields: tuple[str, ...]) -> type[Any]:
    """The named tuple with these fields."""
    for known in (Entity, ModelEntity):
        if known._fields == fields:
            return known
    return namedtuple("Entity", fields)


class Engine:
    """A loaded model, or a set of them, with options, for lists, Arrow data and single texts.

    Loading happens once a process for the same model, device and threads; further engines share it.

    Parameters
    ----------
    model
        Model folder, ``.onnx`` file in one, or a name of :func:`spanframe.models`; the bundled model where left
        out. A list of these, or a pipeline file (``.toml``, ``.json``), for several models in one pass.
    **options
        The keyword arguments of :meth:`NerExpression.extract <spanframe._polars.NerExpression.extract>`, which
        explains them.

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
        self._engine = _internal.Engine(model=names(model), **options)
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
            Name of the new column of the table; ``"ner"`` where left out.
        language
            Which models of a set take a row: with ``column``, the column with the language of each row (``es``,
            ``en-US``); else one code for all texts, a list of codes, or an Arrow array.

        Returns
        -------
        Entities or Table
            For a table a :class:`Table`, all its columns kept; else :class:`Entities`, one element a text. Both offer
            the PyCapsule interface: give them to ``pl.DataFrame``, ``pa.table`` or ``pa.array``. A ``None`` stays
            null, a text without entities has empty lists.

        Raises
        ------
        InputError
            The column is missing or is not of strings, or another has strings that are not UTF-8; a table is given without
            ``column``, or ``column`` or ``output`` without a table; a list has something else than strings; a row cannot be
            annotated: the message has its number and nothing of its text.
        TypeError
            Something else than a list or Arrow data is given.
        KeyboardInterrupt
            Ctrl-C, in the main thread: after the batches in hand. A second does not wait for them. So it is with what
            handlers of other signals raise.

        Examples
        --------
        >>> found = Engine().annotate(["Refiere disnea.", None, ""]).to_list()
        >>> [e["chunk"] for e in found[0]], found[1:]
        (['disnea'], [None, []])
        """
        return self._engine.annotate(_listed(data), column, output, _listed(language))

    def diagnose(self, data: Any, *, language: Any = None) -> _internal.Entities:
        """What reading each text takes, as dicts of ``tokens, unknown_tokens, windows, words_lost, error``; the model
        does not run.

        Parameters
        ----------
        data
            A list of ``str`` or ``None``, or an Arrow array of strings.
        language
            As of :meth:`annotate`: one code, a list of codes, or an Arrow array.

        Examples
        --------
        >>> Engine().diagnose(["Refiere disnea."]).to_list()
        [{'tokens': 6, 'unknown_tokens': 0, 'windows': 1, 'words_lost': 0, 'error': None}]
        """
        return self._engine.diagnose(_listed(data), _listed(language))

    def annotate_text(self, text: str, *, language: str | None = None) -> list[Entity] | list[ModelEntity]:
        """The entities of one text, in order of their begin, at low latency; those of a set name their model.

        Parameters
        ----------
        text
            The text.
        language
            Its language, which chooses among the models of a set.

        Examples
        --------
        >>> [e.chunk for e in Engine().annotate_text("Riferisce dispnea.")]
        ['dispnea']
        """
        return [self._entity(*values) for values in self._engine.annotate_text(text, language)]

    @property
    def entities(self) -> list[str]:
        """Entity types that the model knows.

        >>> Engine().entities
        ['MEDICATION', 'DISEASE', 'PROCEDURE', 'SYMPTOM']
        """
        return self._engine.entities

    @property
    def metrics(self) -> dict[str, int]:
        """Counts of what this engine has done: rows, rows of unknown language, texts tokenized (once for each tokenizer),
        tokens, padded tokens, windows, entities."""
        return self._engine.metrics

    def __repr__(self) -> str:
        return f"spanframe.Engine\n{self._engine.card}"


def _listed(data: Any) -> Any:
    """A tuple as a list; anything else as it is."""
    return list(data) if isinstance(data, tuple) else data
