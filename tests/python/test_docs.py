"""README and docs: every block of code runs and prints what the page shows, every link leads somewhere."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import boto3
import polars as pl
import pytest
from conftest import DATA, ROOT, require
from moto.server import ThreadedMotoServer
from page import agrees, blocks

import spanframe

PAGES = sorted([ROOT / "README.md", ROOT / "plugin" / "README.md", *(ROOT / "docs").glob("*.md")])
DOCUMENTS = sorted(
    {
        *PAGES,
        *ROOT.glob("*.md"),
        *(ROOT / "data").glob("*.md"),
        *(ROOT / "data" / "recipe").glob("*.md"),
        *(ROOT / "benches" / "runs").glob("*.md"),
        *(ROOT / "docs" / "decisions").glob("*.md"),
    }
)
# what a page needs beside the wheel
NEEDS = {
    "spark.md": ("pyspark", "java"),
    "migrating.md": ("pyspark", "java"),
    "clusters.md": ("pyspark", "java"),
    "README.md": ("pyspark", "java"),
    "ray.md": ("ray",),
}
# blocks that no test can run, by page and the reason that stands before them
NOT_RUN = Counter(
    {
        ("README.md", "they build everything"): 1,
        ("air-gapped.md", "needs a package index"): 1,
        ("air-gapped.md", "needs the wheels of the step before"): 1,
        ("air-gapped.md", "needs the right to make namespaces"): 1,
        ("clusters.md", "needs EMR or YARN, and a package index"): 1,
        ("clusters.md", "needs Kubernetes"): 2,
        ("clusters.md", "needs Slurm"): 2,
        ("gpu.md", "needs a GPU"): 2,
        ("install.md", "needs a package index, or the wheel of `make wheel`"): 1,
        ("install.md", "compiles for minutes"): 1,
        ("install.md", "needs a container engine"): 1,
        ("jobs.md", "needs cron"): 1,
        ("models.md", "needs the hub"): 1,
        ("own-model.md", "needs torch (`make test-export` has it)"): 1,
        ("recipes.md", "needs Airflow"): 1,
        ("rust.md", "compiles for minutes; the program is built and run by `cargo test`"): 1,
        ("polars.md", "needs a vocabulary of yours"): 1,
        ("spark.md", "needs a job and a model of yours"): 2,
        ("spark.md", "needs a job and a vocabulary of yours"): 1,
        ("spark.md", "needs a package index"): 1,
        ("spark.md", "needs GPUs"): 1,
    }
)
# a folder as OHDSI's Athena gives it, with concepts of ours: columns between "|" here, between tabs there
ATHENA = {
    "CONCEPT.csv": (
        "concept_id|concept_name|domain_id|vocabulary_id|concept_class_id|standard_concept|concept_code"
        "|valid_start_date|valid_end_date|invalid_reason",
        "2000000001|Heart failure|Condition|SNOMED|Disorder|S|local-1|19700101|20991231|",
        "2000000002|Failing heart, old|Condition|SNOMED|Disorder||local-2|19700101|20200101|D",
    ),
    "CONCEPT_SYNONYM.csv": (
        "concept_id|concept_synonym_name|language_concept_id",
        "2000000001|Insuficiencia cardíaca|4182511",
    ),
}
# languages of what is read and not run; each has its own test, or is a picture
READ = {"", "diff"}


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="session")
def store():
    """A server of this machine that speaks S3: the variables that lead there, and a client."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "of-a-test",
        "AWS_SECRET_ACCESS_KEY": "of-a-test",
        "AWS_REGION": "us-east-1",
        "NO_PROXY": host,
    }
    client = boto3.client(
        "s3",
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        aws_access_key_id="of-a-test",
        aws_secret_access_key="of-a-test",
        region_name="us-east-1",
    )
    yield settings, client
    server.stop()


@pytest.fixture
def folder(tmp_path, store):
    """The folder that pages run in: the repository's data, examples and records, a folder `notes` and a bucket `clinic` of few notes, `athena`."""
    _, client = store
    client.create_bucket(Bucket="clinic")
    for part in ("data", "examples", "docs", "benches"):
        (tmp_path / part).symlink_to(ROOT / part)
    (tmp_path / "notes").mkdir()
    notes = pl.read_parquet(DATA / "notes.parquet").head(6).rename({"id": "note_id"})
    for number, part in enumerate(notes.iter_slices(3)):
        part.write_parquet(tmp_path / "notes" / f"part-{number}.parquet")
        client.upload_file(str(tmp_path / "notes" / f"part-{number}.parquet"), "clinic", f"notes/part-{number}.parquet")
    (tmp_path / "athena").mkdir()
    for name, rows in ATHENA.items():
        (tmp_path / "athena" / name).write_text("".join("\t".join(row.split("|")) + "\n" for row in rows))
    yield tmp_path
    for entry in client.list_objects_v2(Bucket="clinic").get("Contents", []):
        client.delete_object(Bucket="clinic", Key=entry["Key"])
    client.delete_bucket(Bucket="clinic")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_runs(page, folder, store):
    if page.parent != ROOT / "plugin":
        modules = [one for one in NEEDS.get(page.name, ()) if one != "java"]
        require(*modules, programs=("java",) if "java" in NEEDS.get(page.name, ()) else ())
    paths = [Path(sys.executable).parent, os.environ["PATH"]]
    if find_spec("pyspark") is not None:
        import pyspark

        paths.insert(1, Path(pyspark.__file__).parent / "bin")
    package = Path(spanframe.__file__).parents[1]
    environment = {
        "PATH": ":".join(map(str, paths)),
        "VIRTUAL_ENV": sys.prefix,
        "PYTHONPATH": f"{package}:{folder / 'examples'}",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_HOSTNAME": "localhost",
        "RAY_worker_niceness": "0",
        "SPANFRAME_HOME": str(folder / "home"),
        "POLARS_ICEBERG_PLANNER": "pyiceberg",
    }
    # settings of this machine would change what pages do
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POLARS_"))}
    command = [sys.executable, Path(__file__).with_name("page.py"), page]
    done = subprocess.run(command, cwd=folder, env=own | store[0] | environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-2000:]}"


def test_what_is_shown_must_be_what_is_printed():
    assert agrees("| aspirin | 0.849273   |\n+---+------------+", "| aspirin | 0.8512 |\n+---+--------+")
    assert not agrees("| aspirin | 0.849273 |", "| aspirin | 0.749273 |")
    assert not agrees("| aspirin | 0.849273 |", "| insulin | 0.849273 |")
    assert not agrees("rows 6", "rows 7")
    assert not agrees("a  b", "a b")
    assert agrees("error: `.../notes` is gone", "error: `/tmp/notes` is gone")
    assert agrees("2,400 rows, 31.2 rows/s", "2,401 rows, 9.4 rows/s", measured=True)
    assert not agrees("2,400 rows, 31.2 rows/s", "2,500 rows, 31.2 rows/s", measured=True)
    assert not agrees("3 rows", "4 rows", measured=True)


def test_the_scores_by_type_are_those_of_the_model():
    scores = json.loads((DATA / "models" / "clinical-ner-small" / "scores.json").read_text(encoding="utf-8"))["scores"]
    found = {
        (row["type"], row["language"]): row for row in scores if row["variant"] == "clean" and row["type"] != "all"
    }
    found |= {
        (row["type"], row["language"]): row
        for row in scores
        if row["variant"] == "clean" and row["annotation"] == "gold"
    }
    page = (ROOT / "docs" / "is-it-for-you.md").read_text(encoding="utf-8")
    for kind in ("MEDICATION", "DISEASE", "PROCEDURE", "SYMPTOM"):
        rows = [found[kind, language] for language in ("en", "es", "it")]
        cells = [f"{row['strict']['f1']:.3f}".removeprefix("0") + f" {row['annotation']}" for row in rows]
        assert f"| {kind} | {' | '.join(cells)} |" in page


def test_the_reference_can_be_read_in_the_repository():
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", page))))
    for name in re.findall(r"^::: ([\w.]+)", page, re.MULTILINE):
        if not name.split(".")[-1].startswith("_") and name != "spanframe._polars.NerExpression":
            assert name.split(".")[-1] in words, f"docs/python.md names {name} on the site alone"


def test_what_is_not_run_is_listed_and_says_so():
    found = Counter()
    for page in PAGES:
        for block in blocks(page.read_text(encoding="utf-8")):
            assert block.language in READ | {"python", "sh"} or block.reason, (
                f"{page.name}, line {block.line}: ```{block.language}"
            )
            if block.reason:
                found[page.name, block.reason] += 1
    assert found == NOT_RUN


def anchors(text: str) -> set[str]:
    """Returns the names of the headings of a page, as GitHub and the site make them."""
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", outside, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_leads_somewhere(document):
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)|\bsrc=\"([^\"]+)\"|\bsrcset=\"([^\"]+)\"", text):
        link = "".join(link)
        if link.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        # the pages that are made of docstrings and by cargo are checked by the site's generator
        assert target.exists(), f"{document.name} links to {link}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{document.name} links to {link}"


def test_the_site_is_built_and_asks_no_network(tmp_path):
    if shutil.which("mkdocs") is None and find_spec("mkdocs") is None:
        require("mkdocs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        text = page.read_text(encoding="utf-8")
        loads = re.findall(r"<(?:script|img|iframe|source)[^>]*\ssrc=\"?([^\s\">]+)", text)
        loads += re.findall(r"<link[^>]*\shref=\"?([^\s\">]+)", re.sub(r'<link rel="?canonical[^>]*>', "", text))
        assert [place for place in loads if re.match(r"(https?:)?//", place)] == [], page.name
        # the theme's scripts ask GitHub for stars and a CDN for diagrams, where pages have these
        assert 'data-md-component="source"' not in text and 'class="mermaid"' not in text, page.name


def test_make_help_names_every_target():
    phony = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    shown = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    listed = dict(re.findall(r"^  (\S+) +(\S.*)$", shown, re.MULTILINE))
    assert set(listed) == set(" ".join(phony).split())
    pages = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    for target in set(re.findall(r"`make ([\w-]+)[^`]*`", pages)):
        assert target in listed, f"a document names `make {target}`"
