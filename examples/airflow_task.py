"""A task for Airflow, Dagster or any other scheduler: a resumable job that logs its progress.

python examples/airflow_task.py notes/ entities/ --column note

In Airflow:

    @task(retries=3)
    def entities() -> dict:
        return annotate_notes("s3://clinic/notes", "s3://clinic/entities", column="note", id="note_id")

A retry continues where the task stopped. Running a finished task again does nothing.
"""

import argparse
import json
import logging
import signal
import sys
import time

import spanframe

log = logging.getLogger("airflow.task")


class Report:
    """Tells the log how far a job is, every ``seconds``, and at its end."""

    def __init__(self, seconds: float = 30.0) -> None:
        self._seconds = seconds
        self._next = 0.0

    def __call__(self, now: spanframe.Progress) -> None:
        if time.monotonic() < self._next and now.share < 1.0:
            return
        self._next = time.monotonic() + self._seconds
        left = "?" if now.seconds_left is None else f"{now.seconds_left:.0f}"
        log.info(
            "%d of %d rows, %d of %d units, %.1f rows/s, %s s left",
            now.rows_done, now.rows, now.units_done, now.units, now.rows_per_second, left,
        )  # fmt: skip


def annotate_notes(inputs: str, output: str, *, column: str, **options: object) -> dict[str, object]:
    """Annotates ``inputs`` into ``output``; rows that cannot be annotated are put aside, not the task stopped.

    Gives what a scheduler passes on as JSON: counts, and no text.
    """
    summary = spanframe.run(inputs, output, column=column, on_error="reject", progress=Report(), **options)
    counts = summary.counts
    if counts.rejected:
        log.warning("%d rows were rejected, see the folder rejects of the job's records", counts.rejected)
    return {
        "units": summary.units_done,
        "units_now": summary.units_now,
        "rows": counts.rows,
        "written": counts.written,
        "rejected": counts.rejected,
        "entities": counts.entities,
    }


def stop(*_: object) -> None:
    """Stops the job cleanly, for the next try to go on."""
    raise SystemExit("stopped by the scheduler")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", help="a file, a folder or a pattern, on disk or in an object store")
    parser.add_argument("output", help="folder for the output")
    parser.add_argument("--column", default="note", help="column with the texts")
    parser.add_argument("--id", help="column that names a row in reports")
    parser.add_argument("--model", help="model folder or name; the bundled model where left out")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    # schedulers stop a task by SIGTERM, which would end Python at once
    signal.signal(signal.SIGTERM, stop)
    done = annotate_notes(
        arguments.inputs, arguments.output, column=arguments.column, id=arguments.id, model=arguments.model
    )
    print(json.dumps(done))
