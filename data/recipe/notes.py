"""Make data/notes.parquet: 2,400 synthetic clinical notes in English, Spanish and Italian.

Everything is written from the grammars and the term lists in lexicon/ with a fixed seed, so no corpus text and no real
person is in it. Lengths follow a log-normal law whose tail reaches several thousand words; about one note in ten carries a
section copied forward verbatim from an earlier note of the same patient, as real charts do.

    python data/recipe/notes.py --out data/notes.parquet
"""

import argparse
import hashlib
import random
import re
import textwrap
from datetime import date, timedelta
from math import exp, log
from pathlib import Path
from statistics import NormalDist

import polars as pl
import tomllib

SEED = 7
NOTES = 2400
LANGUAGES = ["en", "es", "it"]
PATIENTS_PER_LANGUAGE = 230
MEDIAN_WORDS, SIGMA, SHORTEST, LONGEST = 110, 1.17, 50, 5000
COPIED_SHARE = 0.10
FIRST_DAY, DAYS = date(2024, 1, 1), 731
REPEATABLE = {"history", "past", "medications", "procedures", "assessment", "plan"}  # sections that use a template twice
AT_MOST = {"complaint": 2, "allergies": 1}
LEXICON = Path(__file__).parent / "lexicon"
FIRST_NOTES = [
    "The patient was diagnosed with type 2 diabetes mellitus and arterial hypertension. She underwent percutaneous coronary intervention last year. Current medications include metformin 500mg twice daily, insulin glargine 20 units at bedtime, and aspirin 81mg daily. She reports occasional chest pain and shortness of breath.",
    "El paciente fue diagnosticado con diabetes mellitus tipo 2 e hipertensión arterial. Se le realizó una intervención coronaria percutánea el año pasado. Los medicamentos actuales incluyen metformina 500mg dos veces al día, insulina glargina 20 unidades al acostarse y aspirina 81mg diaria. Refiere dolor torácico ocasional y disnea.",
    "Alla paziente sono stati diagnosticati diabete mellito di tipo 2 e ipertensione arteriosa. L'anno scorso è stata sottoposta a intervento coronarico percutaneo. La terapia attuale comprende metformina 500 mg due volte al giorno, insulina glargine 20 unità prima di coricarsi e aspirina 81 mg al giorno. Riferisce dolore toracico occasionale e dispnea.",
]
TOKEN = re.compile(r"\{([^{}]*)\}|\[([^\[\]]*)\]|<([^<>~]*)~([^<>]*)>")
NUMBER_RANGE = re.compile(r"(\d+)(?:\.(\d))?-(\d+)(?:\.(\d))?$")


def words(text):
    return len(text.split())


class Language:
    """One language's grammar and its column of the term lists."""

    def __init__(self, code, terms):
        column = LANGUAGES.index(code)
        grammar = tomllib.loads((LEXICON / f"{code}.toml").read_text(encoding="utf-8"))
        self.rules, self.sections, self.day = grammar["rules"], grammar["section"], grammar["day"]
        self.decimal, self.joiner = grammar["decimal"], grammar["and"]
        self.terms = {kind: [row[column] for row in terms[f"{kind}s"]] for kind in ["disease", "symptom", "procedure", "allergen"]}
        self.doses = {row[column]: ([dose.replace(".", self.decimal) for dose in row[3].split("|")], row[4]) for row in terms["drugs"]}
        names = {row[0]: row[column] for row in terms["drugs"]}
        self.chronic = [(row[column], [names[drug] for drug in row[3]]) for row in terms["chronic"]]


class Patient:
    """What stays the same through a chart: age, sex, long-standing conditions, home drugs, and how the chart is typed."""

    def __init__(self, language, rng):
        self.language, self.rng = language, rng
        self.age, self.male = rng.randint(19, 94), rng.random() < 0.5
        self.glued = rng.random() < 0.3  # 500mg rather than 500 mg
        chosen = rng.sample(language.chronic, rng.randint(2, 5))
        self.chronic = [name for name, _ in chosen]
        drugs = dict.fromkeys(rng.choice(drugs) for _, drugs in chosen)
        self.home = [(drug, self.dose(drug), rng.choice(language.rules["freq"])) for drug in drugs]
        self.heading = rng.choice(["{}:", "{}:", "{}", "== {} ==", "# {}"])
        self.shouts, self.wraps = rng.random() < 0.4, rng.random() < 0.15
        self.bullet = rng.choice(["- ", "- ", "• ", "* ", ""])
        self.line_end = "\r\n" if rng.random() < 0.04 else "\n"
        self.earlier = {}

    def dose(self, drug):
        doses, unit = self.language.doses[drug]
        return f"{self.rng.choice(doses)}{'' if self.glued else ' '}{unit}"

    def fact(self, name, drug):
        """One value for a slot of the grammar; `drug` is the drug that the sentence last named."""
        rng, language = self.rng, self.language
        if name in language.terms:
            return rng.choice(language.terms[name])
        if name in language.rules:
            return rng.choice(language.rules[name])
        if name == "chronics":
            listed = rng.sample(self.chronic, min(len(self.chronic), rng.randint(2, 3)))
            return ", ".join(listed[:-1]) + language.joiner + listed[-1]
        facts = {
            "age": lambda: str(self.age),
            "chronic": lambda: rng.choice(self.chronic),
            "drug": lambda: rng.choice(list(language.doses)),
            "dose": lambda: self.dose(drug),
            "dose2": lambda: self.dose(drug),
            "homedrug": lambda: rng.choice(self.home)[0],
            "homerx": lambda: " ".join(rng.choice(self.home)),
        }
        return facts[name]()

    def number(self, found):
        low, low_tenth, high, high_tenth = found.groups()
        if low_tenth is None:
            return str(self.rng.randint(int(low), int(high)))
        value = self.rng.uniform(float(f"{low}.{low_tenth}"), float(f"{high}.{high_tenth}"))
        return f"{value:.1f}".replace(".", self.language.decimal)

    def write(self, template):
        """The template with every slot, choice and agreement filled in, from left to right."""
        drug, text = None, template
        while found := TOKEN.search(text):
            slot, choice, male, female = found.groups()
            if slot is not None:
                ranged = NUMBER_RANGE.match(slot)
                value = self.number(ranged) if ranged else self.fact(slot, drug)
                drug = value if slot in ("drug", "homedrug") else drug
            elif choice is not None:
                value = self.rng.choice(choice.split("|"))
            else:
                value = male if self.male else female
            text = text[: found.start()] + value + text[found.end() :]
        return text[0].upper() + text[1:]

    def title(self, text):
        return self.heading.format(text.upper() if self.shouts else text)

    def items(self, templates, quota, repeat=True, at_most=1000):
        """Different sentences up to about `quota` words; fewer where the grammar has no more to say."""
        rng, found, total, misses, unused = self.rng, [], 0, 0, list(templates)
        while total < quota and misses < 12 and unused and len(found) < at_most:
            template = rng.choice(unused)
            item = self.write(template)
            if item in found or (found and total + words(item) - quota > quota - total):
                misses += 1
                continue
            found.append(item)
            total += words(item)
            if not repeat:
                unused.remove(template)
        return found

    def section(self, section, quota):
        """Heading and body of one section in its style."""
        key = section["key"]
        found = self.items(section["items"], quota, key in REPEATABLE, AT_MOST.get(key, 1000))
        if section["style"] == "list":
            body = "\n".join(self.bullet + item for item in found)
        elif section["style"] == "numbered":
            body = "\n".join(f"{i}. {item}" for i, item in enumerate(found, 1))
        elif section["style"] == "line":
            body = ", ".join(found)
        else:
            body = " ".join(found)
            body = textwrap.fill(body, 78, break_on_hyphens=False) if self.wraps else body
        return f"{self.title(self.rng.choice(section['headings']))}\n{body}"

    def hospital_day(self, number, quota):
        heading = self.title(self.rng.choice(self.language.day["heading"]).replace("{day}", str(number)))
        return heading + "\n" + "\n".join(self.items(self.language.day["items"], quota))

    def note(self, target, copying):
        """A note of about `target` words and whether a section of an earlier note was copied into it."""
        rng, sections = self.rng, self.language.sections
        count = max(2, min(len(sections), round(target / 26)))
        kept = sorted(rng.sample(range(len(sections)), count))
        copied = None
        if copying:
            fitting = [i for i in kept if words(self.earlier.get(sections[i]["key"], "")) in range(8, target // 2 + 1)]
            copied = rng.choice(fitting) if fitting else None
        written = {i: self.earlier[sections[i]["key"]] for i in kept if i == copied}
        for i in kept:
            if i != copied:
                quota = (min(target, 800) - sum(map(words, written.values()))) / (count - len(written))
                written[i] = self.section(sections[i], max(quota - 2, 4))
        blocks = [written[i] for i in kept]
        at, number, total = max(1, len(blocks) - 3), 1, sum(map(words, blocks))
        while target - total > max(10, target // 40):
            block = self.hospital_day(number, min(rng.randint(60, 170), target - total - 3))
            blocks.insert(at, block)
            at, number, total = at + 1, number + 1, total + words(block)
        self.earlier.update({sections[i]["key"]: written[i] for i in kept})
        blank = "\n\n" if rng.random() < 0.8 else "\n"
        return blank.join(blocks).replace("\n", self.line_end), copied is not None


def lengths(rng):
    """Word counts at the exact quantiles of the clipped log-normal law, shuffled: the tail does not depend on luck."""
    law = NormalDist(log(MEDIAN_WORDS), SIGMA)
    found = [exp(law.inv_cdf((i + 0.5) / NOTES)) for i in range(NOTES)]
    found = [round(min(max(length, SHORTEST + 5), LONGEST - 60)) for length in found]
    rng.shuffle(found)
    return found


def make_notes():
    """All rows in order of date, and how many notes hold a copied section."""
    rng = random.Random(SEED)
    terms = tomllib.loads((LEXICON / "terms.toml").read_text(encoding="utf-8"))
    languages = [Language(code, terms) for code in LANGUAGES]
    charts = [[Patient(language, rng) for _ in range(PATIENTS_PER_LANGUAGE)] for language in languages]
    rows, copies = [], 0
    for i, target in enumerate(lengths(rng)):
        patient = rng.choice(charts[i % 3])
        behind = copies < COPIED_SHARE * i
        text, copied = patient.note(target, behind and bool(patient.earlier))
        copies += copied
        rows.append((f"n{i + 1:06}", LANGUAGES[i % 3], text, FIRST_DAY + timedelta(days=i * DAYS // NOTES)))
    for i, text in enumerate(FIRST_NOTES):
        rows[i] = (*rows[i][:2], text, rows[i][3])
    return rows, copies


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("data/notes.parquet"))
    args = parser.parse_args()

    rows, copies = make_notes()
    frame = pl.DataFrame(rows, schema={"id": pl.String, "lang": pl.String, "note": pl.String, "date": pl.Date}, orient="row")
    frame.write_parquet(args.out, compression="zstd", row_group_size=400)
    counts = sorted(words(row[2]) for row in rows)
    digest = hashlib.sha256("".join(row[2] for row in rows).encode()).hexdigest()
    print(f"notes {len(rows)}, words {sum(counts)}, median {counts[len(counts) // 2]}, shortest {counts[0]}, longest {counts[-1]}")
    print(f"over 3,000 words {sum(c > 3000 for c in counts)}, with a copied section {copies}, sha256 of the texts {digest}")


if __name__ == "__main__":
    main()
