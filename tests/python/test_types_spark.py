"""Every type of Spark comes out of a job with the values that it had, also INT96, and Spark reads the output again."""

import os
import sys

import pytest
from conftest import require

require("duckdb", "pyspark", programs=("java",))

from every_type import IDS, NOTES, READERS
from pyspark.sql import SparkSession
from test_types import assert_values, outputs

TYPES = {
    "timestamp": "timestamp'9999-12-31 23:59:59.999999'",
    "first": "timestamp'0001-01-01'",
    "local": "timestamp_ntz'9999-12-31'",
    "date": "date'9999-12-31'",
    "decimal": "cast('-99999999999999999999999999999999999999' as decimal(38, 0))",
    "small_decimal": "cast('-0.01' as decimal(9, 2))",
    "byte": "cast(-128 as tinyint)",
    "short": "cast(32767 as smallint)",
    "long": "-9223372036854775808L",
    "float": "cast('NaN' as float)",
    "double": "cast('-Infinity' as double)",
    "bytes": "X'00FF'",
    "text": "'a\\u0000b'",
    "map": "map('a', timestamp'9999-12-31', '', null)",
    "array": "array(timestamp'9999-12-31', null)",
    "struct": "named_struct('at', timestamp'0001-01-01', 'code', cast(null as string))",
}
# Polars cuts INT96 off at 2262
OF_TIMES = {"timestamp", "first", "map", "array", "struct"}


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "localhost").config("spark.sql.session.timeZone", "UTC")
    session = builder.config("spark.local.dir", str(tmp_path_factory.mktemp("spark"))).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.mark.parametrize("times", ["INT96", "TIMESTAMP_MICROS", "TIMESTAMP_MILLIS"])
def test_parquet_of_spark_keeps_every_value(spark, tmp_path, times):
    spark.conf.set("spark.sql.parquet.outputTimestampType", times)
    for mode in ("int96RebaseModeInWrite", "datetimeRebaseModeInWrite"):
        spark.conf.set(f"spark.sql.parquet.{mode}", "CORRECTED")
    columns = [f"CASE WHEN id <> 4 THEN {value} END AS `{name}`" for name, value in TYPES.items()]
    frame = spark.createDataFrame(list(zip(IDS, NOTES)), "id bigint, note string").selectExpr("id", "note", *columns)
    frame.coalesce(1).write.parquet(str(tmp_path / "spark"))
    given = next((tmp_path / "spark").glob("*.parquet")).rename(tmp_path / "given.parquet")
    as_text = [f"cast(`{name}` as string)" for name in TYPES]
    expected = spark.read.parquet(str(given)).orderBy("id").selectExpr("id", *as_text).collect()
    for file in outputs(given).values():
        for reader, read in READERS.items():
            by = READERS["DuckDB"] if times == "INT96" else read
            assert_values(file, reader, {name: (by if name in OF_TIMES else read)(given, name) for name in TYPES})
        found = spark.read.parquet(str(file)).orderBy("id").selectExpr("id", *as_text).distinct().orderBy("id")
        assert found.collect() == expected
