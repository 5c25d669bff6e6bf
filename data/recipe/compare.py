"""Compare ONNX files with one that they should agree with, and check that their results do not depend on batching.

Prints for each: the share of tags and the F1 of entities that are equal to the reference's on a sample of test documents;
the largest change of a logit when a window stands in a padded batch instead of alone (it must be 0); and the speed
with one thread, in pieces a second of processor time, beside the reference's.
"""

import argparse
import time

import corpus
import decode
import numpy as np
import windows
from predict import batched, pad, session, tag_texts
from tokenizers import Tokenizer

SETS = ["es gold", "en silver", "it silver"]
LENGTHS = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 120, 144, 177, 190]
ROUNDS = 3


def sample_texts(folder, documents):
    """The texts of the same cases in three languages."""
    sets = corpus.test_sets(folder)
    return [document.text for name in SETS for document in corpus.sample(sets[name], documents)]


def sample_windows(tokenizer, texts):
    out = []
    for text, encoding in zip(texts, tokenizer.encode_batch(texts, add_special_tokens=False)):
        spans = windows.piece_spans(text, encoding.offsets)
        out += [encoding.ids[start:end] for start, end in windows.windows(text, spans)]
    return out


def agreement(run, expected_tags, tokenizer, texts):
    """Share of equal tags, F1 of the entities against the expected ones, and the number of those."""
    same = total = common = mine = theirs = 0
    for text, (spans, tags), (_, expected) in zip(texts, tag_texts(run, tokenizer, texts), expected_tags):
        same += int((tags == expected).sum())
        total += tags.size
        for head in range(tags.shape[1]):
            found = set(decode.entity_spans(text, spans, tags[:, head]))
            wanted = set(decode.entity_spans(text, spans, expected[:, head]))
            common, mine, theirs = common + len(found & wanted), mine + len(found), theirs + len(wanted)
    return same / total, 2 * common / (mine + theirs), theirs


def batch_dependence(runs, pieces):
    """Largest difference of a logit between a window alone with one thread and in any padded batch, for all `runs`."""
    rng = np.random.default_rng(0)
    items = [pieces[i][:length] for length in LENGTHS for i in rng.choice(len(pieces), 4, replace=False)]
    alone = [runs[0](*pad([ids]))[0] for ids in items]
    worst, checked = 0.0, 0
    for run in runs:
        for size in (1, 2, 3, 5, 8, 11, 16):
            order = rng.permutation(len(items))
            for start in range(0, len(order), size):
                rows = order[start : start + size]
                logits = run(*pad([items[i] for i in rows]))
                for row, i in enumerate(rows):
                    length = len(items[i]) + 2
                    worst = max(worst, float(np.abs(logits[row, :length] - alone[i]).max()))
                    checked += 1
    return worst, checked


def speed(run, pieces):
    """Pieces a second of processor time over the windows, in batches of about 1,024 pieces."""
    batches = [pad([pieces[i] for i in rows]) for rows in batched([len(ids) for ids in pieces], 1024)]
    start = time.process_time()
    for ids, mask in batches:
        run(ids, mask)
    return sum(int(mask.sum()) for _, mask in batches) / (time.process_time() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", required=True, nargs="+")
    parser.add_argument("--reference", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--corpora", required=True)
    parser.add_argument("--documents", type=int, default=20, help="documents a language")
    args = parser.parse_args()
    tokenizer = Tokenizer.from_file(args.tokenizer)
    texts = sample_texts(args.corpora, args.documents)
    pieces = sample_windows(tokenizer, texts)
    reference = session(args.reference)
    expected = tag_texts(reference, tokenizer, texts)
    for model in args.models:
        run = session(model)
        print(model)
        worst, checked = batch_dependence([run, session(model, 2)], pieces)
        print(f"  largest change of a logit in a batch: {worst} ({checked} windows, 1 and 2 threads)", flush=True)
        for _ in range(ROUNDS):
            first, second = speed(run, pieces[::20]), speed(reference, pieces[::20])
            print(f"  pieces a second: {first:.0f}, reference {second:.0f}, ratio {first / second:.2f}", flush=True)
        tags, entities, count = agreement(run, expected, tokenizer, texts)
        print(f"  {len(texts)} documents: equal tags {tags:.4f}, F1 of entities {entities:.4f} "
              f"({count} in the reference)", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
