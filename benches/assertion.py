"""How well and how fast do the rules of assertion judge given spans, beside other systems, and what do they cost a job?

    python benches/assertion.py [NOTES.jsonl] [--rounds 3] [--jobs 5]

The notes have gold spans with attributes; by default they are the English ones of data/hospital. Another file has the same
form, and may be compressed (.gz). Every system gets the spans and gives their attributes on one thread:

* spanframe, with the language of each note given, and detected (benches/assertion.rs);
* medspaCy's ConText, without and with its sectionizer, and negspacy, which only knows `negated` (assertion_peers.py).

Imports, loading and a first pass are left out. Systems take turns in each round; medians of the rounds are printed, a line of
JSON for each. Tokens are words between white space, the same for all.

Then the whole job: `spanframe annotate data/notes.parquet` without and with `--assertion`, in turns. The rules by themselves
run over the entities that the job found, which tells their share more closely than the difference of two long jobs.
"""

import argparse
import gzip
import json
import os
import statistics
import tempfile
from pathlib import Path

import child
import polars as pl

ROOT = Path(__file__).parents[1]
PROGRAM = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "spanframe"
PEERS = ROOT / "target" / "bench-assertion" / "bin" / "python"
NOTES = ROOT / "data" / "notes.parquet"

Counts = dict[str, int]


def ours(notes: Path) -> list[dict]:
    """Both ways of spanframe."""
    return lines(["cargo", "bench", "--quiet", "--locked", "--bench", "assertion", "--", notes])


def peer(name: str, notes: Path) -> list[dict]:
    return lines([PEERS, ROOT / "benches" / "assertion_peers.py", name, notes])


def lines(command: list) -> list[dict]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return [json.loads(line) for line in child.output(command, cwd=ROOT, env=environment).splitlines()]


def score(counts: Counts) -> dict[str, float]:
    """Precision, recall and F1; none of an attribute that gold never has."""
    hits, gold, found = counts["hits"], counts["gold"], counts["found"]
    if not gold:
        return {"found": found}
    values = {"precision": hits / max(found, 1), "recall": hits / gold, "f1": 2 * hits / (gold + found)}
    return {name: round(value, 3) for name, value in values.items()} | counts


def compare(notes: Path, rounds: int) -> list[dict]:
    """A record for each system."""
    systems = [lambda: ours(notes)]
    systems += [lambda name=name: peer(name, notes) for name in ("medspacy", "medspacy_sections", "negspacy")]
    runs = [record for _ in range(rounds) for run in systems for record in run()]
    records = []
    for name in dict.fromkeys(run["system"] for run in runs):
        of_system = [run for run in runs if run["system"] == name]
        first = of_system[0]
        assert all(run["counts"] == first["counts"] for run in of_system), f"{name} differs from run to run"
        record = {"system": name, "versions": first.get("versions", {}), "rounds": rounds}
        record |= {key: first[key] for key in ("notes", "entities", "words", "bytes")}
        for key in ("seconds", "attributes_alone_seconds"):
            if key in first:
                spent = statistics.median(run[key] for run in of_system)
                rates = {"entities": first["entities"] / spent, "tokens": first["words"] / spent}
                prefix = key.removesuffix("seconds")
                record[key] = float(f"{spent:.4g}")
                record |= {f"{prefix}{what}_per_second": round(rate) for what, rate in rates.items()}
        records.append(record | {"scores": {name: score(counts) for name, counts in first["counts"].items()}})
    gold = [{name: values["gold"] for name, values in run["counts"].items()} for run in runs]
    assert all(given.items() <= gold[0].items() for given in gold), "systems count gold in different ways"
    return records


def job(output: Path, *options: str) -> tuple[float, float]:
    """Wall and user seconds of the whole job."""
    command = [PROGRAM, "annotate", NOTES, "-o", output, "-c", "note", "-q", "--overwrite", *options]
    usage = child.measure(command)
    return usage.seconds, usage.user_seconds


def write_spans(annotated: Path, target: Path) -> None:
    """The entities of a job as gold spans without attributes."""
    with target.open("w", encoding="utf-8") as file:
        for row in pl.read_parquet(annotated).iter_rows(named=True):
            found = zip(row["ner"]["begin"], row["ner"]["end"], row["ner"]["entity"])
            entities = [{"start": b, "end": e, "label": label, "attributes": []} for b, e, label in found]
            file.write(json.dumps({"text": row["note"], "lang": row["lang"], "entities": entities}) + "\n")


def share(folder: Path, jobs: int) -> dict:
    """What the rules add to a job, and what they take by themselves."""
    output, spans = folder / "annotated.parquet", folder / "spans.jsonl"
    job(output)  # fills the caches of the disk
    write_spans(output, spans)
    times = {"without": [], "with": []}
    for _ in range(jobs):
        times["without"].append(job(output))
        times["with"].append(job(output, "--assertion"))
    medians = {way: [statistics.median(values) for values in zip(*runs)] for way, runs in times.items()}
    (wall, user), (wall_with, user_with) = medians["without"], medians["with"]
    given, detected = ours(spans)
    return {
        "question": "assertion in a whole job",
        "jobs": jobs,
        "threads": os.cpu_count(),
        **{key: given[key] for key in ("notes", "entities", "words", "bytes")},
        "wall_seconds": {way: [round(wall, 2) for wall, _ in runs] for way, runs in times.items()},
        "user_seconds": {way: [round(user, 2) for _, user in runs] for way, runs in times.items()},
        "median_wall_seconds": {"without": round(wall, 2), "with": round(wall_with, 2)},
        "median_user_seconds": {"without": round(user, 2), "with": round(user_with, 2)},
        "more_wall": round(wall_with / wall - 1, 4),
        "more_user": round(user_with / user - 1, 4),
        "rules_alone_seconds": {"given": round(given["seconds"], 3), "detected": round(detected["seconds"], 3)},
        "rules_alone_tokens_per_second": round(detected["words"] / detected["seconds"]),
        "rules_alone_over_user": round(detected["seconds"] / user, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notes", type=Path, nargs="?", default=ROOT / "data" / "hospital" / "hospital.en.dev.jsonl")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=5, help="0 leaves the whole job out")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes.jsonl"
        read = gzip.open if args.notes.suffix == ".gz" else open
        with read(args.notes, "rb") as file:
            notes.write_bytes(file.read())
        for record in compare(notes, args.rounds):
            print(json.dumps(record), flush=True)
        if args.jobs:
            print(json.dumps(share(Path(folder), args.jobs)), flush=True)


if __name__ == "__main__":
    main()
