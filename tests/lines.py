"""Refuses lines of more than 120 columns in documents and source files of more than 350 lines without a reason.

Table rows, printed output (``text`` blocks) and lines that are one link or one HTML element cannot be wrapped and are not
counted. Run by ``make lint``; exits with 1 and one line for each fault.
"""

import subprocess
import sys
from pathlib import Path

COLUMNS = 120
LINES = 350

# files that may be longer, each with the reason
LONG = {
    "crates/engine/src/options.rs": "the table of options, a row each",
    "crates/jobs/tests/sources.rs": "one suite that every source runs",
    "crates/store/tests/local.rs": "one suite, a test a promise of the local store",
    "crates/store/tests/remote.rs": "one suite, a test a promise of object stores",
    "data/recipe/test_models.py": "makes eleven models, a function each",
    "plugin/python/spanframe/_polars.py": "the table of options writes half of it, a paragraph each",
    "tests/cli.rs": "the program from outside, a test a command",
    "tests/evaluate.rs": "one suite with its corpora in the file",
    "tests/invariants.rs": "the invariants of the engine, a property each",
    "tests/model_set.rs": "one suite with the sets of models that its tests share",
    "tests/models.rs": "the commands of `model`, a test each",
    "tests/python/test_compat.py": "one suite, a test a stage of Spark NLP",
    "tests/python/test_spark.py": "one suite around one Spark session",
    "tests/view.rs": "one suite around one page",
}

# documents that are not ours to wrap, or are records
UNWRAPPED = ("benches/runs/", "plugin/LICENSES-THIRD-PARTY.md")


def tracked(*patterns: str) -> list[str]:
    """Paths of the files that git tracks, relative to the repository."""
    return subprocess.run(["git", "ls-files", *patterns], check=True, capture_output=True, text=True).stdout.split(
        "\n"
    )[:-1]


def wide_lines(path: str) -> list[str]:
    """Faults of one document: its lines that are too long and could be wrapped."""
    faults, block = [], None
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            block = None if block is not None else line.strip("` ")
        elif len(line) > COLUMNS and block != "text" and not line.startswith(("|", "<")) and " " in line.strip():
            faults.append(f"{path}:{number}: {len(line)} columns, at most {COLUMNS}")
    return faults


def main() -> int:
    faults = []
    for path in tracked("*.md"):
        if not path.startswith(UNWRAPPED):
            faults += wide_lines(path)
    long = {path: len(Path(path).read_text(encoding="utf-8").splitlines()) for path in tracked("*.rs", "*.py")}
    for path, lines in long.items():
        if lines > LINES and path not in LONG:
            faults.append(f"{path}: {lines} lines, at most {LINES}; cut it, or give the reason in {sys.argv[0]}")
    faults += [
        f"{path}: is in LONG and is not longer than {LINES} lines" for path in LONG if long.get(path, 0) <= LINES
    ]
    print("\n".join(faults) if faults else "no document is too wide, no source file too long")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
