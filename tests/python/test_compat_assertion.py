"""Stages for assertion of pipelines written for Spark NLP: labels, filters, and what is not supported."""

import polars as pl
import pytest

from spanframe import InputError
from spanframe.compat import UnsupportedError, medical, nlp
from spanframe.compat._assertion import AssertionModel
from spanframe.compat._parameter import LABELS

NOTE = "Denies chest pain. Possible pneumonia. History of stroke. Mother has diabetes. Return if fever."
FOUND = ["chest pain", "pneumonia", "stroke", "diabetes", "fever"]
GIVEN = ["absent", "possible", "present", "associated_with_someone_else", "hypothetical"]
COLUMNS = ["sentence", "ner_chunk", "assertion"]


def assertion(model=None):
    return (
        (model or medical.AssertionDLModel())
        .setInputCols(["sentence", "ner_chunk", "embeddings"])
        .setOutputCol("assertion")
    )


def filterer():
    return medical.AssertionFilterer().setInputCols(*COLUMNS).setOutputCol("filtered")


def stages(*more, model=None):
    words = ["sentence", "token"]
    return [
        nlp.DocumentAssembler().setInputCol("text").setOutputCol("document"),
        nlp.SentenceDetector().setInputCols(["document"]).setOutputCol("sentence"),
        nlp.Tokenizer().setInputCols(["sentence"]).setOutputCol("token"),
        nlp.WordEmbeddingsModel.pretrained("embeddings_clinical", "en", "clinical/models")
        .setInputCols(words)
        .setOutputCol("embeddings"),
        nlp.BertForTokenClassification.pretrained("clinical-ner-small").setInputCols(words).setOutputCol("ner"),
        medical.NerConverterInternal().setInputCols([*words, "ner"]).setOutputCol("ner_chunk"),
        assertion(model),
        *more,
    ]


def pipeline(*more, model=None, options=None):
    return nlp.Pipeline(stages=stages(*more, model=model), options=options).fit()


def results(frame, column):
    """Returns the results of the first note."""
    return [one["result"] for one in frame[column][0]]


def test_each_mention_has_a_label():
    frame = pl.DataFrame({"text": [NOTE, None, ""]})
    found = pipeline().transform(frame)
    assert found.columns == ["text", "ner_chunk", "assertion"]
    assert found["assertion"].to_list()[1:] == [None, []]
    assert (results(found, "ner_chunk"), results(found, "assertion")) == (FOUND, GIVEN)
    assert found.schema["assertion"] == found.schema["ner_chunk"]
    for mention, one in zip(found["ner_chunk"][0], found["assertion"][0]):
        assert (one["annotatorType"], one["begin"], one["end"]) == ("assertion", mention["begin"], mention["end"])
        known = {pair["key"]: pair["value"] for pair in mention["metadata"]}
        assert known["assertion"] == one["result"]
        expect = {"chunk": known["chunk"], "ner_chunk": mention["result"], "ner_label": known["entity"]}
        expect["sentence"] = known["sentence"]
        assert [(pair["key"], pair["value"]) for pair in one["metadata"]] == list(expect.items())
    ner = pl.col("text").ner.extract("clinical-ner-small", layout="annotation", sentences=True, assertion=True)
    assert found["ner_chunk"].equals(frame.select(ner_chunk=ner)["ner_chunk"])
    assert pipeline().transform(frame.lazy()).collect(engine="streaming").equals(found)


@pytest.mark.parametrize("texts", [[], [None], [""], [None, ""]])
def test_frames_without_mentions_have_the_same_columns(texts):
    model = pipeline(filterer().setWhiteList("present"))
    schema = model.transform(pl.DataFrame({"text": [NOTE]})).schema
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    found = model.transform(frame)
    assert found.schema == schema == model.transform(frame.lazy()).collect_schema()
    expect = [None if text is None else [] for text in texts]
    assert found["assertion"].to_list() == found["filtered"].to_list() == expect


@pytest.mark.parametrize(
    ("filterer", "kept"),
    [
        (filterer().setCriteria("assertion").setWhiteList(["present"]), ["stroke"]),
        (filterer().setWhiteList("present", "absent"), ["chest pain", "stroke"]),
        (filterer().setBlackList(["absent", "hypothetical"]), ["pneumonia", "stroke", "diabetes"]),
        (filterer().setWhiteList(["present", "absent"]).setBlackList(["absent"]), ["stroke"]),
        (filterer().setCaseSensitive(False).setWhiteList(["Present", "POSSIBLE"]), ["pneumonia", "stroke"]),
        (filterer().setWhiteList(["conditional"]), []),
        (filterer(), FOUND),
    ],
)
def test_a_filterer_keeps_mentions_by_label(filterer, kept):
    found = pipeline(filterer).transform(pl.DataFrame({"text": [NOTE]}))
    assert results(found, "filtered") == kept
    expect = [one for one in found["ner_chunk"][0] if one["result"] in kept]
    assert found["filtered"].to_list() == [expect]
    light = nlp.LightPipeline(pipeline(filterer)).annotate(NOTE)
    assert light == {"ner_chunk": FOUND, "assertion": GIVEN, "filtered": kept}


def test_contextual_assertion_annotates_the_mentions_of_one_label():
    frame = pl.DataFrame({"text": [NOTE]})
    contextual = medical.ContextualAssertion
    for model, label in (
        (contextual(), "absent"),
        (contextual().setAssertion("possible"), "possible"),
        (contextual.pretrained("contextual_assertion_someone_else"), "associated_with_someone_else"),
    ):
        found = pipeline(filterer(), model=model).transform(frame)
        assert results(found, "assertion") == [label]
        assert results(found, "filtered") == [FOUND[GIVEN.index(label)]]


def test_finishers_take_labels_and_mentions():
    frame = pl.DataFrame({"text": [NOTE]})
    finisher = nlp.Finisher().setInputCols("assertion", "filtered")
    found = pipeline(filterer().setWhiteList("present"), finisher).transform(frame)
    assert found.columns == ["text", "finished_assertion", "finished_filtered"]
    assert found["finished_assertion"].to_list() == [GIVEN]
    light = nlp.LightPipeline(pipeline(filterer().setWhiteList("present"), nlp.Finisher().setInputCols("filtered")))
    assert light.annotate(NOTE) == {"filtered": ["stroke"]}
    text = nlp.Finisher().setInputCols("assertion").setOutputAsArray(False).setIncludeMetadata(True)
    first = pipeline(text).transform(frame)["finished_assertion"][0].split("@")[0]
    assert first == "chunk->0#ner_chunk->chest pain#ner_label->SYMPTOM#sentence->0#result->absent"


def test_rules_of_ones_own_and_saved_pipelines(tmp_path):
    (tmp_path / "rules.toml").write_text('language = "en"\n[negated]\nbefore = [{ cue = "nary a" }]\n')
    options = {"assertion_rules": str(tmp_path / "rules.toml")}
    second = medical.NerConverterInternal().setWhiteList(["SYMPTOM"]).setInputCols(["sentence", "token", "ner"])
    model = pipeline(second.setOutputCol("symptom"), filterer().setBlackList("absent"), options=options)
    frame = pl.DataFrame({"text": ["Nary a fever since yesterday."]})
    found = model.transform(frame)
    assert (results(found, "assertion"), results(found, "symptom"), results(found, "filtered")) == (
        ["absent"],
        ["fever"],
        [],
    )
    assert results(pipeline().transform(frame), "assertion") == ["present"]
    assert "assertion" not in [pair["key"] for pair in found["symptom"][0][0]["metadata"]]
    model.save(tmp_path / "saved")
    assert nlp.PipelineModel.load(tmp_path / "saved").transform(frame).equals(found)


def test_every_name_of_an_assertion_model_is_a_stage():
    for kind in AssertionModel.__subclasses__():
        assert getattr(medical, kind.__name__) is kind
    for name in ("AssertionDLModel", "AssertionLogRegModel", "FewShotAssertionClassifierModel"):
        with pytest.warns(UserWarning, match="`assertion_jsl` is not run: the rules of spanframe give"):
            model = getattr(medical, name).pretrained("assertion_jsl", "en", "clinical/models")
        assert results(pipeline(model=model).transform(pl.DataFrame({"text": [NOTE]})), "assertion") == GIVEN
    assert medical.BertForAssertionClassification().setIncludeConfidence(True).getIncludeConfidence() is True


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: nlp.AssertionDLModel, "`AssertionDLModel` is not supported: take it from spanframe.compat.medical"),
        (lambda: medical.AssertionDLApproach, "medical.AssertionDLModel, whose rules need no training"),
        (lambda: medical.AssertionDLModel().setScopeWindow([2, 2]), "each rule has its own reach"),
        (lambda: medical.AssertionDLModel().setTargetNerLabels(["x"]), "set a white list in the converter"),
        (lambda: medical.ContextualAssertion().setPrefixKeywords(["no"]), "'assertion_rules': 'rules.toml'"),
        (lambda: medical.ContextualAssertion().addSuffixKeywords(["no"]), "'assertion_rules': 'rules.toml'"),
        (
            lambda: medical.ContextualAssertion.pretrained("contextual_assertion_past"),
            "may be contextual_assertion_pres",
        ),
        (lambda: medical.ContextualAssertion().setAssertion("past"), "it may be present, absent"),
        (lambda: filterer().setCriteria("isin"), "labels decide, not words: take a white list of types"),
        (lambda: filterer().setRegex(["x"]), "set a white list of labels here"),
    ],
)
def test_what_is_not_there_is_named_with_the_nearest(attempt, message):
    with pytest.raises(UnsupportedError, match=message):
        attempt()


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: medical.AssertionDLModel.pretrained("assertion_dl", "de"), "no rules for `de`, only for en, es, it"),
        (lambda: pipeline(filterer().setWhiteList("Present")), "has `Present` in whiteList.*setCaseSensitive"),
        (lambda: pipeline(filterer().setBlackList("past")), f"has `past` in blackList.*take {', '.join(LABELS)}$"),
        (lambda: pipeline(filterer().setInputCols("sentence", "ner_chunk")), "an input column of type assertion"),
        (
            lambda: nlp.Pipeline(stages=[one for one in stages() if one.makes != "word_embeddings"]).fit(),
            "`embeddings`, which no earlier stage makes; .*; leave out embeddings, which it does not need",
        ),
        (
            lambda: pipeline(
                medical.NerConverterInternal().setInputCols(["sentence", "token", "ner"]).setOutputCol("other"),
                filterer().setInputCols("sentence", "other", "assertion"),
            ),
            "reads mentions `other`, and the labels in `assertion` are those of `ner_chunk`",
        ),
        (
            lambda: pipeline().transform(pl.DataFrame({"text": [""], "assertion": [1]})),
            "there already is a column `assertion`: name another in setOutputCol",
        ),
    ],
)
def test_wrong_pipelines_are_refused(attempt, message):
    with pytest.raises(InputError, match=message):
        attempt()
