"""Entities are linked to the same concepts from every face, and wrong vocabularies say what to do."""

from pathlib import Path

import asserted
import linked
import polars as pl
import pytest
from conftest import command_line
from polars.testing import assert_frame_equal

import spanframe
from spanframe import InputError

LAYOUTS = ("struct_of_lists", "list_of_structs", "annotation")


def annotated(folder: Path, options: dict) -> pl.DataFrame:
    """Returns the notes with a column `ner`, as the command line annotates them."""
    asserted.notes().write_parquet(folder / "notes.parquet")
    out = folder / f"out{len(list(folder.iterdir()))}.parquet"
    command_line("annotate", folder / "notes.parquet", "-o", out, "-c", "note", "-q", *linked.flags(options))
    return pl.read_parquet(out)


@pytest.mark.parametrize("case", linked.CASES)
def test_command_line_polars_engine_and_jobs_link_alike(tmp_path, case):
    notes, options = asserted.notes(), linked.options(case, tmp_path)
    expect = annotated(tmp_path, options)
    ner = pl.col("note").ner.extract(**options)
    assert_frame_equal(notes.with_columns(ner=ner), expect)
    assert_frame_equal(notes.lazy().with_columns(ner=ner).collect(), expect)
    assert_frame_equal(notes.lazy().with_columns(ner=ner).collect(engine="streaming"), expect)

    engine = spanframe.Engine(**options)
    assert_frame_equal(pl.DataFrame(engine.annotate(notes, "note")), expect)
    spanframe.run(tmp_path / "notes.parquet", tmp_path / "job", column="note", overwrite=True, **options)
    assert_frame_equal(pl.read_parquet(tmp_path / "job" / "**" / "*.parquet"), expect)

    flat = expect.ner.explode()
    names = linked.FIELDS + (["candidates"] if case in ("candidates", "pipeline") else [])
    assert [name for name in flat.columns if name in [*linked.FIELDS, "candidates"]] == names
    assert flat["code"].is_not_null().sum() > 3 and flat["code"].is_null().any()
    for note, rows in zip(notes["note"], expect.select("id", "ner").iter_slices(1)):
        if note is not None:
            alone = engine.annotate_text(note)
            found = rows.ner.explode().select("chunk", *names).rows()
            assert [tuple(getattr(one, name) for name in ("chunk", *names)) for one in alone] == found


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("candidates", [None, 2])
def test_linking_a_column_gives_what_extraction_gives(tmp_path, layout, candidates):
    path = linked.vocabulary(tmp_path)
    plain = asserted.notes().with_columns(ner=pl.col("note").ner.extract(layout=layout))
    at_once = pl.col("note").ner.extract(layout=layout, link=path, link_candidates=candidates)
    expect = plain.with_columns(ner=at_once)
    link = pl.col("ner").ner.link(path, candidates=candidates)
    assert_frame_equal(plain.with_columns(link), expect)
    lazy = plain.lazy().with_columns(link)
    assert lazy.collect_schema() == expect.schema
    assert_frame_equal(lazy.collect(), expect)
    assert_frame_equal(lazy.collect(engine="streaming"), expect)
    # a second linking replaces the first, and what is there stays
    assert_frame_equal(expect.with_columns(pl.col("ner").ner.link([path], candidates=candidates)), expect)
    assert_frame_equal(
        plain.filter(pl.col("id") == "null").with_columns(link)["ner"].is_null().to_frame("n"),
        pl.DataFrame({"n": [True]}),
    )
    assert plain.clear().with_columns(link).schema == expect.schema
    plain.with_columns(link).write_parquet(tmp_path / "linked.parquet")
    assert_frame_equal(pl.read_parquet(tmp_path / "linked.parquet"), expect)

    metadata = [*linked.FIELDS, *(["candidates"] if candidates else [])]
    flat = expect.ner.explode(metadata=metadata if layout == "annotation" else None)
    lists = plain.with_columns(ner=pl.col("note").ner.extract(link=path, link_candidates=candidates)).ner.explode()
    assert_frame_equal(flat.select("id", "chunk", *metadata), lists.select("id", "chunk", *metadata))


def test_types_similarity_and_parts_choose_what_is_linked(tmp_path):
    path = linked.vocabulary(tmp_path)
    plain = asserted.notes().with_columns(ner=pl.col("note").ner.extract())

    def codes(frame):
        return frame.ner.explode().select("id", "entity", "chunk", "code", "similarity")

    every = codes(plain.with_columns(pl.col("ner").ner.link(path)))
    symptoms = codes(plain.with_columns(pl.col("ner").ner.link(path, entities=["SYMPTOM"])))
    others = pl.col("entity") != "SYMPTOM"
    assert_frame_equal(symptoms.filter(~others), every.filter(~others))
    assert symptoms.filter(others)["code"].is_null().all() and every.filter(others)["code"].is_not_null().any()
    exact = codes(plain.with_columns(pl.col("ner").ner.link(path, similarity=1.0)))
    assert exact["similarity"].drop_nulls().unique().to_list() == [1.0]
    parts = [codes(part.with_columns(pl.col("ner").ner.link(path))) for part in plain.iter_slices(2)]
    assert_frame_equal(pl.concat(parts), every)


def test_columns_of_others_can_be_linked(tmp_path):
    path = linked.vocabulary(tmp_path)
    mine = pl.DataFrame({"mine": [[{"kind": 7, "chunk": "Fever", "entity": "S", "begin": 0, "end": 5}], [], None]})
    done = mine.with_columns(pl.col("mine").ner.link(path))["mine"].to_list()
    assert (done[0][0]["kind"], done[0][0]["code"], done[1:]) == (7, "R50", [[], None])
    entities = spanframe.Engine(link=path).annotate(["Fever."]).to_list()
    assert (entities[0][0]["code"], entities[0][0]["concept_id"]) == ("R50", 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"link": "none.vocabulary"}, "the vocabulary `none.vocabulary`"),
        ({"link": "own.csv"}, "own.csv` is not a vocabulary: build one with"),
        ({"link": "cut.vocabulary"}, "cut.vocabulary.* build it again"),
        ({"link": []}, "option `link` cannot be an empty list; it may be the path of a vocabulary"),
        ({"link": 3}, "option `link` cannot be a int"),
        ({"link_similarity": 0.5}, "does not go with no `link`: name a vocabulary with `link` too"),
        ({"link": "own.vocabulary", "link_similarity": float("nan")}, "`link_similarity` cannot be NaN"),
        ({"link": "own.vocabulary", "link_candidates": 0}, "`link_candidates` cannot be 0; it may be a whole number"),
        ({"lnk": "own.vocabulary"}, "no option `lnk`; did you mean `link`"),
    ],
)
def test_wrong_options_are_refused_with_a_way_out(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    whole = Path(linked.vocabulary(tmp_path)).read_bytes()
    Path("cut.vocabulary").write_bytes(whole[:-9])
    with pytest.raises(InputError, match=message):
        spanframe.Engine(**options)
    with pytest.raises((InputError, pl.exceptions.ComputeError), match=message):
        pl.select(pl.lit("Fever.").ner.extract(**options))
    with pytest.raises(InputError, match=message):
        asserted.notes().write_parquet("notes.parquet")
        spanframe.run("notes.parquet", tmp_path / "job", column="note", **options)


@pytest.mark.parametrize(
    ("column", "arguments", "message"),
    [
        ("note", {}, "column `note` is String, expected entities: link the column that ner.extract made"),
        ("n", {}, "column `n` is Int64, expected entities"),
        ("nothing", {}, "column `nothing` is Null, expected entities"),
        ("bare", {}, "the entity column has no field `chunk`"),
        ("dated", {}, "column `dated` has a field `day` of type Date, which cannot be read: drop or cast it"),
        ("ner", {"vocabulary": "none.vocabulary"}, "the vocabulary `none.vocabulary`|vocabulary .*none.vocabulary"),
        ("ner", {"vocabulary": []}, "option `vocabulary` cannot be an empty list"),
        ("ner", {"vocabulary": None}, "option `vocabulary` cannot be nothing"),
        ("ner", {"vocabulary": 3}, "option `vocabulary` cannot be a int"),
        ("ner", {"entities": []}, "option `entities` cannot be an empty list; it may be one entity type or more"),
        ("ner", {"similarity": 7}, "option `similarity` cannot be 7; it may be a number from 0 to 1"),
        ("ner", {"similarity": float("nan")}, "option `similarity` cannot be NaN"),
        ("ner", {"candidates": 0}, "option `candidates` cannot be 0; it may be a whole number from 1"),
        ("ner", {"candidates": "a"}, "option `candidates` cannot be a str"),
    ],
)
def test_wrong_columns_and_arguments_are_refused(tmp_path, monkeypatch, column, arguments, message):
    monkeypatch.chdir(tmp_path)
    linked.vocabulary(tmp_path)
    one = {"entity": "S", "begin": 0, "end": 5}
    frame = pl.DataFrame({"note": ["Fever."], "n": [1], "bare": [[one]], "nothing": [None]}).with_columns(
        ner=pl.col("note").ner.extract(),
        dated=pl.struct(chunk=pl.lit("ZZSENTINELZZ"), day=pl.date(2024, 1, 1)).implode(),
    )
    with pytest.raises((InputError, pl.exceptions.ComputeError), match=message) as error:
        frame.select(pl.col(column).ner.link(**{"vocabulary": "own.vocabulary"} | arguments))
    assert "ZZSENTINELZZ" not in str(error.value)
