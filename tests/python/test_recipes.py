"""The programs in examples/ do what docs/recipes.md says, run as a reader runs them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from conftest import DATA, ROOT, TINY
from polars.testing import assert_frame_equal

import spanframe
from spanframe import _polars  # noqa: F401  (the namespace `ner`)

EXAMPLES = ROOT / "examples"


def example(name: str, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, EXAMPLES / name, *map(str, arguments), "--model", TINY]
    return subprocess.run(command, capture_output=True, text=True, check=True)


@pytest.fixture(scope="module")
def source() -> pl.DataFrame:
    """Returns notes with ids, one of them null."""
    notes = pl.read_parquet(DATA / "notes.parquet").head(60).select(note_id="id", note="note")
    return notes.with_columns(note=pl.when(pl.col("note_id") == "n000007").then(None).otherwise("note"))


def expected(notes: pl.DataFrame) -> pl.DataFrame:
    """Returns the rows of a table of entities, exploded, with signed positions."""
    found = notes.with_columns(ner=pl.col("note").ner.extract(TINY)).drop("note").ner.explode(keep_empty=True)
    return found.with_columns(pl.col("begin", "end").cast(pl.Int32)).sort("note_id", "begin", "end", "entity")


def exploded(entities: pl.DataFrame) -> pl.DataFrame:
    return entities.ner.explode(keep_empty=True).sort("note_id", "begin", "end", "entity")


def test_every_example_has_a_test():
    recipes = (ROOT / "docs" / "recipes.md").read_text()
    named = set(re.findall(r"examples/(\w+\.py)", recipes))
    assert named - {"evaluate_model.py"} == set(re.findall(r'example\("(\w+\.py)"', Path(__file__).read_text()))
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    pages = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    run = re.findall(r'example\(f?"([\w{}]+\.py)"', tests) + re.findall(
        r"^(?:python|spark-submit .*) examples/(\w+\.py)", pages, re.M
    )
    for path in EXAMPLES.glob("*.py"):
        assert any(re.fullmatch(re.sub(r"{\w+}", r"\\w+", name), path.name) for name in run), f"{path.name} is not run"


def test_polars_streams_from_parquet_to_parquet(tmp_path, source):
    source.head(40).write_parquet(tmp_path / "a.parquet")
    source.tail(20).write_parquet(tmp_path / "b.parquet")
    example("polars_sink.py", tmp_path / "*.parquet", tmp_path / "out.pq")
    assert_frame_equal(pl.read_parquet(tmp_path / "out.pq"), source.with_columns(ner=pl.col("note").ner.extract(TINY)))
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_delta_gets_the_entities_of_new_notes(tmp_path, source):
    deltalake = pytest.importorskip("deltalake")
    notes, entities = tmp_path / "notes", tmp_path / "entities"
    source.head(40).write_delta(notes)

    def run() -> str:
        return example("delta_new_notes.py", notes, entities, "--rows", 16).stdout

    assert run() == "40 new notes\n"
    assert_frame_equal(exploded(pl.read_delta(str(entities))), expected(source.head(40)))
    version = deltalake.DeltaTable(entities).version()
    assert run() == "0 new notes\n"
    assert deltalake.DeltaTable(entities).version() == version, "nothing new, no commit"
    source.tail(20).write_delta(notes, mode="append")
    assert run() == "20 new notes\n"
    assert_frame_equal(exploded(pl.read_delta(str(entities))), expected(source))

    # after a run that stopped between two commits, the notes that it had not reached are new
    deltalake.DeltaTable(entities).delete("note_id > 'n000050'")
    assert run() == "10 new notes\n"
    assert_frame_equal(exploded(pl.read_delta(str(entities))), expected(source))


def test_delta_merges_what_another_run_added_meanwhile(tmp_path, source, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import delta_new_notes

    notes, entities = str(tmp_path / "notes"), str(tmp_path / "entities")
    source.write_delta(notes)
    delta_new_notes.annotate_new(notes, entities, TINY)
    again = pl.read_delta(entities)
    merge = delta_new_notes.DeltaTable(entities).merge(
        again, "old.note_id = new.note_id", source_alias="new", target_alias="old"
    )
    assert merge.when_not_matched_insert_all().execute()["num_target_rows_inserted"] == 0
    assert_frame_equal(exploded(pl.read_delta(entities)), expected(source))


def test_iceberg_gets_the_entities_of_new_notes(tmp_path, source, monkeypatch):
    pytest.importorskip("pyiceberg")
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setenv("POLARS_ICEBERG_PLANNER", "pyiceberg")
    import iceberg_new_notes

    catalog = iceberg_new_notes.catalog(tmp_path)
    catalog.create_namespace("clinic")
    table = catalog.create_table("clinic.notes", schema=source.to_arrow().schema)
    table.append(source.head(40).to_arrow())

    def run() -> str:
        return example("iceberg_new_notes.py", tmp_path, "--rows", 16).stdout

    def entities() -> pl.DataFrame:
        return exploded(pl.scan_iceberg(catalog.load_table("clinic.entities")).collect())

    assert run() == "40 new notes\n"
    assert_frame_equal(entities(), expected(source.head(40)))
    snapshots = len(catalog.load_table("clinic.entities").history())
    assert run() == "0 new notes\n"
    assert len(catalog.load_table("clinic.entities").history()) == snapshots, "nothing new, no snapshot"
    table.append(source.tail(20).to_arrow())
    assert run() == "20 new notes\n"
    assert_frame_equal(entities(), expected(source))

    catalog.load_table("clinic.entities").delete("note_id > 'n000050'")
    assert run() == "10 new notes\n"
    assert_frame_equal(entities(), expected(source))


def test_a_task_is_resumable_and_tells_its_log(tmp_path, source):
    source.write_parquet(tmp_path / "in.parquet", row_group_size=20)
    arguments = [tmp_path / "in.parquet", tmp_path / "out", "--id", "note_id"]
    done = example("airflow_task.py", *arguments)
    counts = json.loads(done.stdout)
    assert (counts["rows"], counts["units_now"], counts["rejected"]) == (60, 1, 0)
    assert "INFO 60 of 60 rows, 1 of 1 units" in done.stderr
    again = example("airflow_task.py", *arguments)
    assert json.loads(again.stdout) == counts | {"units_now": 0}
    nested = pl.read_parquet(tmp_path / "out").drop("note")
    assert_frame_equal(nested, pl.DataFrame(spanframe.Engine(TINY).annotate(source, "note")).drop("note"))


def test_a_task_puts_bad_rows_aside(tmp_path, source):
    bad = source.with_columns(note=pl.col("note").cast(pl.Binary)).with_columns(
        note=pl.when(pl.col("note_id") == "n000003").then(pl.lit(b"SENTINEL \xff")).otherwise("note")
    )
    bad.write_parquet(tmp_path / "in.parquet")
    done = example("airflow_task.py", tmp_path / "in.parquet", tmp_path / "out", "--id", "note_id")
    assert json.loads(done.stdout)["rejected"] == 1
    assert "WARNING 1 rows were rejected" in done.stderr
    assert "SENTINEL" not in done.stdout + done.stderr
    rejects = pl.read_parquet(tmp_path / "out.job" / "rejects" / "*.parquet")
    assert rejects.select("row", "id").rows() == [(2, "n000003")]


def test_a_model_below_what_was_asked_for_is_an_error(tmp_path):
    text = "Toma metformina y niega disnea."
    entities = [{"start": 5, "end": 15, "label": "DRUG"}, {"start": 24, "end": 30, "label": "SYMPTOM"}]
    gold = tmp_path / "gold.jsonl"
    gold.write_text(json.dumps({"id": "1", "text": text, "entities": entities}))

    def score(*options: object) -> subprocess.CompletedProcess:
        command = [sys.executable, EXAMPLES / "evaluate_model.py", gold, "--rename", "DRUG=MEDICATION", *options]
        paths = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, env=os.environ | {"PATH": paths})

    good = score("--at-least", 0.9)
    assert good.returncode == 0, good.stderr
    assert re.search(r"MEDICATION ┆ 1 +┆ 1.0", good.stdout), good.stdout
    entities[1]["end"] = 29
    gold.write_text(json.dumps({"id": "1", "text": text, "entities": entities}))
    bad = score("--at-least", 0.9)
    assert (bad.returncode, bad.stderr) == (1, "below 0.9: SYMPTOM, all\n")
