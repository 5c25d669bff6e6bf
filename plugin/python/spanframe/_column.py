"""Annotates Arrow columns for systems that send record batches: one engine a process, bounded slices, bad rows apart."""

from __future__ import annotations

import os
import pickle
import time
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ._engine import Engine
from ._internal import DeviceError, InputError, ModelError

DEFAULT_BATCH_ROWS = 4096
"""Most rows that are annotated at once, and returned as one batch."""
DEFAULT_BATCH_BYTES = 4 << 20
"""Most UTF-8 bytes of text that are annotated at once; a longer text goes alone."""

OnError = Literal["raise", "null"]

_NO_MODEL = str(Path(__file__) / "none")
_NOT_UTF8 = "the text is not valid UTF-8: decode it from its real encoding first"


class Plan(NamedTuple):
    """What is to be done with a column; small, and safe to send to other processes."""

    options: dict[str, Any]
    """Of the engine."""
    on_error: OnError = "raise"
    batch_rows: int = DEFAULT_BATCH_ROWS
    batch_bytes: int = DEFAULT_BATCH_BYTES

    def check(self) -> Plan:
        """Refuses what is wrong whatever the model, which is not loaded.

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
                raise InputError(f"option `{name}` cannot be {value!r}; it may be a whole number from 1")
        try:
            Engine(**self.options | {"model": _NO_MODEL})
        except (ModelError, DeviceError):
            pass  # options are understood before a model is looked for
        return self

    def with_options(self, **options: Any) -> Plan:
        """The same with other options."""
        return self._replace(options=self.options | options)


class Annotated(NamedTuple):
    """A slice of a column."""

    begin: int
    """Its first row."""
    entities: pa.Array
    reasons: pa.Array
    """Why a row has no entities although it has a text; null for all others."""


@cache
def _engine(options: bytes, process: int) -> Engine:
    """The engine of this process: after a fork threads are gone, so that the process is part of the key."""
    return Engine(**dict(pickle.loads(options)))


class ColumnAnnotator:
    """Annotates columns by a plan, with the engine that this process keeps for its options.

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
        self.engine = _engine(pickle.dumps(sorted(plan.options.items())), os.getpid())
        self.seconds = 0.0
        """Spent in the engine."""

    def parts(self, texts: pa.Array, first_row: int = 0) -> Iterator[Annotated]:
        """Annotates ``texts`` slice by slice; ``first_row`` is the number of its first row, for messages.

        Raises
        ------
        InputError
            A row cannot be annotated and the plan says ``"raise"``: the message has its number and nothing of its text.
        """
        texts = _plain(texts)
        for begin, end in slices(texts, self.plan.batch_rows, self.plan.batch_bytes):
            part = texts.slice(begin, end - begin)
            broken = list(_broken_rows(part))
            if broken:
                if self.plan.on_error == "raise":
                    raise self._error(first_row + begin + broken[0], _NOT_UTF8)
                part = pc.if_else(_mask(len(part), broken), pa.scalar(None, part.type), part)
            started = time.perf_counter()
            found = self._annotate(part, first_row + begin)
            self.seconds += time.perf_counter() - started
            reasons = [reason for _, some in found for reason in some]
            for row in broken:
                reasons[row] = _NOT_UTF8
            entities = pa.concat_arrays([array for array, _ in found])
            yield Annotated(begin, entities, pa.array(reasons, pa.string()))

    def _annotate(self, texts: pa.Array, first_row: int) -> list[tuple[pa.Array, list[str | None]]]:
        """Annotates what can be annotated: where the engine refuses some rows their halves are tried."""
        try:
            return [(pa.array(self.engine.annotate(texts)), [None] * len(texts))]
        except InputError as error:
            if len(texts) > 1:
                half = len(texts) // 2
                return self._annotate(texts[:half], first_row) + self._annotate(texts[half:], first_row + half)
            if self.plan.on_error == "raise":
                raise self._error(first_row, str(error)) from None
            nothing = pa.array(self.engine.annotate(pa.nulls(1, texts.type)))
            return [(nothing, [str(error)])]

    def _error(self, row: int, reason: str) -> InputError:
        return InputError(f"row {row} of {self.place}: {reason}; on_error='null' gives null for such rows")


def slices(texts: pa.Array, rows: int, size: int) -> Iterator[tuple[int, int]]:
    """Begins and ends of slices of at most ``rows`` rows and ``size`` bytes of text; a longer text is a slice by itself.

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


def _plain(texts: pa.Array) -> pa.Array:
    """Strings with offsets, whose lengths can be computed."""
    kind = texts.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return texts
    if pa.types.is_dictionary(kind):
        return _plain(texts.dictionary_decode())
    if pa.types.is_null(kind) or pa.types.is_string_view(kind):
        return texts.cast(pa.large_string())
    raise InputError(f"the column is {kind}, expected a string column: cast it to a string first")


def _broken_rows(texts: pa.Array, first: int = 0) -> Iterator[int]:
    """Rows that are not UTF-8. Systems that do not check, Spark among them, can hold such strings."""
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        if len(texts) == 1:
            yield first
        else:
            half = len(texts) // 2
            yield from _broken_rows(texts[:half], first)
            yield from _broken_rows(texts[half:], first + half)


def _mask(length: int, rows: list[int]) -> pa.Array:
    chosen = set(rows)
    return pa.array([row in chosen for row in range(length)])
