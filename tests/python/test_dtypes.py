"""Every type of Polars is annotated as text, or refused by its name with a way out that works."""

import datetime
import decimal

import polars as pl
import pytest
from conftest import TINY

import spanframe

SET = ["roberta_symptom_ner_es_onnx", "roberta_med_ner_onnx"]
TEXTS = ["es", "en"]
INTEGERS = [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.UInt128]
FLOATS = [pl.Float16, pl.Float32, pl.Float64]
TEXT = {
    "String": pl.Series(TEXTS),
    "Categorical": pl.Series(TEXTS, dtype=pl.Categorical),
    "Categories": pl.Series(TEXTS, dtype=pl.Categorical(pl.Categories("a", "b", pl.UInt8))),
    "Enum": pl.Series(TEXTS, dtype=pl.Enum(TEXTS)),
    "Binary": pl.Series([text.encode() for text in TEXTS]),
    "Null": pl.Series([None, None]),
}
DAY = datetime.datetime(2020, 1, 2)


def cast(series):
    return series.cast(pl.String)


OTHER = [
    *(("Boolean", pl.Series([True, False]), cast, "cast it with .cast(pl.String)"),),
    *((str(kind), pl.Series([1, 2], dtype=kind), cast, "cast it with .cast(pl.String)") for kind in INTEGERS + FLOATS),
    ("Decimal", pl.Series([decimal.Decimal("1.5")] * 2), cast, "cast it with .cast(pl.String)"),
    ("Date", pl.Series([DAY.date()] * 2), cast, "cast it with .cast(pl.String)"),
    ("Datetime", pl.Series([DAY] * 2), cast, "cast it with .cast(pl.String)"),
    ("Datetime", pl.Series([DAY] * 2).dt.replace_time_zone("UTC"), cast, "cast it with .cast(pl.String)"),
    ("Time", pl.Series([DAY.time()] * 2), cast, "cast it with .cast(pl.String)"),
    ("Duration", pl.Series([datetime.timedelta(1)] * 2), None, "name another column"),
    ("List", pl.Series([["a"], ["b"]]), lambda s: s.list.join("\n"), 'each list with .list.join("\\n")'),
    ("List", pl.Series([[1], [2]]), None, "name another column"),
    ("Array", pl.Series([["a"], ["b"]], dtype=pl.Array(pl.String, 1)), lambda s: s.arr.join("\n"), ".arr.join("),
    ("Struct", pl.Series([{"a": "x"}] * 2), lambda s: s.struct.field("a"), "its fields with .struct.field(name)"),
    ("Map", pl.Series([{"a": "x"}] * 2, dtype=pl.Map(pl.String, pl.String)), None, "name another column"),
    (
        "Object",
        pl.Series(TEXTS, dtype=pl.Object),
        lambda s: pl.Series(s.to_list(), dtype=pl.String),
        "make it again as pl.Series(column.to_list(), dtype=pl.String)",
    ),
    (
        "an Extension",
        pl.Series(TEXTS).ext.to(pl.Extension("spanframe.test", pl.String, None)),
        lambda s: s.ext.storage(),
        "take what it holds with .ext.storage()",
    ),
]


def test_every_type_is_here():
    abstract = {"BaseExtension", "Categories", "DataType", "DataTypeClass", "Field", "Unknown", "Utf8"}
    classes = {name for name in dir(pl.datatypes) if isinstance(getattr(pl.datatypes, name), type)}
    known = {*TEXT, *(name.removeprefix("an ") for name, *_ in OTHER)}
    assert {name for name in classes - abstract if not name.endswith("Type")} <= known


@pytest.mark.parametrize("kind", TEXT)
def test_text_of_every_type_is_annotated(kind):
    frame = pl.DataFrame({"note": TEXT[kind]})
    expect = spanframe.Engine(TINY).annotate([None if kind == "Null" else text for text in TEXTS]).to_list()
    for data, column in ((frame["note"], None), (frame, "note")):
        engine = spanframe.Engine(TINY, layout="list_of_structs")
        found = pl.DataFrame(engine.annotate(data, column))["ner"] if column else pl.Series(engine.annotate(data))
        assert found.to_list() == expect
    made = frame.select(pl.col("note").ner.extract(TINY, layout="list_of_structs"))
    assert made["note"].to_list() == expect
    languages = frame.with_columns(text=pl.Series(["disnea", "aspirin"]))
    options = {"unknown_language": "all", "layout": "list_of_structs"}
    found = languages.select(pl.col("text").ner.extract(SET, language="note", **options))
    assert found["text"].list.len().to_list() == [1, 1]


@pytest.mark.parametrize(("kind", "series", "mend", "way_out"), OTHER, ids=lambda value: str(value)[:12])
def test_every_other_type_is_refused_with_a_way_out(kind, series, mend, way_out):
    frame = pl.DataFrame({"note": series, "text": TEXTS})
    queries = [
        pl.col("note").ner.extract(TINY, on_error="null"),
        pl.col("note").ner.diagnose(TINY),
        pl.col("text").ner.extract(SET, language="note", on_error="null"),
    ]
    for query in queries:
        for run in (lambda: frame.lazy().select(query).collect_schema(), lambda: frame.select(query)):
            with pytest.raises(pl.exceptions.ComputeError) as caught:
                run()
            message = str(caught.value)
            assert f"column `note` is {kind}, expected" in message and way_out in message
    engine = spanframe.Engine(TINY, on_error="null")
    if kind != "an Extension":  # Arrow passes on what it holds
        for attempt in (lambda: engine.annotate(frame, "note"), lambda: engine.annotate(series)):
            with pytest.raises(spanframe.InputError):
                attempt()
    if kind == "Object":
        with pytest.raises(spanframe.InputError, match="column `note` is Object, whose values cannot be read"):
            engine.annotate(frame, "text")
    if mend is not None:
        assert len(frame.with_columns(mend(series).alias("note")).select(queries[0])) == len(TEXTS)
