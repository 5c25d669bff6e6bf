"""The ``ner`` namespaces of Polars."""

from __future__ import annotations

import json
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import polars as pl
from polars.plugins import register_plugin_function

from . import _internal, _runtime
from ._explode import explode
from ._model import Model, names

_LIBRARY = Path(_internal.__file__)


@pl.api.register_expr_namespace("ner")
class NerExpression:
    """Annotates a text column, or links an entity column: ``pl.col("note").ner``."""

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
        sentences: bool | None = None,
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
        assertion: bool | list[str] | None = None,
        assertion_rules: str | PathLike[str] | list[str] | None = None,
        link: str | PathLike[str] | list[str] | None = None,
        link_similarity: float | None = None,
        link_candidates: int | None = None,
        on_error: Literal["raise", "null"] | None = None,
        onnxruntime: str | PathLike[str] | None = None,
        **unknown: Any,
    ) -> pl.Expr:
        """Returns the entities of each text.

        The column must be ``String``, ``Categorical``, ``Enum``, ``Binary`` (read as UTF-8) or ``Null``. The type of the
        result is known when the query is planned. The model is loaded when the query runs, once per process. Eager, lazy
        and streaming queries return the same values.

        Use the expression once and unnest or explode its result: a query that contains it twice may run the model twice.
        Ctrl-C ends a query after the current batches, within about a second. If Polars runs the expression on its own
        threads, it may report a ``ComputeError`` before the ``KeyboardInterrupt``. A file that ``sink_parquet`` was writing
        stays with the rows so far; :func:`spanframe.run` writes whole files.

        Parameters
        ----------
        model
            Model folder, ``.onnx`` file in one, or a name of :func:`spanframe.models`. A list of these, or a pipeline
            file (``.toml``, ``.json``), is a set of models: all run in one pass, and each entity names its model in one
            more field. Default: the bundled model.
        language
            The language of each row (``es``, ``en-US``), which chooses among the models of a set: an expression, or the
            name of a column. ``pl.lit("es")`` gives all rows one language. Default: none.
        merge
            Choose which of overlapping entities stay. ``"all"`` keeps all, ``"longest"`` the longest, ``"first"`` that
            of the first model in the order of the set, and ``"confident"`` the most confident. Default: ``"all"``.
        merge_within
            Choose which entities compete in a merge. ``"row"`` compares all entities of a row, ``"type"`` only those of
            one type. Default: ``"row"``.
        unknown_language
            Choose what happens to a row whose language no model names. ``"error"`` refuses the row (``on_error``
            applies), ``"all"`` gives it to all models, and ``"skip"`` leaves out the models that have languages.
            Default: ``"error"``.
        entities
            Keep only these entity types. Default: all types.
        white_list
            Same as ``entities``, by the name in Spark NLP's NerConverter. Give one of the two. Default: all types.
        black_list
            Leave out these entity types, even those that ``entities`` keeps. Default: none.
        ignore_labels
            Leave out these names, as Hugging Face's pipeline does. Default: ``["O"]``.
        replace_labels
            Rename entity types in the output: the old and the new name. Default: none.
        threshold
            Keep entities of at least this confidence, from 0 to 1. Default: ``0``.
        aggregation_strategy
            Choose how the labels of a word's tokens become one. ``"none"``, ``"simple"``, ``"first"``, ``"average"``
            and ``"max"`` work exactly as in Hugging Face's pipeline. ``"word"`` takes the first token of each word and
            never cuts a word. Default: the model's own, or ``"word"``.
        decoding
            Choose how the labels of a sequence are decided. ``"best"`` takes the best label of each word by itself,
            ``"viterbi"`` the best sequence that the tag scheme allows, and ``"posterior"`` the mentions that are more
            likely than not over all such sequences, with that probability as confidence. Default: the model's own.
        grouping
            Choose how labels become mentions. ``"lenient"`` reads every tag scheme (conlleval's rule), ``"strict"``
            takes only what is well-formed under the model's tag scheme, and with ``"sparknlp"`` an ``I-`` continues a
            mention of any type. Default: ``"lenient"``.
        greedy_mode
            Join entities of one type that touch. Default: ``False``.
        ner_has_no_schema
            Treat labels as types, whatever prefix they seem to have. Default: ``False``.
        preserve_position
            Take a chunk from the text exactly as it stands there. ``False`` gives the words of the chunk with single
            spaces between them. Default: ``True``.
        cleanup_mode
            Clean the text first, as Spark NLP's DocumentAssembler does. Default: ``"disabled"``.
        cleaned_offsets
            Give positions and chunks of the cleaned text, not the original. Default: ``False``.
        sentences
            Number the sentences of a text in the metadata of annotations. Spark NLP does so behind a SentenceDetector.
            ``False`` gives ``0``, as without one. Other layouts have no sentence. Default: ``False``.
        emulate
            Follow another system, losses included. ``"huggingface"`` takes windows of equal length over the whole text
            and keeps the longer of overlapping entities. ``"sparknlp"`` takes its words, labels a word by its first
            token and reads no more than ``max_length`` tokens (128 by default). Default: none.
        max_length
            Set the most tokens of a window, special tokens included. Longer texts are cut into windows: nothing is
            truncated. Default: the model's own.
        stride
            Set how many tokens the windows of a long sentence share. Default: a quarter of a window.
        batch_tokens
            Set the most tokens of a batch, padding included. Default: ``512``.
        layout
            Choose the layout of the new column. ``"struct_of_lists"`` has a list for each field, ``"list_of_structs"``
            a struct for each entity, and ``"annotation"`` is Spark NLP's array of annotations. Default:
            ``"struct_of_lists"``.
        offsets
            Choose the unit of ``begin`` and ``end``. ``"char"`` counts code points, as slices in Polars and Python do,
            and ``"byte"`` UTF-8 bytes, both with an exclusive end. ``"spark"`` counts UTF-16 units with an inclusive
            end, as Spark NLP does; annotations always have it. Default: ``"char"``.
        device
            Run on this device: ``cpu``, ``cuda`` or ``cuda:N``. A device that is absent is an error, never a fallback.
            Default: ``"cpu"``.
        sessions
            Run this many batches at once. Default: one per core, 1 on a GPU.
        intra_threads
            Use this many threads within one batch. Default: ``1``.
        max_document_bytes
            Read documents of at most this many bytes. Default: 4 GiB.
        assertion
            Say of each entity whether it is so, and the patient's. ``True`` adds the booleans ``"negated"``,
            ``"uncertain"``, ``"historical"``, ``"hypothetical"`` and ``"family"`` to the fields of an entity, a list
            adds those that it names. Cues in the text decide, in English, Spanish and Italian. The language of a row is
            that of its language column, or is detected. Default: ``False``.
        assertion_rules
            Add the cues of these files to the rules of ``assertion``. A file with ``replace = true`` takes the place of
            the rules for its language. Default: none.
        link
            Link entities to the concepts of these vocabularies. ``spanframe vocabulary build`` writes them. An entity
            gets ``code``, ``term``, ``vocabulary``, ``concept_id``, ``standard_concept_id`` and ``similarity`` of the
            nearest concept; all are null if none is near enough. Several vocabularies are searched as one. Default:
            none.
        link_similarity
            Link to concepts of at least this similarity, from 0 to 1. Default: 0.5.
        link_candidates
            Add this many of the nearest concepts of an entity, as ``candidates``. Default: none.
        on_error
            Choose what happens to a row that cannot be annotated. Such a row is longer than ``max_document_bytes``, or
            is not UTF-8. ``"raise"`` ends with an error that names the row, and ``"null"`` gives null entities. Jobs
            also have ``reject``. Default: ``"raise"``.
        onnxruntime
            Load ONNX Runtime from this path. Without it ``ORT_DYLIB_PATH``, the active Python environment and the
            system are searched, in this order. Default: the first one found.

        Returns
        -------
        polars.Expr
            One element per text: null for a null, empty lists for a text without entities.

        Raises
        ------
        InputError
            An option is unknown, or has a wrong type.
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
        given = locals()  # the keywords, before any other local name
        options = {name: given[name] for name in _internal.option_names() if name != "model"}
        return _call("extract", _inputs(self._expression, language), _kwargs(model, options | unknown))

    def diagnose(
        self, model: Model | None = None, *, language: str | pl.Expr | pl.Series | None = None, **options: Any
    ) -> pl.Expr:
        """Counts tokens and windows of each text, without running the model.

        Parameters
        ----------
        model, language
            As of :meth:`extract`.
        **options
            As of :meth:`extract`. Those that choose windows and words matter.

        Returns
        -------
        polars.Expr
            ``Struct{tokens, unknown_tokens, windows, words_lost: UInt32, error: String}``, null for a null:

            - ``tokens``: tokens of the text
            - ``unknown_tokens``: of these, tokens that the vocabulary lacks
            - ``windows``: windows that the model would read
            - ``words_lost``: words that are not read (0 unless ``emulate="sparknlp"``)
            - ``error``: why the text cannot be annotated; null if it can

            The counts of a set are sums over its tokenizers and inferences.

        Raises
        ------
        InputError
            An option is unknown, or has a wrong type.
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

    def link(
        self,
        vocabulary: str | PathLike[str] | list[str],
        *,
        entities: list[str] | None = None,
        similarity: float | None = None,
        candidates: int | None = None,
    ) -> pl.Expr:
        """Links entities to the concepts of vocabularies: ``pl.col("ner").ner.link("snomed.vocabulary")``.

        The column must have entities: that of :meth:`extract` in any layout, or a like one of another source. Each
        distinct text is linked once a batch. The option ``link`` of :meth:`extract` does the same in one step.

        Parameters
        ----------
        vocabulary
            File that ``spanframe vocabulary build`` wrote. Several are searched as one, in their order.
        entities
            Link entities of these types only. Default: all types.
        similarity
            Link to concepts of at least this similarity, from 0 to 1. Default: 0.5.
        candidates
            Add this many of the nearest concepts of an entity, as ``candidates``. Default: none.

        Returns
        -------
        polars.Expr
            The column with further fields of each entity, null where no concept is near enough: ``code``, ``term``,
            ``vocabulary``, ``concept_id``, ``standard_concept_id`` and ``similarity``, then ``candidates`` on request.
            Annotations have them as text in their metadata. Fields of an earlier linking are replaced. Null rows stay
            null.

        Raises
        ------
        InputError
            An option has a wrong type.
        polars.exceptions.ComputeError
            When the query runs: the column has no entities, or a vocabulary or the value of an option cannot be used.

        Examples
        --------
        The type is known without the file, which ``spanframe vocabulary build`` writes:

        >>> notes = pl.LazyFrame({"note": ["Refiere disnea."]}).with_columns(ner=pl.col("note").ner.extract())
        >>> linked = notes.with_columns(pl.col("ner").ner.link("terms.vocabulary"))
        >>> linked.ner.explode().collect_schema().names()[6:]
        ['code', 'term', 'vocabulary', 'concept_id', 'standard_concept_id', 'similarity']
        """
        given = {"vocabulary": vocabulary, "entities": entities, "similarity": similarity, "candidates": candidates}
        return _call("link", [self._expression], _plain(_internal.plain_link, given))


def _inputs(text: pl.Expr, language: str | pl.Expr | pl.Series | None) -> list[Any]:
    return [text] if language is None else [text, language]


def _kwargs(model: Model | None, options: dict[str, Any]) -> dict[str, Any]:
    """Returns all options by name with plain types, to pass through Polars: paths as strings, NumPy's numbers as Python's.

    Raises
    ------
    InputError
        An option is unknown, or has a wrong type. Values are checked when the query runs.
    """
    return _plain(_internal.plain_options, {"model": names(model), **options})


def _plain(read: Callable[..., str], given: dict[str, Any]) -> dict[str, Any]:
    plain = json.loads(read(**given))
    # JSON has no NaN; the query refuses it, like every other wrong value
    lost = {name for name, value in given.items() if value is not None and plain[name] is None}
    return plain | {name: float(given[name]) for name in lost}


def _call(function: str, inputs: list[Any], kwargs: dict[str, Any]) -> pl.Expr:
    """Returns the expression that calls a function of the plugin."""
    _runtime.register()
    return register_plugin_function(
        plugin_path=_LIBRARY, function_name=function, args=inputs, kwargs=kwargs, is_elementwise=True
    )


class _NerFrame:
    """Explodes the entity column of a frame: ``df.ner``."""

    def __init__(self, frame: pl.DataFrame | pl.LazyFrame) -> None:
        self._frame = frame

    def explode(
        self, column: str = "ner", *, keep_empty: bool = False, prefix: str = "", metadata: list[str] | None = None
    ) -> Any:
        """Returns one row per entity, as exploding Spark NLP's ``ner_chunk`` does.

        Parameters
        ----------
        column
            Column of :meth:`NerExpression.extract`, in any layout. Positions of annotations stay Spark NLP's.
        keep_empty
            Keep rows without entities, with nulls as values (Spark's ``explode_outer``). By default they are dropped.
        prefix
            Prefix of the new columns' names, for a frame that already has columns of these names.
        metadata
            Further fields to take from the metadata of annotations, such as ``["model", "negated"]``: their type does
            not say which keys they have. Other layouts give all their fields.

        Returns
        -------
        DataFrame or LazyFrame
            The other columns, repeated, followed by one column for each field of the entity. Annotations give the fields
            that every output has, and those of ``metadata``.

        Raises
        ------
        InputError
            The column is missing or does not hold entities, the frame already has one of the new columns, or
            ``metadata`` has another name than that of a field.

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
        return explode(self._frame, column, keep_empty=keep_empty, prefix=prefix, metadata=metadata or [])


@pl.api.register_dataframe_namespace("ner")
class NerDataFrame(_NerFrame):
    """Explodes the entity column of a data frame: ``df.ner``."""


@pl.api.register_lazyframe_namespace("ner")
class NerLazyFrame(_NerFrame):
    """Explodes the entity column of a lazy frame: ``lf.ner``."""
