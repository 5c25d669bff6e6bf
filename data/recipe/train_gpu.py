"""Pre-training, training and distillation in one command, for a GPU that is lent for ten minutes.

    python train_gpu.py --pack target/train-pack --out out --minutes 2 3 1 3

No network is needed: `--pack` is what pack.py made, and the pupil starts from the shipped model. The phases, with their budgets
in minutes:

1. a larger model reads all texts (pretrain.py);
2. it learns tags from the annotated documents;
3. it labels the unlabelled texts (soft_labels.py), as many as the time allows;
4. the pupil learns from documents and labels, for int8.

`--out` gets both models as ONNX files in parts of at most 16 MB (`cat pupil.onnx.* > model_int8.onnx`), with their
config.json files as pupil.json and teacher.json. Nothing else is kept.
"""

import argparse
import json
import math
import multiprocessing
import pathlib
import random
import tempfile
import time
import traceback
from dataclasses import fields

import corpus
import numpy as np
import onnx
import pools
import soft_labels
import torch
import train
from encoder import read, write, write_ranges
from export import build, store, whole
from optimizer import Optimizer
from pack import EMBEDDINGS, MODEL
from pretrain import pretrain
from restore import initializers, tensors_of
from tokenizers import Tokenizer

PART = 16_000_000  # bytes of a file of the result
LABELLED_AT_ONCE = 100  # texts
WAITING = 24  # batches that are made ahead


def prefetched(make, workers, seed):
    """Batches of `make()` from so many processes, which end with this one."""
    context = multiprocessing.get_context("fork")
    queue = context.Queue(WAITING)

    def work(number):
        random.seed(seed + number)
        torch.manual_seed(seed + number)
        torch.set_num_threads(1)
        try:
            for batch in make():
                # as arrays: tensors would take a file descriptor each
                values = (getattr(batch, field.name) for field in fields(batch))
                queue.put([value if value is None else value.numpy() for value in values])
        except Exception:
            queue.put(traceback.format_exc())

    for number in range(workers):
        context.Process(target=work, args=(number,), daemon=True).start()
    while True:
        made = queue.get()
        if isinstance(made, str):
            raise RuntimeError(f"a process that makes batches failed:\n{made}")
        yield pools.Batch(*(value if value is None else torch.from_numpy(value) for value in made))


def larger_checkpoint(pack, folder):
    """A checkpoint of the packed layers with the word embeddings of the shipped model."""
    config = json.loads((pack / "config.json").read_text())
    shipped = initializers(MODEL / "model_int8.onnx")
    with np.load(pack / "layers.npz") as layers:
        stored = {**layers, **{name: shipped[name] for name in EMBEDDINGS}}
    write(folder, config, tensors_of(stored, config)[0])


def shipped_checkpoint(folder):
    config = json.loads((MODEL / "config.json").read_text())
    tensors, ranges = tensors_of(initializers(MODEL / "model_int8.onnx"), config)
    write(folder, config, tensors)
    write_ranges(folder, ranges)


def label(model, tokenizer, documents, folder, seconds):
    """Soft labels of the documents, in parts, for so many seconds."""
    begun = time.time()

    @torch.no_grad()
    def run(ids, mask):
        return model(torch.from_numpy(ids), torch.from_numpy(mask)).cpu().numpy()

    folder.mkdir()
    ensemble = soft_labels.Ensemble([run], tokenizer, 1)
    for first in range(0, len(documents), LABELLED_AT_ONCE):
        if time.time() - begun > seconds:
            break
        texts = [document.text for document in documents[first : first + LABELLED_AT_ONCE]]
        print("labels", ensemble.save_part(texts, folder / f"{first}.npz"), flush=True)


def in_parts(path):
    """Replace a file by its parts."""
    content = path.read_bytes()
    for number in range(math.ceil(len(content) / PART)):
        path.with_name(f"{path.name}.{number}").write_bytes(content[number * PART : (number + 1) * PART])
    path.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--minutes", type=float, nargs=4, required=True, metavar=("PRETRAIN", "TRAIN", "LABEL", "DISTIL"))
    parser.add_argument("--pieces", type=int, default=16384, help="pieces a batch")
    parser.add_argument("--documents", type=int, help="at most this many documents of each corpus, for a try")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--workers", type=int, default=12, help="processes that make batches")
    args = parser.parse_args()
    seconds = [60 * minutes for minutes in args.minutes]
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    hide = tokenizer.token_to_id("<mask>")
    corpora = args.pack / "corpora"
    few = slice(args.documents)
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        larger_checkpoint(args.pack, home / "larger")
        shipped_checkpoint(home / "shipped")
        documents = {name: chosen[few] for name, chosen in corpus.training_pools(corpora).items()}
        unlabelled = {language: chosen[few] for language, chosen in corpus.unlabelled(corpora).items()}

        def batches(of, mix=pools.MIX):
            return prefetched(lambda: (pools.collate(items, hide) for items in pools.batches(of, args.pieces, mix=mix)), args.workers, 1)

        common = {"bf16": True, "device": args.device, "pieces": args.pieces, "save_minutes": 999, "likeness": 0.0, "cooldown": None}
        options = {**common, "base": home / "larger", "out": home / "teacher", "rate": 5e-4, "head_rate": 1e-3}
        teaching = train.Training(argparse.Namespace(**options, whole=False, activation="gelu_pytorch_tanh"))
        everything = [d for chosen in (*documents.values(), *unlabelled.values()) for d in chosen]
        text = {"text": pools.Pool(lambda: everything, pools.Reader(tokenizer))}
        optimizer = Optimizer(teaching.model.master, 5e-4, 5e-4)
        pretrain(teaching.model, optimizer, batches(text, {"text": 1}), hide, seconds[0])
        teaching.optimizer = Optimizer(teaching.model.master, options["rate"], options["head_rate"])
        teaching.run(batches(pools.pools(tokenizer, documents, {}, {})), seconds[1])

        mixed = [d for chosen in unlabelled.values() for d in chosen]
        random.Random(1).shuffle(mixed)
        teaching.model.use(teaching.optimizer.average)
        label(teaching.model, tokenizer, mixed, home / "labels", seconds[2])

        options = {**common, "base": home / "shipped", "out": home / "pupil", "rate": 6e-4, "head_rate": 1e-3}
        learning = train.Training(argparse.Namespace(**options, whole=True, activation="relu"))
        labels = soft_labels.load_all(home / "labels")
        learning.run(batches(pools.pools(tokenizer, documents, unlabelled, labels)), seconds[3])

        dev = {name: chosen[few] for name, chosen in corpus.dev_set(corpora).items()}
        for name, trained in (("teacher", teaching), ("pupil", learning)):
            trained.model.use(trained.optimizer.average)
            print("dev", name, *train.dev_score(trained.model, tokenizer, dev), flush=True)
        config, tensors = read(home / "pupil" / "average")
        onnx.save(whole(build(config, tensors, small=True), learning.model.ranges), args.out / "pupil.onnx")
        config, tensors = read(home / "teacher" / "average")
        onnx.save(store(build(config, tensors, small=True)), args.out / "teacher.onnx")
        (args.out / "pupil.json").write_text(json.dumps(learning.model.config, indent=1) + "\n")
        (args.out / "teacher.json").write_text(json.dumps(config, indent=1) + "\n")
    for name in ("pupil.onnx", "teacher.onnx"):
        in_parts(args.out / name)
    print(*sorted(f"{path.name} {path.stat().st_size}" for path in args.out.iterdir()))


if __name__ == "__main__":
    main()
