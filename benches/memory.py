"""Does peak memory grow with the file?

Annotates a file of notes and one a hundred times larger, each in a process of its own, and prints the peak resident
memory of both as JSON. The tiny test model stands in for the bundled one, whose weights only add a constant: the
question is about the pipeline, and at the speed of a real model it would take hours to ask.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "target" / "release" / "spanframe"
MODEL = ROOT / "data" / "test_models" / "multi-head"
TIMES = int(sys.argv[1]) if len(sys.argv) > 1 else 100
# enough text to fill what the pipeline holds at once
NOTES = 1000


def annotate(source: Path) -> tuple[float, float]:
    """Peak resident memory in MB, and seconds, of one run of the program."""
    started = time.monotonic()
    command = [PROGRAM, "annotate", source, "-o", source.with_suffix(".out.parquet"), "-c", "note", "-m", MODEL, "-q"]
    child = os.posix_spawn(PROGRAM, [str(part) for part in command], os.environ)
    _, status, usage = os.wait4(child, 0)
    assert status == 0, status
    return usage.ru_maxrss / 1024, time.monotonic() - started


def main() -> None:
    notes = pq.read_table(ROOT / "data" / "notes.parquet").slice(0, NOTES)
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.parquet"), Path(folder, "large.parquet")
        pq.write_table(notes, small)
        with pq.ParquetWriter(large, notes.schema) as writer:
            for _ in range(TIMES):
                writer.write_table(notes)
        megabytes = pc.sum(pc.binary_length(notes["note"])).as_py() / 1e6
        (small_peak, small_seconds), (large_peak, large_seconds) = annotate(small), annotate(large)
    record = {
        "question": "peak memory of a file and of one that many times larger",
        "times": TIMES,
        "text_mb": round(megabytes, 1),
        "small_peak_mb": round(small_peak),
        "large_peak_mb": round(large_peak),
        "growth": round(large_peak / small_peak - 1, 3),
        "small_seconds": round(small_seconds, 1),
        "large_seconds": round(large_seconds, 1),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
