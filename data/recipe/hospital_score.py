"""Strict and relaxed F1 of an ONNX file on the hospital notes of each language; half of the notes is a check."""

import argparse
import pathlib

import corpus
from calibration import hospital_notes
from evaluate import score
from predict import predict, session
from tokenizers import Tokenizer


def overlapping(documents, predictions):
    """Micro F1 where any overlap with a mention of the same type counts."""
    found, missed = [0, 0], [0, 0]
    for document, predicted in zip(documents, predictions):
        for ours, theirs, counts in ((predicted, document.entities, found), (document.entities, predicted, missed)):
            counts[0] += sum(any(o[2] == t[2] and o[0] < t[1] and t[0] < o[1] for t in theirs) for o in ours)
            counts[1] += len(ours)
    precision, recall = found[0] / max(found[1], 1), missed[0] / max(missed[1], 1)
    return 2 * precision * recall / (precision + recall) if found[0] else 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    tokenizer, run = Tokenizer.from_file(args.tokenizer), session(args.model, args.threads)
    for half, name in ((0, "development"), (1, "check")):
        for language in corpus.LANGUAGES:
            documents = hospital_notes(language, half)
            predicted = predict(run, tokenizer, [document.text for document in documents])
            strict = score(documents, predicted)
            parts = [f"{label} {f['f1']:.3f}" for label, f in strict.items()]
            print(name, language, *parts, f"relaxed {overlapping(documents, predicted):.3f}", flush=True)


if __name__ == "__main__":
    main()
