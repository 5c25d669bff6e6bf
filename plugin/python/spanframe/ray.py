"""Annotates Ray datasets, with one engine per actor. Needs Ray and pyarrow."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import ray

from ._column import DEFAULT_BATCH_BYTES, DEFAULT_BATCH_ROWS, ColumnAnnotator, OnError, Plan
from ._internal import InputError, column_list
from ._model import Model, names


class Annotator:
    """Adds the entities of a text column to each batch. A class for ``Dataset.map_batches``.

    An actor loads the model once. Pass ``batch_format="pyarrow"``, because Ray sends NumPy arrays otherwise.

    Parameters
    ----------
    column
        Column of texts: strings, or bytes that are read as UTF-8.
    output
        Name of the new column.
    model
        Model, list of models or pipeline file, as of :class:`spanframe.Engine`. A path must exist on every node: on a
        shared file system, in the image, or in ``working_dir`` of the runtime environment.
    language
        Column with the language of each row (``es``, ``en-US``), which chooses among the models of a set.
    on_error
        What to do with a row that cannot be annotated. ``"raise"`` (default) raises. ``"null"`` returns null, with the
        reason in a column ``<output>_error``. No message contains text of a note.
    batch_rows, batch_bytes
        Maximum rows and bytes of text that are annotated at once.
    **options
        Options of :meth:`NerExpression.extract <spanframe._polars.NerExpression.extract>`. By default an actor runs as
        many ``sessions`` as it has CPUs (``num_cpus=``). ``device="cuda"`` uses the GPU of the actor (``num_gpus=1``), and
        is an error without one.

    Raises
    ------
    InputError
        A column is missing or not a string column, the output column exists, a row cannot be annotated, or an option is
        unknown or cannot have its value.

    Examples
    --------
    >>> Annotator("text")(pa.table({"text": ["Niega disnea."]}))["ner"][0]["chunk"].as_py()
    ['disnea']

    In a pool of actors::

        ds.map_batches(
            Annotator,
            fn_constructor_kwargs={"column": "text"},
            batch_format="pyarrow",
            num_cpus=4,
            compute=ray.data.ActorPoolStrategy(size=8),
        )
    """

    def __init__(
        self,
        column: str,
        output: str = "ner",
        *,
        model: Model | None = None,
        language: str | None = None,
        on_error: OnError = "raise",
        batch_rows: int = DEFAULT_BATCH_ROWS,
        batch_bytes: int = DEFAULT_BATCH_BYTES,
        **options: Any,
    ) -> None:
        settings = {name: value for name, value in options.items() if value is not None}
        settings |= {} if model is None else {"model": names(model)}
        cpus = _assigned_cpus()
        if cpus is not None and settings.get("device", "cpu") == "cpu" and "sessions" not in settings:
            settings["sessions"] = max(1, int(cpus) // (settings.get("intra_threads") or 1))
        plan = Plan(settings, on_error, batch_rows, batch_bytes).check()
        self._column = column
        self._language = language
        self._output = [output, f"{output}_error"][: 2 if on_error == "null" else 1]
        self._annotator = ColumnAnnotator(plan, f"a batch, column `{column}`")

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Returns the batch with the new column."""
        if not isinstance(batch, pa.Table):
            raise InputError(f'the batch is a {type(batch).__name__}: give map_batches batch_format="pyarrow"')
        known = batch.column_names
        for column in (self._column, self._language):
            if column is not None and column not in known:
                raise InputError(f"there is no column `{column}`; the columns are {column_list(known)}")
            if known.count(column) > 1:
                raise InputError(f"the table has {known.count(column)} columns named `{column}`: rename all but one")
        for output in self._output:
            if output in known:
                raise InputError(f"there already is a column `{output}`: give the new one another name with output=")
        texts = batch.column(self._column)
        languages = None if self._language is None else batch.column(self._language).combine_chunks()
        parts, first_row = [], 0
        for chunk in texts.chunks or [pa.array([], texts.type)]:
            codes = None if languages is None else languages.slice(first_row, len(chunk))
            parts += self._annotator.parts(chunk, first_row, codes)
            first_row += len(chunk)
        if not parts:
            nothing = pa.array(self._annotator.engine.annotate([], language=None if languages is None else []))
            parts_of = [[nothing], [pa.array([], pa.string())]]
        else:
            parts_of = [[part.entities for part in parts], [part.reasons for part in parts]]
        for output, arrays in zip(self._output, parts_of):
            batch = batch.append_column(output, pa.chunked_array(arrays))
        return batch


def _assigned_cpus() -> float | None:
    """Returns the number of CPUs of this actor or task, or None outside of one."""
    context = ray.get_runtime_context() if ray.is_initialized() else None
    if context is None or context.get_task_id() is None:
        return None
    return context.get_assigned_resources().get("CPU", 1)
