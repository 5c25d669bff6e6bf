"""Annotates Parquet files as they arrive in a folder. Each file's rows are written once, even across restarts.

spark-submit examples/spark_stream.py incoming annotated checkpoint note
"""

import sys

from pyspark.sql import SparkSession

import spanframe.spark

incoming, annotated, checkpoint, column = sys.argv[1:5]
spark = SparkSession.builder.appName("spanframe").getOrCreate()
notes = spark.readStream.schema(spark.read.parquet(incoming).schema).parquet(incoming)
query = (
    spanframe.spark.annotate(notes, column)
    .writeStream.format("parquet")
    .option("checkpointLocation", checkpoint)
    .trigger(availableNow=True)
    .start(annotated)
)
query.awaitTermination()
