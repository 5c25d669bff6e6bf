"""Other systems that judge spans which are given, for assertion.py.

    python benches/assertion_peers.py SYSTEM NOTES.jsonl

Prints a line of JSON: counts of each attribute, the seconds of one pass on one thread (tokens, sentences and attributes) and
those of the attributes alone. Imports, loading and a first pass are left out. The systems, each with its own rules:

* `medspacy`: medspaCy's tokenizer, sentences by PyRuSH, ConText;
* `medspacy_sections`: the same with its sectionizer, which reads headings;
* `negspacy`: spaCy's tokenizer and sentencizer, NegEx.
"""

import importlib.metadata
import json
import sys
import time
from pathlib import Path

import medspacy
import negspacy.negation  # noqa: F401
import spacy
from loguru import logger
from spacy.tokens import Doc, Span

# PyRuSH writes a line for each sentence, which takes longer than its work
logger.disable("PyRuSH")

#: passes are repeated for so long, and their mean is printed
SECONDS = 1.0
#: spans may share tokens, which a group allows and `doc.ents` does not
GROUP = "medspacy_spans"
CONTEXT = {
    "negated": "is_negated",
    "uncertain": "is_uncertain",
    "historical": "is_historical",
    "hypothetical": "is_hypothetical",
    "family": "is_family",
}

Spans = list[Span]


class System:
    """A pipeline of spaCy: one part makes sentences, the others give attributes."""

    def __init__(self, name: str):
        if name == "negspacy":
            self.attributes, self.packages = {"negated": "negex"}, ("negspacy", "spacy")
            self.reads_entities = True
            self.pipeline = spacy.blank("en")
            self.pipeline.add_pipe("sentencizer")
            self.pipeline.add_pipe("negex")
        else:
            self.attributes, self.packages = CONTEXT, ("medspacy", "PyRuSH", "spacy")
            self.reads_entities = False
            self.pipeline = medspacy.load(medspacy_enable=["medspacy_tokenizer", "medspacy_pyrush"])
            self.pipeline.add_pipe("medspacy_context", config={"input_span_type": "group", "span_group_name": GROUP})
            if name == "medspacy_sections":
                config = {"input_span_type": "group", "span_group_name": GROUP, "span_attrs": "default"}
                self.pipeline.add_pipe("medspacy_sectionizer", config=config)
        parts = [part for _, part in self.pipeline.pipeline]
        self.sentences, self.rules = parts[0], parts[1:]

    def prepare(self, note: dict) -> tuple[Doc, Spans]:
        """The note with its tokens, sentences and spans."""
        doc = self.sentences(self.pipeline.make_doc(note["text"]))
        spans = [
            doc.char_span(entity["start"], entity["end"], label=entity.get("label", "ENTITY"), alignment_mode="expand")
            for entity in note["entities"]
        ]
        doc.spans[GROUP] = spans
        if self.reads_entities:
            doc.ents = spacy.util.filter_spans(spans)
        return doc, spans

    def judge(self, doc: Doc) -> None:
        for part in self.rules:
            part(doc)

    def found(self, span: Span) -> set[str]:
        return {name for name, extension in self.attributes.items() if span._.get(extension)}


def seconds(work, made=lambda: None) -> float:
    """Mean seconds of `work` on what `made` makes, whose own time is left out."""
    spent, passes = 0.0, 0
    while passes == 0 or spent < SECONDS:
        material = made()
        started = time.perf_counter()
        work(material)
        spent, passes = spent + time.perf_counter() - started, passes + 1
    return spent / passes


def measure(name: str, notes: list[dict]) -> dict:
    system = System(name)
    counts = {attribute: {"hits": 0, "gold": 0, "found": 0} for attribute in system.attributes}

    def whole(_: None) -> list[tuple[Doc, Spans]]:
        documents = [system.prepare(note) for note in notes]
        alone(documents)
        return documents

    def alone(documents: list[tuple[Doc, Spans]]) -> None:
        for doc, _ in documents:
            system.judge(doc)

    for note, (_, spans) in zip(notes, whole(None), strict=True):
        for entity, span in zip(note["entities"], spans, strict=True):
            gold, found = set(entity["attributes"]), system.found(span)
            for attribute, count in counts.items():
                count["hits"] += attribute in gold and attribute in found
                count["gold"] += attribute in gold
                count["found"] += attribute in found
    texts = [note["text"] for note in notes]
    return {
        "system": name,
        "versions": {package: importlib.metadata.version(package) for package in system.packages},
        "seconds": seconds(whole),
        "attributes_alone_seconds": seconds(alone, lambda: [system.prepare(note) for note in notes]),
        "counts": counts,
        "notes": len(notes),
        "entities": sum(len(note["entities"]) for note in notes),
        "words": sum(len(text.split()) for text in texts),
        "bytes": sum(len(text.encode()) for text in texts),
    }


if __name__ == "__main__":
    lines = Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()
    print(json.dumps(measure(sys.argv[1], [json.loads(line) for line in lines])))
