"""Fine-tune a checkpoint on the clinical corpora until a time of day.

The learning rate follows the wall clock: a short warm-up, then a straight line to zero at `--until`. So a run ends
when it should on a machine that is shared, and survives being paused. What is written to `--out`: `raw` (the weights
as they are) and `average` (their moving average), both refreshed every few minutes and at the end, and `run.json`.
"""

import argparse
import datetime
import json
import pathlib
import random
import time
from dataclasses import dataclass

import capitals
import chain
import corpus
import decode
import noise
import replace
import sentences
import teacher
import torch
import windows
from encoder import ACTIVATIONS, Encoder
from evaluate import score
from predict import pad, predict
from tokenizers import Tokenizer

# Shares of the pools in the stream of pieces: half of it Spanish, where every type is gold; and for each language some
# windows more that hold a medication of several words, which earlier weights cut short ("insulin glargine").
MIX = {
    "es": 0.9,
    "it": 0.4,
    "en": 0.45,
    "es-long": 0.1,
    "it-long": 0.06,
    "en-long": 0.1,
    "en-maccrobat": 0.03,
    "en-ncbi": 0.02,
    "en-bc5cdr": 0.04,
    "es-replaced": 0.4,
    "it-replaced": 0.1,
    "en-replaced": 0.15,
    "es-respelled": 0.08,
    "it-respelled": 0.05,
    "en-respelled": 0.05,
    "es-sentences": 0.05,
    "it-sentences": 0.03,
    "en-sentences": 0.03,
}
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
    "lower_capitals": True,
    "window_length": windows.WINDOW + 2,
    "torch_dtype": "float16",
}
DROPOUT = 0.1
HIDDEN_PIECES = 0.1  # share of pieces replaced by <mask>: a cheap regulariser
WARM_UP = 0.03  # share of the time
AVERAGING = 0.995  # decay a step of the moving average
BATCHES_SORTED = 32  # windows for this many batches are sorted by length together
CALIBRATION = 32  # batches that set the ranges of whole numbers
FOLLOWED = 40  # steps after which ranges follow the inputs a little
SETTLED = 0.7  # share of the time after which they stay
PLAIN = 0.25  # share of the batches of `--whole` that round nothing, so that the weights in fp32 are a model too
FIRST_PIECE = 4  # the ones before are <s>, <pad>, </s> and <unk>


@dataclass(eq=False)
class Text:
    """A document: its pieces, their tags [pieces, heads], which of them continue a word, how good a place to cut is before each
    (windows.py) and where none is, which of them begin a medication of several words; what a teacher says of them (teacher.py) in
    the windows that it has been asked of, unless they are `known` for certain."""

    ids: torch.Tensor
    tags: torch.Tensor
    glued: torch.Tensor
    ranks: list
    inner: set
    several: set
    known: bool = False
    taught: torch.Tensor = None
    unasked: list = None

    def windows(self):
        """Its windows as they are cut this time: half of them as long as may be, others of any length down to a third of that."""
        return [Window(self, start, end) for start, end in windows.cut(self.ranks, self.inner, some_length) if start < end]


@dataclass(eq=False)
class Window:
    """Pieces `start` to `end` of a text."""

    text: Text
    start: int
    end: int

    def __len__(self):
        return self.end - self.start

    def of(self, name):
        return getattr(self.text, name)[self.start : self.end]

    def long(self):
        return any(i in self.text.several for i in range(self.start, self.end))


def some_length():
    return windows.WINDOW if random.random() < 0.5 else random.randint(windows.WINDOW // 3, windows.WINDOW)


def texts(tokenizer, documents, known=False):
    """The documents as pieces."""
    made = []
    read = [capitals.lower(document.text) for document in documents]
    encodings = tokenizer.encode_batch(read, add_special_tokens=False)
    for document, encoding in zip(documents, encodings):
        spans = windows.piece_spans(document.text, encoding.offsets)
        empty = torch.tensor([start == end for start, end in spans], dtype=torch.bool)
        tags = torch.full((len(spans), len(corpus.HEADS)), windows.IGNORED)
        inner = set()
        for head, name in enumerate(corpus.HEADS):
            if name in document.types:
                wanted = [(start, end) for start, end, label in document.entities if label == name]
                column, cuts = windows.tag(spans, wanted)
                tags[:, head] = torch.tensor(column)
                inner |= cuts
        tags[empty] = windows.IGNORED
        glued = torch.tensor(decode.continues_word(document.text, spans), dtype=torch.bool)
        begun = {s for s, e, label in document.entities if label == "MEDICATION" and " " in document.text[s:e]}
        several = {i for i, (start, _) in enumerate(spans) if start in begun}
        ranks = windows.boundary_ranks(document.text, spans)
        made.append(Text(torch.tensor(encoding.ids), tags, glued, ranks, inner, several, known))
    return made


def respelled(documents):
    """Every fourth document in another spelling, each spelling in turn."""
    variants = noise.VARIANTS
    return [
        corpus.Document(d.case, noise.respell(d.text, variants[i % len(variants)]), d.entities, d.types)
        for i, d in enumerate(documents[::4])
    ]


def replaced(documents):
    """Every document with other mentions in the place of some."""
    lists = replace.mentions(documents)
    return [replace.replaced(document, lists, random) for document in documents]


class Pool:
    """Windows of texts, cut anew and in a new random order each time round; `make` gives the texts of a round."""

    def __init__(self, make, wanted=lambda window: True):
        self.make, self.wanted = make, wanted
        self.seen = 0
        self.renew()
        self.pieces = sum(map(len, self.windows))

    def renew(self):
        self.windows = [window for text in self.make() for window in text.windows() if self.wanted(window)]
        random.shuffle(self.windows)

    def draw(self):
        if not self.windows:
            self.renew()
        window = self.windows.pop()
        self.seen += len(window)
        return window


def batches(pools, pieces, teach=None):
    """Endless batches of about `pieces` pieces, of similar lengths, in the mix of pools; `teach` sees them first, many at once."""
    while True:
        drawn, size = [], 0
        while size < BATCHES_SORTED * pieces:
            name = min(MIX, key=lambda pool: pools[pool].seen / MIX[pool])
            drawn.append(pools[name].draw())
            size += len(drawn[-1])
        if teach:
            teach(drawn)
        drawn.sort(key=lambda item: len(item) + random.random() * 4)
        made, current = [], []
        for item in drawn:
            if current and (len(current) + 1) * (len(item) + 2) > pieces:
                made.append(current)
                current = []
            current.append(item)
        made.append(current)
        random.shuffle(made)
        yield from made


def collate(batch, hide):
    """Padded ids (some hidden behind the piece `hide`), mask, tags and what continues a word of a batch."""
    ids, mask = map(torch.from_numpy, pad([item.of("ids") for item in batch], multiple=8))
    tags = torch.full((*ids.shape, len(corpus.HEADS)), windows.IGNORED)
    glued = torch.zeros_like(mask, dtype=torch.bool)
    for row, item in enumerate(batch):
        tags[row, 1 : len(item) + 1] = item.of("tags")
        glued[row, 2 : len(item) + 1] = item.of("glued")[1:]
    hidden = (torch.rand(ids.shape) < HIDDEN_PIECES) & (ids >= FIRST_PIECE)
    return ids.masked_fill(hidden, hide), mask, tags, glued


def far(batch, mask, tags, glued, hidden, logits, likeness):
    """The loss of a batch: of its sequences of tags, and of what a teacher said of its pieces, if it spoke of any."""
    logits = logits.unflatten(-1, (-1, 3))
    inside = torch.zeros_like(mask, dtype=torch.bool)
    inside[:, 1:-1] = mask[:, 2:]  # what has a neighbour on either side
    spoken = torch.tensor([item.text.taught is not None for item in batch])
    if not spoken.any():
        return chain.loss(logits, inside, glued, tags)
    known = inside & spoken[:, None]
    said = torch.cat([item.of("taught") for item in batch if item.text.taught is not None]).float()
    theirs = torch.zeros(logits.shape)
    theirs[known] = said[:, -len(LABELS) :].unflatten(-1, (-1, 3))
    sequences = chain.loss(logits, inside, glued, tags, theirs, spoken)
    return sequences + teacher.loss(hidden[known], logits[known], said, likeness)


def rate(elapsed):
    """Share of the highest learning rate after this share of the time."""
    return max(min(elapsed / WARM_UP, (1 - elapsed) / (1 - WARM_UP)), 0.02)


def dev_score(model, tokenizer, dev):
    """Mean over languages of micro F1 on the dev documents, and all figures."""

    @torch.no_grad()
    def run(ids, mask):
        return model(torch.from_numpy(ids), torch.from_numpy(mask)).cpu().numpy()

    figures = {}
    for language, documents in dev.items():
        predicted = predict(run, tokenizer, [document.text for document in documents])
        figures[language] = {name: value["f1"] for name, value in score(documents, predicted).items()}
    return sum(value["all"] for value in figures.values()) / len(figures), figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True, help="folder of the checkpoint to start from")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--corpora", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--until", required=True, help="time of day at which the training ends, HH:MM in UTC")
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
    args = parser.parse_args()
    random.seed(args.seed)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    tokenizer = Tokenizer.from_file(args.tokenizer)
    hide = tokenizer.token_to_id("<mask>")
    documents = corpus.training_pools(args.corpora)
    pools = {}
    for name, chosen in documents.items():
        read = texts(tokenizer, chosen)
        pools[name] = Pool(lambda read=read: read)
        if name in corpus.LANGUAGES:
            pools[f"{name}-long"] = Pool(lambda read=read: read, Window.long)
            spelt = texts(tokenizer, respelled(chosen))
            pools[f"{name}-respelled"] = Pool(lambda spelt=spelt: spelt)
            pools[f"{name}-replaced"] = Pool(lambda chosen=chosen: texts(tokenizer, replaced(chosen)))
            short = texts(tokenizer, sentences.sentences(name, chosen, random), known=True)
            pools[f"{name}-sentences"] = Pool(lambda short=short: short)
    for name, pool in pools.items():
        print(name, len(pool.windows), "windows", pool.pieces, "pieces", flush=True)
    model = Encoder(args.base, torch.bfloat16 if args.bf16 else torch.float32, args.device)
    model.config |= {**CONFIG, "hidden_act": args.activation}
    if args.whole:
        drawn = batches(pools, args.pieces)
        model.calibrate(collate(next(drawn), hide)[:2] for _ in range(CALIBRATION))
    model.dropout = DROPOUT
    average = {name: tensor.clone() for name, tensor in model.master.items()}
    words = model.master["word"]
    dense = {name: tensor for name, tensor in model.master.items() if name != "word"}
    matrices = [t for n, t in dense.items() if t.dim() > 1 and not n.startswith("classifier")]
    vectors = [t for n, t in dense.items() if t.dim() == 1 and not n.startswith("classifier")]
    heads = [t for n, t in dense.items() if n.startswith("classifier")]
    groups = [
        {"params": matrices, "lr": args.rate, "weight_decay": 0.01},
        {"params": vectors, "lr": args.rate, "weight_decay": 0.0},
        {"params": heads, "lr": args.head_rate, "weight_decay": 0.0},
    ]
    optimizers = [
        torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True),
        torch.optim.SparseAdam([words], lr=args.rate, betas=(0.9, 0.98)),
    ]
    rates = [(group, group["lr"]) for optimizer in optimizers for group in optimizer.param_groups]
    begun = datetime.datetime.now(datetime.timezone.utc)
    hour, minute = map(int, args.until.split(":"))
    # the next time that the clock shows it, which may be tomorrow
    seconds = (begun.replace(hour=hour, minute=minute, second=0, microsecond=0) - begun).total_seconds() % 86400
    start = saved = time.time()
    loss_mean, steps, pieces = None, 0, 0
    teach = teacher.Teacher(args.teacher, args.threads, args.likeness).teach if args.teacher else None
    for batch in batches(pools, args.pieces, teach):
        elapsed = (time.time() - start) / seconds
        if elapsed >= 1:
            break
        for group, most in rates:
            group["lr"] = most * rate(elapsed)
        ids, mask, tags, glued = collate(batch, hide)
        following = args.whole and steps % FOLLOWED == 0 and elapsed < SETTLED
        plain = not following and random.random() < PLAIN
        if following:
            model.observed = {}
        ranges = model.ranges
        if plain:
            model.ranges = None
        hidden = model.encode(ids, mask)
        model.ranges = ranges
        logits = model.classify(hidden)
        if following:
            model.follow(0.1)
        # sums over sequences are small, and quicker on a processor
        loss = far(batch, mask, tags, glued, hidden.cpu(), logits.cpu(), args.likeness)
        loss.backward()
        model.take_gradients()
        torch.nn.utils.clip_grad_norm_(dense.values(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        model.use(model.master)
        decay = min(AVERAGING, steps / (steps + 10))
        torch._foreach_lerp_(list(average.values()), list(model.master.values()), 1 - decay)
        steps += 1
        pieces += int(mask.sum())
        loss_mean = loss.item() if loss_mean is None else 0.98 * loss_mean + 0.02 * loss.item()
        if steps % 20 == 0:
            epochs = {name: round(pool.seen / pool.pieces, 2) for name, pool in pools.items()}
            spent = time.time() - start
            now = rates[0][0]["lr"]
            print(f"{spent:.0f} s, step {steps}, loss {loss_mean:.4f}, rate {now:.1e}, "
                  f"{pieces / spent:.0f} pieces/s, epochs {epochs}", flush=True)  # fmt: skip
        if time.time() - saved > 60 * args.save_minutes:
            model.save(args.out / "raw", model.master)
            model.save(args.out / "average", average)
            saved = time.time()
    model.save(args.out / "raw", model.master)
    model.save(args.out / "average", average)
    epochs = {name: pool.seen / pool.pieces for name, pool in pools.items()}
    run = {"steps": steps, "pieces": pieces, "seconds": time.time() - start, "epochs": epochs, "rate": args.rate}
    (args.out / "run.json").write_text(json.dumps(run, indent=1) + "\n")
    dev = corpus.dev_set(args.corpora)
    model.dropout = 0.0
    for name, tensors in (("raw", model.master), ("average", average)):
        model.use(tensors)
        print("dev", name, *dev_score(model, tokenizer, dev), flush=True)


if __name__ == "__main__":
    main()
