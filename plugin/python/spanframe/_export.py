"""Makes model folders from Hugging Face checkpoints."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Literal, NamedTuple

from . import _checkpoint, _internal, _precision, _runtime
from ._checkpoint import LogitComparison
from ._diff import diff
from ._engine import Engine
from ._internal import InputError, ModelError

PRECISIONS = ("fp16", "int8")
WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
# how the names of files begin that must be copied with the weights
LEGAL = ("LICENSE", "LICENCE", "NOTICE", "COPYING")
# largest accepted difference of a logit; traced graphs in single precision are within 1e-4 of torch
TOLERANCE = 1e-3
TEXTS = (
    "The patient was prescribed 1 unit of metformin 500 mg twice daily and insulin glargine at bedtime for type 2 diabetes.",
    "She denies chest pain and shortness of breath; an echocardiogram showed mild aortic stenosis.",
    "El paciente fue tratado con metformina e insulina glargina por diabetes mellitus tipo 2; toma aspirina 100 mg al día.",
    "Refiere dolor torácico y disnea. Se realizó una tomografía computarizada de tórax sin contraste.",
    "Al paziente è stata prescritta metformina 500 mg per il diabete mellito di tipo 2, con aspirina a basse dosi.",
    "Lamenta febbre e dispnea da tre giorni; la radiografia del torace mostra una polmonite del lobo inferiore.",
)


class ModelFile(NamedTuple):
    """An ONNX file of a model folder."""

    precision: str
    """``"fp32"``, ``"fp16"`` or ``"int8"``."""
    path: str
    """Path of the file, for ``model=``."""
    bytes: int
    """Size in bytes, with external data."""
    f1: float | None
    """Strict F1 of its entities against those of the fp32 file, from 0 to 1. None if neither file finds any."""


class ExportedModel(NamedTuple):
    """A model folder that was made from a checkpoint."""

    folder: str
    """Path of the folder, for ``model=``."""
    entities: list[str]
    """Entity types."""
    texts: int
    """Number of texts that the files were compared on."""
    comparison: LogitComparison | None
    """Logits compared with torch's. None if the source had an ONNX file and no torch weights."""
    files: list[ModelFile]
    """ONNX files, the fp32 file first."""


def export_model(
    checkpoint: str | PathLike[str],
    folder: str | PathLike[str],
    *,
    precision: Iterable[Literal["fp16", "int8"]] = (),
    texts: Sequence[str] | None = None,
) -> ExportedModel:
    """Makes a model folder from a Hugging Face checkpoint, as ``spanframe model export`` does.

    Needs ``pip install 'spanframe[export]'``. Fetches nothing and runs no code of the checkpoint. The folder is made
    whole or not at all. It contains:

    - ``model.onnx``, with its logits compared to torch's
    - ``model_fp16.onnx`` and ``model_int8.onnx`` on request, with their entities compared to those of ``model.onnx``
    - the configuration, the tokenizer, a model card with these comparisons, and a manifest

    Parameters
    ----------
    checkpoint
        Folder with ``config.json``, a tokenizer and ``model.safetensors`` or ``pytorch_model.bin``. Or a model folder with
        an fp32 ONNX file, from which smaller files are made.
    folder
        Folder to make. It must not exist.
    precision
        Smaller files to write. ``"int8"`` has a quarter of the size; its 8-bit weights become fp32 on loading, so it is as
        fast as fp32. ``"fp16"`` has half the size and computes in half precision: for GPUs, slower on CPUs.
    texts
        Notes to compare on. The default is six short texts in English, Spanish and Italian.

    Returns
    -------
    ExportedModel
        The folder, its entity types, and how far its files agree.

    Raises
    ------
    InputError
        The checkpoint does not exist, the folder does, or an argument is wrong.
    ModelError
        The checkpoint is not a token classifier that can be exported or compared, or a logit differs from torch's by more
        than 0.001.
    ModuleNotFoundError
        The extra is not installed.

    Examples
    --------
    >>> export_model("no/such/checkpoint", "folder")
    Traceback (most recent call last):
        ...
    spanframe.InputError: there is no folder `no/such/checkpoint`
    """
    source, target = Path(checkpoint), Path(folder)
    precision = list(dict.fromkeys(precision))
    _check(source, target, precision)
    texts = list(TEXTS if texts is None else texts)
    if not texts:
        raise InputError("there are no texts to compare on: name some, or leave `texts` out")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as staging:
        made = _make(source, Path(staging) / target.name, precision, texts)
        Path(made.folder).rename(target)
    files = [file._replace(path=str(target / Path(file.path).relative_to(made.folder))) for file in made.files]
    return made._replace(folder=str(target), files=files)


def _check(source: Path, target: Path, precision: list[str]) -> None:
    if not source.is_dir():
        raise InputError(f"there is no folder `{source}`: check the path")
    if target.exists():
        raise InputError(f"`{target}` is there already: name another folder, or remove it")
    for name in precision:
        if name not in PRECISIONS:
            raise InputError(f"precision `{name}` is not known: it may be {' or '.join(PRECISIONS)}")


def _make(source: Path, folder: Path, precision: list[str], texts: list[str]) -> ExportedModel:
    """Makes the folder at its staging path."""
    _runtime.register()
    if precision:
        _require("onnx")
    folder.mkdir()
    comparison = None
    if any((source / name).is_file() for name in WEIGHTS):
        comparison = _export(source, folder, texts)
        written = sorted(folder.glob("model.onnx*"))
    else:
        written = _copy(source, folder)
    reference = written[0]
    engine = Engine(reference)
    files = [ModelFile("fp32", str(reference), _bytes(written), None)]
    expected = engine.annotate(texts)
    for name in precision:
        path = reference.with_name(f"model_{name}.onnx")
        written = _precision.write(reference, path, name)
        agreement = diff(expected, Engine(path).annotate(texts), text=texts)["agreement"]
        files.append(ModelFile(name, str(path), _bytes(written), agreement["f1"]))
    made = ExportedModel(str(folder), engine.entities, len(texts), comparison, files)
    (folder / "README.md").write_text(_card(source, made), encoding="utf-8")
    _internal.seal(folder, source.resolve().name)
    return made


def _require(*names: str) -> None:
    """Raises if a package is not installed, before any work."""
    for name in names:
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            message = f"this needs {name.partition('.')[0]}: pip install 'spanframe[export]'"
            raise ModuleNotFoundError(message, name=error.name) from error


def _export(source: Path, folder: Path, texts: list[str]) -> LogitComparison:
    """Exports ``model.onnx`` and what belongs to it, and compares it with torch."""
    _require("torch", "transformers", "optimum.exporters.onnx")
    try:
        _checkpoint.export(source, folder)
    except Exception as error:  # of torch, transformers or optimum
        raise ModelError(f"`{source}` cannot be exported: {error}") from error
    for text in source.iterdir():
        if text.is_file() and text.name.upper().startswith(LEGAL):
            shutil.copyfile(text, folder / text.name)
    comparison = _compare(source, folder, texts)
    if not comparison.difference <= TOLERANCE:  # NaN fails too
        raise ModelError(
            f"`{source}` cannot be exported: a logit of the ONNX file differs from torch's by "
            f"{comparison.difference:.1e}, more than {TOLERANCE:.0e}: report it with the name of the checkpoint"
        )
    return comparison


def _compare(source: Path, folder: Path, texts: list[str]) -> LogitComparison:
    """Compares the ONNX file with torch. Passes on only the type of an exception, whose message may quote a text."""
    try:
        return _checkpoint.compare(source, folder, texts)
    except Exception as error:  # of torch, transformers or ONNX Runtime
        raised = type(error).__name__
    # outside of the block above, so that the exception is not kept as the context of this one
    raise ModelError(
        f"`{source}` cannot be compared with torch: {raised}, whose message is left out because it may quote a text; "
        "leave `texts` out to compare on the package's own"
    )


def _copy(source: Path, folder: Path) -> list[Path]:
    """Copies the fp32 ONNX file and its external data from a model folder, with what belongs to them."""
    onnx = next((path for path in (source / "model.onnx", source / "onnx/model.onnx") if path.is_file()), None)
    if onnx is None:
        raise InputError(
            f"`{source}` has neither {' nor '.join((WEIGHTS[0], WEIGHTS[2]))} nor model.onnx: name a checkpoint"
        )
    return _internal.copy_model(onnx, folder)


def _bytes(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def _versions() -> str:
    from importlib.metadata import version  # takes longer to import than this package

    return ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "optimum"))


def _card(source: Path, made: ExportedModel) -> str:
    """Returns the checkpoint's model card, followed by a section on the ONNX files."""
    card = source / "README.md"
    head = card.read_text(encoding="utf-8").rstrip() if card.is_file() else f"# {source.resolve().name}"
    lines = [head, "", "## ONNX files", ""]
    if made.comparison is None:
        lines.append(f"Made by spanframe {_internal.__version__} of the fp32 ONNX file of `{source.resolve().name}`.")
    else:
        difference, tokens, changed = made.comparison
        lines += [
            f"Made by spanframe {_internal.__version__} of the checkpoint `{source.resolve().name}` with {_versions()}.",
            f"Logits of model.onnx differ from torch's by {difference:.1e} at most, and {changed:,} of {tokens:,} labels.",
        ]
    lines += ["", "| file | precision | MB | entities as those of fp32 (strict F1) |", "|---|---|---|---|"]
    for file in made.files:
        lines.append(f"| {Path(file.path).name} | {file.precision} | {file.bytes / 1e6:.1f} | {_agreement(file)} |")
    return "\n".join([*lines, "", f"Compared on {made.texts:,} texts.", ""])


def _agreement(file: ModelFile) -> str:
    if file.precision == "fp32":
        return "the reference"
    return "neither finds any" if file.f1 is None else f"{file.f1:.4f}"


def export_summary(checkpoint: str, folder: str, precision: list[str], texts: list[str] | None) -> str:
    """Makes the model folder and returns the lines that the command line prints."""
    made = export_model(checkpoint, folder, precision=precision, texts=texts)  # type: ignore[arg-type]
    lines = [f"folder        {made.folder}", f"entities      {', '.join(made.entities)}"]
    if made.comparison is not None:
        difference, tokens, changed = made.comparison
        lines.append(f"torch         logits differ by {difference:.1e} at most, {changed:,} of {tokens:,} labels")
    for file in made.files:
        lines.append(f"{file.precision:<13} {Path(file.path).name}, {file.bytes / 1e6:.1f} MB")
        if file.precision != "fp32":
            lines[-1] += f"; entities as those of fp32: {_agreement(file)}"
    return "\n".join([*lines, f"compared on   {made.texts:,} texts", ""])
