"""`spanframe.diff` in Python."""

import json
import os
import subprocess
import sys

import polars as pl
import pyarrow as pa
import pytest
from conftest import TINY
from test_faces import PROGRAM

import spanframe

SENTINEL = "XSENTINELX"


@pytest.fixture(scope="module")
def found(notes):
    return spanframe.Engine(TINY).annotate(notes["note"])


def total(report, kind):
    return sum(report["differences"][kind].values())


def test_a_column_equals_itself_in_every_layout_and_unit(notes, found):
    for layout in ("struct_of_lists", "list_of_structs"):
        for offsets in ("char", "byte", "spark"):
            other = notes.select(pl.col("note").ner.extract(TINY, layout=layout, offsets=offsets)).to_series()
            report = spanframe.diff(found, other, text=notes["note"], offsets_b=offsets)
            assert report["rows"]["equal"] == len(notes)
            assert report["agreement"]["f1"] == 1.0
            assert report["examples"] == []


def test_every_arrow_producer_is_read(notes, found):
    array = pa.array(found)
    for column in (array, pa.chunked_array([array[:7], array[7:]]), pl.Series(found)):
        assert spanframe.diff(column, found)["rows"]["equal"] == len(notes)


def test_texts_may_be_bytes(notes, found):
    other = spanframe.Engine(TINY, threshold=0.5).annotate(notes["note"])
    of_bytes, of_strings = (
        spanframe.diff(found, other, text=texts, show_text=True)
        for texts in (notes["note"].cast(pl.Binary), notes["note"])
    )
    assert of_bytes == of_strings


def test_another_unit_than_declared_is_explained(notes, found):
    other = spanframe.Engine(TINY, offsets="spark").annotate(notes["note"])
    report = spanframe.diff(found, other, text=notes["note"].to_list(), examples=1)
    assert total(report, "offset_unit") == report["mentions"]["a"] - report["mentions"]["equal"] > 0
    assert list(report["readings"]) == ["B as spark"]
    assert [e["reading"] for e in report["examples"]] == ["B as spark"]


def test_annotations_of_spark_nlp_are_read(notes, found):
    rows = spanframe.Engine(TINY, offsets="spark").annotate(notes["note"]).to_list()
    annotation = pa.struct(
        {
            "annotatorType": pa.string(),
            "begin": pa.int32(),
            "end": pa.int32(),
            "result": pa.string(),
            "metadata": pa.map_(pa.string(), pa.string()),
            "embeddings": pa.list_(pa.float32()),
        }
    )
    theirs = [
        [
            {
                "annotatorType": "chunk",
                "begin": e["begin"],
                "end": e["end"],
                "result": e["chunk"],
                "metadata": [("sentence", "0"), ("entity", e["entity"]), ("confidence", str(e["confidence"]))],
                "embeddings": [],
            }
            for e in row or []
        ]
        for row in rows
    ]
    column = pa.array(theirs, pa.list_(annotation))
    for other in (column, pl.Series(column)):
        report = spanframe.diff(other, found, text=notes["note"])
        assert all(total(report, kind) == 0 for kind in report["differences"])
        assert report["rows"]["null_only_in_b"] == 1


def test_text_is_shown_when_asked_for_alone():
    empty = spanframe.Engine().annotate(["", ""])
    texts = [f"{SENTINEL}: niega disnea.", "Refiere disnea."]
    found = spanframe.Engine().annotate(texts)
    report = spanframe.diff(found, empty, text=texts)
    assert total(report, "missing") == len(report["examples"]) > 0
    assert "disnea" not in str(report) and SENTINEL not in str(report)
    assert "disnea" in str(spanframe.diff(found, empty, text=texts, show_text=True))
    assert spanframe.diff(found, empty, examples=0)["examples"] == []


def test_the_program_gives_the_same(tmp_path, notes):
    a = notes.with_columns(ner=pl.col("note").ner.extract(TINY))
    b = notes.with_columns(ner=pl.col("note").ner.extract(TINY, threshold=0.3, entities=["DISEASE", "SYMPTOM"]))
    for name, frame in (("a", a), ("b", b)):
        frame.write_parquet(tmp_path / f"{name}.parquet")
    command = [PROGRAM, "diff", tmp_path / "a.parquet", tmp_path / "b.parquet", "--json", "--text-column", "note"]
    done = subprocess.run(command, check=True, capture_output=True, env=os.environ | {"VIRTUAL_ENV": sys.prefix})
    assert json.loads(done.stdout) == spanframe.diff(a["ner"], b["ner"], text=notes["note"])


def test_wrong_input_is_named(notes, found):
    texts = notes["note"]
    with pytest.raises(spanframe.InputError, match="expected entities"):
        spanframe.diff(found, texts)
    with pytest.raises(spanframe.InputError, match="a has 122 rows and b has 3"):
        spanframe.diff(found, pl.Series(found).head(3))
    with pytest.raises(spanframe.InputError, match="there are 1 texts for 122 rows"):
        spanframe.diff(found, found, text=[SENTINEL])
    with pytest.raises(spanframe.InputError, match="it may be char, byte, spark"):
        spanframe.diff(found, found, offsets_a="utf16")
    with pytest.raises(spanframe.InputError, match="examples cannot be -1"):
        spanframe.diff(found, found, examples=-1)
    with pytest.raises(TypeError, match="cannot compare a list: give a as an Arrow array"):
        spanframe.diff([SENTINEL], found)
    with pytest.raises(spanframe.InputError) as caught:
        spanframe.diff(found, found, text=found)
    assert "expected a string column" in str(caught.value)
