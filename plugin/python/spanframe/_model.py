"""The values of ``model``: one model, several, or a pipeline file."""

from __future__ import annotations

from os import PathLike, fspath
from typing import TypeAlias

Model: TypeAlias = "str | PathLike[str] | list[str | PathLike[str]] | tuple[str | PathLike[str], ...]"
"""A model's name or path, a list of them, or the path of a pipeline file."""


def names(model: Model | None) -> str | list[str] | None:
    """Returns ``model`` with paths as strings.

    >>> from pathlib import Path
    >>> names(Path("models") / "a"), names(("a", Path("b"))), names(None)
    ('models/a', ['a', 'b'], None)
    """
    if isinstance(model, (list, tuple)):
        return [fspath(one) if isinstance(one, PathLike) else one for one in model]
    return fspath(model) if isinstance(model, PathLike) else model
