"""How well, how fast and in how much memory are mentions linked to codes, beside scispaCy's method?

    python benches/linking.py CORPORA [--terms 1000000] [--mentions 50000] [--peer-terms 100000] [--only codes ...]

Four questions, a line of JSON for each system:

* `codes`: the dictionary is every mention of cantemist-codes.es.train with its code, the mentions are those of dev;
* `small`: `--peer-terms` synthetic terms, for which scispaCy's index can be built with all its parameters;
* `large`: `--terms` synthetic terms, beside the same vectors compared exactly, on fewer mentions: no approximate index is
  more right, and an index of scispaCy's parameters would take a day;
* `build`: time and memory of building and opening `--build-terms` terms.

linking_terms.py makes the synthetic terms of the words of CORPORA; they are kept in target/bench-linking. Every system links
the distinct mentions on one thread. spanframe is linking.rs; the others are linking_peers.py in an environment of their own.
"""

import argparse
import gzip
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import child
import linking_terms

ROOT = Path(__file__).parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROGRAM = TARGET / "release" / "spanframe"
PEERS = ROOT / "target" / "bench-linking" / "bin" / "python"
QUESTIONS = ("codes", "small", "large", "build")
#: mentions that are compared with all terms one by one
COMPARED = 3_000


def write(path: Path, rows: Iterator[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def mentions(path: Path) -> Iterator[tuple[str, str]]:
    """Every annotated mention of a corpus and its code."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for document in map(json.loads, file):
            for entity in document["entities"]:
                yield document["text"][entity["start"] : entity["end"]], entity["code"]


def codes(corpora: Path, folder: Path) -> Path:
    write(
        folder / "terms.jsonl",
        ({"term": term, "code": code} for term, code in mentions(corpora / "cantemist-codes.es.train.jsonl.gz")),
    )
    write(
        folder / "mentions.jsonl",
        ({"mention": text, "code": code} for text, code in mentions(corpora / "cantemist-codes.es.dev.jsonl.gz")),
    )
    return folder


def synthetic(corpora: Path, folder: Path, terms: int, mentions: int) -> Path:
    folder = folder / f"{terms}-{mentions}"
    if not (folder / "mentions.jsonl").exists():
        folder.mkdir(parents=True, exist_ok=True)
        linking_terms.make(corpora, folder, terms, mentions)
    return folder


def build(folder: Path) -> tuple[Path, dict]:
    """The vocabulary of a folder, and what building it took."""
    vocabulary = folder / "terms.vocabulary"
    command = [PROGRAM, "vocabulary", "build", folder / "terms.jsonl", "-o", vocabulary, "--overwrite", "--quiet"]
    usage = child.measure(command)
    return vocabulary, {
        "build_seconds": usage.seconds,
        "build_cpu_seconds": usage.cpu_seconds,
        "build_peak_mb": round(usage.peak_mb),
        "file_mb": vocabulary.stat().st_size >> 20,
    }


def lines(command: list) -> dict:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return json.loads(child.output(command, cwd=ROOT, env=environment))


def ours(folder: Path, *least: float) -> dict:
    vocabulary, built = build(folder)
    command = [
        "cargo",
        "bench",
        "--quiet",
        "--locked",
        "--bench",
        "linking",
        "--",
        vocabulary,
        folder / "mentions.jsonl",
    ]
    return lines([*command, *least]) | built


def peer(system: str, folder: Path, *options: object) -> dict:
    command = [PEERS, ROOT / "benches" / "linking_peers.py", system, folder / "terms.jsonl"]
    return lines([*command, folder / "mentions.jsonl", *options])


def summary(question: str, record: dict) -> dict:
    """The record with shares and rates."""
    counts = record["counts"]
    everything = {key: sum(of_kind[key] for of_kind in counts.values()) for key in ("mentions", "first", "five")}
    for of_kind in [*counts.values(), everything]:
        of_kind |= {f"at_{name}": round(of_kind[name] / of_kind["mentions"], 4) for name in ("first", "five")}
    rates = {
        f"{rate}_a_{key}second": round(record["distinct_mentions"] / record[f"{prefix}{key}seconds"])
        for rate, prefix in (("mentions", ""), ("one_code", "one_"))
        for key in ("", "cpu_")
        if f"{prefix}seconds" in record
    }
    return {"question": question} | record | {"all": everything} | rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--terms", type=int, default=1_000_000)
    parser.add_argument("--mentions", type=int, default=50_000)
    parser.add_argument("--peer-terms", type=int, default=100_000)
    parser.add_argument("--build-terms", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--only", nargs="+", choices=QUESTIONS, default=QUESTIONS)
    args = parser.parse_args()
    folder = ROOT / "target" / "bench-linking"

    def show(question: str, record: dict) -> None:
        print(json.dumps(summary(question, record)), flush=True)

    if "codes" in args.only:
        made = codes(args.corpora, folder / "codes")
        for record in (ours(made), peer("scispacy", made), peer("exact", made)):
            show("codes", record)
    if "small" in args.only:
        made = synthetic(args.corpora, folder, args.peer_terms, args.mentions)
        for record in (ours(made), peer("scispacy", made, "--threads", os.cpu_count())):
            show("small", record)
    if "large" in args.only:
        made = synthetic(args.corpora, folder, args.terms, args.mentions)
        for record in (ours(made), peer("exact", made, "--limit", COMPARED)):
            show("large", record)
    if "build" in args.only:
        for terms in args.build_terms:
            vocabulary, built = build(synthetic(args.corpora, folder, terms, 1_000))
            opened = lines(
                ["cargo", "bench", "--quiet", "--locked", "--bench", "linking", "--", vocabulary, os.devnull]
            )
            record = {"question": "build", "terms": terms} | built
            print(json.dumps(record | {key: opened[key] for key in ("open_seconds", "peak_opened_mb")}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
