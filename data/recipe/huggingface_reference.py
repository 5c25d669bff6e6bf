"""Make data/reference/huggingface/: what transformers' TokenClassificationPipeline answers for thousands of texts.

`texts.json.gz` holds the texts, shared by all models: sentences and whole notes of the training parts of CC BY 4.0 corpora and
generated odd sentences. `<kind>.json.gz` holds one model's answers: runs for each aggregation strategy, with several
`ignore_labels`, and for the long notes in windows of 64 pieces with a stride (each note with one of three). The texts of a
setting are spread over several runs. An answer is [index of the text, [[label, start, end, score], ...]]; label is
`entity_group`, or `entity` for the strategy "none"; offsets are code points, half-open. Texts whose spans small noise would
change, and sentences that the pipeline would truncate, are left out and counted.

    pip install -r data/recipe/requirements.txt
    python data/recipe/huggingface_reference.py --corpora CORPORA --data data            # all kinds, or name some:
    python data/recipe/huggingface_reference.py --corpora CORPORA --data data electra camembert

CORPORA is the folder of the normalised corpora that `corpus.py` describes. Nothing is random but for fixed seeds.
"""

import argparse
import gzip
import json
import random
from collections import Counter
from itertools import islice
from pathlib import Path

import onnxruntime
import tokenizers
import torch
import transformers
from odd_texts import EDGES, odd_sentences, special_sentences
from pipeline_reference import THREADS, open_pipeline
from test_models import SEED, read_texts, sentences

SOURCES = (
    "spaccc: SPACCC/DisTEMIST, ProcTEMIST and SympTEMIST training texts (Spanish), CC BY 4.0; "
    "drugtemist: DrugTEMIST training texts (English and Italian translations of the same cases), CC BY 4.0; "
    "generated: data/recipe/odd_texts.py, CC0 1.0"
)
SOURCE = {"es": "spaccc", "en": "drugtemist", "it": "drugtemist"}
REAL_SENTENCES = 800  # a language
ODD_SENTENCES = 1000
SPECIAL_SENTENCES = 60
LONG_NOTES = 20  # a language
LONG_WORDS = range(300, 1501)

STRATEGIES = ["none", "simple", "first", "average", "max"]
GROUPING = STRATEGIES[1:]
NONE_TEXTS = 1000
SUBSET = 300
STRIDES = [0, 8, 16]
STRIDE_LENGTH = 64

# kind: the ONNX file in data/test_models, and what is ignored besides O in some runs: labels, and names of groups
KINDS = {
    "bert-uncased": ("bert-uncased/model.onnx", ["B-DISEASE", "DISEASE"]),
    "bert-cased": ("bert-cased/onnx/model.onnx", ["S-DISEASE", "DISEASE"]),
    "roberta": ("roberta/model.onnx", ["I-ANATOMY", "ANATOMY"]),
    "xlm-roberta": ("xlm-roberta-fp32/model.onnx", ["SYMPTOM"]),
    "roberta-prefix-space": ("roberta-prefix-space/model.onnx", ["B-MEDICATION", "MEDICATION"]),
    "distilbert": ("distilbert/model.onnx", ["I-SYMPTOM", "SYMPTOM"]),
    "camembert": ("camembert/model.onnx", ["SIDE-EFFECT", "EFFECT", "DRUG-NAME"]),
    "electra": ("electra/model.onnx", ["B-PROCEDURE", "PROCEDURE"]),
    "deberta-v2": ("deberta-v2/model.onnx", ["B-DISEASE", "DISEASE"]),
}


def make_texts(corpora):
    """All texts: real sentences by language, odd ones, then the long notes."""
    texts = []
    by_language = read_texts(corpora)
    for lang, notes in by_language.items():
        found = sentences(notes, SEED, shortest=2, longest=36)[:REAL_SENTENCES]
        texts += [{"lang": lang, "source": SOURCE[lang], "text": text} for text in found]
    odd = [*islice(odd_sentences(SEED), ODD_SENTENCES), *EDGES]
    texts += [{"lang": "mul", "source": "generated", "text": text} for text in odd]
    special = islice(special_sentences(SEED), SPECIAL_SENTENCES)
    texts += [{"lang": "mul", "source": "generated-special", "text": text} for text in special]
    for lang, notes in by_language.items():
        notes = [note for note in notes if len(note.split()) in LONG_WORDS]
        chosen = random.Random(SEED).sample(notes, LONG_NOTES)
        texts += [{"lang": lang, "source": SOURCE[lang], "text": text, "long": True} for text in chosen]
    return texts


def spread(indices, count):
    """About `count` of the indices, evenly."""
    return indices[:: max(1, len(indices) // count)][:count]


def reference(models, kind, texts):
    """The file of one kind."""
    path, ignored = KINDS[kind]
    folder = models / path.split("/")[0]
    model_file = path.split("/", 1)[1]
    runs, left_out = [], {"near_tie": 0, "too_long": 0}

    def add(settings, texts, block):
        """Runs of each (strategy, ignore_labels, stride); in blocks, so that gzip sees what the strategies have in common."""
        texts = list(texts.items())
        for start in range(0, len(texts), block):
            for strategy, ignore_labels, stride in settings:
                runs.append({
                    "aggregation_strategy": strategy, "ignore_labels": ignore_labels, "stride": stride,
                    "model_max_length": pipeline.tokenizer.model_max_length,
                    "answers": [[i, pipeline.entities(windows, strategy, ignore_labels)] for i, windows in texts[start : start + block]],
                })

    pipeline = open_pipeline(folder, model_file)
    stable = {}
    for i, text in enumerate(texts):
        if "long" in text:
            continue
        if pipeline.length(text["text"]) > pipeline.tokenizer.model_max_length:
            left_out["too_long"] += 1
            continue
        windows = pipeline.windows(text["text"])
        if pipeline.has_near_tie(windows):
            left_out["near_tie"] += 1
        else:
            stable[i] = windows
    subset = {i: stable[i] for i in spread(list(stable), SUBSET)}
    add([("none", ["O"], None)], {i: stable[i] for i in spread(list(stable), NONE_TEXTS)}, block=50)
    add([(strategy, ["O"], None) for strategy in GROUPING], stable, block=50)
    add([(strategy, [], None) for strategy in ["none", "simple", "first"]], subset, block=10)
    add([(strategy, ["O", label], None) for label in ignored for strategy in ["none", "simple"]], subset, block=10)

    pipeline = open_pipeline(folder, model_file, STRIDE_LENGTH)
    notes = [i for i, text in enumerate(texts) if "long" in text]
    for turn, stride in enumerate(STRIDES):  # each note in one of the strides
        stable = {}
        for i in notes[turn :: len(STRIDES)]:
            windows = pipeline.windows(texts[i]["text"], stride)
            if pipeline.has_near_tie(windows) or not pipeline.merges_stably(windows, GROUPING):
                left_out["near_tie"] += 1
            else:
                stable[i] = windows
        add([(strategy, ["O"], stride) for strategy in GROUPING], stable, block=1)

    return {
        "transformers": transformers.__version__, "tokenizers": tokenizers.__version__, "onnxruntime": onnxruntime.__version__,
        "model": path, "tolerance": 1e-4, "runs": runs, "left_out": left_out,
    }


def write(path, content):
    """Compact JSON, gzipped without a time so that equal content gives equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"
    path.write_bytes(gzip.compress(plain.encode(), 9, mtime=0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, required=True, help="folder of the normalised corpora (*.jsonl.gz)")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder with test_models/, where reference/ is written")
    parser.add_argument("kinds", nargs="*", default=list(KINDS), help="only these")
    args = parser.parse_args()
    torch.set_num_threads(THREADS)

    out = args.data / "reference/huggingface"
    texts = make_texts(args.corpora)
    write(out / "texts.json.gz", {"sources": SOURCES, "texts": texts})
    for kind in args.kinds:
        found = reference(args.data / "test_models", kind, texts)
        write(out / f"{kind}.json.gz", found)
        print(kind, found["left_out"], (out / f"{kind}.json.gz").stat().st_size, flush=True)
        counts = Counter()
        for run in found["runs"]:
            key = (run["aggregation_strategy"], *run["ignore_labels"], run["stride"])
            counts[key, "texts"] += len(run["answers"])
            counts[key, "entities"] += sum(len(entities) for _, entities in run["answers"])
        for (key, what), count in counts.items():
            print("   ", *key, what, count, flush=True)


if __name__ == "__main__":
    main()
