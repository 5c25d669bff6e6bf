"""How two columns of entities differ."""

from __future__ import annotations

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
    """Compares two columns of entities of the same texts, row by row, and classifies every difference.

    The same as ``spanframe diff`` of the command line, on columns in memory.

    Parameters
    ----------
    a
        The reference: an Arrow array or Polars series of entities, as :class:`Engine` or ``ner.extract`` makes them in
        either layout, or as Spark NLP's ``NerConverter`` does.
    b
        What is compared with it: as many rows, in the same order.
    text
        The texts: a list of strings or a column. With them units are converted exactly; without, positions of
        different units are compared as numbers, and a shift that the units may explain is an ``offset_unit``.
    offsets_a, offsets_b
        Unit of the positions; ``"spark"`` for Spark NLP's annotations and ``"char"`` for others where left out.
    examples
        Most examples to give of each kind of difference.
    show_text
        Whether examples have the mentions' text. Nothing of a note is in the result otherwise.

    Returns
    -------
    dict
        By the names that ``spanframe diff --json`` prints:

        ``rows``, ``mentions``
            counts, with those that are equal;
        ``agreement``
            strict ``precision``, ``recall`` and ``f1`` of ``b`` against ``a``, None where there is nothing to divide by;
        ``differences``
            for each kind counts by entity type: ``missing`` (``a`` alone has it), ``extra`` (``b`` alone has it),
            ``label`` (same span, another type), ``boundary`` (same type, overlapping spans), ``offset_unit`` (same
            mention, positions in another unit or with another end), ``truncation`` (missing or extra beyond a place
            that the other column reaches in no row, in so many rows that it cannot be chance: a lower bound);
        ``readings``
            offset units by what explains them, such as ``"B as spark"``;
        ``cut``
            the last word (position, without texts) that a column reaches, where it looks cut;
        ``unreadable``
            mentions whose positions are not in their text;
        ``examples``
            dicts with ``kind``, ``row``, ``id``, ``a``, ``b`` (``entity``, ``begin``, ``end``, ``text``) and ``reading``.

        A null row differs from an empty one, unless its ``text`` is null.

    Raises
    ------
    InputError
        A column does not hold entities, contradicts itself, or has another number of rows; a unit is unknown.
    TypeError
        Something else than Arrow data was given.

    Examples
    --------
    >>> from spanframe import Engine, diff
    >>> texts = ["Niega disnea.", "Refiere tos y disnea."]
    >>> ours = Engine().annotate(texts)
    >>> theirs = Engine(offsets="spark").annotate(texts)
    >>> report = diff(theirs, ours, text=texts)
    >>> report["readings"]
    {'A as spark': 3}
    >>> diff(theirs, ours, text=texts, offsets_a="spark")["agreement"]["f1"]
    1.0
    """
    named = [("a", a), ("b", b)] + ([] if text is None or isinstance(text, (list, tuple)) else [("text", text)])
    for name, column in named:
        if not hasattr(column, "__arrow_c_stream__") and not hasattr(column, "__arrow_c_array__"):
            raise TypeError(f"cannot compare a {type(column).__name__}: give {name} as an Arrow array or Polars series")
    if isinstance(text, tuple):
        text = list(text)
    if examples < 0:
        raise _internal.InputError(f"examples cannot be {examples}; it may be a whole number from 0")
    return _internal.diff((a, b), text, (offsets_a, offsets_b), (examples, show_text))
