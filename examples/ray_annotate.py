"""Annotates a Parquet file on Ray, by a pool of actors with one engine each.

python examples/ray_annotate.py data/notes.parquet annotated note 1
"""

import sys

import ray

import spanframe.ray

source, target, column = sys.argv[1:4]
actors = int(sys.argv[4]) if len(sys.argv) > 4 else 1
(
    ray.data.read_parquet(source)
    .map_batches(
        spanframe.ray.Annotator,
        fn_constructor_kwargs={"column": column},
        batch_format="pyarrow",
        batch_size=256,
        num_cpus=1,  # sessions of an actor; for a GPU use num_gpus=1, and "device": "cuda" above
        compute=ray.data.ActorPoolStrategy(size=actors),  # leave one CPU free to read and write
    )
    .write_parquet(target)
)
