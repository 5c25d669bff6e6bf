"""What is in capitals in lower case, every character where it was: what `lower_capitals` of a model's config.json asks for.

`true` lowers lines in capitals, `"phrases"` also phrases inside other lines.
"""

import re

LONG_WORD = 6  # letters of a word that is no abbreviation
WORD = re.compile(r"[^\W_]+")


def lower_in_place(character):
    lower = character.lower()
    return lower if len(lower) == 1 and len(lower.encode()) == len(character.encode()) else character


def lowered(text):
    return "".join(map(lower_in_place, text))


def is_in_capitals(line):
    letters, capitals = sum(map(str.isalpha, line)), sum(map(str.isupper, line))
    words = re.findall(r"[^\W\d_]+", line)
    return 5 * capitals > 4 * letters and any(len(word) >= LONG_WORD and all(map(str.isupper, word)) for word in words)


def phrases(line):
    """The ranges of two or more words in capitals in a row, and of single long ones."""
    found, run = [], []
    for word in [*WORD.finditer(line), None]:
        capital = word is not None and all(map(str.isupper, word[0]))
        joins = capital and run and line[run[-1].end() : word.start()].isspace()
        if not joins:
            if len(run) > 1 or (run and len(run[0][0]) >= LONG_WORD):
                found.append((run[0].start(), run[-1].end()))
            run = []
        if capital:
            run.append(word)
    return found


def lower(text, inside_lines=False):
    lines = text.split("\n")
    for i, line in enumerate(lines):
        if is_in_capitals(line):
            lines[i] = lowered(line)
        elif inside_lines:
            for start, end in phrases(line):
                line = line[:start] + lowered(line[start:end]) + line[end:]
            lines[i] = line
    return "\n".join(lines)
