"""Spark gives entities the attributes that the command line gives, in both layouts."""

import os
import sys

import pytest
from conftest import require

require("pyspark", programs=("java",))

import asserted
from pyspark.sql import SparkSession

import spanframe.spark
from spanframe import InputError


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "localhost")
    session = builder.config("spark.local.dir", str(tmp_path_factory.mktemp("spark"))).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def entities(rows):
    """Returns the entities of each row as dicts. Metadata is a map in Spark, and a list of pairs in Polars."""
    found = []
    for row in rows:
        row = None if row is None else [one if isinstance(one, dict) else one.asDict(recursive=True) for one in row]
        for one in row or []:
            if isinstance(one.get("metadata"), list):
                one["metadata"] = {pair["key"]: pair["value"] for pair in one["metadata"]}
        found.append(row)
    return found


@pytest.mark.parametrize(
    ("case", "language", "layout"),
    [
        ("all", None, "annotation"),
        ("all", "lang", "list_of_structs"),
        ("some", "lang", "annotation"),
        ("rules", None, "list_of_structs"),
        ("pipeline", "lang", "annotation"),
        ("pipeline", None, "list_of_structs"),
    ],
)
def test_spark_gives_the_attributes_of_the_command_line(spark, tmp_path, case, language, layout):
    options = asserted.options(case, tmp_path) | {"layout": layout}
    expect = asserted.annotated(tmp_path, options, *(["--language-column", language] if language else []))
    frame = spark.createDataFrame(asserted.notes().rows(), "id string, lang string, note string")
    found = spanframe.spark.annotate(frame, "note", "ner", language=language, **options)
    assert entities(row.ner for row in found.collect()) == entities(expect["ner"].to_list())
    keys = {key for row in entities(expect["ner"].to_list()) for one in row or [] for key in one.get("metadata", one)}
    assert ("family" in keys, "uncertain" in keys) == (True, case != "some")
    assert ("assertion" in keys) == (layout == "annotation")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"assertion": ["negatd"]}, "did you mean `negated`"),
        ({"assertion": "negated"}, "option `assertion` cannot be a str"),
        ({"assertoin": True}, "did you mean `assertion`"),
    ],
)
def test_wrong_options_are_refused_before_any_job(spark, options, message):
    frame = spark.createDataFrame([("Denies fever.",)], "note string")
    with pytest.raises(InputError, match=message):
        spanframe.spark.annotate(frame, "note", **options)
