"""Two executors of a Spark cluster find what the command line finds, even if processes are killed."""

import doctest
import os
import re
import shutil
import signal
import sys
import threading
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import DATA, TINY, command_line, require, run_example

require("pyspark", programs=("java",))

import polars as pl
import pyarrow as pa
import pyspark
from pyspark.sql import SparkSession
from pyspark.sql.types import StringType, StructType

import spanframe
import spanframe.spark
from spanframe import InputError
from spanframe._column import Plan

NOTES = str(DATA / "notes.parquet")
SENTINEL = "XSENTINELX"


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    """Starts a cluster with two executors, each in its own process."""
    package = str(Path(spanframe.__file__).parents[1])
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "localhost",
        "spark.executor.memory": "700m",
        "spark.executorEnv.PYTHONPATH": package,
        "spark.sql.session.timeZone": "America/New_York",
        "spark.local.dir": str(tmp_path_factory.mktemp("spark")),
    }
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()
    shutil.rmtree(Path(pyspark.__file__).parent / "work", ignore_errors=True)


@pytest.fixture(scope="module")
def expect(tmp_path_factory):
    """Returns entities by id, as the command line finds them with the tiny model."""
    out = tmp_path_factory.mktemp("expect") / "out.parquet"
    command_line("annotate", NOTES, "-o", out, "-c", "note", "-m", TINY, "--layout", "list_of_structs", "-q")
    return by_id(pl.read_parquet(out, columns=["id", "ner"]).rows())


def by_id(rows):
    return {row[0]: plain(row[1]) for row in rows}


def plain(value):
    """Returns Spark's rows as dicts."""
    if hasattr(value, "asDict"):
        return value.asDict(recursive=True)
    return [plain(one) for one in value] if isinstance(value, list) else value


def annotated(spark, df, **options):
    options = {"output": "ner", "model": TINY, "layout": "list_of_structs", "offsets": "char"} | options
    return spanframe.spark.annotate(df, "note", **options)


def collected(df):
    return by_id(df.select("id", "ner").collect())


def test_rows_of_a_set_go_to_the_models_of_their_language(spark):
    models = ["roberta_disease_ner_onnx", "roberta_disease_ner_es_onnx", "bert_token_classifier_disease_ner_it_onnx"]
    notes = pl.read_parquet(NOTES, columns=["id", "lang", "note"]).head(12)
    df = spark.createDataFrame(notes.rows(), "id string, lang string, note string")
    ner = pl.col("note").ner.extract(models, language="lang", layout="list_of_structs")
    expect = by_id(notes.select("id", ner).rows())
    options = {"model": models, "language": "lang"}
    assert by_id(annotated(spark, df, **options).select("id", "ner").collect()) == expect
    annotations = annotated(spark, df, **options, layout="annotation", offsets=None)
    rows = annotations.selectExpr("id", "transform(ner, x -> x.metadata['model']) as models").collect()
    assert {row.id: row.models for row in rows} == {id: [e["model"] for e in row] for id, row in expect.items()}
    with pytest.raises(InputError, match="there is no column `langs`"):
        annotated(spark, df, model=models, language="langs")
    with pytest.raises(InputError, match="column `n` is int, expected a string column"):
        annotated(spark, df.selectExpr("*", "1 as n"), model=models, language="n")


def test_texts_and_languages_may_be_bytes(spark, expect):
    few = spark.read.parquet(NOTES).limit(20)
    found = collected(annotated(spark, few.withColumn("note", few["note"].cast("binary"))))
    assert len(found) == 20 and found == {key: expect[key] for key in found}


def test_two_executors_give_what_the_command_line_gives(spark, expect):
    assert spark._jsc.sc().getExecutorMemoryStatus().size() == 3, "the driver and two executors"
    found = collected(annotated(spark, spark.read.parquet(NOTES).repartition(6), batch_rows=100))
    assert len(found) == len(expect) == 2400
    assert found == expect


def test_the_bundled_model_gives_what_the_command_line_gives(spark, tmp_path):
    pl.read_parquet(NOTES).head(24).write_parquet(tmp_path / "in.parquet")
    command_line(
        "annotate",
        tmp_path / "in.parquet",
        "-o",
        tmp_path / "out.parquet",
        "-c",
        "note",
        "--layout",
        "annotation",
        "-q",
    )
    theirs = pl.read_parquet(tmp_path / "out.parquet", columns=["id", "ner"]).rows_by_key("id", named=True, unique=True)
    ours = spanframe.spark.annotate(spark.read.parquet(str(tmp_path / "in.parquet")), "note", "ner")
    found = by_id(ours.select("id", "ner").collect())
    assert len(found) == 24
    assert found == {key: row["ner"] for key, row in theirs.items()}


@pytest.mark.parametrize("victim", ["executor", "worker"])
def test_a_killed_process_loses_nothing(spark, expect, victim):
    marks = {"executor": "CoarseGrainedExecutorBackend", "worker": "pyspark.daemon"}
    df = spark.read.parquet(NOTES).repartition(24)
    done, killed = threading.Event(), []
    started = {pid for pid in processes(marks[victim])}

    def kill():
        tracker = spark.sparkContext.statusTracker()
        while not done.wait(0.05):
            stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
            if any(stage and 1 <= stage.numCompletedTasks < stage.numTasks == 24 for stage in stages):
                # workers that a daemon forked do the annotating
                for pid in [pid for pid in processes(marks[victim]) if victim == "executor" or parent(pid) in started]:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                    return

    collected(annotated(spark, df.limit(8)))  # starts the daemons
    started |= {pid for pid in processes(marks[victim])}
    thread = threading.Thread(target=kill)
    thread.start()
    try:
        found = collected(annotated(spark, df))
    finally:
        done.set()
        thread.join()
    assert killed, "the job was over before anything was killed"
    assert found == expect


def processes(mark):
    """Returns processes of this Spark's executors by a part of their command line."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "cmdline").read_text() and is_ours(int(entry.name)):
                yield int(entry.name)
        except OSError:
            continue


def parent(pid):
    try:
        return int(re.search(r"^PPid:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1])
    except OSError:
        return 0


def is_ours(pid):
    while pid > 1:
        pid = parent(pid)
        if pid == os.getpid():
            return True
    return False


def test_a_stream_gives_the_same_and_starts_again_where_it_was(spark, expect, tmp_path):
    incoming, out, checkpoint = (str(tmp_path / name) for name in ("in", "out", "checkpoint"))
    notes = pl.read_parquet(NOTES).head(200)
    Path(incoming).mkdir()

    def run():
        df = spark.readStream.schema(spark.read.parquet(NOTES).schema).parquet(incoming)
        stream = annotated(spark, df).writeStream.format("parquet").option("checkpointLocation", checkpoint)
        stream.trigger(availableNow=True).start(out).awaitTermination()
        return spark.read.parquet(out)

    notes.head(120).write_parquet(f"{incoming}/a.parquet")
    assert run().count() == 120
    notes.tail(80).write_parquet(f"{incoming}/b.parquet")
    result = run()
    assert result.count() == 200
    assert collected(result) == {key: expect[key] for key in notes["id"]}


def test_the_last_lines_of_a_spark_nlp_script_run_unchanged(spark, capsys):
    result = spanframe.spark.annotate(spark.createDataFrame([["Niega disnea. 😀 Toma aspirina."]]).toDF("text"), "text")
    result.selectExpr("explode(ner_chunk) as chunk").selectExpr(
        "chunk.result as chunk", "chunk.metadata['entity'] as entity"
    ).show(truncate=False)
    lines = [line.strip("|").split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert [[cell.strip() for cell in line] for line in lines] == [
        ["chunk", "entity"],
        ["disnea", "SYMPTOM"],
        ["aspirina", "MEDICATION"],
    ]
    (row,) = result.selectExpr("ner_chunk[1].begin", "ner_chunk[1].end").collect()
    assert tuple(row) == (22, 29), "UTF-16 units, the end inclusive"


@pytest.mark.parametrize("layout", list(spanframe.spark.LAYOUTS))
def test_every_layout_has_its_declared_type_nulls_and_empties(spark, layout):
    df = spark.createDataFrame([(1, "Toma aspirina."), (2, None), (3, "")], "id int, note string")
    out = spanframe.spark.annotate(df, "note", "ner", layout=layout)
    assert out.schema["ner"].dataType == spanframe.spark.LAYOUTS[layout]
    rows = {row.id: plain(row.ner) for row in out.collect()}
    engine = spanframe.Engine(layout=layout).annotate(["Toma aspirina."])
    assert rows[1] == pl.Series(engine).to_list()[0]
    assert rows[2] is None
    assert not any(rows[3].values()) if layout == "struct_of_lists" else rows[3] == []


def test_all_columns_are_kept_with_their_types(spark):
    df = spark.sql("""
        select timestamp'2024-03-10 03:30:00' ts, timestamp_ntz'2024-03-10 02:30:00' ntz, date'1200-01-01' d,
            cast(12345678901234567890.125 as decimal(38, 3)) de, 'aspirin' as `Note text`, map('a', array(1, null)) m,
            named_struct('x', struct(1, 'é'), 'y', array(map('k', 1L))) st, X'00ff' bin, cast(1 as tinyint) ti,
            cast('nan' as float) f, cast(null as string) n, interval '1' day i, true b, null as void
    """)
    out = spanframe.spark.annotate(df, "Note text", model=TINY)
    assert out.schema.fields[:-1] == df.schema.fields
    before, after = repr(tuple(df.collect()[0])), tuple(out.collect()[0])
    assert repr(after[:-1]) == before
    assert after[-1] is not None
    with pytest.raises(InputError, match=r"column `y` is interval year.*cannot go to Python: cast or drop it"):
        spanframe.spark.annotate(spark.sql("select 'a' note, interval '1' year y"), "note")


def test_a_pipeline_of_spark_nlp_takes_on_error_and_overwrites_no_column(spark):
    from spanframe.compat import nlp

    def model(*more):
        return nlp.Pipeline(
            stages=[
                nlp.DocumentAssembler().setInputCol("text"),
                nlp.Tokenizer().setInputCols("document").setOutputCol("token"),
                nlp.BertForTokenClassification.load(TINY).setInputCols("document", "token").setOutputCol("ner"),
                nlp.NerConverter().setInputCols("document", "token", "ner").setOutputCol("ner_chunk"),
                *more,
            ],
            options={"on_error": "null", "max_document_bytes": 50},
        ).fit()

    df = spark.createDataFrame([("Refiere disnea.",), ("x" * 51,)], "text string")
    rows = model().transform(df).collect()
    assert rows[0].ner_chunk is not None and rows[0].ner_chunk_error is None
    assert rows[1].ner_chunk is None and "max_document_bytes = 50" in rows[1].ner_chunk_error
    finisher = nlp.Finisher().setInputCols("ner_chunk").setOutputCols("TEXT")
    with pytest.raises(InputError, match="there already is a column `TEXT`: name another in setOutputCols"):
        model(finisher).transform(df)


def test_wrong_inputs_are_refused_before_any_job(spark):
    df = spark.createDataFrame([(1, SENTINEL)], "id int, note string")
    for column, options, message in [
        ("nota", {}, "there is no column `nota`; the columns are id, note"),
        ("id", {}, "column `id` is int, expected a string column"),
        ("note", {"output": "ID"}, "there already is a column `ID`: give the new one another name"),
        ("note", {"treshold": 1}, "there is no option `treshold`; did you mean `threshold`?"),
        ("note", {"threshold": 2}, "option `threshold` cannot be 2; it may be a number from 0 to 1"),
        ("note", {"layout": "lists"}, "option `layout` cannot be `lists`"),
        ("note", {"offsets": "char"}, "option `offsets` does not go with the layout `annotation`"),
        ("note", {"on_error": "skip"}, "option `on_error` cannot be `skip`; it may be raise, null"),
        ("note", {"batch_rows": 0}, "option `batch_rows` cannot be 0; it may be an integer from 1"),
    ]:
        with pytest.raises(InputError) as caught:
            spanframe.spark.annotate(df, column, **options)
        assert message in str(caught.value)
        assert SENTINEL not in str(caught.value)
    twice = df.select("note", df.note.alias("Note"))
    with pytest.raises(InputError, match="2 columns are named `note`"):
        spanframe.spark.annotate(twice, "note")


def test_a_bad_row_follows_on_error_and_is_never_quoted(spark):
    good = spark.createDataFrame([(i, "Toma aspirina.") for i in range(5)], "id int, note string").coalesce(1)
    bad = good.union(spark.sql(f"select 5, cast(concat(unhex('C328'), '{SENTINEL}') as string)")).coalesce(1)
    with pytest.raises(Exception) as caught:
        annotated(spark, bad).collect()
    message = str(caught.value)
    assert "row 5 of partition 0, column `note` is not UTF-8" in message
    assert SENTINEL not in message
    out = annotated(spark, bad, on_error="null")
    assert out.schema["ner_error"].dataType == StringType()
    rows = {row.id: row for row in out.collect()}
    assert len(rows) == 6
    assert rows[5].ner is None and "is not UTF-8" in rows[5].ner_error and SENTINEL in rows[5].note
    assert all(rows[i].ner is not None and rows[i].ner_error is None for i in range(5))


def test_a_model_is_shipped_as_an_archive(spark, tmp_path, expect):
    archive = tmp_path / "tiny.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for one in Path(TINY).iterdir():
            file.write(one, one.name)
    spark.sparkContext.addArchive(f"{archive}#shipped")
    df = spark.read.parquet(NOTES).limit(6)
    found = collected(annotated(spark, df, model="shipped"))
    assert len(found) == 6
    assert found == {key: expect[key] for key in found}
    with pytest.raises(Exception, match="there is no model at `absent`.*nor did Spark ship it to `/.*/absent`"):
        annotated(spark, df, model="absent").collect()


@pytest.mark.parametrize(
    ("options", "cpus", "gpus", "found"),
    [
        ({}, 3, [], {"sessions": 3}),
        ({"intra_threads": 2}, 5, [], {"sessions": 2}),
        ({"sessions": 4}, 1, [], {"sessions": 4}),
        ({"device": "cuda"}, 1, ["2"], {"device": "cuda:2"}),
        ({"device": "cuda:0"}, 1, ["2"], {"device": "cuda:0"}),
    ],
)
def test_threads_and_gpu_are_those_of_the_task(monkeypatch, options, cpus, gpus, found):
    resources = {"gpu": SimpleNamespace(addresses=gpus)} if gpus else {}
    context = SimpleNamespace(cpus=lambda: cpus, resources=lambda: resources, partitionId=lambda: 0)
    plans = []
    monkeypatch.setattr(spanframe.spark, "ColumnAnnotator", lambda plan, place: plans.append(plan))
    spanframe.spark._annotator(Plan(options), context, "")
    assert found.items() <= plans[0].options.items()
    assert ("sessions" in plans[0].options) == ("sessions" in found)


def test_the_engine_is_kept_between_tasks(spark):
    from spanframe._column import _engine

    def loads(batches):
        for batch in batches:
            yield from spanframe.spark._task(Plan({"model": TINY}), (1, None), "note", ["ner"])(iter([batch]))
        assert _engine.cache_info().misses == 1, _engine.cache_info()

    df = spark.read.parquet(NOTES).select("id", "note").limit(40).repartition(4)
    schema = StructType([*df.schema.fields]).add("ner", spanframe.spark.LAYOUTS["struct_of_lists"])
    for _ in range(2):
        assert df.mapInArrow(loads, schema).count() == 40


def test_the_examples_run(spark, tmp_path):
    notes = pl.read_parquet(NOTES).head(6)
    (tmp_path / "in").mkdir()
    notes.write_parquet(tmp_path / "in" / "a.parquet")
    run_example("spark_annotate.py", tmp_path / "in", tmp_path / "out", "note")
    found = pl.read_parquet(tmp_path / "out" / "*.parquet")
    expect = notes.with_columns(ner=pl.col("note").ner.extract(offsets="spark")).ner.explode()
    assert sorted(found.rows()) == sorted(expect.select(found.columns).rows())
    run_example("spark_stream.py", tmp_path / "in", tmp_path / "stream", tmp_path / "checkpoint", "note")
    assert pl.read_parquet(tmp_path / "stream" / "*.parquet").height == 6


def test_a_position_that_does_not_fit_is_an_error():
    entities = pa.array([[{"begin": 1, "end": 2**31}]], pa.list_(pa.struct({"begin": pa.uint32(), "end": pa.uint32()})))
    with pytest.raises(pa.ArrowInvalid, match="2147483648 not in range"):
        spanframe.spark._signed(entities)


def test_time_is_spent_in_the_engine():
    started = time.perf_counter()
    annotator = spanframe._column.ColumnAnnotator(Plan({"model": TINY}))
    list(annotator.parts(pl.read_parquet(NOTES).head(50)["note"].to_arrow()))
    assert 0 < annotator.seconds < time.perf_counter() - started


def test_doctests_run(spark):
    result = doctest.testmod(spanframe.spark)
    assert result.failed == 0 and result.attempted > 0
