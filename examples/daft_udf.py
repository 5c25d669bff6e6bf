"""Annotates a Parquet file with Daft. Each process makes one engine.

python examples/daft_udf.py data/notes.parquet annotated note
"""

import sys

import daft
import pyarrow as pa

import spanframe

ENTITY = {
    "chunk": pa.string(),
    "entity": pa.string(),
    "begin": pa.uint32(),
    "end": pa.uint32(),
    "confidence": pa.float32(),
}
ENTITIES = daft.DataType.from_arrow_type(pa.list_(pa.struct(ENTITY)))


@daft.cls(max_concurrency=1)
class Annotator:
    def __init__(self, **options):
        self.engine = spanframe.Engine(layout="list_of_structs", **options)

    @daft.method.batch(return_dtype=ENTITIES, batch_size=256)
    def annotate(self, texts: daft.Series):
        return pa.array(self.engine.annotate(texts.to_arrow()))


if __name__ == "__main__":
    source, target, column = sys.argv[1:4]
    notes = daft.read_parquet(source)
    notes.with_column("ner", Annotator().annotate(notes[column])).write_parquet(target)
