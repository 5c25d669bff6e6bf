"""Lines in capitals in lower case, every character where it was: what `lower_capitals` of a model's config.json asks for."""

import re

LONG_WORD = 6  # letters of a word that is no abbreviation


def lower_in_place(character):
    lower = character.lower()
    return lower if len(lower) == 1 and len(lower.encode()) == len(character.encode()) else character


def is_in_capitals(line):
    letters, capitals = sum(map(str.isalpha, line)), sum(map(str.isupper, line))
    words = re.findall(r"[^\W\d_]+", line)
    return 5 * capitals > 4 * letters and any(len(word) >= LONG_WORD and all(map(str.isupper, word)) for word in words)


def lower(text):
    lines = text.split("\n")
    return "\n".join("".join(map(lower_in_place, line)) if is_in_capitals(line) else line for line in lines)
