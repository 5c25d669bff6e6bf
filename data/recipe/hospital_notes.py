"""JSON lines of the hospital notes in data/hospital, from their marked texts (marked.py).

    python data/recipe/hospital_notes.py

Offsets in the JSON lines are code points, half-open. Standard library only.
"""

import json
import pathlib

import marked

FOLDER = pathlib.Path(__file__).parents[1] / "hospital"


def record(note, language):
    """A note as one line of JSON has it."""
    names = ("start", "end", "label", "attributes")
    entities = [dict(zip(names, (*mention[:3], list(mention[3])))) for mention in note.mentions]
    return {"id": note.id, "lang": language, "kind": note.kind, "text": note.text, "entities": entities}


for path in sorted(FOLDER.glob("*.txt")):
    records = [record(note, path.stem) for note in marked.notes(path.read_text(encoding="utf8"))]
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    (FOLDER / f"hospital.{path.stem}.dev.jsonl").write_text(lines, encoding="utf8")
    print(f"{path.name}: {len(records)} notes, {sum(len(record['entities']) for record in records)} mentions")
