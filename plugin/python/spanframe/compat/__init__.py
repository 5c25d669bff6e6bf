"""Runs pipelines written for Spark NLP. Only the import lines change.

::

    from spanframe.compat import nlp, medical    # was: from johnsnowlabs import nlp, medical
    from spanframe.compat.nlp import *           # was: from sparknlp.base import *; from sparknlp.annotator import *

Stages only configure the engine; there is no second implementation. ``transform`` takes a Spark or a Polars frame and adds
the columns of converters and finishers. ``document``, ``token`` and ``ner`` are names by which stages find each other, not
columns.

The engine finds entities by its own rules, which read the whole text, and returns them in Spark NLP's layout.
``Pipeline(stages=[...], options={"emulate": "sparknlp"})`` follows Spark NLP's rules too, with its losses.
docs/migrating.md lists every annotator and setter with its counterpart, as ``python -m spanframe.compat`` prints them.

>>> from spanframe.compat import nlp
>>> stages = [
...     nlp.DocumentAssembler().setInputCol("text").setOutputCol("document"),
...     nlp.Tokenizer().setInputCols(["document"]).setOutputCol("token"),
...     nlp.RoBertaForTokenClassification.pretrained("roberta_med_ner_onnx", "en", "clinical/models")
...     .setInputCols(["document", "token"])
...     .setOutputCol("ner"),
...     nlp.NerConverter().setInputCols(["document", "token", "ner"]).setOutputCol("ner_chunk"),
... ]
>>> nlp.LightPipeline(nlp.Pipeline(stages=stages).fit()).annotate("He takes aspirin 81mg daily.")
{'ner_chunk': ['aspirin']}
"""

from . import medical, nlp
from ._absent import UnsupportedError

__all__ = ["UnsupportedError", "medical", "nlp"]
