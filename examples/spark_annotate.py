"""Annotates a Parquet file on Spark and writes one row per entity.

spark-submit examples/spark_annotate.py data/notes.parquet entities.parquet note
"""

import sys

from pyspark.sql import SparkSession

import spanframe.spark

source, target, column = sys.argv[1:4]
spark = SparkSession.builder.appName("spanframe").getOrCreate()
notes = spark.read.parquet(source)
annotated = spanframe.spark.annotate(notes, column, output="ner_chunk", on_error="null")
(
    annotated.selectExpr("id", "explode(ner_chunk) as chunk")
    .selectExpr(
        "id",
        "chunk.result as chunk",
        "chunk.metadata['entity'] as entity",
        "chunk.begin",
        "chunk.end",
        "cast(chunk.metadata['confidence'] as float) as confidence",
    )
    .write.mode("overwrite")
    .parquet(target)
)
