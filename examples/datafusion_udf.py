"""Annotates in SQL with DataFusion, by a scalar function that calls the engine.

python examples/datafusion_udf.py data/notes.parquet note
"""

import sys

import pyarrow as pa
from datafusion import SessionConfig, SessionContext, udf

import spanframe


def ner(**options):
    """The function ``ner(text)``; its engine is shared by all partitions, which take turns."""
    engine = spanframe.Engine(layout="list_of_structs", **options)
    kind = pa.array(engine.annotate([])).type
    return udf(lambda texts: pa.array(engine.annotate(texts)), [pa.string_view()], kind, "immutable", "ner")


if __name__ == "__main__":
    source, column = sys.argv[1:3]
    context = SessionContext(SessionConfig().with_batch_size(1024))
    context.register_udf(ner())
    context.register_parquet("notes", source)
    entities = f"""
        select id, e['chunk'] as chunk, e['entity'] as entity, e['begin'] as begin, e['end'] as "end"
        from (select id, unnest(ner({column})) as e from notes limit 12)
    """
    context.sql(entities).show()
