"""Annotates Spark DataFrames, batch or streaming. Needs PySpark and pyarrow."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
from pyspark import SparkFiles, TaskContext
from pyspark.sql import DataFrame
from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    CharType,
    DataType,
    FloatType,
    IntegerType,
    LongType,
    MapType,
    NullType,
    StringType,
    StructField,
    StructType,
    VarcharType,
)

from . import _internal
from ._column import DEFAULT_BATCH_BYTES, DEFAULT_BATCH_ROWS, ColumnAnnotator, OnError, Plan
from ._internal import InputError, ModelError, column_list
from ._model import Model, names

_SCALARS = {
    pa.string(): StringType(),
    pa.int32(): IntegerType(),
    pa.uint32(): IntegerType(),
    pa.int64(): LongType(),
    pa.float32(): FloatType(),
    pa.bool_(): BooleanType(),
}


def _spark_type(kind: pa.DataType) -> DataType:
    if pa.types.is_struct(kind):
        return StructType([StructField(field.name, _spark_type(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return ArrayType(_spark_type(kind.value_type))
    if pa.types.is_map(kind):
        return MapType(_spark_type(kind.key_type), _spark_type(kind.item_type))
    return _SCALARS[kind]


def _entities_type(**options: Any) -> DataType:
    """Returns the type of the new column. The options determine it, so no model is loaded."""
    return _spark_type(pa.array(_internal.no_entities(**options)).type)


def _layouts(**options: Any) -> dict[str, DataType]:
    layouts = ("annotation", "struct_of_lists", "list_of_structs")
    return {layout: _entities_type(layout=layout, **options) for layout in layouts}


LAYOUTS = _layouts()
"""Type of the new column by layout. Spark has no unsigned integers: positions are ``int``."""
LAYOUTS_OF_SET = _layouts(model=["a", "b"])
"""The same for a set of models, whose entities name their model (annotations do so in their metadata)."""


def annotate(
    df: DataFrame,
    column: str,
    output: str = "ner_chunk",
    *,
    model: Model | None = None,
    language: str | None = None,
    layout: str = "annotation",
    on_error: OnError = "raise",
    batch_rows: int = DEFAULT_BATCH_ROWS,
    batch_bytes: int = DEFAULT_BATCH_BYTES,
    profile: Any = None,
    **options: Any,
) -> DataFrame:
    """Adds the entities of a text column to a DataFrame.

    Lazy, like all of Spark: rows are annotated when an action runs. Each Python worker has one engine, and Spark reuses
    workers for many tasks. All columns are kept unchanged. A task that fails and runs again returns the same rows.

    Parameters
    ----------
    df
        Batch or streaming DataFrame.
    column
        Column of texts: strings, or bytes that are read as UTF-8.
    output
        Name of the new column.
    model
        Model, list of models or pipeline file, as of :class:`spanframe.Engine`. A path must exist on every node, or be
        shipped by Spark (``spark.archives``, ``SparkContext.addArchive``). So must a vocabulary of ``link``, which
        ``SparkContext.addFile`` ships.
    language
        Column with the language of each row (``es``, ``en-US``), which chooses among the models of a set.
    layout
        ``"annotation"`` (default here): Spark NLP's array of annotations, with its offsets (UTF-16 units, inclusive
        end). Or ``"struct_of_lists"`` or ``"list_of_structs"``.
    on_error
        What to do with a row that cannot be annotated, because its bytes are not UTF-8 or the engine refuses it.
        ``"raise"`` (default) fails the task. ``"null"`` returns null, with the reason in a column ``<output>_error``. No
        message contains text of a note.
    batch_rows, batch_bytes
        Maximum rows and bytes of text that are annotated, and returned to Spark, at once.
    profile
        A ``pyspark.resource.ResourceProfile``, for executors with a GPU (PySpark 4).
    **options
        Options of :meth:`NerExpression.extract <spanframe._polars.NerExpression.extract>`. By default a worker runs as
        many ``sessions`` as its task has CPUs (``spark.task.cpus``), each with ``intra_threads``. ``device="cuda"`` uses
        the GPU that Spark assigned to the task, if it assigns GPUs.

    Returns
    -------
    DataFrame
        The columns of ``df``, then ``output``: null for a null text, empty for a text without entities.

    Raises
    ------
    InputError
        Before any job: a column is missing or not a string column, the output column exists, or an option is unknown or
        cannot have its value. A wrong model or device fails the tasks instead, because only workers know them.

    Examples
    --------
    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.builder.master("local[1]").getOrCreate()
    >>> df = spark.createDataFrame([(1, "Niega disnea."), (2, None)], "id int, text string")
    >>> result = annotate(df, "text")
    >>> result.selectExpr("explode(ner_chunk) as chunk").selectExpr(
    ...     "chunk.result as chunk", "chunk.metadata['entity'] as entity"
    ... ).show(truncate=False)
    +------+-------+
    |chunk |entity |
    +------+-------+
    |disnea|SYMPTOM|
    +------+-------+
    <BLANKLINE>
    """
    settings = {name: value for name, value in options.items() if value is not None}
    settings |= {"layout": layout} | ({} if model is None else {"model": names(model)})
    plan = Plan(settings, on_error, batch_rows, batch_bytes).check()
    index = (_text_column(df, column), None if language is None else _text_column(df, language))
    new = [StructField(output, _entities_type(**settings))]
    if on_error == "null":
        new.append(StructField(f"{output}_error", StringType()))
    for field in new:
        _check_new(df, field.name)
    schema = StructType([*df.schema.fields, *new])
    extra = {} if profile is None else {"profile": profile}
    try:
        return df.mapInArrow(_task(plan, index, column, [field.name for field in new]), schema, **extra)
    except NotImplementedError:
        raise _not_arrow(df) from None


def _not_arrow(df: DataFrame) -> InputError:
    """Returns the error that names the column that Spark cannot send to Python."""
    for field in df.schema.fields:
        alone = StructType([field])
        try:
            df.sparkSession.createDataFrame([], alone).mapInArrow(lambda batches: batches, alone)
        except NotImplementedError:
            kind = field.dataType.simpleString()
            return InputError(f"column `{field.name}` is {kind}, which cannot go to Python: cast or drop it")
    return InputError("Spark cannot send these columns to Python as Arrow: cast or drop those with rare types")


def column_names(df: DataFrame) -> tuple[list[str], Callable[[str], str]]:
    """Returns the columns' names, and the function by which Spark folds names before it compares them."""
    sensitive = df.sparkSession.conf.get("spark.sql.caseSensitive", "false") == "true"
    return df.columns, str if sensitive else str.lower


def _text_column(df: DataFrame, column: str) -> int:
    known, fold = column_names(df)
    folded = [fold(name) for name in known]
    for name in known:
        if folded.count(fold(name)) > 1:
            raise InputError(
                f"{folded.count(fold(name))} columns are named `{name}`, which cannot go to Python: rename all but one"
            )
    if fold(column) not in folded:
        raise InputError(f"there is no column `{column}`; the columns are {column_list(known)}")
    index = folded.index(fold(column))
    kind = df.schema.fields[index].dataType
    if not isinstance(kind, (StringType, CharType, VarcharType, BinaryType, NullType)):
        raise InputError(
            f"column `{column}` is {kind.simpleString()}, expected a string column: cast it to a string first"
        )
    return index


def _check_new(df: DataFrame, output: str) -> None:
    known, fold = column_names(df)
    if fold(output) in map(fold, known):
        raise InputError(f"there already is a column `{output}`: give the new one another name with output=")


def _task(
    plan: Plan, index: tuple[int, int | None], column: str, output: list[str]
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Returns the function that runs in a Python worker for one task. ``index`` has the columns of texts and languages."""
    text, language = index

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        context = TaskContext.get()
        place = f"partition {context.partitionId() if context else 0}, column `{column}`"
        annotator = _annotator(plan, context, place)
        first_row = 0
        for batch in batches:
            languages = None if language is None else batch.column(language)
            for part in annotator.parts(batch.column(text), first_row, languages):
                added = [_signed(part.entities), part.reasons][: len(output)]
                kept = batch.slice(part.begin, len(part.entities))
                schema = batch.schema
                for name, array in zip(output, added):
                    schema = schema.append(pa.field(name, array.type))
                yield pa.RecordBatch.from_arrays([*kept.columns, *added], schema=schema)
            first_row += batch.num_rows

    return run


def _annotator(plan: Plan, context: TaskContext | None, place: str) -> ColumnAnnotator:
    """Returns the annotator with the threads, the GPU and the model path of this node and task."""
    options = plan.options
    found: dict[str, Any] = {}
    if options.get("device", "cpu") == "cpu" and "sessions" not in options:
        found["sessions"] = max(1, (context.cpus() if context else 1) // (options.get("intra_threads") or 1))
    if options.get("device") == "cuda" and context and "gpu" in context.resources():
        found["device"] = f"cuda:{context.resources()['gpu'].addresses[0]}"
    places: dict[str, list[str]] = {}
    for name in ("model", "link"):
        shipped, places[name] = _shipped(options.get(name))
        if shipped is not None:
            found[name] = shipped
    try:
        return ColumnAnnotator(plan.with_options(**found), place)
    except (ModelError, InputError) as error:
        missing = places["model"] if isinstance(error, ModelError) else places["link"]
        if not missing:
            raise
        Error = type(error)
        raise Error(f"{error}; nor did Spark ship it to `{'`, `'.join(missing)}`") from None


def _shipped(option: Any) -> tuple[Any, list[str]]:
    """Returns an option with the paths of files that Spark shipped, or None if it shipped none, and the places of those
    that are neither here nor there."""
    several = isinstance(option, list)
    given = [os.fspath(path) for path in (option if several else [] if option is None else [option])]
    places = {path: os.path.abspath(SparkFiles.get(path)) for path in given if not os.path.exists(path)}
    shipped = {path: place for path, place in places.items() if os.path.exists(place)}
    missing = [place for path, place in places.items() if path not in shipped]
    paths = [shipped.get(path, path) for path in given]
    return (paths if several else paths[0]) if shipped else None, missing


def _signed(entities: pa.Array) -> pa.Array:
    """Returns the entities with positions as ``int``. A position that does not fit is an error."""
    return entities.cast(_signed_type(entities.type))


def _signed_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_signed_type(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_signed_type(kind.value_type)))
    return pa.int32() if pa.types.is_uint32(kind) else kind
