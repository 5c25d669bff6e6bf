"""Does peak memory grow with the input?

Annotates a file of notes and one a hundred times larger, each in a process of its own, and prints the peak resident
memory of both; then runs jobs over 1, 10 and 100 times the notes in one Parquet file, with row groups of the usual size
and in one giant row group, and prints a table of their peaks. The last line is all of it as JSON. The tiny test models
stand in for the bundled one, whose weights only add a constant: the question is about the pipeline, and at the speed of
a real model it would take hours to ask.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import child
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[1]
PROGRAM = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "spanframe"
MODELS = ROOT / "data" / "test_models"
TIMES = int(sys.argv[1]) if len(sys.argv) > 1 else 100
# enough text to fill what the pipeline holds at once
NOTES = 1000
# of a job, for rows in hand: little, so that ten times the notes fill it
MEMORY = "64M"


def peak(*arguments: object) -> tuple[float, float]:
    """Peak resident memory in MB, and seconds, of one run of the program."""
    usage = child.measure([PROGRAM, *arguments, "-c", "note", "-q"])
    return usage.peak_mb, usage.seconds


def write(path: Path, notes: pa.Table, times: int, row_group: int | None) -> float:
    """Writes the notes so many times, and gives the megabytes of their texts.

    `row_group` is the rows of a row group; with None there is one of all.
    """
    if row_group is None:
        # a table of slices of one: not more memory here than for one of them
        pq.write_table(pa.concat_tables([notes] * times), path, row_group_size=len(notes) * times)
    else:
        with pq.ParquetWriter(path, notes.schema) as writer:
            for _ in range(times):
                writer.write_table(notes, row_group_size=row_group)
    return pc.sum(pc.binary_length(notes["note"])).as_py() * times / 1e6


def annotate(folder: Path, notes: pa.Table) -> dict:
    """Peaks of `spanframe annotate` on a small and on a large file."""
    small, large = folder / "small.parquet", folder / "large.parquet"
    megabytes = write(small, notes, 1, NOTES)
    write(large, notes, TIMES, NOTES)

    def one(source: Path) -> tuple[float, float]:
        return peak("annotate", source, "-o", source.with_suffix(".out.parquet"), "-m", MODELS / "multi-head")

    (small_peak, small_seconds), (large_peak, large_seconds) = one(small), one(large)
    return {
        "question": "peak memory of a file and of one that many times larger",
        "times": TIMES,
        "text_mb": round(megabytes, 1),
        "small_peak_mb": round(small_peak),
        "large_peak_mb": round(large_peak),
        "growth": round(large_peak / small_peak - 1, 3),
        "small_seconds": round(small_seconds, 1),
        "large_seconds": round(large_seconds, 1),
    }


def job(folder: Path, notes: pa.Table) -> list[dict]:
    """Peaks of `spanframe run` on growing files, a row of the table each."""
    rows = []
    print(f"{'rows':>8} {'text MB':>8} {'row groups':>11} {'peak MB':>8} {'seconds':>8}")
    for times in (1, 10, TIMES):
        for row_group in (NOTES, None):
            source = folder / f"notes-{times}-{row_group}.parquet"
            megabytes = write(source, notes, times, row_group)
            groups = pq.ParquetFile(source).num_row_groups
            output = source.with_suffix("")
            model = MODELS / "bert-uncased"
            megabytes_peak, seconds = peak("run", source, "-o", output, "-m", model, "--memory", MEMORY)
            row = {
                "rows": len(notes) * times,
                "text_mb": round(megabytes, 1),
                "row_groups": groups,
                "peak_mb": round(megabytes_peak),
                "seconds": round(seconds, 1),
                "memory": MEMORY,
            }
            print("{rows:>8} {text_mb:>8} {row_groups:>11} {peak_mb:>8} {seconds:>8}".format(**row), flush=True)
            rows.append(row)
            source.unlink()
    return rows


def main() -> None:
    notes = pq.read_table(ROOT / "data" / "notes.parquet").slice(0, NOTES)
    with tempfile.TemporaryDirectory() as folder:
        rows = job(Path(folder), notes)
        record = annotate(Path(folder), notes)
    print(json.dumps({**record, "jobs": rows}))


if __name__ == "__main__":
    main()
