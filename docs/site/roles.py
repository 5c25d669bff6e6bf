"""Turns roles of docstrings, such as ``:class:`Engine```, into links, because Markdown does not know them."""

import re

import griffe

ROLE = re.compile(r":(?:class|func|meth|mod):`~?(?:([^`<]+) <([^`>]+)>|([^`<]+))`")


class Roles(griffe.Extension):
    """Rewrites each docstring when it is read."""

    def on_instance(self, *, obj: griffe.Object, **_: object) -> None:
        if obj.docstring:
            obj.docstring.value = ROLE.sub(_link, obj.docstring.value)


def _link(role: re.Match[str]) -> str:
    title, target = (role[1], role[2]) if role[1] else (role[3], role[3])
    return f"[`{title}`][{target}]" if target.startswith("spanframe.") else f"`{title}`"
