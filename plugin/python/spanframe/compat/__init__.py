"""Pipelines written for Spark NLP, run by the engine: change the import lines, keep the rest.

::

    from spanframe.compat import nlp, medical    # was: from johnsnowlabs import nlp, medical
    from spanframe.compat.nlp import *           # was: from sparknlp.base import *; from sparknlp.annotator import *

Stages only describe what the engine is to do; there is no second implementation. ``transform`` takes a Spark or a Polars
frame. Of the columns that Spark NLP would make, the frame has those of converters and finishers; ``document``, ``token``
and ``ner`` are names by which stages find each other, and no columns. Entities are found by the engine's own rules, which
read the whole text, and shown as Spark NLP shows them; ``Pipeline(stages=[...], options={"emulate": "sparknlp"})`` follows
its rules too, losses included. docs/migrating.md has every annotator and setter with its counterpart, as
``python -m spanframe.compat`` prints them.

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
