"""All faces are one engine: the same values and options, all documented."""

import doctest
import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
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
    parameters = inspect.signature(_polars.NerExpression.extract).parameters

    def value(number, name):
        values = {"list": [name], "dict": {name: "new"}, "bool": False, "int": number, "float": number / 2}
        return values.get(re.match(r"\w+", parameters[name].annotation)[0], name)

    options = {name: value(number, name) for number, name in enumerate(_internal.option_names())}
    assert len({type(one) for one in options.values()}) == 6
    pl.col("note").ner.extract(**options)
    # one path is a list of one
    assert passed == options | {name: [options[name]] for name in ("assertion_rules", "link")}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("entities", "MEDICATION"),
        ("white_list", {"MEDICATION"}),
        ("black_list", [None]),
        ("replace_labels", [("a", "b")]),
        ("threshold", "high"),
        ("max_length", 64.0),
        ("greedy_mode", 1),
        ("onnxruntime", 3),
        ("model", 5),
    ],
)
def test_a_wrong_type_is_told_alike_by_every_face(option, value):
    message = f"option `{option}` cannot be a {type(value).__name__}"
    for call in (spanframe.Engine, pl.col("note").ner.extract, pl.col("note").ner.diagnose):
        with pytest.raises(spanframe.InputError, match=message):
            call(**{option: value})
    with pytest.raises(spanframe.InputError, match="no option `treshold`; did you mean `threshold`"):
        pl.col("note").ner.diagnose(treshold=None)


def test_what_stands_for_a_plain_type_is_taken_by_every_face():
    options = {"max_length": np.int64(64), "threshold": np.float32(0.25), "entities": ("SYMPTOM",)}
    frame = pl.DataFrame({"note": ["Refiere disnea."]})
    ner = pl.col("note").ner
    expect = spanframe.Engine(TINY, **options).annotate(frame["note"])
    assert frame.select(ner.extract(TINY, **options)).to_series().equals(pl.Series("note", expect))
    for face in (ner.extract, ner.diagnose):
        with pytest.raises(pl.exceptions.ComputeError, match="option `threshold` cannot be NaN"):
            frame.select(face(TINY, threshold=float("nan")))
    kwargs = _polars._kwargs(Path("a"), {"onnxruntime": Path("b")})
    assert (kwargs["model"], kwargs["onnxruntime"]) == ("a", "b")


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
