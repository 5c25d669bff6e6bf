"""A vocabulary of any size from real words, and mentions that are not in it, for linking.py.

    python benches/linking_terms.py CORPORA FOLDER [--terms 1000000] [--mentions 50000]

Writes `terms.jsonl` (`term`, `code`; each term has its own code) and `mentions.jsonl` (`mention`, `code`, `kind`) into FOLDER.
The same corpora give the same files.

Terms are walks of a Markov chain over the words of all mentions that people annotated in CORPORA, in three languages. One
word in eight is replaced by any word of the texts, so that rare words are as frequent as in a large terminology. Mentions
are terms with a fault:

* `misspelt`: one edit in terms below 12 letters, else two: a letter left out, doubled, replaced, or two letters swapped;
* `reordered`: the words in another order;
* `extended`: one or two frequent words before or behind.

No mention equals a term in lower case, nor does it have the same words as two terms.
"""

import argparse
import gzip
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

SEED = 11
#: words of a term, at most; as in mentions
LONGEST = 9
REPLACED = 1 / 8
#: words that may extend a mention
FREQUENT = 500
WORD = re.compile(r"[^\W_][\w'’./+-]*[^\W_]|[^\W_]")


class Words:
    """The words of the corpora: the steps of the chain, all words of the texts, and the frequent ones."""

    def __init__(self, corpora: Path):
        steps, seen = defaultdict(Counter), Counter()
        for document in documents(corpora):
            seen.update(WORD.findall(document["text"]))
            for entity in document.get("entities", ()):
                words = WORD.findall(document["text"][entity["start"] : entity["end"]])
                for word, following in zip(["", *words], [*words, ""]):
                    steps[word][following] += 1
        assert seen, f"{corpora} has no .jsonl.gz file with texts"
        # a chain follows the square roots of the counts, or the most frequent mentions would come again and again
        self.steps = {
            word: (list(following), list(accumulate(count**0.5 for count in following.values())))
            for word, following in steps.items()
        }
        self.all = sorted(word for word in seen if len(word) > 3)
        self.frequent = [word for word, _ in seen.most_common() if len(word) > 3][:FREQUENT]

    def term(self, rng: random.Random) -> str:
        """One walk, at most `LONGEST` words long."""
        words, word = [], ""
        while len(words) < LONGEST:
            following, cumulated = self.steps[word]
            word = rng.choices(following, cum_weights=cumulated)[0]
            if not word:
                break
            words.append(rng.choice(self.all) if rng.random() < REPLACED else word)
        return " ".join(words)


def documents(corpora: Path) -> Iterator[dict]:
    for path in sorted(corpora.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from map(json.loads, file)


def misspelt(term: str, rng: random.Random) -> str:
    letters = list(term)
    for _ in range(1 if len(term) < 12 else 2):
        at = rng.randrange(len(letters) - 1)
        kind = rng.randrange(4)
        if kind == 0:
            del letters[at]
        elif kind == 1:
            letters.insert(at, letters[at])
        elif kind == 2:
            letters[at] = rng.choice("aeionrtsldcm")
        else:
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


def reordered(term: str, rng: random.Random) -> str:
    words = term.split()
    rng.shuffle(words)
    return " ".join(words)


def extended(term: str, rng: random.Random, frequent: list[str]) -> str:
    words = term.split()
    for _ in range(rng.randint(1, 2)):
        words.insert(rng.choice((0, len(words))), rng.choice(frequent))
    return " ".join(words)


def same_words(text: str) -> str:
    return " ".join(sorted(text.lower().split()))


def make(corpora: Path, folder: Path, terms: int, mentions: int) -> None:
    """Writes both files."""
    rng, words = random.Random(SEED), Words(corpora)
    kept, codes = [], {}  # terms, and the code of each in lower case
    with (folder / "terms.jsonl").open("w", encoding="utf-8") as file:
        while len(codes) < terms:
            term = words.term(rng)
            if len(term) > 3 and term.lower() not in codes:
                kept.append(term)
                code = codes[term.lower()] = f"T{len(codes):08}"
                file.write(json.dumps({"term": term, "code": code}, ensure_ascii=False) + "\n")
    bags = Counter(map(same_words, codes))
    made = set()
    faults = {
        "misspelt": misspelt,
        "reordered": reordered,
        "extended": lambda term, rng: extended(term, rng, words.frequent),
    }
    with (folder / "mentions.jsonl").open("w", encoding="utf-8") as file:
        while len(made) < mentions:
            term, kind = rng.choice(kept), list(faults)[len(made) % len(faults)]
            mention = faults[kind](term, rng)
            expected = 1 if kind == "reordered" else 0
            if mention.lower() in codes or mention in made or bags[same_words(mention)] != expected:
                continue
            made.add(mention)
            line = {"mention": mention, "code": codes[term.lower()], "kind": kind}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--terms", type=int, default=1_000_000)
    parser.add_argument("--mentions", type=int, default=50_000)
    args = parser.parse_args()
    make(args.corpora, args.folder, args.terms, args.mentions)
