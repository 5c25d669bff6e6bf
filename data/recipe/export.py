"""Build the ONNX file of a checkpoint: small, and with the same result for a window alone and in a padded batch.

The graph takes `input_ids` and `attention_mask` (int64, [batch, sequence]) and gives `logits`
([batch, sequence, labels]). Query, key and value are one multiplication, with the 1/sqrt(size) of the attention in
its weights; the segment embedding is part of the positions. GELU (by tanh) is an operator of ONNX Runtime's own; attention and
the normalisation of sums are spanframe's, with functions of ONNX Runtime's operators for programs that do not have them. `--precision` is

* `int8`: weights of matrix multiplications are 8-bit whole numbers with a scale for each block of 128 inputs
  (MatMulNBits, accuracy level 4: activations are quantised block by block, so a row's result does not depend on its
  batch). Faster than fp32 on processors with VNNI, slower on those without.
* `stored8`: the same size in the file, with a scale for each output; ONNX Runtime turns the weights into fp32 when it
  loads them. As fast as fp32 on every processor.
* `static8`: weights are 7-bit whole numbers with a scale for each output, and inputs of multiplications 8-bit ones in a
  fixed range each, as a checkpoint trained with `--whole` expects: the same sums in whole numbers on every processor
  and in every batch, faster than fp32 with and without VNNI. Each multiplication is spanframe's `QuantizedLinear`, a
  function of QuantizeLinear, DequantizeLinear and MatMul, which ONNX Runtime joins. A ReLU and the multiplication behind
  it become spanframe's `ReluLinear`, which reads no weights of units that are zero.
* `fp32`: everything in single precision.

In all but the last, word embeddings are 8-bit with a scale a row, position embeddings are half precision and attention may
be of numbers in bfloat16; the classifier is always in single precision.
"""

import argparse
import logging
import pathlib

import numpy as np
import onnx
from encoder import LEVELS, read, read_ranges, step
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import matmul_nbits_quantizer as nbits

OPSET = 17
FUSED = "com.microsoft"
OURS = "spanframe"
MASKED = -10000.0
BLOCK = 128


class Graph:
    """Collects nodes and initialisers; every method that adds a node returns the name of its output."""

    def __init__(self):
        self.nodes, self.initializers = [], {}

    def constant(self, name, value):
        self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def integers(self, *values):
        return self.constant("ints_" + "_".join(map(str, values)), np.array(values, np.int64))

    def add(self, operator, inputs, name, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def product(self, value, name, weight):
        return self.add("MatMul", [value, self.constant(f"{name}.weight", weight.T)], f"{name}.product")

    def fused(self, operator, inputs, name, **attributes):
        """A node of several steps in one, of ONNX Runtime's own operators."""
        return self.add(operator, inputs, name, domain=FUSED, **attributes)

    def norm(self, value, name, weight, bias, epsilon):
        inputs = [value, self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)]
        return self.add("LayerNormalization", inputs, f"{name}.out", epsilon=epsilon, axis=-1)

    def norm_of_sum(self, x, product, name, weight, bias, product_bias, epsilon):
        """Normalisation of `x`, `product` and its bias, added up."""
        inputs = [
            x,
            product,
            self.constant(f"{name}.weight", weight),
            self.constant(f"{name}.bias", bias),
            product_bias,
        ]
        return self.add("SkipLayerNormalization", inputs, f"{name}.out", domain=OURS, epsilon=epsilon)


def rounded(table, axis, levels=127):
    """Whole numbers of up to `levels` and the scales along `axis` that give the table back."""
    scale = (np.maximum(np.abs(table).max(axis, keepdims=True), 1e-12) / levels).astype(np.float32)
    return np.rint(table / scale).astype(np.int8), scale


def word_embeddings(graph, table, small):
    """Rows of the embedding table; if `small`, from 8-bit rows with one scale each."""
    if not small:
        return graph.add("Gather", [graph.constant("word", table), "input_ids"], "word.rows")
    whole, scale = rounded(table, 1)
    graph.constant("word.int8", whole)
    graph.constant("word.scale", scale)
    rows = graph.add("Gather", ["word.int8", "input_ids"], "word.gathered")
    rows = graph.add("Cast", [rows], "word.floats", to=TensorProto.FLOAT)
    scales = graph.add("Gather", ["word.scale", "input_ids"], "word.scales")
    return graph.add("Mul", [rows, scales], "word.rows")


def position_embeddings(graph, table, small):
    """The first rows of the position table, as many as the sequence is long."""
    shape = graph.add("Shape", ["input_ids"], "shape")
    length = graph.add("Slice", [shape, graph.integers(1), graph.integers(2)], "length")
    graph.constant("position", table.astype(np.float16) if small else table)
    rows = graph.add("Slice", ["position", graph.integers(0), length, graph.integers(0)], "position.sliced")
    return graph.add("Cast", [rows], "position.rows", to=TensorProto.FLOAT) if small else rows


def attention(graph, x, name, qkv, config, small):
    """Multi-head attention over `x`, before its output layer; if `small`, of numbers in bfloat16 where that is faster."""
    heads, hidden = config["num_attention_heads"], config["hidden_size"]
    weight, bias = (part.copy() for part in qkv)
    weight[:hidden] *= (hidden // heads) ** -0.5
    bias[:hidden] *= (hidden // heads) ** -0.5
    packed = graph.product(x, f"{name}.qkv", weight)
    inputs = [packed, graph.constant(f"{name}.qkv.bias", bias), "mask"]
    return graph.add("SelfAttention", inputs, f"{name}.mixed", domain=OURS, heads=heads, bfloat16=int(small))


def self_attention():
    """The function of ONNX Runtime's operators that `SelfAttention` is where spanframe's own is not there."""
    split = helper.make_node("Split", ["packed"], [*"qkv"], axis=-1)
    mixed = helper.make_node(
        "MultiHeadAttention", [*"qkv", "biases", "mask"], ["mixed"], domain=FUSED, scale=1.0, mask_filter_value=MASKED
    )
    mixed.attribute.append(onnx.AttributeProto(name="num_heads", ref_attr_name="heads", type=onnx.AttributeProto.INT))
    operators = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
    inputs = ["packed", "biases", "mask"]
    return helper.make_function(
        OURS, "SelfAttention", inputs, ["mixed"], [split, mixed], operators, ["heads", "bfloat16"]
    )


def skip_layer_normalization():
    """The function of ONNX Runtime's operator that `SkipLayerNormalization` is where spanframe's own is not there."""
    inputs = ["input", "skip", "gamma", "beta", "bias"]
    node = helper.make_node("SkipLayerNormalization", inputs, ["output"], domain=FUSED)
    node.attribute.append(onnx.AttributeProto(name="epsilon", ref_attr_name="epsilon", type=onnx.AttributeProto.FLOAT))
    operators = [helper.make_opsetid(FUSED, 1)]
    return helper.make_function(OURS, "SkipLayerNormalization", inputs, ["output"], [node], operators, ["epsilon"])


def quantized_linear():
    """`QuantizedLinear` as a function of standard operators, for programs and processors without spanframe's own."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "step", "zero"], ["whole"]),
        helper.make_node("DequantizeLinear", ["whole", "step", "zero"], ["rounded"]),
        helper.make_node("DequantizeLinear", ["weight", "scale"], ["floats"], axis=1),
        helper.make_node("MatMul", ["rounded", "floats"], ["output"]),
    ]
    inputs = ["x", "step", "zero", "weight", "scale"]
    return helper.make_function(OURS, "QuantizedLinear", inputs, ["output"], nodes, [helper.make_opsetid("", OPSET)], [])


def relu_linear():
    """`ReluLinear` as a function of standard operators, for programs without spanframe's own."""
    nodes = [
        helper.make_node("Add", ["x", "bias"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["positive"]),
        helper.make_node("QuantizeLinear", ["positive", "step"], ["whole"]),
        helper.make_node("DequantizeLinear", ["whole", "step"], ["rounded"]),
        helper.make_node("DequantizeLinear", ["weight", "scale"], ["floats"], axis=1),
        helper.make_node("MatMul", ["rounded", "floats"], ["output"]),
    ]
    inputs = ["x", "bias", "step", "weight", "scale"]
    return helper.make_function(OURS, "ReluLinear", inputs, ["output"], nodes, [helper.make_opsetid("", OPSET)], [])


def build(config, tensors, small):
    """The model as an ONNX graph; `small` stores the embeddings in fewer bits."""
    weights = {name: tensor.numpy() for name, tensor in tensors.items()}
    graph = Graph()
    epsilon = config["layer_norm_eps"]

    def pair(name):
        return weights[f"{name}.weight"], weights[f"{name}.bias"]

    def layer(x, value, name, norm):
        """`x` and what the linear layer `name` makes of `value`, normalised."""
        weight, bias = pair(name)
        product = graph.product(value, name, weight)
        return graph.norm_of_sum(x, product, norm, *pair(norm), graph.constant(f"{name}.bias", bias), epsilon)

    graph.add("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
    positions = weights["position"] + weights["segment"][0]
    rows = [word_embeddings(graph, weights["word"], small), position_embeddings(graph, positions, small)]
    x = graph.norm(graph.add("Add", rows, "embeddings"), "norm", *pair("norm"), epsilon)
    for i in range(config["num_hidden_layers"]):
        x = layer(x, attention(graph, x, str(i), pair(f"{i}.qkv"), config, small), f"{i}.ao", f"{i}.n1")
        weight, bias = pair(f"{i}.fi")
        wide = [graph.product(x, f"{i}.fi", weight), graph.constant(f"{i}.fi.bias", bias)]
        if config["hidden_act"] == "relu":
            wide = graph.add("Relu", [graph.add("Add", wide, f"{i}.fi.sum")], f"{i}.relu")
        else:
            wide = graph.fused("FastGelu", wide, f"{i}.gelu")
        x = layer(x, wide, f"{i}.fo", f"{i}.n2")
    product = graph.add(
        "MatMul", [x, graph.constant("classifier.weight", weights["classifier.weight"].T)], "classifier"
    )
    graph.add("Add", [product, graph.constant("classifier.bias", weights["classifier.bias"])], "logits")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
              for name in ("input_ids", "attention_mask")]  # fmt: skip
    labels = len(weights["classifier.bias"])
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "sequence", labels])]
    made = helper.make_graph(graph.nodes, "token_classifier", inputs, outputs, list(graph.initializers.values()))
    operators = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1), helper.make_opsetid(OURS, 1)]
    model = helper.make_model(
        made, opset_imports=operators, functions=[self_attention(), skip_layer_normalization()], ir_version=9
    )
    onnx.checker.check_model(model)
    return model


def quantize(model):
    """Replace the multiplications by constant weights, the classifier's excepted, by 8-bit MatMulNBits."""
    logging.getLogger(nbits.__name__).setLevel(logging.WARNING)
    algorithm = nbits.DefaultWeightOnlyQuantConfig(block_size=BLOCK, is_symmetric=True, accuracy_level=4, bits=8)
    quantizer = nbits.MatMulNBitsQuantizer(model, nodes_to_exclude=["classifier"], algo_config=algorithm)
    quantizer.process()
    return quantizer.model.model


def store(model):
    """Store the weights of multiplications, the classifier's excepted, in 8 bits; they are multiplied out on loading."""
    graph, nodes = model.graph, []
    for weight in list(graph.initializer):
        name = weight.name
        if name.endswith(".weight") and len(weight.dims) == 2 and name != "classifier.weight":
            whole, scale = rounded(numpy_helper.to_array(weight), 0)
            graph.initializer.remove(weight)
            graph.initializer.append(numpy_helper.from_array(whole, f"{name}.int8"))
            graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
            nodes.append(helper.make_node("Cast", [f"{name}.int8"], [f"{name}.floats"], to=TensorProto.FLOAT))
            nodes.append(helper.make_node("Mul", [f"{name}.floats", f"{name}.scale"], [name]))
    nodes += graph.node
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def whole(model, ranges):
    """Multiply whole numbers, the classifier excepted: inputs rounded in their `ranges`, weights a scale an output."""
    graph, nodes = model.graph, []
    weights = {weight.name: weight for weight in graph.initializer}

    def constant(name, value):
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    for node in graph.node:
        layer = node.input[1].removesuffix(".weight") if node.op_type == "MatMul" else None
        if layer in ranges:
            value, weight = node.input
            table, scale = rounded(numpy_helper.to_array(weights[weight]), 0, LEVELS)
            graph.initializer.remove(weights[weight])
            stored = [constant(f"{weight}.int8", table), constant(f"{weight}.scale", scale[0])]
            scale, zero = step(*ranges[layer])
            grid = [constant(f"{layer}.step", np.float32(scale)), constant(f"{layer}.zero", np.uint8(zero))]
            [output] = node.output
            node = helper.make_node("QuantizedLinear", [value, *grid, *stored], [output], name=output, domain=OURS)
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    model.functions.append(quantized_linear())
    return skip_zeros(model)


def skip_zeros(model):
    """Put `ReluLinear` in place of a sum, its ReLU and the int8 multiplication behind it.

    The multiplication stays where its inputs may be negative (their zero point is not 0) and where a dimension is no
    multiple of 64.
    """
    graph = model.graph
    makers = {node.output[0]: node for node in graph.node}
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    replaced, left_out = {}, set()
    for product in graph.node:
        relu = makers.get(product.input[0])
        if product.op_type != "QuantizedLinear" or relu is None or relu.op_type != "Relu":
            continue
        total = makers.get(relu.input[0])
        _, grid, zero, weight, scale = product.input
        if total is None or total.op_type != "Add" or numpy_helper.to_array(tensors[zero]) != 0:
            continue
        if any(size % 64 for size in tensors[weight].dims):
            continue
        [output] = product.output
        inputs = [*total.input, grid, weight, scale]
        replaced[output] = helper.make_node("ReluLinear", inputs, [output], name=output, domain=OURS)
        left_out |= {relu.output[0], total.output[0]}
    nodes = [replaced.get(node.output[0], node) for node in graph.node if node.output[0] not in left_out]
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)
    if replaced:
        model.functions.append(relu_linear())
    onnx.checker.check_model(model)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True, help="folder with config.json and model.safetensors")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--precision", choices=["int8", "stored8", "static8", "fp32"], default="int8")
    args = parser.parse_args()
    config, tensors = read(args.checkpoint)
    model = build(config, tensors, small=args.precision != "fp32")
    if args.precision == "int8":
        model = quantize(model)
    elif args.precision == "stored8":
        model = store(model)
    elif args.precision == "static8":
        ranges = read_ranges(args.checkpoint)
        if ranges is None:
            parser.error(f"{args.checkpoint} has no ranges.json: train it with --whole")
        model = whole(model, ranges)
    onnx.save(model, args.out)
    print(args.out.name, f"{args.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
