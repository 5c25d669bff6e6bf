"""Make data/reference/sparknlp.json.gz: what a real Spark NLP finds with the test models in hard, odd and ordinary texts.

    make sparknlp-reference

DocumentAssembler -> Tokenizer -> *ForTokenClassification -> NerConverter, one row a batch. Positions are UTF-16 code units, ends
inclusive, as Spark NLP counts. The format is described in data/README.md.
"""

import argparse
import gzip
import json
import os
import tempfile
from itertools import islice
from pathlib import Path

import polars as pl
import sparknlp.annotator
from odd_texts import odd_sentences
from pyspark.ml import Pipeline
from pyspark.sql import SparkSession
from sparknlp.annotator import NerConverter, Tokenizer
from sparknlp.base import DocumentAssembler
from sparknlp_models import KINDS, labels_of, prepare, tied_words

SPARK_NLP = "5.5.3"
PACKAGES = [f"com.johnsnowlabs.nlp:spark-nlp_2.12:{SPARK_NLP}", "org.tensorflow:tensorflow-core-api:0.4.2"]
# Engines and clouds that these runs never touch; TensorFlow's classes must be there, its native library need not.
EXCLUDED = [
    "com.johnsnowlabs.nlp:tensorflow-cpu_2.12", "com.johnsnowlabs.nlp:jsl-llamacpp-cpu_2.12",
    "com.johnsnowlabs.nlp:jsl-openvino-cpu_2.12", "com.google.cloud:*", "com.azure:*", "org.apache.poi:*", "org.rocksdb:*",
    "org.eclipse.angus:*", "jakarta.mail:*", "org.jsoup:*",
]
SEED = 5530
ODD = 300
NOTES = 150
NOTE_LENGTH = 500
LONGEST = 4000  # characters of a hard case that are used
LENGTHS = [128, 24]  # of maxSentenceLength: the default, and one that truncates much
CLEANUP_MODES = ["disabled", "inplace", "inplace_full", "shrink", "shrink_full", "each", "each_full", "delete_full"]
CLEANUP_TEXTS = [
    None, "", " ", "\n", "\\n", "\\t\\n", "a\nb", "a\n\nb", "a \n b", " \ta\t\nb ", "a\r\nb", "a\r\n\r\nb", "a\\nb", "a\\r\\nb", "a\\r\\r\\n\\nb",
    "a\\tb\\t\\tc", "a\\rb", "\\r\\n", "a \\n b", "a \\r\\n\\t b", "a\t\\n\\t\nb", "\x00a\x1f", "\x1ca\x1db\x1e", "a\x0b\x0cb", "a\u00a0b", "\u00a0a\u00a0",
    "a\u0085b", "a\u2028b\u2029", "\u3000a\u2003", "a\u200bb", "\ufeffa", "né \n\t 👩\u200d⚕️\t\nok", "  \\n a \\n  ", "\\\\n", "\\n\\n a", "a\t\tb", "a \t\tb",
    "a\n\t\n\tb", "tab\\\\tb", "a\r\rb", "\t\n\t", "a \\t", "\u0001 a \u0007",
]
TOKEN_TEXTS = [
    "x " + "a" * 99_999 + " y", "x " + "a" * 100_000 + " y", "(" + "é" * 100_000 + ").", "aↇb ↈc ↇ", "((a)) ''b'' -c- --", "a\u2028.b .\u2028. \u0085.a",
    "a\x1cb \x1f \x00", "«a» “b” ¿c?", "a,b.c -- d--e *f* \"g\"", "...", ". . .", "!a!b!", "👩\u200d⚕️. (👨\u200d👩\u200d👧)", "I'd like to say we didn't expect that. Jane's boyfriend.",
]


def settings(ivy):
    """Of a local Spark with Spark NLP; its jars are fetched once into `ivy`."""
    return {
        "spark.driver.memory": "4g",
        "spark.ui.enabled": "false",
        "spark.files.overwrite": "true",  # every model is a file of the same name
        "spark.jars.packages": ",".join(PACKAGES),
        "spark.jars.excludes": ",".join(EXCLUDED),
        "spark.jars.ivy": str(ivy),
        "spark.jsl.settings.onnx.intraOpNumThreads": "1",
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.kryoserializer.buffer.max": "1g",
        "spark.sql.shuffle.partitions": "1",
    }


def start(ivy):
    builder = SparkSession.builder.master("local[1]").appName("reference")
    for name, value in settings(ivy).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


def texts(data):
    """Every text once: hard cases (cut), odd sentences, beginnings of notes."""
    hard = pl.read_parquet(data / "hard_cases.parquet")["note"].to_list()
    notes = pl.read_parquet(data / "notes.parquet")["note"].head(NOTES).to_list()
    odd = islice(odd_sentences(SEED), ODD)
    return [text and text[:LONGEST] for text in hard] + list(odd) + [note[:NOTE_LENGTH] for note in notes]


def frame(spark, rows):
    return spark.createDataFrame([(i, text) for i, text in enumerate(rows)], "id int, text string").coalesce(1)


def units(text):
    """The text as UTF-16, so that a position of Spark NLP is two bytes."""
    return (text or "").encode("utf-16-le")


def slice_units(text, begin, end):
    return units(text)[2 * begin : 2 * end + 2].decode("utf-16-le")


def collect(frame, *columns):
    return frame.orderBy("id").select("id", *columns).toLocalIterator()


def tokens_of(text, tokens):
    for token in tokens:
        assert slice_units(text, token["begin"], token["end"]) == token["result"]
    return [at for token in tokens for at in (token["begin"], token["end"])]


def labels_as_read(tokens, annotations, names):
    """One letter a token ("." without annotation, else "a" + label) and permille of the label, as NerConverter reads them: the
    first annotation that begins where the token does. Also how many annotations are not read at all."""
    first = {}
    for annotation in annotations:
        first.setdefault(annotation["begin"], annotation)
    letters, permille = "", []
    for begin in tokens[::2]:
        annotation = first.get(begin)
        if annotation is None:
            letters += "."
            continue
        letters += chr(ord("a") + names.index(annotation["result"]))
        permille.append(round(1000 * float(annotation["metadata"][annotation["result"]])))
    return letters, permille, len(annotations) - len(permille)


def chunks_of(text, chunks, keep_text=False):
    found = []
    for i, chunk in enumerate(chunks):
        metadata = chunk["metadata"]
        assert metadata["chunk"] == str(i) and metadata["sentence"] == "0", metadata
        confidence = round(float(metadata["confidence"]), 4)
        row = [chunk["begin"], chunk["end"], metadata["entity"], confidence]
        if keep_text:
            row.append(chunk["result"])
        else:
            assert slice_units(text, chunk["begin"], chunk["end"]) == chunk["result"]
        found.append(row)
    return found


def converter(output, **settings):
    stage = NerConverter().setInputCols(["document", "token", "ner"]).setOutputCol(output)
    for name, value in settings.items():
        getattr(stage, f"set{name[0].upper()}{name[1:]}")(value)
    return stage


def excluded(source, texts, tokens):
    """Texts whose pieces are not determined, each with the word that is not."""
    words = [[slice_units(text, *at) for at in zip(places[::2], places[1::2])] for text, places in zip(texts, tokens)]
    tied = tied_words(source, sorted({word for found in words for word in found if len(word) < 100}))
    return {str(i): min(tied & set(found)) for i, found in enumerate(words) if tied & set(found)}


def classifier_of(spark, name, folder, length):
    """The annotator that loads a prepared model."""
    annotator = getattr(sparknlp.annotator, KINDS[name][0])
    classifier = annotator.loadSavedModel(str(folder), spark).setInputCols(["document", "token"]).setOutputCol("ner")
    return classifier.setCaseSensitive(name != "bert-uncased").setMaxSentenceLength(length).setBatchSize(1)


def run_model(spark, name, folder, texts, names, length):
    """What one model finds in every text, and the texts on which Spark NLP fails."""
    classifier = classifier_of(spark, name, folder, length)
    cased = classifier.getCaseSensitive()
    kinds = list(dict.fromkeys(label.split("-", 1)[-1] for label in names if label != "O"))
    plain = not any("-" in label for label in names)
    converters = {
        "chunks": converter("chunks", nerHasNoSchema=plain),
        "white_list": converter("white_list", nerHasNoSchema=plain, whiteList=kinds[:2]),
        "joined": converter("joined", nerHasNoSchema=plain, preservePosition=False),
        "other_schema": converter("other_schema", nerHasNoSchema=not plain),
    }
    assembler = DocumentAssembler().setInputCol("text").setOutputCol("document")
    tokenizer = Tokenizer().setInputCols(["document"]).setOutputCol("token")
    stages = [assembler, tokenizer, classifier, *converters.values()]
    model = Pipeline(stages=stages).fit(frame(spark, [""]))
    columns = ["token", "ner", *converters]

    def answers(ids):
        """Rows by id; where Spark NLP throws, the texts are halved until the one is found."""
        rows = spark.createDataFrame([(i, texts[i]) for i in ids], "id int, text string").coalesce(1)
        try:
            return {row["id"]: row for row in model.transform(rows).select("id", *columns).collect()}, []
        except Exception as error:
            if len(ids) == 1:
                lines = [line for line in str(error).splitlines() if line.startswith("Caused by:")]
                return {}, [[ids[0], (lines or [str(error).splitlines()[0]])[-1][:200]]]
            half = len(ids) // 2
            (left, failed), (right, failed_too) = answers(ids[:half]), answers(ids[half:])
            return {**left, **right}, failed + failed_too

    rows, failed = answers(list(range(len(texts))))
    result = {"case_sensitive": cased, "white_list": kinds[:2], "no_schema": plain, "failed": failed, "unread": 0}
    fields = ["labels", "permille", "chunks"] + (["white_listed", "joined", "other_schema"] if length == LENGTHS[0] else [])
    result.update({field: [] for field in fields})
    for i, text in enumerate(texts):
        row = rows.get(i)
        if row is None:
            for field in fields:
                result[field].append(None)
            continue
        letters, permille, unread = labels_as_read(tokens_of(text, row["token"]), row["ner"], names)
        result["unread"] += unread
        result["labels"].append(letters)
        result["permille"].append(permille)
        result["chunks"].append(chunks_of(text, row["chunks"]))
        if length == LENGTHS[0]:
            result["white_listed"].append([c[0] for c in chunks_of(text, row["white_list"])])
            result["joined"].append([c[4] for c in chunks_of(text, row["joined"], keep_text=True)])
            result["other_schema"].append(chunks_of(text, row["other_schema"]))
    return result


def run_tokenizer(spark, texts):
    assembler = DocumentAssembler().setInputCol("text").setOutputCol("document")
    tokenizer = Tokenizer().setInputCols(["document"]).setOutputCol("token")
    rows = frame(spark, texts)
    found = Pipeline(stages=[assembler, tokenizer]).fit(rows).transform(rows)
    return [tokens_of(texts[row["id"]], row["token"]) for row in found.select("id", "token").collect()]


def run_cleanup(spark, texts):
    """The cleaned texts by mode; null where the text stays as it was."""
    rows = frame(spark, texts)
    found = {}
    for mode in CLEANUP_MODES:
        assembler = DocumentAssembler().setInputCol("text").setOutputCol("document").setCleanupMode(mode)
        cleaned = [row["document"][0]["result"] for row in assembler.transform(rows).select("id", "document").collect()]
        found[mode] = [None if new == old else new for new, old in zip(cleaned, texts)]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--ivy", type=Path, default=Path("target/sparknlp/ivy"), help="where the jars are kept")
    args = parser.parse_args()
    os.environ.setdefault("PYSPARK_PIN_THREAD", "true")
    spark = start(args.ivy.resolve())
    rows = texts(args.data)
    cleanup_texts = CLEANUP_TEXTS + rows[:140]
    reference = {
        "about": "Spark NLP's own annotations; positions are UTF-16 code units, ends inclusive",
        "versions": {
            "spark-nlp": SPARK_NLP,
            "spark": spark.version,
            "java": spark.sparkContext._jvm.System.getProperty("java.version"),
            "scala": "2.12",
        },
        "texts": rows,
        "tokens": run_tokenizer(spark, rows),
        "token_texts": TOKEN_TEXTS,
        "token_tokens": run_tokenizer(spark, TOKEN_TEXTS),
        "cleanup_texts": cleanup_texts,
        "cleanup": run_cleanup(spark, cleanup_texts),
        "models": {},
        "excluded": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        for name in KINDS:
            source = args.data / "test_models" / name
            target = Path(folder) / name
            prepare(source, target)
            names = labels_of(source)
            lengths = {str(length): run_model(spark, name, target, rows, names, length) for length in LENGTHS}
            reference["models"][name] = lengths
            reference["excluded"][name] = excluded(source, rows, reference["tokens"])
            print(name, {length: (len(run["failed"]), run["unread"]) for length, run in lengths.items()}, reference["excluded"][name], flush=True)
    content = json.dumps(reference, ensure_ascii=False, separators=(",", ":")).encode()
    target = args.data / "reference/sparknlp.json.gz"
    target.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))
    print(f"{len(rows)} texts, {len(content)} bytes, {target.stat().st_size} compressed")


if __name__ == "__main__":
    main()
