"""Annotates the notes of a Delta table that have no entities yet, and adds them to a table of entities.

python examples/delta_new_notes.py tables/notes tables/entities

The notes have columns note_id and note. The entities get one row per note: note_id and ner. Run it as often as you like: each
note is annotated once, and a stopped run keeps the batches that it committed.
"""

import argparse

import polars as pl
from deltalake import DeltaTable

import spanframe  # noqa: F401  (registers pl.col(...).ner)

# Delta has no unsigned integers: positions become Int32
NER = pl.Struct(
    {
        "chunk": pl.List(pl.String),
        "entity": pl.List(pl.String),
        "begin": pl.List(pl.Int32),
        "end": pl.List(pl.Int32),
        "confidence": pl.List(pl.Float32),
    }
)


def annotate_new(notes: str, entities: str, model: str | None = None, rows: int = 10_000) -> int:
    """Adds what is new, ``rows`` notes a commit; how many that were."""
    source = pl.scan_delta(notes).select("note_id", "note").drop_nulls("note_id")
    if not DeltaTable.is_deltatable(entities):
        pl.DataFrame(schema={"note_id": source.collect_schema()["note_id"], "ner": NER}).write_delta(entities)
    known = pl.scan_delta(entities).select("note_id")
    new = source.join(known, on="note_id", how="anti").select(
        "note_id", ner=pl.col("note").ner.extract(model).cast(NER)
    )
    added = 0
    for batch in new.collect_batches(chunk_size=rows):
        # a merge, because another run may have added some of these rows meanwhile
        merge = DeltaTable(entities).merge(batch, "old.note_id = new.note_id", source_alias="new", target_alias="old")
        added += merge.when_not_matched_insert_all().execute()["num_target_rows_inserted"]
    return added


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notes", help="Delta table with note_id and note")
    parser.add_argument("entities", help="Delta table with note_id and ner, made where it is not there")
    parser.add_argument("--model", help="model folder or name; the bundled model where left out")
    parser.add_argument("--rows", type=int, default=10_000, help="notes a commit")
    arguments = parser.parse_args()
    added = annotate_new(arguments.notes, arguments.entities, arguments.model, arguments.rows)
    print(f"{added} new notes")
