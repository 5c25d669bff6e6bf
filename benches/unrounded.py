"""The bundled ONNX file without its whole numbers and bfloat16: the same weights, multiplied in fp32."""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

MODEL = Path(__file__).parents[1] / "data" / "models" / "clinical-ner-small"


def load() -> onnx.ModelProto:
    """Weights are multiplied out, and inputs of multiplications are not rounded."""
    model = onnx.load(MODEL / "model_int8.onnx")
    graph, nodes = model.graph, []
    tensors = {tensor.name: tensor for tensor in graph.initializer}

    def floats(whole, scale):
        weight = numpy_helper.to_array(tensors[whole]).astype(np.float32) * numpy_helper.to_array(tensors[scale])
        name = whole.removesuffix(".int8")
        graph.initializer.append(numpy_helper.from_array(weight, name))
        return name

    for node in graph.node:
        if node.op_type == "QuantizedLinear":
            x, _, _, whole, scale = node.input
            nodes.append(helper.make_node("MatMul", [x, floats(whole, scale)], node.output))
        elif node.op_type == "ReluLinear":
            x, bias, _, whole, scale = node.input
            [output] = node.output
            nodes.append(helper.make_node("Add", [x, bias], [f"{output}.sum"]))
            nodes.append(helper.make_node("Relu", [f"{output}.sum"], [f"{output}.positive"]))
            nodes.append(helper.make_node("MatMul", [f"{output}.positive", floats(whole, scale)], [output]))
        else:
            for attribute in node.attribute:
                if attribute.name == "bfloat16":
                    attribute.i = 0
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)
    onnx.checker.check_model(model)
    return model
