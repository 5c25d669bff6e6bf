"""Notes with marked entities, in notebooks and terminals."""

import os
import pty
import subprocess
import sys
from html.parser import HTMLParser

import polars as pl
import pyarrow as pa
import pytest
from conftest import TINY

import spanframe

SENTINEL = "XSENTINELX"


class Notes(HTMLParser):
    """Returns the text of each note, and its chunks with their types."""

    def __init__(self, html):
        super().__init__()
        self.texts, self.chunks, self.tags, self.open, self.depth = [], [], set(), [], 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.add(tag)
        if self.depth:
            self.depth += tag == "div"
        elif "text" in (attributes.get("class") or "").split():
            self.depth, self.found = 1, {}
            self.texts.append("")
        if tag == "mark":
            mark = self.found.setdefault(attributes["data-e"], ["", ""])
            mark[1] += attributes.get("data-label", "")
            self.open.append(mark)

    def handle_endtag(self, tag):
        if tag == "mark":
            self.open.pop()
        if tag == "div" and self.depth:
            self.depth -= 1
            if not self.depth:
                self.chunks.append([tuple(mark) for mark in self.found.values()])

    def handle_data(self, data):
        if self.depth:
            self.texts[-1] += data
        for mark in self.open:
            mark[0] += data


@pytest.fixture(scope="module")
def frame(notes):
    return notes.with_columns(ner=pl.col("note").ner.extract(TINY))


def test_a_notebook_has_each_note_and_its_chunks(frame):
    shown = Notes(spanframe.display(frame, rows=len(frame))._repr_html_())
    texts = frame["note"].to_list()
    assert shown.texts == [text for text in texts if text is not None]
    found = [list(zip(ner["chunk"], ner["entity"])) for ner in frame["ner"].to_list() if ner is not None]
    assert [sorted(row) for row in shown.chunks] == [sorted(row) for row in found]
    assert sum(map(len, found)) > 500
    assert "script" not in shown.tags


def test_every_table_and_column_is_shown_alike(frame):
    expected = spanframe.display(frame)._repr_html_()
    table = frame.to_arrow()
    texts, entities = frame["note"], frame["ner"]
    for shown in (
        spanframe.display(table),
        spanframe.display(pl.concat([frame[:3], frame[3:]], rechunk=False)),
        spanframe.display(frame.rename({"note": "a", "ner": "b"}), text="a", entities="b"),
        spanframe.display(entities, text=texts),
        spanframe.display(entities, text=texts.to_list()),
        spanframe.display(table["ner"], text=tuple(texts)),
        spanframe.display(spanframe.Engine(TINY).annotate(texts), text=texts),
    ):
        assert shown._repr_html_() == expected
    assert f"10 of {len(frame)} rows" in expected


def test_texts_of_bytes_are_shown_alike(frame):
    bytes_of_notes = frame.with_columns(pl.col("note").cast(pl.Binary))
    assert spanframe.display(bytes_of_notes)._repr_html_() == spanframe.display(frame)._repr_html_()
    twice = pa.Table.from_arrays([frame["note"].to_arrow()] * 2 + [frame["ner"].to_arrow()], ["note", "note", "ner"])
    with pytest.raises(spanframe.InputError, match="the table has 2 columns named `note`: rename all but one"):
        spanframe.display(twice)


def test_pandas_is_shown(frame):
    pd = pytest.importorskip("pandas")
    some = frame.filter(pl.col("note").is_not_null()).head(5)
    other = some.to_pandas()
    other["what arrow has not"] = pd.Series([1, "a", 2.0, None, object()])
    assert spanframe.display(other)._repr_html_() == spanframe.display(some)._repr_html_()
    with pytest.raises(spanframe.InputError, match="no column `text`; it has 6 columns"):
        spanframe.display(other, text="text")


def test_layouts_and_units_are_shown_alike(notes):
    pages = set()
    for layout in ("struct_of_lists", "list_of_structs"):
        for offsets in ("char", "byte", "spark"):
            entities = spanframe.Engine(TINY, layout=layout, offsets=offsets).annotate(notes["note"])
            pages.add(spanframe.display(entities, text=notes["note"], offsets=offsets)._repr_html_())
    entities = spanframe.Engine(TINY, layout="annotation").annotate(notes["note"])
    pages.add(spanframe.display(entities, text=notes["note"])._repr_html_())
    assert len(pages) == 1


def test_a_note_is_text_and_steers_nothing():
    note = f"<script>alert('{SENTINEL}')</script> \x1b[31m & </div>"
    found = pa.array([{"entity": ["A", "B"], "begin": [0, 3], "end": [8, 12], "chunk": [note[:8], note[3:12]]}])
    shown = spanframe.display(found, text=[note])
    page = Notes(shown._repr_html_())
    assert page.texts == [note.replace("\x1b", "␛")]
    assert page.chunks == [[("<script>", "A"), ("ript>aler", "B")]]
    assert "script" not in page.tags
    assert str(shown) == repr(shown)
    assert "[¹<sc[²ript> A]¹aler B]²t(" in str(shown) and "␛[31m" in str(shown) and "\x1b" not in str(shown)


def test_what_is_not_there_is_said():
    entities = pa.array([{"entity": ["A"], "begin": [0], "end": [9]}, None, {"entity": [], "begin": [], "end": []}])
    page = str(spanframe.display(entities, text=["tos", None, ""]))
    assert "(1 entity with positions outside the text, not marked)" in page
    assert "(the text is null)" in page
    assert "(the text is empty)" in page
    none = spanframe.display(entities, text=["tos", None, ""], rows=0)
    assert str(none) == "0 of 3 rows"


PROGRAM = """
import polars as pl, spanframe
ner = [{"entity": ["A"], "begin": [0], "end": [3]}]
print(spanframe.display(pl.Series(ner), text=["tos!"]))
"""


@pytest.mark.parametrize(("environment", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)])
def test_a_terminal_has_colors_unless_told_otherwise(environment, colored):
    master, slave = pty.openpty()
    clean = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, stdout=slave, env=clean | environment)
    os.close(slave)
    seen = os.read(master, 10_000).decode()
    os.close(master)
    assert ("\x1b[48;5;25;97mtos" in seen) == colored
    assert ("[tos A]!" in seen) != colored


def test_wrong_inputs_are_refused(frame):
    for arguments, error, message in (
        (dict(data=frame, text="nope"), spanframe.InputError, "no column `nope`; it has"),
        (dict(data=frame, entities="nope"), spanframe.InputError, "no column `nope`; it has"),
        (dict(data=frame, entities="note"), spanframe.InputError, "expected entities"),
        (dict(data=frame, text="ner"), spanframe.InputError, "expected a string column"),
        (dict(data=frame["ner"], text=["x"]), spanframe.InputError, "give one text a row"),
        (dict(data=frame["note"]), spanframe.InputError, "expected a table"),
        (dict(data=frame["ner"]), spanframe.InputError, "expected a table"),
        (dict(data=frame, offsets="words"), spanframe.InputError, "offsets"),
        (dict(data=frame, rows=-1), spanframe.InputError, "rows cannot be -1"),
        (dict(data=frame.lazy()), TypeError, "cannot display a LazyFrame"),
        (dict(data=frame["ner"], text=3), TypeError, "cannot display a int"),
    ):
        data = arguments.pop("data")
        with pytest.raises(error, match=message) as raised:
            spanframe.display(data, **arguments)
        assert "patient" not in str(raised.value)
