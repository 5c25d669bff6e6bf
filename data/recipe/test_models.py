"""Make data/test_models/ (tiny Hugging Face token classifiers with random weights) and data/reference/huggingface.json.

The folders look exactly like real exports, so that loading, tokenizing, windowing and decoding can be tested against every
layout that users bring, without weights of any worth. The classifier's rows are rescaled and its O bias is set on real
sentences, so that random weights still give a healthy mix of O and entity pieces. Tokenizers are trained on the training
texts of the CC BY 4.0 corpora only.

    python data/recipe/test_models.py --corpora CORPORA --charsmap TOKENIZER_JSON --out data
"""

import argparse
import base64
import gzip
import json
import random
import re
import shutil
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import tokenizers
import torch
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForTokenClassification,
    BertTokenizerFast,
    RobertaConfig,
    RobertaForTokenClassification,
    RobertaTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForTokenClassification,
    XLMRobertaTokenizerFast,
)

from odd_texts import odd_sentences
from pipeline_reference import STRATEGIES, open_pipeline, stable_answers

SEED = 20240229
VOCABULARY = 2200
MODEL_MAX_LENGTH = 128
OPSET = 17
CORPORA = ["silver-proj.en.train", "spaccc.es.train", "silver-proj.it.train"]
CLINICAL = ["MEDICATION", "DISEASE", "PROCEDURE", "SYMPTOM"]
BODY = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, initializer_range=0.3)
REAL_SENTENCES_PER_LANGUAGE = 40
ODD_SENTENCES = 80
KEPT_KEYS = {
    "model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act",
    "max_position_embeddings", "type_vocab_size", "layer_norm_eps", "pad_token_id", "position_embedding_type", "id2label", "label2id",
    "transformers_version",
}
INPUT_ORDER = ["input_ids", "attention_mask", "token_type_ids", "position_ids"]  # the order of forward()
LONGEST_REFERENCE = 110  # pieces, specials included
NOISE = {"fp32": 0.002, "fp16": 0.01}


def read_texts(corpora):
    """Training texts by language."""
    texts = {}
    for name in CORPORA:
        with gzip.open(corpora / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            texts[name.split(".")[1]] = [json.loads(line)["text"] for line in lines]
    return texts


def sentences(texts, seed):
    """Shuffled sentences of 6 to 22 words."""
    found = [s.strip() for text in texts for s in re.split(r"(?<=[.!?])\s+|\n+", text)]
    found = sorted({s for s in found if 6 <= len(s.split()) <= 22})
    random.Random(seed).shuffle(found)
    return found


def tags(prefixes, types):
    return ["O"] + [f"{prefix}-{name}" for name in types for prefix in prefixes]


# Tokenizers


def wordpiece(texts, lowercase):
    """A BERT tokenizer; the uncased kind lower-cases and strips accents, the cased kind keeps both."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    inner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    inner.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=special, limit_alphabet=150, show_progress=False))
    learned = sorted(set(inner.get_vocab()) - set(special))  # the trainer numbers pieces differently in every run
    inner.model = models.WordPiece({piece: i for i, piece in enumerate(special + learned)}, unk_token="[UNK]")
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    inner.decoder = decoders.WordPiece()
    return BertTokenizerFast(tokenizer_object=inner, do_lower_case=lowercase, model_max_length=MODEL_MAX_LENGTH)


def byte_level(texts):
    """A RoBERTa tokenizer: byte-level BPE, no prefix space, <pad> is 1."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    inner.train_from_iterator(texts, trainer)
    inner.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    return RobertaTokenizerFast(tokenizer_object=inner, add_prefix_space=False, model_max_length=MODEL_MAX_LENGTH)


def unigram(texts, charsmap):
    """An XLM-RoBERTa tokenizer: SentencePiece's precompiled NFKC-like map, then Metaspace and Unigram."""
    inner = Tokenizer(models.Unigram())
    inner.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap), normalizers.Replace(Regex(" {2,}"), " ")])
    inner.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    inner.train_from_iterator(
        texts[::4], trainers.UnigramTrainer(vocab_size=VOCABULARY, special_tokens=special, unk_token="<unk>", show_progress=False)
    )
    learned = json.loads(inner.to_str())["model"]["vocab"][len(special):]
    learned = sorted(((piece, round(score, 2)) for piece, score in learned), key=lambda entry: (-entry[1], entry[0]))
    inner.model = models.Unigram([(piece, 0.0) for piece in special] + learned, unk_id=3)  # rounded: the last digits vary
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    inner.decoder = decoders.Metaspace()
    return XLMRobertaTokenizerFast(tokenizer_object=inner, model_max_length=MODEL_MAX_LENGTH)


# Weights


def build(config_class, model_class, tokenizer, labels, seed, positions, **extra):
    """A seeded random model with the given labels in evaluation mode."""
    torch.manual_seed(seed)
    config = config_class(
        **BODY,
        vocab_size=len(tokenizer),
        max_position_embeddings=positions,
        pad_token_id=tokenizer.pad_token_id,
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
        attn_implementation="eager",
        **extra,
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


# The five folders


def bert_uncased(out, texts, sample):
    tokenizer = wordpiece(texts, lowercase=True)
    labels = tags("BI", CLINICAL)
    model = build(BertConfig, BertForTokenClassification, tokenizer, labels, SEED + 7, positions=130)
    calibrate(model, tokenizer, sample, [range(len(labels))], share=0.3)
    save(model, tokenizer, out / "bert-uncased")
    export(model, tokenizer, out / "bert-uncased/model.onnx")


def bert_cased(out, texts, sample):
    tokenizer = wordpiece(texts, lowercase=False)
    labels = tags("BIES", ["DISEASE", "MEDICATION"])
    model = build(BertConfig, BertForTokenClassification, tokenizer, labels, SEED + 2, positions=130)
    calibrate(model, tokenizer, sample, [range(len(labels))], share=0.3)
    save(model, tokenizer, out / "bert-cased")
    export(model, tokenizer, out / "bert-cased/onnx/model.onnx")
    move_weights_beside(out / "bert-cased/onnx/model.onnx")


def roberta(out, texts, sample):
    tokenizer = byte_level(texts)
    labels = tags("BI", [*CLINICAL, "ANATOMY", "TEST"])
    model = build(RobertaConfig, RobertaForTokenClassification, tokenizer, labels, SEED + 3, positions=132, type_vocab_size=1)
    calibrate(model, tokenizer, sample, [range(len(labels))], share=0.3)
    save(model, tokenizer, out / "roberta", string_sorted_labels=True)
    export(model, tokenizer, out / "roberta/model.onnx")
    export(model, tokenizer, out / "roberta/model_positions.onnx", positions=True)


def xlm_roberta(out, texts, sample, charsmap):
    tokenizer = unigram(texts, charsmap)
    labels = ["O", *CLINICAL]
    model = build(XLMRobertaConfig, XLMRobertaForTokenClassification, tokenizer, labels, SEED + 4, positions=132, type_vocab_size=1)
    calibrate(model, tokenizer, sample, [range(len(labels))], share=0.3)
    model.half()
    save(model, tokenizer, out / "xlm-roberta")
    export(model, tokenizer, out / "xlm-roberta/model_fp16.onnx")


def multi_head(out, texts, sample):
    tokenizer = wordpiece(texts, lowercase=True)
    labels = [label for name in CLINICAL for label in (f"{name}:O", f"B-{name}", f"I-{name}")]
    model = build(BertConfig, BertForTokenClassification, tokenizer, labels, SEED + 5, positions=130)
    calibrate(model, tokenizer, sample, [range(3 * k, 3 * k + 3) for k in range(len(CLINICAL))], share=0.12)
    decoder = {"name": "viterbi", "begin_after_entity_cost": 2.0, "whole_words": True, "trim": True}
    save(model, tokenizer, out / "multi-head", heads=CLINICAL, decoder=decoder, window_length=64)
    export(model, tokenizer, out / "multi-head/model.onnx")


PIPELINE_MODELS = {
    "bert-uncased": ("model.onnx", "fp32"),
    "bert-cased": ("onnx/model.onnx", "fp32"),
    "roberta": ("model.onnx", "fp32"),
    "xlm-roberta": ("model_fp16.onnx", "fp16"),
}


def reference(models_folder, sentences_by_language):
    """The pipeline's answers of every plain model for the first suitable texts of each stream."""
    pipelines = {name: open_pipeline(models_folder / name, file) for name, (file, _) in PIPELINE_MODELS.items()}

    def answers(text):
        if any(len(p.tokenizer(text).input_ids) > LONGEST_REFERENCE for p in pipelines.values()):
            return None
        found = {}
        for name, pipeline in pipelines.items():
            found[name] = stable_answers(pipeline, text, NOISE[PIPELINE_MODELS[name][1]])
            if found[name] is None:
                return None
        return text, found

    streams = [(iter(s), REAL_SENTENCES_PER_LANGUAGE) for s in sentences_by_language.values()]
    streams.append((odd_sentences(SEED), ODD_SENTENCES))
    rows = [row for stream, count in streams for row in islice(filter(None, map(answers, stream)), count)]
    return {
        "about": "TokenClassificationPipeline(aggregation_strategy=...); start and end are code points, half-open",
        "versions": {m.__name__: m.__version__ for m in (transformers, tokenizers, torch, onnx, onnxruntime, np)},
        "texts": [text for text, _ in rows],
        "models": {
            name: {
                "file": file,
                "dtype": dtype,
                **{strategy: [found[name][strategy] for _, found in rows] for strategy in STRATEGIES},
            }
            for name, (file, dtype) in PIPELINE_MODELS.items()
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, required=True, help="folder of the normalised corpora (*.jsonl.gz)")
    parser.add_argument("--charsmap", type=Path, required=True, help="a tokenizer.json whose Precompiled normalizer is taken over")
    parser.add_argument("--out", type=Path, default=Path("data"))
    args = parser.parse_args()

    by_language = read_texts(args.corpora)
    texts = [text for found in by_language.values() for text in found]
    by_language = {lang: sentences(found, SEED) for lang, found in by_language.items()}
    sample = [s for found in by_language.values() for s in found[-100:]]
    normalizer = json.loads(args.charsmap.read_text(encoding="utf-8"))["normalizer"]["normalizers"][0]

    out = args.out / "test_models"
    bert_uncased(out, texts, sample)
    bert_cased(out, texts, sample)
    roberta(out, texts, sample)
    xlm_roberta(out, texts, sample, base64.b64decode(normalizer["precompiled_charsmap"]))
    multi_head(out, texts, sample)

    target = args.out / "reference/huggingface.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(reference(out, by_language), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
