"""How far confidence is from precision, and the calibration that brings them together.

    python calibration.py --model model_int8.onnx --tokenizer tokenizer.json --corpora CORPORA --out calibration.json

The expected calibration error (ECE) of a type is the mean, over ten bins of confidence, of the distance between mean
confidence and precision, weighted by the mentions in the bin (Guo et al., On calibration of modern neural networks, 2017).
A mention is right if its span and type are annotated.

The calibration of a type is logistic (Platt, 1999): confidence = sigmoid(slope * logit(p) + intercept), where p is the
probability of the mention. It is fitted on the dev documents and the development half of the hospital notes, each set
with the same weight, and leaves the mentions as they are.
"""

import argparse
import json
import pathlib

import capitals
import corpus
import decode
import numpy as np
import windows
from predict import batched, pad, session
from tokenizers import Tokenizer

BINS = 10
HOSPITAL = pathlib.Path(__file__).parents[1] / "hospital"
CERTAIN = 1e-6  # a probability is kept this far from 0 and 1
STEPS, STEP = 3000, 0.3  # of the fit


def confident(run, tokenizer, texts, pieces=2048):
    """For each text the mentions as a dictionary: (start, end, type) to its probability."""
    found, items = [{} for _ in texts], []
    encodings = tokenizer.encode_batch([capitals.lower(text, inside_lines=True) for text in texts], add_special_tokens=False)
    for i, (text, encoding) in enumerate(zip(texts, encodings)):
        spans = windows.piece_spans(text, encoding.offsets)
        glued = decode.continues_word(text, spans)
        items += [(i, encoding.ids[s:e], glued[s:e], spans[s:e]) for s, e in windows.windows(text, spans) if s < e]
    for batch in batched([len(ids) for _, ids, _, _ in items], pieces):
        logits = run(*pad([items[i][1] for i in batch]))
        for row, item in enumerate(batch):
            i, ids, glued, spans = items[item]
            scores = logits[row, 1 : len(ids) + 1].reshape(len(ids), len(corpus.HEADS), 3)
            for head, begin, end, probability in decode.mentions(scores, glued):
                tags = [windows.B] + [windows.I] * (end - begin)
                for entity in decode.entity_spans(texts[i], spans[begin : end + 1], tags):
                    found[i][(*entity, corpus.HEADS[head])] = float(probability)
    return found


def hospital_notes(language, half):
    """Every second hospital note: `half` 0 is for development, 1 for a check."""
    lines = (HOSPITAL / f"hospital.{language}.dev.jsonl").read_text(encoding="utf8").splitlines()
    records = [json.loads(line) for line in lines][half::2]
    entities = [frozenset((e["start"], e["end"], e["label"]) for e in record["entities"]) for record in records]
    return [corpus.Document(r["id"], r["text"], e, frozenset(corpus.HEADS)) for r, e in zip(records, entities)]


def judged(documents, found):
    """For each type the probabilities of mentions [n] and whether they are right [n]."""
    rows = {name: [] for name in corpus.HEADS}
    for document, mentions in zip(documents, found):
        for mention, probability in mentions.items():
            if mention[2] in document.types:
                rows[mention[2]].append((probability, mention in document.entities))
    return {name: tuple(map(np.array, zip(*row))) for name, row in rows.items() if row}


def error(confidence, right):
    """The expected calibration error."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    parts = [abs((confidence[bins == b] - right[bins == b]).sum()) for b in range(BINS)]
    return sum(parts) / len(confidence)


def logit(p):
    p = np.clip(p, CERTAIN, 1 - CERTAIN)
    return np.log(p / (1 - p))


def calibrated(p, slope, intercept):
    return 1 / (1 + np.exp(-(slope * logit(p) + intercept)))


def fit(p, right, weight):
    """Slope and intercept of the least weighted cross-entropy, by gradient descent on standardised logits."""
    x, weight = logit(p), weight / weight.mean()
    mean, width = x.mean(), max(x.std(), 1e-3)
    z, (a, b) = (x - mean) / width, (1.0, 0.0)
    for _ in range(STEPS):
        gap = weight * (1 / (1 + np.exp(-(a * z + b))) - right)
        a, b = a - STEP * (gap * z).mean(), b - STEP * gap.mean()
    return float(a / width), float(b - a * mean / width)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, type=pathlib.Path, help="ONNX file")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--corpora", required=True)
    parser.add_argument("--documents", type=int, default=250, help="at most this many a test set")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    tokenizer, run = Tokenizer.from_file(args.tokenizer), session(args.model, args.threads)
    fitted_on = {f"dev {name}": documents for name, documents in corpus.dev_set(args.corpora).items()}
    fitted_on |= {f"hospital dev {language}": hospital_notes(language, 0) for language in corpus.LANGUAGES}
    checked_on = {f"hospital check {language}": hospital_notes(language, 1) for language in corpus.LANGUAGES}
    checked_on |= {name: corpus.sample(d, args.documents) for name, d in corpus.test_sets(args.corpora).items()}
    sets = {}
    for name, documents in {**fitted_on, **checked_on}.items():
        sets[name] = judged(documents, confident(run, tokenizer, [document.text for document in documents]))
    calibration = {}
    for label in corpus.HEADS:
        rows = [sets[name][label] for name in fitted_on if label in sets[name]]
        # each set counts alike: the English gold has more mentions than all others together
        rows = [(p, right, np.full(len(p), 1 / len(p))) for p, right in rows]
        calibration[label] = fit(*(np.concatenate(column) for column in zip(*rows)))
    figures = {}
    for name, types in sets.items():
        figures[name] = {}
        for label, (p, right) in types.items():
            after = calibrated(p, *calibration[label])
            figures[name][label] = {"mentions": len(p), "precision": float(right.mean()), "ece": error(p, right), "calibrated": error(after, right)}  # fmt: skip
        print(name, *(f"{label} {f['ece']:.3f} -> {f['calibrated']:.3f} (n {f['mentions']})" for label, f in figures[name].items()), flush=True)  # fmt: skip
    named = {label: {"slope": round(a, 3), "intercept": round(b, 3)} for label, (a, b) in calibration.items()}
    print(named)
    args.out.write_text(json.dumps({"calibration": named, "sets": figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
