"""Attributes of entities are the same from every face, and wrong options say what to do."""

import asserted
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import spanframe
from spanframe import InputError

ATTRIBUTES = ["negated", "uncertain", "historical", "hypothetical", "family"]


@pytest.mark.parametrize("language", [None, "lang"])
@pytest.mark.parametrize("case", asserted.CASES)
def test_command_line_polars_engine_and_jobs_give_the_same_attributes(tmp_path, case, language):
    notes, options = asserted.notes(), asserted.options(case, tmp_path)
    expect = asserted.annotated(tmp_path, options, *(["--language-column", language] if language else []))
    ner = pl.col("note").ner.extract(language=language, **options)
    assert_frame_equal(notes.with_columns(ner=ner), expect)
    assert_frame_equal(notes.lazy().with_columns(ner=ner).collect(), expect)
    assert_frame_equal(notes.lazy().with_columns(ner=ner).collect(engine="streaming"), expect)

    engine = spanframe.Engine(**options)
    assert_frame_equal(pl.DataFrame(engine.annotate(notes, "note", language=language)), expect)
    spanframe.run(
        tmp_path / "notes.parquet", tmp_path / "job", column="note", language_column=language, overwrite=True, **options
    )
    assert_frame_equal(pl.read_parquet(tmp_path / "job" / "**" / "*.parquet"), expect)

    flat = expect.ner.explode()
    names = [name for name in flat.columns if name in ATTRIBUTES]
    assert names == (["negated", "family"] if case == "some" else ATTRIBUTES)
    for note, code, rows in zip(notes["note"], notes["lang"], expect.select("id", "ner").iter_slices(1)):
        if note is None:
            continue
        alone = engine.annotate_text(note, language=code if language else None)
        found = rows.ner.explode().select("chunk", *names).rows()
        assert [(one.chunk, *(getattr(one, name) for name in names)) for one in alone] == found


def test_rules_languages_and_lists_change_the_attributes_alone(tmp_path):
    found = {case: asserted.annotated(tmp_path, asserted.options(case, tmp_path)) for case in asserted.CASES}
    flat = {case: frame.ner.explode() for case, frame in found.items()}
    plain = asserted.annotated(tmp_path, {}).ner.explode()
    for frame in flat.values():
        assert_frame_equal(frame.select(plain.columns), plain)
    assert not flat["all"].equals(flat["rules"])
    assert_frame_equal(flat["pipeline"].select(flat["rules"].columns), flat["rules"])
    assert_frame_equal(flat["some"], flat["all"].select(flat["some"].columns))
    assert all(flat["all"][name].sum() > 0 for name in ATTRIBUTES)

    known = asserted.annotated(tmp_path, {"assertion": True}, "--language-column", "lang").ner.explode()
    french = known.filter(pl.col("id") == "fr")
    assert french.height > 0 and french["negated"].to_list() == [None] * french.height
    # a row without a language has its language detected
    assert known.filter(pl.col("id") == "none")["negated"].to_list() == [True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"assertion": ["negatd"]}, "option `assertion` cannot be `negatd`; did you mean `negated`"),
        ({"assertion": []}, "cannot be an empty list; it may be true, false or some of negated, uncertain"),
        ({"assertion": 3}, "option `assertion` cannot be a int"),
        ({"assertoin": True}, "no option `assertoin`; did you mean `assertion`"),
        ({"assertion_rules": "rules.toml"}, "say `assertion=true` too, or leave the rules out"),
        ({"assertion": True, "assertion_rules": "none.toml"}, "the assertion rules `none.toml` cannot be read"),
        ({"assertion": True, "assertion_rules": "wrong.toml"}, "`wrong.toml` line 2: unknown field `negatd`, expected"),
        ({"assertion": True, "assertion_rules": ["empty.toml"]}, "the cue `` in `negated.before` is empty"),
        ({"model": "set.toml"}, "`set.toml` is wrong in line 1: expected true, false or a list of names"),
    ],
)
def test_wrong_options_are_refused_with_a_way_out(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.toml").write_text('language = "en"\n[negatd]\nbefore = [{ cue = "no" }]\n')
    (tmp_path / "empty.toml").write_text('language = "en"\n[negated]\nbefore = [{ cue = "" }]\n')
    (tmp_path / "set.toml").write_text('assertion = "negatd"\n[[model]]\nmodel = "clinical-ner-small"\n')
    with pytest.raises(InputError, match=message):
        spanframe.Engine(**options)
    with pytest.raises((InputError, pl.exceptions.ComputeError), match=message):
        pl.select(pl.lit("Denies fever.").ner.extract(**options))
    with pytest.raises(InputError, match=message):
        asserted.notes().write_parquet("notes.parquet")
        spanframe.run("notes.parquet", tmp_path / "job", column="note", **options)
