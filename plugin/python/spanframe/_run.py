"""Runs jobs: files in, entities out, in units that are written whole or not at all."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike, fspath
from typing import Any, Literal

from . import _internal, _runtime


@dataclass(frozen=True)
class Progress:
    """Progress of a job, passed to the callback of ``run``. With ``shard``, units and rows of the shard."""

    units: int
    """Number of units."""
    units_done: int
    """Units done, by this run or an earlier one."""
    rows: int
    """Number of rows."""
    rows_done: int
    """Rows done, by this run or an earlier one, including those of the current unit."""
    share: float
    """Share of the rows that are done, from 0 to 1."""
    entities: dict[str, int]
    """Entities that this run found, by type."""
    tokens: int
    """Tokens of the texts that this run read."""
    rows_per_second: float
    """Rate of this run."""
    tokens_per_second: float
    """Rate of this run."""
    seconds_left: float | None
    """Seconds to the last row at this rate. None before the first row."""


@dataclass(frozen=True)
class Seconds:
    """Wall-clock time of a job, in seconds."""

    read: float
    """Waiting for rows of the input."""
    annotate: float
    """Tokenizing, inference and decoding."""
    write: float
    """Building, encoding and writing the output."""


@dataclass(frozen=True)
class Counts:
    """Counts of all units of a job that are done."""

    rows: int
    """Rows read from the input."""
    written: int
    """Rows written to the output."""
    nulled: int
    """Rows with null entities because they could not be annotated."""
    rejected: int
    """Rows left out because they could not be annotated or read."""
    lost: int
    """Rows left out because their part of the file is damaged."""
    unknown_language: int
    """Rows in a language that no model of the set has."""
    entities: dict[str, int]
    """Entities, by type."""
    tokens: int
    """Tokens of the texts."""
    model_tokens: int
    """Tokens that went through the model, without padding."""
    padded_tokens: int
    """Padding tokens that went through the model."""
    seconds: Seconds
    """Time by step."""


@dataclass(frozen=True)
class Loss:
    """Rows of a file that could not be read."""

    rows: range
    """Rows of the file, from 0."""
    part: int
    """Index of the row group or record batch, from 0."""
    reason: str
    """Why it cannot be read."""


@dataclass(frozen=True)
class Summary:
    """Result of a job, over all of its runs and shards."""

    units: int
    """Units of the job."""
    units_done: int
    """Units done. Fewer than ``units`` until all shards have finished."""
    units_now: int
    """Units that this run did."""
    counts: Counts
    """Counts of all units that are done."""
    losses: dict[str, list[Loss]]
    """Rows that could not be read and were skipped, by file."""
    damaged: dict[str, str]
    """Files that could not be read at all and were skipped, with the reason."""


def run(
    inputs: str | PathLike[str] | Iterable[str | PathLike[str]],
    output: str | PathLike[str],
    *,
    column: str,
    language_column: str | None = None,
    state: str | PathLike[str] | None = None,
    output_column: str | None = None,
    diagnostics_column: str | None = None,
    select: list[str] | None = None,
    id: str | None = None,
    form: Literal["nested", "exploded", "note_nlp"] | None = None,
    compression: Literal["zstd", "snappy", "lz4", "gzip", "none"] | None = None,
    unit_rows: int | None = None,
    row_group_rows: int | None = None,
    memory: str | None = None,
    on_error: Literal["raise", "null", "reject"] | None = None,
    on_damage: Literal["raise", "skip"] | None = None,
    on_change: Literal["refuse", "keep", "redo"] | None = None,
    shard: str | None = None,
    finalize: bool = False,
    overwrite: bool = False,
    metrics: str | PathLike[str] | None = None,
    progress: Callable[[Progress], object] | None = None,
    **options: Any,
) -> Summary:
    """Annotates files and folders into a folder; the same call goes on where an earlier one was stopped.

    The same as ``spanframe run`` of the command line, whose flags have the names of the keywords. Work is done in units:
    runs of row groups of one file, each of which becomes one Parquet file, whole or not at all. Units that are done are
    left alone.

    Parameters
    ----------
    inputs
        Files, folders (with all below them, Hive partitions too) and patterns, on disk or as ``s3://``, ``gs://``,
        ``az://``, ``abfs://`` or ``https://`` URLs: Parquet, Arrow IPC, CSV, TSV and NDJSON.
    output
        Folder for the output, on disk or in an object store.
    column
        Column with the texts.
    language_column
        Column with the language of each row (``es``, ``en-US``), which chooses among the models of a set.
    state
        Folder for the job's records; the output with ``.job`` after its name where left out.
    output_column
        Name of the new column; ``"ner"`` where left out.
    diagnostics_column
        Name of a column with what reading each text takes, as ``ner.diagnose`` gives it; none where left out.
    select
        Input columns to keep; all where left out.
    id
        Column that names a row in reports of rejected rows, and ``note_id`` of ``note_nlp``.
    form
        ``"nested"`` (default): a row a note; ``"exploded"``: a row an entity; ``"note_nlp"``: OMOP's table.
    compression
        Of the output; ``"zstd"`` where left out.
    unit_rows
        Rows of a unit, at most, unless one row group has more; 50,000 where left out.
    row_group_rows
        Rows of a row group of the output, at most; 100,000 where left out.
    memory
        Memory for rows in hand beside the model, such as ``"512M"``; from the limits of machine and cgroup where left
        out.
    on_error
        What becomes of a row that cannot be annotated or read: ``"raise"`` (default): an error that names it;
        ``"null"``: its entities are null, with the reason in a column; ``"reject"``: it is left out, and its id, place
        and reason are in the folder ``rejects`` of the records.
    on_damage
        What becomes of files and row groups that cannot be read: ``"raise"`` (default) or ``"skip"``.
    on_change
        What becomes of units of another model, other options or a replaced file: ``"refuse"`` (default; an error),
        ``"keep"`` or ``"redo"``.
    shard
        Do this part of the job alone, such as ``"0/4"``; shards may run at once.
    finalize
        Only check that the units of all shards are there, and sum them up.
    overwrite
        Remove the output and the records of an earlier job first.
    metrics
        File for counts while the job runs: Prometheus text, or JSON lines if it ends in ``.jsonl``.
    progress
        Called with a :class:`Progress` in this thread: when the first unit is about to begin, then at most five times
        a second, and with the last at the end. What it raises stops the job and is raised from here.
    **options
        The options of the engine: the keyword arguments of
        :meth:`NerExpression.extract <spanframe._polars.NerExpression.extract>`, which explains them.

    Returns
    -------
    Summary
        Counts of the job, with what earlier runs and other shards did.

    Raises
    ------
    InputError
        An option is unknown or out of its range; a file, column or row cannot be used; the output cannot be written.
        What is done stays done.
    ModelError
        The model folder cannot be used.
    DeviceError
        ONNX Runtime or the device is missing.
    KeyboardInterrupt
        Ctrl-C, in the main thread: the rows in hand are finished first, the unit in hand is given up, and the same call
        goes on from there. A second Ctrl-C does not wait for them: the job ends by itself, or with the process, and
        can go on as well. So it is with what handlers of other signals raise.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import polars as pl
    >>> from spanframe import run
    >>> temporary = TemporaryDirectory()
    >>> folder = Path(temporary.name)
    >>> pl.DataFrame({"note": ["Refiere disnea.", None]}).write_parquet(folder / "notes.parquet")
    >>> summary = run(folder / "notes.parquet", folder / "out", column="note")
    >>> summary.units_now, summary.counts.rows, summary.counts.entities
    (1, 2, {'SYMPTOM': 1})
    >>> run(folder / "notes.parquet", folder / "out", column="note").units_now
    0
    >>> pl.read_parquet(folder / "out" / "notes.parquet").ner.explode().select("chunk", "begin", "end").rows()
    [('disnea', 8, 14)]
    """
    _check_names(options)
    inputs = [inputs] if isinstance(inputs, (str, PathLike)) else list(inputs)
    if not inputs and not finalize:
        raise _internal.InputError("option `inputs` cannot be empty; it may be files, folders and patterns")
    if progress is not None and not callable(progress):
        raise _internal.InputError(f"option `progress` cannot be a {type(progress).__name__}; it may be a function")
    job = {
        "inputs": [_plain(place) for place in inputs],
        "output": _plain(output),
        "column": column,
        "language_column": language_column,
        "state": _plain(state),
        "output_column": output_column,
        "diagnostics_column": diagnostics_column,
        "select": select,
        "id": id,
        "form": form,
        "compression": compression,
        "unit_rows": unit_rows,
        "row_group_rows": row_group_rows,
        "memory": memory,
        "on_error": on_error,
        "on_damage": on_damage,
        "on_change": on_change,
        "shard": shard,
        "finalize": finalize,
        "overwrite": overwrite,
    }
    _runtime.register()
    tell = None if progress is None else lambda counts: progress(Progress(**counts))
    options = {name: _plain(value) for name, value in options.items()}
    return _summary(json.loads(_internal.run(job, options, _plain(metrics), tell)))


def _plain(value: Any) -> Any:
    """Returns a path as a string, also in a list, and anything else unchanged."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return fspath(value) if isinstance(value, PathLike) else value


def _check_names(options: dict[str, Any]) -> None:
    """Refuses a name that is not an option. The message suggests the nearest option of the job or the engine."""
    engine = _internal.option_names()
    for name in options:
        if name not in engine:
            own = [known for known in inspect.signature(run).parameters if known != "options"]
            near = get_close_matches(name, [*own, *engine], 1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            raise _internal.InputError(f"there is no option `{name}`{hint}")


def _summary(found: dict[str, Any]) -> Summary:
    counts = found.pop("counts")
    seconds = Seconds(**counts.pop("seconds"))
    losses = {
        file: [Loss(range(loss["rows"]["start"], loss["rows"]["end"]), loss["part"], loss["reason"]) for loss in some]
        for file, some in found.pop("losses").items()
    }
    return Summary(counts=Counts(**counts, seconds=seconds), losses=losses, **found)
