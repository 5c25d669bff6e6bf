"""The bundled ONNX file without its whole numbers and bfloat16: the same weights, multiplied in fp32."""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

MODEL = Path(__file__).parents[1] / "data" / "models" / "clinical-ner-small"


def load() -> onnx.ModelProto:
    """Weights are multiplied out, and inputs of multiplications are not rounded."""
    model = onnx.load(MODEL / "model_int8.onnx")
    graph, nodes, before = model.graph, [], {}
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "QuantizeLinear":
            before[node.output[0]] = node.input[0]
        elif node.op_type == "DequantizeLinear" and node.input[0] in before:
            before[node.output[0]] = before[node.input[0]]
        elif node.op_type == "DequantizeLinear":
            table, scale = (numpy_helper.to_array(tensors[name]) for name in node.input[:2])
            weight = table.astype(np.float32) * scale
            graph.initializer.append(numpy_helper.from_array(weight, node.output[0]))
            graph.initializer.remove(tensors[node.input[0]])
        else:
            for attribute in node.attribute:
                if attribute.name == "bfloat16":
                    attribute.i = 0
            for i, name in enumerate(node.input):
                node.input[i] = before.get(name, name)
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model
