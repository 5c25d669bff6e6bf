"""Make data/reference/seqeval.json.gz: how seqeval reads entities off generated tag sequences.

`lenient` holds [tags, entities] by `seqeval.metrics.sequence_labeling.get_entities`, `strict` the same by scheme with
`seqeval.scheme.Entities`; an entity is [type, begin, end), in indices of tags. Half of the sequences are random, half are
well formed with a few tags changed. Strict sequences hold only tags whose prefix the scheme allows: seqeval raises an error
for others.

    pip install -r data/recipe/requirements.txt
    python data/recipe/seqeval_reference.py --out data/reference/seqeval.json.gz
"""

import argparse
import gzip
import json
import random
from importlib.metadata import version
from pathlib import Path

from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES, IOE1, IOE2, Entities

SEED = 20240229
TYPES = ["A", "B", "DRUG-NAME"]
LONGEST = 12
LENIENT_SEQUENCES = 600  # a set of prefixes
STRICT_SEQUENCES = 1800  # a scheme
LENIENT_PREFIXES = ["BI", "I", "BIES", "IE", "BE", "BIS", "ES"]
SCHEMES = {"IOB1": (IOB1, "BI"), "IOB2": (IOB2, "BI"), "IOE1": (IOE1, "IE"), "IOE2": (IOE2, "IE"), "IOBES": (IOBES, "BIES"), "BILOU": (BILOU, "BILU")}


def random_tag(rng, prefixes, types):
    return "O" if rng.random() < 0.25 else f"{rng.choice(prefixes)}-{rng.choice(types)}"


def entity_tags(length, kind, prefixes):
    """An entity of this length with the first, inner, last and single prefix that there are."""
    single = next((p for p in "SU" if p in prefixes), None)
    begin = "B" if "B" in prefixes else "I"
    end = next((p for p in "EL" if p in prefixes), "I" if "I" in prefixes else "B")
    inner = "I" if "I" in prefixes else begin
    if length == 1:
        used = [single or (begin if "B" in prefixes else end)]
    else:
        used = [begin, *[inner] * (length - 2), end]
    return [f"{prefix if prefix in prefixes else prefixes[0]}-{kind}" for prefix in used]


def sequence(rng, prefixes):
    """A random sequence, or a well-formed one with some tags changed."""
    types = rng.sample(TYPES, rng.randint(1, len(TYPES)))
    length = rng.randint(0, LONGEST)
    if rng.random() < 0.5:
        return [random_tag(rng, prefixes, types) for _ in range(length)]
    tags = []
    while len(tags) < length:
        tags += ["O"] * rng.randint(0, 2) + entity_tags(rng.randint(1, 4), rng.choice(types), prefixes)
    tags = tags[:length]
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
        if tags:
            tags[rng.randrange(len(tags))] = random_tag(rng, prefixes, types)
    return tags


def sequences(rng, prefixes, count):
    """Different sequences, the empty one first."""
    found = {(): None}
    while len(found) < count:
        found[tuple(sequence(rng, prefixes))] = None
    return [list(tags) for tags in found]


def strict(tags, scheme):
    return [[e.tag, e.start, e.end] for e in Entities([tags], scheme).entities[0]]


def lenient(tags):
    return [[kind, begin, last + 1] for kind, begin, last in get_entities(tags)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("data/reference/seqeval.json.gz"))
    args = parser.parse_args()

    rng = random.Random(SEED)
    loose = [tags for prefixes in LENIENT_PREFIXES for tags in sequences(rng, prefixes, LENIENT_SEQUENCES)]
    content = {
        "seqeval": version("seqeval"),
        "lenient": [[" ".join(tags), lenient(tags)] for tags in loose],
        "strict": {
            name: [[" ".join(tags), strict(tags, scheme)] for tags in sequences(rng, prefixes, STRICT_SEQUENCES)]
            for name, (scheme, prefixes) in SCHEMES.items()
        },
    }
    plain = json.dumps(content, separators=(",", ":")) + "\n"
    args.out.write_bytes(gzip.compress(plain.encode(), 9, mtime=0))
    print(len(content["lenient"]), {name: len(rows) for name, rows in content["strict"].items()}, args.out.stat().st_size)


if __name__ == "__main__":
    main()
