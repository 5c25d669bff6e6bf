"""A checkpoint from an ONNX file of whole numbers (`export.py --precision static8`), to train on from what is shipped.

Weights come back as they are multiplied, word embeddings as their 8 bits say, the ranges of inputs as `ranges.json`; the
segment embedding is part of the positions.
"""

import argparse
import json
import math
import pathlib

import numpy as np
import onnx
import torch
from encoder import write, write_ranges
from onnx import numpy_helper


def initializers(path):
    """The arrays of an ONNX file by name."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}


def tensors_of(stored, config):
    """Every tensor under the names of encoder.py, and the ranges of the inputs of multiplications.

    `stored` are the initializers of the file.
    """
    hidden, size = config["hidden_size"], config["hidden_size"] // config["num_attention_heads"]
    position = stored["position"].astype(np.float32)
    tensors = {
        "word": stored["word.int8"] * stored["word.scale"],
        "position": position,
        "segment": np.zeros((config["type_vocab_size"], hidden), np.float32),
        "classifier.weight": stored["classifier.weight"].T,
    }
    ranges = {}
    for name, value in stored.items():
        layer, _, kind = name.rpartition(".")
        if kind == "int8" and layer.endswith(".weight"):
            tensors[layer] = (value * stored[f"{layer}.scale"]).T
        elif kind == "step":
            zero = int(stored.get(f"{layer}.zero", 0))  # behind ReLU nothing is below zero
            ranges[layer] = [float(value) * (0 - zero), float(value) * (255 - zero)]
        elif kind == "bias" or name.endswith(("norm.weight", "n1.weight", "n2.weight")):
            tensors[name] = value
    for name in tensors:
        if ".qkv." in name:  # the graph holds the 1/sqrt(size) of the attention
            tensors[name] = tensors[name].copy()
            tensors[name][:hidden] *= math.sqrt(size)
    return {name: torch.from_numpy(np.array(value, np.float32)) for name, value in tensors.items()}, ranges


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, type=pathlib.Path, help="folder with config.json and model_int8.onnx")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    args = parser.parse_args()
    config = json.loads((args.model / "config.json").read_text())
    tensors, ranges = tensors_of(initializers(args.model / "model_int8.onnx"), config)
    write(args.out, config, tensors)
    write_ranges(args.out, ranges)


if __name__ == "__main__":
    main()
