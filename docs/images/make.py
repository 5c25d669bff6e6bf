"""Makes the pictures of docs/view.md: the report and the notebook display, of the synthetic notes in data/.

Needs Chromium, fonts for Arabic and Japanese, and the wheel in the Python that runs this: `make screenshots`. Pictures are
written beside this file, with few colours, so that they are small. A file that was annotated before may be named, to save
the time.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

import spanframe

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
sys.path.insert(0, str(ROOT / "tests" / "python"))

from chromium import Chromium  # noqa: E402

NOTEBOOK = "<!doctype html><html lang=en><meta charset=utf-8><title>Notebook</title><body>"


def shrink(path: Path) -> None:
    """Keeps 96 colours, which is what these pictures have."""
    from PIL import Image

    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(96, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def overlapping() -> pl.DataFrame:
    """Notes whose entities nest and cross, and texts of other scripts. The entities are made by hand."""
    cases = [
        (
            "Acute exacerbation of chronic obstructive pulmonary disease with severe dyspnea at rest.",
            [
                ("chronic obstructive pulmonary disease", "DISEASE"),
                ("Acute exacerbation of chronic obstructive pulmonary disease", "DISEASE"),
                ("pulmonary", "ANATOMY"),
                ("disease with severe dyspnea", "PROBLEM"),
                ("severe dyspnea at rest", "SYMPTOM"),
                ("dyspnea", "SYMPTOM"),
            ],
        ),
        (
            "患者は高血圧と2型糖尿病の既往がある。",
            [("高血圧", "DISEASE"), ("2型糖尿病", "DISEASE"), ("糖尿病", "PROBLEM")],
        ),
        ("المريض يعاني من صداع شديد ويتناول aspirin يوميا.", [("صداع شديد", "SYMPTOM"), ("aspirin", "MEDICATION")]),
    ]
    rows = []
    for note, found in cases:
        begins = [note.index(chunk) for chunk, _ in found]
        ends = [begin + len(chunk) for begin, (chunk, _) in zip(begins, found)]
        ner = {"chunk": [c for c, _ in found], "entity": [k for _, k in found], "begin": begins, "end": ends}
        rows.append({"note": note, "ner": ner})
    return pl.DataFrame(rows)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Chromium() as browser:
        folder = Path(folder)
        command = [sys.executable, "-c", "from spanframe._cli import main; main()"]
        annotated, report = folder / "notes.parquet", folder / "report.html"
        if len(sys.argv) > 1:
            annotated = Path(sys.argv[1])  # annotated before
        else:
            notes = ROOT / "data" / "notes.parquet"
            subprocess.run([*command, "annotate", notes, "-o", annotated, "--column", "note", "--quiet"], check=True)
        subprocess.run([*command, "view", annotated, "--html", report], check=True)
        frame = pl.read_parquet(annotated)
        three = pl.concat([frame.filter(pl.col("lang") == lang).head(1) for lang in ("en", "es", "it")])
        pages = {"notebook": three, "overlaps": overlapping()}
        for name, shown in pages.items():
            (folder / f"{name}.html").write_text(NOTEBOOK + spanframe.display(shown)._repr_html_())
        for scheme in ("light", "dark"):
            dark = scheme == "dark"
            browser.open(report, width=1100, height=1000, dark=dark)
            browser.picture(HERE / f"report-{scheme}.png")
            browser.run("document.querySelector('.controls').parentElement.scrollIntoView()")
            browser.picture(HERE / f"report-notes-{scheme}.png")
            for name in pages:
                browser.open(folder / f"{name}.html", width=900, height=500, dark=dark)
                height = browser.run(
                    "Math.ceil(document.querySelector('.spanframe').getBoundingClientRect().bottom + 8)"
                )
                browser.picture(HERE / f"{name}-{scheme}.png", clip=(0, 0, 900, height))
        browser.open(report, width=380, height=800)
        browser.run("document.querySelector('.controls').parentElement.scrollIntoView()")
        browser.picture(HERE / "report-narrow.png")
    for path in sorted(HERE.glob("*.png")):
        shrink(path)
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
