"""docs/errors.md has every message of an error. Each is in a block that runs, or its words are in a test.

`UPDATE_ERRORS=1` writes the list at the end of the page.
"""

import os
import textwrap

from error_messages import ROOT, Index, Message, messages
from page import blocks

PAGE = ROOT / "docs" / "errors.md"
MARK = "<!-- what follows is written by tests/python/test_error_page.py -->\n"
# where a user meets the errors of a source
GROUPS = {
    "Options, columns and texts": ("crates/engine/",),
    "Models and ONNX Runtime": ("crates/core/", "crates/model/"),
    "Installing models": ("crates/install/",),
    "Files": ("crates/jobs/src/source/", "crates/jobs/src/sink.rs", "crates/jobs/src/form/"),
    "Jobs": ("crates/jobs/",),
    "Folders and object stores": ("crates/store/",),
    "Vocabularies": ("crates/vocabulary/",),
    "The command line": ("crates/cli/",),
    "Stages of Spark NLP": ("plugin/python/spanframe/compat/",),
    "Python": ("plugin/",),
}
# tests that have no word of the message, since they look at the variant of the error or at a value in it
BY_VALUE = {
    "the output cannot be written as Parquet": "a_type_that_parquet_lacks_is_refused_at_once",
    "`\0` is refused: \0": "operators_that_need_a_library_of_their_own_are_refused_by_name",
    "access to `\0` is denied": "missing_rights_are_denied",
    "no space is left for": "a_full_disk_ends_the_run_and_it_goes_on_with_more_space",
    "`\0` is no path inside a store": "paths_stay_inside",
    "cannot use `\0` (\0): check the path, and the disk": "each_fault_has_its_error",
    "AssertionFilterer has `\0` in \0, which is no label": "test_wrong_pipelines_are_refused",
    "`\0` exists: give another path, or overwrite it": "a_file_that_is_there_stays_unless_told",
    "the forms `exploded` and `note_nlp` have no column": "an_output_that_cannot_be_planned_says_why",
}
# messages that no test can make, or that nobody sees, and why
NOT_MADE = {
    "internal error, please report it": "a bug of spanframe",
    "rule \0 has an empty cue": "files of rules are checked before, by their own message",
    "the rules have too many cues for one automaton": "needs more rules than memory holds",
    "no vocabulary was given": "callers name one",
    "`\0` cannot be exported: \0": "needs torch, as tests/export_checkpoint.py has it",
    "the output cannot be written: \0": "the error of the store is shown in its place",
}


def shown_lines() -> list[str]:
    """Returns what the blocks of the page print; test_docs.py runs them."""
    return [line for block in blocks(PAGE.read_text(encoding="utf-8")) for line in (block.shown or "").splitlines()]


def given(table: dict[str, str], message: Message) -> str | None:
    return next((value for start, value in table.items() if message.text.startswith(start)), None)


def group_of(message: Message) -> str:
    return next(group for group, places in GROUPS.items() if message.place.startswith(places))


def test_every_message_has_a_test():
    lines, tests = shown_lines(), Index()
    assert set(BY_VALUE.values()) <= tests.names
    without = [
        f"{message.place}: {message.markdown}"
        for message in messages()
        if not (message.is_in(lines) or tests.of(message) or given(BY_VALUE, message) or given(NOT_MADE, message))
    ]
    assert not without, "\n".join(["show them in a block of docs/errors.md:", *without])


def test_the_page_has_every_message():
    page = PAGE.read_text(encoding="utf-8")
    written, mark, listed = page.partition(MARK)
    assert mark
    lines = shown_lines()
    rest = [message for message in messages() if not message.is_in(lines) and not given(NOT_MADE, message)]
    groups = []
    for group in GROUPS:
        items = [f"- {message.markdown}" for message in rest if group_of(message) == group]
        if items:
            wrapped = [
                textwrap.fill(item, 118, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
                for item in items
            ]
            groups.append("\n".join([f"\n### {group}\n", *wrapped, ""]))
    expected = "".join(groups)
    if os.environ.get("UPDATE_ERRORS"):
        PAGE.write_text(written + mark + expected, encoding="utf-8")
    else:
        assert listed == expected, "UPDATE_ERRORS=1 pytest tests/python/test_error_page.py writes the list"
