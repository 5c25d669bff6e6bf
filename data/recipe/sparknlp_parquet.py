"""Make data/reference/sparknlp.parquet: a table with entities as Spark NLP itself writes it to Parquet.

    make sparknlp-reference

Columns `id` (int), `text` (string, one null) and `ner_chunk` (the annotations of NerConverter), written by Spark without any change.
The pipeline is that of sparknlp_reference.py with the model `bert-cased`, which computes in fp32, and the default
maxSentenceLength. The texts are the short hard cases, odd sentences, and notes that are longer than Spark NLP reads.
"""

import argparse
import os
import shutil
import tempfile
from itertools import islice
from pathlib import Path

import polars as pl
from odd_texts import odd_sentences
from pyspark.ml import Pipeline
from sparknlp.annotator import Tokenizer
from sparknlp.base import DocumentAssembler
from sparknlp_models import prepare
from sparknlp_reference import LENGTHS, LONGEST, NOTE_LENGTH, SEED, classifier_of, converter, frame, start

MODEL = "bert-cased"
ODD = 100
NOTES = 60


def texts(data):
    """Hard cases as long as the beginning of a note at most, odd sentences, whole notes (cut after `LONGEST`)."""
    hard = pl.read_parquet(data / "hard_cases.parquet")["note"].to_list()
    notes = pl.read_parquet(data / "notes.parquet")["note"].head(NOTES).to_list()
    odd = islice(odd_sentences(SEED), ODD)
    short = [text for text in hard if text is None or len(text) <= NOTE_LENGTH]
    return short + list(odd) + [note[:LONGEST] for note in notes]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--ivy", type=Path, default=Path("target/sparknlp/ivy"), help="where the jars are kept")
    args = parser.parse_args()
    os.environ.setdefault("PYSPARK_PIN_THREAD", "true")
    spark = start(args.ivy.resolve())
    rows = frame(spark, texts(args.data))
    with tempfile.TemporaryDirectory() as folder:
        prepare(args.data / "test_models" / MODEL, Path(folder) / MODEL)
        stages = [
            DocumentAssembler().setInputCol("text").setOutputCol("document"),
            Tokenizer().setInputCols(["document"]).setOutputCol("token"),
            classifier_of(spark, MODEL, Path(folder) / MODEL, LENGTHS[0]),
            converter("ner_chunk"),
        ]
        found = Pipeline(stages=stages).fit(rows).transform(rows)
        written = Path(folder) / "written"
        found.select("id", "text", "ner_chunk").coalesce(1).write.parquet(str(written))
        [part] = written.glob("part-*.parquet")
        target = args.data / "reference/sparknlp.parquet"
        shutil.copyfile(part, target)
    table = spark.read.parquet(str(target))
    table.printSchema()
    print(f"{table.count()} texts, {table.selectExpr('sum(size(ner_chunk))').first()[0]} chunks, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
