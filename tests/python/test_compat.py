"""Pipelines written for Spark NLP run, and parts that are not supported say so."""

import doctest
import importlib
import json
import re
import shutil
import subprocess
import sys

import polars as pl
import pytest
from conftest import DATA, ROOT, TINY, run_example

import spanframe
from spanframe import InputError, ModelError
from spanframe.compat import UnsupportedError, medical, nlp
from spanframe.compat import __main__ as printed
from spanframe.compat._stage import Stage

TEXT = "Home medications: metformin, insulin glargine, aspirin."
ENGLISH = [("metformin", "MEDICATION"), ("insulin glargine", "MEDICATION"), ("aspirin", "MEDICATION")]
SPANISH = [("metformina", "MEDICATION"), ("insulina glargina", "MEDICATION"), ("aspirina", "MEDICATION")]


def stages(classifier=None, converter=None, more=(), assembler=None):
    """Returns the stages of the English script."""
    classifier = classifier or nlp.RoBertaForTokenClassification.pretrained(
        "roberta_med_ner_onnx", "en", "clinical/models"
    )
    return [
        (assembler or nlp.DocumentAssembler()).setInputCol("text").setOutputCol("document"),
        nlp.Tokenizer().setInputCols(["document"]).setOutputCol("token"),
        classifier.setInputCols("document", "token").setOutputCol("ner"),
        (converter or nlp.NerConverter()).setInputCols(["document", "token", "ner"]).setOutputCol("ner_chunk"),
        *more,
    ]


def model(options=None, **parts):
    return nlp.Pipeline(stages=stages(**parts), options=options).fit()


def tiny():
    return nlp.BertForTokenClassification.loadSavedModel(TINY, None)


def test_the_scripts_run_on_spark():
    for language, expect in (("english", ENGLISH), ("spanish", SPANISH)):
        lines = [line.split("|")[1:-1] for line in run_example(f"sparknlp_{language}.py").splitlines() if "|" in line]
        assert [tuple(cell.strip() for cell in line) for line in lines] == [("chunk", "entity"), *expect]


def test_the_scripts_run_on_polars():
    lines = [
        re.split("[│┆]", line)[1:-1] for line in run_example("sparknlp_polars.py").splitlines() if "MEDICATION" in line
    ]
    assert [tuple(cell.strip() for cell in line) for line in lines] == ENGLISH + SPANISH


def test_the_scripts_differ_from_those_of_spark_nlp_in_their_imports_alone():
    page = (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")
    diff = re.search(r"```diff\n(.*?)```", page, re.DOTALL)[1].splitlines()
    assert all(re.match("[-+](from|import) ", line) for line in diff if line.startswith(("-", "+")))
    ours = "\n".join(line[1:] for line in diff if line[:1] != "-")
    assert ours.strip() == (ROOT / "examples" / "sparknlp_english.py").read_text(encoding="utf-8").strip()


def test_a_polars_frame_keeps_its_columns_nulls_and_laziness():
    df = pl.DataFrame({"id": [1, 2, 3], "text": [TEXT, None, ""]})
    result = model().transform(df)
    assert result.drop("ner_chunk").equals(df)
    expect = df.with_columns(ner_chunk=pl.col("text").ner.extract("roberta_med_ner_onnx", layout="annotation"))
    assert result.equals(expect)
    assert model().transform(df.lazy()).collect().equals(expect)
    assert result["ner_chunk"].to_list()[1:] == [None, []]


@pytest.mark.parametrize(
    ("assembler", "converter", "options"),
    [
        (None, lambda: nlp.NerConverter().setWhiteList(["SYMPTOM"]), {"white_list": ["SYMPTOM"]}),
        (None, lambda: nlp.NerConverter().setWhiteList("SYMPTOM", "DISEASE"), {"white_list": ["SYMPTOM", "DISEASE"]}),
        (None, lambda: nlp.NerConverter().setPreservePosition(False), {"preserve_position": False}),
        (None, lambda: nlp.NerConverter().setNerHasNoSchema(True), {"ner_has_no_schema": True}),
        (None, lambda: medical.NerConverterInternal().setBlackList(["DISEASE"]), {"black_list": ["DISEASE"]}),
        (None, lambda: medical.NerConverterInternal().setThreshold(0.9), {"threshold": 0.9}),
        (None, lambda: medical.NerConverterInternal().setGreedyMode(True), {"greedy_mode": True}),
        (
            None,
            lambda: medical.NerConverterInternal().setReplaceLabels({"SYMPTOM": "S"}),
            {"replace_labels": {"SYMPTOM": "S"}},
        ),
        (
            lambda: nlp.DocumentAssembler().setCleanupMode("shrink"),
            None,
            {"cleanup_mode": "shrink", "cleaned_offsets": True},
        ),
    ],
)
def test_a_setter_is_an_option_of_the_engine(assembler, converter, options):
    texts = [f" {text}\n" for text in pl.read_parquet(DATA / "notes.parquet")["note"].head(6)]
    df = pl.DataFrame({"text": texts})
    parts = {"assembler": assembler and assembler(), "converter": converter and converter()}
    result = model(classifier=tiny(), **parts).transform(df)
    expect = df.with_columns(ner_chunk=pl.col("text").ner.extract(TINY, layout="annotation", **options))
    assert result.equals(expect)
    assert not result.equals(model(classifier=tiny()).transform(df)) or "greedy_mode" in options


def test_labels_are_replaced_from_a_file(tmp_path):
    (tmp_path / "labels.tsv").write_text("SYMPTOM\tS\n\nDISEASE\tD\n")
    converter = medical.NerConverterInternal().setReplaceDictResource(
        tmp_path / "labels.tsv", "TEXT", {"delimiter": "\t"}
    )
    assert converter.getReplaceLabels() == {"SYMPTOM": "S", "DISEASE": "D"}
    with pytest.raises(InputError, match="line 1 of .* has 1 values, expected an old and a new label"):
        medical.NerConverterInternal().setReplaceDictResource(tmp_path / "labels.tsv")


def test_emulation_is_chosen_and_brings_the_length_of_sentences():
    folder = str(DATA / "test_models" / "bert-uncased")
    classifier = nlp.BertForTokenClassification.load(folder).setMaxSentenceLength(24)
    df = pl.DataFrame({"text": pl.read_parquet(DATA / "notes.parquet")["note"].head(6)})
    result = model({"emulate": "sparknlp"}, classifier=classifier).transform(df)
    options = {"emulate": "sparknlp", "max_length": 24, "layout": "annotation"}
    assert result.equals(df.with_columns(ner_chunk=pl.col("text").ner.extract(folder, **options)))
    assert not result.equals(model(classifier=classifier).transform(df))
    with pytest.raises(InputError, match="no option `emulatee`; did you mean `emulate`"):
        nlp.Pipeline(options={"emulatee": "sparknlp"})


@pytest.mark.parametrize("given", [True, False])
def test_rows_that_cannot_be_annotated_follow_the_option_or_the_stage(given):
    converter = None if given else medical.NerConverterInternal().setDoExceptionHandling(True)
    options = {"max_document_bytes": 50} | ({"on_error": "null"} if given else {})
    pipeline = model(options, classifier=tiny(), converter=converter)
    texts = ["Refiere disnea.", "x" * 51, None]
    found = pipeline.transform(pl.DataFrame({"text": texts}))
    assert found["ner_chunk"].is_null().to_list() == [False, True, True]
    assert [reason and "max_document_bytes = 50" in reason for reason in found["ner_chunk_error"]] == [None, True, None]
    light = nlp.LightPipeline(pipeline).annotate(texts[:2])
    assert light == [{"ner_chunk": [one["result"] for one in found["ner_chunk"][0]]}, {"ner_chunk": []}]
    loud = model(options | {"on_error": "raise"}, classifier=tiny(), converter=converter)
    with pytest.raises(InputError, match="row 1 has 51 bytes"):
        nlp.LightPipeline(loud).annotate(texts[:2])
    with pytest.raises(
        pl.exceptions.ComputeError, match=r"row \d of the \d rows that Polars gave at once has 51 bytes"
    ):
        loud.transform(pl.DataFrame({"text": texts}))


def test_two_classifiers_make_two_columns():
    symptoms = nlp.BertForTokenClassification.pretrained("roberta_symptom_ner_onnx").setInputCols("document", "token")
    second = nlp.NerConverter().setInputCols("document", "token", "symptoms").setOutputCol("symptom_chunk")
    result = model(more=[symptoms.setOutputCol("symptoms"), second]).transform(
        pl.DataFrame({"text": ["Aspirin for chest pain."]})
    )
    chunks = {column: [one["result"] for one in result[column][0]] for column in ("ner_chunk", "symptom_chunk")}
    assert chunks == {"ner_chunk": ["Aspirin"], "symptom_chunk": ["chest pain"]}


def test_a_sentence_detector_numbers_the_sentences_and_changes_nothing_else():
    with_sentences = stages()
    with_sentences.insert(1, nlp.SentenceDetector().setInputCols(["document"]).setOutputCol("sentence"))
    for stage in with_sentences[2:]:
        stage.setInputCols(["sentence" if column == "document" else column for column in stage.getInputCols()])
    df = pl.DataFrame(
        {"text": ["Takes aspirin and metformin.\nStopped insulin glargine. No aspirin.", "Aspirin.", None]}
    )

    def rows(pipeline):
        found = pipeline.transform(df)["ner_chunk"].to_list()
        return [
            [dict(pair.values() for pair in one.pop("metadata")) | one for one in row]
            for row in found
            if row is not None
        ]

    plain, numbered = rows(model()), rows(nlp.Pipeline(stages=with_sentences).fit(df))
    assert [[one["sentence"] for one in row] for row in plain] == [["0"] * 4, ["0"]]
    assert [[one["sentence"] for one in row] for row in numbered] == [["0", "0", "1", "2"], ["0"]]
    assert [[one | {"sentence": "0"} for one in row] for row in numbered] == plain


def test_a_light_pipeline_gives_what_spark_nlp_gives():
    light = nlp.LightPipeline(model())
    assert light.annotate(TEXT) == {"ner_chunk": [chunk for chunk, _ in ENGLISH]}
    assert light.annotate([TEXT, ""]) == [light.annotate(TEXT), {"ner_chunk": []}]
    (full,) = light.fullAnnotate(f"😀 {TEXT}")
    first = full["ner_chunk"][0]
    assert (first.annotatorType, first.begin, first.end, first.result) == ("chunk", 21, 29, "metformin")
    assert first.annotator_type == "chunk"
    assert first.metadata["entity"] == "MEDICATION" and first.metadata["chunk"] == "0"
    assert 0 < float(first.metadata["confidence"]) <= 1
    assert repr(first).startswith("Annotation(chunk, 21, 29, metformin, {")
    assert len(light.fullAnnotate([TEXT, TEXT])) == 2
    with pytest.raises(InputError, match="takes a string or a list of strings, not a int"):
        light.annotate(3)


def test_a_finisher_makes_lists_or_strings():
    df = pl.DataFrame({"text": ["Takes aspirin and metformin.", None, ""]})

    def finished(finisher):
        return model(more=[finisher.setInputCols(["ner_chunk"])]).transform(df)

    assert finished(nlp.Finisher()).to_dict(as_series=False) == {
        "text": df["text"].to_list(),
        "finished_ner_chunk": [["aspirin", "metformin"], None, []],
    }
    strings = finished(nlp.Finisher().setOutputCols(["found"]).setOutputAsArray(False).setCleanAnnotations(False))
    assert strings.columns == ["text", "ner_chunk", "found"]
    assert strings["found"].to_list() == ["aspirin@metformin", None, ""]
    detailed = finished(nlp.Finisher().setOutputAsArray(False).setIncludeMetadata(True).setAnnotationSplitSymbol("|"))
    first, second = detailed["finished_ner_chunk"][0].split("|")
    assert re.fullmatch(r"entity->MEDICATION#sentence->0#chunk->1#confidence->0\.\d+#result->metformin", second)
    metadata = finished(nlp.Finisher().setIncludeMetadata(True))["finished_ner_chunk_metadata"]
    assert [entry["value"] for entry in metadata[0] if entry["key"] == "chunk"] == ["0", "1"]
    assert metadata.to_list()[1:] == [None, []]
    assert nlp.LightPipeline(model(more=[nlp.Finisher().setInputCols("ner_chunk")])).annotate("He takes aspirin.") == {
        "ner_chunk": ["aspirin"]
    }


def test_a_pipeline_is_saved_and_loaded(tmp_path):
    path = tmp_path / "pipeline"
    converter = medical.NerConverterInternal().setThreshold(0.5).setWhiteList(["SYMPTOM"])
    saved = model({"batch_tokens": 512}, classifier=tiny().setMaxSentenceLength(64), converter=converter)
    saved.save(str(path))
    assert [one.name for one in path.iterdir()] == ["pipeline.json"]
    for loaded in (nlp.PipelineModel.load(path), nlp.PipelineModel.read().load(f"file://{path}")):
        assert loaded.wiring == saved.wiring
        assert [stage.uid for stage in loaded.stages] == [stage.uid for stage in saved.stages]
    with pytest.raises(InputError, match=r"is there already: write\(\).overwrite\(\).save\(path\) replaces it"):
        saved.save(path)
    nlp.Pipeline(stages=stages()).write().overwrite().save(path)
    assert nlp.Pipeline.load(path).fit().wiring == model().wiring
    with pytest.raises(InputError, match="there is a Pipeline at .*, not a PipelineModel: load it by Pipeline.load"):
        nlp.PipelineModel.load(path)
    with pytest.raises(InputError, match="there is no pipeline at"):
        nlp.Pipeline.load(tmp_path)
    with pytest.raises(InputError, match="is not on this machine"):
        saved.save("hdfs://cluster/pipeline")
    kept = json.loads((path / "pipeline.json").read_text())
    (path / "pipeline.json").write_text(json.dumps(kept | {"format": 2}))
    with pytest.raises(InputError, match="is of format 2: this version reads format 1"):
        nlp.Pipeline.load(path)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: nlp.SentenceDetectorDLModel, "`SentenceDetectorDLModel` is not supported: nlp.SentenceDetector"),
        (lambda: nlp.BertEmbeddings, "`BertEmbeddings` is not supported: nothing: a token classifier reads"),
        (lambda: medical.MedicalNerModel, "`MedicalNerModel` is not supported: a token classifier: medical.Bert"),
        (lambda: medical.ChunkMergeApproach, "`ChunkMergeApproach` is not supported: one engine finds all types"),
        (lambda: nlp.NerConvertor, "`NerConvertor` is not supported: did you mean `NerConverter`?"),
        (
            lambda: nlp.NerConverter().setThreshold(0.5),
            "`NerConverter.setThreshold` is not supported: use medical.NerConverterInternal",
        ),
        (lambda: nlp.NerConverter().setWhitelist(["x"]), "did you mean `NerConverter.setWhiteList`?"),
        (
            lambda: medical.NerConverterInternal().setIgnoreStopWords([]),
            "setIgnoreStopWords` is not supported: join mentions",
        ),
        (
            lambda: nlp.Tokenizer().setContextChars(["."]),
            "`Tokenizer.setContextChars` is not supported: words are those of",
        ),
        (
            lambda: nlp.SentenceDetector().setExplodeSentences(True),
            r"`SentenceDetector.setExplodeSentences\(True\)` is not supp",
        ),
        (
            lambda: tiny().setCaseSensitive(False),
            r"setCaseSensitive\(False\)` is not supported: the model's own tokenizer",
        ),
        (lambda: tiny().getClasses(), r"getClasses` is not supported: spanframe.Engine\(model\).entities"),
        (lambda: nlp.DocumentAssembler().setIdCol("id"), "`DocumentAssembler.setIdCol` is not supported: all columns"),
        (lambda: nlp.DocumentAssembler().setCleanupMode("x"), "is not supported: it may be disabled, inplace"),
        (lambda: nlp.start(gpu=True), "gpu=...*is not supported"),
        (lambda: model().transform([TEXT]), "a frame of builtins.list is not supported: give one of Spark or Polars"),
        (
            lambda: nlp.Pipeline(stages=stages()[:3]).fit(),
            "column `ner` .* is not supported by itself.* add an nlp.NerConverter",
        ),
        (lambda: nlp.Pipeline(stages=["x"]).fit(), "a stage of builtins.str is not supported"),
        (
            lambda: model(more=[nlp.Finisher().setInputCols("token")]),
            "column `token` of Tokenizer is not supported in a Finisher",
        ),
    ],
)
def test_what_is_not_there_is_named_with_the_nearest(attempt, message):
    with pytest.raises(UnsupportedError, match=message):
        attempt()


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (
            lambda: nlp.Pipeline(stages=stages()[1:]).fit(),
            "Tokenizer reads column `document`, which no earlier stage makes",
        ),
        (lambda: nlp.Pipeline(stages=stages()[:2]).fit(), "no stage finds entities"),
        (
            lambda: nlp.Pipeline(stages=[*stages(), stages()[1]]).fit(),
            "Tokenizer makes column `token`, as Tokenizer already does",
        ),
        (lambda: model(classifier=nlp.BertForTokenClassification()), "has no model: make it by pretrained"),
        (lambda: nlp.NerConverter().setPreservePosition(1), "setPreservePosition takes True or False, not a int"),
        (lambda: nlp.NerConverter().setWhiteList([1]), "setWhiteList takes a list of strings"),
        (
            lambda: nlp.Pipeline(stages=stages()).fit(pl.DataFrame({"note": [""]})),
            "reads column `text`; the frame has note",
        ),
        (
            lambda: model().transform(pl.DataFrame({"text": [""], "ner_chunk": [1]})),
            "there already is a column `ner_chunk`",
        ),
        (
            lambda: model(more=[nlp.Finisher().setInputCols("ner_chunk").setOutputCols("text")]).transform(
                pl.DataFrame({"text": [""]})
            ),
            "there already is a column `text`: name another in setOutputCols",
        ),
        (
            lambda: model(more=[nlp.Finisher().setInputCols("ner_chunk").setIncludeMetadata(True)]).transform(
                pl.LazyFrame({"text": [""], "finished_ner_chunk_metadata": [1]})
            ),
            "there already is a column `finished_ner_chunk_metadata`",
        ),
        (lambda: model({"layout": "list_of_structs"}), "option `layout` of a pipeline is Spark NLP's: leave it out"),
        (lambda: model({"model": TINY}), "option `model` is the classifier's: make that by pretrained"),
        (
            lambda: nlp.RoBertaForTokenClassification.pretrained("roberta_med_ner_onnx", "es"),
            "is of language en, not `es`: for `es` there is",
        ),
        (
            lambda: nlp.Pipeline(stages=[nlp.DocumentAssembler(), nlp.Tokenizer().setInputCols("document")]).fit(),
            "no outputCol: call setOutputCol",
        ),
    ],
)
def test_wrong_pipelines_are_refused(attempt, message):
    with pytest.raises(InputError, match=message):
        attempt()


def test_columns_must_have_the_types_that_a_stage_reads():
    wrong = stages()
    wrong[3].setInputCols(["document", "ner"])
    with pytest.raises(InputError, match="NerConverter needs an input column of type token"):
        nlp.Pipeline(stages=wrong).fit()
    wrong[2].setInputCols(["document", "ner_chunk"])
    with pytest.raises(
        InputError, match="reads column `ner_chunk`, which no earlier stage makes; those made are document, token"
    ):
        nlp.Pipeline(stages=wrong).fit()


def test_models_are_those_of_the_catalogue_or_folders(tmp_path):
    with pytest.raises(ModelError, match="such as roberta_symptom_ner_es_onnx"):
        nlp.RoBertaForTokenClassification.pretrained("roberta_symptoms_ner_es_onnx", "es")
    with pytest.raises(ModelError, match="there is no model at"):
        nlp.BertForTokenClassification.load(tmp_path / "none")
    (tmp_path / "metadata").mkdir()
    with pytest.raises(ModelError, match="no metadata of Spark"):
        nlp.BertForTokenClassification.load(tmp_path)
    for row in spanframe._internal.models():
        for language in row["languages"]:
            assert medical.BertForTokenClassification.pretrained(row["name"], language).model == row["name"]


def test_a_classifier_that_spark_nlp_saved_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setenv("SPANFRAME_HOME", str(tmp_path))
    saved = DATA / "reference/sparknlp_folders/bert-cased"
    classifier = nlp.BertForTokenClassification.load(saved)
    assert classifier.getMaxSentenceLength() == 96
    assert classifier.getOutputCol() == "ner"
    frame = pl.DataFrame({"text": ["Paciente con diabetes mellitus tipo 2, toma metformina.", None]})
    found = model(classifier=classifier).transform(frame)
    onnx = nlp.BertForTokenClassification.load(DATA / "test_models/bert-cased")
    assert found.equals(model(classifier=onnx).transform(frame))
    assert found["ner_chunk"].list.len()[0] > 0
    # the same content is imported once, from any path
    shutil.copytree(saved, tmp_path / "copied")
    again = nlp.XlmRoBertaForTokenClassification.load(f"file://{tmp_path / 'copied'}")
    assert again.model == classifier.model
    assert [path.name for path in (tmp_path / "models").iterdir()] == [classifier.model.rpartition("/")[2]]


def test_a_pipeline_that_spark_nlp_saved_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setenv("SPANFRAME_HOME", str(tmp_path / "home"))
    saved = DATA / "reference/sparknlp_folders/pipeline"
    frame = pl.DataFrame({"text": ["Paciente con diabetes mellitus tipo 2, toma metformina."]})
    expect = model(classifier=nlp.BertForTokenClassification.load(DATA / "test_models/bert-cased")).transform(frame)
    loaded = nlp.PipelineModel.load(saved)
    assert loaded.transform(frame).equals(expect)
    assert [type(stage).__name__ for stage in loaded.stages] == [
        "DocumentAssembler",
        "Tokenizer",
        "BertForTokenClassification",
        "NerConverter",
    ]
    loaded.save(tmp_path / "kept")
    assert nlp.PipelineModel.load(tmp_path / "kept").transform(frame).equals(expect)
    shutil.copytree(saved, tmp_path / "other")
    [file] = (tmp_path / "other/stages").glob("1_*/metadata/part-00000")
    file.write_text(file.read_text().replace('"paramMap":{', '"paramMap":{"splitChars":["-"],'))
    with pytest.raises(UnsupportedError, match="Tokenizer.setSplitChars"):
        nlp.PipelineModel.load(tmp_path / "other")
    shutil.rmtree(next((tmp_path / "other/stages").glob("3_*")))
    with pytest.raises(ModelError, match="lacks stages of its pipeline: NerConverter"):
        nlp.PipelineModel.load(tmp_path / "other")


def test_a_folder_of_this_house_has_no_language(tmp_path, monkeypatch):
    monkeypatch.setenv("SPANFRAME_HOME", str(tmp_path))
    shutil.copytree(TINY, tmp_path / "models" / "of_this_house")
    assert nlp.BertForTokenClassification.pretrained("of_this_house", "fr").model == "of_this_house"


def test_the_documentation_has_every_setter():
    page = (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")
    assert printed.tables() in page, "write the output of `python -m spanframe.compat` into docs/migrating.md"
    assert (
        subprocess.run([sys.executable, "-m", "spanframe.compat"], capture_output=True, text=True).stdout
        == printed.tables()
    )


def test_every_stage_has_its_setters_and_is_offered():
    for name, stage in Stage.stages.items():
        assert hasattr(nlp if name in nlp.__all__ else medical, name)
        for parameter in stage.parameters:
            assert getattr(stage, parameter.setter).__doc__.startswith(f"Sets ``{parameter.name}``")
            assert getattr(stage(), parameter.getter)() == parameter.default
    options = {one.option for stage in Stage.stages.values() for one in stage.parameters if one.option}
    assert options <= set(spanframe._internal.option_names())


@pytest.mark.parametrize("part", ["compat", "compat._absent", "_column"])
def test_doctests_run(part):
    result = doctest.testmod(importlib.import_module(f"spanframe.{part}"))
    assert result.failed == 0 and result.attempted > 0
