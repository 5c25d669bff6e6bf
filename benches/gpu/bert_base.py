"""A model folder of the size of BERT-base without its weights, for pack.py.

The graph is one that `spanframe model export` writes: fused operators, with spanframe's where those apply. Large weights
are external data, and that file is not kept. check.py fills it with random numbers on the machine with the GPU. Speed
does not depend on the values, and every label is `O`, so that decoding costs as little as it can.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from spanframe import _operators, _precision

FUSED = "com.microsoft"
OPSET = 17
LABELS = ["O", "B-RANDOM", "I-RANDOM"]
POSITIONS = 512
#: smaller tensors (bytes) stay in the ONNX file: biases, sums, the classifier
LARGE = 1 << 14
DATA = "model.onnx_data"


class Size(NamedTuple):
    """What a BERT is made of; the default is BERT-base."""

    layers: int = 12
    units: int = 768
    heads: int = 12
    wide_units: int = 3072


class RandomFile(NamedTuple):
    """A file of random weights to be made: path in the pack, bytes, and type of the numbers."""

    path: str
    bytes: int
    type: str


def write(folder: Path, tokenizer: Path, size: Size) -> list[RandomFile]:
    """Writes the folders `fp32` and `fp16` with the tokenizer of the model folder `tokenizer`."""
    vocabulary = json.loads((tokenizer / "config.json").read_text())["vocab_size"]
    files = []
    for precision in ("fp32", "fp16"):
        target = folder / precision
        target.mkdir(parents=True)
        # anew for each, because conversions and saving change a model
        model = graph(size, vocabulary)
        _operators.put(model)
        large = save(model if precision == "fp32" else _precision._fp16(model), target / "model.onnx")
        files.append(RandomFile(f"{target.relative_to(folder.parent)}/{DATA}", large, f"float{precision[2:]}"))
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(tokenizer / name, target / name)
        (target / "config.json").write_text(json.dumps(config(size, vocabulary)))
    return files


def save(model: onnx.ModelProto, path: Path) -> int:
    """Writes the ONNX file without its external data, and returns the bytes of these."""
    with tempfile.TemporaryDirectory() as name:
        written = Path(name, path.name)
        onnx.save_model(model, written, save_as_external_data=True, location=DATA, size_threshold=LARGE)
        shutil.copy(written, path)
        return Path(name, DATA).stat().st_size


def config(size: Size, vocabulary: int) -> dict:
    return {
        "model_type": "bert",
        "vocab_size": vocabulary,
        "hidden_size": size.units,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "intermediate_size": size.wide_units,
        "max_position_embeddings": POSITIONS,
        "id2label": dict(enumerate(LABELS)),
        "label2id": {label: i for i, label in enumerate(LABELS)},
    }


def graph(size: Size, vocabulary: int) -> onnx.ModelProto:
    """The model with weights of zero."""
    tensors, nodes = [], []

    def constant(name: str, values: np.ndarray) -> str:
        tensors.append(numpy_helper.from_array(values, name))
        return name

    def zeros(name: str, *shape: int) -> str:
        return constant(name, np.zeros(shape, np.float32))

    def ones(name: str) -> str:
        return constant(name, np.ones(size.units, np.float32))

    def node(operator: str, inputs: list[str], output: str, domain: str = "", **attributes: object) -> str:
        nodes.append(helper.make_node(operator, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def sum_(name: str, x: str, y: str) -> str:
        inputs = [x, y, ones(f"{name}.scale"), zeros(f"{name}.shift", size.units), zeros(f"{name}.bias", size.units)]
        return node("SkipLayerNormalization", inputs, name, FUSED, epsilon=1e-12)

    words = node("Gather", [zeros("words", vocabulary, size.units), "input_ids"], "of_words")
    shape = node("Shape", ["input_ids"], "shape", start=1, end=2)
    begin, axis = constant("begin", np.array([0])), constant("axis", np.array([0]))
    places = node("Slice", [zeros("positions", POSITIONS, size.units), begin, shape, axis], "of_positions")
    both = node("Add", [words, places], "embedded")
    x = node(
        "LayerNormalization", [both, ones("first.scale"), zeros("first.shift", size.units)], "first", epsilon=1e-12
    )
    mask = node("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
    for i in range(size.layers):
        weights = [zeros(f"{i}.qkv", size.units, 3 * size.units), zeros(f"{i}.qkv.bias", 3 * size.units)]
        y = node("Attention", [x, *weights, mask], f"{i}.attention", FUSED, num_heads=size.heads)
        y = node("MatMul", [y, zeros(f"{i}.mixed", size.units, size.units)], f"{i}.output")
        x = sum_(f"{i}.attended", x, y)
        y = node("MatMul", [x, zeros(f"{i}.up", size.units, size.wide_units)], f"{i}.wide")
        y = node("BiasGelu", [y, zeros(f"{i}.up.bias", size.wide_units)], f"{i}.gelu", FUSED)
        y = node("MatMul", [y, zeros(f"{i}.down", size.wide_units, size.units)], f"{i}.narrow")
        x = sum_(f"{i}.fed", x, y)
    y = node("MatMul", [x, zeros("classifier", size.units, len(LABELS))], "scores")
    outside = np.array([9.0, 0.0, 0.0], np.float32)
    node("Add", [y, constant("classifier.bias", outside)], "logits")
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "sequence", len(LABELS)])
    made = helper.make_graph(nodes, "bert", inputs, [output], tensors)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=8)
