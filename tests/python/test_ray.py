"""Ray Data, Daft and DataFusion find the entities that the command line finds."""

import importlib
import os
from pathlib import Path

import asserted
import linked
import polars as pl
import pyarrow as pa
import pytest
from conftest import BAD, DATA, ROOT, TINY, command_line, require, run_example
from test_linking import annotated

require("ray", "daft", "datafusion")
# by default Ray's workers have the lowest priority, which takes minutes on a busy machine
os.environ.setdefault("RAY_worker_niceness", "0")

import ray

import spanframe
import spanframe.ray
from spanframe import InputError

NOTES = DATA / "notes.parquet"


@pytest.fixture(scope="module")
def cluster():
    package = str(Path(spanframe.__file__).parents[1])
    ray.init(
        num_cpus=3, include_dashboard=False, runtime_env={"env_vars": {"PYTHONPATH": package}}, log_to_driver=False
    )
    yield
    ray.shutdown()


def test_actors_give_what_the_command_line_gives(cluster, tmp_path):
    command_line("annotate", NOTES, "-o", tmp_path / "out.parquet", "-c", "note", "-m", TINY, "-q")
    expect = pl.read_parquet(tmp_path / "out.parquet")
    ds = ray.data.read_parquet(str(NOTES)).repartition(8)
    ds = ds.map_batches(
        spanframe.ray.Annotator,
        fn_constructor_kwargs={"column": "note", "model": TINY},
        batch_format="pyarrow",
        batch_size=200,
        num_cpus=1,
        concurrency=2,
    )
    found = pl.concat(
        pl.DataFrame(pl.from_arrow(table)) for table in ds.iter_batches(batch_format="pyarrow", batch_size=None)
    )
    assert found.height == 2400
    assert found.sort("id").equals(expect.sort("id").select(found.columns))


@pytest.mark.parametrize(("case", "language"), [("all", "lang"), ("some", None), ("rules", None), ("pipeline", "lang")])
def test_actors_give_the_attributes_of_the_command_line(cluster, tmp_path, case, language):
    options = asserted.options(case, tmp_path)
    expect = asserted.annotated(tmp_path, options, *(["--language-column", language] if language else []))
    ds = ray.data.from_arrow(asserted.notes().to_arrow()).map_batches(
        spanframe.ray.Annotator,
        fn_constructor_kwargs={"column": "note", "language": language, **options},
        batch_format="pyarrow",
        num_cpus=1,
        concurrency=1,
    )
    found = pl.concat(
        pl.DataFrame(pl.from_arrow(table)) for table in ds.iter_batches(batch_format="pyarrow", batch_size=None)
    )
    assert found.sort("id").equals(expect.sort("id"))


@pytest.mark.parametrize("case", linked.CASES)
def test_actors_give_the_concepts_of_the_command_line(cluster, tmp_path, case):
    options = linked.options(case, tmp_path)
    expect = annotated(tmp_path, options)
    ds = ray.data.from_arrow(asserted.notes().to_arrow()).map_batches(
        spanframe.ray.Annotator,
        fn_constructor_kwargs={"column": "note", **options},
        batch_format="pyarrow",
        num_cpus=1,
        concurrency=1,
    )
    found = pl.concat(
        pl.DataFrame(pl.from_arrow(table)) for table in ds.iter_batches(batch_format="pyarrow", batch_size=None)
    )
    assert found.sort("id").equals(expect.sort("id"))


def test_an_actor_has_the_threads_that_ray_gave_it(cluster):
    @ray.remote(num_cpus=2)
    def sessions():
        return spanframe.ray.Annotator("note", model=TINY)._annotator.plan.options["sessions"]

    assert ray.get(sessions.remote()) == 2
    given = spanframe.ray.Annotator("note", model=TINY, sessions=1)
    assert given._annotator.plan.options["sessions"] == 1


def test_a_batch_keeps_its_columns_and_its_chunks():
    table = pa.table(
        {
            "id": pa.chunked_array([[1], [2, 3], []], pa.int8()),
            "note": pa.chunked_array([["Niega disnea."], [None, ""], []]),
        }
    )
    found = spanframe.ray.Annotator("note", output="found")(table)
    assert found.select(["id", "note"]) == table
    assert [row and row["chunk"] for row in found["found"].to_pylist()] == [["disnea"], None, []]
    empty = spanframe.ray.Annotator("note")(table.slice(0, 0))
    assert empty.num_rows == 0 and empty.schema.field("ner").type == found.schema.field("found").type
    for kind in (pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())):
        other = spanframe.ray.Annotator("note", output="found")(table.set_column(1, "note", table["note"].cast(kind)))
        assert other["found"] == found["found"]


def test_wrong_batches_and_rows_are_named():
    annotator = spanframe.ray.Annotator("note", model=TINY)
    with pytest.raises(InputError, match='the batch is a dict: give map_batches batch_format="pyarrow"'):
        annotator({"note": []})
    with pytest.raises(InputError, match="there is no column `note`; the columns are text"):
        annotator(pa.table({"text": ["a"]}))
    with pytest.raises(InputError, match="there already is a column `ner`"):
        annotator(pa.table({"note": ["a"], "ner": [1]}))
    with pytest.raises(InputError, match="the column is int64, expected a string column"):
        annotator(pa.table({"note": [1]}))
    with pytest.raises(InputError, match="no option `treshold`; did you mean `threshold`"):
        spanframe.ray.Annotator("note", treshold=1)
    with pytest.raises(InputError, match="row 1 of a batch, column `note` is not UTF-8"):
        annotator(pa.table({"note": BAD}))
    found = spanframe.ray.Annotator("note", model=TINY, on_error="null")(pa.table({"note": BAD}))
    assert found["ner"][1].as_py() is None and found["ner"][0].as_py() is not None
    assert "is not UTF-8" in found["ner_error"][1].as_py() and found["ner_error"][0].as_py() is None


def test_rows_that_the_engine_refuses_are_told_by_number():
    from spanframe._column import ColumnAnnotator, Plan

    engine = spanframe.Engine(TINY)
    texts = pa.array(["Toma aspirina.", "x" * 41, None, "", "y" * 50, "Niega disnea."])
    plan = Plan({"model": TINY, "max_document_bytes": 40}, "null", batch_rows=4)
    parts = list(ColumnAnnotator(plan, "a batch").parts(texts))
    assert [part.begin for part in parts] == [0, 4]
    reasons = [reason for part in parts for reason in part.reasons.to_pylist()]
    assert [reason is None for reason in reasons] == [True, False, True, True, False, True]
    assert reasons[1].startswith("has 41 bytes, more than max_document_bytes = 40")
    entities = [row for part in parts for row in part.entities.to_pylist()]
    expect = pa.array(engine.annotate(texts)).to_pylist()
    assert entities == [None if i in (1, 4) else row for i, row in enumerate(expect)]
    with pytest.raises(InputError, match="row 1 of a batch has 41 bytes.*on_error='null' gives null for such rows"):
        list(ColumnAnnotator(plan._replace(on_error="raise"), "a batch").parts(texts))


@pytest.mark.parametrize("sizes", [(1, 1), (7, 300), (4096, 4 << 20)])
def test_slices_change_nothing(sizes):
    from spanframe._column import ColumnAnnotator, Plan

    texts = pl.read_parquet(NOTES).head(60)["note"].to_arrow()
    parts = list(ColumnAnnotator(Plan({"model": TINY}, "raise", *sizes)).parts(texts))
    whole = pa.array(spanframe.Engine(TINY).annotate(texts))
    assert pa.concat_arrays([part.entities for part in parts]) == whole
    assert all(len(part.entities) <= sizes[0] for part in parts)


def test_the_recipes_run(tmp_path, monkeypatch):
    notes = pl.read_parquet(NOTES).head(12)
    notes.write_parquet(tmp_path / "in.parquet")
    expect = notes.with_columns(ner=pl.col("note").ner.extract())
    run_example("ray_annotate.py", tmp_path / "in.parquet", tmp_path / "ray", "note")
    assert pl.read_parquet(tmp_path / "ray" / "*.parquet").sort("id").equals(expect.sort("id"))
    run_example("daft_udf.py", tmp_path / "in.parquet", tmp_path / "daft", "note")
    daft = pl.read_parquet(tmp_path / "daft" / "*.parquet").sort("id")
    listed = notes.with_columns(ner=pl.col("note").ner.extract(layout="list_of_structs"))
    assert daft.equals(listed.sort("id").select(daft.columns))
    shown = run_example("datafusion_udf.py", tmp_path / "in.parquet", "note")
    rows = [
        tuple(cell.strip() for cell in line.split("|")[1:-1]) for line in shown.splitlines() if line.startswith("| n0")
    ]
    exploded = expect.ner.explode().select(pl.col("id", "chunk", "entity", "begin", "end").cast(pl.String))
    assert rows == exploded.head(12).rows()


def test_sql_gives_what_the_command_line_gives(monkeypatch, tmp_path):
    from datafusion import SessionContext

    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    recipe = importlib.import_module("datafusion_udf")
    context = SessionContext()
    context.register_udf(recipe.ner(model=TINY))
    context.register_parquet("notes", str(NOTES))
    found = pl.DataFrame(context.sql("select id, ner(note) as ner from notes").to_arrow_table()).sort("id")
    command_line(
        "annotate", NOTES, "-o", tmp_path / "out.parquet", "-c", "note", "-m", TINY, "--layout", "list_of_structs", "-q"
    )
    assert found.equals(pl.read_parquet(tmp_path / "out.parquet", columns=["id", "ner"]).sort("id"))


def test_doctests_run():
    import doctest

    result = doctest.testmod(spanframe.ray)
    assert result.failed == 0 and result.attempted > 0
