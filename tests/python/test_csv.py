"""CSV against Python's own strict reader: what is read is what Python reads, and what Python refuses is refused."""

import csv
import io
import random

import polars as pl
from conftest import TINY

import spanframe

PARTS = [",", '"', "\n", "\r\n", "\r", "a", "ñ", '""', '"x,\ny"', "\n1,", '",', '"\n', ",b\n", '1,"c"\n']
FILES = 150


def python_rows(text: str) -> list[list[str]] | None:
    """Returns the rows of two fields as Python reads them, or None if it refuses the text."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        return None
    return rows[1:]


def test_what_is_read_is_what_python_reads(tmp_path):
    chance = random.Random(27)
    texts = ["id,note\n" + "".join(chance.choices(PARTS, k=chance.randint(0, 10))) for _ in range(FILES)]
    (tmp_path / "in").mkdir()
    for number, text in enumerate(texts):
        (tmp_path / "in" / f"{number:03}.csv").write_bytes(text.encode())
    spanframe.run([tmp_path / "in"], tmp_path / "out", column="note", model=TINY, on_error="reject")
    rejected = pl.read_parquet(tmp_path / "out.job" / "rejects" / "*.parquet")
    whole = 0
    for number, text in enumerate(texts):
        codes = rejected.filter(pl.col("file").str.ends_with(f"{number:03}.csv"))["code"].to_list()
        found = pl.read_parquet(tmp_path / "out" / f"{number:03}.parquet").select("id", "note").rows()
        expected = python_rows(text)
        if not set(codes) - {"fields"}:
            assert expected is not None, text
            assert found == [tuple(value or None for value in row) for row in expected if len(row) == 2], text
            assert len(codes) == sum(len(row) != 2 for row in expected), text
            whole += len(found)
        else:
            # Python ends a row at a carriage return wherever it stands
            assert expected is None or "carriage_return" in codes, text
    assert whole > 20


def test_a_dialect_has_options(tmp_path):
    path = tmp_path / "notes.csv"
    path.write_text("1;'dolor de 3\\' de largo'\n2;''\n")
    spanframe.run(
        [path],
        tmp_path / "out",
        column="column_1",
        model=TINY,
        separator=";",
        quote="'",
        escape="\\",
        header=False,
    )
    found = pl.read_parquet(tmp_path / "out" / "notes.parquet").select("column_0", "column_1").rows()
    assert found == [("1", "dolor de 3' de largo"), ("2", None)]
    path.write_text('id,note\n1,"Refiere\n2,tos\n')
    spanframe.run([path], tmp_path / "text", column="note", model=TINY, quote="")
    assert pl.read_parquet(tmp_path / "text" / "notes.parquet")["note"].to_list() == ['"Refiere', "tos"]
