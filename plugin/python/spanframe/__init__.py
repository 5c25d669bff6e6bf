"""Clinical named-entity recognition as a dataframe column.

Importing this package registers the ``ner`` namespace of Polars, if Polars is installed:

>>> import polars as pl
>>> import spanframe
>>> df = pl.DataFrame({"note": ["Metformin 500mg twice daily.", None]})
>>> df.with_columns(ner=pl.col("note").ner.extract()).ner.explode("ner").select("chunk", "entity", "begin", "end")
shape: (1, 4)
┌───────────┬────────────┬───────┬─────┐
│ chunk     ┆ entity     ┆ begin ┆ end │
│ ---       ┆ ---        ┆ ---   ┆ --- │
│ str       ┆ str        ┆ u32   ┆ u32 │
╞═══════════╪════════════╪═══════╪═════╡
│ Metformin ┆ MEDICATION ┆ 0     ┆ 9   │
└───────────┴────────────┴───────┴─────┘

Without Polars, :class:`Engine` annotates lists and anything that speaks the Arrow PyCapsule interface.
"""

from importlib.util import find_spec

from ._checkpoint import LogitComparison
from ._diff import diff
from ._display import Display, display
from ._engine import Engine, Entity, ModelEntity
from ._export import ExportedModel, ModelFile, export_model
from ._internal import (
    DeviceError,
    Entities,
    InputError,
    InternalError,
    ModelError,
    SpanframeError,
    Table,
    __version__,
)
from ._models import InstalledModel, add_model, import_model, models, pack_model, remove_model, verify_model
from ._run import Progress, Summary, run

__all__ = [
    "DeviceError",
    "Display",
    "Engine",
    "Entities",
    "Entity",
    "ExportedModel",
    "InputError",
    "InstalledModel",
    "InternalError",
    "LogitComparison",
    "ModelEntity",
    "ModelError",
    "ModelFile",
    "Progress",
    "SpanframeError",
    "Summary",
    "Table",
    "__version__",
    "add_model",
    "diff",
    "display",
    "export_model",
    "import_model",
    "models",
    "pack_model",
    "remove_model",
    "run",
    "verify_model",
]

if find_spec("polars") is not None:
    from . import _polars as _polars
