"""Repair of projected (silver) spans by the silver data's own habits.

Word alignment often loses the end of a mention. A bracket that was opened is closed, a hyphenated word completed,
and a span is moved out by up to two words a side where the longer string is itself a usual span of that type in the
same language. Medication is gold and left alone.
"""

import collections
import re

GOLD = "MEDICATION"
# Words that the projection loses in English: the type, the end of the mention, and what belongs to it.
ENDS = [
    ("DISEASE", re.compile(r"\w$"), re.compile(r"('s)? (disease|syndrome)\b")),
    ("PROCEDURE", re.compile(r"\b(antibiotic|corticosteroid|steroid|hormone|insulin)$"), re.compile(r" therapy\b")),
]
MIN_COUNT = 2  # a longer string must be a span at least this often ...
MIN_SHARE = 0.3  # ... and in at least this share of its occurrences
MAX_WORDS = 2


def complete(text, start, end):
    """Close a bracket, complete a hyphenated word on either side, drop a leading "known"."""
    if text[start:end].count("(") > text[start:end].count(")") and text[end : end + 1] == ")":
        end += 1
    if end + 1 < len(text) and text[end] == "-" and text[end + 1].isalpha() and text[end - 1].isalpha():
        end += 1
        while end < len(text) and text[end].isalnum():
            end += 1
    if start > 1 and text[start - 1] == "-" and text[start - 2].isalpha() and text[start].isalpha():
        start -= 1
        while start > 0 and text[start - 1].isalnum():
            start -= 1
    known = re.match(r"known\s+", text[start:end], re.IGNORECASE)
    if known and known.end() < end - start:
        start += known.end()
    return start, end


def starts_before(text, start):
    """`start` and the starts of up to two words before it."""
    starts = [start]
    for _ in range(MAX_WORDS):
        word = re.search(r"([\w-]+) $", text[max(0, starts[-1] - 40) : starts[-1]])
        if not word:
            break
        starts.append(starts[-1] - len(word.group(1)) - 1)
    return starts


def ends_after(text, end):
    """`end` and the ends of up to two words after it."""
    ends = [end]
    for _ in range(MAX_WORDS):
        word = re.match(r" [\w-]+", text[ends[-1] : ends[-1] + 40])
        if not word:
            break
        ends.append(ends[-1] + word.end())
    return ends


def with_lost_words(text, start, end, label):
    """`end` moved behind the words that projection loses."""
    for of, last, lost in ENDS:
        if label == of and last.search(text, start, end) and (words := lost.match(text, end)):
            return words.end()
    return end


def is_word(character):
    return character.isalnum() or character == "_"


def occurrences_of(string, text):
    """How often `string` stands in `text` as whole words."""
    count, at = 0, text.find(string)
    while at >= 0:
        end = at + len(string)
        whole = not (is_word(text[at - 1 : at]) or is_word(text[end : end + 1]))
        count += whole
        at = text.find(string, end if whole else at + 1)
    return count


def repair(documents):
    """New entity sets for (text, entities) pairs of one language."""
    counts = collections.Counter()
    completed = []
    for text, entities in documents:
        spans = set()
        for start, end, label in entities:
            if label != GOLD:
                start, end = complete(text, start, end)
                end = with_lost_words(text, start, end, label)
            spans.add((start, end, label))
            counts[label, text[start:end].lower()] += 1
        completed.append(spans)
    everything = "\n".join(text for text, _ in documents).lower()
    occurrences = {}

    def usual(label, string):
        count = counts[label, string]
        if count < MIN_COUNT:
            return False
        if string not in occurrences:
            occurrences[string] = occurrences_of(string, everything)
        return count >= MIN_SHARE * occurrences[string]

    repaired = []
    for (text, _), spans in zip(documents, completed):
        moved = set()
        for start, end, label in spans:
            if label != GOLD:
                wider = [(s, e) for s in starts_before(text, start) for e in ends_after(text, end)]
                usual_ones = [(s, e) for s, e in wider if e - s > end - start and usual(label, text[s:e].lower())]
                start, end = max(usual_ones, key=lambda span: span[1] - span[0], default=(start, end))
            moved.add((start, end, label))
        repaired.append(moved)
    return repaired
