"""What the tests share."""

from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
TINY = str(DATA / "test_models" / "multi-head")


@pytest.fixture(scope="session")
def notes() -> pl.DataFrame:
    """The first notes, with a null and an empty one between them."""
    frame = pl.read_parquet(DATA / "notes.parquet").head(120)
    odd = frame.head(2).with_columns(note=pl.Series([None, ""], dtype=pl.String))
    return pl.concat([frame.head(60), odd, frame.tail(60)])
