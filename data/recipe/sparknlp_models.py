"""The tiny test models as folders that Spark NLP's `loadSavedModel` takes: model.onnx beside assets/.

Spark NLP reads vocab.txt (and merges.txt), or a SentencePiece model, and labels.txt in the order of the logits. The test models
have tokenizer.json alone, so these files are written from it; for the SentencePiece model that means the same pieces, scores
and character map in SentencePiece's own order (<unk>, <s>, </s>, then the pieces), which Spark NLP counts from one.
"""

import base64
import json

import onnx
from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2

KINDS = {
    "bert-uncased": ("BertForTokenClassification", "model.onnx"),
    "bert-cased": ("BertForTokenClassification", "onnx/model.onnx"),
    "roberta": ("RoBertaForTokenClassification", "model.onnx"),
    "xlm-roberta": ("XlmRoBertaForTokenClassification", "model_fp16.onnx"),
    "xlm-roberta-fp32": ("XlmRoBertaForTokenClassification", "model.onnx"),
}
SAVED_KINDS = {
    "distilbert": ("DistilBertForTokenClassification", "model.onnx"),
    "camembert": ("CamemBertForTokenClassification", "model.onnx"),
    "deberta-v2": ("DeBertaForTokenClassification", "model.onnx"),
}
# What SentencePiece knows of the special tokens that come first in tokenizer.json, by the first of these: DeBERTa's are its
# own pieces, the others are put before them by Hugging Face
FIRST = ["<unk>", "<s>", "</s>"]
SPECIAL = {"<s>": (4, FIRST), "<s>NOTUSED": (7, FIRST), "[PAD]": (4, ["[PAD]", "[CLS]", "[SEP]", "[UNK]"])}


def sentencepiece_model(tokenizer):
    """The Unigram model of a tokenizer.json as SentencePiece writes it."""
    proto = sentencepiece_model_pb2.ModelProto()
    kinds = proto.SentencePiece
    vocabulary = tokenizer["model"]["vocab"]
    passed, first = SPECIAL[vocabulary[0][0]]
    for piece in first:
        proto.pieces.add(piece=piece, score=0.0, type=kinds.UNKNOWN if "unk" in piece.lower() else kinds.CONTROL)
    for piece, score in vocabulary[passed:]:
        proto.pieces.add(piece=piece, score=score, type=kinds.NORMAL)
    trainer = proto.trainer_spec
    trainer.model_type = trainer.UNIGRAM
    trainer.vocab_size = len(proto.pieces)
    if first != FIRST:
        trainer.pad_id, trainer.bos_id, trainer.eos_id, trainer.unk_id = range(4)
        trainer.pad_piece, trainer.bos_piece, trainer.eos_piece, trainer.unk_piece = first
    proto.normalizer_spec.name = "nmt_nfkc"
    steps = tokenizer["normalizer"]["normalizers"]
    charsmap = next(step["precompiled_charsmap"] for step in steps if step["type"] == "Precompiled")
    proto.normalizer_spec.precompiled_charsmap = base64.b64decode(charsmap)
    return proto.SerializeToString()


def tied_words(source, words):
    """The words that SentencePiece can cut in two ways of the same score: its versions differ in which they take. The scores of
    the test model are rounded to two decimals, so that there are some."""
    tokenizer = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    if tokenizer["model"]["type"] != "Unigram":
        return set()
    model = SentencePieceProcessor(model_proto=sentencepiece_model(tokenizer))

    def is_tied(word):
        ways = model.nbest_encode_as_ids(word, 2)
        scores = [sum(map(model.get_score, way)) for way in ways]
        return len(scores) == 2 and abs(scores[0] - scores[1]) < 1e-3

    return {word for word in words if is_tied(word)}


def widen_logits(graph):
    """Give logits of half precision out as float32: Spark NLP throws on any other type. The values stay the same."""
    output = graph.output[0]
    if output.type.tensor_type.elem_type == onnx.TensorProto.FLOAT16:
        for node in graph.node:
            node.output[:] = ["half_logits" if name == output.name else name for name in node.output]
        graph.node.append(onnx.helper.make_node("Cast", ["half_logits"], [output.name], to=onnx.TensorProto.FLOAT))
        output.type.tensor_type.elem_type = onnx.TensorProto.FLOAT


def by_id(vocabulary):
    return [piece for piece, _ in sorted(vocabulary.items(), key=lambda entry: entry[1])]


def write_lines(path, lines):
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def labels_of(folder):
    """Labels in the order of the logits."""
    found = json.loads((folder / "config.json").read_text(encoding="utf-8"))["id2label"]
    return [found[str(i)] for i in range(len(found))]


def prepare(source, target):
    """Write the folder and give the name of the annotator that loads it."""
    annotator, file = {**KINDS, **SAVED_KINDS}[source.name]
    assets = target / "assets"
    assets.mkdir(parents=True, exist_ok=True)
    model = onnx.load(source / file)  # weights beside the graph come into it
    widen_logits(model.graph)
    onnx.save(model, target / "model.onnx")
    write_lines(assets / "labels.txt", labels_of(source))
    tokenizer = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    pieces = tokenizer["model"]
    if pieces["type"] == "Unigram":
        name = "spm.model" if annotator.startswith("DeBerta") else "sentencepiece.bpe.model"
        (assets / name).write_bytes(sentencepiece_model(tokenizer))
        return annotator
    vocabulary = {**pieces["vocab"], **{t["content"]: t["id"] for t in tokenizer["added_tokens"]}}
    write_lines(assets / "vocab.txt", by_id(vocabulary))
    if pieces["type"] == "BPE":
        merges = [m if isinstance(m, str) else " ".join(m) for m in pieces["merges"]]
        write_lines(assets / "merges.txt", ["#version: 0.2", *merges])
    return annotator
