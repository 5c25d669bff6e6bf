"""The package is complete: licences of all crates, known sources, and extras that exist."""

import json
import re
import subprocess
from importlib import metadata

import tomllib
from conftest import ROOT

LOCK = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))["package"]
PROJECT = tomllib.loads((ROOT / "plugin" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"


def compiled_in() -> set[str]:
    """Returns names and versions of the crates in the wheel."""
    command = ["cargo", "tree", "--package", "spanframe-plugin", "--edges", "normal,no-proc-macro", "--prefix", "none"]
    command += ["--target", "x86_64-unknown-linux-gnu", "--locked", "--offline"]
    tree = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {f"{name} {version}" for name, version in re.findall(r"^(\S+) v(\S+)", tree, re.MULTILINE)}


def test_licences_are_of_all_that_is_compiled_in():
    text = (ROOT / "plugin" / "LICENSES-THIRD-PARTY.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^- (\S+ \S+)", text, re.MULTILINE))
    crates = compiled_in()
    assert len(crates) > 200
    lacking = crates - listed
    assert not lacking, f"run `make licences`: {sorted(lacking)}"


def test_all_crates_are_of_the_public_registry():
    assert len(LOCK) > 300
    assert {crate.get("source", REGISTRY) for crate in LOCK} == {REGISTRY}
    assert {crate["name"].split("-")[0] for crate in LOCK if "source" not in crate} == {"spanframe"}


def test_the_installed_package_is_that_of_the_project():
    here = metadata.metadata("spanframe")
    assert set(here.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])
    files = {path.name: path for path in metadata.files("spanframe")}
    assert {"LICENSE", "LICENSE-model", "LICENSES-THIRD-PARTY.md", "py.typed"} <= set(files)
    tags = metadata.distribution("spanframe").read_text("WHEEL")
    assert "Tag: cp310-abi3-manylinux" in tags
    bill = json.loads(files["spanframe-plugin.cyclonedx.json"].read_text())
    named = {f"{part['name']} {part['version']}" for part in bill["components"]}
    assert bill["bomFormat"] == "CycloneDX"
    assert not compiled_in() - named - {f"{part} 0.1.0" for part in ("spanframe", "spanframe-plugin")}
    (script,) = metadata.distribution("spanframe").entry_points
    assert (script.name, script.value) == ("spanframe", "spanframe._cli:main")


def test_the_documentation_names_every_extra():
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(PROJECT["optional-dependencies"])
