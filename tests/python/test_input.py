"""Inputs from Python: invalid strings, streams, tables and lists. Wrong ones are named, and nothing hangs or crashes."""

import signal
import subprocess
import sys
import time

import polars as pl
import pyarrow as pa
import pytest
from conftest import BAD, DATA, TINY

import spanframe

SENTINEL = "XSENTINELX"
ONE = pa.array([0, 1, 2], pa.int32())
KINDS = {
    "string": BAD,
    "large_string": pa.Array.from_buffers(
        pa.large_string(), 2, [None, pa.array([0, 1, 4], pa.int64()).buffers()[1], BAD.buffers()[2]]
    ),
    "string_view": pa.Array.from_buffers(
        pa.string_view(),
        2,
        [None, pa.py_buffer(b"".join(len(t).to_bytes(4, "little") + t.ljust(12, b"\0") for t in (b"a", b"\xc3(X")))],
    ),
    "dictionary": pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), BAD),
}


@pytest.fixture(scope="module")
def engine():
    return spanframe.Engine(TINY)


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_that_is_not_utf8_follows_on_error(engine, kind):
    texts = KINDS[kind]
    table = pa.table({"id": [1, 2], "note": texts})
    for attempt in (lambda: engine.annotate(texts), lambda: engine.annotate(table, "note")):
        with pytest.raises(spanframe.InputError, match="the document in row 1 is not UTF-8 from byte 0 on"):
            attempt()
    quiet = spanframe.Engine(TINY, on_error="null")
    assert quiet.annotate(texts).to_list() == [*engine.annotate(["a"]).to_list(), None]
    found = pa.table(quiet.annotate(table, "note"))
    assert found["ner"].is_null().to_pylist() == [False, True]
    assert found.schema.field("note") == table.schema.field("note")
    assert "is not UTF-8" in engine.diagnose(texts).to_list()[1]["error"]
    models = ["roberta_symptom_ner_es_onnx", "roberta_med_ner_onnx"]
    skipping = spanframe.Engine(models, unknown_language="skip")
    assert skipping.annotate(["disnea", "aspirin"], language=texts).to_list() == [[], []]


@pytest.mark.parametrize("kind", KINDS)
def test_other_strings_that_are_not_utf8_are_refused_by_column(engine, kind):
    strings = KINDS[kind]
    lists = pa.ListArray.from_arrays(ONE, strings)
    numbers = pa.array([[0], [0]], pa.list_(pa.uint32()))
    entities = pa.StructArray.from_arrays([lists, numbers, numbers], ["entity", "begin", "end"])
    good = engine.annotate(["a", "b"])
    attempts = [
        ("column `x`", lambda: engine.annotate(pa.table({"note": ["a", "b"], "x": strings}), "note")),
        ("column `x`", lambda: engine.annotate(pa.table({"note": ["a", "b"], "x": lists}), "note")),
        ("`a`", lambda: spanframe.diff(entities, good)),
        ("`b`", lambda: spanframe.diff(good, entities)),
        ("`text`", lambda: spanframe.diff(good, good, text=strings)),
        ("`text`", lambda: spanframe.display(pa.array(good), text=strings)),
        ("the column", lambda: spanframe.display(entities, text=["a", "b"])),
        ("column `note`", lambda: spanframe.display(pa.table({"note": strings, "ner": good}))),
        ("column `ner`", lambda: spanframe.display(pa.table({"note": ["a", "b"], "ner": entities}))),
    ]
    for name, attempt in attempts:
        with pytest.raises(spanframe.InputError, match=f"^{name} has strings that are not UTF-8"):
            attempt()


def test_what_is_behind_a_null_does_not_count(engine):
    hidden = pa.Array.from_buffers(pa.string(), 2, [pa.array([True, False]).buffers()[1], *BAD.buffers()[1:]])
    assert engine.annotate(hidden).to_list()[1] is None
    assert len(engine.annotate(pa.table({"note": ["a", "b"], "x": hidden}), "note")) == 2


DATASET = """
import sys, fsspec, pyarrow.dataset, pyarrow.fs, spanframe
system = pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(fsspec.filesystem("file")))
data = pyarrow.dataset.dataset(sys.argv[1], filesystem=system, format="parquet")
print(len(spanframe.Engine(sys.argv[2]).annotate(data.scanner(batch_size=64).to_reader(), "note")))
"""


def test_a_stream_whose_threads_run_python_does_not_hang(tmp_path, notes):
    for part in range(16):
        notes.write_parquet(tmp_path / f"{part}.parquet", row_group_size=16)
    command = [sys.executable, "-c", DATASET, tmp_path, TINY]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == (f"{16 * len(notes)}\n", "")


class Broken:
    """A producer whose data cannot be converted. The exception quotes a note, as that of a pandas frame does."""

    def __arrow_c_stream__(self, requested_schema=None):
        return pa.array([1, SENTINEL]).__arrow_c_stream__()


def broken_stream(name):
    """A stream of one column whose producer fails after the first batch. The exception quotes a note."""

    def batches():
        yield pa.record_batch({name: ["Niega disnea."]})
        raise ValueError(f"cannot convert {SENTINEL}")

    return pa.RecordBatchReader.from_batches(pa.schema({name: pa.string()}), batches())


def everything_said(error):
    """The texts of an exception, and of its causes and contexts."""
    seen = []
    while error is not None:
        seen += [str(error), repr(error), *map(str, getattr(error, "__notes__", []))]
        error = error.__cause__ or error.__context__
    return "\n".join(seen)


def test_a_producer_that_fails_is_named_and_its_message_is_dropped(engine, caplog, capfd):
    found = engine.annotate(["Niega disnea."])
    stream = "the Arrow stream of {} failed at batch 1 with code [0-9]+; its producer's message is left out"
    data = "{} cannot be read as Arrow data: its __arrow_c_stream__ raised ArrowInvalid, whose message is left out"
    with pytest.raises(pa.ArrowInvalid, match=SENTINEL):
        Broken().__arrow_c_stream__()
    attempts = [
        (stream.format("`data`"), lambda: engine.annotate(broken_stream("note"), "note")),
        (data.format("`data`"), lambda: engine.annotate(Broken())),
        (data.format("`data`"), lambda: engine.annotate(Broken(), "note")),
        (data.format("`language`"), lambda: engine.annotate(["Niega disnea."], language=Broken())),
        (data.format("`data`"), lambda: engine.diagnose(Broken())),
        (data.format("`a`"), lambda: spanframe.diff(Broken(), found)),
        (stream.format("`b`"), lambda: spanframe.diff(found, broken_stream("note"))),
        (data.format("`text`"), lambda: spanframe.diff(found, found, text=Broken())),
        (data.format("`data`"), lambda: spanframe.display(Broken())),
        (data.format("`text`"), lambda: spanframe.display(found, text=Broken())),
        ("the text has lone surrogates", lambda: engine.annotate_text(f"{SENTINEL}\ud800")),
        ("`language` has lone surrogates", lambda: engine.annotate_text("a", language=f"{SENTINEL}\ud800")),
    ]
    for message, attempt in attempts:
        with pytest.raises(spanframe.InputError, match=f"^{message}") as caught:
            attempt()
        assert SENTINEL not in everything_said(caught.value)
    assert SENTINEL not in caplog.text + "".join(capfd.readouterr())


def test_rows_are_counted_through_all_chunks():
    strict = spanframe.Engine(TINY, max_document_bytes=50)
    texts = pa.chunked_array([["a"] * 4, ["b"] * 4, ["c", "d" * 51, "e"]])
    for attempt in (lambda: strict.annotate(texts), lambda: strict.annotate(pa.table({"note": texts}), "note")):
        with pytest.raises(spanframe.InputError, match="the document in row 9 has 51 bytes"):
            attempt()


def test_columns_without_a_type_are_kept(engine):
    frame = pl.DataFrame(
        {
            "note": ["Niega disnea.", None],
            "null": [None, None],
            "list": [[None], []],
            "struct": [{"a": None, "b": [None]}] * 2,
        }
    )
    assert frame.schema["null"] == pl.Null and frame.schema["list"] == pl.List(pl.Null)
    found = pl.DataFrame(engine.annotate(frame, "note"))
    assert found.drop("ner").equals(frame, null_equal=True)
    assert found.equals(frame.with_columns(ner=pl.col("note").ner.extract(TINY)), null_equal=True)
    assert engine.annotate(frame["null"]).to_list() == [None, None]
    wide = frame.with_columns(wide=pl.lit(1, pl.Int128))
    with pytest.raises(
        spanframe.InputError, match=r"column `wide` is of a type that cannot be read \(Int128\): drop or cast it"
    ):
        engine.annotate(wide, "note")


def test_null_rows_of_a_table_are_refused(engine):
    table = pa.array(
        [{"note": "disnea", "ner": None}, None],
        pa.struct({"note": pa.string(), "ner": pa.array(engine.annotate([])).type}),
    )
    for attempt in (lambda: engine.annotate(table, "note", output="new"), lambda: spanframe.display(table)):
        with pytest.raises(spanframe.InputError, match="the table has null rows: drop them first"):
            attempt()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (pl.DataFrame({"id": [1], "note": [SENTINEL]}),),
            "table with the columns id, note: give the one with the texts, or name",
        ),
        (([SENTINEL, float("nan")],), "row 1 of the list is a float, expected a string or None"),
        (([None, 3],), "row 1 of the list is a int, expected a string or None"),
        (([SENTINEL + "\ud800"],), "row 0 of the list has lone surrogates"),
        (([SENTINEL], "note"), "a list has no column `note`: leave `column` out"),
        (([SENTINEL], None, "found"), "`output` names the new column of a table"),
        ((pa.array([SENTINEL]), None, "found"), "`output` names the new column of a table"),
        ((pl.DataFrame({"note": [SENTINEL]}), 0), "option `column` cannot be a int"),
    ],
)
def test_what_cannot_be_annotated_is_named(engine, arguments, message):
    data, column, output = (*arguments, None, None)[:3]
    with pytest.raises(spanframe.InputError, match=message) as caught:
        engine.annotate(data, column, output=output)
    assert SENTINEL not in str(caught.value)


INTERRUPTIBLE = """
import sys, polars as pl, spanframe
notes, engine = pl.read_parquet(sys.argv[1]), spanframe.Engine(sessions=1)
print(len(engine.annotate(["Niega disnea."])), flush=True)
try:
    engine.annotate(notes, "note")
except KeyboardInterrupt:
    print(engine.metrics["rows"] < len(notes), engine.annotate(["Niega disnea."]).to_list()[0][0]["chunk"])
"""


def test_an_interrupt_ends_a_column(tmp_path):
    command = [sys.executable, "-c", INTERRUPTIBLE, DATA / "notes.parquet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "1\n"
        time.sleep(1)
        child.send_signal(signal.SIGINT)
        started = time.monotonic()
        stdout, stderr = child.communicate(timeout=120)
    assert (stdout, stderr, child.returncode) == ("True disnea\n", "", 0)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("column, language", [("note", None), ("id", "note")])
def test_a_column_that_a_table_has_twice_is_refused(engine, column, language):
    table = pa.table([["a"], ["b"], ["c"]], names=["note", "id", "note"])
    with pytest.raises(spanframe.InputError, match="the table has 2 columns named `note`: rename all but one"):
        engine.annotate(table, column, language=language)
