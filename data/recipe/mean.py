"""The mean of the weights of checkpoints that went on from one another.

    python mean.py --checkpoints shipped thirteenth/average --out mean

Trainings that started from the same weights stay so near to each other that the mean of their weights is a model, often
better than each (Wortsman et al., Model soups, 2022). What is no weight, such as ranges.json, comes from the last one.
"""

import argparse
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file

WEIGHTS = "model.safetensors"


def mean(checkpoints, shares):
    """Tensors by name: the mean of those in the folders `checkpoints`, weighted by `shares`."""
    tensors = [load_file(folder / WEIGHTS) for folder in checkpoints]
    for one in tensors[1:]:
        assert one.keys() == tensors[0].keys(), "the checkpoints have other tensors"
    total = sum(shares)
    return {
        name: sum(one[name].float() * (share / total) for one, share in zip(tensors, shares)).to(torch.float16)
        for name in tensors[0]
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoints", nargs="+", required=True, type=pathlib.Path)
    parser.add_argument("--shares", nargs="+", type=float, help="one a checkpoint; equal ones if left out")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    args = parser.parse_args()
    shares = args.shares or [1.0] * len(args.checkpoints)
    assert len(shares) == len(args.checkpoints), "one share a checkpoint"
    args.out.mkdir(parents=True, exist_ok=True)
    for path in args.checkpoints[-1].iterdir():
        if path.is_file() and path.name != WEIGHTS:
            shutil.copy(path, args.out)
    save_file(mean(args.checkpoints, shares), args.out / WEIGHTS)


if __name__ == "__main__":
    main()
