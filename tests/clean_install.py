"""Annotates data/notes.parquet by the command line and the expression, and prints how long each took.

`make test-install` runs this in an environment with nothing but Python and the wheel.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

import spanframe

NOTES = Path(__file__).parents[1] / "data" / "notes.parquet"
rows = int(os.environ.get("ROWS") or pl.scan_parquet(NOTES).select(pl.len()).collect().item())

for compiler in ("cc", "gcc", "clang", "rustc", "cargo"):
    assert shutil.which(compiler) is None, f"{compiler} is here: this proves nothing"

with tempfile.TemporaryDirectory() as folder:
    notes, entities = Path(folder, "notes.parquet"), Path(folder, "entities.parquet")
    pl.read_parquet(NOTES).head(rows).write_parquet(notes)
    start = time.perf_counter()
    program = Path(sys.executable).with_name("spanframe")
    subprocess.run([program, "annotate", notes, "-o", entities, "--column", "note", "--quiet"], check=True)
    by_program = time.perf_counter() - start
    start = time.perf_counter()
    found = pl.scan_parquet(notes).with_columns(ner=pl.col("note").ner.extract()).collect()
    by_expression = time.perf_counter() - start
    assert found.equals(pl.read_parquet(entities)), "the expression and the program differ"
    mentions = len(found.ner.explode())
    assert mentions > rows
print(
    f"spanframe {spanframe.__version__}, {rows} notes, {mentions} entities: "
    f"{by_program:.0f} s by the program, {by_expression:.0f} s by the expression"
)
