"""Make data/test_models/: tiny Hugging Face token classifiers.

The folders look exactly like real exports, so that loading, tokenizing, windowing and decoding can be tested against every
layout that users bring, without weights of any worth. Some have random weights: the classifier's rows are rescaled and its O
bias is set on real sentences, so that they still give a healthy mix of O and entity pieces. The others are trained for a few
minutes, so that they find longer entities. Tokenizers and weights come from training texts of the CC BY 4.0 corpora only.

    python data/recipe/test_models.py --corpora CORPORA --charsmap TOKENIZER_JSON --out data            # all, or name some:
    python data/recipe/test_models.py --corpora CORPORA --charsmap TOKENIZER_JSON --out data electra camembert
"""

import argparse
import base64
import gzip
import json
import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from corpus import join, load
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForTokenClassification,
    BertTokenizerFast,
    CamembertConfig,
    CamembertForTokenClassification,
    CamembertTokenizerFast,
    DebertaV2Config,
    DebertaV2ForTokenClassification,
    DebertaV2TokenizerFast,
    DistilBertConfig,
    DistilBertForTokenClassification,
    DistilBertTokenizerFast,
    ElectraConfig,
    ElectraForTokenClassification,
    ElectraTokenizerFast,
    RobertaConfig,
    RobertaForTokenClassification,
    RobertaTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForTokenClassification,
    XLMRobertaTokenizerFast,
)

SEED = 20240229
VOCABULARY = 2200
MODEL_MAX_LENGTH = 128
OPSET = 17
BATCH = 32
RATE = 4e-3
CORPORA = ["silver-proj.en.train", "spaccc.es.train", "silver-proj.it.train"]
CLINICAL = ["MEDICATION", "DISEASE", "PROCEDURE", "SYMPTOM"]
BODY = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, initializer_range=0.3)
KEPT_KEYS = {
    "model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act",
    "max_position_embeddings", "type_vocab_size", "layer_norm_eps", "pad_token_id", "position_embedding_type", "id2label", "label2id",
    "transformers_version", "embedding_size", "dim", "n_layers", "n_heads", "hidden_dim", "activation", "relative_attention",
    "pos_att_type", "position_buckets", "max_relative_positions", "norm_rel_ebd", "share_att_key", "position_biased_input",
}
INPUT_ORDER = ["input_ids", "attention_mask", "token_type_ids", "position_ids"]  # the order of forward()


def read_texts(corpora):
    """Training texts by language."""
    texts = {}
    for name in CORPORA:
        with gzip.open(corpora / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            texts[name.split(".")[1]] = [json.loads(line)["text"] for line in lines]
    return texts


def sentences(texts, seed, shortest=6, longest=22):
    """Shuffled sentences of so many words."""
    found = [s.strip() for text in texts for s in re.split(r"(?<=[.!?])\s+|\n+", text)]
    found = sorted({s for s in found if shortest <= len(s.split()) <= longest})
    random.Random(seed).shuffle(found)
    return found


@dataclass
class Data:
    """What the folders are made of: training notes by language, their texts, sentences to scale on, SentencePiece's map."""

    notes: dict
    texts: list
    sample: list
    charsmap: bytes


def read_notes(corpora):
    """Training documents with all four types by language."""
    notes = {name.split(".")[1]: load(corpora, name) for name in CORPORA}
    notes["es"] = join(notes["es"], load(corpora, "drugtemist.es.train"))
    return notes


def tags(prefixes, types):
    return ["O"] + [f"{prefix}-{name}" for name in types for prefix in prefixes]


# Tokenizers


def wordpiece(texts, lowercase, strip_accents=None, tokenizer_class=BertTokenizerFast):
    """A BERT tokenizer; the uncased kind lower-cases and strips accents unless told, the cased kind keeps both."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    inner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    inner.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=strip_accents)
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=special, limit_alphabet=150, show_progress=False))
    learned = sorted(set(inner.get_vocab()) - set(special))  # the trainer numbers pieces differently in every run
    inner.model = models.WordPiece({piece: i for i, piece in enumerate(special + learned)}, unk_token="[UNK]")
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    inner.decoder = decoders.WordPiece()
    return tokenizer_class(
        tokenizer_object=inner, do_lower_case=lowercase, strip_accents=strip_accents, model_max_length=MODEL_MAX_LENGTH
    )


def byte_level(texts, prefix_space=False):
    """A RoBERTa tokenizer: byte-level BPE, with or without a space before the text, <pad> is 1."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    inner.train_from_iterator(texts, trainer)
    inner.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=prefix_space)
    inner.decoder = decoders.ByteLevel()
    return RobertaTokenizerFast(tokenizer_object=inner, add_prefix_space=prefix_space, model_max_length=MODEL_MAX_LENGTH)


def learn_unigram(inner, texts, special, unk):
    """Train a Unigram model with the given normalizer and pre-tokenizer on some of the texts."""
    trainer = trainers.UnigramTrainer(vocab_size=VOCABULARY, special_tokens=special, unk_token=unk, show_progress=False)
    inner.train_from_iterator(texts[::4], trainer)
    learned = json.loads(inner.to_str())["model"]["vocab"][len(special):]
    learned = sorted(((piece, round(score, 2)) for piece, score in learned), key=lambda entry: (-entry[1], entry[0]))
    inner.model = models.Unigram([(piece, 0.0) for piece in special] + learned, unk_id=special.index(unk))  # the last digits vary


def template(begin, begin_id, end, end_id):
    """Special tokens around one text, or two in RoBERTa's way."""
    return processors.TemplateProcessing(
        single=f"{begin} $A {end}", pair=f"{begin} $A {end} {end} $B {end}", special_tokens=[(begin, begin_id), (end, end_id)]
    )


def unigram(texts, charsmap):
    """An XLM-RoBERTa tokenizer: SentencePiece's precompiled NFKC-like map, then Metaspace and Unigram."""
    inner = Tokenizer(models.Unigram())
    inner.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap), normalizers.Replace(Regex(" {2,}"), " ")])
    inner.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    learn_unigram(inner, texts, ["<s>", "<pad>", "</s>", "<unk>"], "<unk>")
    inner.post_processor = template("<s>", 0, "</s>", 2)
    inner.decoder = decoders.Metaspace()
    return XLMRobertaTokenizerFast(tokenizer_object=inner, model_max_length=MODEL_MAX_LENGTH)


def camembert_unigram(texts, charsmap):
    """A CamemBERT tokenizer: as XLM-RoBERTa's without a split at other white space, <s> is 5 and <unk> stands before it."""
    inner = Tokenizer(models.Unigram())
    inner.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(charsmap), normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")]
    )
    inner.pre_tokenizer = pre_tokenizers.Metaspace()
    learn_unigram(inner, texts, ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>"], "<unk>")
    inner.post_processor = template("<s>", 5, "</s>", 6)
    inner.decoder = decoders.Metaspace()
    return CamembertTokenizerFast(tokenizer_object=inner, model_max_length=MODEL_MAX_LENGTH)


def deberta_unigram(texts, charsmap):
    """A DeBERTa-v3 tokenizer: stripped, no split at other white space than spaces, special tokens with BERT's names."""
    inner = Tokenizer(models.Unigram())
    inner.normalizer = normalizers.Sequence(
        [normalizers.Strip(), normalizers.Precompiled(charsmap), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    inner.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace()])
    learn_unigram(inner, texts, ["[PAD]", "[CLS]", "[SEP]", "[UNK]"], "[UNK]")
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    inner.decoder = decoders.Metaspace()
    return DebertaV2TokenizerFast(tokenizer_object=inner, model_max_length=MODEL_MAX_LENGTH)


# Weights


def build(config_class, model_class, tokenizer, labels, seed, positions, **extra):
    """A seeded random model with the given labels in evaluation mode."""
    torch.manual_seed(seed)
    config = config_class(
        **{**BODY, **extra},
        vocab_size=len(tokenizer),
        max_position_embeddings=positions,
        pad_token_id=tokenizer.pad_token_id,
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
        attn_implementation="eager",
    )
    return model_class(config).eval()


@torch.no_grad()
def calibrate(model, tokenizer, texts, groups, share):
    """Rescale the classifier so that in each group of label indices (its O first) this share of the pieces is not O."""
    logits = []
    for text in texts:
        encoded = tokenizer(text, return_tensors="pt", truncation=True)
        logits.append(model(**encoded).logits[0, 1:-1])
    logits = torch.cat(logits)
    scale, mean = 2.0 / logits.std(0), logits.mean(0)
    logits = (logits - mean) * scale
    layer = model.classifier
    layer.weight.mul_(scale[:, None])
    layer.bias.copy_((layer.bias - mean) * scale)
    for outside, *inside in groups:
        gap = logits[:, inside].max(1).values - logits[:, outside]
        layer.bias[outside] += torch.quantile(gap, 1 - share)


def read_labels(offsets, entities, names):
    """The label of each piece: names[type] is what the first and the other pieces of an entity are called."""
    found = ["O"] * len(offsets)
    for start, end, kind in sorted(entities, key=lambda e: e[0] - e[1]):  # of overlapping entities the longest wins
        inside = [i for i, (a, b) in enumerate(offsets) if start < b and a < end]
        if inside and all(found[i] == "O" for i in inside):
            begin, other = names[kind]
            for i in inside:
                found[i] = begin if i == inside[0] else other
    return found


def examples(tokenizer, documents, names, label2id):
    """(piece ids, label ids) of windows that are as long as the tokenizer allows."""
    found = []
    for document in documents:
        encoded = tokenizer(document.text, return_offsets_mapping=True, truncation=True, return_overflowing_tokens=True)
        for ids, offsets in zip(encoded["input_ids"], encoded["offset_mapping"]):
            labels = read_labels(offsets, document.entities, names)
            found.append((ids, [label2id[label] for label in labels]))
    return found


def train(model, tokenizer, notes, names, steps):
    """A few minutes of training, so that scores vary and entities have several words."""
    found = [e for documents in notes.values() for e in examples(tokenizer, documents, names, model.config.label2id)]
    random.Random(SEED).shuffle(found)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for step in range(steps):
        batch = [found[(step * BATCH + i) % len(found)] for i in range(BATCH)]
        width = max(len(ids) for ids, _ in batch)
        ids = torch.tensor([ids + [tokenizer.pad_token_id] * (width - len(ids)) for ids, _ in batch])
        mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids, _ in batch])
        labels = torch.tensor([labels + [-100] * (width - len(labels)) for _, labels in batch])
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 250 == 0:
            print(model.config.model_type, step, round(loss.item(), 3), flush=True)


# Export


class WithPositions(torch.nn.Module):
    """A model of the RoBERTa kind whose positions are an input instead of being counted inside."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, position_ids):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids).logits


def export(model, tokenizer, path, positions=False):
    """Write the ONNX file with Hugging Face's input names and dynamic batch and sequence axes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = tokenizer(["one two", "one two three four"], padding=True, return_tensors="pt")
    if positions:
        mask = encoded["attention_mask"]
        encoded["position_ids"] = mask.cumsum(1) * mask + model.config.pad_token_id
    names = [name for name in INPUT_ORDER if name in encoded]
    torch.onnx.export(
        WithPositions(model) if positions else model,
        tuple(encoded[name] for name in names),
        str(path),
        input_names=names,
        output_names=["logits"],
        dynamic_axes={name: {0: "batch_size", 1: "sequence_length"} for name in [*names, "logits"]},
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.checker.check_model(str(path))


def move_weights_beside(path):
    """Keep the large tensors of an ONNX file in NAME_data beside it, as exports of big models do."""
    onnx.save_model(
        onnx.load(path), path, save_as_external_data=True, location=path.name + "_data", size_threshold=1024
    )


def save(model, tokenizer, folder, string_sorted_labels=False, **extra):
    """Write config.json (with the extra fields) and the tokenizer; label ids may be sorted as strings, as some writers do."""
    shutil.rmtree(folder, ignore_errors=True)
    tokenizer.save_pretrained(folder, legacy_format=False)
    config = json.loads(model.config.to_json_string(use_diff=False))
    kept = {
        "architectures": [type(model).__name__],
        **{key: value for key, value in config.items() if key in KEPT_KEYS},
        "torch_dtype": str(model.dtype).removeprefix("torch."),
        **extra,
    }
    if string_sorted_labels:
        kept["id2label"] = dict(sorted(kept["id2label"].items()))
    (folder / "config.json").write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


# The folders


def bert_uncased(folder, data):
    tokenizer = wordpiece(data.texts, lowercase=True)
    labels = tags("BI", CLINICAL)
    model = build(BertConfig, BertForTokenClassification, tokenizer, labels, SEED + 7, positions=130)
    calibrate(model, tokenizer, data.sample, [range(len(labels))], share=0.3)
    save(model, tokenizer, folder)
    export(model, tokenizer, folder / "model.onnx")


def bert_cased(folder, data):
    tokenizer = wordpiece(data.texts, lowercase=False)
    labels = tags("BIES", ["DISEASE", "MEDICATION"])
    model = build(BertConfig, BertForTokenClassification, tokenizer, labels, SEED + 2, positions=130)
    calibrate(model, tokenizer, data.sample, [range(len(labels))], share=0.3)
    save(model, tokenizer, folder)
    export(model, tokenizer, folder / "onnx/model.onnx")
    move_weights_beside(folder / "onnx/model.onnx")


def roberta(folder, data):
    tokenizer = byte_level(data.texts)
    labels = tags("BI", [*CLINICAL, "ANATOMY", "TEST"])
    model = build(RobertaConfig, RobertaForTokenClassification, tokenizer, labels, SEED + 3, positions=132, type_vocab_size=1)
    calibrate(model, tokenizer, data.sample, [range(len(labels))], share=0.3)
    save(model, tokenizer, folder, string_sorted_labels=True)
    export(model, tokenizer, folder / "model.onnx")
    export(model, tokenizer, folder / "model_positions.onnx", positions=True)
    quantize_dynamic(folder / "model.onnx", folder / "model_dynamic.onnx", weight_type=QuantType.QInt8)


def xlm_roberta(folder, data, half=True):
    tokenizer = unigram(data.texts, data.charsmap)
    labels = ["O", *CLINICAL]
    model = build(XLMRobertaConfig, XLMRobertaForTokenClassification, tokenizer, labels, SEED + 4, positions=132, type_vocab_size=1)
    calibrate(model, tokenizer, data.sample, [range(len(labels))], share=0.3)
    if half:
        model.half()
    save(model, tokenizer, folder)
    export(model, tokenizer, folder / ("model_fp16.onnx" if half else "model.onnx"))


def xlm_roberta_fp32(folder, data):
    xlm_roberta(folder, data, half=False)


def multi_head(folder, data):
    tokenizer = wordpiece(data.texts, lowercase=True)
    labels = [label for name in CLINICAL for label in (f"{name}:O", f"B-{name}", f"I-{name}")]
    model = build(BertConfig, BertForTokenClassification, tokenizer, labels, SEED + 5, positions=130)
    calibrate(model, tokenizer, data.sample, [range(3 * k, 3 * k + 3) for k in range(len(CLINICAL))], share=0.12)
    decoder = {"name": "viterbi", "begin_after_entity_cost": 2.0, "whole_words": True, "trim": True}
    save(model, tokenizer, folder, heads=CLINICAL, decoder=decoder, window_length=64)
    export(model, tokenizer, folder / "model.onnx")


def trained(folder, data, config_class, model_class, tokenizer, labels, names, steps=1500, **extra):
    """A model of some architecture, trained to call the pieces of each type as `names` says."""
    model = build(config_class, model_class, tokenizer, labels, SEED, **{"initializer_range": 0.1, **extra})
    train(model.train(), tokenizer, data.notes, names, steps)
    model.eval()
    save(model, tokenizer, folder)
    export(model, tokenizer, folder / "model.onnx")


NAMES = {kind: (f"B-{kind}", f"I-{kind}") for kind in CLINICAL}


def roberta_prefix_space(folder, data):
    tokenizer = byte_level(data.texts, prefix_space=True)
    trained(folder, data, RobertaConfig, RobertaForTokenClassification, tokenizer, tags("BI", CLINICAL), NAMES,
            positions=132, type_vocab_size=1)


def distilbert(folder, data):
    """O is the last label."""
    tokenizer = wordpiece(data.texts, lowercase=False, tokenizer_class=DistilBertTokenizerFast)
    labels = [*tags("IB", CLINICAL)[1:], "O"]
    trained(folder, data, DistilBertConfig, DistilBertForTokenClassification, tokenizer, labels, NAMES,
            positions=130, hidden_dim=64, sinusoidal_pos_embds=False)


def camembert(folder, data):
    """Types with hyphens, with and without a prefix."""
    names = {**NAMES, "MEDICATION": ("B-DRUG-NAME", "I-DRUG-NAME"), "SYMPTOM": ("SIDE-EFFECT",) * 2, "DISEASE": ("DISEASE",) * 2}
    labels = ["O", *sorted({label for pair in names.values() for label in pair})]
    tokenizer = camembert_unigram(data.texts, data.charsmap)
    trained(folder, data, CamembertConfig, CamembertForTokenClassification, tokenizer, labels, names,
            steps=600, positions=132, type_vocab_size=1)


def electra(folder, data):
    tokenizer = wordpiece(data.texts, lowercase=True, strip_accents=False, tokenizer_class=ElectraTokenizerFast)
    trained(folder, data, ElectraConfig, ElectraForTokenClassification, tokenizer, tags("BI", CLINICAL), NAMES,
            positions=130, embedding_size=32)


def deberta_v2(folder, data):
    """Relative positions only."""
    tokenizer = deberta_unigram(data.texts, data.charsmap)
    trained(folder, data, DebertaV2Config, DebertaV2ForTokenClassification, tokenizer, tags("BI", CLINICAL), NAMES, steps=600,
            positions=130, type_vocab_size=0, relative_attention=True, position_buckets=16, max_relative_positions=-1, norm_rel_ebd="layer_norm",
            share_att_key=True, pos_att_type=["p2c", "c2p"], position_biased_input=False)


FOLDERS = {
    "bert-uncased": bert_uncased,
    "bert-cased": bert_cased,
    "roberta": roberta,
    "xlm-roberta": xlm_roberta,
    "multi-head": multi_head,
    "xlm-roberta-fp32": xlm_roberta_fp32,
    "roberta-prefix-space": roberta_prefix_space,
    "distilbert": distilbert,
    "camembert": camembert,
    "electra": electra,
    "deberta-v2": deberta_v2,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, required=True, help="folder of the normalised corpora (*.jsonl.gz)")
    parser.add_argument("--charsmap", type=Path, required=True, help="a tokenizer.json whose Precompiled normalizer is taken over")
    parser.add_argument("--out", type=Path, default=Path("data"))
    parser.add_argument("folders", nargs="*", default=list(FOLDERS), help="only these")
    args = parser.parse_args()
    torch.set_num_threads(1)

    by_language = read_texts(args.corpora)
    normalizer = json.loads(args.charsmap.read_text(encoding="utf-8"))["normalizer"]["normalizers"][0]
    data = Data(
        notes=read_notes(args.corpora),
        texts=[text for found in by_language.values() for text in found],
        sample=[s for found in by_language.values() for s in sentences(found, SEED)[-100:]],
        charsmap=base64.b64decode(normalizer["precompiled_charsmap"]),
    )
    for name in args.folders:
        FOLDERS[name](args.out / "test_models" / name, data)


if __name__ == "__main__":
    main()
