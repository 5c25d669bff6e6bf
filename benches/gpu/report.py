"""The report of check.py as Markdown."""

import json


def markdown(record: dict) -> str:
    """A section for the machine and one for each step that ran, with failures in bold."""
    machine, steps = record["machine"], record["steps"]
    lines = [f"# spanframe on `{record['device']}`", ""]
    gpus = [f"GPU {gpu} MB" for gpu in machine["gpus"]] or ["no GPU"]
    lines += [f"- {item}" for item in (f"{machine['cores']} cores of {machine['processor']}", *gpus)]
    lines += [f"- ONNX Runtime: `{machine['onnxruntime']}`", f"- larger model: `{json.dumps(record['pack'])}`"]
    for name, result in steps.items():
        lines += ["", f"## {name}", ""]
        if "error" in result:
            lines += [f"**Failed:** {result['error']}", ""]
        rows = result.get("rows") or [{"": key} | value for key, value in result.items() if isinstance(value, dict)]
        lines += table(rows) if rows else [f"- {key}: {value}" for key, value in result.items() if key != "error"]
    return "\n".join(lines) + "\n"


def table(rows: list[dict]) -> list[str]:
    """Rows as a table; a value that a row lacks is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[str(row.get(name, "")).replace("|", "\\|") for name in names] for row in rows]
    return ["| " + " | ".join(line) + " |" for line in (names, ["---"] * len(names), *cells)]
