"""Strict micro F1 (exact span and type) of an ONNX file on the test or dev sets.

Each set is cut to `--documents` documents, always the same ones, whose ids come first by md5. Gold and silver sets
are reported apart. Prints a line a set and writes all figures to `--out`.
"""

import argparse
import json
import pathlib

import corpus
from predict import predict, session
from tokenizers import Tokenizer


def figures(correct, predicted, gold):
    precision = correct / predicted if predicted else 0.0
    recall = correct / gold if gold else 0.0
    f1 = 2 * precision * recall / (precision + recall) if correct else 0.0
    return {"precision": precision, "recall": recall, "f1": f1, "gold": gold, "predicted": predicted}


def score(documents, predictions):
    """Figures for each annotated type and for all together."""
    result, total = {}, [0, 0, 0]
    for name in corpus.HEADS:
        counts = [0, 0, 0]
        for document, predicted in zip(documents, predictions):
            if name in document.types:
                gold = {entity for entity in document.entities if entity[2] == name}
                found = {entity for entity in predicted if entity[2] == name}
                counts = [a + b for a, b in zip(counts, (len(gold & found), len(found), len(gold)))]
        if counts[2]:
            result[name] = figures(*counts)
            total = [a + b for a, b in zip(total, counts)]
    result["all"] = figures(*total)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, type=pathlib.Path, help="ONNX file")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--corpora", required=True)
    parser.add_argument("--documents", type=int, default=80, help="at most this many documents a set")
    parser.add_argument("--dev", action="store_true", help="score the dev documents instead of the test sets")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    tokenizer = Tokenizer.from_file(args.tokenizer)
    run = session(args.model, args.threads)
    sets = corpus.dev_set(args.corpora) if args.dev else corpus.test_sets(args.corpora)
    results, known = {}, {}
    for name, documents in sets.items():
        chosen = corpus.sample(documents, args.documents)
        new = [document.text for document in chosen if document.text not in known]
        known |= dict(zip(new, predict(run, tokenizer, new)))
        results[name] = score(chosen, [known[document.text] for document in chosen])
        results[name]["documents"] = len(chosen)
        parts = [f"{label} {f['f1']:.3f} (p {f['precision']:.3f} r {f['recall']:.3f} n {f['gold']})"
                 for label, f in results[name].items() if label != "documents"]  # fmt: skip
        print(f"{name} [{len(chosen)} of {len(documents)} documents]", *parts, flush=True)
        if args.out:
            args.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
