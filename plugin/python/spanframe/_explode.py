"""Explodes a column of entities into one row per entity, in any layout."""

from __future__ import annotations

from collections.abc import Container
from itertools import chain, count
from typing import Any, NamedTuple

import polars as pl

from . import _internal

_FIELDS = {field["name"]: field for field in _internal.entity_fields()}


def explode(frame: Any, column: str, *, keep_empty: bool, prefix: str, metadata: list[str]) -> Any:
    """Returns one row per entity, as ``df.ner.explode`` documents."""
    known = [name for name, field in _FIELDS.items() if not field["always"]]
    for name in metadata:
        if name not in known:
            raise _internal.InputError(f"metadata cannot have `{name}`; it may have {', '.join(known)}")
    schema = frame.collect_schema()
    if column not in schema:
        raise _internal.InputError(
            f"there is no column `{column}`; the columns are {_internal.column_list(list(schema))}"
        )
    layout = _Layout.of(column, schema[column], metadata)
    names = [prefix + name for name in layout.fields]
    taken = [name for name in names if name in schema]
    if taken:
        free = _free_prefix(column, layout.fields, schema)
        raise _internal.InputError(f"the frame already has {', '.join(taken)}: give a prefix=, such as '{free}'")
    if layout.is_list:
        frame = _explode_lists(frame, [column], keep_empty)
        value = _of_annotation if layout.is_annotation else _of_struct
        new = [value(column, _FIELDS[field]).alias(name) for field, name in zip(layout.fields, names)]
        return frame.with_columns(new).drop(column)
    lists = [pl.col(column).struct.field(field).alias(name) for field, name in zip(layout.fields, names)]
    return _explode_lists(frame.with_columns(lists).drop(column), names, keep_empty)


def _free_prefix(column: str, fields: list[str], known: Container[str]) -> str:
    """Returns a prefix with which no field has the name of a column.

    >>> _free_prefix("ner", ["begin"], ["ner", "begin"]), _free_prefix("ner", ["begin"], ["ner_begin"])
    ('ner_', 'ner2_')
    """
    prefixes = chain([f"{column}_"], (f"{column}{number}_" for number in count(2)))
    return next(prefix for prefix in prefixes if not any(prefix + field in known for field in fields))


class _Layout(NamedTuple):
    """How a column holds entities."""

    fields: list[str]
    """Fields of an entity that can be read."""
    is_list: bool
    """True for a list of structs, False for a struct of lists."""
    is_annotation: bool
    """True if the structs are annotations of Spark NLP."""

    @classmethod
    def of(cls, column: str, dtype: pl.DataType, metadata: list[str]) -> _Layout:
        """Returns the layout of a column, and refuses one that does not hold entities."""
        is_list = isinstance(dtype, pl.List)
        struct = dtype.inner if is_list else dtype
        found = [field.name for field in struct.fields] if isinstance(struct, pl.Struct) else []
        is_annotation = is_list and found == _internal.annotation_fields()
        # the type of an annotation does not say which keys its metadata have
        present = metadata if is_annotation else found
        fields = [name for name, field in _FIELDS.items() if field["always"] or name in present]
        if not is_annotation and fields != found:
            raise _internal.InputError(
                f"column `{column}` is {dtype}, expected one that ner.extract made: name that column"
            )
        return cls(fields, is_list, is_annotation)


def _explode_lists(frame: Any, lists: list[str], keep_empty: bool) -> Any:
    """Explodes lists of equal lengths. Rows without entities become nulls, or are dropped."""
    has_entity = (pl.col(lists[0]).list.len() > 0).fill_null(False)
    if not keep_empty:
        return frame.filter(has_entity).explode(lists)
    # versions of Polars disagree on the result of exploding an empty list; a null becomes a null in all of them
    return frame.with_columns(pl.when(has_entity).then(pl.col(name)).alias(name) for name in lists).explode(lists)


def _of_struct(column: str, field: dict[str, Any]) -> pl.Expr:
    """Returns a field of an entity, from a struct of spanframe's layout."""
    return pl.col(column).struct.field(field["name"])


def _of_annotation(column: str, field: dict[str, Any]) -> pl.Expr:
    """Returns a field of an entity, from an annotation of Spark NLP."""
    value = pl.col(column).struct.field(field["annotation"])
    if field["key"] is None:
        return value
    # Parquet files hold a map, which Polars reads as this list; the engine returns the list
    entries = value.cast(pl.List(pl.Struct({"key": pl.String, "value": pl.String})))
    entry = pl.element().struct
    text = entries.list.eval(entry.field("value").filter(entry.field("key") == field["key"])).list.first()
    return _concepts(text) if field["type"].startswith("List") else _FROM_TEXT[field["type"]](text)


_FROM_TEXT = {
    "Utf8": lambda text: text,
    "UInt32": lambda text: text.cast(pl.UInt32),
    "Int64": lambda text: text.cast(pl.Int64),
    "Float32": lambda text: text.cast(pl.Float32),
    "Boolean": lambda text: text == "true",
}
"""Parses the text of a field in the metadata of an annotation, by the field's Arrow type."""

_CONCEPT = pl.Struct(
    {
        "code": pl.String,
        "term": pl.String,
        "vocabulary": pl.String,
        "concept_id": pl.Int64,
        "standard_concept_id": pl.Int64,
        "similarity": pl.Float32,
    }
)


def _concepts(text: pl.Expr) -> pl.Expr:
    """Parses the concepts in the metadata of an annotation, which are JSON."""
    return text.str.json_decode(pl.List(_CONCEPT))
