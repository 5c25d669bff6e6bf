"""How fast are others on the same weights?

    python benches/peers.py [--rows 20 80 320] [--rounds 3]

One head of the bundled model as a plain checkpoint (checkpoint.py), in fp32, goes through

* the program, Parquet to Parquet, process start and model loading included: with `--emulate huggingface`, which gives what the pipeline
  gives; as it comes, with windows and decoding of its own; and with the bundled file itself, which multiplies whole numbers. How far
  the entities of the latter two agree (the first with the pipeline's, the second with the first's) is printed as F1;
* transformers' token-classification pipeline on PyTorch and on ONNX Runtime (optimum), at its defaults (one window a batch, all
  cores) and at the best batch size and number of threads of a trial;
* a Polars `map_batches` UDF around the pipeline, 32 windows a batch.

The others read and write the same Parquet files; their imports and loading are left out. The pipeline gets a stride, without which it
cuts notes short. Before anything is timed, the entities of the pipelines, of the UDF and of the emulation are compared. Systems take turns in each round; the medians are
printed, a line of JSON for each number of rows and each kind of note: plain (English) and accented (Spanish and Italian).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

ROOT = Path(__file__).parents[1]
PROGRAM = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "spanframe"
KINDS = {"plain": ["en"], "accented": ["es", "it"]}
BATCH_SIZES = (1, 4, 16, 64)
STRIDE = 128
UDF_BATCH = 32
#: notes of a trial of batch sizes and threads
TRIAL = 12
#: share of rows whose entities may differ: fp32 of two libraries decides a tie now and then
TIES = 0.01

#: the head of the checkpoint
ENTITY = "DISEASE"

Entities = list[tuple[int, int, str]]


def program(source: Path, model: Path | str, *options: str) -> list[Entities]:
    """The whole job by the command line."""
    output = source.with_suffix(".out.parquet")
    command = [PROGRAM, "annotate", source, "-o", output, "-c", "note", "-m", model, "-q", "--overwrite", *options]
    subprocess.run(list(map(str, command)), check=True)
    rows = pl.read_parquet(output)["ner"].to_list()
    return [list(zip(row["begin"], row["end"], row["entity"])) for row in rows]


def write(source: Path, texts: pl.Series, found: list[list[dict]]) -> list[Entities]:
    """What the others found, into a Parquet file as they would."""
    spans = [[{"begin": e["start"], "end": e["end"], "entity": e["entity_group"]} for e in row] for row in found]
    schema = pl.List(pl.Struct({"begin": pl.UInt32, "end": pl.UInt32, "entity": pl.String}))
    pl.DataFrame([texts, pl.Series("ner", spans, schema)]).write_parquet(source.with_suffix(".theirs.parquet"))
    return [[(e["begin"], e["end"], e["entity"]) for e in row] for row in spans]


class Pipeline:
    """transformers' pipeline over a model of PyTorch or of ONNX Runtime."""

    def __init__(self, model: Path, runtime: str, threads: int):
        import torch
        from transformers import AutoTokenizer, BertForTokenClassification, pipeline

        torch.set_num_threads(threads)
        self.threads, self.torch = threads, torch
        if runtime == "torch":
            loaded = BertForTokenClassification.from_pretrained(model)
        else:
            import onnxruntime
            from optimum.onnxruntime import ORTModelForTokenClassification

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            loaded = ORTModelForTokenClassification.from_pretrained(model, session_options=options)
        tokenizer = AutoTokenizer.from_pretrained(model)
        self.pipeline = pipeline(
            "token-classification",
            model=loaded,
            tokenizer=tokenizer,
            aggregation_strategy="simple",
            stride=STRIDE,
            device="cpu",
        )

    def entities(self, texts: list[str], batch: int | None) -> list[list[dict]]:
        self.torch.set_num_threads(self.threads)
        return self.pipeline(texts, **({} if batch is None else {"batch_size": batch}))

    def job(self, source: Path, batch: int | None) -> list[Entities]:
        texts = pl.read_parquet(source)["note"]
        return write(source, texts, self.entities(texts.to_list(), batch))

    def udf(self, source: Path) -> list[Entities]:
        schema = pl.List(pl.Struct({"start": pl.UInt32, "end": pl.UInt32, "entity_group": pl.String}))

        def annotate(texts: pl.Series) -> pl.Series:
            found = self.entities(texts.to_list(), UDF_BATCH)
            keys = ("start", "end", "entity_group")
            return pl.Series([[{key: e[key] for key in keys} for e in row] for row in found], dtype=schema)

        frame = pl.read_parquet(source)
        frame = frame.with_columns(ner=pl.col("note").map_batches(annotate, return_dtype=schema))
        frame.write_parquet(source.with_suffix(".theirs.parquet"))
        return [[(e["start"], e["end"], e["entity_group"]) for e in row] for row in frame["ner"].to_list()]


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def best(model: Path, runtime: str, texts: list[str]) -> tuple[Pipeline, int, int]:
    """The pipeline, batch size and number of threads that take a few notes fastest."""
    trials = []
    for threads in sorted({1, os.cpu_count() or 1}):
        pipeline = Pipeline(model, runtime, threads)
        pipeline.entities(texts[:2], 1)  # warm
        for batch in BATCH_SIZES:
            trials.append((seconds(lambda: pipeline.entities(texts, batch)), batch, threads, pipeline))
    _, batch, threads, pipeline = min(trials, key=lambda trial: trial[0])
    return pipeline, batch, threads


def check(reference: list[Entities], name: str, found: list[Entities]) -> int:
    """Rows that differ from the reference; more than ties can explain is an error."""
    differ = sum(sorted(a) != sorted(b) for a, b in zip(reference, found, strict=True))
    assert differ <= TIES * len(reference) + 1, f"{name}: {differ} of {len(reference)} rows differ"
    return differ


def f1(reference: list[Entities], found: list[Entities]) -> float:
    wanted, given = ({(i, *entity) for i, row in enumerate(rows) for entity in row} for rows in (reference, found))
    return 2 * len(wanted & given) / (len(wanted) + len(given))


def trimmed(texts: list[str], found: list[Entities]) -> list[Entities]:
    """Without the spaces before and behind mentions that the pipeline keeps and spanframe by itself does not."""
    rows = []
    for text, row in zip(texts, found, strict=True):
        chunks = [(text[begin:end], begin, rest) for begin, end, *rest in row]
        rows.append([(b + len(c) - len(c.lstrip()), b + len(c.rstrip()), *rest) for c, b, rest in chunks])
    return rows


def measure(folder: Path, model: Path, notes: pl.DataFrame, rounds: int) -> dict:
    """Median seconds of every system on these notes, and how they compare."""
    source = folder / "notes.parquet"
    notes.write_parquet(source)
    texts = notes["note"].to_list()
    as_pipeline = ("--emulate", "huggingface", "--aggregation-strategy", "simple", "--max-length", "512")
    as_pipeline += ("--stride", str(STRIDE))
    systems: dict[str, Callable[[], list[Entities]]] = {
        "spanframe": lambda: program(source, model),
        "spanframe_as_pipeline": lambda: program(source, model, *as_pipeline),
        "spanframe_bundled": lambda: program(source, "clinical-ner-small", "--entities", ENTITY),
    }
    settings = {}
    for runtime in ("torch", "onnxruntime"):
        usual = Pipeline(model, runtime, os.cpu_count() or 1)
        chosen, batch, threads = best(model, runtime, texts[:TRIAL])
        settings[runtime] = {"batch_size": batch, "threads": threads}
        systems[f"{runtime}_default"] = lambda usual=usual: usual.job(source, None)
        systems[f"{runtime}_best"] = lambda chosen=chosen, batch=batch: chosen.job(source, batch)
        if runtime == "torch":
            systems["polars_udf"] = lambda usual=usual: usual.udf(source)
    reference = systems["torch_default"]()
    others = [name for name in systems if name not in ("spanframe", "spanframe_bundled")]
    differ = {name: check(reference, name, systems[name]()) for name in others}
    own, bundled = systems["spanframe"](), systems["spanframe_bundled"]()
    times: dict[str, list[float]] = {name: [] for name in systems}
    for _ in range(rounds):
        for name, run in systems.items():
            times[name].append(seconds(run))
    medians = {name: statistics.median(values) for name, values in times.items()}
    from transformers import AutoTokenizer

    tokens = sum(map(len, AutoTokenizer.from_pretrained(model)(texts, add_special_tokens=False)["input_ids"]))
    return {
        "rows": len(texts),
        "tokens": tokens,
        "entities": sum(map(len, reference)),
        "rounds": rounds,
        "best": settings,
        "rows_that_differ": differ,
        "f1_of_spanframe_against_the_pipeline": round(f1(trimmed(texts, reference), own), 3),
        "f1_of_bundled_against_fp32": round(f1(own, bundled), 3),
        "seconds": {name: round(value, 2) for name, value in medians.items()},
        "tokens_per_second": {name: round(tokens / value) for name, value in medians.items()},
        "spanframe_as_pipeline_is_times_as_fast": {
            name: round(v / medians["spanframe_as_pipeline"], 2) for name, v in medians.items()
        },
        "spanframe_is_times_as_fast": {name: round(v / medians["spanframe"], 2) for name, v in medians.items()},
        "spanframe_bundled_is_times_as_fast": {
            name: round(v / medians["spanframe_bundled"], 2) for name, v in medians.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[20, 80, 320])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    notes = pl.read_parquet(ROOT / "data" / "notes.parquet")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make = [sys.executable, ROOT / "benches" / "checkpoint.py", folder / "model", "--entity", ENTITY]
        subprocess.run(make, check=True)
        for rows in args.rows:
            for kind, languages in KINDS.items():
                chosen = notes.filter(pl.col("lang").is_in(languages)).head(rows)
                record = measure(folder, folder / "model", chosen, args.rounds)
                print(json.dumps({"question": "others on the same weights", "notes": kind, **record}), flush=True)


if __name__ == "__main__":
    main()
