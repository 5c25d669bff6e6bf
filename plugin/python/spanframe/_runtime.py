"""Finds the ONNX Runtime library of this Python."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ._internal import set_library


@cache
def register() -> None:
    """Sets the library of the ``onnxruntime`` package, without importing it. Does nothing if it is not installed."""
    spec = find_spec("onnxruntime")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        capi = Path(folder) / "capi"
        found = [*capi.glob("libonnxruntime.so*"), *capi.glob("libonnxruntime.*dylib"), *capi.glob("onnxruntime.dll")]
        if found:
            set_library(max(found))
            return
