"""A lean BERT token classifier for training on a CPU or a GPU.

The arithmetic is fp32, or bf16 with fp32 master copies, which is faster on processors with AVX-512 and much slower on
others. Reads and writes the tensor names of Hugging Face's BertForTokenClassification. Query, key and value are one
matrix. The biases of linear layers, those of the wide units excepted, and the embeddings of positions stay as they are: little
is lost and a step is cheaper. Gradients of the word embeddings are sparse: a batch holds few of the words.

With `ranges` (of the inputs of the multiplications by weights) it computes as a file of whole numbers will: inputs are
rounded to 8 bits in a fixed range each, weights to 7 bits with a scale an output, and gradients pass as if they were
not. Of 7 bits, because processors without VNNI add pairs of products in 16 bits, where 255 * 63 * 2 has room.
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

PARTS = {
    "ao": "attention.output.dense",
    "n1": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "n2": "output.LayerNorm",
}
QKV = ("query", "key", "value")
ACTIVATIONS = {"relu": F.relu, "gelu_pytorch_tanh": lambda value: F.gelu(value, approximate="tanh")}
LEVELS = 63  # of a weight, on either side of zero
CLIPPED = 5e-5  # share of the inputs that is clipped, at either end
EMBEDDINGS = {
    "word": "embeddings.word_embeddings.weight",
    "position": "embeddings.position_embeddings.weight",
    "segment": "embeddings.token_type_embeddings.weight",
    "norm.weight": "embeddings.LayerNorm.weight",
    "norm.bias": "embeddings.LayerNorm.bias",
}


def read(folder):
    """The config and the fp32 tensors of a checkpoint, under this module's names."""
    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text())
    stored = {n.removeprefix("bert."): t.float() for n, t in load_file(folder / "model.safetensors").items()}
    tensors = {name: stored[theirs] for name, theirs in EMBEDDINGS.items()}
    for layer in range(config["num_hidden_layers"]):
        for kind in ("weight", "bias"):
            prefix = f"encoder.layer.{layer}."
            tensors[f"{layer}.qkv.{kind}"] = torch.cat([stored[f"{prefix}attention.self.{q}.{kind}"] for q in QKV])
            for name, theirs in PARTS.items():
                tensors[f"{layer}.{name}.{kind}"] = stored[f"{prefix}{theirs}.{kind}"]
    # A base without a head starts from tags that are nearly always O, so that the first steps are calm.
    labels = config.get("num_labels", 12)
    tensors["classifier.weight"] = stored.get("classifier.weight", torch.randn(labels, config["hidden_size"]) * 0.02)
    tensors["classifier.bias"] = stored.get("classifier.bias", torch.tensor([3.0, -1.0, -1.0] * (labels // 3)))
    return config, tensors


def write(folder, config, tensors):
    """A checkpoint with Hugging Face's names, in half precision."""
    named = {f"bert.{theirs}": tensors[name] for name, theirs in EMBEDDINGS.items()}
    hidden = config["hidden_size"]
    for layer in range(config["num_hidden_layers"]):
        prefix = f"bert.encoder.layer.{layer}."
        for kind in ("weight", "bias"):
            for i, q in enumerate(QKV):
                rows = slice(i * hidden, (i + 1) * hidden)
                named[f"{prefix}attention.self.{q}.{kind}"] = tensors[f"{layer}.qkv.{kind}"][rows]
            for name, theirs in PARTS.items():
                named[f"{prefix}{theirs}.{kind}"] = tensors[f"{layer}.{name}.{kind}"]
    for kind in ("weight", "bias"):
        named[f"classifier.{kind}"] = tensors[f"classifier.{kind}"]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    halves = {name: tensor.detach().half().cpu().contiguous() for name, tensor in named.items()}
    save_file(halves, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")


def step(low, high):
    """Scale and zero point of inputs between `low` and `high` in 8 bits."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 255
    return scale, round(-low / scale)


class WholeNumbers(torch.autograd.Function):
    """`value @ weight.T` of inputs and weights that are rounded to whole numbers, which bf16 holds exactly up to 256.

    Gradients pass as if nothing were rounded or clipped.
    """

    @staticmethod
    def forward(ctx, value, weight, limits):
        scale, zero = step(*limits)
        scales = weight.abs().amax(1).clamp_min(1e-12).float() / LEVELS
        inputs = (value.float() / scale).round_().clamp_(-zero, 255 - zero).to(value.dtype)
        weights = (weight / scales[:, None]).round_().to(value.dtype)
        ctx.save_for_backward(inputs, weights, scales)
        ctx.scale = scale
        return F.linear(inputs, weights) * (scales * scale).to(value.dtype)

    @staticmethod
    def backward(ctx, gradient):
        inputs, weights, scales = ctx.saved_tensors
        of_value = (gradient * scales.to(gradient.dtype)) @ weights
        of_weight = gradient.flatten(0, -2).T @ inputs.flatten(0, -2)
        return of_value, of_weight * ctx.scale, None


def read_ranges(folder):
    """The ranges of a checkpoint that was trained with them, else None."""
    path = pathlib.Path(folder) / "ranges.json"
    return json.loads(path.read_text()) if path.exists() else None


def write_ranges(folder, ranges):
    (pathlib.Path(folder) / "ranges.json").write_text(json.dumps(ranges, indent=1) + "\n")


class Encoder:
    """The model, with the fp32 tensors that an optimiser may move in `master` (the classifier computes in fp32)."""

    def __init__(self, folder, precision=torch.float32, device="cpu"):
        self.config, tensors = read(folder)
        self.device = torch.device(device)
        self.tensors = {name: tensor.to(self.device) for name, tensor in tensors.items()}
        self.heads = self.config["num_attention_heads"]
        self.ranges = read_ranges(folder)
        self.observed = None
        self.dropout = 0.0  # while it is trained
        self.master = {name: tensor.clone() for name, tensor in self.tensors.items() if self.trained(name)}
        self.working = {}
        for name, tensor in self.tensors.items():
            kept = torch.float32 if name.startswith("classifier") else precision
            self.working[name] = tensor.to(kept, copy=True).requires_grad_(name in self.master)

    @staticmethod
    def trained(name):
        fixed_bias = name.endswith(("qkv.bias", "ao.bias", "fo.bias"))
        return not fixed_bias and name not in ("position", "segment")

    def take_gradients(self):
        """Move the gradients of the working copies to the master copies."""
        for name, tensor in self.master.items():
            tensor.grad = self.working[name].grad.float()
            self.working[name].grad = None

    @torch.no_grad()
    def use(self, tensors):
        """Compute with these values from now on."""
        for name, tensor in tensors.items():
            self.working[name].copy_(tensor)

    def save(self, folder, trained):
        write(folder, self.config, {**self.tensors, **trained})
        if self.ranges:
            write_ranges(folder, self.ranges)

    def follow(self, share=1.0):
        """Move the ranges by `share` to what inputs were since `observed` became an empty dictionary; observe no more."""
        for name, seen in self.observed.items():
            means = [sum(ends) / len(seen) for ends in zip(*seen)]
            old = (self.ranges or {}).get(name, means)
            self.observed[name] = [a + share * (b - a) for a, b in zip(old, means)]
        self.ranges, self.observed = self.observed, None

    @torch.no_grad()
    def calibrate(self, batches):
        """Set the ranges to what the inputs of multiplications are on these batches of (ids, mask)."""
        self.ranges, self.observed = None, {}
        for ids, mask in batches:
            self(ids, mask)
        self.follow()

    def linear(self, name, value):
        weight, bias = self.working[f"{name}.weight"], self.working[f"{name}.bias"]
        if self.observed is not None:
            inputs = value.detach().float().flatten()
            clipped = 1 + int(len(inputs) * CLIPPED)
            low, high = (inputs.topk(clipped, largest=largest).values[-1].item() for largest in (False, True))
            self.observed.setdefault(name, []).append((low, high))
        if self.ranges:
            return WholeNumbers.apply(value, weight, self.ranges[name]) + bias
        return F.linear(value, weight, bias)

    def drop(self, value):
        return F.dropout(value, self.dropout) if self.dropout else value

    def __call__(self, ids, mask):
        """Logits [batch, pieces, labels] of piece ids; `mask` is 1 for pieces and 0 for padding."""
        return self.classify(self.encode(ids, mask))

    def classify(self, hidden):
        return F.linear(hidden.float(), self.working["classifier.weight"], self.working["classifier.bias"])

    def encode(self, ids, mask):
        """The last hidden states [batch, pieces, units]."""
        p = self.working
        ids, mask = ids.to(self.device), mask.to(self.device)
        eps = self.config["layer_norm_eps"]
        batch, length = ids.shape
        hidden = self.config["hidden_size"]
        size = hidden // self.heads
        x = F.embedding(ids, p["word"], sparse=True) + p["position"][:length] + p["segment"][0]
        x = self.drop(F.layer_norm(x, (hidden,), p["norm.weight"], p["norm.bias"], eps))
        hide = torch.zeros(batch, 1, 1, length, dtype=x.dtype, device=self.device).masked_fill_(mask[:, None, None, :] == 0, -1e4)
        for layer in range(self.config["num_hidden_layers"]):

            def norm(name, value, layer=layer):
                return F.layer_norm(value, (hidden,), p[f"{layer}.{name}.weight"], p[f"{layer}.{name}.bias"], eps)

            qkv = self.linear(f"{layer}.qkv", x).view(batch, length, 3, self.heads, size).permute(2, 0, 3, 1, 4)
            q, k, v = (part.reshape(batch * self.heads, length, size) for part in qkv.unbind(0))
            attention = torch.bmm(q * size**-0.5, k.transpose(1, 2)).view(batch, self.heads, length, length) + hide
            mixed = torch.bmm(torch.softmax(attention, -1).view(batch * self.heads, length, length), v)
            mixed = mixed.view(batch, self.heads, length, size).transpose(1, 2).reshape(batch, length, hidden)
            x = norm("n1", x + self.drop(self.linear(f"{layer}.ao", mixed)))
            wide = ACTIVATIONS[self.config["hidden_act"]](self.linear(f"{layer}.fi", x))
            x = norm("n2", x + self.drop(self.linear(f"{layer}.fo", wide)))
        return x
