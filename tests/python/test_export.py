"""Exports without torch. tests/export_checkpoint.py tests the rest."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec

import onnx
import polars as pl
import pytest
from conftest import DATA, command_line

import spanframe

MODEL = DATA / "test_models/xlm-roberta-fp32"
TEXTS = pl.read_parquet(DATA / "notes.parquet")["note"].head(12).to_list()


def entities(model):
    return spanframe.Engine(model).annotate(TEXTS)


def agreement(expected, model):
    return spanframe.diff(expected, entities(model))["agreement"]["f1"]


def test_smaller_files_of_a_model_say_how_far_they_agree(tmp_path):
    folder = tmp_path / "deep" / "small"
    made = spanframe.export_model(MODEL, folder, precision=["int8", "fp16"], texts=TEXTS)
    assert made.folder == str(folder) and made.comparison is None and made.texts == len(TEXTS)
    assert made.entities == spanframe.Engine(MODEL).entities
    expected = entities(MODEL)
    assert agreement(expected, folder) == 1
    assert [file.precision for file in made.files] == ["fp32", "int8", "fp16"]
    reference, *smaller = made.files
    assert reference.f1 is None and reference.path == str(folder / "model.onnx")
    for file, share in zip(smaller, (0.45, 0.6), strict=True):
        assert file.bytes < reference.bytes * share
        assert file.f1 == agreement(expected, file.path) and file.f1 > 0.8
    assert spanframe.verify_model(folder) is True
    card = (folder / "README.md").read_text()
    assert f"| model_int8.onnx | int8 | {smaller[0].bytes / 1e6:.1f} | {smaller[0].f1:.4f} |" in card
    assert [path.name for path in folder.parent.iterdir()] == ["small"], "nothing else is left"


def test_weights_are_in_8_bits_and_nothing_else_is_rounded(tmp_path):
    spanframe.export_model(MODEL, tmp_path / "small", precision=["int8"], texts=TEXTS)
    graph = onnx.load(tmp_path / "small/model_int8.onnx").graph
    kinds = {onnx.TensorProto.DataType.Name(t.data_type) for t in graph.initializer if t.name.endswith(".int8")}
    assert kinds == {"INT8"}
    # rounding activations would make a text depend on its batch
    assert not {node.op_type for node in graph.node} & {"DynamicQuantizeLinear", "QuantizeLinear", "MatMulInteger"}
    large = [t.name for t in graph.initializer if t.data_type == onnx.TensorProto.FLOAT and len(t.raw_data) > 20_000]
    assert not large
    one_by_one = [spanframe.Engine(tmp_path / "small/model_int8.onnx").annotate_text(text) for text in TEXTS]
    together = entities(tmp_path / "small/model_int8.onnx")
    assert pl.Series(together).struct.field("chunk").to_list() == [[e.chunk for e in row] for row in one_by_one]


def test_external_data_of_any_name_is_copied_and_counted(tmp_path):
    source = tmp_path / "source"
    (source / "onnx").mkdir(parents=True)
    for file in (*MODEL.glob("*.json"), *MODEL.glob("LICENSE*")):
        (source / file.name).write_bytes(file.read_bytes())
    (source / "NOTICE.txt").write_text("weights of somebody")
    graph = source / "onnx/model.onnx"
    onnx.save_model(onnx.load(MODEL / "model.onnx"), graph, save_as_external_data=True, location="weights.bin")
    made = spanframe.export_model(source, tmp_path / "small", precision=["int8"], texts=TEXTS)
    reference, smaller = made.files
    assert reference.path == str(tmp_path / "small/onnx/model.onnx")
    assert reference.bytes == graph.stat().st_size + (source / "onnx/weights.bin").stat().st_size
    assert smaller.path == str(tmp_path / "small/onnx/model_int8.onnx")
    assert agreement(entities(MODEL), reference.path) == 1
    assert (tmp_path / "small/NOTICE.txt").read_text() == "weights of somebody"
    (source / "onnx/weights.bin").unlink()
    with pytest.raises(spanframe.ModelError, match=r"its weights are in `weights.bin`, which .* does not have"):
        spanframe.export_model(source, tmp_path / "again", texts=TEXTS)
    assert not (tmp_path / "again").exists()


def test_the_command_makes_the_same_folder(tmp_path):
    printed = command_line(
        *("model", "export", MODEL, tmp_path / "small", "--precision", "int8,fp16"),
        *("--sample", DATA / "notes.parquet", "--column", "note", "--limit", 12),
    )
    assert re.search(
        r"^int8 +model_int8.onnx, 0\.\d MB; entities as those of fp32: (0\.[89]\d{3}|1\.0000)$", printed, re.M
    )
    assert printed.endswith("compared on   12 texts\n")
    spanframe.export_model(MODEL, tmp_path / "again", precision=["int8", "fp16"], texts=TEXTS)
    listed = [json.loads((tmp_path / name / "manifest.json").read_text())["files"] for name in ("small", "again")]
    assert listed[0] == listed[1]


@pytest.mark.parametrize(
    ("arguments", "expect"),
    [
        (["absent", "OUT"], "there is no folder `absent`"),
        ([MODEL, MODEL], "is there already"),
        ([DATA, "OUT"], "has neither model.safetensors nor pytorch_model.bin nor model.onnx"),
        ([MODEL, "OUT", "--sample", DATA / "notes.parquet", "--column", "text"], "no column `text`"),
        ([MODEL, "OUT", "--sample", DATA / "notes.parquet", "--limit", 0], "there are no texts to compare on"),
        ([MODEL, "OUT", "--precision", "int4"], "invalid value 'int4'"),
    ],
)
def test_what_cannot_be_made_is_refused(arguments, expect, tmp_path):
    arguments = [tmp_path / "out" if argument == "OUT" else argument for argument in arguments]
    code = "from spanframe._cli import main; main()"
    command = [sys.executable, "-c", code, "model", "export", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and expect in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_precision_is_refused(tmp_path):
    with pytest.raises(spanframe.InputError, match="`int4` is not known: it may be fp16 or int8"):
        spanframe.export_model(MODEL, tmp_path / "out", precision=["int4"])


@pytest.mark.skipif(find_spec("torch") is not None, reason="tests/export_checkpoint.py tests it with torch")
def test_a_checkpoint_needs_the_extra(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "model.safetensors").write_bytes(b"")
    with pytest.raises(ModuleNotFoundError, match=re.escape("this needs torch: pip install 'spanframe[export]'")):
        spanframe.export_model(tmp_path / "checkpoint", tmp_path / "out")
    assert not (tmp_path / "out").exists()
