"""The corpora: reading, joining, splitting, and what may be trained on.

The folder holds files named `<corpus>.<language>.<split>.jsonl.gz`, one JSON object a line with `id`, `lang`,
`text`, `entities` (`start`, `end` in code points, `label`) and sometimes `annotated_types`.

The same clinical case exists in three languages under one id (DrugTEMIST puts `en-`, `es-` or `it-` before it),
so a case is identified by `case_id`, and no case of a test file is ever trained on, in any language.
"""

import collections
import gzip
import hashlib
import json
import pathlib
import re
from dataclasses import dataclass

import marked
from repair import repair

HEADS = ["MEDICATION", "DISEASE", "PROCEDURE", "SYMPTOM"]
LANGUAGES = ["es", "en", "it"]
TEST_FILES = ["spaccc.es", "drugtemist.es", "drugtemist.en", "drugtemist.it", "silver-proj.en", "silver-proj.it"]
NOTES = pathlib.Path(__file__).parent / "lexicon"
DEV_CASES = 15
# English corpora of other kind, and the types of which they mean what the clinical cases do: not the chemicals of BC5CDR, nor
# the procedures of MACCROBAT, which laboratory tests are too.
ENGLISH = [
    ("en-maccrobat", "maccrobat.en", ["MEDICATION", "DISEASE", "SYMPTOM"]),
    ("en-ncbi", "ncbi-disease.en", ["DISEASE"]),
    ("en-bc5cdr", "bc5cdr.en", ["DISEASE"]),
]
UNLABELLED = {
    "es": ["unlabelled.codiesp-background.es", "unlabelled.cantemist-background-rest.es"],
    "en": ["unlabelled.e3c-layer3-ccby.en", "unlabelled.aci-bench.en", "unlabelled.mts-dialog.en"],
    "it": ["unlabelled.e3c-layer3-ccby.it"],
}


@dataclass(frozen=True)
class Document:
    """A text with its entities; `types` are the entity types that were annotated (silence on others says nothing)."""

    case: str
    text: str
    entities: frozenset  # of (start, end, type)
    types: frozenset


def case_id(record_id):
    """The id of a clinical case without the language prefix of DrugTEMIST and the type that MultiClinNER adds."""
    return re.sub(r"^(en|es|it)-|#[A-Z]+$", "", record_id)


def load(folder, name, types=None):
    """The documents of one file; `types` overrides its annotated types. A record without entities is annotated with none."""
    documents = []
    with gzip.open(pathlib.Path(folder) / f"{name}.jsonl.gz", "rt", encoding="utf8") as lines:
        for record in map(json.loads, lines):
            annotated = record.get("annotated_types") or (HEADS if "entities" in record else [])
            known = frozenset(types or annotated)
            entities = frozenset((e["start"], e["end"], e["label"]) for e in record.get("entities", ()) if e["label"] in known)
            documents.append(Document(case_id(record["id"]), record["text"], entities, known))
    return documents


def join(documents, others):
    """Add the annotations of the same case and text in `others`."""
    by_case = {other.case: other for other in others}
    joined = []
    for document in documents:
        other = by_case.get(document.case)
        if other and other.text == document.text:
            document = Document(document.case, document.text, document.entities | other.entities, document.types | other.types)
        joined.append(document)
    return joined


def by_digest(cases):
    """Cases in an order that is fixed, the same in every language, and unrelated to their content."""
    return sorted(set(cases), key=lambda case: hashlib.md5(case.encode()).hexdigest())


def sample(documents, count):
    """At most `count` documents: those whose cases come first by digest."""
    chosen = set(by_digest(document.case for document in documents)[:count])
    return [document for document in documents if document.case in chosen]


def cardiology(folder):
    """CardioCCC in three languages: Spanish gold, English and Italian with projected (silver) types."""
    return {
        "es": load(folder, "cardioccc.es.dev"),
        "en": load(folder, "silver-proj.en.cardiodev"),
        "it": load(folder, "silver-proj.it.cardiodev"),
    }


def dev_set(folder):
    """The CardioCCC cases that are kept out of training to follow it: the same in every language.

    "en gold" are the English gold cases. Their Spanish gold is trained on, their English silver is not.
    """
    dev = {language: sample(documents, DEV_CASES) for language, documents in cardiology(folder).items()}
    return {**dev, "en gold": load(folder, "multiclinner.en.dev")}


def only_medication(document):
    """The document without what was projected."""
    entities = frozenset(entity for entity in document.entities if entity[2] == "MEDICATION")
    return Document(document.case, document.text, entities, frozenset(["MEDICATION"]))


def unlabelled(folder):
    """Texts without annotations by language, none of them a case of SPACCC or CardioCCC."""
    return {language: [d for name in names for d in load(folder, name)] for language, names in UNLABELLED.items()}


def notes():
    """The made-up hospital notes of the lexicon by language, every type annotated; none is a note of data/hospital."""
    made = {}
    for path in sorted(NOTES.glob("notes.*.txt")):
        for note in marked.notes(path.read_text(encoding="utf8")):
            entities = frozenset(mention[:3] for mention in note.mentions)
            made.setdefault(path.suffixes[0][1:], []).append(Document(note.id, note.text, entities, frozenset(HEADS)))
    return made


def gold_over_silver(silver, gold):
    """Silver documents with the types of gold documents in the place of theirs, and the gold documents of other texts.

    Gold of the same text replaces the silver annotations of its type. Texts of one case differ a little between types:
    gold of another text stays a document of its own, and the silver document of the case loses that type.
    """
    by_case = collections.defaultdict(list)
    for document in gold:
        by_case[document.case].append(document)
    mixed, apart = [], []
    for document in silver:
        better = by_case.pop(document.case, [])
        types = frozenset().union(*(one.types for one in better))
        same = [one for one in better if one.text == document.text]
        kept = {entity for entity in document.entities if entity[2] not in types}
        entities = kept.union(*(one.entities for one in same))
        gained = frozenset().union(*(one.types for one in same))
        mixed.append(Document(document.case, document.text, frozenset(entities), document.types - types | gained))
        apart += [one for one in better if one.text != document.text]
    return mixed, apart + [document for rest in by_case.values() for document in rest]


def training_pools(folder):
    """Training documents by pool: one a language for the clinical cases, one for each English corpus of other kind."""
    cases = {"es": join(load(folder, "spaccc.es.train"), load(folder, "drugtemist.es.train"))}
    for language in ("en", "it"):
        cases[language] = load(folder, f"silver-proj.{language}.train")
    dev = {document.case for document in dev_set(folder)["es"]}
    for language, documents in cardiology(folder).items():
        cases[language] += [document for document in documents if document.case not in dev]
    pools = {"es": cases["es"]}
    for language in ("en", "it"):
        repaired = repair([(d.text, d.entities) for d in cases[language]])
        pools[language] = [Document(d.case, d.text, frozenset(e), d.types) for d, e in zip(cases[language], repaired)]
    pools["en"], pools["en-gold"] = gold_over_silver(pools["en"], load(folder, "multiclinner.en.train"))
    gold_dev = {document.case for document in load(folder, "multiclinner.en.dev")}
    pools["en"] = [only_medication(d) if d.case in gold_dev else d for d in pools["en"]]
    for name, corpus, types in ENGLISH:
        pools[name] = load(folder, f"{corpus}.train", types) + load(folder, f"{corpus}.dev", types)
    forbidden = dev | {document.case for name in TEST_FILES for document in load(folder, f"{name}.test")}
    for name, documents in pools.items():
        leaked = forbidden & {document.case for document in documents}
        assert not leaked, f"{name} holds cases of a test or dev set: {sorted(leaked)[:5]}"
    return pools


def test_sets(folder):
    """The test sets by name; a name says where types other than medication are silver."""
    return {
        "es gold": join(load(folder, "spaccc.es.test"), load(folder, "drugtemist.es.test")),
        "en gold": load(folder, "drugtemist.en.test", ["MEDICATION"]),
        "it gold": load(folder, "drugtemist.it.test", ["MEDICATION"]),
        "en silver": load(folder, "silver-proj.en.test", ["DISEASE", "PROCEDURE", "SYMPTOM"]),
        "it silver": load(folder, "silver-proj.it.test", ["DISEASE", "PROCEDURE", "SYMPTOM"]),
    }
