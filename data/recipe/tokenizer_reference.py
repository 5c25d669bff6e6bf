"""Make data/reference/tokenizer_settings.json.gz: the pieces of transformers' AutoTokenizer under settings beside tokenizer.json.

Each case is a copy of a folder of data/test_models with some changed fields in tokenizer_config.json, config.json,
special_tokens_map.json or added_tokens.json. A field that is `null` in `files` is removed, a file that is `null` too.
An answer is [ids, offsets in code points], special tokens included. A case that transformers refuses has its error's name.

    pip install transformers==4.57.1
    python data/recipe/tokenizer_reference.py --data data
"""

import argparse
import gzip
import json
import shutil
import tempfile
from pathlib import Path

import tokenizers
import transformers

TEXTS = (
    "Niega DISNEA, refiere Cefalea y NÁUSEAS; toma Metformina 850 mg.",
    " Paciente con  fiebre",
    "Dolor torácico, señora Müller, façade naïve İstanbul",
    "日本 糖尿病 aspirin",
    "[MASK] refiere <mask> dolor [SEP] </s> <s>NOTUSED tos",
    "Dra. paciente con METFORMINA, metformina y metformina2",
    "",
    "a",
    "TA 120/80\tFC 80\nSat 98%",
)

# settings that any tokenizer may have beside tokenizer.json
COMMON = {
    "add_prefix_space": [{"add_prefix_space": True}, {"add_prefix_space": False}],
    "trim_offsets": [{"trim_offsets": False}, {"trim_offsets": False, "add_prefix_space": True}],
    "do_lower_case": [{"do_lower_case": True}, {"do_lower_case": False}],
    "strip_accents": [{"strip_accents": True}, {"strip_accents": False}],
    "split_special_tokens": [{"split_special_tokens": True}],
    "without an effect": [
        {"keep_accents": True, "split_by_punct": True, "do_basic_tokenize": False, "never_split": ["fiebre"]},
        {"clean_up_tokenization_spaces": True, "padding_side": "left", "truncation_side": "left"},
        {"clean_text": False, "wordpieces_prefix": "@@", "sp_model_kwargs": {}},
    ],
}
# tokens for which other classes have names of their own
ENDS = {"bos_token": "[CLS]", "eos_token": "[SEP]"}
# settings of BERT's own
BERT = {
    "case and accents": [
        {"do_lower_case": lower, "strip_accents": strip, "tokenize_chinese_chars": chinese}
        for lower in (True, False) for strip in (True, False, None) for chinese in (True, False)
    ],
    "class": [
        {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": True, "add_prefix_space": True},
        {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": False, "strip_accents": True},
        {"tokenizer_class": "BertTokenizerFast", "do_lower_case": True},
        {**ENDS, "tokenizer_class": "MPNetTokenizer", "do_lower_case": True, "tokenize_chinese_chars": False},
        {**ENDS, "tokenizer_class": "XLMRobertaTokenizerFast", "do_lower_case": True},
    ],
}
ADDED = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": False}


class Remove:
    """Marks a field that is removed."""


def words(folder):
    """Words of the vocabulary of a model."""
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    tokens = vocabulary if isinstance(vocabulary, dict) else [token for token, _ in vocabulary]
    return sorted(token for token in tokens if token.isalpha() and token.isascii() and len(token) > 2)


def word_of(folder):
    """The word that the cases of a model make a token of its own."""
    known = words(folder)
    return known[len(known) // 2]


def texts_of(folder):
    """The texts of a model: those of all, and some with its own word."""
    word = word_of(folder)
    return [*TEXTS, f"x {word}, y  {word}s {word.upper()}{word} {word[:2]}{word}", word]


def beyond(folder):
    """Cases with a token outside of the vocabulary, whose id is beyond the embeddings."""
    decoder = json.loads((folder / "tokenizer_config.json").read_text())["added_tokens_decoder"]
    yield "special token", {"tokenizer_config.json": {"additional_special_tokens": ["metformina"]}}
    added = {**decoder, "99999": {**ADDED, "content": "metformina"}}
    yield "added_tokens_decoder", {"tokenizer_config.json": {"added_tokens_decoder": added}}


def cases(folder):
    """Name and changes of each case: file to fields, or to the whole file."""
    config = json.loads((folder / "tokenizer_config.json").read_text())
    known = words(folder)
    yield "unchanged", {}
    for name, settings in COMMON.items():
        for fields in settings:
            yield name, {"tokenizer_config.json": fields}
    if config["tokenizer_class"].startswith(("Bert", "DistilBert", "Electra")):
        for name, settings in BERT.items():
            for fields in settings:
                yield name, {"tokenizer_config.json": fields}
        # the class is that of config.json
        fields = {"tokenizer_class": Remove, "do_lower_case": True, "strip_accents": False}
        yield "class of config.json", {"tokenizer_config.json": fields}
        yield "class of config.json", {
            "tokenizer_config.json": {"tokenizer_class": Remove, "do_lower_case": True},
            "config.json": {"tokenizer_class": "PreTrainedTokenizerFast"},
        }
    if config["tokenizer_class"].startswith("Roberta"):
        fields = {"tokenizer_class": Remove, "add_prefix_space": True, "trim_offsets": False}
        yield "class of config.json", {"tokenizer_config.json": fields}
        fields = {"tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": True, "trim_offsets": False}
        yield "class", {"tokenizer_config.json": fields}
    decoder = config["added_tokens_decoder"]
    word, other = word_of(folder), known[len(known) // 3]
    token = {"__type": "AddedToken", "content": word, "lstrip": True, "rstrip": False, "normalized": False}
    for fields in (
        {"additional_special_tokens": [word, other]},
        {"mask_token": word},
        {"pad_token": token},
        {"extra_special_tokens": {"patient_token": word}},
    ):
        yield "special tokens", {"tokenizer_config.json": fields}
    for flags in ({}, {"special": True}, {"single_word": True}, {"lstrip": True, "rstrip": True}, {"normalized": True}):
        added = {**decoder, "7": {**ADDED, "content": word, **flags}}
        yield "added_tokens_decoder", {"tokenizer_config.json": {"added_tokens_decoder": added}}
    mask = next(number for number, token in decoder.items() if token["content"] in ("[MASK]", "<mask>"))
    changed = {**decoder, mask: {**decoder[mask], "lstrip": not decoder[mask]["lstrip"]}}
    yield "flags of a token", {"tokenizer_config.json": {"added_tokens_decoder": changed}}
    # the files of old versions are read without `added_tokens_decoder`
    old = {"added_tokens_decoder": Remove}
    yield "old files", {"tokenizer_config.json": old}
    yield "old files", {"tokenizer_config.json": old, "added_tokens.json": {word: 7}}
    yield "old files", {"tokenizer_config.json": old, "special_tokens_map.json": {"additional_special_tokens": [word]}}
    token = {**ADDED, "content": word, "lstrip": True}
    yield "old files", {"tokenizer_config.json": old, "special_tokens_map.json": {"mask_token": token}}
    yield "old files", {
        "tokenizer_config.json": old, "special_tokens_map.json": {"cls_token": word}, "added_tokens.json": {word: 7},
    }
    yield "old files beside new ones", {"special_tokens_map.json": {"cls_token": word}, "added_tokens.json": {word: 7}}
    special = {**ADDED, "content": word, "special": True}
    yield "split_special_tokens", {
        "tokenizer_config.json": {"added_tokens_decoder": {**decoder, "7": special}, "split_special_tokens": True},
    }


def absent(folder):
    """Cases without a field, for which transformers has a default that tokenizer.json may contradict."""
    for field in ("do_lower_case", "strip_accents", "tokenize_chinese_chars", "add_prefix_space", "trim_offsets"):
        if field in json.loads((folder / "tokenizer_config.json").read_text()):
            yield f"without {field}", {"tokenizer_config.json": {field: Remove}}


def make(folder, changes, target):
    """Copies the small files of a model with the changes."""
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        if (folder / name).exists():
            shutil.copy(folder / name, target / name)
    for name, fields in changes.items():
        path = target / name
        content = json.loads(path.read_text()) if path.exists() else {}
        content.update({key: value for key, value in fields.items() if value is not Remove})
        for key in [key for key, value in fields.items() if value is Remove]:
            content.pop(key, None)
        path.write_text(json.dumps(content))


def answers(target, texts, kind, changes):
    """What AutoTokenizer makes of each text, or the name of its error."""
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(target))
    except Exception as error:
        return type(error).__name__
    size = json.loads((target / "config.json").read_text())["vocab_size"]
    found = []
    for text in texts:
        made = tokenizer(text, return_offsets_mapping=True)
        if any(number >= size for number in made["input_ids"]):
            assert kind == "beyond", (changes, text)
            return "an id beyond the embeddings"
        found.append([made["input_ids"], made["offset_mapping"]])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    made = []
    folders = sorted((args.data / "test_models").iterdir())
    for folder in folders:
        for kind, all_cases in (("given", cases(folder)), ("absent", absent(folder)), ("beyond", beyond(folder))):
            for name, changes in all_cases:
                with tempfile.TemporaryDirectory() as home:
                    target = Path(home) / folder.name
                    target.mkdir()
                    make(folder, changes, target)
                    found = answers(target, texts_of(folder), kind, changes)
                files = {
                    name: {key: value for key, value in fields.items() if value is not Remove}
                    for name, fields in changes.items()
                }
                removed = {
                    name: [key for key, value in fields.items() if value is Remove] for name, fields in changes.items()
                }
                case = {"model": folder.name, "kind": kind, "name": name, "files": files, "removed": removed}
                made.append({**case, "answers": found})
    reference = {
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
        "texts": {folder.name: texts_of(folder) for folder in folders},
        "cases": made,
    }
    path = args.data / "reference" / "tokenizer_settings.json.gz"
    with path.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed:
        packed.write(json.dumps(reference, ensure_ascii=False, separators=(",", ":")).encode())
    refused = [(case["model"], case["name"], case["answers"]) for case in made if isinstance(case["answers"], str)]
    print(len(made), "cases,", len(refused), "refused:", *refused, path.stat().st_size, "bytes", sep="\n")


if __name__ == "__main__":
    main()
