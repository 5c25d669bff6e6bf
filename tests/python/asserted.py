"""Notes, and options with which every face gives them the same attributes."""

import json
from pathlib import Path

import polars as pl
from conftest import DATA, command_line

CASES = ("all", "some", "rules", "pipeline")


def notes() -> pl.DataFrame:
    """Returns notes of hospitals in three languages, a null, an empty one and one in a language without cues."""
    rows = []
    for language in ("en", "es", "it"):
        lines = (DATA / "hospital" / f"hospital.{language}.dev.jsonl").read_text(encoding="utf-8").splitlines()
        rows += [(row["id"], row["lang"], row["text"]) for row in map(json.loads, lines[:5])]
    rows += [("null", "en", None), ("empty", None, ""), ("fr", "fr", "Pas de fever."), ("none", None, "Denies fever.")]
    return pl.DataFrame(rows, schema=["id", "lang", "note"], orient="row")


def options(case: str, folder: Path) -> dict:
    """Returns options as keywords of Python. Rules and a pipeline file are written into the folder."""
    rules, pipeline = folder / "rules.toml", folder / "set.toml"
    rules.write_text('language = "en"\n[negated]\nbefore = [{ cue = "cc" }]\n')
    model = '[[model]]\nmodel = "clinical-ner-small"\nname = "small"\n'
    pipeline.write_text(f'assertion = true\nassertion_rules = "rules.toml"\nunknown_language = "all"\n{model}')
    return {
        "all": {"assertion": True},
        "some": {"assertion": ["negated", "family"]},
        "rules": {"assertion": True, "assertion_rules": str(rules)},
        "pipeline": {"model": str(pipeline)},
    }[case]


def flags(options: dict) -> list[str]:
    """Returns the options as flags of the command line."""
    flags = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        flags += [flag] if value is True else [f"{flag}={','.join([value] if isinstance(value, str) else value)}"]
    return flags


def annotated(folder: Path, options: dict, *more: str) -> pl.DataFrame:
    """Returns the notes with a column `ner`, as the command line annotates them."""
    notes().write_parquet(folder / "notes.parquet")
    out = folder / f"out{len(list(folder.iterdir()))}.parquet"
    command_line("annotate", folder / "notes.parquet", "-o", out, "-c", "note", "-q", *flags(options), *more)
    return pl.read_parquet(out)
