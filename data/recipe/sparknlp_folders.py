"""Make data/reference/sparknlp_folders/: model folders as a real Spark NLP saves them.

    make sparknlp-folders

Each test model goes through `loadSavedModel` and is written by Spark NLP itself, untouched afterwards: `NAME/` by
`write().save`, and `pipeline/`, a whole PipelineModel (DocumentAssembler, Tokenizer, the classifier of bert-cased,
NerConverter), by Spark's. The ONNX weights in them are those of data/test_models. Checksum files of Hadoop (.crc) are left out.
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import sparknlp.annotator
from pyspark.ml import Pipeline
from sparknlp.annotator import Tokenizer
from sparknlp.base import DocumentAssembler
from sparknlp_models import KINDS, SAVED_KINDS, prepare
from sparknlp_reference import converter, frame, start

MODELS = ["bert-cased", "bert-uncased", "roberta", "xlm-roberta-fp32", "distilbert", "camembert", "deberta-v2"]
IN_PIPELINE = "bert-cased"
LENGTH = 96  # another maxSentenceLength than the default, so that it can be seen in the card


def classifier(spark, name, folder):
    annotator = getattr(sparknlp.annotator, {**KINDS, **SAVED_KINDS}[name][0])
    stage = annotator.loadSavedModel(str(folder), spark).setInputCols(["document", "token"]).setOutputCol("ner")
    return stage.setCaseSensitive(name != "bert-uncased").setMaxSentenceLength(LENGTH)


def keep(source, target):
    """The folder without Hadoop's checksums, which are hidden files."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*.crc"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--ivy", type=Path, default=Path("target/sparknlp/ivy"), help="where the jars are kept")
    parser.add_argument("models", nargs="*", default=MODELS)
    args = parser.parse_args()
    os.environ.setdefault("PYSPARK_PIN_THREAD", "true")
    spark = start(args.ivy.resolve())
    kept = args.data / "reference/sparknlp_folders"
    with tempfile.TemporaryDirectory() as folder:
        for name in args.models:
            exported, saved = Path(folder) / name, Path(folder) / f"{name}.saved"
            prepare(args.data / "test_models" / name, exported)
            stage = classifier(spark, name, exported)
            stage.write().overwrite().save(str(saved))
            keep(saved, kept / name)
            print(name, stage.uid, flush=True)
            if name == IN_PIPELINE:
                assembler = DocumentAssembler().setInputCol("text").setOutputCol("document")
                tokenizer = Tokenizer().setInputCols(["document"]).setOutputCol("token")
                stages = [assembler, tokenizer, stage, converter("ner_chunk")]
                model = Pipeline(stages=stages).fit(frame(spark, [""]))
                model.write().overwrite().save(str(Path(folder) / "pipeline"))
                keep(Path(folder) / "pipeline", kept / "pipeline")


if __name__ == "__main__":
    main()
