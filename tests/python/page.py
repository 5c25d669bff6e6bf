"""Code blocks of a Markdown page, and how they are run: `python page.py PAGE` does what a reader does, from top to bottom.

Blocks of Python share their names, as in one notebook; blocks of sh are commands of bash. A block of text right behind is
what the block prints, or the last line of its error: `...` stands for what changes. A block behind a line
`*Not run by the tests: REASON.*` is left alone.
"""

import ast
import contextlib
import doctest
import io
import re
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<code>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"\*Not run by the tests: (.+)\.\*\n\n$")


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


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in order; what a block prints belongs to it."""
    found: list[Block] = []
    end = 0
    for fence in FENCE.finditer(page):
        code = "\n".join(line.removeprefix(fence["indent"]) for line in fence["code"].splitlines())
        if fence["language"] == "text" and found and not page[end : fence.start()].strip():
            found[-1].shown = code
        else:
            reason = NOT_RUN.search(page[: fence.start()])
            line = page.count("\n", 0, fence.start()) + 1
            found.append(Block(line, fence["language"], code, reason and reason[1]))
        end = fence.end()
    return found


def _python(code: str, names: dict) -> tuple[str, str | None]:
    """What a block prints, its last expression included as in a notebook; and its error."""
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
    """What the commands print; and their error."""
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", code], capture_output=True, text=True)
    error = done.stderr.strip().splitlines()[-1:] or ["no message"]
    return done.stdout, error[0] if done.returncode else None


def run(page: Path) -> list[str]:
    """Runs a page in this folder; what did not go as the page says."""
    wrong = []
    names: dict = {"__name__": "__main__"}
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.reason or block.language not in ("python", "sh"):
            continue
        printed, error = _python(block.code, names) if block.language == "python" else _sh(block.code)
        place = f"{page.name}, line {block.line}"
        if error and block.shown is None:
            wrong.append(f"{place}: {error}")
        elif block.shown is not None:
            got = (error or printed).strip() + "\n"
            if not doctest.OutputChecker().check_output(block.shown.strip() + "\n", got, doctest.ELLIPSIS):
                wrong.append(f"{place}: the page shows\n{block.shown}\nand it gives\n{got}")
    return wrong


if __name__ == "__main__":
    problems = run(Path(sys.argv[1]))
    print("\n\n".join(problems))
    sys.exit(bool(problems))
