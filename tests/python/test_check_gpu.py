"""`make pack-gpu` and `make check-gpu`: all steps that need no GPU run here, on the CPU."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT, require

require("onnx", "onnxruntime")

GPU = ROOT / "benches" / "gpu"
PROGRAM = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "spanframe"


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parts. BERT-base is a small one, and onnxruntime-gpu the library for the CPU, with enough for two parts."""
    folder = tmp_path_factory.mktemp("pack")
    wheel = folder / "onnxruntime_gpu-1.23.2-py3-none-any.whl"
    library = next(Path(find_spec("onnxruntime").origin).parent.glob("capi/libonnxruntime.so*"))
    with zipfile.ZipFile(wheel, "w") as file:
        file.write(library, f"onnxruntime/capi/{library.name}")
        file.writestr("onnxruntime/capi/libonnxruntime_providers_cuda.so", os.urandom(50_000_000))
    command = [sys.executable, GPU / "pack.py", folder / "gpu", "--program", PROGRAM, "--onnxruntime", wheel]
    command += ["--size", "1", "64", "2", "128", "--few", "4"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    return folder / "gpu"


def check(pack: Path, *options: object) -> subprocess.CompletedProcess:
    command = [sys.executable, pack / "part-1" / "check.py", *options]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=pack)


def test_no_part_is_larger_than_what_a_machine_is_handed(pack: Path):
    sizes = [sum(path.stat().st_size for path in part.iterdir()) for part in sorted(pack.iterdir())]
    assert len(sizes) >= 3
    assert max(sizes) < 64_000_000


def test_all_steps_but_those_of_a_device_run_on_a_cpu(pack: Path, tmp_path: Path):
    done = check(pack, "--device", "cpu", "--out", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((tmp_path / "check-gpu.json").read_text())
    assert "/onnxruntime-gpu/onnxruntime/capi/libonnxruntime.so" in record["machine"]["onnxruntime"]
    steps = record["steps"]
    assert list(steps) == ["device", "index", "entities", "two", "rates"]
    assert "DISEASE" in steps["device"]["entities"]
    assert "device `cuda:99` is not available" in steps["index"]["message"]
    for counts in (steps["entities"]["clinical-ner-small"], steps["entities"]["clinical-ner-small, fp16"]):
        assert counts["mentions"] == counts["equal"] > 0
    rows = steps["rates"]["rows"]
    assert {(row["model"], row["batch_tokens"]) for row in rows} == {
        (model, batch)
        for model in ("clinical-ner-small", "clinical-ner-small, fp16", "BERT-base, fp32", "BERT-base, fp16")
        for batch in (512, 2048)
    }
    assert all(row["tokens_per_second"] > 0 and row["megabytes"] is None for row in rows)
    page = (tmp_path / "check-gpu.md").read_text()
    assert "## rates" in page
    assert "Failed" not in page


def test_a_machine_without_a_gpu_is_told_so(pack: Path, tmp_path: Path):
    done = check(pack, "--out", tmp_path)
    assert done.returncode == 4
    assert "check-gpu: device `cuda:0` cannot be used here: " in done.stderr
    assert "device `cuda:0` is not available with the ONNX Runtime at" in done.stderr
    assert "**Failed:**" in (tmp_path / "check-gpu.md").read_text()


def test_time_that_is_over_is_a_failed_step(pack: Path, tmp_path: Path):
    done = check(pack, "--device", "cpu", "--out", tmp_path, "--minutes", 0)
    assert done.returncode == 4
    assert "the time is over (--minutes)" in done.stderr


def test_a_part_that_is_absent_or_damaged_is_named(pack: Path, tmp_path: Path):
    copy = shutil.copytree(pack, tmp_path / "gpu")
    contents = json.loads((copy / "part-1" / "contents.json").read_text())
    piece = copy / next(file for file in contents["files"] if file["path"] == "few.parquet")["pieces"][0]
    piece.write_bytes(piece.read_bytes()[:-20])
    done = check(copy, "--out", tmp_path)
    assert done.returncode == 2
    assert f"check-gpu: {piece.relative_to(copy)} is damaged" in done.stderr
    shutil.rmtree(copy / "part-2")
    done = check(copy, "--out", tmp_path)
    assert done.returncode == 2
    assert f"check-gpu: part-2 of `{copy}` is not there: hand it over too" in done.stderr
