"""Prints the tables of docs/migrating.md: which parts of Spark NLP are supported."""

from . import nlp
from ._absent import ABSENT
from ._stage import Stage


def tables() -> str:
    """Returns all stages and setters with their counterpart, and what is not supported, as Markdown."""
    lines = []
    for name, stage in Stage.stages.items():
        module = "nlp" if name in nlp.__all__ else "medical"
        lines += [f"### {module}.{name}", "", f"{(stage.__doc__ or '').strip().splitlines()[0]}", ""]
        same = next((other for other, before in Stage.stages.items() if before.parameters is stage.parameters), name)
        if same != name:
            lines += [f"The same setters as {same}.", ""]
            continue
        lines += ["| setter | default | here |", "|---|---|---|"]
        for one in stage.parameters:
            default = "" if one.default is None else f"`{one.default}`"
            lines.append(f"| `{one.setter}` | {default} | {one.meaning} |")
        if name == "NerConverterInternal":
            lines.append(
                "| `setReplaceDictResource` |  | `replace_labels`, from a file with an old and a new label on each line |"
            )
        lines.append("")
    lines += ["### Not supported", "", "| name (a regular expression) | instead |", "|---|---|"]
    for pattern, instead in ABSENT:
        shown = pattern.replace("|", "\\|")
        lines.append(f"| `{shown}` | {instead} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(tables(), end="")
