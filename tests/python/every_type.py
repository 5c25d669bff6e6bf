"""Columns of every type with the extreme values of each, and the programs that write and read them."""

import decimal
from datetime import datetime
from pathlib import Path
from uuid import UUID

import canonical
import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

NOTES = [
    "Refiere fiebre y tos",
    "Niega disnea. Toma paracetamol",
    "Dolor torácico y disnea desde ayer",
    "Aspirina 81 mg",
]
IDS = [3, 1, 4, 2]
LAST = decimal.Decimal("9" * 38)
FAR = [datetime(9999, 12, 31, 23, 59, 59), datetime(1, 1, 1), None, datetime(1582, 10, 4)]
DAY = 86_400 * 10**9


def integers(bits: int, signed: bool) -> pa.Array:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return pa.array([low, high, None, 1], getattr(pa, f"{'' if signed else 'u'}int{bits}")())


def timestamps(unit: str, zone: str | None = None) -> pa.Array:
    """Dates that 64 bits of nanoseconds do not hold, except for nanoseconds."""
    if unit == "ns":
        return pa.array([2**63 - 1, -(2**63) + 1, None, 0], pa.timestamp("ns", zone))
    return pa.array(FAR, pa.timestamp(unit)).cast(pa.timestamp(unit, zone))


def categories(keys: pa.DataType, values: list | pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([1, 0, None, 1], keys), values)


def common() -> dict[str, pa.Array]:
    """Columns that pyarrow, Polars and DuckDB read from a Parquet file."""
    text = pa.array(["", "a\0b", None, "😀" * 50])
    data = pa.array([b"", b"\x00\xff\xc3(", None, b"x" * 300])
    record = pa.struct([("at", pa.timestamp("us")), ("code", pa.string())])
    columns = {
        **{f"{'' if signed else 'u'}int{n}": integers(n, signed) for n in (8, 16, 32, 64) for signed in (True, False)},
        "bool": pa.array([True, False, None, True]),
        "null": pa.nulls(4),
        "float16": pa.array(np.array([65504, -65504, np.inf, -0.0], np.float16)),
        "float32": pa.array([3.4028234663852886e38, 1e-45, None, float("-inf")], pa.float32()),
        "float64": pa.array([1.7976931348623157e308, 5e-324, None, float("nan")]),
        "decimal9": pa.array([decimal.Decimal("9999999.99"), decimal.Decimal("-0.01"), None, 0], pa.decimal128(9, 2)),
        "decimal38": pa.array([LAST, LAST.copy_negate(), None, decimal.Decimal(1)], pa.decimal128(38, 0)),
        "decimal32": pa.array([decimal.Decimal("-9999999.99"), None, decimal.Decimal("0.01"), 0], pa.decimal32(9, 2)),
        "decimal64": pa.array([decimal.Decimal("9" * 16 + ".99"), None, decimal.Decimal("-1"), 0], pa.decimal64(18, 2)),
        "date32": pa.array([2_932_896, -719_162, None, -1], pa.int32()).view(pa.date32()),
        "date64": pa.array([2_932_896 * 86_400_000, None, 0, -86_400_000], pa.int64()).view(pa.date64()),
        **{f"timestamp_{unit}": timestamps(unit) for unit in ("s", "ms", "us", "ns")},
        **{f"zoned_{unit}": timestamps(unit, "Europe/Madrid") for unit in ("ms", "us", "ns")},
        "time32": pa.array([0, 86_399, None, 1], pa.time32("s")),
        "time32_ms": pa.array([0, 86_399_999, None, 1], pa.time32("ms")),
        "time64": pa.array([0, DAY // 1000 - 1, None, 1], pa.time64("us")),
        "time64_ns": pa.array([0, DAY - 1, None, 1], pa.time64("ns")),
        **{f"string{i}": text.cast(kind) for i, kind in enumerate([pa.string(), pa.large_string(), pa.string_view()])},
        **{f"binary{i}": data.cast(kind) for i, kind in enumerate([pa.binary(), pa.large_binary(), pa.binary_view()])},
        "fixed": pa.array([b"\0" * 16, b"\xff" * 16, None, b"a" * 16], pa.binary(16)),
        **{f"category{i}": categories(kind, pa.array(["", "b"])) for i, kind in enumerate([pa.int8(), pa.uint32()])},
        "category_of_int": categories(pa.int8(), pa.array([-(2**63), 2**63 - 1])),
        "category_of_time": categories(pa.int16(), pa.array(FAR[:2], pa.timestamp("us"))),
        "list": pa.array([[1, None], [], None, [2**63 - 1]], pa.list_(pa.int64())),
        "large_list": pa.array([[1, None], [], None, [2]], pa.large_list(pa.int64())),
        "array": pa.array([[1, 2], None, [3, None], [-(2**31), 5]], pa.list_(pa.int32(), 2)),
        "struct": pa.array([{"at": FAR[0], "code": "x"}, None, {"at": None, "code": None}, {"at": FAR[1]}], record),
        "records": pa.array([[{"at": FAR[0], "code": ""}], None, [], [None, {"at": FAR[1]}]], pa.list_(record)),
        "map": pa.array([[("k", 1), ("l", None)], [], None, [("", 2**63 - 1)]], pa.map_(pa.string(), pa.int64())),
        "map_of_times": pa.array([[(1, FAR[0])], [], None, [(2, FAR[1])]], pa.map_(pa.int8(), pa.timestamp("s"))),
        "list_of_categories": pa.array([["a"], None, [], ["b", None]], pa.list_(pa.dictionary(pa.int8(), pa.string()))),
    }
    return {"id": pa.array(IDS), "note": pa.array(NOTES), **columns}


def odd() -> dict[str, pa.Array]:
    """Columns of which one of the three readers knows the type in another way, or not."""
    keys = pa.array([b"\0" * 16, b"\xff" * 16, None, b"a" * 16], pa.binary(16))
    wide = decimal.Decimal("9" * 76)
    return {
        **{f"duration_{unit}": pa.array([-(2**53), 2**53, None, 1], pa.duration(unit)) for unit in ("s", "ns")},
        "decimal256": pa.array([wide, wide.copy_negate(), None, decimal.Decimal(1)], pa.decimal256(76, 0)),
        "offset": pa.array([0, -1, None, 10**15], pa.timestamp("us", "+05:30")),
        "category_of_decimal": categories(pa.int8(), pa.array([LAST, LAST.copy_negate()], pa.decimal128(38, 0))),
        "views": pa.array([[1, None], [], None, [2]], pa.list_view(pa.int64())),
        "large_views": pa.array([[[1]], None, [], [[2], None]], pa.large_list_view(pa.list_view(pa.int8()))),
        "uuid": pa.ExtensionArray.from_storage(pa.uuid(), keys),
        "json": pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{}", "1", None, '"x"'])),
    }


def by_pyarrow(path: Path, column: str) -> list:
    files = sorted(Path("/").glob(str(path)[1:]))
    return canonical.values(pa.concat_tables([pq.read_table(file) for file in files])[column])


def by_polars(path: Path, column: str) -> list:
    return canonical.values(pl.read_parquet(path)[column].to_arrow())


def by_duckdb(path: Path, column: str) -> list:
    with duckdb.connect() as connection:
        found = connection.sql(f"SELECT \"{column}\" FROM read_parquet('{path}')")
        values = canonical.values(found.to_arrow_table()[column])
        return [UUID(value).bytes if value else None for value in values] if found.types == ["UUID"] else values


READERS = {"pyarrow": by_pyarrow, "Polars": by_polars, "DuckDB": by_duckdb}
