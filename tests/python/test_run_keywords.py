"""The keywords of `spanframe.run` beside the flags of the command."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import spanframe
from spanframe import _internal

PROGRAM = Path(sys.executable).with_name("spanframe")


def test_keywords_are_the_fields_of_a_job_and_the_flags_of_run():
    keywords = set(inspect.signature(spanframe.run).parameters) - {"options"}
    assert keywords - {"metrics", "progress"} == set(_internal.job_option_names())

    shown = subprocess.run([PROGRAM, "run", "--help"], capture_output=True, text=True, check=True).stdout
    flags = {flag.replace("-", "_") for flag in re.findall(r"^ +(?:-\w, )?--([a-z-]+)", shown, re.MULTILINE)}
    engine = set(_internal.option_names())
    assert engine <= flags
    assert flags - {"help", "json", "log", "quiet"} | {"inputs"} == keywords - {"progress"} | engine
