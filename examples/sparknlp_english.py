from pyspark.sql import SparkSession
from spanframe.compat import medical, nlp

spark = SparkSession.builder.getOrCreate()

document_assembler = nlp.DocumentAssembler().setInputCol("text").setOutputCol("document")

tokenizer = nlp.Tokenizer().setInputCols(["document"]).setOutputCol("token")

token_classifier = (
    nlp.RoBertaForTokenClassification.pretrained("roberta_med_ner_onnx", "en", "clinical/models")
    .setInputCols(["document", "token"])
    .setOutputCol("ner")
    .setMaxSentenceLength(512)
    .setCaseSensitive(True)
)

ner_converter = medical.NerConverterInternal().setInputCols(["document", "token", "ner"]).setOutputCol("ner_chunk")

pipeline = nlp.Pipeline(stages=[document_assembler, tokenizer, token_classifier, ner_converter])

data = spark.createDataFrame([["Home medications: metformin, insulin glargine, aspirin."]]).toDF("text")

result = pipeline.fit(data).transform(data)

result.selectExpr("explode(ner_chunk) as chunk").selectExpr(
    "chunk.result as chunk", "chunk.metadata['entity'] as entity"
).show(truncate=False)
