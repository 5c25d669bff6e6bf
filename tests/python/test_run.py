"""`spanframe.run`: jobs from Python."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from copy import deepcopy
from pathlib import Path

import polars as pl
import pytest
from conftest import DATA, TINY
from polars.testing import assert_frame_equal

import spanframe
from spanframe._run import Loss

PROGRAM = Path(sys.executable).with_name("spanframe")


def job(inputs, output, **more) -> spanframe.Summary:
    return spanframe.run(inputs, output, **{"column": "note", "model": TINY} | more)


def counts(summary) -> dict:
    """Returns everything but the seconds, whose last digit the records do not keep."""
    return vars(summary.counts) | {"seconds": None}


def rows(output) -> pl.DataFrame:
    return pl.read_parquet(sorted(Path(output).rglob("*.parquet")), hive_partitioning=False)


@pytest.fixture
def few(tmp_path, notes):
    """Notes in six row groups."""
    notes.write_parquet(tmp_path / "notes.parquet", row_group_size=21)
    return tmp_path / "notes.parquet"


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """2,400 notes, some seconds of work, in sixty row groups."""
    path = tmp_path_factory.mktemp("many") / "notes.parquet"
    pl.read_parquet(DATA / "notes.parquet").write_parquet(path, row_group_size=40)
    return path


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, many):
    out = tmp_path_factory.mktemp("uninterrupted") / "out"
    job(many, out, unit_rows=40)
    return rows(out)


@pytest.mark.parametrize("form", ["nested", "exploded"])
def test_program_expression_and_function_give_the_same_rows(tmp_path, few, notes, form):
    summary = job(few, tmp_path / "ours", form=form, unit_rows=30)
    command = [PROGRAM, "run", few, "-o", tmp_path / "theirs", "-c", "note", "--model", TINY]
    command += ["--form", form, "--unit-rows", "30", "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"VIRTUAL_ENV": sys.prefix}
    )
    expect = notes.with_columns(ner=pl.col("note").ner.extract(TINY))
    expect = expect if form == "nested" else expect.ner.explode()
    assert_frame_equal(rows(tmp_path / "ours"), expect)
    assert_frame_equal(rows(tmp_path / "theirs"), expect)
    names = [sorted(str(path.relative_to(out)) for path in out.rglob("*.parquet")) for out in
             (tmp_path / "ours", tmp_path / "theirs")]  # fmt: skip
    assert names[0] == names[1] and len(names[0]) == 6

    theirs = json.loads(done.stdout)
    ours = vars(summary) | {"counts": vars(summary.counts)}
    assert ours.pop("counts") | {"seconds": None} == theirs.pop("counts") | {"seconds": None}
    own, their_own = ours.pop("run"), theirs.pop("run")
    assert vars(own.counts) | {"seconds": None} == their_own["counts"] | {"seconds": None}
    assert own.failed == their_own["failed"] == {}
    assert ours == theirs
    assert summary.counts.entities == dict(
        notes.with_columns(ner=pl.col("note").ner.extract(TINY))
        .ner.explode()["entity"]
        .value_counts()
        .sort("entity")
        .rows()
    )
    assert summary.counts.seconds.annotate > 0


def test_a_finished_job_does_nothing(tmp_path, few):
    first = job(few, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    told = []
    again = job(few, tmp_path / "out", progress=told.append)
    assert (first.units_now, again.units_now) == (1, 0)
    assert counts(again) == counts(first)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before
    assert [(now.units_done, now.rows_done, now.share, now.entities) for now in told] == [
        (1, first.counts.rows, 1.0, {})
    ]


def test_inputs_are_one_or_several_paths(tmp_path, few, notes):
    other = tmp_path / "other.parquet"
    notes.head(5).write_parquet(other)
    assert job(str(few), tmp_path / "a").counts.rows == len(notes)
    assert job((few, str(other)), str(tmp_path / "b")).counts.rows == len(notes) + 5
    assert job(f"{tmp_path}/*.parquet", tmp_path / "c", model=Path(TINY)).counts.rows == len(notes) + 5
    assert job([few], tmp_path / "d", state=tmp_path / "records").units == 1
    assert (tmp_path / "records" / "summary.json").exists() and not (tmp_path / "d.job").exists()


def test_progress_is_told_in_the_thread_of_the_caller_and_only_grows(tmp_path, many):
    told, threads = [], set()

    def progress(now):
        threads.add(threading.get_ident())
        told.append(now)

    summary = job(many, tmp_path / "out", unit_rows=400, progress=progress)
    assert threads == {threading.get_ident()}
    assert all(isinstance(now, spanframe.Progress) for now in told)
    for name in ("units_done", "rows_done", "share", "tokens"):
        values = [getattr(now, name) for now in told]
        assert values == sorted(values), name
    assert {(now.units, now.rows) for now in told} == {(6, 2400)}
    assert (told[0].rows_done, told[0].share, told[0].seconds_left) == (0, 0.0, None)
    assert len(told) >= 3
    last = told[-1]
    assert (last.units_done, last.rows_done, last.share, last.seconds_left) == (6, 2400, 1.0, 0.0)
    assert (last.entities, last.tokens) == (summary.counts.entities, summary.counts.tokens)
    assert last.rows_per_second > 0 and last.tokens_per_second > last.rows_per_second


def test_what_the_callback_raises_stops_the_job_and_is_raised(tmp_path, many, uninterrupted):
    def progress(now):
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        job(many, tmp_path / "out", unit_rows=40, progress=progress)
    assert not (tmp_path / "out.job" / "summary.json").exists()
    summary = job(many, tmp_path / "out", unit_rows=40)
    assert summary.units_done == summary.units == 60
    assert_frame_equal(rows(tmp_path / "out"), uninterrupted)


def test_the_handler_of_a_signal_is_heeded(tmp_path, many):
    def handler(*_):
        raise TimeoutError("time is up")

    usual = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(TimeoutError, match="time is up"):
            job(many, tmp_path / "out", unit_rows=40)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, usual)
    assert not (tmp_path / "out.job" / "summary.json").exists()


INTERRUPTIBLE = """
import sys, spanframe
try:
    spanframe.run(sys.argv[1], sys.argv[2], column="note", model=sys.argv[3], unit_rows=40,
                  progress=lambda now: print(now.units_done, flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_an_interrupt_stops_cleanly_and_the_same_call_goes_on(tmp_path, many, uninterrupted):
    out = tmp_path / "out"
    command = [sys.executable, "-c", INTERRUPTIBLE, many, out, TINY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        while int(child.stdout.readline()) < 2:
            pass
        child.send_signal(signal.SIGINT)
        started = time.monotonic()
        stdout, stderr = child.communicate(timeout=60)
    assert time.monotonic() - started < 10
    assert (stdout.splitlines()[-1], stderr, child.returncode) == ("interrupted", "", 0)
    parts = sorted(out.rglob("*"))
    assert all(path.suffix == ".parquet" for path in parts), "nothing is left but what is whole"
    assert 2 <= len(parts) < 60
    assert_frame_equal(rows(out), uninterrupted.head(40 * len(parts)))

    before = {path: path.stat().st_mtime_ns for path in parts}
    summary = job(many, out, unit_rows=40)
    assert (summary.units_done, summary.units_now) == (60, 60 - len(parts))
    assert {path: path.stat().st_mtime_ns for path in parts} == before
    assert_frame_equal(rows(out), uninterrupted)


def test_a_second_interrupt_does_not_wait_for_the_rows_in_hand(tmp_path, many):
    bundled = INTERRUPTIBLE.replace("model=sys.argv[3], ", "")
    command = [sys.executable, "-c", bundled, many, tmp_path / "out"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout.readline() == "0\n"
        child.send_signal(signal.SIGINT)
        time.sleep(1)
        child.send_signal(signal.SIGINT)
        started = time.monotonic()
        assert child.communicate(timeout=60)[0].splitlines()[-1] == "interrupted"
    assert time.monotonic() - started < 10
    # what the killed process left does not stop the next run
    assert job(many, tmp_path / "out", unit_rows=400, overwrite=True).units_done == 6
    assert all(path.suffix == ".parquet" for path in (tmp_path / "out").rglob("*"))


def test_shards_are_parts_and_finalize_sums_them_up(tmp_path, few, notes):
    def shard(index, **more):
        return job(few, tmp_path / "out", unit_rows=21, shard=f"{index}/2", **more)

    first = shard(0)
    assert (first.units, first.units_done, first.units_now) == (6, 3, 3)
    with pytest.raises(spanframe.InputError, match="3 of 6 units are not done.* `shard` 1/2"):
        shard(0, finalize=True)
    second = shard(1)
    assert (second.units_done, second.units_now) == (6, 3)
    final = job([], tmp_path / "out", finalize=True)
    assert (final.units, final.units_done, final.units_now, counts(final)) == (6, 6, 0, counts(second))
    assert_frame_equal(rows(tmp_path / "out"), notes.with_columns(ner=pl.col("note").ner.extract(TINY)))


@pytest.fixture
def bad(tmp_path):
    """Writes notes of which the third is not UTF-8."""
    notes = pl.DataFrame({"id": [f"n{i}" for i in range(5)], "note": [b"Refiere disnea."] * 5})
    notes = notes.with_columns(note=pl.when(pl.col("id") == "n2").then(pl.lit(b"SENTINEL \xff")).otherwise("note"))
    notes.write_parquet(tmp_path / "bad.parquet")
    return tmp_path / "bad.parquet"


def test_bad_rows_are_raised_nulled_or_rejected(tmp_path, bad):
    with pytest.raises(spanframe.InputError, match="row 2 of .*bad.parquet") as raised:
        job(bad, tmp_path / "raise")
    assert "SENTINEL" not in str(raised.value)

    nulled = job(bad, tmp_path / "null", on_error="null").counts
    assert (nulled.rows, nulled.written, nulled.nulled, nulled.rejected) == (5, 5, 1, 0)
    assert rows(tmp_path / "null").select("id", pl.col("ner").is_null(), pl.col("ner_error").is_null()).rows()[1:3] == [
        ("n1", False, True),
        ("n2", True, False),
    ]

    rejected = job(bad, tmp_path / "reject", on_error="reject", id="id").counts
    assert (rejected.rows, rejected.written, rejected.nulled, rejected.rejected) == (5, 4, 0, 1)
    assert rows(tmp_path / "reject")["id"].to_list() == ["n0", "n1", "n3", "n4"]
    rejects = rows(tmp_path / "reject.job" / "rejects")
    assert rejects.columns == ["file", "row", "line", "id", "code", "reason"]
    assert rejects.select("file", "row", "line", "id").rows() == [(str(bad), 2, None, "n2")]
    assert "SENTINEL" not in str(rejects.rows())


def test_damage_is_raised_or_skipped_and_reported(tmp_path, notes):
    folder = tmp_path / "in"
    folder.mkdir()
    notes.head(10).write_parquet(folder / "good.parquet")
    (folder / "short.parquet").write_bytes((folder / "good.parquet").read_bytes()[:-100])
    with pytest.raises(spanframe.InputError, match="short.parquet"):
        job(folder, tmp_path / "out")
    summary = job(folder, tmp_path / "out", on_damage="skip")
    assert list(summary.damaged) == [str(folder / "short.parquet")]
    assert summary.counts.rows == 10


def test_a_loss_has_its_rows():
    found = {"units": 1, "units_done": 1, "units_now": 1, "damaged": {}}
    own = dict.fromkeys(["rows", "written", "nulled", "rejected", "lost", "unknown_language"], 0)
    own |= dict.fromkeys(["tokens", "model_tokens", "padded_tokens"], 0)
    own |= {"entities": {}, "seconds": {"read": 0.0, "annotate": 0.0, "write": 0.0}}
    losses = {"f": [{"rows": {"start": 3, "end": 5}, "part": 1, "reason": "r"}]}
    run = {"began": "2026-03-31T22:00:04.127Z", "seconds": 0.5, "files_lost": 0, "failed": {}, "counts": deepcopy(own)}
    summary = spanframe._run._summary(found | {"counts": own, "losses": losses, "run": run})
    assert summary.run.counts == summary.counts
    assert summary.losses == {"f": [Loss(range(3, 5), 1, "r")]}


def test_metrics_are_kept(tmp_path, few):
    job(few, tmp_path / "out", metrics=tmp_path / "job.prom")
    assert "\nspanframe_share_done 1\n" in (tmp_path / "job.prom").read_text()
    job(few, tmp_path / "other", metrics=str(tmp_path / "job.jsonl"))
    lines = [json.loads(line) for line in (tmp_path / "job.jsonl").read_text().splitlines()]
    assert lines[-1]["share"] == 1.0
    with pytest.raises(spanframe.InputError, match="metrics file"):
        job(few, tmp_path / "third", metrics=tmp_path / "absent" / "job.prom")


def test_errors_are_of_the_usual_classes(tmp_path, few):
    with pytest.raises(spanframe.InputError, match="names no file"):
        job(tmp_path / "absent.parquet", tmp_path / "out")
    with pytest.raises(spanframe.InputError, match="has no column `text`; it has id, lang, note, date"):
        job(few, tmp_path / "out", column="text")
    with pytest.raises(spanframe.ModelError):
        job(few, tmp_path / "out", model=tmp_path)
    with pytest.raises(spanframe.DeviceError):
        job(few, tmp_path / "out", onnxruntime=tmp_path / "absent.so")
    job(few, tmp_path / "out")
    with pytest.raises(spanframe.InputError, match="threshold"):
        job(few, tmp_path / "out", threshold=0.5)
    assert job(few, tmp_path / "out", threshold=0.5, on_change="redo").units_now == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"treshold": 0.5}, "there is no option `treshold`; did you mean `threshold`"),
        ({"unit_row": 5}, "there is no option `unit_row`; did you mean `unit_rows`"),
        ({"zzz": 5}, "there is no option `zzz`; docs/options.md lists all$"),
        ({"threshold": "high"}, "option `threshold` cannot be a str"),
        ({"threshold": 2}, "option `threshold` cannot be 2"),
        ({"unit_rows": 0}, "option `unit_rows` cannot be 0"),
        ({"unit_rows": "many"}, "option `unit_rows` cannot be a str"),
        ({"select": "note"}, "option `select` cannot be a str"),
        ({"column": None}, "option `column` cannot be left out"),
        ({"column": 3}, "option `column` cannot be a int"),
        ({"form": "wide"}, "option `form` cannot be `wide`; it may be nested, exploded, note_nlp"),
        ({"on_error": "ignore"}, "option `on_error` cannot be `ignore`; it may be raise, null, reject"),
        ({"on_damage": "ignore"}, "option `on_damage`"),
        ({"on_change": "ignore"}, "option `on_change`"),
        ({"compression": "zip"}, "option `compression`"),
        ({"memory": "much"}, "option `memory` cannot be much"),
        ({"shard": "4/4"}, "option `shard` cannot be 4/4"),
        ({"overwrite": "yes"}, "option `overwrite` cannot be a str"),
        ({"metrics": 3}, "option `metrics` cannot be a int"),
        ({"progress": 3}, "option `progress` cannot be a int"),
        ({"inputs": []}, "option `inputs` cannot be empty"),
        ({"inputs": [3]}, "option `inputs` cannot be a list"),
        ({"output": ""}, "option `output` cannot be left out"),
        ({"form": "exploded", "on_error": "null"}, "option `on_error` does not go with"),
    ],
)
def test_wrong_values_are_named(tmp_path, few, wrong, message):
    arguments = {"inputs": few, "output": tmp_path / "out"} | wrong
    with pytest.raises(spanframe.InputError, match=message):
        job(**arguments)
    assert not (tmp_path / "out").exists()
