"""Reads folders that Spark NLP saved: their metadata, and the stages of a pipeline."""

from __future__ import annotations

import json
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


def is_saved(folder: Path) -> bool:
    """True if Spark saved this folder. A model folder has a ``config.json``, and is not one."""
    return (folder / "metadata").is_dir() and not (folder / "config.json").exists()


def read_metadata(folder: Path) -> Metadata:
    """Reads the metadata of a folder.

    Raises
    ------
    ModelError
        The metadata are missing, or not Spark's.
    """
    parts = sorted((folder / "metadata").glob("part-*"))
    try:
        found = json.loads(parts[0].read_text(encoding="utf-8"))
        kind, defaults = found["class"].rpartition(".")[2], found["defaultParamMap"]
        columns = ("inputCols", "outputCol")
        params = {
            name: value
            for name, value in found["paramMap"].items()
            if name in columns or name not in defaults or value != defaults[name]
        }
        return Metadata(kind, found["uid"], params)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"`{folder / 'metadata'}` is no metadata of Spark: {type(error).__name__}") from error


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
        raise ModelError(f"`{folder}` lacks stages of its pipeline: {', '.join(missing) or 'all'}")
    return [(folders[uid], read_metadata(folders[uid])) for uid in pipeline.params["stageUids"]]
