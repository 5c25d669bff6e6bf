"""The engine over the PyCapsule interface, and its errors."""

import copy
import multiprocessing
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from conftest import TINY

import spanframe

SENTINEL = "XSENTINELX"


@pytest.fixture(scope="module")
def engine():
    return spanframe.Engine(TINY)


def test_every_arrow_producer_gives_the_same_values(engine, notes):
    texts = notes["note"].to_list()
    expect = engine.annotate(texts).to_list()
    assert len(expect) == len(texts)
    arrays = [
        pa.array(texts),
        pa.array(texts, pa.large_string()),
        pa.array(texts, pa.string_view()),
        pa.array(texts).dictionary_encode(),
        pa.chunked_array([texts[:10], texts[10:]]),
        notes["note"],
        tuple(texts),
    ]
    for array in arrays:
        assert engine.annotate(array).to_list() == expect
    listed = spanframe.Engine(TINY, layout="list_of_structs")
    assert listed.annotate(texts).to_list() == expect
    assert pa.array(listed.annotate(texts)).to_pylist() == expect
    assert pl.Series(listed.annotate(texts)).to_list() == expect


def test_a_table_keeps_its_columns(engine, notes):
    expect = notes.with_columns(ner=pl.col("note").ner.extract(TINY))
    table = pa.table(notes.to_arrow())
    for data in (notes, table, table.combine_chunks().to_batches()[0]):
        result = engine.annotate(data, column="note")
        assert len(result) == len(notes)
        assert pl.DataFrame(result).equals(expect, null_equal=True)
        assert pa.table(result).column_names == ["id", "lang", "note", "date", "ner"]
    renamed = pl.DataFrame(engine.annotate(table, "note", output="entities"))
    assert renamed.columns[-1] == "entities"


def test_text_alone_is_the_row_of_a_column(engine, notes):
    texts = [t for t in notes["note"].to_list() if t][:20]
    for text, row in zip(texts, engine.annotate(texts).to_list()):
        assert [e._asdict() for e in engine.annotate_text(text)] == row


def test_wrong_input_is_named(engine):
    with pytest.raises(spanframe.InputError, match="no column `nota`; the columns are id, note"):
        engine.annotate(pl.DataFrame({"id": [1], "note": [SENTINEL]}), column="nota")
    with pytest.raises(spanframe.InputError, match="already is a column `ner`"):
        engine.annotate(pl.DataFrame({"ner": [1], "note": [SENTINEL]}), column="note")
    with pytest.raises(spanframe.InputError, match="leave `column` out"):
        engine.annotate(pa.array([SENTINEL]), column="note")
    with pytest.raises(spanframe.InputError, match="the column is Int64, expected a string column"):
        engine.annotate(pa.array([1]))
    with pytest.raises(TypeError, match="cannot annotate a int: give a list of strings"):
        engine.annotate(3)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"model": "no/model"}, spanframe.ModelError, "there is no model at `no/model`"),
        ({"device": "cuda:1"}, spanframe.DeviceError, "device `cuda:1` is not available"),
        ({"treshold": 1}, spanframe.InputError, "no option `treshold`; did you mean `threshold`"),
        ({"max_length": "long"}, spanframe.InputError, "option `max_length` cannot be a str"),
        ({"max_length": 1000}, spanframe.InputError, "option `max_length` cannot be 1000; it may be 3 to 130"),
    ],
)
def test_wrong_options_are_named(options, error, message):
    with pytest.raises(error, match=message):
        spanframe.Engine(**({"model": TINY} | options))
    assert issubclass(error, spanframe.SpanframeError)


def test_an_error_never_quotes_the_note(engine):
    attempts = [
        lambda: engine.annotate(pl.DataFrame({"note": [SENTINEL]}), column="id"),
        lambda: engine.annotate([SENTINEL, 3]),
        lambda: pl.DataFrame({"note": [SENTINEL]}).select(pl.col("note").ner.extract(TINY, entities=["x"])),
        lambda: pl.DataFrame({"note": [[SENTINEL]]}).select(pl.col("note").ner.extract(TINY)),
        lambda: spanframe.Engine(TINY, threshold=[SENTINEL]),
    ]
    for attempt in attempts:
        with pytest.raises(Exception) as caught:
            attempt()
        assert SENTINEL not in str(caught.value)


def _found_by(engine):
    return engine.annotate(["aspirin 81mg"]).to_list()


def test_an_engine_is_pickled_as_its_options():
    engine = spanframe.Engine(Path(TINY), threshold=0.1, layout="list_of_structs")
    expect = _found_by(engine)
    for copied in (pickle.loads(pickle.dumps(engine)), copy.copy(engine), copy.deepcopy(engine)):
        assert _found_by(copied) == expect
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_found_by, (engine,)) == expect
    for result in (engine.annotate(["a"]), engine.annotate(pa.table({"note": ["a"]}), "note")):
        with pytest.raises(TypeError, match=r"cannot be pickled: pickle what pyarrow or Polars make of it"):
            pickle.dumps(result)


def _in_child(engine, queue):
    messages = []
    for attempt in (lambda: engine.annotate_text("aspirin"), lambda: engine.annotate(pa.array(["aspirin"]))):
        try:
            attempt()
        except spanframe.InputError as error:
            messages.append(str(error))
    queue.put((messages, len(spanframe.Engine(TINY).annotate_text("aspirin 81mg"))))


def test_an_engine_does_not_hang_after_a_fork(engine):
    expect = len(engine.annotate_text("aspirin 81mg"))
    long = pa.array([f"aspirin {i} mg, tos seca" for i in range(200_000)])
    with ThreadPoolExecutor(1) as pool:
        column = pool.submit(engine.annotate, long)  # running at the fork, so the child never sees it end
        time.sleep(0.3)
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        child = context.Process(target=_in_child, args=(engine, queue), daemon=True)
        child.start()
        in_progress = not column.done()
        messages, found = queue.get(timeout=60)
        child.join(timeout=60)
        column.result()
    assert in_progress
    assert len(messages) == 2 and all("made in another process" in message for message in messages)
    assert found == expect, "an engine made in the child works"
