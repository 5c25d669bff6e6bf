"""What does the Polars expression cost beside the engine?

Times, alternating, ``pl.col("note").ner.extract()`` and ``spanframe.Engine.annotate`` on the same notes, and a tiny
model beside the bundled one, where the border weighs more. Prints JSON.
"""

import json
import statistics
import time
from pathlib import Path

import polars as pl

import spanframe

ROOT = Path(__file__).parents[1]
ROUNDS = 5


def seconds(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    notes = pl.read_parquet(ROOT / "data" / "notes.parquet")
    tiny = str(ROOT / "data" / "test_models" / "multi-head")
    for model, rows in ((None, 60), (tiny, 2400)):
        frame = notes.head(rows)
        engine = spanframe.Engine(model)
        expression = pl.col("note").ner.extract(model)
        engine.annotate(frame["note"])  # warm
        pairs = [
            (seconds(lambda: frame.select(expression)), seconds(lambda: engine.annotate(frame["note"])))
            for _ in range(ROUNDS)
        ]
        by_polars, by_engine = (statistics.median(side) for side in zip(*pairs))
        record = {
            "question": "Polars expression beside the engine",
            "model": model and "multi-head (tiny)" or "clinical-ner-small",
            "rows": rows,
            "polars_seconds": round(by_polars, 3),
            "engine_seconds": round(by_engine, 3),
            "overhead": round(by_polars / by_engine - 1, 3),
        }
        print(json.dumps(record))


if __name__ == "__main__":
    main()
