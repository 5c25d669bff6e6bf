"""Scores a model on annotated documents. Exits with 1 if the F1 of a type is below --at-least.

python examples/evaluate_model.py gold.jsonl --model discharge --at-least 0.8

The gold file has one JSON line per document: {"id", "text", "entities": [{"start", "end", "label"}]}, with positions in code
points. Use it as a nightly check of a model, or before another model replaces it.
"""

import argparse
import json
import subprocess
import sys

import polars as pl


def scores(gold: str, model: str | None, rename: str | None) -> pl.DataFrame:
    """What ``spanframe evaluate`` says: a row a type, and one of all."""
    command = ["spanframe", "evaluate", gold, "--quiet", "--json"]
    command += ["--model", model] if model else []
    command += ["--rename", rename] if rename else []
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return pl.DataFrame(report["scores"]).select(
        "type",
        annotated="support",
        precision=pl.col("strict").struct.field("precision"),
        recall=pl.col("strict").struct.field("recall"),
        f1=pl.col("strict").struct.field("f1"),
        f1_low=pl.col("strict").struct.field("f1_low"),
        f1_relaxed=pl.col("relaxed").struct.field("f1"),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gold", help="a corpus: .jsonl, a brat folder or a CoNLL file")
    parser.add_argument("--model", help="model folder or name; the bundled model where left out")
    parser.add_argument("--rename", help="labels of the gold as types of the model: LABEL=TYPE, with commas")
    parser.add_argument("--at-least", type=float, default=0.0, help="strict F1 that every type must reach")
    arguments = parser.parse_args()
    found = scores(arguments.gold, arguments.model, arguments.rename)
    with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        print(found)
    low = found.filter(pl.col("f1").fill_null(0.0) < arguments.at_least)["type"].to_list()
    if low:
        sys.exit(f"below {arguments.at_least}: {', '.join(low)}")
