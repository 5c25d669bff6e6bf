"""Rows a second on Spark with one and two executors, beside the command line with as many threads, on the same notes.

    python benches/spark.py [ROWS]

Executors have one core each, as a session of the command line has one thread. Spark's time is that of a second run, when
its workers have loaded the model; the command line's has its start and loading in it, and the seconds of these beside.
The share outside of the engine is of the run time that Spark counts for the tasks. Prints JSON, a line an executor count.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pyarrow.parquet as pq

ROOT = Path(__file__).parents[1]
ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
PARTITIONS = 8


def command_line(source: Path, sessions: int) -> float:
    code = "from spanframe._cli import main; main()"
    arguments = [
        "annotate",
        source,
        "-o",
        source.with_name("cli.parquet"),
        "-c",
        "note",
        "-q",
        "--overwrite",
        "--sessions",
        sessions,
    ]
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True)
    return time.perf_counter() - started


def on_spark(source: Path, executors: int) -> dict[str, float]:
    """Seconds of a warm run, of its tasks, and of the engine in them."""
    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructField, StructType

    import spanframe.spark
    from spanframe._column import Plan

    session = (
        SparkSession.builder.master(f"local-cluster[{executors},1,1536]")
        .config("spark.executor.memory", "1g")
        .config("spark.driver.host", "localhost")
        .config("spark.executorEnv.PYTHONPATH", str(Path(spanframe.__file__).parents[1]))
        .config("spark.ui.port", "0")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    engine_seconds = session.sparkContext.accumulator(0.0)

    def timed(batches):
        from spanframe._column import ColumnAnnotator

        made = []

        def recorded(*arguments):
            made.append(ColumnAnnotator(*arguments))
            return made[-1]

        spanframe.spark.ColumnAnnotator = recorded
        yield from spanframe.spark._task(Plan({"layout": "annotation"}), (0, None), "note", ["ner"])(batches)
        engine_seconds.add(sum(annotator.seconds for annotator in made))

    notes = session.read.parquet(str(source)).select("note").repartition(PARTITIONS).cache()
    notes.count()
    schema = StructType([*notes.schema.fields, StructField("ner", spanframe.spark.LAYOUTS["annotation"])])
    annotated = notes.mapInArrow(timed, schema)
    annotated.limit(executors * PARTITIONS).write.format("noop").mode("overwrite").save()
    engine_before, tasks_before = engine_seconds.value, task_seconds(session)
    started = time.perf_counter()
    annotated.write.format("noop").mode("overwrite").save()
    seconds = time.perf_counter() - started
    measured = {
        "seconds": seconds,
        "task_seconds": task_seconds(session) - tasks_before,
        "engine_seconds": engine_seconds.value - engine_before,
    }
    session.stop()
    return measured


def task_seconds(session) -> float:
    """Run time of all tasks so far, as Spark counts it."""
    context = session.sparkContext
    time.sleep(2)  # its counts arrive a little later than the result
    url = f"{context.uiWebUrl}/api/v1/applications/{context.applicationId}/stages"
    with urllib.request.urlopen(url) as answer:
        return sum(stage["executorRunTime"] for stage in json.load(answer)) / 1000


def main() -> None:
    os.environ["PYSPARK_PYTHON"] = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        source, single = Path(folder, "notes.parquet"), Path(folder, "note.parquet")
        notes = pq.read_table(ROOT / "data" / "notes.parquet").slice(0, ROWS)
        pq.write_table(notes, source)
        pq.write_table(notes.slice(0, 1), single)
        for executors in (1, 2):
            measured = on_spark(source, executors)
            start = command_line(single, executors)
            whole = command_line(source, executors)
            record = {
                "question": "Spark beside the command line",
                "executors": executors,
                "rows": notes.num_rows,
                "spark_rows_per_second": round(notes.num_rows / measured["seconds"], 2),
                "command_line_rows_per_second": round(notes.num_rows / whole, 2),
                "command_line_start_seconds": round(start, 2),
                "share_outside_engine": round(1 - measured["engine_seconds"] / measured["task_seconds"], 3),
                **{name: round(value, 2) for name, value in measured.items()},
            }
            print(json.dumps(record))


if __name__ == "__main__":
    main()
