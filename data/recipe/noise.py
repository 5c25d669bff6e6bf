"""Other spellings of a text with the same code point offsets: letter case and lost accents.

Clinical notes come in lower case and without accents; the corpora do not. Capitals are none of them: the model reads
lines in capitals in lower case (capitals.py). Only characters whose variant is a single code point change, so the
entities stay where they are.
"""

import unicodedata


def lower(character):
    return character.lower()


def plain(character):
    return unicodedata.normalize("NFD", character)[0]


VARIANTS = [lower, plain]


def respell(text, variant):
    """`text` with `variant` applied to each character."""
    changed = (variant(character) for character in text)
    return "".join(new if len(new) == 1 else old for old, new in zip(text, changed))
