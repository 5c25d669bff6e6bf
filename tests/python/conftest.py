"""Fixtures and functions that tests share."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

import spanframe

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
TINY = str(DATA / "test_models" / "multi-head")
# two strings, of which the second is not UTF-8; pyarrow does not check
BAD = pa.Array.from_buffers(
    pa.string(), 2, [None, pa.array([0, 1, 4], pa.int32()).buffers()[1], pa.py_buffer(b"a\xc3(X")]
)


@pytest.fixture(scope="session")
def notes() -> pl.DataFrame:
    """The first notes, with a null and an empty note among them."""
    frame = pl.read_parquet(DATA / "notes.parquet").head(120)
    odd = frame.head(2).with_columns(note=pl.Series([None, ""], dtype=pl.String))
    return pl.concat([frame.head(60), odd, frame.tail(60)])


def require(*modules: str, programs: tuple[str, ...] = ()) -> None:
    """Skips a test file that needs more than is installed. With SPANFRAME_TEST_ALL, as in `.ci/run`, the file fails."""
    missing = [module for module in modules if find_spec(module) is None]
    missing += [program for program in programs if shutil.which(program) is None]
    if missing and not os.environ.get("SPANFRAME_TEST_ALL"):
        pytest.skip(f"not installed: {', '.join(missing)}", allow_module_level=True)
    assert not missing, f"not installed: {', '.join(missing)}"


def command_line(*arguments: object) -> str:
    """Runs the installed command line and returns what it prints."""
    code = "from spanframe._cli import main; main()"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def run_example(name: str, *arguments: object, **environment: str) -> str:
    """Runs a file of examples/ in its own process and returns what it prints."""
    command = [sys.executable, str(ROOT / "examples" / name), *map(str, arguments)]
    package = str(Path(spanframe.__file__).parents[1])
    paths = {"PYTHONPATH": package, "PYSPARK_PYTHON": sys.executable, "RAY_worker_niceness": "0"}
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | paths | environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
