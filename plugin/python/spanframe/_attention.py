"""Attention by spanframe's own operator in ONNX files. Needs ``onnx``."""

from __future__ import annotations

from typing import Any

FUSED = "com.microsoft"
OURS = "spanframe"
# units of a head that the operator takes: a multiple of two vectors of the widest registers
UNITS = 32


def pack(model: Any) -> None:
    """Puts a multiplication and ``spanframe.SelfAttention`` in the place of every ``Attention`` of ONNX Runtime's in ``model``.

    The operator comes with a function of ONNX Runtime's operators that gives the same, for programs that do not have it.
    What it does not do stays as it is: other inputs than a mask, other numbers than single precision, heads of another size.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    used = [name for node in graph.node for name in node.input]
    nodes, packed = [], False
    for node in graph.node:
        parts = [weights.get(name) for name in node.input[1:3]]
        heads = next((a.i for a in node.attribute if a.name == "num_heads"), 0)
        if node.op_type != "Attention" or not _known(node, parts, heads) or any(used.count(p.name) > 1 for p in parts):
            nodes.append(node)
            continue
        weight, bias = (numpy_helper.to_array(part).copy() for part in parts)
        units = len(bias) // 3
        # of queries alone: the operator finds the scale of the scores in them
        for values in (weight[:, :units], bias[:units]):
            values *= (units // heads) ** -0.5
        for part, values in zip(parts, (weight, bias), strict=True):
            part.CopyFrom(numpy_helper.from_array(values, part.name))
        [output], product = node.output, f"{node.output[0]}.packed"
        nodes.append(helper.make_node("MatMul", [node.input[0], parts[0].name], [product], name=product))
        inputs = [product, parts[1].name, node.input[3]]
        nodes.append(helper.make_node("SelfAttention", inputs, [output], name=output, domain=OURS, heads=heads))
        packed = True
    if not packed:
        return
    del graph.node[:]
    graph.node.extend(nodes)
    [opset] = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    model.functions.append(_function(opset))
    model.opset_import.append(helper.make_opsetid(OURS, 1))


def _known(node: Any, parts: list[Any], heads: int) -> bool:
    """Whether it is plain attention in single precision, hidden by a mask of positions."""
    from onnx import TensorProto

    plain = {"num_heads", "mask_filter_value"} >= {attribute.name for attribute in node.attribute}
    if not plain or len(node.input) != 4 or not all(node.input) or not all(parts) or not heads:
        return False
    weight, bias = parts
    square = list(weight.dims) == [bias.dims[0] // 3, bias.dims[0]]
    single = weight.data_type == bias.data_type == TensorProto.FLOAT
    return square and single and bias.dims[0] // 3 % (heads * UNITS) == 0


def _function(opset: int) -> Any:
    """``SelfAttention`` as ONNX Runtime's operators, for a file of this ``opset``."""
    from onnx import AttributeProto, helper

    # from 18 on it says how many
    thirds = {"num_outputs": 3} if opset >= 18 else {}
    split = helper.make_node("Split", ["packed"], [*"qkv"], axis=-1, **thirds)
    inputs = [*"qkv", "biases", "mask"]
    mixed = helper.make_node(
        "MultiHeadAttention", inputs, ["mixed"], domain=FUSED, scale=1.0, mask_filter_value=-10000.0
    )
    mixed.attribute.append(AttributeProto(name="num_heads", ref_attr_name="heads", type=AttributeProto.INT))
    operators = [helper.make_opsetid("", opset), helper.make_opsetid(FUSED, 1)]
    return helper.make_function(
        OURS, "SelfAttention", ["packed", "biases", "mask"], ["mixed"], [split, mixed], operators, ["heads"]
    )
