"""Runs pipelines on frames of Spark and Polars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._internal import InputError, column_list
from ._absent import UnsupportedError
from ._wiring import Finish, Selection, Wiring


def columns(frame: Any) -> list[str]:
    """Returns the names of a frame's columns.

    Raises
    ------
    UnsupportedError
        The frame is neither Spark's nor Polars'.
    """
    return _system(frame).names(frame)[0]


def check_texts(frame: Any, wiring: Wiring) -> None:
    """Refuses a frame without the columns of texts.

    Raises
    ------
    InputError
        A column is missing.
    """
    names = columns(frame)
    for text in wiring.texts:
        if text not in names:
            raise InputError(f"DocumentAssembler reads column `{text}`; the frame has {column_list(names)}")


def _check_new(frame: Any, wiring: Wiring) -> None:
    """Refuses a frame that already has an output column, before any row is annotated.

    Raises
    ------
    InputError
        The frame has an output column, or two output columns have one name.
    """
    known, fold = _system(frame).names(frame)
    there = set(map(fold, known))
    for setter, made in (
        ("setOutputCol", [*wiring.annotations, *wiring.selections]),
        ("setOutputCols", wiring.finishes),
    ):
        for output in (output for one in made for output in one.outputs):
            if fold(output) in there:
                raise InputError(f"there already is a column `{output}`: name another in {setter}")
            there.add(fold(output))


def transform(frame: Any, wiring: Wiring) -> Any:
    """Returns the frame with the output columns of a pipeline."""
    check_texts(frame, wiring)
    return add_columns(frame, wiring)


def add_columns(frame: Any, wiring: Wiring) -> Any:
    """Returns the frame with the output columns, after a look at their names."""
    _check_new(frame, wiring)
    system = _system(frame)
    for annotation in wiring.annotations:
        frame = system.annotate(frame, annotation)
    for selection in wiring.selections:
        frame = system.select(frame, selection)
    for finish in wiring.finishes:
        frame = system.finish(frame, finish)
    return frame.drop(*wiring.dropped) if wiring.dropped else frame


def _system(frame: Any) -> Any:
    package = type(frame).__module__.partition(".")[0]
    if package in ("pyspark", "polars"):
        return {"pyspark": _Spark, "polars": _Polars}[package]
    raise UnsupportedError(
        f"a frame of {type(frame).__module__}.{type(frame).__qualname__} is not supported: give one of Spark or Polars "
        "(polars.DataFrame(...) takes Arrow and pandas)"
    )


class _Spark:
    """Frames of Spark."""

    @staticmethod
    def names(frame: Any) -> tuple[list[str], Callable[[str], str]]:
        from ..spark import column_names

        return column_names(frame)

    @staticmethod
    def annotate(frame: Any, annotation: Any) -> Any:
        from .. import spark

        return spark.annotate(
            frame,
            annotation.text,
            annotation.output,
            model=annotation.model,
            on_error=annotation.on_error,
            **annotation.options,
        )

    @staticmethod
    def select(frame: Any, selection: Selection) -> Any:
        from pyspark.sql import functions as F

        kept = F.filter(F.col(selection.column), lambda one: one["metadata"]["assertion"].isin(*selection.labels))

        def annotation(one: Any) -> Any:
            found = one["metadata"]
            pairs = {"chunk": found["chunk"], "ner_chunk": one["result"], "ner_label": found["entity"]}
            pairs["sentence"] = found["sentence"]
            return F.struct(
                F.lit("assertion").alias("annotatorType"),
                one["begin"].alias("begin"),
                one["end"].alias("end"),
                found["assertion"].alias("result"),
                F.create_map(*(part for key, value in pairs.items() for part in (F.lit(key), value))).alias("metadata"),
                one["embeddings"].alias("embeddings"),
            )

        new = F.transform(kept, annotation) if selection.makes == "assertion" else kept
        return frame.withColumn(selection.output, new)

    @staticmethod
    def finish(frame: Any, finish: Finish) -> Any:
        from pyspark.sql import functions as F

        column = F.col(finish.column)
        plain = F.transform(column, lambda one: one["result"])
        if finish.as_array:
            frame = frame.withColumn(finish.output, plain)
            if finish.metadata:
                entries = F.flatten(F.transform(column, lambda one: F.map_entries(one["metadata"])))
                frame = frame.withColumn(f"{finish.output}_metadata", entries)
            return frame
        if finish.metadata:

            def detail(one: Any) -> Any:
                pairs = F.transform(
                    F.map_entries(one["metadata"]), lambda entry: F.concat(entry["key"], F.lit("->"), entry["value"])
                )
                return F.concat_ws(finish.value_symbol, pairs, F.concat(F.lit("result->"), one["result"]))

            plain = F.transform(column, detail)
        return frame.withColumn(finish.output, F.array_join(plain, finish.annotation_symbol))


class _Polars:
    """Frames of Polars, lazy or not."""

    @staticmethod
    def names(frame: Any) -> tuple[list[str], Callable[[str], str]]:
        return frame.collect_schema().names(), str

    @staticmethod
    def annotate(frame: Any, annotation: Any) -> Any:
        import polars as pl

        text, options = pl.col(annotation.text).ner, annotation.options | {"on_error": annotation.on_error}
        new = {annotation.output: text.extract(annotation.model, **options)}
        if annotation.on_error == "null":
            reasons = text.diagnose(annotation.model, **options).struct.field("error")
            new[f"{annotation.output}_error"] = reasons
        return frame.with_columns(**new)

    @staticmethod
    def select(frame: Any, selection: Selection) -> Any:
        import polars as pl

        one, pair = pl.element().struct, pl.element().struct

        def value(key: str) -> pl.Expr:
            found = pl.element().filter(pair.field("key") == key).struct.field("value")
            return one.field("metadata").list.eval(found).list.first()

        kept = pl.col(selection.column).list.eval(pl.element().filter(value("assertion").is_in(selection.labels)))
        if selection.makes == "assertion":
            values = {"chunk": value("chunk"), "ner_chunk": one.field("result"), "ner_label": value("entity")}
            values["sentence"] = value("sentence")
            pairs = [pl.struct(key=pl.lit(key), value=value) for key, value in values.items()]
            annotation = pl.struct(
                pl.lit("assertion").alias("annotatorType"),
                one.field("begin"),
                one.field("end"),
                value("assertion").alias("result"),
                pl.concat_list(pairs).alias("metadata"),
                one.field("embeddings"),
            )
            kept = kept.list.eval(annotation)
        return frame.with_columns(kept.alias(selection.output))

    @staticmethod
    def finish(frame: Any, finish: Finish) -> Any:
        import polars as pl

        column, one = pl.col(finish.column), pl.element().struct
        plain = column.list.eval(one.field("result"))
        if finish.as_array:
            frame = frame.with_columns(plain.alias(finish.output))
            if finish.metadata:
                # versions of Polars disagree on the result of exploding an empty list
                entries = column.list.eval(one.field("metadata").explode().drop_nulls())
                frame = frame.with_columns(entries.alias(f"{finish.output}_metadata"))
            return frame
        if finish.metadata:
            entry = pl.element().struct
            pairs = one.field("metadata").list.eval(entry.field("key") + "->" + entry.field("value"))
            result = "result->" + one.field("result")
            plain = column.list.eval(pairs.list.join(finish.value_symbol) + finish.value_symbol + result)
        return frame.with_columns(plain.list.join(finish.annotation_symbol).alias(finish.output))
