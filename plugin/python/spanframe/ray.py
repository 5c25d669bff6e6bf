"""Clinical named-entity recognition over Ray Data: an actor with an engine. Needs Ray and pyarrow."""

from __future__ import annotations

import os
from typing import Any

import pyarrow as pa
import ray

from ._column import DEFAULT_BATCH_BYTES, DEFAULT_BATCH_ROWS, ColumnAnnotator, OnError, Plan
from ._internal import InputError


class Annotator:
    """Adds the entities of a text column to each batch: a class for ``Dataset.map_batches``.

    The model is loaded once an actor. Give ``batch_format="pyarrow"``, without which Ray sends NumPy arrays.

    Parameters
    ----------
    column
        Column of texts.
    output
        Name of the new column.
    model
        As of :class:`spanframe.Engine`; a path must be there on every node (a shared file system, the image, or
        ``working_dir`` of the runtime environment).
    on_error
        ``"raise"`` (default), or ``"null"``: a row that cannot be annotated is null, and the reason is in a further
        column ``<output>_error``. No message has any text of a note.
    batch_rows, batch_bytes
        Most rows and bytes of text that are annotated at once.
    **options
        Those of :meth:`NerExpression.extract <spanframe._polars.NerExpression.extract>`. Where ``sessions`` is left out,
        an actor runs as many as Ray gave it CPUs (``num_cpus=``). ``device="cuda"`` takes the GPU that Ray gave it
        (``num_gpus=1``); without one it is an error.

    Raises
    ------
    InputError
        The column is missing or not of strings, the output column is there already, a row cannot be annotated, or an
        option is unknown or cannot have its value.

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
        model: str | os.PathLike[str] | None = None,
        on_error: OnError = "raise",
        batch_rows: int = DEFAULT_BATCH_ROWS,
        batch_bytes: int = DEFAULT_BATCH_BYTES,
        **options: Any,
    ) -> None:
        settings = {name: value for name, value in options.items() if value is not None}
        settings |= {} if model is None else {"model": os.fspath(model)}
        cpus = _assigned_cpus()
        if cpus is not None and settings.get("device", "cpu") == "cpu" and "sessions" not in settings:
            settings["sessions"] = max(1, int(cpus) // (settings.get("intra_threads") or 1))
        plan = Plan(settings, on_error, batch_rows, batch_bytes).check()
        self._column = column
        self._output = [output, f"{output}_error"][: 2 if on_error == "null" else 1]
        self._annotator = ColumnAnnotator(plan, f"a batch, column `{column}`")

    def __call__(self, batch: pa.Table) -> pa.Table:
        """The batch with the new column."""
        if not isinstance(batch, pa.Table):
            raise InputError(f'the batch is a {type(batch).__name__}: give map_batches batch_format="pyarrow"')
        names = batch.column_names
        if self._column not in names:
            raise InputError(f"there is no column `{self._column}`; the columns are {', '.join(names)}")
        for output in self._output:
            if output in names:
                raise InputError(f"there already is a column `{output}`: give the new one another name with output=")
        texts = batch.column(self._column)
        parts, first_row = [], 0
        for chunk in texts.chunks or [pa.array([], texts.type)]:
            parts += self._annotator.parts(chunk, first_row)
            first_row += len(chunk)
        if not parts:
            nothing = pa.array(self._annotator.engine.annotate([]))
            parts_of = [[nothing], [pa.array([], pa.string())]]
        else:
            parts_of = [[part.entities for part in parts], [part.reasons for part in parts]]
        for output, arrays in zip(self._output, parts_of):
            batch = batch.append_column(output, pa.chunked_array(arrays))
        return batch


def _assigned_cpus() -> float | None:
    """CPUs that Ray gave to this actor or task; None outside of one."""
    context = ray.get_runtime_context() if ray.is_initialized() else None
    if context is None or context.get_task_id() is None:
        return None
    return context.get_assigned_resources().get("CPU", 1)
