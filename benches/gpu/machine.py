"""The machine: its ONNX Runtime, its libraries of CUDA, and the memory of its GPU."""

import importlib.util
import os
import platform
import subprocess
import sysconfig
import threading
import zipfile
from pathlib import Path

#: seconds between two readings of memory; a reading takes about 50 ms
INTERVAL = 0.2


def environment(work: Path) -> dict[str, str]:
    """Environment of the program: which ONNX Runtime, and where NVIDIA's Python packages have their libraries.

    A wheel of onnxruntime-gpu in the pack comes first, then `ORT_DYLIB_PATH`, then the package of this Python.
    """
    chosen = dict(os.environ)
    for wheel in work.glob("onnxruntime*.whl"):
        with zipfile.ZipFile(wheel) as file:
            libraries = [name for name in file.namelist() if name.startswith("onnxruntime/capi/lib")]
            file.extractall(work / "onnxruntime-gpu", libraries)
        chosen["ORT_DYLIB_PATH"] = str(library(work / "onnxruntime-gpu" / "onnxruntime"))
    found = importlib.util.find_spec("onnxruntime")
    if "ORT_DYLIB_PATH" not in chosen and found and found.origin:
        chosen["ORT_DYLIB_PATH"] = str(library(Path(found.origin).parent))
    packages = Path(sysconfig.get_path("purelib")) / "nvidia"
    paths = [*map(str, sorted(packages.glob("*/lib"))), chosen.get("LD_LIBRARY_PATH", "")]
    chosen["LD_LIBRARY_PATH"] = ":".join(filter(None, paths))
    return chosen


def library(package: Path) -> Path:
    """The library in a package of ONNX Runtime."""
    return next(path for path in sorted((package / "capi").glob("libonnxruntime.so*")))


def described(chosen: dict[str, str]) -> dict:
    """What the report says about the machine."""
    models = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "gpus": query("index,name,driver_version,memory.total"),
        "onnxruntime": chosen.get("ORT_DYLIB_PATH", "as the program finds it"),
    }


def query(fields: str) -> list[str]:
    """A line for each GPU from nvidia-smi; none if there is none."""
    command = ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []


class MemoryMeter:
    """The highest memory in use on a GPU, in MB above that at the start, while a `with` block runs. None without a GPU."""

    def __init__(self, index: int | None):
        self.index, self.peak = index, None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)

    def _used(self) -> int | None:
        lines = query("memory.used") if self.index is not None else []
        return int(lines[self.index]) if len(lines) > (self.index or 0) and lines[self.index].isdigit() else None

    def _read(self) -> None:
        while not self.ended.wait(INTERVAL):
            self.peak = max((used for used in (self.peak, self._used()) if used is not None), default=None)

    def __enter__(self) -> "MemoryMeter":
        self.before = self._used()
        if self.before is not None:
            self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        if self.before is not None:
            self.thread.join()

    @property
    def megabytes(self) -> int | None:
        return None if self.before is None or self.peak is None else self.peak - self.before
