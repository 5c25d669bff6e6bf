"""The score tables of the model card and of the README, made from the model's scores.json.

Without arguments the tables between the markers are written anew. `--scores FILE` takes a new result of
`spanframe evaluate --json`: it is compared with the model's scores.json, and the end is 1 if they differ; with
`--update` it replaces it. Standard library only; `make evaluate` calls this.
"""

import argparse
import json
import pathlib
import re
import sys
import textwrap
import zlib

ROOT = pathlib.Path(__file__).parents[2]
MODEL = ROOT / "data" / "models" / "clinical-ner-small"
WEIGHTS = "model_int8.onnx"
BEGIN = "<!-- scores: written by data/recipe/card.py -->"
END = "<!-- end of scores -->"
# Processors differ in the last bits of a logit, so a mention in a thousand may fall on the other side.
TOLERANCE = 0.002


def aliases():
    """Name, language and type of each alias, from the one table."""
    source = (ROOT / "crates" / "engine" / "src" / "catalogue.rs").read_text(encoding="utf8")
    return re.findall(r'^ +alias\("(\w+)", "(\w+)", "(\w+)"\)', source, re.MULTILINE)


def number(value):
    """`.877`"""
    return f"{value:.3f}".removeprefix("0")


def signed(value):
    return ("+" if value >= 0 else "-") + number(abs(value))


def interval(figures):
    return f"{number(figures['f1_low'])} to {number(figures['f1_high'])}"


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def of(scores, **wanted):
    return [row for row in scores["scores"] if all(row[key] == value for key, value in wanted.items())]


def weights():
    content = (MODEL / WEIGHTS).read_bytes()
    return {"file": WEIGHTS, "bytes": len(content), "crc32": f"{zlib.crc32(content):08x}"}


def clean_table(scores, annotation):
    header = ["set", "type", "F1", "95 % interval", "precision", "recall", "annotated", "F1, any overlap"]
    rows = []
    for row in of(scores, variant="clean", annotation=annotation):
        strict = row["strict"]
        figures = [number(strict["f1"]), interval(strict), number(strict["precision"]), number(strict["recall"])]
        rows.append([row["set"], row["type"], *figures, row["support"], number(row["relaxed"]["f1"])])
    return table(header, rows)


def robustness_table(scores):
    others = [v for v in dict.fromkeys(row["variant"] for row in scores["scores"]) if v != "clean"]
    rows = []
    for row in of(scores, variant="clean"):
        cells = []
        for variant in others:
            (other,) = of(scores, variant=variant, set=row["set"], type=row["type"])
            drop = other["strict"]["f1"] - row["strict"]["f1"]
            cells.append(f"{number(other['strict']['f1'])} ({signed(drop)})")
        rows.append([row["set"], row["type"], number(row["strict"]["f1"]), *cells])
    return table(["set", "type", "clean", *others], rows)


def documents(scores):
    counts = sorted({row["documents"] for row in scores["scores"]})
    return " or ".join(str(count) for count in counts)


def card(scores):
    # a flag stays with its value
    command = re.sub(r"(--\S+) (?!--)", "\\1\0", scores["command"])
    command = textwrap.fill(command, 108, break_long_words=False, break_on_hyphens=False).replace("\0", " ")
    command = textwrap.indent(command.replace("\n", " \\\n    "), "    ")
    return f"""\
Strict F1 (exact span and type) on {documents(scores)} documents of each test set, with its 95 % confidence interval
({scores["bootstrap"]["draws"]} bootstrap draws of documents), precision, recall and the number of annotated
mentions; then F1 where any overlap with a mention of the same type counts. `scores.json` has the same figures and the
table of confusions. Made by `make evaluate CORPORA=FOLDER UPDATE=1`, which runs

{command}

Gold annotations:

{clean_table(scores, "gold")}

Silver annotations (projected from the Spanish gold by word alignment, so the annotations themselves have errors):

{clean_table(scores, "silver")}

The same texts in capitals (`upper`), without accents (`no_accents`) and with a new line instead of a space every 60 to
80 characters (`line_breaks`): strict F1, and what it gains or loses against the clean text:

{robustness_table(scores)}"""


def readme(scores):
    rows = []
    for name, language, kind in aliases():
        found = of(scores, variant="clean", language=language, type=kind)
        for row in sorted(found, key=lambda row: row["annotation"] != "gold")[:1]:
            strict = row["strict"]
            figures = [number(strict["f1"]), interval(strict), row["annotation"], row["support"]]
            rows.append([f"`{name}`", language, kind, *figures])
    header = ["name", "language", "entity", "F1", "95 % interval", "gold or silver", "annotated entities"]
    title = f"Strict F1 (exact span and type) on {documents(scores)} documents of each public test set:"
    return f"{title}\n\n{table(header, rows)}"


def render(scores):
    for path, text in [(MODEL / "README.md", card(scores)), (ROOT / "README.md", readme(scores))]:
        whole = path.read_text(encoding="utf8")
        before, rest = whole.split(BEGIN)
        after = rest.split(END)[1]
        path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf8")


def key(row):
    return row["set"], row["variant"], row["type"]


def differences(old, new):
    """What differs by more than the processor can explain, in words."""
    before, after = ({key(row): row for row in scores["scores"]} for scores in (old, new))
    for name in sorted(before.keys() | after.keys()):
        if name not in before or name not in after:
            yield f"{' '.join(name)}: only in {'the new result' if name in after else 'scores.json'}"
            continue
        was, now = before[name], after[name]
        for field in ("documents", "support"):
            if was[field] != now[field]:
                yield f"{' '.join(name)}: {field} was {was[field]}, is {now[field]}"
        for kind in ("strict", "relaxed"):
            for field, value in was[kind].items():
                if abs(value - now[kind][field]) > TOLERANCE:
                    yield f"{' '.join(name)}: {kind} {field} was {value}, is {now[kind][field]}"
    if old.get("weights") != weights():
        yield "the weights are not those of scores.json"


def dump(scores):
    """JSON with a row a line, so that a change shows what changed."""
    parts = []
    for name, value in scores.items():
        if isinstance(value, list):
            lines = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in value)
            parts.append(f' "{name}": [\n{lines}\n ]')
        else:
            parts.append(f' "{name}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=pathlib.Path, help="what `spanframe evaluate --json` printed")
    parser.add_argument("--update", action="store_true", help="keep these scores as the model's scores.json")
    args = parser.parse_args()
    kept = MODEL / "scores.json"
    if args.scores:
        new = json.loads(args.scores.read_text(encoding="utf8"))
        for row in of(new, variant="clean"):
            strict = row["strict"]
            f1 = f"{number(strict['f1'])} ({interval(strict)})"
            print(f"{row['set']:10} {row['type']:11} F1 {f1} of {row['support']}")
        if args.update:
            order = ["format", "model", "weights", "command", "limit", "bootstrap", "scores", "confusion"]
            new["weights"] = weights()
            kept.write_text(dump({name: new[name] for name in order}), encoding="utf8")
        else:
            found = list(differences(json.loads(kept.read_text(encoding="utf8")), new))
            print(*found, sep="\n", file=sys.stderr)
            sys.exit(1 if found else 0)
    render(json.loads(kept.read_text(encoding="utf8")))


if __name__ == "__main__":
    main()
