"""Made-up notes in telegram style: headings, abbreviations, lists and fragments without verbs, as hospitals write them.

The templates of `lexicon/telegraphic.LANGUAGE.toml` say what a line of each section holds. `{D}`, `{P}`, `{S}` and `{M}` are
mentions of a type: short ones of the lexicon, or ones of the training documents. `{words|S}` is a mention as it stands, in
which a slot is words only, and `{5-40}` a number. Headings are no mentions.
"""

import pathlib
import re

import corpus
import replace
import sentences
import tomllib

COUNT = 2500  # notes a language
SHORT = 0.6  # share of the mentions that come from the lexicon
HEADED = 0.75  # share of the sections with a heading
SECTIONS = (1, 5)
LINES = (1, 4)
TYPES = {head[0]: head for head in corpus.HEADS}
STYLES = ("{}: ", "{}: ", "{}: ", "{}:\n", "{}\n", "{}. ", "{} - ", "# {}\n", "- {}: ", "*{}* ")
ENDS = (". ", ". ", ".\n", ", ", "; ", "\n", " / ", " // ", " - ")
LAST = (".\n", "\n", "\n\n")
PART = re.compile(r"\{([DPSM])\}|\{(\d+)-(\d+)\}|\{((?:[^{}]|\{[DPSM]\})+)\|([DPSM])\}")
FOLDER = pathlib.Path(__file__).parent / "lexicon"


class Writer:
    """Writes notes of one language, with mentions of `documents`."""

    def __init__(self, language, documents, random):
        self.lexicon = tomllib.loads((FOLDER / f"telegraphic.{language}.toml").read_text(encoding="utf8"))
        self.lists, self.random = sentences.mentions(documents), random

    def mention(self, letter):
        short = self.lexicon["short"][letter]
        if self.random.random() < SHORT:
            return self.random.choice(short)
        return replace.cased(self.random.choice(self.lists[TYPES[letter]] or short), upper=self.random.random() < 0.3)

    def line(self, template):
        """The text of a template and its mentions."""
        text, entities, at = "", [], 0
        for part in PART.finditer(template):
            text += template[at : part.start()]
            at = part.end()
            slot, low, high, words, letter = part.groups()
            if low:
                text += str(self.random.randint(int(low), int(high)))
                continue
            if words:
                made = re.sub(r"\{([DPSM])\}", lambda inner: self.mention(inner[1]), words)
            else:
                made, letter = self.mention(slot), slot
            entities.append((len(text), len(text) + len(made), TYPES[letter]))
            text += made
        return text + template[at:], entities

    def note(self):
        random, text, entities = self.random, "", []
        sections = list(self.lexicon["lines"])
        for section in random.sample(sections, random.randint(*SECTIONS)):
            headings = self.lexicon["headings"].get(section)
            if headings and random.random() < HEADED:
                heading = random.choice(headings)
                text += random.choice(STYLES).format(heading.upper() if random.random() < 0.3 else heading)
            count = random.randint(*LINES)
            for i in range(count):
                one, found = self.line(random.choice(self.lexicon["lines"][section]))
                entities += [(len(text) + start, len(text) + end, label) for start, end, label in found]
                text += one + random.choice(LAST if i + 1 == count else ENDS)
        return (text if random.random() < 0.5 else text.rstrip()), entities

    def notes(self):
        """`COUNT` new notes with every type annotated."""
        made = []
        for i in range(COUNT):
            text, entities = self.note()
            made.append(corpus.Document(f"telegraphic-{i}", text, frozenset(entities), frozenset(corpus.HEADS)))
        return made
