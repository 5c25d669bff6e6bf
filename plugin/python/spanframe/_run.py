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
class RunSummary:
    """What one run of a job did."""

    began: str
    """When it began, in UTC, such as ``2026-03-31T22:00:04.127Z``."""
    seconds: float
    """Time since its first unit began."""
    counts: Counts
    """Counts of the units that it made."""
    files_lost: int
    """Damaged files that it found and left out."""
    failed: dict[str, str]
    """Files that it could not do in full, with their errors. Empty, since ``run`` raises where a file failed."""


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
    run: RunSummary
    """What this run did."""


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
    separator: str | None = None,
    quote: str | None = None,
    escape: str | None = None,
    header: bool | None = None,
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
    """Annotates files and folders into a folder. The same call resumes a job that was stopped.

    Does what ``spanframe run`` does, whose flags have the names of the keywords. A job works in units: row groups of one
    file that become one Parquet file, which is written whole or not at all. Units that are done are left alone.

    Parameters
    ----------
    inputs
        Files, folders (with everything below them, Hive partitions too) and patterns, on disk or as ``s3://``,
        ``gs://``, ``az://``, ``abfs://`` or ``https://`` URLs. Formats: Parquet, Arrow IPC, CSV, TSV and NDJSON.
    output
        Folder for the output, on disk or in an object store.
    column
        Column with the texts.
    language_column
        Choose among the models of a set by this column. It has the language of each row, such as es or en-US. Default:
        none.
    state
        Keep the records of the job in this folder. It is required where the output is a whole bucket. Default: the
        output with ``.job`` after its name.
    output_column
        Give the new column this name. Default: ``"ner"``.
    diagnostics_column
        Add a column of this name with diagnostics of each text. It has the fields tokens, unknown_tokens, windows,
        words_lost and error. Default: none.
    select
        Keep only these input columns. Default: all columns.
    separator
        Separate the fields of CSV and TSV files by this character. ``\t`` is a tab. Default: a comma, in ``.tsv`` a
        tab.
    quote
        Quote fields of CSV and TSV files by this character. An empty string means that no field is quoted: a quote is
        text. Default: a double quote.
    escape
        Escape quotes in quoted fields of CSV and TSV by this character. Spark writes a backslash. By default a quote is
        doubled. Default: the quote.
    header
        Take the first row of CSV and TSV as names of columns. Without a header the columns are named ``column_0``,
        ``column_1`` and so on. Default: ``True``.
    id
        Identify rows by this column in reports of rejected rows. It is also ``note_id`` of the form ``note_nlp``.
        Default: none.
    form
        Choose what to write. ``"nested"`` writes a row for each note, ``"exploded"`` a row for each entity, and
        ``"note_nlp"`` OMOP's table. Default: ``"nested"``.
    compression
        Compress the output with this codec. Default: ``"zstd"``.
    unit_rows
        Set the most rows of a unit. A row group is never cut, so a unit may have as many rows as one row group.
        Default: ``50000``.
    row_group_rows
        Set the most rows of a row group in the output. Default: ``100000``.
    memory
        Use this much memory for rows, such as ``512M``. The memory of the model comes on top. Default: from the limits
        of machine and cgroup.
    on_error
        Choose what happens to a row that cannot be annotated or read. ``"raise"`` ends with an error that names the
        row, and ``"null"`` gives null entities, with the reason in a column. ``"reject"`` leaves the row out, and
        writes its id, place and reason to the folder ``rejects`` of the records (``annotate``: to the folder
        ``_rejects`` beside the output). Default: ``"raise"``.
    on_damage
        Choose what happens to files and row groups that cannot be read. ``"raise"`` ends the job, and ``"skip"`` leaves
        them out and reports them. Default: ``"raise"``.
    on_change
        Choose what happens to units of another model, options or file. ``"refuse"`` ends with an error before the job
        begins, ``"keep"`` keeps the units, and ``"redo"`` makes them again. Default: ``"refuse"``.
    shard
        Do only this part of the job, such as ``0/4``. Shards may run at once. Default: ``"0/1"``.
    finalize
        Only check that all units are there, and sum them up. Default: ``False``.
    overwrite
        Remove the output and records of an earlier job first. Default: ``False``.
    metrics
        File for counts while the job runs: Prometheus text, or JSON lines if its name ends in ``.jsonl``.
    progress
        Function that is called with a :class:`Progress` in this thread: before the first unit, then at most five times
        a second, and at the end. An exception of the function stops the job and is raised from here.
    **options
        Options of the engine: the keyword arguments of
        :meth:`NerExpression.extract <spanframe._polars.NerExpression.extract>`, which describes them.

    Returns
    -------
    Summary
        Counts of the job, with the work of earlier runs and other shards.

    Raises
    ------
    InputError
        An option is unknown or out of its range, a file, column or row cannot be used, or the output cannot be written.
        Where single files are at fault, all others are done first. Units that are done stay done.
    ModelError
        The model folder cannot be used.
    DeviceError
        ONNX Runtime or the device is missing.
    KeyboardInterrupt
        Ctrl-C in the main thread. The job finishes the current batches and drops the current unit, and the same call
        resumes it. A second Ctrl-C does not wait: the job ends by itself or with the process, and can be resumed too.
        Exceptions of other signal handlers behave the same.

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
    given = locals()  # the keywords, before any other local name
    _check_names(options)
    inputs = [inputs] if isinstance(inputs, (str, PathLike)) else list(inputs)
    if not inputs and not finalize:
        raise _internal.InputError("option `inputs` cannot be empty; it may be files, folders and patterns")
    if progress is not None and not callable(progress):
        raise _internal.InputError(f"option `progress` cannot be a {type(progress).__name__}; it may be a function")
    job = {name: _plain(given[name]) for name in _internal.job_option_names()}
    job["inputs"] = [_plain(place) for place in inputs]
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
            hint = f"did you mean `{near[0]}`?" if near else "docs/options.md lists all"
            raise _internal.InputError(f"there is no option `{name}`; {hint}")


def _summary(found: dict[str, Any]) -> Summary:
    own = found.pop("run")
    losses = {
        file: [Loss(range(loss["rows"]["start"], loss["rows"]["end"]), loss["part"], loss["reason"]) for loss in some]
        for file, some in found.pop("losses").items()
    }
    run = RunSummary(counts=_counts(own.pop("counts")), **own)
    return Summary(counts=_counts(found.pop("counts")), losses=losses, run=run, **found)


def _counts(found: dict[str, Any]) -> Counts:
    return Counts(seconds=Seconds(**found.pop("seconds")), **found)
