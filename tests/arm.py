"""Compares the program for aarch64, under emulation, with the program for x86-64, as `make test-arm` does.

The texts are data/sample.txt, the hard cases and the first notes of data/notes.parquet. For each emulated processor:

* ONNX Runtime must run the int8 kernel made for it. The emulator logs the code that it translates, and the kernel's
  instruction must be among it.
* The entities must be those of x86-64 by `spanframe diff`, but for rounding, and differences are counted. On x86-64
  attention may round to bfloat16, on aarch64 it never does. So the model file is compared without the attribute that
  allows it, and then as it is shipped.

Prints a line of JSON for each processor, and exits with 1 if one fails. Nothing is timed: the speed of an emulator says
nothing about a processor.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import polars as pl

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data"
MODEL = DATA / "models" / "clinical-ner-small"
ONNX = "model_int8.onnx"
#: longer hard cases are left out (bytes): an emulated core reads about 90 tokens a second
LONGEST = 25_000
#: sums in another order differ in the last bit, which may make neighbouring int8 values of them and move a mention
LEAST_F1 = 0.98
#: a line of the emulator's log: address, encoding, and the instruction if the disassembler knows it
LOGGED = re.compile(r"0x[0-9a-f]+:\s+([0-9a-f]{8})\s")


class Kernel(NamedTuple):
    """An instruction by which ONNX Runtime multiplies int8: its encoding is `value` in the bits of `mask`."""

    instruction: str
    value: int
    mask: int


#: emulated processors, and the kernel that ONNX Runtime chooses there (onnxruntime/core/mlas/lib/platform.cpp)
PROCESSORS = {
    "cortex-a72": Kernel("smull", 0x0E20C000, 0xBF20FC00),  # NEON alone
    "neoverse-n1": Kernel("udot", 0x6F80E000, 0xFFC0F400),  # dot product
    "max": Kernel("ummla", 0x6E80A400, 0xFFE0FC00),  # int8 matrix multiplication (i8mm)
}


def texts(notes: int) -> tuple[pl.DataFrame, int]:
    """The texts with ids, and the number of hard cases that are left out."""
    sample = pl.DataFrame({"id": ["sample"], "note": [(DATA / "sample.txt").read_text(encoding="utf-8")]})
    hard = pl.read_parquet(DATA / "hard_cases.parquet").select(id="case", note="note")
    kept = hard.filter(pl.col("note").is_null() | (pl.col("note").str.len_bytes() <= LONGEST))
    first = pl.read_parquet(DATA / "notes.parquet").select("id", "note").head(notes)
    return pl.concat([sample, kept, first]), len(hard) - len(kept)


def without_bfloat16(folder: Path) -> Path:
    """A copy of the bundled model whose attention computes in float32 on every processor."""
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(MODEL / name, folder / name)
    onnx = (MODEL / ONNX).read_bytes()
    assert b"bfloat16" in onnx, "the bundled file has no attribute `bfloat16`: compare it as it is"
    # an attribute that the operator does not have
    (folder / ONNX).write_bytes(onnx.replace(b"bfloat16", b"bfloat32"))
    return folder


def annotate(command: list, source: Path, target: Path, *options: object) -> pl.DataFrame:
    """Runs the program and returns a row for each entity: id, type, begin, end and confidence."""
    command = [*command, "annotate", source, "-o", target, "--column", "note", "--select", "id", "--quiet", *options]
    subprocess.run(list(map(str, command)), check=True)
    fields = ("entity", "begin", "end", "confidence")
    rows = pl.read_parquet(target).select("id", *(pl.col("ner").struct.field(name) for name in fields))
    return rows.explode(fields).drop_nulls("begin")


def compare(program: Path, reference: Path, other: Path) -> dict:
    """What `spanframe diff` counts, and how far the confidences of equal entities are apart."""
    command = [program, "diff", reference, other, "--id", "id", "--json", "--examples", "0"]
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
    report = json.loads(done.stdout)
    rows, mentions = report["rows"], report["mentions"]
    assert not any(rows[kind] for kind in ("null_only_in_a", "null_only_in_b", "only_in_a", "only_in_b")), rows
    return {
        "mentions": mentions["a"],
        "mentions_that_differ": max(mentions["a"], mentions["b"]) - mentions["equal"],
        "f1": round(report["agreement"]["f1"], 4),
    }


def confidences(reference: pl.DataFrame, other: pl.DataFrame) -> dict:
    """How many confidences of equal entities differ, and by how much at most."""
    keys = ("id", "entity", "begin", "end")
    both = reference.join(other, on=keys, suffix="_other")
    apart = (both["confidence"].cast(pl.Float64) - both["confidence_other"].cast(pl.Float64)).abs()
    return {"confidences_that_differ": int((apart > 0).sum()), "largest_difference": apart.max()}


def instructions(emulated: list, kernel: Kernel, log: Path) -> int:
    """Instructions of `kernel` in the code that the emulator translates for the entities of a text."""
    command = [*emulated[:1], "-d", "in_asm", "-D", log, *emulated[1:], "text", (DATA / "sample.txt").read_text()]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    with log.open(encoding="utf-8", errors="replace") as lines:
        words = (int(match[1], 16) for match in map(LOGGED.match, lines) if match)
        count = sum(word & kernel.mask == kernel.value for word in words)
    log.unlink()
    return count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("x86", type=Path, help="the program for this machine")
    parser.add_argument("arm", type=Path, help="the program for aarch64")
    parser.add_argument("library", type=Path, help="ONNX Runtime for aarch64, libonnxruntime.so")
    parser.add_argument("--sysroot", type=Path, default=Path("/usr/aarch64-linux-gnu"), help="C and C++ libraries")
    parser.add_argument("--processor", nargs="+", choices=PROCESSORS, default=list(PROCESSORS))
    parser.add_argument("--notes", type=int, default=50)
    args = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, shipped, float32 = (folder / f"{part}.parquet" for part in ("texts", "shipped", "float32"))
        rows, left_out = texts(args.notes)
        rows.write_parquet(source)
        references = {
            "float32": (float32, annotate([args.x86], source, float32, "--model", without_bfloat16(folder / "model"))),
            "as_shipped": (shipped, annotate([args.x86], source, shipped)),
        }
        os.environ["ORT_DYLIB_PATH"] = str(args.library.resolve())
        for processor in args.processor:
            kernel, target = PROCESSORS[processor], folder / f"{processor}.parquet"
            emulated = ["qemu-aarch64", "-cpu", processor, "-L", args.sysroot, args.arm]
            found = annotate(emulated, source, target)
            record = {
                "question": "entities on an emulated aarch64 beside x86-64",
                "processor": processor,
                "rows": len(rows),
                "hard_cases_left_out": left_out,
                "instruction": kernel.instruction,
                "instructions": instructions(emulated, kernel, folder / "log"),
            }
            for side, (path, entities) in references.items():
                record[side] = compare(args.x86, path, target) | confidences(entities, found)
            print(json.dumps(record), flush=True)
            if not record["instructions"]:
                failed.append(f"{processor}: ONNX Runtime did not run `{kernel.instruction}`")
            if record["float32"]["f1"] < LEAST_F1:
                failed.append(f"{processor}: F1 {record['float32']['f1']} against x86-64, expected {LEAST_F1} or more")
    print("\n".join(failed) or "the entities on aarch64 are those on x86-64, but for rounding")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
