"""scispaCy's way of finding the concept of a mention, for linking.py.

    python benches/linking_peers.py SYSTEM TERMS.jsonl MENTIONS.jsonl [--threads N] [--construction N --links N]

Prints a line of JSON: how many of the mentions have their code first and among the first five, the seconds of one pass on one
thread, those of building, and the peak memory of the process. A short pass before is left out. CPU seconds are there too, because
they tell more than seconds on a machine that is not idle.

scispaCy itself loads models of spaCy and vocabularies from the network. Here are the parts that link, with the parameters of
its `candidate_generation.py`: scikit-learn's TfidfVectorizer over character 3-grams and nmslib's HNSW index (M 100,
efConstruction 2000, efSearch 200, 30 neighbours). nmslib has no wheel for Python 3.11; nmslib-metabrainz is its fork that has.
scispaCy's `EntityLinker` sorts codes by their best neighbour, and so does this; of equals the more frequent in TERMS comes
first.

* `scispacy`: as above. `--links` and `--construction` make a coarser index, for vocabularies where the full one takes days;
* `exact`: the same vectors, each mention compared with all terms by a sparse product. No index can be more right.
"""

import argparse
import importlib.metadata
import json
import resource
import time
from collections import Counter, defaultdict
from pathlib import Path

import nmslib
import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

NEIGHBOURS, SEARCH = 30, 200
#: mentions that are compared with all terms at once
ROWS = 64

Neighbours = list[tuple[np.ndarray, np.ndarray]]


class Linker:
    """The vectors of all terms and what finds the nearest of them."""

    def __init__(self, system: str, terms: list[dict], threads: int, links: int, construction: int):
        self.codes = defaultdict(list)
        for (term, code), _ in Counter((term["term"], term["code"]) for term in terms).most_common():
            self.codes[term].append(code)
        self.terms = list(self.codes)
        self.vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), min_df=10, dtype=np.float32)
        vectors = self.vectorizer.fit_transform(self.terms)
        filled = np.flatnonzero(np.diff(vectors.indptr))
        self.terms, vectors = [self.terms[at] for at in filled], vectors[filled]
        self.vectors = vectors.T.tocsr() if system == "exact" else None
        if system == "scispacy":
            self.index = nmslib.init("cosinesimil_sparse", method="hnsw", data_type=nmslib.DataType.SPARSE_VECTOR)
            self.index.addDataPointBatch(vectors)
            self.index.createIndex({"M": links, "indexThreadQty": threads, "efConstruction": construction, "post": 0})
            self.index.setQueryTimeParams({"efSearch": SEARCH})

    def nearest(self, vectors: sparse.csr_matrix) -> Neighbours:
        """Terms and similarities of each row, best first."""
        if self.vectors is None:
            found = self.index.knnQueryBatch(vectors, k=NEIGHBOURS, num_threads=1)
            return [(terms, 1 - distances) for terms, distances in found]
        found = []
        for start in range(0, vectors.shape[0], ROWS):
            for row in vectors[start : start + ROWS] @ self.vectors:
                best = np.argsort(-row.data, kind="stable")[:NEIGHBOURS]
                found.append((row.indices[best], row.data[best]))
        return found

    def link(self, mentions: list[str]) -> list[list[str]]:
        """The codes of each mention, best first."""
        vectors = self.vectorizer.transform(mentions)
        filled = np.flatnonzero(np.diff(vectors.indptr))  # nmslib ends the process at an empty one
        linked: list[list[str]] = [[] for _ in mentions]
        for mention, (terms, similarities) in zip(filled, self.nearest(vectors[filled])):
            scores: dict[str, float] = {}
            for term, similarity in sorted(
                zip(terms, similarities), key=lambda pair: (-round(float(pair[1]), 6), pair[0])
            ):
                for code in self.codes[self.terms[term]]:
                    scores.setdefault(code, float(similarity))
            linked[mention] = list(scores)
        return linked


def read(path: Path) -> list[dict]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("system", choices=["scispacy", "exact"])
    parser.add_argument("terms", type=Path)
    parser.add_argument("mentions", type=Path)
    parser.add_argument("--threads", type=int, default=1, help="for building the index alone")
    parser.add_argument("--links", type=int, default=100)
    parser.add_argument("--construction", type=int, default=2000)
    parser.add_argument("--limit", type=int, help="take the first mentions alone")
    args = parser.parse_args()
    terms, mentions = read(args.terms), read(args.mentions)[: args.limit]
    started, started_cpu = time.perf_counter(), time.process_time()
    linker = Linker(args.system, terms, args.threads, args.links, args.construction)
    built, built_cpu = time.perf_counter() - started, time.process_time() - started_cpu
    distinct = list(dict.fromkeys(mention["mention"] for mention in mentions))
    linker.link(distinct[:100])
    started, started_cpu = time.perf_counter(), time.process_time()
    linked = dict(zip(distinct, linker.link(distinct)))
    seconds, cpu = time.perf_counter() - started, time.process_time() - started_cpu
    counts = Counter()
    for mention in mentions:
        codes, kind = linked[mention["mention"]], mention.get("kind", "gold")
        at = codes.index(mention["code"]) if mention["code"] in codes else len(codes) + 5
        counts.update({(kind, "mentions"): 1, (kind, "first"): at == 0, (kind, "five"): at < 5})
    kinds = dict.fromkeys(kind for kind, _ in counts)
    print(
        json.dumps(
            {
                "system": args.system,
                "versions": {name: importlib.metadata.version(name) for name in ("nmslib-metabrainz", "scikit-learn")},
                "links": args.links,
                "construction": args.construction,
                "terms": len(terms),
                "distinct_mentions": len(distinct),
                "seconds": seconds,
                "cpu_seconds": cpu,
                "build_seconds": built,
                "build_cpu_seconds": built_cpu,
                "build_threads": args.threads,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "counts": {kind: {key: counts[kind, key] for key in ("mentions", "first", "five")} for kind in kinds},
            }
        )
    )


if __name__ == "__main__":
    main()
