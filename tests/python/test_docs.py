"""README and docs: every block of code runs as the page says, every link leads somewhere, every error is a real one."""

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
from page import blocks

import spanframe

PAGES = sorted([ROOT / "README.md", ROOT / "plugin" / "README.md", *(ROOT / "docs").glob("*.md")])
DOCUMENTS = sorted([*PAGES, *ROOT.glob("*.md"), ROOT / "data" / "README.md", *(ROOT / "benches" / "runs").glob("*.md")])
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
        ("gpu.md", "needs a GPU"): 1,
        ("install.md", "needs a package index, or the wheel of `make wheel`"): 1,
        ("install.md", "compiles for minutes"): 1,
        ("install.md", "needs a container engine"): 1,
        ("jobs.md", "needs Kubernetes"): 1,
        ("jobs.md", "needs Slurm"): 1,
        ("models.md", "needs the hub"): 1,
        ("own-model.md", "needs torch (`make test-export` has it)"): 1,
        ("recipes.md", "needs Airflow"): 1,
        ("rust.md", "compiles for minutes; the program is built and run by `cargo test`"): 1,
        ("spark.md", "needs a job and a model of yours"): 2,
        ("spark.md", "needs a package index"): 1,
        ("spark.md", "needs GPUs"): 1,
    }
)
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
    """What the pages speak of: the repository's data with few notes, a folder of notes, tables, a bucket."""
    _, client = store
    client.create_bucket(Bucket="clinic")
    notes = pl.read_parquet(DATA / "notes.parquet").head(6)
    (tmp_path / "data").mkdir()
    notes.write_parquet(tmp_path / "data" / "notes.parquet")
    for part in ("models", "test_models", "reference", "sample.txt"):
        (tmp_path / "data" / part).symlink_to(DATA / part)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    (tmp_path / "notes").mkdir()
    for number, part in enumerate(notes.rename({"id": "note_id"}).iter_slices(3)):
        part.write_parquet(tmp_path / "notes" / f"part-{number}.parquet")
        client.upload_file(str(tmp_path / "notes" / f"part-{number}.parquet"), "clinic", f"notes/part-{number}.parquet")
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
    # the machine's own settings are no part of a test
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POLARS_"))}
    command = [sys.executable, Path(__file__).with_name("page.py"), page]
    done = subprocess.run(command, cwd=folder, env=own | store[0] | environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-2000:]}"


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
    """Names of the headings of a page, as GitHub and the site make them."""
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
