"""Annotates Parquet files with Polars: rows stream from the input to the output in bounded memory.

python examples/polars_sink.py 'notes/*.parquet' annotated.parquet --column note
"""

import argparse
from pathlib import Path

import polars as pl

import spanframe  # noqa: F401  (registers pl.col(...).ner)


def annotate(notes: str, output: Path, column: str, model: str | None = None) -> None:
    """Writes all columns of ``notes`` and ``ner`` to ``output``, which is there whole or not at all."""
    partial = output.with_name(f".{output.name}.partial")
    pl.scan_parquet(notes).with_columns(ner=pl.col(column).ner.extract(model)).sink_parquet(partial)
    partial.replace(output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notes", help="a Parquet file, a folder or a pattern")
    parser.add_argument("output", type=Path, help="the Parquet file to write")
    parser.add_argument("--column", default="note", help="column with the texts")
    parser.add_argument("--model", help="model folder or name; the bundled model where left out")
    arguments = parser.parse_args()
    annotate(arguments.notes, arguments.output, arguments.column, arguments.model)
