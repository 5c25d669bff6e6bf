"""The messages of all errors as the sources have them, and the tests that have their words."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# stands for a value in a message
HOLE = "\0"
# the errors of Rust: thiserror's attributes, and exceptions that the plugin raises
CALL = re.compile(r"#\[error\(|\b\w*Error::new_err\(")
STRING = re.compile(r'\s*(?:format!\(\s*)?"((?:[^"\\]|\\.)*)"', re.DOTALL)
FUNCTION = re.compile(r"^ *(?:pub )?(?:async )?(?:fn|def) (\w+)", re.MULTILINE)
TEST = re.compile(r"#\[(?:\w+::)?test\]\s*(?:#\[[^\n]*\]\s*)*(?:async )?fn (\w+)|^def (test_\w+)", re.MULTILINE)
TESTS_OF_A_MODULE = "\n#[cfg(test)]\n"
# a test has a message if it has this many characters of it in a row, from the start of a word on
LEAST = 13


@dataclass(frozen=True)
class Message:
    """One message, with `HOLE` for each value."""

    text: str
    place: str
    """The file, relative to the repository."""

    def is_in(self, lines: list[str]) -> bool:
        """True if one of the lines is the message with any values, behind a prefix such as `error: `."""
        pattern = re.compile(".*?".join(map(re.escape, self.text.split(HOLE))))
        return any(pattern.search(line) for line in lines)

    @property
    def markdown(self) -> str:
        """The message for a page, with `…` for each value."""
        parts = self.text.replace(HOLE, "…").split("`")
        outside = [part if i % 2 else re.sub(r"([*<>\[\]])", r"\\\1", part) for i, part in enumerate(parts)]
        return " ".join("`".join(outside).split())


def messages() -> list[Message]:
    """Returns all messages in the order of the sources, each once."""
    found = {}
    rust = [*(ROOT / "crates").glob("*/src/**/*.rs"), *(ROOT / "plugin" / "src").rglob("*.rs")]
    python = (ROOT / "plugin" / "python").rglob("*.py")
    for path in [*sorted(rust), *sorted(python)]:
        source = path.read_text(encoding="utf-8")
        texts = _of_rust(source) if path.suffix == ".rs" else _of_python(source)
        for text in texts:
            found.setdefault(text, str(path.relative_to(ROOT)))
    return [Message(text, place) for text, place in found.items() if re.search(r"\w+ \w+|line", text)]


def _of_rust(source: str) -> Iterator[str]:
    source = source.partition(TESTS_OF_A_MODULE)[0]
    for call in CALL.finditer(source):
        string = STRING.match(source, call.end())
        if string:
            text = re.sub(r"\{[^{}]*\}", HOLE, plain(string[1]).replace("{{", "\1").replace("}}", "\2"))
            yield text.replace("\1", "{").replace("\2", "}")


def plain(literal: str) -> str:
    """Returns what a string literal of Rust holds."""
    return re.sub(r"\\\n\s*", "", literal).replace('\\"', '"').replace("\\\\", "\\")


def _of_python(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args and _name(node.func).endswith("Error"):
            text = node.args[0]
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value
            elif isinstance(text, ast.JoinedStr):
                yield "".join(one.value if isinstance(one, ast.Constant) else HOLE for one in text.values)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


class Index:
    """The tests of the repository, found by words of messages."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._by_words: dict[str, set[str]] = defaultdict(set)
        rust = [*(ROOT / "tests").rglob("*.rs"), *(ROOT / "crates").rglob("*.rs")]
        python = {*(ROOT / "tests").glob("*.py"), *(ROOT / "tests" / "python").glob("test_*.py")} - {
            ROOT / "tests" / "python" / "test_docs.py"
        }
        for path in sorted([*rust, *python]):
            source = path.read_text(encoding="utf-8")
            if "src" in path.parts:
                source = source.partition(TESTS_OF_A_MODULE)[2]
            self.names.update(test[1] or test[2] for test in TEST.finditer(source))
            functions = list(FUNCTION.finditer(source))
            ends = [*(function.start() for function in functions), len(source)][1:]
            for function, end in zip(functions, ends):
                if function[1] not in self.names:
                    continue
                for words in _windows(plain(source[function.start() : end])):
                    self._by_words[words].add(function[1])

    def of(self, message: Message) -> str | None:
        """Returns the test that has most of the message."""
        runs = {words for part in message.text.split(HOLE) for words in _windows(part)}
        found = Counter(name for words in runs for name in self._by_words.get(words, ()))
        return min(found, key=lambda name: (-found[name], name), default=None)


def _windows(text: str) -> Iterator[str]:
    for word in re.finditer(r"\b\w", text):
        if len(text) - word.start() >= LEAST:
            yield text[word.start() : word.start() + LEAST]
