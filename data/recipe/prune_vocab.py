"""Reduce a Unigram tokenizer and its word embeddings to the pieces that some languages need.

Kept are: special pieces; single characters (with and without the word mark) of Latin and Greek scripts, digits,
punctuation and usual symbols; every piece of the corpora; the pieces of the most frequent words of each language, of
the first of them also capitalised and in capitals; and the piece with the lowest score, so that the cost of an
unknown piece stays the same. Leaving out unused pieces cannot change the best segmentation of a text that used none
of them, so the corpora are segmented as before; this is checked at the end.
"""

import argparse
import gzip
import json
import pathlib
import shutil

import numpy as np
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer
from wordfreq import top_n_list

LANGUAGES = ["en", "es", "it"]
WORDS = 100_000
CAPITALISED_WORDS = 20_000
EMBEDDINGS = "embeddings.word_embeddings.weight"
BLOCKS = [
    (0x20, 0x24F), (0x250, 0x2AF), (0x2B0, 0x36F), (0x370, 0x3FF), (0x1D00, 0x1EFF), (0x1F00, 0x1FFF),
    (0x2000, 0x22FF), (0x2300, 0x23FF), (0x2460, 0x24FF), (0x2500, 0x27BF), (0x2A00, 0x2AFF), (0xFB00, 0xFB06),
    (0xFFFD, 0xFFFD),
]  # fmt: skip


def corpus_texts(folder):
    """The texts of all corpora, each once."""
    texts = {}
    for path in sorted(pathlib.Path(folder).glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf8") as lines:
            texts |= {json.loads(line)["text"]: None for line in lines}
    return list(texts)


def frequent_words():
    for language in LANGUAGES:
        words = top_n_list(language, WORDS)
        first = words[:CAPITALISED_WORDS]
        yield from words
        yield from (word[:1].upper() + word[1:] for word in first)
        yield from (word.upper() for word in first)


def is_basic(piece):
    character = piece.removeprefix("▁")
    if len(character) > 1:
        return False
    return not character or any(low <= ord(character) <= high for low, high in BLOCKS)


def renumber(processor, new):
    """The post-processor with new ids of its special pieces."""
    if isinstance(processor, list):
        return [renumber(value, new) for value in processor]
    if not isinstance(processor, dict):
        return processor
    changed = {key: renumber(value, new) for key, value in processor.items()}
    if "ids" in changed and "tokens" in changed:
        changed["ids"] = [new[i] for i in changed["ids"]]
    if changed.get("type") in ("RobertaProcessing", "BertProcessing"):
        for key in ("sep", "cls"):
            changed[key] = [changed[key][0], new[changed[key][1]]]
    return changed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True, type=pathlib.Path, help="folder with checkpoint and tokenizer")
    parser.add_argument("--corpora", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(args.base / "tokenizer.json"))
    stored = json.loads((args.base / "tokenizer.json").read_text(encoding="utf8"))
    vocabulary = stored["model"]["vocab"]
    texts = corpus_texts(args.corpora)
    keep = {i for e in tokenizer.encode_batch(texts + list(frequent_words()), add_special_tokens=False) for i in e.ids}
    keep |= {i for i, (piece, _) in enumerate(vocabulary) if is_basic(piece)}
    keep |= {token["id"] for token in stored["added_tokens"]}
    keep.add(min(range(4, len(vocabulary)), key=lambda i: vocabulary[i][1]))
    old = sorted(keep)
    assert old[:4] == [0, 1, 2, 3], "special pieces must stay first"
    new = {before: after for after, before in enumerate(old)}
    stored["model"]["vocab"] = [vocabulary[i] for i in old]
    stored["model"]["unk_id"] = new[stored["model"]["unk_id"]]
    for token in stored["added_tokens"]:
        token["id"] = new[token["id"]]
    stored["post_processor"] = renumber(stored["post_processor"], new)
    (args.out / "tokenizer.json").write_text(json.dumps(stored, ensure_ascii=False), encoding="utf8")
    shutil.copy(args.base / "tokenizer_config.json", args.out)
    weights = load_file(args.base / "model.safetensors")
    weights[EMBEDDINGS] = np.ascontiguousarray(weights[EMBEDDINGS][old])
    save_file(weights, args.out / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((args.base / "config.json").read_text()) | {"vocab_size": len(old)}
    (args.out / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    pruned = Tokenizer.from_file(str(args.out / "tokenizer.json"))
    for before, after in zip(tokenizer.encode_batch(texts), pruned.encode_batch(texts)):
        assert [new[i] for i in before.ids] == after.ids and before.offsets == after.offsets
    print(f"{len(old)} of {len(vocabulary)} pieces kept; {len(texts)} texts are segmented as before")


if __name__ == "__main__":
    main()
