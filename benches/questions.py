"""What does a job's speed depend on?

    python benches/questions.py [start] [threads] [types] [precision] [repeats] [rows]      (all of them where none is named)

* `start`: from process start to the first entities of a short text; the import of the Python package.
* `threads`: two sessions beside one, which has a core to itself while others tokenize and decode, and beside one with all of it on one core;
  and what the machine's cores give at all: two programs of one session at once, each with all the work.
* `types`: all four entity types in one pass, beside four passes by the names of single types, and beside one call with these four names.
* `precision`: the bundled file, which multiplies whole numbers, beside the same weights and graph in fp32.
* `repeats`: notes whose second half is copied from the note before, as sections of a chart are copied forward, beside notes without
  repetition, for three lengths of notes; the entities of a note are compared with those it has when it is annotated by itself.
* `rows`: files of 1,000 to 1,000,000 short notes, all different, with a tiny model; with and without the time of a file of one row.

The real program, Parquet to Parquet, process start and model loading included unless it says so. The sides of a question take turns;
medians (of `rows` one run each), a line of JSON each.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import child
import onnx
import polars as pl
import unrounded

ROOT = Path(__file__).parents[1]
PROGRAM = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "spanframe"
NOTES = pl.read_parquet(ROOT / "data" / "notes.parquet")
SINGLE = [f"roberta_{kind}_ner_onnx" for kind in ("med", "disease", "procedure", "symptom")]
ROUNDS = 3
#: half the notes of most questions: some ten seconds of one pass on two cores
SOME = 600
#: characters of the notes of `rows`
SHORT_NOTE = 160
SHORT = "Toma aspirina 100 mg al día por dolor torácico."


def job(source: Path, *options: object, before: tuple[str, ...] = ()) -> dict:
    """Runs `spanframe run` anew, with its output beside the source, and gives its summary; words of the command may go `before`."""
    command = [*before, PROGRAM, "run", source, "-o", source.with_suffix(""), "--overwrite", *options]
    command += ["--column", "note", "--json", "--quiet"]
    return json.loads(child.output(command))


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def race(rounds: int = ROUNDS, **sides: Callable[[], object]) -> dict[str, float]:
    """Median seconds of each side; they take turns."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, work in sides.items():
            times[name].append(seconds(work))
    return {name: round(statistics.median(values), 3) for name, values in times.items()}


def figures(tokens: int, times: dict[str, float]) -> dict:
    return {"seconds": times, "tokens_per_second": {name: round(tokens / value) for name, value in times.items()}}


def entities(source: Path) -> pl.DataFrame:
    return pl.read_parquet(source.with_suffix("") / source.name).sort("id")


def start(folder: Path) -> dict:
    def python(code: str) -> Callable[[], object]:
        return lambda: child.output([sys.executable, "-c", code])

    text = [PROGRAM, "text", SHORT]
    times = race(
        9,
        text=lambda: child.output(text),
        help=lambda: child.output([PROGRAM, "--help"]),
        python=python("pass"),
        import_spanframe=python("import spanframe._engine"),
        import_polars=python("import polars"),
        import_spanframe_with_polars=python("import spanframe"),
    )
    alone = times["import_spanframe_with_polars"] - max(times["import_polars"], times["python"])
    return {"question": "start", "seconds": times, "import_of_spanframe_seconds": round(alone, 3)}


def threads(folder: Path) -> dict:
    source, other = folder / "threads.parquet", folder / "other.parquet"
    for path in (source, other):
        NOTES.head(2 * SOME).write_parquet(path)
    tokens = job(source)["counts"]["tokens"]

    def both() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda path: job(path, "--sessions", 1), (source, other)))

    times = race(
        one_core=lambda: job(source, "--sessions", 1, before=("taskset", "--cpu-list", "0")),
        one=lambda: job(source, "--sessions", 1),
        two=lambda: job(source, "--sessions", 2),
        two_programs=both,
    )
    return {
        "question": "threads",
        "seconds": times,
        "tokens_per_second": {
            "one_core": round(tokens / times["one_core"]),
            "one": round(tokens / times["one"]),
            "two": round(tokens / times["two"]),
            "two_programs": round(2 * tokens / times["two_programs"]),
        },
        "two_over_one_core": round(times["one_core"] / times["two"], 2),
        "two_over_one": round(times["one"] / times["two"], 2),
        "two_programs_over_one": round(2 * times["one"] / times["two_programs"], 2),
    }


def types(folder: Path) -> dict:
    source = folder / "types.parquet"
    NOTES.filter(lang="en").head(SOME // 2).write_parquet(source)
    several = [word for name in SINGLE for word in ("--model", name)]
    times = race(
        one_pass=lambda: job(source),
        four_passes=lambda: [job(source, "--model", name) for name in SINGLE],
        one_call_with_four_names=lambda: job(source, *several),
    )
    gain = round(times["four_passes"] / times["one_pass"], 2)
    return {"question": "types", "seconds": times, "one_pass_is_times_as_fast": gain}


def precision(folder: Path) -> dict:
    source, model = folder / "precision.parquet", folder / "fp32"
    NOTES.head(2 * SOME).write_parquet(source)
    model.mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(unrounded.MODEL / name, model / name)
    onnx.save(unrounded.load(), model / "model.onnx")
    tokens = job(source)["counts"]["tokens"]
    times = race(whole_numbers=lambda: job(source), fp32=lambda: job(source, "--model", model))
    gain = round(times["fp32"] / times["whole_numbers"], 2)
    return {"question": "precision", **figures(tokens, times), "whole_numbers_are_times_as_fast": gain}


def halves(notes: list[str], parts: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Notes of two halves of `parts` notes each: of their own, and with the second half copied from the note before."""
    joined = ["\n\n".join(notes[i : i + parts]) for i in range(0, len(notes) - parts + 1, parts)]
    firsts, seconds = joined[::2], joined[1::2]
    ids = list(range(len(seconds)))
    own = [first + "\n\n" + second for first, second in zip(firsts, seconds)]
    copied = [first + "\n\n" + firsts[max(i - 1, 0)] for i, first in zip(ids, firsts)]
    return pl.DataFrame({"id": ids, "note": own}), pl.DataFrame({"id": ids, "note": copied})


def repeats(folder: Path) -> dict:
    notes = NOTES.filter(lang="es").head(2 * SOME)["note"].to_list()
    return {"question": "repeats", "parts_of_a_half": {parts: copies(folder, notes, parts) for parts in (1, 2, 4)}}


def copies(folder: Path, notes: list[str], parts: int) -> dict:
    own, copied = folder / "own.parquet", folder / "copied.parquet"
    frames = halves(notes, parts)
    for frame, path in zip(frames, (own, copied), strict=True):
        frame.write_parquet(path)
    counts = {}

    def one(path: Path) -> Callable[[], object]:
        return lambda: counts.__setitem__(path.stem, job(path)["counts"])

    times = race(own=one(own), copied=one(copied))
    # by itself nothing of a note can be known from its neighbours
    together, alone = entities(copied), []
    for row in frames[1].head(3).iter_slices(1):
        row.write_parquet(folder / "alone.parquet")
        job(folder / "alone.parquet")
        alone.append(entities(folder / "alone.parquet"))
    assert pl.concat(alone)["ner"].to_list() == together.head(3)["ner"].to_list()
    rates = {name: counts[name]["tokens"] / times[name] for name in times}
    return {
        "tokens_a_note": round(counts["copied"]["tokens"] / len(frames[1])),
        "seconds": times,
        "share_of_tokens_that_the_model_read": {
            name: round(counts[name]["model_tokens"] / counts[name]["tokens"], 3) for name in times
        },
        "copied_is_times_as_fast_a_token": round(rates["copied"] / rates["own"], 2),
    }


def rows(folder: Path) -> dict:
    notes = [note[i : i + SHORT_NOTE] for note in NOTES["note"] for i in range(0, len(note) - SHORT_NOTE, SHORT_NOTE)]
    counts = {}

    def one(size: int) -> Callable[[], object]:
        source = folder / f"{size}.parquet"
        # the number makes every note another, so that none is read for several
        numbered = [f"{i}. {notes[i % len(notes)]}" for i in range(size)]
        pl.DataFrame({"id": range(size), "note": numbered}).write_parquet(source, row_group_size=10_000)
        options = ("--model", ROOT / "data" / "test_models" / "bert-uncased")
        return lambda: counts.__setitem__(str(size), job(source, *options)["counts"])

    times = race(1, **{str(size): one(size) for size in (1, 1000, 10_000, 100_000, 1_000_000)})
    start = times.pop("1")
    assert all(counts[size]["rows"] == int(size) for size in times)
    return {
        "question": "rows",
        "different_notes_before_numbering": len(notes),
        "seconds_of_one_row": start,
        "seconds": times,
        "rows_per_second": {size: round(int(size) / value) for size, value in times.items()},
        "rows_per_second_after_the_first": {
            size: round((int(size) - 1) / (value - start)) for size, value in times.items()
        },
        "share_of_tokens_that_the_model_read": {
            size: round(counts[size]["model_tokens"] / counts[size]["tokens"], 3) for size in times
        },
    }


QUESTIONS = {question.__name__: question for question in (start, threads, types, precision, repeats, rows)}


def main() -> None:
    asked = sys.argv[1:] or list(QUESTIONS)
    unknown = [name for name in asked if name not in QUESTIONS]
    if unknown:
        sys.exit(f"no question {', '.join(unknown)}: there are {', '.join(QUESTIONS)}")
    for name in asked:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(QUESTIONS[name](Path(folder))), flush=True)


if __name__ == "__main__":
    main()
