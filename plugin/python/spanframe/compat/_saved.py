"""Reads folders that Spark NLP and Spark's ``Pipeline`` saved: their metadata, and the stages of a pipeline."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from .._internal import ModelError


class Metadata(NamedTuple):
    """Metadata of a stage, as Spark writes it."""

    kind: str
    """Class name, without the package."""
    uid: str
    params: dict[str, Any]
    """Parameters that differ from their default."""
    model: str | None = None
    """Name or folder of the model, of a classifier of this package."""


def is_saved(folder: Path) -> bool:
    """True if Spark saved this folder. A model folder has a ``config.json``, and is not one."""
    return (folder / "metadata").is_dir() and not (folder / "config.json").exists()


def local_path(path: str | os.PathLike[str]) -> Path:
    """Returns a path, or a URL of this machine (``file:/…``, ``file:///…``), as a path."""
    return Path(re.sub("^file:(//)?", "", os.fspath(path)))


def _read_line(path: str) -> str:
    """Returns the first line of a folder of text files: of this machine or, if Spark runs, of any of its file systems."""
    folder, sql = local_path(path), sys.modules.get("pyspark.sql")
    session = sql.SparkSession.getActiveSession() if sql else None
    if folder.exists() or session is None:
        return sorted(folder.glob("part-*"))[0].read_text(encoding="utf-8")
    try:
        return session.read.text(path).first()[0]
    except Exception as error:  # Spark's own, which differ between its versions
        raise FileNotFoundError(path) from error


def read_metadata(folder: str | os.PathLike[str]) -> Metadata:
    """Reads the metadata of a folder.

    Raises
    ------
    ModelError
        The metadata are missing, or not Spark's.
    """
    place = os.path.join(os.fspath(folder), "metadata")
    try:
        found = json.loads(_read_line(place))
        kind, defaults = found["class"].rpartition(".")[2], found["defaultParamMap"]
        columns = ("inputCols", "outputCol")
        params = {
            name: value
            for name, value in found["paramMap"].items()
            if name in columns or name not in defaults or value != defaults[name]
        }
        return Metadata(kind, found["uid"], params, found.get("model"))
    except (AttributeError, IndexError, KeyError, OSError, TypeError, ValueError) as error:
        raise ModelError(
            f"`{place}` is no metadata of Spark ({type(error).__name__}): give a folder that Spark or Spark NLP saved"
        ) from error


def stages_of(folder: Path) -> list[tuple[Path, Metadata]]:
    """Returns folder and metadata of each stage of a saved pipeline, in order.

    Raises
    ------
    ModelError
        The folder is not a pipeline, or a stage is missing.
    """
    pipeline = read_metadata(folder)
    folders = {}
    for path in (folder / "stages").glob("*_*"):
        folders[path.name.partition("_")[2]] = path
    missing = [uid for uid in pipeline.params.get("stageUids", []) if uid not in folders]
    if missing or not folders:
        raise ModelError(
            f"`{folder}` lacks stages of its pipeline: {', '.join(missing) or 'all'}; copy the whole folder"
        )
    return [(folders[uid], read_metadata(folders[uid])) for uid in pipeline.params["stageUids"]]
