"""Notes with their entities marked, for notebooks and terminals."""

from __future__ import annotations

import os
import sys
from typing import Any, Literal

from . import _internal


class Display:
    """Marked notes: shown by a notebook as HTML, and by a terminal with colours.

    ``str`` and ``repr`` have colours if standard output is a terminal and the variable ``NO_COLOR`` is not set; else an
    entity reads ``[aspirin MEDICATION]``. Both have the text of the notes: that is what was asked for.

    Parameters
    ----------
    html
        For notebooks.
    plain, colored
        For terminals.

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
        A table with texts and entities: a Polars or pandas frame, a pyarrow table, whatever offers the Arrow PyCapsule
        interface. Or a column of entities, if ``text`` is a column too. Entities are as :class:`Engine` or ``ner.extract``
        make them in any layout, or as Spark NLP's ``NerConverter`` does.
    text
        Name of the column with the texts; or the texts of the column ``data``: a list of strings or a column.
    entities
        Name of the column with the entities.
    rows
        Most rows to show, from the first. ``df.sample(10)`` shows others.
    offsets
        Unit of the positions; ``"spark"`` for Spark NLP's annotations and ``"char"`` for others where left out.

    Returns
    -------
    Display
        HTML in a notebook, text in a terminal. Each entity has its type behind it, overlapping ones have stacked lines
        below (brackets in a terminal). A null note, and entities whose positions are not in their text, are said to be so.

    Raises
    ------
    InputError
        A column is missing, does not hold texts or entities, or has another number of rows; a unit is unknown.
    TypeError
        Something else than Arrow data was given.

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
        raise _internal.InputError(f"rows cannot be {rows}; it may be a whole number from 0")
    if isinstance(text, tuple):
        text = list(text)
    if isinstance(text, str) and hasattr(data, "loc") and hasattr(data, "columns"):
        # pandas converts its columns: those alone that are shown, and none where one is missing
        data = data[[text, entities]] if {text, entities} <= set(data.columns) else data.iloc[:0]
    for name, column in (("data", data), *([] if isinstance(text, (str, list)) else [("text", text)])):
        if not hasattr(column, "__arrow_c_stream__") and not hasattr(column, "__arrow_c_array__"):
            raise TypeError(
                f"cannot display a {type(column).__name__}: give {name} as an Arrow table or column (of a lazy frame, "
                "collect its first rows)"
            )
    return Display(*_internal.display(data, text, entities, rows=rows, offsets=offsets))
