"""How many affirmed entities do the rules of assertion flag as negated or uncertain?

    python benches/affirmed.py SENTENCES.jsonl[.gz] [GOLD.jsonl ...]

The sentences have `cues` and `entities`, as NUBes has them. In a sentence without either, every entity is affirmed: the
bundled model finds some, and those that the rules flag are counted.

Gold has entities with `attributes`, such as data/hospital: those without `negated` and `uncertain` are affirmed, also beside
cues, and the rules judge their spans. By default these are the three files of data/hospital.

Prints a line of JSON for each file. Asked are at most 1 % in sentences without a cue.
"""

import argparse
import gzip
import json
import os
import tempfile
from pathlib import Path

import child
import polars as pl

ROOT = Path(__file__).parents[1]
PROGRAM = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "spanframe"
HOSPITAL = [ROOT / "data" / "hospital" / f"hospital.{language}.dev.jsonl" for language in ("en", "es", "it")]
FLAGS = ["negated", "uncertain"]


def run(*arguments: object) -> str:
    command = [PROGRAM, *arguments, f"--assertion={','.join(FLAGS)}", "--quiet"]
    return child.output(command)


def without_cues(path: Path) -> list[dict]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        sentences = [json.loads(line) for line in file]
    return [sentence for sentence in sentences if not sentence["cues"] and not sentence["entities"]]


def in_sentences(path: Path, folder: Path) -> dict:
    """The entities that the model finds in sentences without cues."""
    sentences = without_cues(path)
    notes, annotated = folder / "notes.ndjson", folder / "annotated.parquet"
    with notes.open("w", encoding="utf-8") as file:
        for sentence in sentences:
            file.write(json.dumps({"note": sentence["text"], "lang": sentence["lang"]}) + "\n")
    run("annotate", notes, "-o", annotated, "-c", "note", "--language-column", "lang")
    found = pl.read_parquet(annotated, columns=["ner"]).unnest("ner").select(FLAGS).explode(FLAGS).drop_nulls()
    return {"sentences": len(sentences)} | record(
        len(found), found.select(pl.any_horizontal(FLAGS).sum()).item(), found.sum().row(0, named=True)
    )


def in_gold(path: Path) -> dict:
    """The entities of gold that have neither attribute."""
    scores = json.loads(run("evaluate", path, "--attributes-only", "--json"))["attributes"]
    affirmed = next(row for row in scores if row["attribute"] == "affirmed")
    spurious = {row["attribute"]: row["found"] - row["exact"] for row in scores if row["attribute"] in FLAGS}
    return {"documents": affirmed["documents"]} | record(
        affirmed["support"], affirmed["support"] - affirmed["exact"], spurious
    )


def record(entities: int, flagged: int, by_attribute: dict[str, int]) -> dict:
    return {"affirmed": entities, "flagged": flagged, "share": round(flagged / max(entities, 1), 4)} | by_attribute


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sentences", type=Path)
    parser.add_argument("gold", type=Path, nargs="*", default=HOSPITAL)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps({"file": args.sentences.name} | in_sentences(args.sentences, Path(folder))), flush=True)
    for path in args.gold:
        print(json.dumps({"file": path.name} | in_gold(path)), flush=True)


if __name__ == "__main__":
    main()
