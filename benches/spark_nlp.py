"""How fast is Spark NLP on the same weights?

    python benches/spark_nlp.py [--rows 200] [--rounds 3]        (Java 17; the jars are fetched once: 0.5 GB)

One head of the bundled model, multiplied in fp32 (unrounded.py), as one ONNX file goes through

* Spark NLP, DocumentAssembler -> Tokenizer -> XlmRoBertaForTokenClassification -> NerConverter, Parquet to Parquet on all cores of this
  machine: as it comes, and with one thread a task, several partitions and the best batch size of a trial;
* the program: as it comes, with `--emulate sparknlp`, which gives what Spark NLP gives, and with the bundled file itself, which
  multiplies whole numbers.

Notes are English ones that Spark NLP can read whole (at most 512 tokens); all of it is warm and loaded before it is timed, while the
program's process start and loading are counted. The entities of Spark NLP and of the emulation are compared first. Systems take turns;
medians, as a line of JSON.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import child
import polars as pl
import unrounded

ROOT = Path(__file__).parents[1]
PROGRAM = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "spanframe"
ENTITY = "DISEASE"
LENGTH = 512  # the longest that Spark NLP reads
WORDS = 250  # of a note: none of it has more than LENGTH tokens
BATCH_SIZES = (1, 4, 8, 16)
DEFAULT_BATCH = 8
TRIAL = 24
#: share of rows whose entities may differ: two versions of ONNX Runtime decide a tie now and then
TIES = 0.02


def write_model(folder: Path) -> None:
    """A model folder with one head of the bundled model in fp32."""
    import onnx
    from onnx import numpy_helper

    config = json.loads((unrounded.MODEL / "config.json").read_text())
    first = 3 * config["heads"].index(ENTITY)
    model = unrounded.load()
    for tensor in model.graph.initializer:
        if tensor.name.startswith("classifier."):
            kept = numpy_helper.to_array(tensor)[..., first : first + 3]
            tensor.CopyFrom(numpy_helper.from_array(kept.copy(), tensor.name))
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_value = 3
    folder.mkdir()
    onnx.save(model, folder / "model.onnx")
    labels = ["O", f"B-{ENTITY}", f"I-{ENTITY}"]
    config |= {
        "id2label": dict(enumerate(labels)),
        "label2id": {name: i for i, name in enumerate(labels)},
        "num_labels": 3,
    }
    for name in ("heads", "decoder", "window_length"):
        del config[name]
    (folder / "config.json").write_text(json.dumps(config))
    shutil.copy(unrounded.MODEL / "tokenizer.json", folder / "tokenizer.json")


def as_spark_nlp_wants_it(model: Path, target: Path) -> None:
    from sparknlp_models import labels_of, sentencepiece_model

    assets = target / "assets"
    assets.mkdir(parents=True)
    shutil.copy(model / "model.onnx", target / "model.onnx")
    (assets / "labels.txt").write_text("".join(f"{label}\n" for label in labels_of(model)))
    tokenizer = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
    (assets / "sentencepiece.bpe.model").write_bytes(sentencepiece_model(tokenizer))


class SparkNlp:
    """A pipeline in this process; Spark's settings cannot change, so that each setting is a process (`worker`)."""

    def __init__(self, folder: Path, ivy: Path, tuned: bool):
        from pyspark.sql import SparkSession
        from sparknlp.annotator import NerConverter, Tokenizer, XlmRoBertaForTokenClassification
        from sparknlp.base import DocumentAssembler
        from sparknlp_reference import settings

        chosen = settings(ivy)
        if not tuned:
            del chosen["spark.jsl.settings.onnx.intraOpNumThreads"]
        builder = SparkSession.builder.master("local[*]").appName("bench")
        for name, value in chosen.items():
            builder = builder.config(name, value)
        self.spark, self.tuned = builder.getOrCreate(), tuned
        self.spark.sparkContext.setLogLevel("OFF")
        classifier = XlmRoBertaForTokenClassification.loadSavedModel(str(folder), self.spark)
        self.classifier = classifier.setInputCols(["document", "token"]).setOutputCol("ner").setCaseSensitive(True)
        self.classifier.setMaxSentenceLength(LENGTH).setBatchSize(DEFAULT_BATCH)
        self.stages = [
            DocumentAssembler().setInputCol("note").setOutputCol("document"),
            Tokenizer().setInputCols(["document"]).setOutputCol("token"),
            self.classifier,
            NerConverter().setInputCols(["document", "token", "ner"]).setOutputCol("ner_chunk"),
        ]

    def job(self, source: str, target: str, batch: int) -> float:
        from pyspark.ml import Pipeline

        self.classifier.setBatchSize(batch)
        started = time.perf_counter()
        notes = self.spark.read.parquet(source)
        if self.tuned:
            notes = notes.repartition(4 * (os.cpu_count() or 1))
        found = Pipeline(stages=self.stages).fit(notes).transform(notes)
        found.select("id", "note", "ner_chunk").write.mode("overwrite").parquet(target)
        return time.perf_counter() - started


def worker(folder: Path, ivy: Path, tuned: bool) -> None:
    """Does one job for each line of input ([source, target, batch size]), and answers with its seconds."""
    system = SparkNlp(folder, ivy, tuned)
    for line in sys.stdin:
        child.answer(system.job(*json.loads(line)))


class Worker(child.Worker):
    """Spark NLP with one of its two settings, in a process of its own."""

    def __init__(self, folder: Path, ivy: Path, tuned: bool):
        command = [sys.executable, __file__, "--worker", folder, "--ivy", ivy] + ["--tuned"] * tuned
        super().__init__("Spark NLP", command)

    def job(self, source: Path, target: Path, batch: int) -> float:
        return float(self.ask(json.dumps([str(source), str(target), batch])))


def program(source: Path, target: Path, *options: str) -> float:
    command = [PROGRAM, "annotate", source, "-o", target, "-c", "note", "-q", "--overwrite", *options]
    started = time.perf_counter()
    subprocess.run(list(map(str, command)), check=True)
    return time.perf_counter() - started


def mentions(rows: pl.DataFrame) -> list[list[tuple]]:
    """Begin, end (inclusive) and type of every mention, by note; positions in UTF-16, as Spark NLP counts."""
    rows = rows.sort("id")
    return [[(e["begin"], e["end"], e["metadata"]["entity"]) for e in row] for row in rows["ner_chunk"].to_list()]


def measure(folder: Path, ivy: Path, rows: int, rounds: int) -> dict:
    notes = pl.read_parquet(ROOT / "data" / "notes.parquet").filter(pl.col("lang") == "en")
    words = pl.col("note").str.count_matches(r"\w+|[^\w\s]")
    notes = notes.filter(words <= WORDS).select("id", "note").head(rows)
    assert len(notes) == rows, f"there are {len(notes)} such notes"
    source, trial, output = folder / "notes.parquet", folder / "trial.parquet", folder / "ours.parquet"
    notes.write_parquet(source)
    notes.head(TRIAL).write_parquet(trial)
    model = folder / "model"
    write_model(model)
    as_spark_nlp_wants_it(model, folder / "spark")
    usual, tuned = (Worker(folder / "spark", ivy, setting) for setting in (False, True))
    theirs = folder / "theirs.parquet"
    usual.job(trial, theirs, DEFAULT_BATCH)  # warm
    tuned.job(trial, theirs, DEFAULT_BATCH)
    times = {batch: tuned.job(trial, theirs, batch) for batch in BATCH_SIZES}
    best = min(times, key=times.get)
    fp32 = ("--model", str(model))
    emulation = (*fp32, "--emulate", "sparknlp", "--max-length", str(LENGTH))
    systems = {
        "spanframe": lambda: program(source, output, *fp32),
        "spanframe_as_spark_nlp": lambda: program(source, output, *emulation),
        "spanframe_bundled": lambda: program(source, output, "--entities", ENTITY),
        "spark_nlp_default": lambda: usual.job(source, theirs, DEFAULT_BATCH),
        "spark_nlp_best": lambda: tuned.job(source, theirs, best),
    }
    program(source, output, *emulation, "--layout", "annotation", "--offsets", "spark", "--output-column", "ner_chunk")
    ours, differ = mentions(pl.read_parquet(output)), {}
    for name in ("spark_nlp_default", "spark_nlp_best"):
        systems[name]()
        differ[name] = sum(a != b for a, b in zip(ours, mentions(pl.read_parquet(theirs / "*.parquet")), strict=True))
        assert differ[name] <= TIES * rows + 1, f"{name}: {differ[name]} of {rows} rows differ"
    seconds = {name: [] for name in systems}
    for _ in range(rounds):
        for name, run in systems.items():
            seconds[name].append(run())
    usual.end()
    tuned.end()
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    bundled = medians["spanframe_bundled"]
    return {
        "question": "Spark NLP on the same weights",
        "rows": rows,
        "entities": sum(map(len, ours)),
        "best_batch_size": best,
        "rows_that_differ": differ,
        "seconds": {name: round(value, 2) for name, value in medians.items()},
        "spanframe_is_times_as_fast": {name: round(v / medians["spanframe"], 2) for name, v in medians.items()},
        "spanframe_bundled_is_times_as_fast": {name: round(v / bundled, 2) for name, v in medians.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ivy", type=Path, default=ROOT / "target/sparknlp/ivy", help="where the jars are kept")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--tuned", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT / "data" / "recipe"))
    if args.worker:
        return worker(args.worker, args.ivy.resolve(), args.tuned)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), args.ivy, args.rows, args.rounds)), flush=True)


if __name__ == "__main__":
    main()
