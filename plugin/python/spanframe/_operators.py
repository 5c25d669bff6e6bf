"""Puts spanframe's own operators into ONNX files. Needs ``onnx``.

The file defines each operator as a function of ONNX Runtime's operators too, for programs without spanframe's kernels.
"""

from __future__ import annotations

from typing import Any

FUSED = "com.microsoft"
OURS = "spanframe"
# hidden units per head must be a multiple of this: two vectors of the widest registers
UNITS = 32


def put(model: Any) -> None:
    """Replaces operators of ONNX Runtime in ``model`` by spanframe's.

    ``Attention`` becomes a ``MatMul`` followed by ``spanframe.SelfAttention``. ``SkipLayerNormalization`` becomes
    ``spanframe.SkipLayerNormalization``. Nodes that these do not support stay: attention with other inputs than a mask,
    sums without a bias, other types than float32, and units that do not fill vectors.
    """
    from onnx import helper

    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    used = [name for node in graph.node for name in node.input]
    nodes = []
    for node in graph.node:
        if node.op_type == "Attention" and _is_plain_attention(node, weights, used):
            nodes += _packed(node, weights)
        else:
            if node.op_type == "SkipLayerNormalization" and _is_plain_sum(node, weights):
                node.domain = OURS
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    [opset] = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    ours = {node.op_type for node in nodes if node.domain == OURS}
    functions = [_self_attention(opset), _skip_layer_normalization()]
    model.functions.extend(function for function in functions if function.name in ours)
    if ours:
        model.opset_import.append(helper.make_opsetid(OURS, 1))


def _packed(node: Any, weights: dict[str, Any]) -> list[Any]:
    """Returns the nodes that replace an ``Attention``, and changes its weights accordingly."""
    from onnx import helper, numpy_helper

    parts = [weights[name] for name in node.input[1:3]]
    heads = next(attribute.i for attribute in node.attribute if attribute.name == "num_heads")
    weight, bias = (numpy_helper.to_array(part).copy() for part in parts)
    units = len(bias) // 3
    # scale the queries, because the operator does not scale the scores
    for values in (weight[:, :units], bias[:units]):
        values *= (units // heads) ** -0.5
    for part, values in zip(parts, (weight, bias), strict=True):
        part.CopyFrom(numpy_helper.from_array(values, part.name))
    [output], product = node.output, f"{node.output[0]}.packed"
    inputs = [product, parts[1].name, node.input[3]]
    return [
        helper.make_node("MatMul", [node.input[0], parts[0].name], [product], name=product),
        helper.make_node("SelfAttention", inputs, [output], name=output, domain=OURS, heads=heads),
    ]


def _is_plain_attention(node: Any, weights: dict[str, Any], used: list[str]) -> bool:
    """True for float32 attention with a mask over positions and weights that no other node uses."""
    from onnx import TensorProto

    attributes = {attribute.name: attribute.i for attribute in node.attribute}
    heads = attributes.get("num_heads")
    parts = [weights.get(name) for name in node.input[1:3]]
    plain = {"num_heads", "mask_filter_value"} >= set(attributes)
    if not plain or len(node.input) != 4 or not all(node.input) or not all(parts) or not heads:
        return False
    weight, bias = parts
    square = list(weight.dims) == [bias.dims[0] // 3, bias.dims[0]]
    single = weight.data_type == bias.data_type == TensorProto.FLOAT
    own = all(used.count(part.name) == 1 for part in parts)
    return square and single and own and bias.dims[0] // 3 % (heads * UNITS) == 0


def _is_plain_sum(node: Any, weights: dict[str, Any]) -> bool:
    """True if the node normalises a float32 sum of a layer's input, its output and a bias, and returns nothing else."""
    from onnx import TensorProto

    parts = [weights.get(name) for name in node.input[2:]]
    alone = [output for output in node.output if output] == [node.output[0]]
    if len(parts) != 3 or not all(parts) or not alone or [a.name for a in node.attribute] != ["epsilon"]:
        return False
    single = all(part.data_type == TensorProto.FLOAT for part in parts)
    return single and all(len(part.dims) == 1 and part.dims[0] % UNITS == 0 for part in parts)


def _self_attention(opset: int) -> Any:
    """Returns ``SelfAttention`` as a function of ONNX Runtime's operators, for a file of this ``opset``."""
    from onnx import AttributeProto, helper

    # Split needs the number of its outputs from opset 18 on
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


def _skip_layer_normalization() -> Any:
    """Returns ``SkipLayerNormalization`` as a function of ONNX Runtime's operator."""
    from onnx import AttributeProto, helper

    inputs = ["input", "skip", "gamma", "beta", "bias"]
    node = helper.make_node("SkipLayerNormalization", inputs, ["output"], domain=FUSED)
    node.attribute.append(AttributeProto(name="epsilon", ref_attr_name="epsilon", type=AttributeProto.FLOAT))
    operators = [helper.make_opsetid(FUSED, 1)]
    return helper.make_function(OURS, "SkipLayerNormalization", inputs, ["output"], [node], operators, ["epsilon"])
