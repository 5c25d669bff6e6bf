"""JSON lines of the hospital notes in data/hospital, from their marked texts.

    python data/recipe/hospital_notes.py

A marked text has a line ``=== ID KIND`` before each note, and each mention as ``{text|TYPE}`` or ``{text|TYPE:ATTRIBUTES}``,
by the letters below. Offsets in the JSON lines are code points, half-open. Standard library only.
"""

import json
import pathlib
import re

FOLDER = pathlib.Path(__file__).parents[1] / "hospital"
TYPES = {"M": "MEDICATION", "D": "DISEASE", "P": "PROCEDURE", "S": "SYMPTOM"}
ATTRIBUTES = {"n": "negated", "u": "uncertain", "h": "historical", "y": "hypothetical", "f": "family"}
MENTION = re.compile(r"\{([^{}|]+)\|([MDPS])(?::([nuhyf](?:,[nuhyf])*))?\}")


def notes(marked: str, language: str):
    """One record for each note of a marked text."""
    for block in re.split(r"^=== ", marked, flags=re.MULTILINE)[1:]:
        head, body = block.rstrip("\n").split("\n", 1)
        text, entities, last = "", [], 0
        for mention in MENTION.finditer(body):
            text += body[last : mention.start()]
            begin, last = len(text), mention.end()
            text += mention[1]
            attributes = [ATTRIBUTES[letter] for letter in (mention[3] or "").split(",") if letter]
            entities.append({"start": begin, "end": len(text), "label": TYPES[mention[2]], "attributes": attributes})
        text += body[last:]
        identifier, kind = head.split(" ", 1)
        if set("{}|") & set(text):
            raise ValueError(f"{identifier}: a mention is not marked as it should be")
        yield {"id": identifier, "lang": language, "kind": kind, "text": text, "entities": entities}


for path in sorted(FOLDER.glob("*.txt")):
    records = list(notes(path.read_text(encoding="utf8"), path.stem))
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    (FOLDER / f"hospital.{path.stem}.dev.jsonl").write_text(lines, encoding="utf8")
    print(f"{path.name}: {len(records)} notes, {sum(len(record['entities']) for record in records)} mentions")
