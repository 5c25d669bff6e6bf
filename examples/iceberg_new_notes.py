"""Annotates the notes of an Iceberg table that have no entities yet, and adds them to a table of entities.

python examples/iceberg_new_notes.py warehouse --notes clinic.notes --entities clinic.entities

The notes have columns note_id and note. The entities get one row per note: note_id and ner. Run it as often as you like, one
run at a time: each note is annotated once, and a stopped run keeps the batches that it committed.
"""

import argparse
from pathlib import Path

import polars as pl
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.sql import SqlCatalog

import spanframe  # noqa: F401  (registers pl.col(...).ner)

# Iceberg has no unsigned integers: positions become Int32
NER = pl.Struct(
    {
        "chunk": pl.List(pl.String),
        "entity": pl.List(pl.String),
        "begin": pl.List(pl.Int32),
        "end": pl.List(pl.Int32),
        "confidence": pl.List(pl.Float32),
    }
)


def catalog(warehouse: Path) -> Catalog:
    """A catalog in a SQLite file, which is enough for one machine; yours is ``pyiceberg.catalog.load_catalog(NAME)``."""
    place = warehouse.absolute()
    return SqlCatalog("local", uri=f"sqlite:///{place}/catalog.db", warehouse=place.as_uri())


def annotate_new(catalog: Catalog, notes: str, entities: str, model: str | None = None, rows: int = 10_000) -> int:
    """Adds what is new, ``rows`` notes a commit; how many that were."""
    source = pl.scan_iceberg(catalog.load_table(notes)).select("note_id", "note").drop_nulls("note_id")
    empty = pl.DataFrame(schema={"note_id": source.collect_schema()["note_id"], "ner": NER})
    table = catalog.create_table_if_not_exists(entities, schema=empty.to_arrow().schema)
    known = pl.scan_iceberg(table).select("note_id")
    new = source.join(known, on="note_id", how="anti").select(
        "note_id", ner=pl.col("note").ner.extract(model).cast(NER)
    )
    added = 0
    for batch in new.collect_batches(chunk_size=rows):
        # an upsert, because an earlier run may have added some of these rows
        done = table.upsert(batch.to_arrow(), join_cols=["note_id"], when_matched_update_all=False)
        added += done.rows_inserted
    return added


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("warehouse", type=Path, help="folder with catalog.db and the tables")
    parser.add_argument("--notes", default="clinic.notes", help="table with note_id and note")
    parser.add_argument("--entities", default="clinic.entities", help="table with note_id and ner, made where absent")
    parser.add_argument("--model", help="model folder or name; the bundled model where left out")
    parser.add_argument("--rows", type=int, default=10_000, help="notes a commit")
    arguments = parser.parse_args()
    tables = catalog(arguments.warehouse)
    added = annotate_new(tables, arguments.notes, arguments.entities, arguments.model, arguments.rows)
    print(f"{added} new notes")
