"""The bundled ONNX file has the properties that its model card states."""

import json

import onnx
from conftest import DATA
from onnx import numpy_helper

FILE = DATA / "models/clinical-ner-small/model_int8.onnx"
#: CPUs without VNNI add two 8-bit products in 16 bits: 2 * 255 * 63 fits, 2 * 255 * 127 overflows
MOST = 63


def test_every_processor_adds_the_same_whole_numbers():
    graph = onnx.load(FILE).graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    products = []
    for node in graph.node:
        if node.op_type == "ReluLinear":
            _, _, step, weight, scale = node.input
            ranges = [step]
        elif node.op_type == "QuantizedLinear":
            _, step, zero, weight, scale = node.input
            ranges = [step, zero]
        else:
            assert node.op_type != "MatMul" or node.input[1] == "classifier.weight"
            continue
        table = numpy_helper.to_array(tensors[weight])
        assert table.dtype == "int8" and abs(table).max() <= MOST
        # one scale per output, and one static range for all inputs, independent of the batch
        assert list(tensors[scale].dims) == [table.shape[1]]
        assert all(list(tensors[name].dims) == [] for name in ranges)
        products.append(table.size)
    # query, key and value; output; two feed-forward layers
    wide = json.loads(FILE.with_name("config.json").read_text())["intermediate_size"]
    assert products == [384 * 3 * 384, 384 * 384, 384 * wide, wide * 384] * 6
