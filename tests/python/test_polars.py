"""The expression in queries of Polars."""

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import TINY
from polars.testing import assert_frame_equal

import spanframe


def annotated(frame, **options):
    return frame.with_columns(ner=pl.col("note").ner.extract(TINY, **options))


@pytest.mark.parametrize("layout", ["struct_of_lists", "list_of_structs", "annotation"])
def test_eager_lazy_and_streaming_give_the_same_values(notes, tmp_path, layout):
    eager = annotated(notes, layout=layout)
    assert eager["ner"].null_count() == 1
    lazy = annotated(notes.lazy(), layout=layout)
    assert lazy.collect_schema() == eager.schema, "the planned schema is the data's"
    assert_frame_equal(lazy.collect(), eager)
    assert_frame_equal(lazy.collect(engine="streaming"), eager)
    notes.write_parquet(tmp_path / "in.parquet", row_group_size=7)
    annotated(pl.scan_parquet(tmp_path / "in.parquet"), layout=layout).sink_parquet(tmp_path / "out.parquet")
    assert_frame_equal(pl.read_parquet(tmp_path / "out.parquet"), eager)


def test_chunks_and_slices_change_nothing(notes):
    whole = annotated(notes)
    pieces = pl.concat([notes.slice(i, 1) for i in range(len(notes))], rechunk=False)
    assert pieces.n_chunks() == len(notes)
    assert_frame_equal(annotated(pieces), whole)
    assert_frame_equal(annotated(notes.slice(50, 30)), whole.slice(50, 30))
    assert_frame_equal(annotated(notes.head(0)), whole.head(0))


def test_categories_and_nulls_are_text(notes):
    expect = annotated(notes)["ner"]
    categories = notes.with_columns(pl.col("note").cast(pl.Categorical))
    assert annotated(categories)["ner"].equals(expect, null_equal=True)
    empty = pl.DataFrame({"note": pl.Series([None, None], dtype=pl.Null)})
    assert annotated(empty)["ner"].null_count() == 2


def test_many_threads_share_one_engine(notes):
    expressions = [pl.col("note").ner.extract(TINY, threshold=i / 10).alias(f"ner{i}") for i in range(6)]
    together = notes.select(expressions)
    for i in range(6):
        assert_frame_equal(together.select(f"ner{i}"), notes.select(expressions[i]))


def test_slicing_the_note_gives_the_chunk(notes):
    rows = annotated(notes).ner.explode()
    assert rows.height > 100
    sliced = rows.select(pl.col("note").str.slice(pl.col("begin"), pl.col("end") - pl.col("begin")))
    assert sliced["note"].equals(rows["chunk"].alias("note"))


@pytest.mark.parametrize("layout", ["struct_of_lists", "list_of_structs"])
@pytest.mark.parametrize("lazy", [False, True])
def test_explode_drops_or_keeps_rows_without_entity(notes, layout, lazy):
    frame = annotated(notes, layout=layout)
    lists = frame["ner"].list if layout == "list_of_structs" else frame["ner"].struct.field("chunk").list
    counts = lists.len().fill_null(0)
    frame = frame.lazy() if lazy else frame
    dropped, kept = (frame.ner.explode("ner", keep_empty=keep).lazy().collect() for keep in (False, True))
    assert dropped.height == counts.sum()
    assert kept.height == counts.sum() + (counts == 0).sum()
    assert dropped.columns == ["id", "lang", "note", "date", "chunk", "entity", "begin", "end", "confidence"]
    assert_frame_equal(kept.drop_nulls("chunk"), dropped)


def test_explode_names_what_is_wrong(notes):
    frame = annotated(notes)
    with pytest.raises(spanframe.InputError, match="no column `nerr`; the columns are id, lang"):
        frame.ner.explode("nerr")
    with pytest.raises(spanframe.InputError, match="column `note` is String"):
        frame.ner.explode("note")
    taken = frame.with_columns(begin=1)
    with pytest.raises(spanframe.InputError, match="already has begin: give a prefix"):
        taken.ner.explode("ner")
    assert "ner_begin" in taken.ner.explode("ner", prefix="ner_").columns


def test_the_type_is_known_without_a_model(notes):
    schema = notes.lazy().select(pl.col("note").ner.extract("no/such/model", offsets="byte")).collect_schema()
    assert [field.name for field in schema["note"].fields] == ["chunk", "entity", "begin", "end", "confidence"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 2}, "option `threshold` cannot be 2; it may be a number from 0 to 1"),
        ({"offsets": "chars"}, "did you mean `char`"),
        ({"entities": ["DISEASES"]}, "did you mean `DISEASE`"),
        ({"sessions": -1}, "option `sessions` cannot be -1"),
        ({"device": "cuda:0"}, "device `cuda:0` is not available"),
        ({"model": "no/such/model"}, "there is no model at `no/such/model`"),
    ],
)
def test_wrong_options_are_named(notes, options, message):
    with pytest.raises(pl.exceptions.ComputeError, match=message):
        notes.select(pl.col("note").ner.extract(**({"model": TINY} | options)))


def test_an_unknown_option_is_refused_with_the_nearest_name():
    with pytest.raises(spanframe.InputError, match="no option `treshold`; did you mean `threshold`"):
        pl.col("note").ner.extract(treshold=0.5)


def test_a_column_that_is_no_text_is_refused_when_planned():
    frame = pl.LazyFrame({"SENTINEL": [1]})
    with pytest.raises(pl.exceptions.ComputeError, match="column `SENTINEL` is Int64, expected a string column"):
        frame.select(pl.col("SENTINEL").ner.extract(TINY)).collect_schema()


def test_annotations_are_those_of_spark_nlp(notes):
    rows = annotated(notes, layout="annotation").explode("ner").drop_nulls("ner").unnest("ner")
    assert rows.columns[4:] == ["annotatorType", "begin", "end", "result", "metadata", "embeddings"]
    expect = annotated(notes, offsets="spark").ner.explode()
    assert rows["result"].to_list() == expect["chunk"].to_list()
    assert rows["end"].to_list() == expect["end"].to_list()
    entities = [dict((pair["key"], pair["value"]) for pair in row)["entity"] for row in rows["metadata"].to_list()]
    assert entities == expect["entity"].to_list()


def test_diagnostics_need_no_inference_and_stream(notes):
    model = TINY.replace("multi-head", "bert-uncased")
    diagnosed = notes.lazy().select(pl.col("note").ner.diagnose(model, emulate="sparknlp"))
    eager = diagnosed.collect()
    assert diagnosed.collect_schema() == eager.schema
    assert_frame_equal(diagnosed.collect(engine="streaming"), eager)
    counts = eager.unnest("note")
    assert counts.columns == ["tokens", "unknown_tokens", "windows", "words_lost", "error"]
    assert counts["tokens"].null_count() == notes["note"].null_count()
    assert counts["words_lost"].sum() > 0, "Spark NLP drops words of long notes"


def test_a_row_that_cannot_be_annotated_follows_on_error():
    notes = pl.DataFrame({"note": [b"Refiere disnea.", b"disnea\xff secreta", None, b"x" * 50]})
    lazy = notes.lazy()
    with pytest.raises(
        pl.exceptions.ComputeError, match=r"row \d of the \d rows that Polars gave at once is not UTF-8 from byte 6"
    ) as raised:
        lazy.select(pl.col("note").ner.extract(TINY)).collect()
    assert "secreta" not in str(raised.value)
    options = {"on_error": "null", "max_document_bytes": 40}
    found = lazy.select(
        ner=pl.col("note").ner.extract(TINY, **options), error=pl.col("note").ner.diagnose(TINY, **options)
    ).collect()
    assert found["ner"].is_null().to_list() == [False, True, True, True]
    assert [None if row is None else row["error"] is None for row in found["error"]] == [True, False, None, False]
    assert "max_document_bytes = 40" in found["error"][3]["error"]


def test_annotations_are_exploded_too(tmp_path):
    df = pl.DataFrame({"id": [1, 2, 3], "note": ["Niega disnea 😀. Toma aspirina.", None, ""]})
    made = df.with_columns(ner=pl.col("note").ner.extract(layout="annotation"))
    # Spark and the command line write the metadata as a map
    table = pa.table({"id": df["id"].to_arrow(), "note": df["note"].to_arrow()})
    table = table.append_column("ner", pa.array(spanframe.Engine(layout="annotation").annotate(df["note"])))
    pq.write_table(table, tmp_path / "map.parquet")
    for frame in (made, made.lazy(), pl.read_parquet(tmp_path / "map.parquet")):
        for keep_empty in (False, True):
            expect = df.with_columns(ner=pl.col("note").ner.extract(offsets="spark")).ner.explode(keep_empty=keep_empty)
            found = frame.ner.explode(keep_empty=keep_empty).lazy().collect()
            assert found.equals(expect.cast({"begin": pl.Int32, "end": pl.Int32}))
