"""The report of `spanframe view` in a real browser."""

import polars as pl
import pytest
from chromium import PROGRAM, Chromium
from conftest import DATA, TINY, command_line, require

require(programs=() if PROGRAM else ("chromium",))

LONG = "word " * 4000 + "the end"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    odd = ["<img src='https://example.org/x.png'><script>document.title = 'broken'</script> naïve ünïcode", LONG]
    notes = pl.concat([pl.Series("note", odd), pl.read_parquet(DATA / "notes.parquet")["note"].head(40)]).to_frame()
    notes.with_columns(ner=pl.col("note").ner.extract(TINY)).write_parquet(folder / "notes.parquet")
    page = folder / "report.html"
    command_line("view", folder / "notes.parquet", "--html", page, "--text-column", "note")
    return page


@pytest.fixture(scope="module")
def browser():
    with Chromium() as browser:
        yield browser


SEEN = "[...document.querySelectorAll('article.note:not([hidden])')].length"


def search(browser, words):
    browser.run(f"search.value = {words!r}; search.dispatchEvent(new Event('input'))")
    return browser.run(SEEN)


def test_a_page_asks_for_nothing_and_runs_no_note(browser, report):
    browser.open(report)
    assert browser.requests() == []
    assert browser.complaints() == []
    assert browser.run("document.title") == "Entities of notes.parquet"
    assert browser.run("document.querySelectorAll('img').length") == 0
    # the policy also stops a script or an image that a bug would let through
    browser.run(
        "const script = document.createElement('script'); script.textContent = 'document.title = 1'; document.body.append(script)"
    )
    browser.run("const image = new Image(); image.src = 'http://127.0.0.1:9/x.png'; document.body.append(image)")
    assert browser.run("document.title") == "Entities of notes.parquet"
    assert all("Content Security Policy" in str(c) for c in browser.complaints()) and browser.complaints()


def test_search_and_filter_show_the_notes_that_fit(browser, report):
    browser.open(report)
    everything = browser.run(SEEN)
    assert everything == 42
    assert browser.run("document.getElementById('status').textContent") == "42 of 42 notes"
    assert search(browser, "NAIVE unicode") == 1
    assert search(browser, "no such words") == 0
    assert search(browser, "") == everything
    kinds = browser.run("[...document.querySelectorAll('.controls input[type=checkbox]')].map((box) => box.value)")
    assert kinds == ["0", "1", "2", "3", "none"]
    # by keyboard: move from the search to the first box, and clear it
    browser.run("search.focus()")
    browser.press("Tab", 9)
    browser.press(" ", 32)
    assert browser.run("document.activeElement.value + document.activeElement.checked") == "0false"
    assert browser.run("document.querySelectorAll(\"mark[data-k='0']:not(.off)\").length") == 0
    assert browser.run("document.querySelectorAll(\"mark[data-k='1']:not(.off)\").length") > 0
    browser.run(
        "document.querySelectorAll('.controls input[type=checkbox]').forEach((box) => box.checked && box.click())"
    )
    assert browser.run(SEEN) == 0
    browser.run("document.querySelector('.controls input[value=none]').click()")
    bare = "[...document.querySelectorAll('article.note:not([hidden])')].every((note) => !note.querySelector('mark'))"
    assert browser.run(bare)


def test_a_long_note_is_cut_until_it_is_asked_for(browser, report):
    browser.open(report)
    button = "document.querySelector('article.note button')"
    assert browser.run(f"{button}.textContent") == "Show all 20,007 characters"
    text = f"{button}.parentElement.querySelector('.text')"
    cut = browser.run(f"{text}.clientHeight")
    browser.run(f"{button}.click()")
    assert browser.run(f"{button}.getAttribute('aria-expanded')") == "true"
    assert browser.run(f"{text}.clientHeight") > 2 * cut
    assert browser.run(f"{text}.textContent") == LONG


def test_it_fits_a_narrow_window(browser, report):
    browser.open(report, width=360)
    assert browser.run("document.documentElement.scrollWidth") <= 360
