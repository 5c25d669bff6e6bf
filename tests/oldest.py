"""Runs `ner.extract` and `ner.explode` with the oldest Polars and ONNX Runtime of docs/install.md, as `make test-oldest` does."""

from importlib.metadata import version

import polars as pl

import spanframe

NOTES = pl.DataFrame({"id": [1, 2, 3], "note": ["Metformin 500mg twice daily.", None, "Sin cambios."]})


def main() -> None:
    for layout in ("struct_of_lists", "list_of_structs"):
        expression = pl.col("note").ner.extract(layout=layout)
        eager = NOTES.with_columns(ner=expression)
        lazy = NOTES.lazy().with_columns(ner=expression)
        assert lazy.collect().equals(eager)
        assert lazy.collect_schema() == eager.schema
        assert eager.ner.explode("ner")["chunk"].to_list() == ["Metformin"]
        assert eager.ner.explode("ner", keep_empty=True)["chunk"].to_list() == ["Metformin", None, None]
    assert spanframe.Engine().annotate(NOTES["note"].to_list()).to_list()[1] is None
    print(f"polars {pl.__version__}, onnxruntime {version('onnxruntime')}: passed")


if __name__ == "__main__":
    main()
