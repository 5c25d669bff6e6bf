"""All faces are one engine: same values, same options, all of it documented."""

import doctest
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from conftest import DATA, ROOT, TINY
from polars.testing import assert_frame_equal

import spanframe
from spanframe import _internal, _polars

PROGRAM = ROOT / "target" / "release" / "spanframe"


@pytest.mark.parametrize("model", [None, TINY])
def test_command_line_polars_and_python_give_the_same_values(tmp_path, model):
    notes = pl.read_parquet(DATA / "notes.parquet").slice(3, 30)
    notes.write_parquet(tmp_path / "in.parquet")
    expect = notes.with_columns(ner=pl.col("note").ner.extract(model))
    assert_frame_equal(pl.DataFrame(spanframe.Engine(model).annotate(notes, "note")), expect)
    programs = {"built": PROGRAM, "installed": Path(sys.executable).with_name("spanframe")}
    for name, program in programs.items():
        out = tmp_path / f"{name}.parquet"
        options = [] if model is None else ["--model", model]
        command = [program, "annotate", tmp_path / "in.parquet", "-o", out, "-c", "note", *options]
        subprocess.run(command, check=True, env=os.environ | {"VIRTUAL_ENV": sys.prefix})
        assert_frame_equal(pl.read_parquet(out), expect)


def test_python_keywords_are_the_options_of_the_engine():
    parameters = inspect.signature(_polars.NerExpression.extract).parameters
    assert [name for name in parameters if name not in ("self", "language", "unknown")] == _internal.option_names()


def test_every_keyword_reaches_the_engine(monkeypatch):
    passed = {}
    monkeypatch.setattr(_polars, "register_plugin_function", lambda **call: passed.update(call["kwargs"]))
    options = {name: name for name in _internal.option_names()} | {"threshold": 0.5}
    pl.col("note").ner.extract(**options)
    assert passed == options


def test_the_installed_wheel_finds_its_model_and_library(tmp_path):
    code = "import spanframe; print([e.chunk for e in spanframe.Engine().annotate_text('Refiere disnea.')])"
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=clean, capture_output=True, text=True, check=True
    )
    assert done.stdout == "['disnea']\n"


def test_importing_loads_no_model_and_no_runtime():
    code = "import spanframe, sys; print('onnxruntime' in sys.modules, 'onnxruntime' in open('/proc/self/maps').read())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


@pytest.mark.parametrize("part", ["", "._diff", "._engine", "._model", "._models", "._polars", "._run", "._runtime"])
def test_doctests_run(part):
    module = f"spanframe{part}"
    result = doctest.testmod(importlib.import_module(module))
    assert result.failed == 0
    assert result.attempted > 0 or module == "spanframe._runtime"
