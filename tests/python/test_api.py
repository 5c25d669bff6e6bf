"""Every public name is documented and in the reference. Every native name is wrapped, typed or exported."""

import ast
import importlib
import inspect
import re
from importlib.util import find_spec

import pytest
from conftest import ROOT

import spanframe
from spanframe import _internal, _polars

PACKAGE = ROOT / "plugin" / "python" / "spanframe"
REFERENCE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
NAMES = [name for name in spanframe.__all__ if name != "__version__"]
# modules with dependencies that are not always installed
BESIDE = {"spark": "pyspark", "ray": "ray", "compat": None}


def public() -> dict[str, object]:
    """Returns every public object by its name in the reference."""
    found = {f"spanframe.{name}": getattr(spanframe, name) for name in NAMES}
    found["spanframe._polars.NerExpression.extract"] = _polars.NerExpression.extract
    found["spanframe._polars.NerExpression.diagnose"] = _polars.NerExpression.diagnose
    found["spanframe._polars.NerExpression.link"] = _polars.NerExpression.link
    found["spanframe._polars._NerFrame.explode"] = _polars._NerFrame.explode
    if find_spec("pyspark") is not None:
        found["spanframe.spark.annotate"] = importlib.import_module("spanframe.spark").annotate
    if find_spec("ray") is not None:
        found["spanframe.ray.Annotator"] = importlib.import_module("spanframe.ray").Annotator
    return found


@pytest.mark.parametrize("name", public())
def test_every_export_is_documented(name):
    export = public()[name]
    text = inspect.getdoc(export)
    assert text, name
    if inspect.isclass(export):
        for member, value in vars(export).items():
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert inspect.getdoc(value), f"{name}.{member}"
    if inspect.isclass(export) and (issubclass(export, Exception) or export.__init__ is object.__init__):
        return
    if hasattr(export, "__dataclass_fields__") or hasattr(export, "_fields"):
        # results: a sentence after each field
        for field in inspect.signature(export).parameters:
            assert re.search(rf'^    {field}: .*\n    """\w', inspect.getsource(export), re.MULTILINE), (
                f"{name}.{field}"
            )
        return
    parameters = [one for one in inspect.signature(export).parameters if one not in ("self", "unknown")]
    if parameters:
        described = text.split("Parameters\n----------\n", 1)[1]
        for parameter in parameters:
            assert re.search(rf"^(\*\*|(\w+, )*){parameter}(, \w+)*$", described, re.MULTILINE), f"{name}: {parameter}"
    assert ">>> " in text, f"{name} has no example"


def test_the_reference_has_every_export():
    listed = set(re.findall(r"^::: ([\w.]+)", REFERENCE, re.MULTILINE))
    for name in public():
        assert name in listed or name.rsplit(".", 1)[0] in listed, f"docs/python.md lacks `::: {name}`"


def test_every_native_name_is_wrapped_and_typed():
    native = {name for name in vars(_internal) if not name.startswith("_")}
    assert len(native) > 10
    sources = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    used = set(re.findall(r"_internal\.(\w+)", sources))
    for imported in re.findall(r"from \.+_internal import (\([^)]*\)|.*)", sources):
        used |= set(re.findall(r"\w+", imported))
    assert native - used == set(), "native, and nothing in Python calls it"
    typed = ast.parse((PACKAGE / "_internal.pyi").read_text(encoding="utf-8")).body
    assert native == {one.name for one in typed if isinstance(one, ast.ClassDef | ast.FunctionDef)}


def test_every_module_of_the_package_is_told_apart():
    """A module has a private name, or public names that are tested above."""
    modules = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    assert {name for name in modules if not name.startswith("_")} == set(BESIDE)
