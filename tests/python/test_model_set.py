"""Several models in one pass: all faces return the same entities, and each row goes to the models of its language."""

import polars as pl
import pyarrow as pa
import pytest
from conftest import DATA, TINY, command_line
from polars.testing import assert_frame_equal

import spanframe

LANGUAGES = {
    "en": "roberta_disease_ner_onnx",
    "es": "roberta_disease_ner_es_onnx",
    "it": "bert_token_classifier_disease_ner_it_onnx",
}
SET = list(LANGUAGES.values())
SENTINEL = "XSENTINELX"


@pytest.fixture(scope="module")
def notes() -> pl.DataFrame:
    frame = pl.read_parquet(DATA / "notes.parquet", columns=["id", "lang", "note"]).head(12)
    return frame.with_columns(note=pl.when(pl.col("id") == "n000004").then(None).otherwise("note"))


def annotated(notes: pl.DataFrame, language="lang", **options) -> pl.DataFrame:
    return notes.with_columns(ner=pl.col("note").ner.extract(SET, language=language, **options))


def test_every_face_gives_what_one_call_a_model_gives(tmp_path, notes):
    found = annotated(notes)
    parts = [
        notes.filter(pl.col("lang") == code).with_columns(ner=pl.col("note").ner.extract(model)).ner.explode()
        for code, model in LANGUAGES.items()
    ]
    exploded = found.ner.explode()
    assert exploded.columns == ["id", "lang", "note", "chunk", "entity", "begin", "end", "confidence", "model"]
    assert_frame_equal(exploded.drop("model"), pl.concat(parts).sort("id", "begin"))
    assert exploded["model"].to_list() == [LANGUAGES[code] for code in exploded["lang"]]

    assert_frame_equal(pl.DataFrame(spanframe.Engine(SET).annotate(notes, "note", language="lang")), found)
    texts = spanframe.Engine(SET).annotate(notes["note"].to_list(), language=notes["lang"].to_list())
    assert pa.array(texts).equals(pa.array(spanframe.Engine(SET).annotate(notes["note"], language=notes["lang"])))
    notes.write_parquet(tmp_path / "in.parquet")
    options = ["-c", "note", "-m", ",".join(SET), "--language-column", "lang", "-q"]
    command_line("annotate", tmp_path / "in.parquet", "-o", tmp_path / "out.parquet", *options)
    assert_frame_equal(pl.read_parquet(tmp_path / "out.parquet"), found)
    summary = spanframe.run(
        tmp_path / "in.parquet", tmp_path / "out", column="note", model=SET, language_column="lang", id="id"
    )
    assert_frame_equal(pl.read_parquet(tmp_path / "out"), found)
    assert (summary.counts.rows, summary.counts.unknown_language) == (12, 0)


def test_streaming_and_chunks_change_nothing(notes):
    expect = annotated(notes)
    lazy = notes.lazy().with_columns(ner=pl.col("note").ner.extract(SET, language=pl.col("lang").cast(pl.Categorical)))
    assert lazy.collect_schema() == expect.schema
    assert_frame_equal(lazy.collect(engine="streaming"), expect)
    chunks = pl.concat([notes.head(5), notes.tail(7)], rechunk=False)
    assert_frame_equal(annotated(chunks), expect)
    assert_frame_equal(annotated(notes.head(0)), expect.head(0))


def test_one_language_for_all_rows_is_a_literal(notes):
    models = annotated(notes, pl.lit("es-MX")).ner.explode()["model"].unique().to_list()
    assert models == [LANGUAGES["es"]]
    engine = spanframe.Engine(SET)
    one = engine.annotate(notes["note"].to_list(), language="ES")
    assert {entity["model"] for row in one.to_list() if row for entity in row} == {LANGUAGES["es"]}
    assert engine.metrics["texts_tokenized"] == 11 and engine.metrics["unknown_languages"] == 0


def test_the_type_of_a_set_is_known_without_its_models(notes, tmp_path):
    toml, json = tmp_path / "such.toml", tmp_path / "such.json"
    toml.write_text('[[model]]\nmodel = "no/such"\n')
    json.write_text('{"model": [{"model": "no/such"}]}')
    for model in (["no/such", "no/other"], str(toml), json):
        schema = notes.lazy().select(pl.col("note").ner.extract(model)).collect_schema()
        assert [field.name for field in schema["note"].fields][-1] == "model"
    # a file may ask for more fields
    toml.write_text('assertion = ["negated"]\n[[model]]\nmodel = "no/such"\n')
    schema = notes.lazy().select(pl.col("note").ner.extract(str(toml))).collect_schema()
    assert [field.name for field in schema["note"].fields][-1] == "negated"
    with pytest.raises(pl.exceptions.ComputeError, match="cannot be read"):
        notes.lazy().select(pl.col("note").ner.extract("no/such.toml")).collect_schema()


def test_rows_of_unknown_language_follow_the_rule(notes):
    odd = notes.with_columns(lang=pl.when(pl.col("lang") == "it").then(pl.lit(SENTINEL)).otherwise("lang"))
    with pytest.raises(
        pl.exceptions.ComputeError,
        match=r"row 2 of the 12 rows that Polars gave at once is in none of the languages .* \(en, es, it\)",
    ) as error:
        annotated(odd)
    assert SENTINEL not in str(error.value)
    nulls = annotated(odd, on_error="null")["ner"].is_null()
    assert nulls.to_list() == ((odd["lang"] == SENTINEL) | odd["note"].is_null()).to_list()
    reasons = odd.select(pl.col("note").ner.diagnose(SET, language="lang").struct.field("error"))["error"]
    assert reasons.is_not_null().to_list() == (odd["lang"] == SENTINEL).to_list()
    skipped = annotated(odd, unknown_language="skip").filter(pl.col("lang") == SENTINEL)["ner"]
    assert all(row["chunk"] == [] for row in skipped)
    every = annotated(odd, unknown_language="all").filter(pl.col("lang") == SENTINEL).ner.explode()
    assert every["model"].unique().sort().to_list() == sorted(SET)


def test_merging_through_the_expression(notes):
    models = [TINY, TINY.replace("multi-head", "bert-uncased")]

    def find(**options):
        found = notes.select("id", ner=pl.col("note").ner.extract(models, **options)).ner.explode()
        return found.with_columns(pl.col("model").cast(pl.Categorical))

    everything, row, within = find(), find(merge="longest"), find(merge="first", merge_within="type")
    assert everything.height > within.height > row.height > 0
    overlapping = pl.col("begin") < pl.col("end").shift(1).over("id")
    assert everything.filter(overlapping).height > 0
    assert row.filter(overlapping).height == 0
    same = within.sort("id", "entity", "begin")
    assert same.filter(pl.col("begin") < pl.col("end").shift(1).over("id", "entity")).height == 0


def test_entities_of_a_set_name_their_model():
    engine = spanframe.Engine(("roberta_med_ner_es_onnx", "roberta_symptom_ner_es_onnx"))
    found = engine.annotate_text("Toma aspirina por disnea.")
    assert [(e.chunk, e.model) for e in found] == [
        ("aspirina", "roberta_med_ner_es_onnx"),
        ("disnea", "roberta_symptom_ner_es_onnx"),
    ]
    assert all(isinstance(e, spanframe.ModelEntity) for e in found)
    assert engine.entities == ["MEDICATION", "SYMPTOM"]
    alone = spanframe.Engine("roberta_med_ner_es_onnx").annotate_text("Toma aspirina.")
    assert alone[0]._fields == ("chunk", "entity", "begin", "end", "confidence")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": SET, "language": pl.lit(1)}, "expected the language of each row as a string"),
        ({"model": SET, "language": pl.col("langs")}, "langs"),
        ({"language": pl.col("lang")}, "option `language` does not go with one model"),
        ({"model": [TINY, TINY]}, "two models are named `multi-head`"),
        ({"model": []}, "option `model` cannot be an empty list"),
        ({"model": SET, "merge": "longst"}, "did you mean `longest`"),
        ({"model": "no/such.toml"}, "the pipeline file `no/such.toml` cannot be read"),
    ],
)
def test_wrong_sets_are_named(notes, arguments, message):
    with pytest.raises((pl.exceptions.ComputeError, pl.exceptions.ColumnNotFoundError), match=message):
        notes.select(pl.col("note").ner.extract(**arguments))


def test_an_actor_of_ray_takes_languages(notes):
    pytest.importorskip("ray")
    from spanframe.ray import Annotator

    table = pa.concat_tables([notes.head(5).to_arrow(), notes.tail(7).to_arrow()])
    made = Annotator("note", model=SET, language="lang")(table)
    assert_frame_equal(pl.from_arrow(made), annotated(notes))
    with pytest.raises(spanframe.InputError, match="there is no column `langs`"):
        Annotator("note", model=SET, language="langs")(table)
