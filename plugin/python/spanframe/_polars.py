"""The ``ner`` namespaces of Polars."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import polars as pl
from polars.plugins import register_plugin_function

from . import _internal, _runtime
from ._model import Model, names

_LIBRARY = Path(_internal.__file__)
_FIELDS = {field["name"]: field for field in _internal.entity_fields()}


@pl.api.register_expr_namespace("ner")
class NerExpression:
    """Entities of a text column: ``pl.col("note").ner``."""

    def __init__(self, expression: pl.Expr) -> None:
        self._expression = expression

    def extract(
        self,
        model: Model | None = None,
        *,
        language: str | pl.Expr | pl.Series | None = None,
        merge: Literal["all", "longest", "first", "confident"] | None = None,
        merge_within: Literal["row", "type"] | None = None,
        unknown_language: Literal["error", "all", "skip"] | None = None,
        entities: list[str] | None = None,
        white_list: list[str] | None = None,
        black_list: list[str] | None = None,
        ignore_labels: list[str] | None = None,
        replace_labels: dict[str, str] | None = None,
        threshold: float | None = None,
        aggregation_strategy: Literal["none", "simple", "first", "average", "max", "word"] | None = None,
        decoding: Literal["best", "viterbi", "posterior"] | None = None,
        grouping: Literal["lenient", "strict", "sparknlp"] | None = None,
        greedy_mode: bool | None = None,
        ner_has_no_schema: bool | None = None,
        preserve_position: bool | None = None,
        cleanup_mode: Literal[
            "disabled", "inplace", "inplace_full", "shrink", "shrink_full", "each", "each_full", "delete_full"
        ]
        | None = None,
        cleaned_offsets: bool | None = None,
        emulate: Literal["huggingface", "sparknlp"] | None = None,
        max_length: int | None = None,
        stride: int | None = None,
        batch_tokens: int | None = None,
        layout: Literal["struct_of_lists", "list_of_structs", "annotation"] | None = None,
        offsets: Literal["char", "byte", "spark"] | None = None,
        device: str | None = None,
        sessions: int | None = None,
        intra_threads: int | None = None,
        max_document_bytes: int | None = None,
        on_error: Literal["raise", "null"] | None = None,
        onnxruntime: str | None = None,
        **unknown: Any,
    ) -> pl.Expr:
        """The entities of each text.

        The column must be ``String``, ``Categorical``, ``Enum``, ``Binary`` (read as UTF-8) or ``Null``. The type of the result is known when the
        query is planned; the model is loaded when it runs, once a process. Eager, lazy and streaming queries give the
        same values. Use the expression once and unnest or explode its result: a query that names it twice may run the
        model twice. Ctrl-C is heeded when Polars has the rows back that it gave at once; :meth:`spanframe.Engine.annotate`
        and :func:`spanframe.run` heed it after the batches in hand.

        Parameters
        ----------
        model
            Model folder, ``.onnx`` file in one, or a name of :func:`spanframe.models`; the bundled model where left
            out. Several of these as a list, or a pipeline file (``.toml``, ``.json``), are a set: all of them in one pass,
            and each entity names its model in one more field.
        language
            The language of each row (``es``, ``en-US``), which chooses among the models of a set: an expression, or the
            name of a column; ``pl.lit("es")`` for one language of all rows.
        merge
            Which of overlapping entities stays: ``"all"`` (default), the ``"longest"``, that of the ``"first"`` model in
            the order of the set, or the most ``"confident"``.
        merge_within
            Among which entities one stays: all of a ``"row"`` (default), or those of one ``"type"``.
        unknown_language
            What becomes of a row whose language no model names: ``"error"`` (default; follows ``on_error``), ``"all"``
            models take it, or those that have languages ``"skip"`` it.
        entities
            Entity types to keep; all where left out.
        white_list
            ``entities`` by the name of Spark NLP's NerConverter: give one of the two.
        black_list
            Entity types to leave out, also of those that ``entities`` keeps.
        ignore_labels
            Names to leave out, as Hugging Face's pipeline does; ``["O"]`` where left out.
        replace_labels
            New names of entity types in the output, by their old ones.
        threshold
            Least confidence of an entity, 0 to 1.
        aggregation_strategy
            How the labels of a word's pieces become one: ``"none"``, ``"simple"``, ``"first"``, ``"average"`` and
            ``"max"`` exactly as Hugging Face's pipeline, ``"word"`` by the first piece of each word, which is never
            cut. The model's own decoder where left out, or ``"word"``.
        decoding
            ``"best"``: the best label of each word by itself; ``"viterbi"``: the best sequence that the model's tag
            scheme allows; ``"posterior"``: the mentions that are more likely than not over all such sequences, with their
            probability as ``confidence``. The model's own where left out.
        grouping
            How labels become mentions: ``"lenient"`` (default; conlleval's rule), ``"strict"`` (what is well-formed
            under the tag scheme alone), ``"sparknlp"`` (``I-`` continues a mention of any type).
        greedy_mode
            Join entities of one type that touch.
        ner_has_no_schema
            Labels are types by themselves, whatever prefix they seem to have.
        preserve_position
            ``True`` (default): a chunk is the text between its positions; ``False``: its words with single spaces.
        cleanup_mode
            What is done to a text before it is read, by the names of Spark NLP's DocumentAssembler.
        cleaned_offsets
            Positions and chunks are those of the cleaned text, not of the original.
        emulate
            Follow another system with its losses: ``"huggingface"`` (windows of equal length, of overlapping entities
            the longer one), ``"sparknlp"`` (its words, the first part of each alone, no more than ``max_length``
            pieces, 128 by default).
        max_length
            Most tokens a window, special tokens included; what the model was made for where left out. Longer texts
            are cut into windows: nothing is truncated.
        stride
            Tokens that windows of one long sentence share; a quarter of a window where left out.
        batch_tokens
            Most tokens a batch, padding included.
        layout
            ``"struct_of_lists"`` (default): ``Struct{chunk, entity: List[String], begin, end: List[UInt32],
            confidence: List[Float32]}``; ``"list_of_structs"``: ``List[Struct{...}]``; ``"annotation"``: Spark NLP's
            array of annotations, its metadata as ``List[Struct{key, value}]``.
        offsets
            Unit of ``begin`` and ``end``: ``"char"`` (default; code points, half-open, as ``str.slice`` counts),
            ``"byte"`` (UTF-8, half-open), ``"spark"`` (UTF-16 units, inclusive end, as Spark NLP counts).
        device
            ``"cpu"`` (default), ``"cuda"`` or ``"cuda:N"``. A device that is absent is an error.
        sessions
            Batches that run at once; one a core where left out.
        intra_threads
            Threads within one batch.
        max_document_bytes
            Longest document that is read, in bytes; 4 GiB where left out.
        on_error
            What becomes of a row that cannot be annotated (longer than ``max_document_bytes``, or bytes that are not
            UTF-8): ``"raise"`` (default): an error that names it; ``"null"``: its entities are null.
        onnxruntime
            Path of the ONNX Runtime library; else ``ORT_DYLIB_PATH``, then the ``onnxruntime`` package of this Python.

        Returns
        -------
        polars.Expr
            One element a text: null for a null, empty lists where there is no entity.

        Raises
        ------
        InputError
            An option is unknown, or of a type that it cannot have.
        polars.exceptions.ComputeError
            When the query runs: the column, the value of an option, the model or the device cannot be used.

        Examples
        --------
        >>> df = pl.DataFrame({"note": ["Refiere dolor torácico y disnea."]})
        >>> df.select(pl.col("note").ner.extract(entities=["SYMPTOM"]).struct.field("chunk"))
        shape: (1, 1)
        ┌──────────────────────────────┐
        │ chunk                        │
        │ ---                          │
        │ list[str]                    │
        ╞══════════════════════════════╡
        │ ["dolor torácico", "disnea"] │
        └──────────────────────────────┘
        """
        options = {
            "merge": merge,
            "merge_within": merge_within,
            "unknown_language": unknown_language,
            "entities": entities,
            "white_list": white_list,
            "black_list": black_list,
            "ignore_labels": ignore_labels,
            "replace_labels": replace_labels,
            "threshold": threshold,
            "aggregation_strategy": aggregation_strategy,
            "decoding": decoding,
            "grouping": grouping,
            "greedy_mode": greedy_mode,
            "ner_has_no_schema": ner_has_no_schema,
            "preserve_position": preserve_position,
            "cleanup_mode": cleanup_mode,
            "cleaned_offsets": cleaned_offsets,
            "emulate": emulate,
            "max_length": max_length,
            "stride": stride,
            "batch_tokens": batch_tokens,
            "layout": layout,
            "offsets": offsets,
            "device": device,
            "sessions": sessions,
            "intra_threads": intra_threads,
            "max_document_bytes": max_document_bytes,
            "on_error": on_error,
            "onnxruntime": onnxruntime,
        }
        return _call("extract", _inputs(self._expression, language), _kwargs(model, options | unknown))

    def diagnose(
        self, model: Model | None = None, *, language: str | pl.Expr | pl.Series | None = None, **options: Any
    ) -> pl.Expr:
        """What reading each text takes. The model does not run.

        Parameters
        ----------
        model, language
            As of :meth:`extract`.
        **options
            As of :meth:`extract`; those that choose windows and words matter.

        Returns
        -------
        polars.Expr
            ``Struct{tokens, unknown_tokens, windows, words_lost: UInt32, error: String}``, null for a null: pieces of
            the text, those that stand for what the vocabulary lacks, windows given to the model, words that are not
            read (0, unless ``emulate="sparknlp"``), and why a text cannot be annotated (null where it can). Of a set the
            counts are sums over its tokenizers and inferences.

        Raises
        ------
        InputError
            An option is unknown, or of a type that it cannot have.
        polars.exceptions.ComputeError
            When the query runs: the column, the value of an option, the model or the device cannot be used.

        Examples
        --------
        >>> df = pl.DataFrame({"note": ["Refiere disnea.", None]})
        >>> df.select(pl.col("note").ner.diagnose()).unnest("note")
        shape: (2, 5)
        ┌────────┬────────────────┬─────────┬────────────┬───────┐
        │ tokens ┆ unknown_tokens ┆ windows ┆ words_lost ┆ error │
        │ ---    ┆ ---            ┆ ---     ┆ ---        ┆ ---   │
        │ u32    ┆ u32            ┆ u32     ┆ u32        ┆ str   │
        ╞════════╪════════════════╪═════════╪════════════╪═══════╡
        │ 6      ┆ 0              ┆ 1       ┆ 0          ┆ null  │
        │ null   ┆ null           ┆ null    ┆ null       ┆ null  │
        └────────┴────────────────┴─────────┴────────────┴───────┘
        """
        return _call("diagnose", _inputs(self._expression, language), _kwargs(model, options))


def _inputs(text: pl.Expr, language: str | pl.Expr | pl.Series | None) -> list[Any]:
    return [text] if language is None else [text, language]


def _kwargs(model: Model | None, options: dict[str, Any]) -> dict[str, Any]:
    """All options by name, of plain types, as they go through Polars: paths as text, numbers of NumPy as Python's.

    Raises
    ------
    InputError
        An option is unknown, or of a type that it cannot have. What values it may have is known when the query runs.
    """
    given = {"model": names(model), **options}
    plain = json.loads(_internal.plain_options(**given))
    # JSON has no NaN, which is refused with all other values that cannot be
    lost = {name for name, value in given.items() if value is not None and plain[name] is None}
    return plain | {name: float(given[name]) for name in lost}


def _call(function: str, inputs: list[Any], kwargs: dict[str, Any]) -> pl.Expr:
    """The expression that calls a function of the plugin."""
    _runtime.register()
    return register_plugin_function(
        plugin_path=_LIBRARY, function_name=function, args=inputs, kwargs=kwargs, is_elementwise=True
    )


class _NerFrame:
    """Helpers for frames with an entity column: ``df.ner``."""

    def __init__(self, frame: pl.DataFrame | pl.LazyFrame) -> None:
        self._frame = frame

    def explode(self, column: str = "ner", *, keep_empty: bool = False, prefix: str = "") -> Any:
        """One row an entity: what exploding Spark NLP's ``ner_chunk`` gives.

        Parameters
        ----------
        column
            Column that :meth:`NerExpression.extract` made, in any layout. Positions of annotations stay Spark NLP's.
        keep_empty
            Keep rows without entity, with nulls in their place (Spark's ``explode_outer``); they are dropped else.
        prefix
            Put before the names of the new columns, where the frame already has such columns.

        Returns
        -------
        DataFrame or LazyFrame
            The other columns, repeated, followed by one for each field of the entity. Of annotations these are the fields
            that every output has: the type of such a column does not tell whether its metadata name a model.

        Examples
        --------
        >>> df = pl.DataFrame({"id": [1, 2], "note": ["Niega disnea.", "Sin cambios."]})
        >>> df = df.with_columns(ner=pl.col("note").ner.extract())
        >>> df.ner.explode("ner", keep_empty=True).select("id", "chunk", "begin")
        shape: (2, 3)
        ┌─────┬────────┬───────┐
        │ id  ┆ chunk  ┆ begin │
        │ --- ┆ ---    ┆ ---   │
        │ i64 ┆ str    ┆ u32   │
        ╞═════╪════════╪═══════╡
        │ 1   ┆ disnea ┆ 6     │
        │ 2   ┆ null   ┆ null  │
        └─────┴────────┴───────┘
        """
        schema = self._frame.collect_schema()
        if column not in schema:
            raise _internal.InputError(f"there is no column `{column}`; the columns are {', '.join(schema)}")
        dtype = schema[column]
        nested = isinstance(dtype, pl.List)
        struct = dtype.inner if nested else dtype
        fields = [field.name for field in struct.fields] if isinstance(struct, pl.Struct) else []
        annotated = fields == _internal.annotation_fields()
        # the type of annotations does not tell which keys their metadata have
        known = [name for name, field in _FIELDS.items() if field["always"] or (name in fields and not annotated)]
        if annotated:
            fields = known
        if fields != known:
            raise _internal.InputError(f"column `{column}` is {dtype}, expected one that ner.extract made")
        taken = [prefix + name for name in fields if prefix + name in schema]
        if taken:
            raise _internal.InputError(f"the frame already has {', '.join(taken)}: give a prefix=, such as '{column}_'")
        frame = self._frame
        if not nested:
            lists = [pl.col(column).struct.field(name).alias(prefix + name) for name in fields]
            frame = frame.with_columns(lists).drop(column)
        lists = [column] if nested else [prefix + name for name in fields]
        has_entity = (pl.col(lists[0]).list.len() > 0).fill_null(False)
        # versions of Polars disagree on what exploding an empty list gives; of a null it is a null in all of them
        frame = (
            frame.with_columns(pl.when(has_entity).then(pl.col(name)).alias(name) for name in lists)
            if keep_empty
            else frame.filter(has_entity)
        ).explode(lists)
        if nested:
            value = _of_annotation if annotated else _of_struct
            new = [value(column, _FIELDS[name]).alias(prefix + name) for name in fields]
            frame = frame.with_columns(new).drop(column)
        return frame


def _of_struct(column: str, field: dict[str, Any]) -> pl.Expr:
    """A field of an entity, from a struct of our own."""
    return pl.col(column).struct.field(field["name"])


def _of_annotation(column: str, field: dict[str, Any]) -> pl.Expr:
    """A field of an entity, from an annotation of Spark NLP."""
    value = pl.col(column).struct.field(field["annotation"])
    if field["key"] is None:
        return value
    # a map where it comes from a file, a list where it comes from the engine
    entries = value.cast(pl.List(pl.Struct({"key": pl.String, "value": pl.String})))
    entry = pl.element().struct
    text = entries.list.eval(entry.field("value").filter(entry.field("key") == field["key"])).list.first()
    return _FROM_TEXT[field["type"]](text)


_FROM_TEXT = {
    "Utf8": lambda text: text,
    "UInt32": lambda text: text.cast(pl.UInt32),
    "Float32": lambda text: text.cast(pl.Float32),
    "Boolean": lambda text: text == "true",
}
"""Makes the value of a field from its text in the metadata of an annotation, by the type of the field."""


@pl.api.register_dataframe_namespace("ner")
class NerDataFrame(_NerFrame):
    """Helpers for data frames with an entity column: ``df.ner``."""


@pl.api.register_lazyframe_namespace("ner")
class NerLazyFrame(_NerFrame):
    """Helpers for lazy frames with an entity column: ``lf.ner``."""
