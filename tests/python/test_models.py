"""The catalogue, and installed models."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from conftest import DATA, TINY

import spanframe

TEXT = "Refiere dolor torácico y toma aspirina 100 mg."


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Returns an empty folder for installed models."""
    monkeypatch.setenv("SPANFRAME_HOME", str(tmp_path))
    return tmp_path


def test_models_are_those_of_the_command_line(home):
    shutil.copytree(TINY, home / "models" / "of_this_house")
    frame = spanframe.models()
    program = Path(sys.executable).with_name("spanframe")
    listed = subprocess.run([program, "model", "list", "--json"], capture_output=True, check=True, text=True)
    assert frame.to_dicts() == json.loads(listed.stdout)
    assert frame.height == 14
    own = frame.row(by_predicate=pl.col("name") == "of_this_house", named=True)
    assert own["installed"] and own["model"] == str(home / "models" / "of_this_house")
    assert frame["installed"].sum() == 1


def test_every_type_and_language_has_a_name_and_a_score():
    single = spanframe.models().filter(pl.col("entities").list.len() == 1)
    pairs = {(row["languages"][0], row["entities"][0]) for row in single.to_dicts()}
    assert len(pairs) == single.height == 12
    assert single.filter(pl.col("f1").is_null()).is_empty()
    assert single.filter((pl.col("f1") < pl.col("f1_low")) | (pl.col("f1") > pl.col("f1_high"))).is_empty()


def test_a_published_name_gives_its_entity_alone():
    everything = spanframe.Engine().annotate_text(TEXT)
    engine = spanframe.Engine("roberta_med_ner_es_onnx")
    assert engine.annotate_text(TEXT) == [e for e in everything if e.entity == "MEDICATION"]
    assert engine.entities == ["MEDICATION"]
    assert "not those of any model published under this name" in repr(engine)
    frame = pl.DataFrame({"note": [TEXT]}).with_columns(ner=pl.col("note").ner.extract("roberta_symptom_ner_es_onnx"))
    assert frame.ner.explode("ner")["entity"].unique().to_list() == ["SYMPTOM"]
    with pytest.raises(spanframe.InputError, match="it may be MEDICATION"):
        spanframe.Engine("roberta_med_ner_es_onnx", entities=["DISEASE"])


def test_an_installed_folder_comes_before_a_published_name(home):
    shutil.copytree(TINY, home / "models" / "roberta_med_ner_onnx")
    assert spanframe.Engine("roberta_med_ner_onnx").annotate_text(TEXT) == spanframe.Engine(TINY).annotate_text(TEXT)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(spanframe.ModelError, match="such as roberta_symptom_ner_es_onnx"):
        spanframe.Engine("roberta_symptoms_ner_es_onnx")


def test_models_are_added_verified_packed_and_removed(home, tmp_path):
    added = spanframe.add_model(TINY, "ours")
    assert added.name == "ours" and added.folder == str(home / "models" / "ours") and added.commit is None
    assert added.entities == spanframe.Engine("ours").entities
    assert spanframe.Engine("ours").annotate_text(TEXT) == spanframe.Engine(TINY).annotate_text(TEXT)
    assert spanframe.verify_model("ours") is True and spanframe.verify_model(TINY) is False
    with pytest.raises(spanframe.InputError, match="installed already"):
        spanframe.add_model(TINY, "ours")
    archive = tmp_path / "ours.tar.gz"
    spanframe.pack_model("ours", archive)
    spanframe.remove_model("ours")
    with pytest.raises(spanframe.InputError, match="no installed model `ours`"):
        spanframe.remove_model("ours")
    assert spanframe.add_model(archive).name == "ours"
    (home / "models" / "ours" / "config.json").write_text("{}")
    with pytest.raises(spanframe.ModelError, match="config.json was changed"):
        spanframe.verify_model("ours")
    with pytest.raises(spanframe.ModelError, match="config.json was changed"):
        spanframe.Engine("ours")


def test_nothing_is_fetched_unless_asked():
    with pytest.raises(spanframe.ModelError, match="run `spanframe model add hf:org/name` first"):
        spanframe.Engine("hf:org/name")
    with pytest.raises(spanframe.InputError, match="HF_HUB_OFFLINE"):
        spanframe.add_model("hf:org/name", offline=True)
    with pytest.raises(spanframe.InputError) as caught:
        spanframe.add_model("hf:org/name", endpoint="http://127.0.0.1:9", token="hf_Secret", offline=False)
    assert "127.0.0.1:9" in str(caught.value) and "Secret" not in str(caught.value)


def test_what_spark_nlp_saved_is_imported():
    saved = DATA / "reference/sparknlp_folders/roberta"
    imported = spanframe.import_model(saved)
    assert (imported.name, imported.source) == ("roberta", "Spark NLP: roberta")
    engine = spanframe.Engine("roberta", max_length=64)
    original = spanframe.Engine(DATA / "test_models/roberta", max_length=64)
    assert engine.annotate_text(TEXT) == original.annotate_text(TEXT) != []
    with pytest.raises(spanframe.InputError, match="spanframe model import"):
        spanframe.add_model(saved, "other")


def test_a_model_that_needs_a_warning_gives_it_once():
    model = str(DATA / "test_models" / "roberta" / "model_dynamic.onnx")
    code = (
        "import sys, warnings, polars as pl, spanframe\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    for _ in range(2):\n"
        "        frame = pl.DataFrame({'note': ['Niega disnea.']}).lazy()\n"
        "        frame.select(pl.col('note').ner.extract(sys.argv[1])).collect()\n"
        "        spanframe.Engine(sys.argv[1])\n"
        "print(*[warning.message for warning in caught], sep='\\n')\n"
    )
    # a process of its own, because a process warns once
    done = subprocess.run([sys.executable, "-c", code, model], capture_output=True, text=True, check=True)
    (warning,) = done.stdout.splitlines()
    assert warning.startswith(f"model `{Path(model).parent}`: its graph rounds activations by the content of a batch")
    assert done.stderr == ""


def test_adding_a_model_that_needs_a_warning_gives_it():
    with pytest.warns(UserWarning, match="each window runs alone"):
        spanframe.add_model(str(DATA / "test_models" / "roberta" / "model_dynamic.onnx"), name="dynamic")
