"""Spark links entities as the command line does, and says where a vocabulary is missing."""

import os
import shutil
import sys

import pytest
from conftest import require

require("pyspark", programs=("java",))

import asserted
import linked
from pyspark.sql import SparkSession
from test_assertion_spark import entities
from test_linking import annotated

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


@pytest.mark.parametrize(
    ("case", "layout"),
    [
        ("link", "annotation"),
        ("candidates", "list_of_structs"),
        ("candidates", "annotation"),
        ("several", "list_of_structs"),
        ("pipeline", "annotation"),
    ],
)
def test_spark_gives_the_concepts_of_the_command_line(spark, tmp_path, case, layout):
    options = linked.options(case, tmp_path) | {"layout": layout}
    expect = annotated(tmp_path, options)
    frame = spark.createDataFrame(asserted.notes().rows(), "id string, lang string, note string")
    found = spanframe.spark.annotate(frame, "note", "ner", **options)
    assert entities(row.ner for row in found.collect()) == entities(expect["ner"].to_list())


def test_a_vocabulary_must_be_on_every_node_or_shipped(spark, tmp_path):
    frame = spark.createDataFrame([("Denies fever.",)], "note string")
    missing = spanframe.spark.annotate(frame, "note", link="shipped.vocabulary")
    with pytest.raises(Exception, match=r"shipped.vocabulary.*nor did Spark ship it to `/.*/shipped.vocabulary`"):
        missing.collect()
    path = linked.vocabulary(tmp_path)
    shipped = shutil.move(path, tmp_path / "shipped.vocabulary")
    spark.sparkContext.addFile(str(shipped))
    found = spanframe.spark.annotate(frame, "note", "ner", link="shipped.vocabulary").collect()
    assert found[0].ner[0].metadata["code"] == "R50"
    found = spanframe.spark.annotate(frame, "note", "ner", link=["shipped.vocabulary"]).collect()
    assert found[0].ner[0].metadata["concept_id"] == "1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"link": []}, "option `link` cannot be an empty list"),
        ({"link": "x", "link_similarity": 2}, "option `link_similarity` cannot be 2"),
        ({"lnk": "x"}, "did you mean `link`"),
    ],
)
def test_wrong_options_are_refused_before_any_job(spark, options, message):
    frame = spark.createDataFrame([("Denies fever.",)], "note string")
    with pytest.raises(InputError, match=message):
        spanframe.spark.annotate(frame, "note", **options)
