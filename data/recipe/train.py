"""Fine-tune a checkpoint on the clinical corpora until a time of day.

The learning rate is constant after a short warm-up and falls in a straight line to zero at `--until`, over the last
`--cooldown` minutes. So a run ends when it should on a machine that is shared. Every few minutes `--out` gets `raw` (the
weights as they are), `average` (their moving average) and `state.pt` (all that a run needs to go on after it was
interrupted: give the same command again). At the end it gets `run.json`.
"""

import argparse
import datetime
import itertools
import json
import pathlib
import random
import time

import chain
import corpus
import decode
import pools
import soft_labels
import teacher
import torch
import windows
from encoder import ACTIVATIONS, Encoder
from evaluate import score
from optimizer import Optimizer
from predict import predict
from tokenizers import Tokenizer

LABELS = [label for head in corpus.HEADS for label in (f"{head}:O", f"B-{head}", f"I-{head}")]
CONFIG = {
    "architectures": ["BertForTokenClassification"],
    "num_labels": len(LABELS),
    "id2label": {str(i): label for i, label in enumerate(LABELS)},
    "label2id": {label: i for i, label in enumerate(LABELS)},
    "heads": corpus.HEADS,
    "decoder": {
        "name": "posterior",
        "begin_after_entity_cost": decode.BEGIN_AFTER_ENTITY_COST,
        "whole_words": True,
        "trim": True,
    },
    "lower_capitals": "phrases",
    "window_length": windows.WINDOW + 2,
    "torch_dtype": "float16",
}
DROPOUT = 0.1
CALIBRATION = 32  # batches that set the ranges of whole numbers
FOLLOWED = 40  # steps after which ranges follow the inputs a little
SETTLED = 0.4  # share of the learning rate below which they stay
PLAIN = 0.25  # share of the batches of `--whole` that round nothing, so that the weights in fp32 are a model too


def far(batch, hidden, logits, likeness):
    """The loss of a batch: of its annotations, its soft labels, and what a teacher said of its pieces, if any."""
    logits = logits.unflatten(-1, (-1, 3))
    inside = torch.zeros_like(batch.mask, dtype=torch.bool)
    inside[:, 1:-1] = batch.mask[:, 2:]  # what has a neighbour on either side
    if batch.taught is None:
        return chain.loss(logits, inside, batch.glued, batch.tags, batch.said, batch.counted)
    known = inside & batch.spoken[:, None]
    theirs = torch.zeros(logits.shape)
    theirs[known] = batch.taught[:, -len(LABELS) :].unflatten(-1, (-1, 3))
    said = torch.where(known[..., None, None], chain.probabilities(theirs, inside, batch.glued), batch.said)
    sequences = chain.loss(logits, inside, batch.glued, batch.tags, said, batch.counted | known[..., None])
    return sequences + teacher.loss(hidden[known], logits[known], batch.taught, likeness)


def dev_score(model, tokenizer, dev):
    """Mean over the dev sets of micro F1, and all figures."""

    @torch.no_grad()
    def run(ids, mask):
        return model(torch.from_numpy(ids), torch.from_numpy(mask)).cpu().numpy()

    figures = {}
    for name, documents in dev.items():
        predicted = predict(run, tokenizer, [document.text for document in documents])
        figures[name] = {label: value["f1"] for label, value in score(documents, predicted).items()}
    return sum(value["all"] for value in figures.values()) / len(figures), figures


def seconds_until(clock):
    """Seconds from now to the next time that the clock shows `clock`, HH:MM in UTC; it may be tomorrow."""
    now = datetime.datetime.now(datetime.timezone.utc)
    hour, minute = map(int, clock.split(":"))
    return (now.replace(hour=hour, minute=minute, second=0, microsecond=0) - now).total_seconds() % 86400


class Training:
    """A model, its optimiser and how far they are."""

    def __init__(self, args):
        self.args = args
        self.model = Encoder(args.base, torch.bfloat16 if args.bf16 else torch.float32, args.device)
        self.model.config |= {**CONFIG, "hidden_act": args.activation}
        self.optimizer = Optimizer(self.model.master, args.rate, args.head_rate)
        self.steps, self.pieces, self.spent = 0, 0, 0.0
        self.state = args.out / "state.pt"

    def resume(self):
        """Go on from the state of an interrupted run, if there is one; true if there was."""
        if not self.state.exists():
            return False
        state = torch.load(self.state, map_location=self.model.device)
        self.optimizer.load(state["optimizer"])
        self.model.ranges = state["ranges"]
        self.model.use(self.model.master)
        self.steps, self.pieces, self.spent = state["steps"], state["pieces"], state["spent"]
        print(f"goes on after step {self.steps}", flush=True)
        return True

    def save(self):
        self.model.save(self.args.out / "raw", self.model.master)
        self.model.save(self.args.out / "average", self.optimizer.average)
        state = {"optimizer": self.optimizer.state(), "ranges": self.model.ranges, "steps": self.steps}
        partial = self.state.with_suffix(".part")
        torch.save({**state, "pieces": self.pieces, "spent": self.spent}, partial)
        partial.replace(self.state)

    def step(self, batch, left):
        """One step on a batch; `left` is the share of the cool-down that remains. Returns the loss."""
        model, whole = self.model, self.args.whole
        share = self.optimizer.set_rate(self.steps, left)
        following = whole and self.steps % FOLLOWED == 0 and share > SETTLED
        plain = not following and random.random() < PLAIN
        if following:
            model.observed = {}
        ranges = model.ranges
        if plain:
            model.ranges = None
        hidden = model.encode(batch.ids, batch.mask)
        model.ranges = ranges
        logits = model.classify(hidden)
        if following:
            model.follow(0.1)
        # sums over sequences are small, and quicker on a processor
        loss = far(batch, hidden.cpu() if batch.taught is not None else None, logits.cpu(), self.args.likeness)
        loss.backward()
        model.take_gradients()
        self.optimizer.step(self.steps)
        model.use(model.master)
        self.steps += 1
        self.pieces += int(batch.mask.sum())
        return loss.item()

    def run(self, batches, seconds):
        """Train on batches for so many seconds; saves every few minutes and at the end."""
        if not self.resume() and self.args.whole:
            self.model.calibrate((batch.ids, batch.mask) for batch in itertools.islice(batches, CALIBRATION))
        self.model.dropout = DROPOUT
        cooldown = 60 * self.args.cooldown if self.args.cooldown else seconds
        begun = saved = shown = time.time()
        mean, shown_pieces = None, self.pieces
        for batch in batches:
            left = begun + seconds - time.time()
            if left <= 0:
                break
            loss = self.step(batch, left / cooldown)
            mean = loss if mean is None else 0.98 * mean + 0.02 * loss
            now = time.time()
            if self.steps % 20 == 0:
                speed, self.spent = (self.pieces - shown_pieces) / (now - shown), self.spent + now - shown
                print(f"{self.spent:.0f} s, step {self.steps}, loss {mean:.4f}, "
                      f"rate {self.optimizer.rate:.1e}, {speed:.0f} pieces/s", flush=True)  # fmt: skip
                shown, shown_pieces = now, self.pieces
            if now - saved > 60 * self.args.save_minutes:
                self.save()
                saved = now
        self.save()
        self.model.dropout = 0.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True, help="folder of the checkpoint to start from")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--corpora", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--until", required=True, help="time of day at which the training ends, HH:MM in UTC")
    parser.add_argument("--cooldown", type=float, help="minutes in which the rate falls to zero; all of them if left out")
    parser.add_argument("--labels", help="folder of soft labels (soft_labels.py)")
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--head-rate", type=float, default=5e-4)
    parser.add_argument("--pieces", type=int, default=1024, help="pieces a batch")
    parser.add_argument("--save-minutes", type=float, default=5)
    parser.add_argument("--teacher", nargs="+", help="ONNX files of models with the same pieces and heads, to learn from")
    parser.add_argument("--likeness", type=float, default=1.0, help="weight in the loss of the first teacher's hidden states")
    parser.add_argument("--activation", choices=ACTIVATIONS, default="gelu_pytorch_tanh", help="of the wide units")
    parser.add_argument("--whole", action="store_true", help="compute as the file of whole numbers will (static8)")
    parser.add_argument("--bf16", action="store_true", help="compute in bf16; with AVX-512 or on a GPU")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main():
    args = arguments()
    random.seed(args.seed)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(args.tokenizer)
    hide = tokenizer.token_to_id("<mask>")
    labels = soft_labels.load_all(args.labels) if args.labels else {}
    unlabelled = corpus.unlabelled(args.corpora) if labels else {}
    drawn_from = pools.pools(tokenizer, corpus.training_pools(args.corpora), unlabelled, labels)
    print(f"{len(drawn_from)} pools", flush=True)
    training = Training(args)
    teach = teacher.Teacher(args.teacher, args.threads, args.likeness).teach if args.teacher else None
    batches = (pools.collate(items, hide) for items in pools.batches(drawn_from, args.pieces, teach))
    training.run(batches, seconds_until(args.until))
    epochs = {name: round(pool.epochs, 2) for name, pool in drawn_from.items()}
    run = {"steps": training.steps, "pieces": training.pieces, "seconds": training.spent, "epochs": epochs, "rate": args.rate}
    (args.out / "run.json").write_text(json.dumps(run, indent=1) + "\n")
    dev = corpus.dev_set(args.corpora)
    for name, tensors in (("raw", training.model.master), ("average", training.optimizer.average)):
        training.model.use(tensors)
        print("dev", name, *dev_score(training.model, tokenizer, dev), flush=True)


if __name__ == "__main__":
    main()
