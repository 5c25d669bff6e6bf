"""Checks spanframe on a GPU, within ten minutes and without a network, as `make check-gpu` does.

    python3 part-1/check.py [--device cuda:1] [--out FOLDER]

pack.py made the parts. The machine has CUDA 12 and cuDNN 9, and an ONNX Runtime for CUDA: the wheel in the parts, the
library that ORT_DYLIB_PATH names, or the package of this Python. NVIDIA's packages of this Python are found too. Needs
Python 3.10 and no package. The steps:

* device    the entities of a text, and the seconds from process start
* index     a device that is not there is an error by name
* entities  those of each clinical model equal its own on the CPU, but for rounding (`spanframe diff`)
* two       two processes on one device find what one does
* rates     tokens a second and memory by `batch_tokens`, of clinical models and of one of BERT-base's size

Writes check-gpu.json, anew after each step, and check-gpu.md. Exits with 1 if a step fails, with 2 if a part is not there,
and with 4 if the device cannot be used. With `--device cpu` all steps but the device's own run on a machine without a GPU.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import machine
import report
import unpack

SAMPLE = "Started metformin 500 mg for type 2 diabetes mellitus; denies chest pain."
ABSENT = "cuda:99"
#: exit code of the program for a device that cannot be used
DEVICE_CODE = 4
#: rounding moves few mentions; a device that computes something else moves most
LEAST_F1 = 0.95
BUNDLED = "clinical-ner-small"
MODELS = {BUNDLED: BUNDLED, "clinical-ner-small, fp16": "clinical-fp16/model.onnx"}
BERT = {"BERT-base, fp32": "bert-base/fp32/model.onnx", "BERT-base, fp16": "bert-base/fp16/model.onnx"}
BATCH_TOKENS = {"cuda": (512, 2048, 8192, 32768), "cpu": (512, 2048)}


class StepError(RuntimeError):
    """A step failed."""


class Check:
    """The unpacked files, the device, and how long the program may still run."""

    def __init__(self, work: Path, device: str, seconds: float):
        self.work, self.device = work, device
        self.kind, _, index = device.partition(":")
        self.gpu = int(index or 0) if self.kind == "cuda" else None
        self.ends = time.monotonic() + seconds
        self.environment = machine.environment(work)

    def start(self, *arguments: object) -> subprocess.Popen:
        command = [str(self.work / "spanframe"), *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=self.work, env=self.environment, **pipes)

    def finish(self, process: subprocess.Popen) -> tuple[int, str, str]:
        """Exit code, standard output and errors. Raises StepError if the time is over."""
        try:
            output, errors = process.communicate(timeout=max(self.ends - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise StepError("the time is over (--minutes)") from None
        return process.returncode, output, errors

    def run(self, *arguments: object) -> str:
        """Standard output of the program. Raises StepError with its error if it fails."""
        code, output, errors = self.finish(self.start(*arguments))
        if code:
            raise StepError(f"`spanframe {arguments[0]}` ended with code {code}: {last_line(errors)}")
        return output

    def annotation(self, model: str, notes: str, output: str, device: str) -> list[object]:
        path = self.work / model if "/" in model else model
        options = ["--column", "note", "--select", "id", "--model", path, "--device", device, "--quiet", "--overwrite"]
        return ["annotate", notes, "-o", output, *options]

    def differences(self, one: str, other: str) -> dict:
        counted = json.loads(self.run("diff", one, other, "--id", "id", "--json", "--examples", 0))
        mentions, f1 = counted["mentions"], counted["agreement"]["f1"]
        return {"mentions": mentions["a"], "equal": mentions["equal"], "f1": round(f1, 4)}


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]


def device(check: Check) -> dict:
    seconds = []
    for _ in range(2):  # the first reads files and compiles kernels that the second finds
        started = time.perf_counter()
        found = json.loads(check.run("text", SAMPLE, "--json", "--device", check.device))
        seconds.append(round(time.perf_counter() - started, 2))
    return {"first_seconds": seconds[0], "seconds": seconds[1], "entities": [entity["entity"] for entity in found]}


def index(check: Check) -> dict:
    code, _, errors = check.finish(check.start("text", SAMPLE, "--device", ABSENT))
    message = last_line(errors)
    if code != DEVICE_CODE or f"device `{ABSENT}` is not available" not in message:
        raise StepError(f"{ABSENT} ended with code {code}, and not with an error by name: {message}")
    return {"code": code, "message": message}


def entities(check: Check) -> dict:
    found = {}
    for name, model in MODELS.items():
        for target, chosen in (("cpu.parquet", "cpu"), ("device.parquet", check.device)):
            check.run(*check.annotation(model, "few.parquet", target, chosen))
        found[name] = check.differences("cpu.parquet", "device.parquet")
        if found[name]["f1"] < LEAST_F1:
            raise StepError(f"{name}: F1 {found[name]['f1']} against the CPU, expected {LEAST_F1} or more")
    return found


def two(check: Check) -> dict:
    notes = notes_for(check, BUNDLED)
    outputs = ("alone.parquet", "first.parquet", "second.parquet")
    commands = [check.annotation(BUNDLED, notes, output, check.device) for output in outputs]
    started = time.perf_counter()
    check.run(*commands[0])
    alone = time.perf_counter() - started
    with machine.MemoryMeter(check.gpu) as memory:
        started = time.perf_counter()
        ended = [check.finish(process) for process in [check.start(*command) for command in commands[1:]]]
        both = time.perf_counter() - started
    for code, _, errors in ended:
        if code:
            raise StepError(f"one of two processes ended with code {code}: {last_line(errors)}")
    equal = [check.differences(outputs[0], output) for output in outputs[1:]]
    if any(counts["equal"] != counts["mentions"] for counts in equal):
        raise StepError(f"two processes and one find different entities: {equal}")
    return {"one_seconds": round(alone, 2), "two_seconds": round(both, 2), "two_megabytes": memory.megabytes}


def rates(check: Check) -> dict:
    rows = []
    for name, model in (MODELS | BERT).items():
        for batch in BATCH_TOKENS[check.kind]:
            row = {"model": name, "batch_tokens": batch}
            rows.append(row)
            try:
                row |= rate(check, model, batch)
            except StepError as error:
                row["error"] = str(error)
    failed = [f"{row['model']} with {row['batch_tokens']}: {row['error']}" for row in rows if "error" in row]
    return {"rows": rows} | ({"error": "; ".join(failed)} if failed else {})


def rate(check: Check, model: str, batch: int) -> dict:
    """Tokens a second of a job, and of the part of it that annotates."""
    path = check.work / model if "/" in model else model
    command = ["run", notes_for(check, model), "-o", "job", "--overwrite", "--column", "note", "--json", "--quiet"]
    with machine.MemoryMeter(check.gpu) as memory:
        started = time.perf_counter()
        summary = check.run(*command, "--model", path, "--device", check.device, "--batch-tokens", batch)
        seconds = time.perf_counter() - started
    counts = json.loads(summary)["counts"]
    return {
        "tokens": counts["tokens"],
        "seconds": round(seconds, 2),
        "tokens_per_second": round(counts["tokens"] / seconds),
        "tokens_per_second_annotating": round(counts["tokens"] / counts["seconds"]["annotate"]),
        "megabytes": memory.megabytes,
    }


def notes_for(check: Check, model: str) -> str:
    """A GPU takes the small model through all notes; for a larger model, or on a CPU, few take long enough."""
    return "notes.parquet" if check.kind == "cuda" and model not in BERT.values() else "few.parquet"


STEPS: tuple[Callable[[Check], dict], ...] = (device, index, entities, two, rates)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0", help="cpu, cuda or cuda:N")
    parser.add_argument("--out", type=Path, default=Path("check-gpu"), help="folder of the report")
    parser.add_argument("--minutes", type=float, default=9.0, help="no program runs for longer, all together")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    record: dict = {"question": "spanframe on a GPU", "device": args.device}
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        try:
            record["pack"] = unpack.unpack(Path(__file__).resolve().parents[1], work)["size"]
        except unpack.PackError as error:
            print(f"check-gpu: {error}", file=sys.stderr)
            return 2
        check = Check(work, args.device, 60 * args.minutes - (time.monotonic() - began))
        record["machine"] = machine.described(check.environment)
        record["steps"] = {}
        for step in STEPS:
            started = time.monotonic()
            try:
                result = step(check)
            except StepError as error:
                result = {"error": str(error)}
            record["steps"][step.__name__] = {"step_seconds": round(time.monotonic() - started, 1)} | result
            (args.out / "check-gpu.json").write_text(json.dumps(record, indent=1) + "\n")
            (args.out / "check-gpu.md").write_text(report.markdown(record))
            print(f"{step.__name__}: {result.get('error', 'passed')}", flush=True)
            if step is device and "error" in result:
                print(f"check-gpu: device `{args.device}` cannot be used here: {result['error']}", file=sys.stderr)
                return DEVICE_CODE
    return int(any("error" in result for result in record["steps"].values()))


if __name__ == "__main__":
    sys.exit(main())
