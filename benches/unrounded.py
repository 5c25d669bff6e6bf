"""The bundled ONNX file without its whole numbers and bfloat16: the same weights, multiplied in fp32."""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

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
        elif node.op_type == "ReluLinear":
            x, bias, _, whole, scale = node.input
            weight = numpy_helper.to_array(tensors[whole]).astype(np.float32) * numpy_helper.to_array(tensors[scale])
            graph.initializer.append(numpy_helper.from_array(weight, f"{whole}.floats"))
            graph.initializer.remove(tensors[whole])
            [output] = node.output
            nodes.append(helper.make_node("Add", [x, bias], [f"{output}.sum"]))
            nodes.append(helper.make_node("Relu", [f"{output}.sum"], [f"{output}.positive"]))
            nodes.append(helper.make_node("MatMul", [f"{output}.positive", f"{whole}.floats"], [output]))
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
