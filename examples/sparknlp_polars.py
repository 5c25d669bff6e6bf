"""The scripts of sparknlp_english.py and sparknlp_spanish.py on Polars: the frame and the last line change."""

import polars as pl

from spanframe.compat import medical, nlp

SCRIPTS = (
    ("roberta_med_ner_onnx", "en", "Home medications: metformin, insulin glargine, aspirin."),
    ("roberta_med_ner_es_onnx", "es", "Medicación habitual: metformina, insulina glargina, aspirina."),
)

for name, language, text in SCRIPTS:
    document_assembler = nlp.DocumentAssembler().setInputCol("text").setOutputCol("document")
    tokenizer = nlp.Tokenizer().setInputCols(["document"]).setOutputCol("token")
    token_classifier = (
        nlp.RoBertaForTokenClassification.pretrained(name, language, "clinical/models")
        .setInputCols(["document", "token"])
        .setOutputCol("ner")
    )
    ner_converter = medical.NerConverterInternal().setInputCols(["document", "token", "ner"]).setOutputCol("ner_chunk")
    pipeline = nlp.Pipeline(stages=[document_assembler, tokenizer, token_classifier, ner_converter])

    data = pl.DataFrame({"text": [text]})
    result = pipeline.fit(data).transform(data)
    print(result.ner.explode("ner_chunk").select("chunk", "entity"))
