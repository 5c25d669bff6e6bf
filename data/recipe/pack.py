"""Pack what train_gpu.py needs on a machine without a network: layers of a larger model, and corpora.

    python pack.py --larger larger.onnx --config larger.json --corpora CORPORA --out target/train-pack

The larger model is an ONNX file of whole numbers with the pieces of the shipped model; its word embeddings are left out,
because those of the shipped model take their place. Prints the size of the pack and of the shipped model together, which
has to stay below 64 MiB.
"""

import argparse
import pathlib
import shutil

import corpus
import numpy as np
from restore import initializers

MODEL = pathlib.Path(__file__).parents[1] / "models" / "clinical-ner-small"
MOST = 64 * 2**20
EMBEDDINGS = ("word.int8", "word.scale")


def files():
    """The names of the corpora that a training reads; those of tests are read for their ids alone."""
    names = [f"{name}.{split}" for name in ("spaccc.es", "drugtemist.es") for split in ("train", "test")]
    names += ["drugtemist.en.test", "drugtemist.it.test", "cardioccc.es.dev"]
    names += [f"silver-proj.{language}.{split}" for language in ("en", "it") for split in ("train", "test", "cardiodev")]
    names += [f"{name}.{split}" for _, name, _ in corpus.ENGLISH for split in ("train", "dev")]
    names += ["multiclinner.en.train", "multiclinner.en.dev"]
    return names + [name for names in corpus.UNLABELLED.values() for name in names]


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--larger", required=True, type=pathlib.Path)
    parser.add_argument("--config", required=True, type=pathlib.Path, help="config.json of the larger model")
    parser.add_argument("--corpora", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    args = parser.parse_args()
    (args.out / "corpora").mkdir(parents=True, exist_ok=True)
    layers = {name: array for name, array in initializers(args.larger).items() if name not in EMBEDDINGS}
    np.savez_compressed(args.out / "layers.npz", **layers)
    shutil.copy(args.config, args.out / "config.json")
    for name in files():
        shutil.copy(args.corpora / f"{name}.jsonl.gz", args.out / "corpora")
    packed, shipped = size(args.out), size(MODEL)
    print(f"{args.out}: {packed / 2**20:.1f} MiB, with the shipped model {(packed + shipped) / 2**20:.1f} MiB")
    if packed + shipped > MOST:
        parser.error("the pack and the shipped model together are over 64 MiB")


if __name__ == "__main__":
    main()
