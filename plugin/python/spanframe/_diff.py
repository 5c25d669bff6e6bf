"""Compares two columns of entities."""

from __future__ import annotations

import json
from typing import Any, Literal

from . import _internal


def diff(
    a: Any,
    b: Any,
    *,
    text: Any = None,
    offsets_a: Literal["char", "byte", "spark"] | None = None,
    offsets_b: Literal["char", "byte", "spark"] | None = None,
    examples: int = 10,
    show_text: bool = False,
) -> dict[str, Any]:
    """Compares two columns of entities of the same texts, row by row, and names the kind of every difference.

    Does what the command ``spanframe diff`` does, with columns in memory.

    Parameters
    ----------
    a
        The reference: an Arrow array or Polars series of entities, in a layout of :class:`Engine` and ``ner.extract`` or
        as Spark NLP's ``NerConverter`` writes it.
    b
        The column to compare with the reference: as many rows, in the same order.
    text
        The texts: a list of strings or a column. With texts, units are converted exactly. Without, positions are compared
        as they stand, and a shift that different units may explain is an ``offset_unit``.
    offsets_a, offsets_b
        Unit of the positions. The default is ``"spark"`` for Spark NLP's annotations, else ``"char"``.
    examples
        The most examples of each kind of difference.
    show_text
        Whether examples have the text of mentions. Without it, the result holds no text of a note.

    Returns
    -------
    dict
        The fields that ``spanframe diff --json`` prints:

        ``rows``, ``mentions``
            counts, and how many of them are equal;
        ``agreement``
            strict ``precision``, ``recall`` and ``f1`` of ``b`` against ``a``; None where the denominator is 0;
        ``differences``
            counts by kind and entity type: ``missing`` (only ``a`` has it), ``extra`` (only ``b`` has it), ``label``
            (same span, another type), ``boundary`` (same type, overlapping spans), ``attribute`` (same span and type,
            another attribute of those that both columns have), ``offset_unit`` (same mention, positions in another unit
            or with another end), ``truncation`` (missing or extra beyond the place where the other column ends in every
            row, in too many rows for chance; a lower bound);
        ``attributes``
            attribute differences by attribute, such as ``"negated"``;
        ``readings``
            offset units by what explains them, such as ``"B as spark"``;
        ``cut``
            the last word (without texts, the last position) that a column reaches, if it looks cut;
        ``unreadable``
            mentions whose positions are not in their text;
        ``examples``
            dicts with ``kind``, ``row``, ``id``, ``a``, ``b`` (``entity``, ``begin``, ``end``, ``text``, and
            ``attributes`` where these differ) and ``reading``.

        A null row differs from an empty one, unless its ``text`` is null.

    Raises
    ------
    InputError
        A column holds no entities, has lists that do not fit together or another number of rows; or a unit is unknown.
    TypeError
        A column is not Arrow data.

    Examples
    --------
    >>> from spanframe import Engine, diff
    >>> texts = ["Niega disnea.", "Refiere tos y disnea."]
    >>> in_code_points = Engine().annotate(texts)
    >>> as_spark = Engine(offsets="spark").annotate(texts)
    >>> diff(as_spark, in_code_points, text=texts)["readings"]
    {'A as spark': 3}
    >>> diff(as_spark, in_code_points, text=texts, offsets_a="spark")["agreement"]["f1"]
    1.0
    """
    named = [("a", a), ("b", b)] + ([] if text is None or isinstance(text, (list, tuple)) else [("text", text)])
    for name, column in named:
        if not hasattr(column, "__arrow_c_stream__") and not hasattr(column, "__arrow_c_array__"):
            raise TypeError(f"cannot compare a {type(column).__name__}: give {name} as an Arrow array or Polars series")
    if isinstance(text, tuple):
        text = list(text)
    if examples < 0:
        raise _internal.InputError(f"examples cannot be {examples}; it may be an integer from 0")
    options = {"offsets_a": offsets_a, "offsets_b": offsets_b, "examples": examples, "show_text": show_text}
    return json.loads(_internal.diff(a, b, text, options))
