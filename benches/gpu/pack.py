"""Packs what a machine with a GPU and without a network needs, in parts of at most 60 MB, as `make pack-gpu` does.

    python benches/gpu/pack.py target/gpu [--onnxruntime onnxruntime_gpu-1.23.2-cp311-cp311-...x86_64.whl]

    part-1    check.py and what it imports, the program, notes, BERT-base without weights
    part-2    clinical-ner-small in fp16
    part-3... the wheel of onnxruntime-gpu, about 300 MB, if it is named; it holds no CUDA and no cuDNN

Larger files are compressed and cut into pieces. Parts can be handed over one by one: `python3 part-1/check.py` puts them
together and says what is missing. The fp16 file has the weights of the bundled one, multiplied out: its activations are
not rounded to int8, so its entities are compared with its own on the CPU.
"""

import argparse
import gzip
import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

import bert_base
import onnx
import polars as pl

from spanframe import _precision

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benches"))

import unrounded  # noqa: E402

MODEL = ROOT / "data" / "models" / "clinical-ner-small"
PROGRAM = ROOT / "target" / "release" / "spanframe"
#: at most in a part; machines take 64 MB at a time
PART_BYTES = 60_000_000
#: of check.py, beside it
SCRIPTS = ("check.py", "machine.py", "report.py", "unpack.py")
#: notes of the comparison with the CPU; all notes are there for rates on a GPU
FEW = 200


def fp16(folder: Path) -> None:
    """The bundled model in half precision."""
    folder.mkdir()
    onnx.save(_precision._fp16(unrounded.load()), folder / "model.onnx")
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(MODEL / name, folder / name)


class Parts:
    """Folders `part-N`, each filled up to `PART_BYTES`."""

    def __init__(self, folder: Path):
        self.folder, self.number, self.room = folder, 0, 0
        self.files: list[dict] = []

    def add(self, path: Path, name: str) -> None:
        """Adds a file, compressed and in as many pieces as it needs."""
        data = path.read_bytes()
        pieces, packed = [], gzip.compress(data, 6, mtime=0)
        while packed:
            # a file that does not fit begins a part, so that few are cut
            if not self.room or (not pieces and len(packed) > self.room):
                self.number, self.room = self.number + 1, PART_BYTES
            piece, packed = packed[: self.room], packed[self.room :]
            part = self.folder / f"part-{self.number}"
            part.mkdir(exist_ok=True)
            pieces.append(f"{part.name}/{len(self.files)}-{len(pieces)}.gz")
            (self.folder / pieces[-1]).write_bytes(piece)
            self.room -= len(piece)
        digest = hashlib.sha256(data).hexdigest()
        self.files.append({"path": name, "bytes": len(data), "sha256": digest, "pieces": pieces})


def pack(target: Path, program: Path, wheel: Path | None, size: bert_base.Size, few: int = FEW) -> list[Path]:
    """Writes the parts below `target` in place of those of before, and returns them."""
    for part in target.glob("part-*"):
        shutil.rmtree(part)
    target.mkdir(parents=True, exist_ok=True)
    parts = Parts(target)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notes = pl.read_parquet(ROOT / "data" / "notes.parquet").select("id", "note")
        notes.write_parquet(folder / "notes.parquet")
        notes.head(few).write_parquet(folder / "few.parquet")
        random = bert_base.write(folder / "bert-base", MODEL, size)
        fp16(folder / "clinical-fp16")
        parts.add(program, "spanframe")
        for path in sorted(folder.rglob("*"), key=lambda path: ("fp16" in path.parent.name, path)):
            if path.is_file():
                parts.add(path, str(path.relative_to(folder)))
    if wheel:
        parts.add(wheel, wheel.name)
    contents = {"files": parts.files, "random": [file._asdict() for file in random], "size": size._asdict()}
    (target / "part-1" / "contents.json").write_text(json.dumps(contents, indent=1))
    for script in SCRIPTS:
        shutil.copy(Path(__file__).with_name(script), target / "part-1" / script)
    return [target / f"part-{number}" for number in range(1, parts.number + 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path)
    parser.add_argument("--program", type=Path, default=PROGRAM)
    parser.add_argument("--onnxruntime", type=Path, metavar="WHEEL", help="a wheel of onnxruntime-gpu")
    parser.add_argument("--size", type=int, nargs=4, default=bert_base.Size(), help="layers, units, heads, wide units")
    parser.add_argument("--few", type=int, default=FEW, help="notes of the comparison with the CPU")
    args = parser.parse_args()
    for part in pack(args.target, args.program, args.onnxruntime, bert_base.Size(*args.size), args.few):
        print(f"{part}  {sum(path.stat().st_size for path in part.iterdir()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
