"""What a training reads: pools of windows, one for each kind of text, and the mix in which batches draw from them."""

import random
from dataclasses import dataclass

import capitals
import corpus
import decode
import noise
import replace
import sentences
import soft_labels
import telegraphic
import torch
import windows
from predict import pad

# Shares of the pools in the stream of tokens. Spanish has the most, because every type is gold there. Windows with a
# medication of several words come more often: earlier weights cut "insulin glargine" short.
MIX = {
    "es": 0.6,
    "it": 0.35,
    "en": 0.4,
    "en-gold": 0.35,
    "es-long": 0.08,
    "it-long": 0.05,
    "en-long": 0.08,
    "en-maccrobat": 0.03,
    "en-ncbi": 0.02,
    "en-bc5cdr": 0.04,
    "es-replaced": 0.4,
    "it-replaced": 0.1,
    "en-replaced": 0.25,
    "en-gold-replaced": 0.2,
    "es-respelled": 0.06,
    "it-respelled": 0.04,
    "en-respelled": 0.04,
    "es-sentences": 0.07,
    "it-sentences": 0.05,
    "en-sentences": 0.05,
    "es-telegraphic": 0.2,
    "it-telegraphic": 0.15,
    "en-telegraphic": 0.15,
    "es-notes": 0.08,
    "it-notes": 0.08,
    "en-notes": 0.08,
    "es-notes-replaced": 0.15,
    "it-notes-replaced": 0.15,
    "en-notes-replaced": 0.15,
    "es-unlabelled": 0.4,
    "it-unlabelled": 0.12,
    "en-unlabelled": 0.08,
}
# Soft labels count for these types. In English the models that made them had learnt the others from silver alone.
SOFT_TYPES = {"es": corpus.HEADS, "it": corpus.HEADS, "en": ["MEDICATION"]}
HIDDEN_PIECES = 0.1  # share of pieces replaced by <mask>: a cheap regulariser
BATCHES_SORTED = 32  # windows for this many batches are sorted by length together
READ_AT_ONCE = 24  # documents of a pool
FIRST_PIECE = 4  # the ones before are <s>, <pad>, </s> and <unk>


@dataclass(eq=False)
class Text:
    """A document as pieces.

    `tags` [pieces, heads]; `glued`: which pieces continue a word; `ranks`: how good a place to cut is before each
    (windows.py), and `inner` where none is; `several`: which begin a medication of several words. `soft` are labels of
    soft_labels.py. `taught` is what a teacher says (teacher.py) in the windows it was asked of, unless the text is
    `known` for certain.
    """

    ids: torch.Tensor
    tags: torch.Tensor
    glued: torch.Tensor
    ranks: list
    inner: set
    several: set
    known: bool = False
    soft: torch.Tensor = None
    taught: torch.Tensor = None
    unasked: list = None

    def windows(self):
        """Its windows, cut anew: half of them as long as possible, others of any length down to a third of that."""
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


def texts(tokenizer, documents, known=False, labels=None, soft_types=corpus.HEADS):
    """The documents as pieces, with the soft labels that `labels` has of their texts, for `soft_types`."""
    made = []
    read = [capitals.lower(document.text) for document in documents]
    encodings = tokenizer.encode_batch(read, add_special_tokens=False)
    unused = [i for i, head in enumerate(corpus.HEADS) if head not in soft_types]
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
        soft = (labels or {}).get(soft_labels.digest(document.text))
        if soft is not None:
            assert len(soft) == len(spans), f"soft labels of {document.case} are of another tokenizer"
            soft = torch.from_numpy(soft.copy())
            soft[:, unused] = soft_labels.UNKNOWN
        made.append(Text(torch.tensor(encoding.ids), tags, glued, ranks, inner, several, known, soft))
    return made


def respelled(documents):
    """Every fourth document in another spelling, each spelling in turn."""
    variants = noise.VARIANTS
    return [
        corpus.Document(d.case, noise.respell(d.text, variants[i % len(variants)]), d.entities, d.types)
        for i, d in enumerate(documents[::4])
    ]


def replacing(tokenizer, lists):
    """Reads documents with other mentions, of `lists`, in the place of some."""
    return lambda documents: texts(tokenizer, [replace.replaced(document, lists, random) for document in documents])


def joined(some, others):
    """Two lists of mentions of each type as one; where the second is longer, the first is repeated up to its length."""
    return {label: some[label] * max(1, len(others[label]) // max(1, len(some[label]))) + others[label] for label in some}


class Pool:
    """Windows of texts, cut anew and in a new random order each round.

    `documents` gives the documents of a round. Only a few are read at once, so that a training begins at once.
    """

    def __init__(self, documents, read, wanted=lambda window: True):
        self.documents, self.read, self.wanted = documents, read, wanted
        self.waiting, self.windows = [], []
        self.seen, self.rounds, self.size = 0, 0, 1

    def draw(self):
        while not self.windows:
            if not self.waiting:
                documents = self.documents()
                self.waiting, self.size = random.sample(documents, len(documents)), len(documents)
                self.rounds += 1
            some, self.waiting = self.waiting[:READ_AT_ONCE], self.waiting[READ_AT_ONCE:]
            self.windows = [window for text in self.read(some) for window in text.windows() if self.wanted(window)]
            random.shuffle(self.windows)
        window = self.windows.pop()
        self.seen += len(window)
        return window

    @property
    def epochs(self):
        return max(self.rounds - len(self.waiting) / self.size, 0)


class Reader:
    """Reads documents as texts, each one once."""

    def __init__(self, tokenizer, **options):
        self.tokenizer, self.options, self.known = tokenizer, options, {}

    def __call__(self, documents):
        new = [document for document in documents if id(document) not in self.known]
        self.known |= {id(document): text for document, text in zip(new, texts(self.tokenizer, new, **self.options))}
        return [self.known[id(document)] for document in documents]


def pools(tokenizer, annotated, unlabelled, labels):
    """Every pool by name, of annotated documents by pool and of unlabelled ones by language.

    `labels` are soft labels by digest; unlabelled texts without any are left out.
    """
    made = {}

    def add(name, documents, read, wanted=lambda window: True):
        made[name] = Pool(lambda: documents, read, wanted)

    for name, chosen in annotated.items():
        language, _, kind = name.partition("-")
        read = Reader(tokenizer, labels=labels, soft_types=SOFT_TYPES[language])
        add(name, chosen, read)
        if kind in ("", "gold"):
            lists = replace.mentions(chosen)
            add(f"{name}-replaced", chosen, replacing(tokenizer, lists))
        if not kind:
            add(f"{name}-long", chosen, read, Window.long)
            add(f"{name}-respelled", respelled(chosen), Reader(tokenizer))
            add(f"{name}-sentences", sentences.sentences(name, chosen, random), Reader(tokenizer, known=True))
            write = telegraphic.Writer(name, chosen, random).notes
            made[f"{name}-telegraphic"] = Pool(write, lambda documents: texts(tokenizer, documents, known=True))
    for language, documents in corpus.notes().items():
        add(f"{language}-notes", documents, Reader(tokenizer, known=True))
        lists = joined(replace.mentions(documents), sentences.mentions(annotated[language]))
        add(f"{language}-notes-replaced", documents, replacing(tokenizer, lists))
    for language, documents in unlabelled.items():
        chosen = [document for document in documents if soft_labels.digest(document.text) in labels]
        if chosen:
            add(f"{language}-unlabelled", chosen, Reader(tokenizer, labels=labels, soft_types=SOFT_TYPES[language]))
    return made


def batches(pools, pieces, teach=None, mix=MIX):
    """Endless batches of about `pieces` pieces, of similar lengths, in the mix of pools; `teach` sees them first, many at once."""
    mix = {name: share for name, share in mix.items() if name in pools}
    while True:
        drawn, size = [], 0
        while size < BATCHES_SORTED * pieces:
            name = min(mix, key=lambda pool: pools[pool].seen / mix[pool])
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


@dataclass(eq=False)
class Batch:
    """Padded windows: `ids` (some hidden), `mask` and `glued` [windows, pieces], `tags` [windows, pieces, heads].

    `said` [windows, pieces, heads, 3] are the probabilities of soft labels, which count where `counted` [windows, pieces,
    heads] is true. `taught` [pieces, hidden + labels] is what a teacher says of the windows in `spoken` [windows].
    """

    ids: torch.Tensor
    mask: torch.Tensor
    tags: torch.Tensor
    glued: torch.Tensor
    said: torch.Tensor
    counted: torch.Tensor
    spoken: torch.Tensor
    taught: torch.Tensor | None


def collate(items, hide):
    """The batch of these windows, in which some pieces are replaced by `hide`."""
    ids, mask = map(torch.from_numpy, pad([item.of("ids") for item in items], multiple=8))
    shape = (*ids.shape, len(corpus.HEADS))
    tags = torch.full(shape, windows.IGNORED)
    glued = torch.zeros_like(mask, dtype=torch.bool)
    said, counted = torch.zeros(*shape, 3), torch.zeros(shape, dtype=torch.bool)
    for row, item in enumerate(items):
        inside = slice(1, len(item) + 1)
        tags[row, inside] = item.of("tags")
        glued[row, 2 : len(item) + 1] = item.of("glued")[1:]
        if item.text.soft is not None:
            said[row, inside], counted[row, inside] = soft_labels.read(item.of("soft"))
    hidden = (torch.rand(ids.shape) < HIDDEN_PIECES) & (ids >= FIRST_PIECE)
    spoken = torch.tensor([item.text.taught is not None for item in items])
    taught = [item.of("taught") for item in items if item.text.taught is not None]
    taught = torch.cat(taught).float() if taught else None
    return Batch(ids.masked_fill(hidden, hide), mask, tags, glued, said, counted, spoken, taught)
