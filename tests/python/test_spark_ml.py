"""Spark's own Pipeline takes the stages of compat: on a session in this process and on a Spark Connect server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TINY, require

import spanframe

require("pyspark", "grpc", "grpc_status", "zstandard", programs=("java",))

PIPELINE = """
import sys
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.feature import SQLTransformer
from pyspark.sql import SparkSession
from spanframe import InputError
from spanframe.compat import UnsupportedError, medical, nlp

NOTE = "Niega disnea. Toma aspirina."
model, folder, mode = sys.argv[1:]
builder = SparkSession.builder.config("spark.ui.enabled", "false")
spark = (builder.remote("local[1]") if mode == "connect" else builder.master("local[1]")).getOrCreate()
frame = spark.createDataFrame([(1, NOTE), (2, None), (3, "")], "id int, text string")
NER = ["sentence", "token", "ner"]


def stages(*more):
    return [
        nlp.DocumentAssembler().setInputCol("text").setOutputCol("document"),
        nlp.SentenceDetector().setInputCols(["document"]).setOutputCol("sentence"),
        nlp.Tokenizer().setInputCols(["sentence"]).setOutputCol("token"),
        nlp.BertForTokenClassification.load(model).setInputCols(["sentence", "token"]).setOutputCol("ner"),
        nlp.NerConverter().setInputCols(NER).setOutputCol("ner_chunk"),
        medical.NerConverterInternal().setReplaceLabels({"SYMPTOM": "S"}).setInputCols(NER).setOutputCol("renamed"),
        *more,
    ]


def rows(frame, columns=("ner_chunk", "renamed")):
    return frame.select("id", *columns).orderBy("id").collect()


def asserted(*between):
    return stages(
        *between,
        medical.AssertionDLModel().setInputCols(["sentence", "ner_chunk"]).setOutputCol("assertion"),
        medical.ContextualAssertion().setInputCols("sentence", "token", "ner_chunk").setOutputCol("absent"),
        medical.AssertionFilterer().setInputCols("sentence", "ner_chunk", "assertion").setOutputCol("present")
        .setBlackList("absent"),
    )


def runs(frame):
    return frame._jdf.queryExecution().optimizedPlan().toString().count("MapInArrow") if mode == "classic" else None


def refused(kind, message, stages):
    try:
        Pipeline(stages=stages).fit(frame).transform(frame)
    except kind as error:
        assert message in str(error), error
    else:
        raise AssertionError(message)


expect = rows(nlp.Pipeline(stages=stages()).fit(frame).transform(frame))
assert [row.ner_chunk for row in expect[1:]] == [None, []] and expect[0].ner_chunk
for one in expect[0].ner_chunk:
    assert one.metadata["sentence"] == str(int(one.begin >= len("Niega disnea. "))), one
fitted = Pipeline(stages=stages()).fit(frame)
result = fitted.transform(frame)
assert rows(result) == expect and rows(fitted.copy().transform(frame)) == expect
assert result.columns == ["id", "text", "document", "sentence", "token", "ner", "ner_chunk", "renamed"]

fitted.save(folder + "/model")
Pipeline(stages=stages()).write().overwrite().save(folder + "/pipeline")
loaded = PipelineModel.load(folder + "/model")
assert [stage.uid for stage in loaded.stages] == [stage.uid for stage in fitted.stages]
for one in (loaded, Pipeline.load(folder + "/pipeline").fit(frame), nlp.PipelineModel.load(folder + "/model")):
    assert rows(one.transform(frame)) == expect

finisher = nlp.Finisher().setInputCols("ner_chunk")
finished = Pipeline(stages=stages(finisher)).fit(frame).transform(frame)
assert finished.columns == ["id", "text", "finished_ner_chunk"]
counted = SQLTransformer(statement="SELECT id, size(ner_chunk) AS found FROM __THIS__ WHERE text > ''")
mixed = Pipeline(stages=[SQLTransformer(statement="SELECT * FROM __THIS__ WHERE id < 3"), *stages(counted)])
assert [row.found for row in mixed.fit(frame).transform(frame).collect()] == [len(expect[0].ner_chunk)]
light = nlp.LightPipeline(fitted).annotate(NOTE)
assert light["ner_chunk"] == [one.result for one in expect[0].ner_chunk]

COLUMNS = ["ner_chunk", "renamed", "assertion", "absent", "present"]
whole = nlp.Pipeline(stages=asserted()).fit(frame).transform(frame)
expect = rows(whole, COLUMNS)
light = nlp.LightPipeline(nlp.Pipeline(stages=asserted()).fit()).fullAnnotate(NOTE)[0]
for column in COLUMNS:
    assert [row[column] for row in expect[1:]] == [None, []] and expect[0][column]
    assert [vars(one) for one in light[column]] == [one.asDict() for one in expect[0][column]], column
labels = [one.metadata["assertion"] for one in expect[0].ner_chunk]
assert set(labels) == {"absent", "present"} and "assertion" not in expect[0].renamed[0].metadata
assert [one.result for one in expect[0].assertion] == labels
assert [one.result for one in expect[0].absent] == [label for label in labels if label == "absent"]
assert [one for one, label in zip(expect[0].ner_chunk, labels) if label == "present"] == expect[0].present
found = expect[0].assertion[0]
mention = expect[0].ner_chunk[0]
assert (found.annotatorType, found.begin, found.end) == ("assertion", mention.begin, mention.end)
keys = {"chunk": "0", "ner_chunk": mention.result, "ner_label": mention.metadata["entity"], "sentence": "0"}
assert found.metadata == keys and found.asDict().keys() == mention.asDict().keys()

fitted = Pipeline(stages=asserted()).fit(frame)
fitted.save(folder + "/asserted")
all_rows = SQLTransformer(statement="SELECT * FROM __THIS__")
between = Pipeline(stages=asserted(all_rows)).fit(frame)
for one in (fitted, PipelineModel.load(folder + "/asserted"), between):
    result = one.transform(frame)
    assert result.columns == ["id", "text", "document", "sentence", "token", "ner", *COLUMNS], result.columns
    assert rows(result, COLUMNS) == expect
handled = stages()
handled[5].setDoExceptionHandling(True)
labelled = medical.AssertionDLModel().setInputCols("sentence", "renamed").setOutputCol("assertion")
for more in ([], [all_rows]):
    result = Pipeline(stages=[*handled, *more, labelled]).fit(frame).transform(frame)
    assert result.columns[6:] == ["ner_chunk", "renamed", "renamed_error", "assertion"]
    found = rows(result, ["assertion"])[0].assertion
    assert [one.result for one in found] == [one.result for one in expect[0].assertion]
alone = asserted()
del alone[5]
assert [runs(Pipeline(stages=alone).fit(frame).transform(frame)), runs(whole)] == (
    [1, 2] if mode == "classic" else [None, None]
)

refused(InputError, "SentenceDetector reads column `document`, which no earlier stage makes", stages()[1:])
refused(InputError, "there already is a column `text`", [stages()[0].setOutputCol("text")])
refused(InputError, "there is no column `note`", [stages()[0].setInputCol("note"), *stages()[1:]])
print("done")
"""


@pytest.mark.parametrize("mode", ["classic", "connect"])
def test_pipelines_of_spark_run_save_and_load_stages(tmp_path, mode):
    package = str(Path(spanframe.__file__).parents[1])
    paths = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": paths, "PYSPARK_PYTHON": sys.executable}
    command = [sys.executable, "-c", PIPELINE, TINY, tmp_path, mode]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=600)
    assert done.stdout.strip().endswith("done"), done.stderr[-3000:]
