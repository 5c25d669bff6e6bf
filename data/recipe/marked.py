"""Notes whose mentions are marked in the text, to read and to edit.

A line ``=== ID KIND`` stands before each note. A mention is ``{text|TYPE}`` or ``{text|TYPE:ATTRIBUTES}``, by the letters
below; mentions of two types may nest: ``{{ECG|P} normal|S}``. Standard library only.
"""

import re
from dataclasses import dataclass

TYPES = {"M": "MEDICATION", "D": "DISEASE", "P": "PROCEDURE", "S": "SYMPTOM"}
ATTRIBUTES = {"n": "negated", "u": "uncertain", "h": "historical", "y": "hypothetical", "f": "family"}
TOKEN = re.compile(r"\{|\|([MDPS])(?::([nuhyf](?:,[nuhyf])*))?\}|[^{}|]+|.", re.DOTALL)


@dataclass(frozen=True)
class Note:
    """A note without its marks; `mentions` are (start, end, type, attributes), in code points, in order of their start."""

    id: str
    kind: str
    text: str
    mentions: tuple


def note(head, body):
    """The note of a marked text; `ValueError` names the note whose marks do not close."""
    identifier, kind = head.split(" ", 1)
    text, opened, mentions = "", [], []
    for token in TOKEN.finditer(body):
        if token[0] == "{":
            opened.append(len(text))
        elif token[1]:
            if not opened or opened[-1] == len(text):
                raise ValueError(f"{identifier}: a mark closes what none opened, or nothing")
            attributes = tuple(ATTRIBUTES[letter] for letter in (token[2] or "").split(",") if letter)
            mentions.append((opened.pop(), len(text), TYPES[token[1]], attributes))
        elif token[0] == "}" or token[0] == "|" and opened:
            raise ValueError(f"{identifier}: a brace or a bar is no mark")
        else:
            text += token[0]
    if opened:
        raise ValueError(f"{identifier}: a mark is not closed")
    return Note(
        identifier, kind, text, tuple(sorted(mentions, key=lambda mention: (mention[0], -mention[1], mention[2])))
    )


def notes(marked):
    """The notes of a marked file's text."""
    for block in re.split(r"^=== ", marked, flags=re.MULTILINE)[1:]:
        yield note(*block.rstrip("\n").split("\n", 1))
