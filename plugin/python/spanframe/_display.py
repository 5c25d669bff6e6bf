"""Shows notes with their entities marked, in notebooks and terminals."""

from __future__ import annotations

import os
import sys
from typing import Any, Literal

from . import _internal


class Display:
    """Notes with their entities marked. Notebooks show them as HTML, terminals with colours.

    ``str`` and ``repr`` contain the text of the notes. They have colours if standard output is a terminal and the
    environment variable ``NO_COLOR`` is unset or empty. Otherwise an entity reads ``[aspirin MEDICATION]``.

    Parameters
    ----------
    html
        What notebooks show.
    plain, colored
        What terminals show, without and with colours.

    Examples
    --------
    >>> str(Display("<p>Toma <mark>aspirina</mark></p>", "Toma [aspirina MEDICATION]", ""))
    'Toma [aspirina MEDICATION]'
    """

    def __init__(self, html: str, plain: str, colored: str) -> None:
        self._html = html
        self._plain = plain
        self._colored = colored

    def _repr_html_(self) -> str:
        return self._html

    def __str__(self) -> str:
        return self._colored if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else self._plain

    __repr__ = __str__


def display(
    data: Any,
    *,
    text: Any = "note",
    entities: str = "ner",
    rows: int = 10,
    offsets: Literal["char", "byte", "spark"] | None = None,
) -> Display:
    """Shows the first notes of a table with their entities marked.

    Parameters
    ----------
    data
        A table with texts and entities: a Polars or pandas frame, a pyarrow table, or anything else that implements the
        Arrow PyCapsule interface. Or a column of entities, if ``text`` is a column too. Entities may have any layout of
        :class:`Engine` or ``ner.extract``, or be those of Spark NLP's ``NerConverter``.
    text
        Name of the column with the texts. Or, for a column of entities, its texts: a list of strings or a column.
    entities
        Name of the column with the entities.
    rows
        Maximum number of rows to show, from the first. ``df.sample(10)`` shows others.
    offsets
        Unit of the positions. The default is ``"spark"`` for Spark NLP's annotations and ``"char"`` for other layouts.

    Returns
    -------
    Display
        HTML in a notebook, text in a terminal. The type follows each entity. Overlapping entities have stacked lines
        below them in a notebook, and brackets in a terminal. A remark names null notes and entities whose positions are
        outside their text.

    Raises
    ------
    InputError
        A column is missing, does not hold texts or entities, or has another number of rows. Or a unit is unknown.
    TypeError
        ``data`` or ``text`` is not Arrow data.

    Examples
    --------
    >>> import polars as pl
    >>> import spanframe
    >>> df = pl.DataFrame({"note": ["Metformin 500mg twice daily.", None]})
    >>> spanframe.display(df.with_columns(ner=pl.col("note").ner.extract()))
    row 0
    [Metformin MEDICATION] 500mg twice daily.
    <BLANKLINE>
    row 1
    (the text is null)
    """
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 0:
        raise _internal.InputError(f"rows cannot be {rows}; it may be an integer from 0")
    if isinstance(text, tuple):
        text = list(text)
    if isinstance(text, str) and hasattr(data, "loc") and hasattr(data, "columns"):
        # pandas converts every column, so only the two that are shown; none if one is missing, which is an error below
        data = data[[text, entities]] if {text, entities} <= set(data.columns) else data.iloc[:0]
    for name, column in (("data", data), *([] if isinstance(text, (str, list)) else [("text", text)])):
        if not hasattr(column, "__arrow_c_stream__") and not hasattr(column, "__arrow_c_array__"):
            raise TypeError(
                f"cannot display a {type(column).__name__}: give {name} as an Arrow table or column (of a lazy frame, "
                "collect the first rows)"
            )
    return Display(*_internal.display(data, text, entities, rows=rows, offsets=offsets))
