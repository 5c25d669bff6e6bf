"""A Hugging Face checkpoint with the weights of the bundled model, so that other systems can run them.

    python benches/checkpoint.py FOLDER

Of the four heads one is kept (`--entity`, DISEASE): a plain BertForTokenClassification with O, B and I, as pipelines know it.
Writes config.json, tokenizer.json, model.safetensors and, as `spanframe model export` makes it, model.onnx in fp32; and checks that they
give the logits of the bundled weights multiplied in fp32.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import unrounded
from onnx import numpy_helper
from transformers import BertConfig, BertForTokenClassification
from unrounded import MODEL

import spanframe

#: the names of the bundled graph, and those of transformers
PARTS = {"ao": "attention.output.dense", "fi": "intermediate.dense", "fo": "output.dense"}
NORMS = {"n1": "attention.output.LayerNorm", "n2": "output.LayerNorm"}


def stored(name: str, tensors: dict[str, np.ndarray]) -> np.ndarray:
    """A tensor of the bundled file, in fp32."""
    if f"{name}.int8" in tensors:  # word embeddings
        return tensors[f"{name}.int8"].astype(np.float32) * tensors[f"{name}.scale"]
    return tensors[name].astype(np.float32)


def weights(entity: str, config: dict) -> dict[str, torch.Tensor]:
    """By the names of transformers."""
    graph = unrounded.load().graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    hidden = config["hidden_size"]
    scale = (hidden // config["num_attention_heads"]) ** 0.5
    found = {
        "bert.embeddings.word_embeddings.weight": stored("word", tensors),
        "bert.embeddings.position_embeddings.weight": stored("position", tensors),
        # they are part of the positions
        "bert.embeddings.token_type_embeddings.weight": np.zeros((config["type_vocab_size"], hidden), np.float32),
        "bert.embeddings.LayerNorm.weight": stored("norm.weight", tensors),
        "bert.embeddings.LayerNorm.bias": stored("norm.bias", tensors),
    }
    for layer in range(config["num_hidden_layers"]):
        ours, theirs = f"{layer}", f"bert.encoder.layer.{layer}"
        joined = {"weight": stored(f"{ours}.qkv.weight", tensors).T, "bias": stored(f"{ours}.qkv.bias", tensors)}
        for kind, values in joined.items():
            for part, value in zip(("query", "key", "value"), np.split(values, 3)):
                # the attention's scale is in the weights of the bundled file
                value = value * scale if part == "query" else value
                found[f"{theirs}.attention.self.{part}.{kind}"] = value
        for part, name in PARTS.items():
            found[f"{theirs}.{name}.weight"] = stored(f"{ours}.{part}.weight", tensors).T
            found[f"{theirs}.{name}.bias"] = stored(f"{ours}.{part}.bias", tensors)
        for part, name in NORMS.items():
            for kind in ("weight", "bias"):
                found[f"{theirs}.{name}.{kind}"] = stored(f"{ours}.{part}.{kind}", tensors)
    first = 3 * config["heads"].index(entity)
    found["classifier.weight"] = stored("classifier.weight", tensors).T[first : first + 3]
    found["classifier.bias"] = stored("classifier.bias", tensors)[first : first + 3]
    return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in found.items()}


def write(folder: Path, entity: str) -> None:
    """Writes the checkpoint and its ONNX file into `folder`."""
    config = json.loads((MODEL / "config.json").read_text())
    labels = ["O", f"B-{entity}", f"I-{entity}"]
    kept = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act")
    kept += ("max_position_embeddings", "type_vocab_size", "layer_norm_eps", "pad_token_id")
    model = BertForTokenClassification(
        BertConfig(
            **{key: config[key] for key in kept},
            id2label=dict(enumerate(labels)),
            label2id={label: i for i, label in enumerate(labels)},
        )
    )
    model.load_state_dict(weights(entity, config), strict=True)
    model.eval()
    with tempfile.TemporaryDirectory(prefix="checkpoint") as name:
        model.save_pretrained(name)
        for path in MODEL.glob("*token*.json"):
            shutil.copy(path, name)
        spanframe.export_model(name, folder)
        shutil.copy(Path(name) / "model.safetensors", folder)
    ids = torch.randint(4, config["vocab_size"], (2, 24))
    mask = torch.ones_like(ids)
    with torch.no_grad():
        by_torch = model(ids, mask).logits.numpy()
    bundled = onnxruntime.InferenceSession(unrounded.load().SerializeToString())
    (all_heads,) = bundled.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
    first = 3 * config["heads"].index(entity)
    np.testing.assert_allclose(by_torch, all_heads[..., first : first + 3], atol=2e-3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entity", default="DISEASE")
    args = parser.parse_args()
    write(args.folder, args.entity)


if __name__ == "__main__":
    main()
