"""Every type comes out of a job with the values that it had, whoever wrote the file and whoever reads the output."""

import json
import math
from pathlib import Path

import canonical
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from conftest import TINY, require

require("duckdb")

import duckdb
from every_type import IDS, NOTES, READERS, common, odd

import spanframe

FORMS = ["nested", "exploded"]


def output(given: Path, form: str, **more) -> Path:
    """The file of a job over `given`."""
    out = given.with_name(f"{given.name}-{form}-{len(more)}")
    spanframe.run(given, out, **{"column": "note", "model": TINY, "form": form} | more)
    return next(out.rglob("*.parquet"))


def outputs(given: Path) -> dict[str, Path]:
    """The output in each form, and what a second job makes of the first one."""
    files = {form: output(given, form) for form in FORMS}
    return files | {"again": output(files["nested"], "nested", output_column="again")}


def assert_values(file: Path, reader: str, columns: dict[str, list]) -> None:
    """`columns` are the values of the rows with the ids `IDS`."""
    read = READERS[reader]
    ids = read(file, "id")
    assert set(ids) == set(IDS)
    for name, values in columns.items():
        of_id = dict(zip(IDS, values))
        assert read(file, name) == [of_id[row] for row in ids], (file.parent.name, reader, name)


@pytest.mark.parametrize("store_schema", [True, False])
def test_parquet_of_pyarrow_keeps_every_value(tmp_path, store_schema):
    given = tmp_path / "given.parquet"
    columns = common()
    pq.write_table(pa.table(columns), given, store_schema=store_schema)
    expected = {name: canonical.values(pq.read_table(given)[name]) for name in columns}
    for file in outputs(given).values():
        for reader in READERS:
            assert_values(file, reader, expected)


@pytest.mark.parametrize("store_schema", [True, False])
def test_int96_keeps_every_value(tmp_path, store_schema):
    given = tmp_path / "given.parquet"
    columns = {name: column for name, column in common().items() if "time" in name or name in ("id", "note", "records")}
    pq.write_table(pa.table(columns), given, use_deprecated_int96_timestamps=True, store_schema=store_schema)
    expected = {name: canonical.values(column) for name, column in columns.items()}
    for file in outputs(given).values():
        for reader in READERS:
            assert_values(file, reader, expected)


@pytest.mark.parametrize("compression", ["uncompressed", "lz4"])
def test_arrow_files_keep_every_value(tmp_path, compression):
    given = tmp_path / "given.arrow"
    columns = common()
    pyarrow.feather.write_feather(pa.table(columns), str(given), compression=compression)
    for file in outputs(given).values():
        for reader in READERS:
            assert_values(file, reader, {name: canonical.values(column) for name, column in columns.items()})


# what a reader does not know, in files of any writer: DuckDB takes durations for integers
UNKNOWN = {("Polars", "decimal256"), ("DuckDB", "decimal256"), ("Polars", "offset")}
UNKNOWN |= {("DuckDB", "duration_s"), ("DuckDB", "duration_ns")}


@pytest.mark.parametrize("column", list(odd()))
def test_types_that_few_know_keep_their_values(tmp_path, column):
    values = odd()[column]
    table = pa.table({"id": IDS, "note": NOTES, column: values})
    pq.write_table(table, tmp_path / "given.parquet")
    pyarrow.feather.write_feather(table, str(tmp_path / "given.arrow"), compression="uncompressed")
    for given in [tmp_path / "given.parquet", tmp_path / "given.arrow"]:
        for file in outputs(given).values():
            for reader in READERS:
                if (reader, column) not in UNKNOWN:
                    assert_values(file, reader, {column: canonical.values(values)})
            assert column != "uuid" or str(duckdb.read_parquet(str(file))["uuid"].types[0]) == "UUID"


REFUSED = {
    "interval": pa.array([pa.MonthDayNano([1, 2, 3]), None, None, None]),
    "union": pa.UnionArray.from_sparse(pa.array([0] * 4, pa.int8()), [pa.array([1, 2, 3, 4])]),
    "empty_struct": pa.array([{}, None, {}, {}], pa.struct([])),
    "empty_bytes": pa.array([b"", None, b"", b""], pa.binary(0)),
    "scale": pa.array([100, None, 200, 300], pa.decimal128(5, 0)).view(pa.decimal128(5, -2)),
}


@pytest.mark.parametrize("column", REFUSED)
def test_a_type_that_parquet_lacks_is_refused_by_name_before_any_work(tmp_path, column):
    given = tmp_path / "given.arrow"
    table = pa.table({"id": IDS, "note": NOTES, column: REFUSED[column]})
    pyarrow.feather.write_feather(table, str(given), compression="uncompressed")
    with pytest.raises(spanframe.InputError, match=rf"column `{column}` of .*select"):
        output(given, "nested")
    assert list(tmp_path.rglob("*.parquet*")) == [] and list(tmp_path.rglob("*.json")) == []
    assert_values(output(given, "nested", select=["id", "note"]), "pyarrow", {"note": NOTES})


POLARS = {
    "category": pl.Series(["a", "b", None, "a"], dtype=pl.Categorical),
    "enum": pl.Series(["a", "b", None, "a"], dtype=pl.Enum(["b", "a"])),
    "list_of_categories": pl.Series([["a"], None, ["b", None], []], dtype=pl.List(pl.Categorical)),
    "list_of_enums": pl.Series([["a"], None, ["b", None], []], dtype=pl.List(pl.Enum(["b", "a"]))),
    "array": pl.Series([[1, 2], None, [3, None], [4, 5]], dtype=pl.Array(pl.Int8, 2)),
    "time": pl.Series([0, 86_399_999_999_999, None, 1]).cast(pl.Time),
}


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_files_of_polars_keep_every_value(tmp_path, ending):
    # Polars has fewer types, so it writes what it made of those of Arrow
    frame = pl.from_arrow(pa.table({name: column for name, column in common().items()})).with_columns(**POLARS)
    given = tmp_path / f"given.{ending}"
    frame.write_parquet(given) if ending == "parquet" else frame.write_ipc(given)
    expected = {name: canonical.values(frame[name].to_arrow()) for name in frame.columns}
    for file in outputs(given).values():
        for reader in READERS:
            assert_values(file, reader, expected)


def test_integers_of_128_bits_are_refused_with_a_way_out(tmp_path):
    frame = pl.DataFrame({"id": IDS, "note": NOTES, "big": pl.Series([2**127 - 1, None, 0, 1], dtype=pl.Int128)})
    for given in [tmp_path / "given.parquet", tmp_path / "given.arrow"]:
        frame.write_parquet(given) if given.suffix == ".parquet" else frame.write_ipc(given)
        with pytest.raises(spanframe.InputError, match="128 bits.*: cast"):
            output(given, "nested")


DUCKDB = {
    "date": "'9999-12-31'::DATE",
    "timestamp": "'9999-12-31 23:59:59.999999'::TIMESTAMP",
    "timestamp_s": "'0001-01-01'::TIMESTAMP_S",
    "timestamp_ns": "'2262-04-11 23:47:16.854775806'::TIMESTAMP_NS",
    "zoned": "'0001-01-01 00:00:00+00'::TIMESTAMPTZ",
    "time": "'23:59:59.999999'::TIME",
    "time_of_zone": "'23:59:59.999999+05:30'::TIMETZ",
    "decimal": "99999999999999999999999999.999999999999::DECIMAL(38, 12)",
    "small_decimal": "-99.99::DECIMAL(4, 2)",
    "unsigned": "18446744073709551615::UBIGINT",
    "enum": "'a'::ENUM('a', 'b')",
    "uuid": "'ffffffff-ffff-ffff-ffff-fffffffffffe'::UUID",
    "json": """'{"a": 1}'::JSON""",
    "blob": r"'\xAA\x00'::BLOB",
    "list": "[9223372036854775807, NULL]",
    "map": "MAP(['9999-12-31'::TIMESTAMP, '0001-01-01'::TIMESTAMP], ['', NULL])",
    "struct": "{'at': '9999-12-31'::DATE, 'of': {'code': NULL::VARCHAR}}",
    "float": "'nan'::FLOAT",
    "double": "'-infinity'::DOUBLE",
    "nothing": "NULL",
}


def test_parquet_of_duckdb_keeps_every_value(tmp_path):
    given = tmp_path / "given.parquet"
    rows = ", ".join(f"({row}, '{note}')" for row, note in zip(IDS, NOTES))
    columns = ", ".join(f'CASE WHEN id <> 4 THEN {value} END AS "{name}"' for name, value in DUCKDB.items())
    duckdb.sql(f"COPY (SELECT id, note, {columns} FROM (VALUES {rows}) AS t(id, note)) TO '{given}' (FORMAT parquet)")
    types = dict(zip(duckdb.read_parquet(str(given)).columns, duckdb.read_parquet(str(given)).types))
    for file in outputs(given).values():
        for reader, read in READERS.items():
            expected = {name: read(given, name) for name in ["note", *DUCKDB]}
            # where no Arrow schema says that JSON is text, Polars reads bytes
            assert_values(file, reader, expected | {"json": READERS["pyarrow"](given, "json")})
        found = duckdb.read_parquet(str(file))
        assert types.items() <= dict(zip(found.columns, found.types)).items()


def test_an_interval_of_duckdb_is_refused_by_name(tmp_path):
    given = tmp_path / "given.parquet"
    duckdb.sql(f"COPY (SELECT 'tos' AS note, INTERVAL '1 month 2 days' AS span) TO '{given}' (FORMAT parquet)")
    with pytest.raises(spanframe.InputError, match="column `span` of .*months, days and milliseconds"):
        output(given, "nested")


@pytest.mark.parametrize("separator", [",", "\t"])
def test_text_files_keep_every_value(tmp_path, separator):
    given = tmp_path / ("given.csv" if separator == "," else "given.tsv")
    texts = ["a,b\t\"c\"\n'd'", " 007 ", None, "9" * 400]
    others = ["0.1234567890123456789", "9999-12-31", "\\N", "NULL"]
    frame = pl.DataFrame({"id": list(map(str, IDS)), "note": NOTES, "text": texts, "other": others})
    frame.write_csv(given, separator=separator)
    for file in outputs(given).values():
        for read in READERS.values():
            rows = dict(zip(IDS, zip(texts, others)))
            found = [rows[int(row)] for row in read(file, "id")]
            assert read(file, "text") == [text for text, _ in found]
            assert read(file, "other") == [other for _, other in found]


NDJSON = {
    "integer": [2**63 - 1, -(2**63), None, 0],
    "unsigned": [2**64 - 1, -1, None, 0],
    "beyond_float": [2**53 + 1, 0.5, None, -1],
    "float": [1.7976931348623157e308, 5e-324, None, -0.0],
    "bool": [True, False, None, True],
    "string": ["", "a\0b", None, "😀"],
    "list": [[2**63 - 1, None], [], None, [1]],
    "list_beyond_float": [[2**53 + 1, 0.5], [], None, [1]],
    "object": [{"a": 1, "b": ["x"]}, {"a": None, "b": []}, None, {"a": 2}],
    "mixed": [1, "1", None, [True]],
    "null": [None] * 4,
}
# types that hold all values of a field, where JSON has none
AS_TEXT = {
    "unsigned": ["18446744073709551615", "-1", None, "0"],
    "beyond_float": ["9007199254740993", "0.5", None, "-1"],
    "list_beyond_float": [["9007199254740993", "0.5"], [], None, ["1"]],
    "object": [{"a": 1, "b": ["x"]}, {"a": None, "b": []}, None, {"a": 2, "b": None}],
    "mixed": ["1", "1", None, "[true]"],
}


def test_ndjson_keeps_every_value(tmp_path):
    given = tmp_path / "given.ndjson"
    columns = {"id": IDS, "note": NOTES} | NDJSON
    rows = [dict(zip(columns, row)) for row in zip(*columns.values())]
    given.write_text("".join(json.dumps(row) + "\n" for row in rows))
    shown = {name: [repr(v) if isinstance(v, float) else v for v in values] for name, values in NDJSON.items()}
    for file in outputs(given).values():
        for reader in READERS:
            assert_values(file, reader, shown | AS_TEXT)
    assert math.copysign(1, pq.read_table(output(given, "nested", select=["float"]))["float"][3].as_py()) == -1


def test_a_dictionary_may_outgrow_its_keys(tmp_path):
    """Three row groups, each with 120 other values: eight bits count 128."""
    groups = [
        pa.DictionaryArray.from_arrays(pa.array(range(120), pa.int8()), [f"{g}-{i}" for i in range(120)])
        for g in range(3)
    ]
    given = tmp_path / "given.parquet"
    schema = pa.schema({"id": pa.int64(), "note": pa.string(), "ward": groups[0].type})
    with pq.ParquetWriter(given, schema) as writer:
        for number, ward in enumerate(groups):
            ids = range(number * 120, number * 120 + 120)
            writer.write_table(pa.table({"id": ids, "note": NOTES[:1] * 120, "ward": ward}, schema))
    expected = [value for ward in groups for value in ward.to_pylist()]
    for file in outputs(given).values():
        for read in READERS.values():
            assert read(file, "ward") == [expected[row] for row in read(file, "id")]


def test_parts_of_different_writers_are_one_table(tmp_path):
    """A category, a column of nulls and nanoseconds of pandas beside what Polars and DuckDB write."""
    (tmp_path / "in").mkdir()
    wards, days = ["a", "b", None, "a"], [0, 10**15, None, -1]
    rows = {"id": IDS, "note": NOTES}
    by_pyarrow = rows | {
        "ward": pa.array(wards).dictionary_encode(),
        "since": pa.array(days, pa.timestamp("us")).cast(pa.timestamp("ns")),
        "more": pa.nulls(4),
        "codes": pa.array([["x"]] * 4, pa.list_(pa.string())),
    }
    pq.write_table(pa.table(by_pyarrow), tmp_path / "in" / "part-0.parquet")
    frame = pl.DataFrame(rows | {"ward": wards, "since": pl.Series(days).cast(pl.Datetime("us"))})
    frame = frame.with_columns(more=pl.lit(7, pl.Int64), codes=pl.Series([["y"]] * 4))
    frame.write_parquet(tmp_path / "in" / "part-1.parquet")
    duckdb.from_arrow(frame.to_arrow()).write_parquet(str(tmp_path / "in" / "part-2.parquet"))
    out = tmp_path / "out"
    spanframe.run(tmp_path / "in", out, column="note", model=TINY)
    schemas = [pq.read_schema(file) for file in sorted(out.glob("*.parquet"))]
    assert len(schemas) == 3 and all(schema.equals(schemas[0]) for schema in schemas)
    for read in READERS.values():
        expected = {"id": IDS, "ward": wards, "more": [None] * 4 + [7] * 8, "codes": [["x"]] * 4 + [["y"]] * 8}
        expected["since"] = [None if day is None else day * 1000 for day in days]
        for name, values in expected.items():
            assert read(f"{out}/*.parquet", name) == values * (12 // len(values)), name
