"""Exports checkpoints of every family. `make test-export` runs this with the pinned torch and transformers.

The checkpoints have the sizes and tokenizers of data/test_models, and random weights large enough to find entities.
"""

import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import polars as pl
import torch
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer, pipeline

import spanframe

DATA = Path(__file__).parents[1] / "data"
FAMILIES = ["bert-cased", "bert-uncased", "camembert", "deberta-v2", "distilbert", "electra", "roberta", "xlm-roberta"]
# checkpoints with heads as large as in real models, whose attention becomes spanframe's operator
PACKED = {"bert-cased", "roberta"}
TEXTS = pl.read_parquet(DATA / "notes.parquet")["note"].head(8).to_list()


def checkpoint(family: str, folder: Path) -> Path:
    """Writes a checkpoint whose weights find entities, with its own model card."""
    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(DATA / "test_models" / family)
    if family in PACKED:
        config.hidden_size, config.num_attention_heads = 64, 2
    model = AutoModelForTokenClassification.from_config(config)
    for weights in model.parameters():
        if weights.dim() == 2:
            torch.nn.init.normal_(weights, std=0.3)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(DATA / "test_models" / family).save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\nlanguage: es\n---\n# Ours\n")
    return folder


def spans(text: str, found: list[dict]) -> list[tuple[int, int, str]]:
    """Returns entities with character positions, as tests/hugging_face.rs compares them."""
    return sorted((e["start"], e["end"], e["entity_group"]) for e in found if e["start"] < e["end"])


def check_hidden(family: str, source: Path, target: Path) -> None:
    """The mask may hide any token, as emulate="sparknlp" hides RoBERTa's begin token."""
    session = onnxruntime.InferenceSession(target / "model.onnx", providers=["CPUExecutionProvider"])
    encoded = dict(AutoTokenizer.from_pretrained(source)(TEXTS[0][:120], return_tensors="pt"))
    encoded["attention_mask"][0, [0, 3]] = 0
    with torch.inference_mode():
        expected = AutoModelForTokenClassification.from_pretrained(source).eval()(**encoded).logits.numpy()
    inputs = {node.name for node in session.get_inputs()}
    [logits] = session.run(["logits"], {name: tensor.numpy() for name, tensor in encoded.items() if name in inputs})
    np.testing.assert_allclose(logits, expected, atol=1e-3, err_msg=family)


def check(family: str, place: Path) -> None:
    source = checkpoint(family, place / family)
    target = place / f"{family}-folder"
    made = spanframe.export_model(source, target, precision=["fp16", "int8"], texts=TEXTS)
    assert made.comparison.difference < 1e-3 and made.comparison.changed == 0, made
    assert made.comparison.tokens > 1000
    operators = {(node.domain, node.op_type) for node in onnx.load(target / "model.onnx").graph.node}
    ours = {operator for domain, operator in operators if domain == "spanframe"}
    assert ("SelfAttention" in ours) == (family in PACKED), operators
    assert "SkipLayerNormalization" in ours or family not in PACKED, operators
    check_hidden(family, source, target)
    engine = spanframe.Engine(target, aggregation_strategy="simple", emulate="huggingface")
    theirs = pipeline("token-classification", str(source), aggregation_strategy="simple")
    short = [text[:120] for text in TEXTS]  # one window each
    found = [sorted((e.begin, e.end, e.entity) for e in engine.annotate_text(text)) for text in short]
    assert found == [spans(text, theirs(text)) for text in short]
    assert sum(map(len, found)) > 20
    reference, half, small = made.files
    assert half.f1 > 0.98 and half.bytes < 0.7 * reference.bytes, half
    assert small.f1 > 0.7 and small.bytes < 0.6 * reference.bytes, small
    card = (target / "README.md").read_text()
    assert card.startswith("---\nlicense: apache-2.0\n") and f"torch {version('torch')}" in card
    assert spanframe.verify_model(target) is True
    print(f"{family:14} torch {made.comparison.difference:.1e}, fp16 {half.f1:.4f}, int8 {small.f1:.4f}")


def check_command(place: Path) -> None:
    source, target = place / FAMILIES[0], place / "by_command"
    program = Path(sys.executable).with_name("spanframe")
    done = subprocess.run([program, "model", "export", source, target], capture_output=True, text=True, check=True)
    assert "torch         logits differ by" in done.stdout, done.stdout
    wrong = place / "wrong"
    wrong.mkdir()
    (wrong / "config.json").write_text((source / "config.json").read_text())
    (wrong / "model.safetensors").write_bytes(b"no weights")
    done = subprocess.run([program, "model", "export", wrong, place / "never"], capture_output=True, text=True)
    assert done.returncode == 3 and "wrong` cannot be exported" in done.stderr, done.stderr
    assert not (place / "never").exists()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for family in FAMILIES:
            check(family, Path(folder))
        check_command(Path(folder))


if __name__ == "__main__":
    main()
