"""Puts the parts of pack.py together."""

import gzip
import hashlib
import json
import random
import struct
from pathlib import Path

#: different random numbers, repeated to fill a file. A prime, so that no two rows of a matrix are equal
NUMBERS = 100_003
DEVIATION = 0.02
FORMATS = {"float32": "f", "float16": "e"}


class PackError(RuntimeError):
    """A part is absent or damaged."""


def contents(pack: Path) -> dict:
    """What the pack holds. Raises PackError if part-1 is not there."""
    path = pack / "part-1" / "contents.json"
    if not path.exists():
        raise PackError(f"`{path}` is not there: make the parts with `make pack-gpu`, and hand part-1 over")
    return json.loads(path.read_text())


def unpack(pack: Path, target: Path) -> dict:
    """Writes all files below `target`, checks them, and makes the random weights. Returns the contents.

    Raises PackError if a part is not there, or a file is not what was packed.
    """
    listed = contents(pack)
    missing = sorted(
        {piece.split("/")[0] for file in listed["files"] for piece in file["pieces"] if not (pack / piece).exists()}
    )
    if missing:
        raise PackError(f"{', '.join(missing)} of `{pack}` is not there: hand it over too")
    for file in listed["files"]:
        try:
            data = gzip.decompress(b"".join((pack / piece).read_bytes() for piece in file["pieces"]))
        except (OSError, EOFError) as error:
            raise PackError(f"{', '.join(file['pieces'])} is damaged ({error}): copy it again") from error
        if hashlib.sha256(data).hexdigest() != file["sha256"]:
            raise PackError(f"{', '.join(file['pieces'])} is not what was packed: copy it again")
        path = target / file["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (target / "spanframe").chmod(0o755)
    for file in listed["random"]:
        write_random(target / file["path"], file["bytes"], FORMATS[file["type"]])
    return listed


def write_random(path: Path, size: int, code: str) -> None:
    """Fills a file with `size` bytes of normally distributed floats."""
    generator = random.Random(0)
    block = struct.pack(f"<{NUMBERS}{code}", *(generator.gauss(0, DEVIATION) for _ in range(NUMBERS)))
    with path.open("wb") as file:
        for begin in range(0, size, len(block)):
            file.write(block[: size - begin])
