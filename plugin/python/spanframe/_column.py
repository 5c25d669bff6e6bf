"""Annotates Arrow columns for Spark and Ray: one engine per process, in slices of bounded size, with errors by row."""

from __future__ import annotations

import os
import pickle
import time
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ._engine import Engine
from ._internal import InputError, check_options

DEFAULT_BATCH_ROWS = 4096
"""Maximum rows that are annotated at once and returned as one batch."""
DEFAULT_BATCH_BYTES = 4 << 20
"""Maximum UTF-8 bytes of text that are annotated at once. A longer text is annotated alone."""

OnError = Literal["raise", "null"]


class Plan(NamedTuple):
    """How to annotate a column. Small and picklable."""

    options: dict[str, Any]
    """Options of the engine."""
    on_error: OnError = "raise"
    batch_rows: int = DEFAULT_BATCH_ROWS
    batch_bytes: int = DEFAULT_BATCH_BYTES

    def check(self) -> Plan:
        """Checks all options without loading the model, and returns the plan.

        Raises
        ------
        InputError
            An option is unknown or cannot have its value.
        """
        if self.on_error not in ("raise", "null"):
            raise InputError(f"option `on_error` cannot be `{self.on_error}`; it may be raise, null")
        for name in ("batch_rows", "batch_bytes"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(f"option `{name}` cannot be {value!r}; it may be an integer from 1")
        check_options(**self.options)
        return self

    def with_options(self, **options: Any) -> Plan:
        """Returns the plan with some options replaced."""
        return self._replace(options=self.options | options)


class AnnotatedSlice(NamedTuple):
    """The entities of a slice of a column."""

    begin: int
    """First row of the slice."""
    entities: pa.Array
    reasons: pa.Array
    """Strings: why a row with a text has no entities; null for all other rows."""


@cache
def _engine(options: bytes, process: int) -> Engine:
    """Returns the engine of this process. ``process`` is part of the key, because threads do not survive a fork."""
    return Engine(**dict(pickle.loads(options)))


class ColumnAnnotator:
    """Annotates columns by a plan, with the engine that this process keeps for its options.

    Parameters
    ----------
    plan
        Options and limits.
    place
        What error messages call the column's batch.

    Examples
    --------
    >>> annotator = ColumnAnnotator(Plan({"entities": ["SYMPTOM"]}))
    >>> for part in annotator.parts(pa.array(["Niega disnea.", None])):
    ...     print([row and row["chunk"] for row in part.entities.to_pylist()])
    [['disnea'], None]
    """

    def __init__(self, plan: Plan, place: str = "the batch") -> None:
        self.plan = plan
        self.place = place
        # the engine returns null for a row that it cannot annotate; `parts` raises, with the row's number in the column
        options = plan.options | {"on_error": "null"}
        self.engine = _engine(pickle.dumps(sorted(options.items())), os.getpid())
        self.seconds = 0.0
        """Seconds spent in the engine so far."""

    def parts(self, texts: pa.Array, first_row: int = 0, languages: pa.Array | None = None) -> Iterator[AnnotatedSlice]:
        """Annotates ``texts`` slice by slice.

        Parameters
        ----------
        texts
            Strings, or bytes that are read as UTF-8.
        first_row
            Number of the first row, for messages.
        languages
            Language of each row.

        Raises
        ------
        InputError
            A row cannot be annotated and ``on_error`` is ``"raise"``. The message has its number and nothing of its text.
        """
        texts = _bytes(texts)
        languages = None if languages is None else _bytes(languages)
        for begin, end in slices(texts, self.plan.batch_rows, self.plan.batch_bytes):
            part = texts.slice(begin, end - begin)
            language = None if languages is None else languages.slice(begin, end - begin)
            started = time.perf_counter()
            entities = pa.array(self.engine.annotate(part, language=language))
            self.seconds += time.perf_counter() - started
            reasons = pa.nulls(len(part), pa.string())
            row = pc.index(pc.and_(entities.is_null(), part.is_valid()), True).as_py()
            if row >= 0:
                reasons = pa.array(self.engine.diagnose(part, language=language)).field("error")
                if self.plan.on_error == "raise":
                    place = f"row {first_row + begin + row} of {self.place}"
                    raise InputError(f"{place} {reasons[row]}; on_error='null' gives null for such rows")
            yield AnnotatedSlice(begin, entities, reasons)


def slices(texts: pa.Array, rows: int, size: int) -> Iterator[tuple[int, int]]:
    """Yields begin and end of slices of at most ``rows`` rows and ``size`` bytes of text. A longer text is a slice alone.

    Examples
    --------
    >>> list(slices(pa.array(["aa", "b", None, "cccc", "d"]), rows=3, size=3))
    [(0, 3), (3, 4), (4, 5)]
    """
    lengths = pc.fill_null(pc.cast(pc.binary_length(texts), pa.int64()), 0)
    ends = pc.cumulative_sum(lengths).to_pylist()
    begin = 0
    while begin < len(ends):
        before = ends[begin - 1] if begin else 0
        end = min(max(bisect_right(ends, before + size), begin + 1), begin + rows)
        yield begin, end
        begin = end


def _bytes(texts: pa.Array) -> pa.Array:
    """Returns strings as bytes, without a copy if possible.

    Arrow from Spark may hold strings that are not UTF-8. The engine checks bytes, and relies on strings.
    """
    kind = texts.type
    if pa.types.is_string(kind):
        return texts.view(pa.binary())
    if pa.types.is_large_string(kind):
        return texts.view(pa.large_binary())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return texts
    if pa.types.is_binary_view(kind):
        return texts.cast(pa.large_binary())
    if pa.types.is_dictionary(kind):
        return _bytes(texts.dictionary_decode())
    if pa.types.is_null(kind) or pa.types.is_string_view(kind):
        return texts.cast(pa.large_string()).view(pa.large_binary())
    way_out = "name a column of strings, or make one first" if pa.types.is_nested(kind) else "cast it to a string first"
    raise InputError(f"the column is {kind}, expected a string column: {way_out}")
