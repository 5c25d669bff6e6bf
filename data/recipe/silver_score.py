"""Strict F1 of silver annotations against English gold of the same cases, as projected and as repair.py leaves them.

    python silver_score.py --corpora CORPORA

Documents whose texts differ are left out. "silver alone" are repaired mentions that overlap no gold mention.
"""

import argparse

import corpus
from repair import repair

PAIRS = [("silver-proj.en.train", "multiclinner.en.train"), ("silver-proj.en.cardiodev", "multiclinner.en.dev")]


def f1(silver, gold):
    return 2 * len(silver & gold) / (len(silver) + len(gold))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", required=True)
    args = parser.parse_args()
    for silver_name, gold_name in PAIRS:
        silver = corpus.load(args.corpora, silver_name)
        repaired = repair([(document.text, document.entities) for document in silver])
        by_case = {d.case: (d.text, d.entities, r) for d, r in zip(silver, repaired)}
        gold = corpus.load(args.corpora, gold_name)
        for label in corpus.HEADS[1:]:
            marked, projected, mended, documents = set(), set(), set(), 0
            for document in gold:
                case = document.case.partition("#")[0]  # MultiClinNER adds the type
                text, as_is, as_repaired = by_case.get(case, (None, (), ()))
                if label in document.types and text == document.text:
                    documents += 1
                    for found, into in ((document.entities, marked), (as_is, projected), (as_repaired, mended)):
                        into.update((case, *entity) for entity in found if entity[2] == label)
            spans = {case: [m for m in marked if m[0] == case] for case in {m[0] for m in marked}}
            alone = [m for m in mended if not any(m[1] < g[2] and g[1] < m[2] for g in spans.get(m[0], ()))]
            figures = f"silver {f1(projected, marked):.4f}, repaired {f1(mended, marked):.4f}"
            print(f"{gold_name} {label}: {documents} documents, {figures}, silver alone {len(alone)} of {len(mended)}")


if __name__ == "__main__":
    main()
