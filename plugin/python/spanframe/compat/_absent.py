"""Names of Spark NLP that this package does not support, with the nearest alternative."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from .._internal import InputError

ABSENT: tuple[tuple[str, str], ...] = (
    # setters: Stage.setter
    (
        r"NerConverter\.set(BlackList|Threshold|GreedyMode|ReplaceLabels|ReplaceDictResource)",
        "use medical.NerConverterInternal",
    ),
    (r".*\.setIgnoreStopWords", "join mentions afterwards; setGreedyMode joins adjacent ones"),
    (r"Tokenizer\.(set|add)\w+", "words are those of the model's own tokenizer; leave it out"),
    (
        r"SentenceDetector\.set\w+",
        "sentences only decide where long texts are split, without loss; leave it out",
    ),
    (
        r"DocumentAssembler\.set(IdCol|MetadataCol)",
        "all columns of the frame are kept beside the new one; leave it out",
    ),
    (r".*\.setCaseSensitive", "the model's own tokenizer decides whether case counts; leave it out"),
    (r".*\.setLazyAnnotator", "no stage is lazy; leave it out"),
    (r".*\.setConfigProtoBytes", "there is no TensorFlow; leave it out"),
    (r".*\.getClasses", "spanframe.Engine(model).entities lists the types"),
    (r".*\.(save|write)", "save the Pipeline or PipelineModel"),
    (
        r"ContextualAssertion\.(set|add)\w*(Keywords|RegexPatterns)",
        "give your cues as rules, by options={'assertion_rules': 'rules.toml'} of nlp.Pipeline (docs/assertion.md)",
    ),
    (
        r"\w*Assertion\w*\.(set|add)\w*(Scope|Window|Match)\w*",
        "each rule has its own reach, which assertion_rules may change (docs/assertion.md); leave it out",
    ),
    (
        r"AssertionFilterer\.set(Regex|EntitiesConfidence)",
        "set a white list of labels here, or one of types in the converter",
    ),
    (r"AssertionFilterer\.setCriteria", "labels decide, not words: take a white list of types in the converter"),
    (r"\w*Assertion\w*\.setTargetNerLabels", "set a white list in the converter"),
    (r"Finisher\.setParseEmbeddingsVectors", "there are no embeddings; leave it out"),
    # stages
    (
        r"SentenceDetectorDL\w*|SaT\w*",
        "nlp.SentenceDetector, or no sentence detector at all: long texts are read whole",
    ),
    (
        r"(Medical|Legal|Finance)?Ner(DL|Crf)?(Model|Approach)|MedicalNer\w*",
        "a token classifier: medical.BertForTokenClassification.pretrained(...) or loadSavedModel(folder)",
    ),
    (r"\w*ZeroShotNer\w*|PretrainedZeroShot\w*", "a token classifier with fixed types: nlp.BertForTokenClassification"),
    (
        r"\w*(AlbertFor|LongformerFor|XlnetFor|MPNetFor|ModernBertFor)TokenClassification",
        "nlp.BertForTokenClassification, RoBertaForTokenClassification or XlmRoBertaForTokenClassification",
    ),
    (
        r"\w*(WordEmbeddings|Embeddings)(Model|Finisher|Approach)?",
        "nothing: a token classifier reads the text itself, leave it out",
    ),
    (r"RegexTokenizer|RecursiveTokenizer\w*|WordSegmenter\w*|TokenizerModel", "nlp.Tokenizer"),
    (
        r"Chunk(Merge\w*|Converter|Filterer\w*)|AnnotationMerger",
        "one engine finds all types at once: spanframe.spark.annotate(df, column, entities=[...])",
    ),
    (r"NerConverterInternalModel|NerOverwriter|IOBTagger|NerChunker\w*", "medical.NerConverterInternal"),
    (
        r"(AssertionDL|AssertionLogReg|FewShotAssertionClassifier)Model"
        r"|BertForAssertionClassification|ContextualAssertion|AssertionFilterer",
        "take it from spanframe.compat.medical",
    ),
    (r"\w*Assertion\w*|NegEx\w*", "medical.AssertionDLModel, whose rules need no training"),
    (r"(Light)?DeIdentification\w*|ReIdentification", "nothing: spanframe finds spans and does not change texts"),
    (
        r"\w*Resolver\w*",
        "pass options={'link': 'terms.vocabulary'} to nlp.Pipeline: codes of a vocabulary of yours (docs/vocabularies.md)",
    ),
    (
        r"ChunkMapper\w*|Doc(ument)?Mapper\w*",
        "join a table of yours by the code that the option link gives (docs/vocabularies.md)",
    ),
    (
        r"\w*RelationExtraction\w*|\w*ForSequenceClassification|\w*ForQuestionAnswering|\w*Classifier(DL)?\w*",
        "nothing: spanframe finds entities only",
    ),
    (
        r"DocumentNormalizer|Normalizer|Lemmatizer\w*|Stemmer|StopWordsCleaner|\w*SpellCheck\w*",
        "DocumentAssembler.setCleanupMode, or clean the column first",
    ),
    (
        r"PretrainedPipeline|ResourceDownloader",
        "nothing is downloaded: build an nlp.Pipeline with a model of spanframe.models()",
    ),
    (r"RecursivePipeline\w*", "nlp.Pipeline"),
    (r"TokenAssembler|Doc2Chunk|Chunk2Doc|MultiDocumentAssembler", "nlp.DocumentAssembler"),
)
"""Names, as regular expressions, each with what to do instead."""


class UnsupportedError(InputError, AttributeError):
    """Spark NLP supports it and spanframe does not. The message names the nearest alternative."""


def unsupported(name: str, known: Iterable[str] = (), value: object = None) -> UnsupportedError:
    """Returns the error for a stage (``"ChunkMapperModel"``) or a setter (``"NerConverter.setThreshold"``).

    Examples
    --------
    >>> print(unsupported("TokenizerModel"))
    `TokenizerModel` is not supported: nlp.Tokenizer
    >>> print(unsupported("NerConvertor", ["NerConverter"]))
    `NerConvertor` is not supported: did you mean `NerConverter`?
    """
    shown = f"`{name}`" if value is None else f"`{name}({value!r})`"
    prefix, dot, last = name.rpartition(".")
    for pattern, instead in ABSENT:
        if re.fullmatch(pattern, name):
            return UnsupportedError(f"{shown} is not supported: {instead}")
    if value is not None:
        return UnsupportedError(f"{shown} is not supported: it may be {', '.join(known)}")
    near = get_close_matches(last, list(known), n=1, cutoff=0.7)
    if near:
        return UnsupportedError(f"{shown} is not supported: did you mean `{prefix}{dot}{near[0]}`?")
    return UnsupportedError(f"{shown} is not supported: docs/migrating.md lists what is; there are {', '.join(known)}")
