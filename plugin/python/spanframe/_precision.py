"""Writes smaller copies of an ONNX file. Needs ``onnx``."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

# bytes of the longest protobuf message; weights beyond it go to a file of their own
LONGEST_MESSAGE = 2**31 - 1
# smaller tensors, such as the embeddings of segments, gain little
FEWEST_WEIGHTS = 1024
# operators that multiply by weights, with the index of that input; Attention has those of query, key and value
MULTIPLICATIONS = {("MatMul", 1), ("Gemm", 1), ("Attention", 1)}


def write(source: Path, target: Path, precision: str) -> list[Path]:
    """Writes the fp32 model ``source`` to ``target`` as ``"fp16"`` or ``"int8"``. Inputs and outputs keep their types.

    Returns
    -------
    list of Path
        ``target`` and, for a model of more than 1 GiB, the file of its external data.
    """
    import onnx

    model = onnx.load(source)
    model = _fp16(model) if precision == "fp16" else _int8(model)
    size = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
    if size < LONGEST_MESSAGE // 2:
        onnx.save_model(model, target)
        return [target]
    data = target.with_name(f"{target.name}_data")
    onnx.save_model(model, target, save_as_external_data=True, location=data.name)
    return [target, data]


def _fp16(model: Any) -> Any:
    """Converts weights and computation to half precision. Inlines spanframe's operators, which are for CPUs alone."""
    from onnx.inliner import inline_local_functions
    from onnxruntime.transformers.float16 import convert_float_to_float16

    model = inline_local_functions(model)
    return convert_float_to_float16(model, keep_io_types=True, disable_shape_infer=True)


def _int8(model: Any) -> Any:
    """Converts weights of multiplications and embeddings to int8, with one scale per output or row.

    ONNX Runtime turns them back into fp32 on loading, with operators that every version has. Activations are not
    quantised, so the entities of a text do not depend on the rest of its batch.
    """
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    uses = defaultdict(list)
    for node in graph.node:
        for place, name in enumerate(node.input):
            uses[name].append((node, place))
    # the classifier keeps fp32, because it decides between close scores
    classifier = [node.input[1] for node in graph.node if node.op_type in ("MatMul", "Gemm")][-1:]
    before, replaced = [], {}
    for weight in list(graph.initializer):
        if weight.data_type != TensorProto.FLOAT or len(weight.dims) != 2 or weight.name in classifier:
            continue
        if weight.dims[0] * weight.dims[1] < FEWEST_WEIGHTS:
            continue
        kinds = {(node.op_type, place) for node, place in uses[weight.name]}
        rounded_name, scale = f"{weight.name}.int8", f"{weight.name}.scale"
        if kinds == {("Gather", 0)}:
            axis = 1
            for node, _ in uses[weight.name]:
                replaced[node.output[0]] = _gathered(node, rounded_name, scale)
        elif kinds and kinds <= MULTIPLICATIONS:
            transposed = [a.i for node, _ in uses[weight.name] for a in node.attribute if a.name == "transB"]
            axis = 1 if any(transposed) else 0
            floats = f"{weight.name}.floats"
            before.append(helper.make_node("Cast", [rounded_name], [floats], name=floats, to=TensorProto.FLOAT))
            before.append(helper.make_node("Mul", [floats, scale], [weight.name], name=f"{weight.name}.product"))
        else:
            continue
        rounded, scales = _rounded(numpy_helper.to_array(weight), axis)
        graph.initializer.remove(weight)
        graph.initializer.append(numpy_helper.from_array(rounded, rounded_name))
        graph.initializer.append(numpy_helper.from_array(scales, scale))
    nodes = [new for node in graph.node for new in replaced.get(next(iter(node.output), ""), [node])]
    del graph.node[:]
    graph.node.extend([*before, *nodes])
    return model


def _gathered(node: Any, rounded: str, scale: str) -> list[Any]:
    """Returns nodes that gather rows of int8 and their scales, and give the fp32 rows that ``node`` gave."""
    from onnx import TensorProto, helper

    [rows], indices = node.output, node.input[1]
    return [
        helper.make_node("Gather", [rounded, indices], [f"{rows}.int8"], name=f"{rows}.int8", axis=0),
        helper.make_node("Gather", [scale, indices], [f"{rows}.scale"], name=f"{rows}.scale", axis=0),
        helper.make_node("Cast", [f"{rows}.int8"], [f"{rows}.floats"], name=f"{rows}.floats", to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{rows}.floats", f"{rows}.scale"], [rows], name=f"{rows}.product"),
    ]


def _rounded(table: Any, axis: int) -> tuple[Any, Any]:
    """Returns ``table`` as int8 and its scales along ``axis``: ``int8 * scale`` gives the table back."""
    import numpy as np

    scale = (np.maximum(np.abs(table).max(axis, keepdims=True), 1e-12) / 127).astype(np.float32)
    return np.rint(table / scale).astype(np.int8), scale
