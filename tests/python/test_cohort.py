"""The notebook examples/cohort.ipynb runs, and gives what it shows. UPDATE_NOTEBOOK=1 writes what it gives into it."""

import copy
import os
import re
import sys
from pathlib import Path

import pytest
from conftest import ROOT, require
from page import agrees

import spanframe

require("nbclient", "ipykernel", "altair", "vl_convert", "deltalake", "duckdb")

import nbclient
import nbformat

NOTEBOOK = ROOT / "examples" / "cohort.ipynb"
#: what a cell shows, at most
LINES = 30


def shown(cell: nbformat.NotebookNode) -> list[str]:
    """The texts that a cell shows, without its pictures of tables and charts."""
    return [output.get("text") or output["data"]["text/plain"] for output in cell.get("outputs", [])]


@pytest.fixture(scope="module")
def executed(tmp_path_factory) -> nbformat.NotebookNode:
    """The notebook as a reader runs it, in its own folder and with files of its own."""
    folder = tmp_path_factory.mktemp("notebook")
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(Path(spanframe.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]),
        "VIRTUAL_ENV": sys.prefix,
        "IPYTHONDIR": str(folder / "ipython"),
        "TMPDIR": str(folder),
    }
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(NOTEBOOK.parent)}}
    # a kernel takes a minute to start on a machine that is full
    client = nbclient.NotebookClient(notebook, kernel_name="python3", startup_timeout=600, resources=resources)
    client.execute(env=environment)
    if os.environ.get("UPDATE_NOTEBOOK"):
        update(notebook)
    return notebook


def update(notebook: nbformat.NotebookNode) -> None:
    """Writes the outputs, without times of execution and tables as HTML, which would be most of the file."""
    kept = copy.deepcopy(notebook)
    for cell in kept.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("text/html", None)
    kept.metadata = nbformat.read(NOTEBOOK, as_version=4).metadata
    nbformat.write(kept, NOTEBOOK)


def test_the_notebook_runs_and_gives_what_it_shows(executed):
    stored = nbformat.read(NOTEBOOK, as_version=4)
    for before, after in zip(stored.cells, executed.cells, strict=True):
        assert not shown(before) or len(shown(before)) == len(shown(after)), before.source
        for text, again in zip(shown(before), shown(after)):
            # a table that is drawn has its text in a place of memory
            assert agrees(re.sub(r"0x\w+", "...", text), again), f"{before.source}\nshows\n{text}\nand gives\n{again}"


def test_what_the_notebook_shows_is_short_and_of_no_machine():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        for text in shown(cell):
            assert len(text.splitlines()) <= LINES, cell.source
            assert not re.search(r"/(tmp|home|work|root)/", text), cell.source
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 14, "one idea a cell"
        for link in re.findall(r"\]\(([^)#\s]+)", cell.source) if cell.cell_type == "markdown" else ():
            assert (NOTEBOOK.parent / link).exists(), link
