"""Runs the code blocks of a Markdown page from top to bottom, as a reader does: `python page.py PAGE`.

Python blocks share their names, as in one notebook; sh blocks are bash commands. A `text` block right after a block is what
it prints, or the last line of its error. The text must be equal, with three exceptions:

- `...` stands for a path or another part that depends on the machine;
- a decimal may differ by 0.02, because processors round logits differently (`CLOSE`);
- in a `text measured` block, decimals and rates may be any number, and counts from 1,000 may differ by 2 %.

A block after a line `*Not run by the tests: REASON.*` is not run.
"""

import ast
import contextlib
import io
import re
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)(?P<measured> measured)?\n(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
NOT_RUN = re.compile(r"\*Not run by the tests: (.+)\.\*\n\n$")
CLOSE = 0.02
# what a shown text is cut into: an elision, a number, space or a rule of a table, and everything between them
PART = re.compile(r"(?P<any>\.\.\.)|(?P<number>\d[\d,]*(?:\.\d+)?(?:e-?\d+)?)|(?P<fill>[ ]+|-{2,}|─{2,})")
RATE = re.compile(r" (?:rows/s|tokens/s|seconds left|s left|minutes left)")


@dataclass
class Block:
    """One block of code and what the page says about it."""

    line: int
    language: str
    code: str
    reason: str | None
    """Why it is not run."""
    shown: str | None = None
    """What it prints, where the page shows that."""
    measured: bool = False
    """Whether the shown output has speeds and counts of one machine."""


def blocks(page: str) -> list[Block]:
    """Returns the blocks of a page in order; a `text` block belongs to the block before it."""
    found: list[Block] = []
    end = 0
    for fence in FENCE.finditer(page):
        code = "\n".join(line.removeprefix(fence["indent"]) for line in fence["code"].splitlines())
        if fence["language"] == "text" and found and not page[end : fence.start()].strip():
            found[-1].shown = code
            found[-1].measured = fence["measured"] is not None
        else:
            reason = NOT_RUN.search(page[: fence.start()])
            line = page.count("\n", 0, fence.start()) + 1
            found.append(Block(line, fence["language"], code, reason and reason[1]))
        end = fence.end()
    return found


def agrees(shown: str, printed: str, measured: bool = False) -> bool:
    """Returns whether a program printed what the page shows, but for the exceptions in the module's docstring."""
    shown, printed = shown.strip(), printed.strip()
    if shown == printed:
        return True
    # a decimal with fewer digits makes a column narrower, so spaces and rules have any length then
    loose = measured or re.search(r"\d\.\d{3}", shown) is not None
    pattern, numbers, end = "", [], 0
    for part in PART.finditer(shown):
        pattern += re.escape(shown[end : part.start()])
        end = part.end()
        if part["any"]:
            pattern += r".*?"
        elif part["fill"]:
            pattern += (re.escape(part[0][0]) + "+") if loose else re.escape(part[0])
        elif "." in part[0] or (measured and (len(part[0]) > 3 or RATE.match(shown, end))):
            pattern += r"(\d[\d,]*(?:\.\d+)?(?:e-?\d+)?)"
            numbers.append((part[0], measured and ("." in part[0] or RATE.match(shown, end) is not None)))
        else:
            pattern += re.escape(part[0])
    found = re.fullmatch(pattern + re.escape(shown[end:]), printed, re.DOTALL)
    return found is not None and all(
        is_speed or _close(expected, got, measured)
        for (expected, is_speed), got in zip(numbers, found.groups(), strict=True)
    )


def _close(expected: str, got: str, measured: bool) -> bool:
    """Returns whether two numbers agree: counts within 2 % where they are measured, decimals within `CLOSE`."""
    first, second = (float(number.replace(",", "")) for number in (expected, got))
    return abs(first - second) <= (0.02 * first if measured else CLOSE)


def _python(code: str, names: dict) -> tuple[str, str | None]:
    """Returns what a block prints, its last expression included as in a notebook, and its error."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(tree, "<page>", "exec"), names)
            value = None if last is None else eval(compile(ast.Expression(last.value), "<page>", "eval"), names)
            if value is not None:
                print(value if hasattr(value, "columns") else repr(value))
        except Exception as error:
            print(traceback.format_exc(), file=sys.stderr)
            return out.getvalue(), traceback.format_exception_only(error)[-1]
    return out.getvalue(), None


def _sh(code: str) -> tuple[str, str | None]:
    """Returns what the commands print, and the last line of their error."""
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", code], capture_output=True, text=True)
    error = done.stderr.strip().splitlines()[-1:] or ["no message"]
    return done.stdout, error[0] if done.returncode else None


def run(page: Path) -> list[str]:
    """Runs a page in this folder and returns what did not go as the page says."""
    wrong = []
    names: dict = {"__name__": "__main__"}
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.reason or block.language not in ("python", "sh"):
            continue
        printed, error = _python(block.code, names) if block.language == "python" else _sh(block.code)
        place = f"{page.name}, line {block.line}"
        if error and block.shown is None:
            wrong.append(f"{place}: {error}")
        elif block.shown is not None and not agrees(block.shown, error or printed, block.measured):
            wrong.append(f"{place}: the page shows\n{block.shown}\nand it gives\n{error or printed}")
    return wrong


if __name__ == "__main__":
    problems = run(Path(sys.argv[1]))
    print("\n\n".join(problems))
    sys.exit(bool(problems))
