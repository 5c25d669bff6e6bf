"""The Rust part."""

from collections.abc import Callable
from os import PathLike
from typing import Any

__version__: str
__file__: str

class SpanframeError(Exception):
    """Base class of all errors of spanframe."""

class InputError(SpanframeError):
    """The data or an option is wrong."""

class ModelError(SpanframeError):
    """The model folder cannot be used."""

class DeviceError(SpanframeError):
    """ONNX Runtime or the device is missing or unusable."""

class InternalError(SpanframeError):
    """A fault of spanframe's own: please report it."""

class Entities:
    """The entities of a column: an Arrow array, one element a text."""

    def __len__(self) -> int: ...
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...
    def to_list(self) -> list[list[dict[str, Any]] | None]:
        """As Python objects: a list of dicts a text, None for a null text."""

class Table:
    """A table with the entities as a new column: an Arrow stream of record batches."""

    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __arrow_c_schema__(self) -> object: ...

class Engine:
    def __new__(cls, **options: Any) -> Engine: ...
    def annotate(self, data: Any, columns: tuple[str | None, str], language: Any) -> Entities | Table: ...
    def diagnose(self, data: Any, language: Any) -> Entities: ...
    def annotate_text(self, text: str, language: str | None) -> list[tuple[str, str, int, int, float, str | None]]: ...
    @property
    def card(self) -> str: ...
    @property
    def entities(self) -> list[str]: ...
    @property
    def metrics(self) -> dict[str, int]: ...

def set_library(path: str | PathLike[str]) -> None: ...
def option_names() -> list[str]: ...
def check_option(name: str) -> None: ...
def check_options(**options: Any) -> None: ...
def names_models(**options: Any) -> bool: ...
def diff(
    columns: tuple[Any, Any],
    text: Any,
    units: tuple[str | None, str | None],
    examples: tuple[int, bool],
) -> dict[str, Any]: ...
def run(
    job: dict[str, Any],
    options: dict[str, Any],
    metrics: str | PathLike[str] | None,
    progress: Callable[[dict[str, Any]], object] | None,
) -> str: ...
def models() -> list[dict[str, Any]]: ...
def cli(args: list[str]) -> int: ...
