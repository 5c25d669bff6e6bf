"""Soft labels of texts, by several models together, computed once and kept in a file.

    python soft_labels.py --models 9.onnx 10.onnx --tokenizer tokenizer.json --texts FILE.jsonl.gz ... --out labels

For each token and head the file has the mean, over the models, of the probabilities of B and I in whole tag sequences
(chain.py), in steps of 1/254. Where the models disagree both are 255, and training ignores the token (`read`). Texts are
known by their digest, so a label never lands on another text. Each `PART` texts have a file of their own; a run leaves
out those that exist, so it may be interrupted.
"""

import argparse
import hashlib
import pathlib
import time
from concurrent.futures import ThreadPoolExecutor

import capitals
import chain
import corpus
import decode
import numpy as np
import torch
import windows
from predict import batched, pad, session
from tokenizers import Tokenizer

DISAGREE = 0.5  # a model's probability may be as far from another's
STEPS = 254
UNKNOWN = 255
PART = 200  # texts


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def probabilities(logits, lengths, glued):
    """Those of B and I [windows, pieces, heads, 2] in whole sequences, of logits [windows, pieces, heads * 3]."""
    inside = torch.arange(logits.shape[1])[None] < torch.tensor(lengths)[:, None]
    whole = chain.probabilities(torch.from_numpy(logits).unflatten(-1, (-1, 3)), inside, torch.from_numpy(glued))
    return whole.numpy()[..., 1:].astype(np.float32)


def together(said):
    """Steps [windows, pieces, heads, 2] of what several models said, `UNKNOWN` where they disagree."""
    said = np.stack(said)
    apart = (said.max(0) - said.min(0)).max(-1) > DISAGREE
    steps = np.rint(said.mean(0) * STEPS).astype(np.uint8)
    steps[apart] = UNKNOWN
    return steps


class Ensemble:
    """Functions from (ids, mask) to logits, which label texts together."""

    def __init__(self, models, tokenizer, threads):
        self.models, self.tokenizer, self.threads = models, tokenizer, threads

    def label(self, texts, pieces=2048):
        """The labels [pieces, heads, 2] of each text."""
        found, items = [], []
        encodings = self.tokenizer.encode_batch([capitals.lower(text) for text in texts], add_special_tokens=False)
        for text, encoding in zip(texts, encodings):
            spans = windows.piece_spans(text, encoding.offsets)
            labels = np.full((len(spans), len(corpus.HEADS), 2), UNKNOWN, np.uint8)
            glued = np.array(decode.continues_word(text, spans), bool)
            found.append(labels)
            for start, end in windows.windows(text, spans):
                if start < end:
                    items.append((encoding.ids[start:end], glued[start:end], labels[start:end]))
        with ThreadPoolExecutor(self.threads) as pool:
            batches = batched([len(ids) for ids, _, _ in items], pieces)
            list(pool.map(lambda batch: self.label_batch([items[i] for i in batch]), batches))
        return found

    def label_batch(self, batch):
        ids, mask = pad([ids for ids, _, _ in batch])
        lengths = [len(ids) for ids, _, _ in batch]
        glued = np.zeros((len(batch), max(lengths)), bool)
        for row, (_, one, _) in enumerate(batch):
            glued[row, : len(one)] = one
        glued[:, 0] = False
        steps = together([probabilities(run(ids, mask)[:, 1:-1], lengths, glued) for run in self.models])
        for row, (pieces, _, labels) in enumerate(batch):
            labels[:] = steps[row, : len(pieces)]


    def save_part(self, texts, path):
        """Write the labels of these texts; returns how many tokens they have, and in how many the models disagree."""
        begun = time.time()
        found = self.label(texts)
        save(path, {digest(text): labels for text, labels in zip(texts, found)})
        size = sum(map(len, found))
        unknown = sum(int((labels[..., 0] == UNKNOWN).sum()) for labels in found) / size / len(corpus.HEADS)
        return f"{size} tokens, {unknown:.4f} unknown, {size / (time.time() - begun):.0f} tokens/s"


def save(path, labels):
    """Labels by digest in one compressed file."""
    ends = np.cumsum([len(one) for one in labels.values()])
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez_compressed(file, digests=np.array(list(labels)), ends=ends, labels=np.concatenate(list(labels.values())))
    partial.replace(path)


def load(path):
    """Labels [pieces, heads, 2] by digest of the text."""
    with np.load(path) as stored:
        return dict(zip(stored["digests"].tolist(), np.split(stored["labels"], stored["ends"][:-1])))


def load_all(folder):
    """Labels by digest of every file in a folder."""
    return {text: labels for path in sorted(pathlib.Path(folder).glob("*.npz")) for text, labels in load(path).items()}


def read(labels):
    """Probabilities of O, B and I [pieces, heads, 3] of a tensor of labels, and where [pieces, heads] the models agree."""
    known = labels[..., 0] != UNKNOWN
    inside = labels.float().div_(STEPS).masked_fill_(~known[..., None], 0)
    return torch.cat([(1 - inside.sum(-1, keepdim=True)).clamp_min_(0), inside], -1), known


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", required=True, help="ONNX files with the same tokens and heads")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--corpora", required=True)
    parser.add_argument("--texts", nargs="+", required=True, help="names of files of the corpora, without .jsonl.gz")
    parser.add_argument("--documents", type=int, default=10**9, help="at most this many a file")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder of the labels")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    models = [session(path, 1) for path in args.models]
    ensemble = Ensemble(models, Tokenizer.from_file(args.tokenizer), args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.texts:
        texts = [document.text for document in corpus.load(args.corpora, name)[: args.documents]]
        for first in range(0, len(texts), PART):
            path = args.out / f"{name}.{first // PART}.npz"
            if not path.exists():
                print(path.name, ensemble.save_part(texts[first : first + PART], path), flush=True)


if __name__ == "__main__":
    main()
