"""Hooks of MkDocs: documents outside docs become pages, decisions get into the navigation, and links out of docs lead to
the repository.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[2]
log = get_plugin_logger("links")
# pages of the site that are documents outside docs
DOCUMENTS = {
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "benches/runs/README.md": "records.md",
    "data/models/clinical-ner-small/README.md": "model-card.md",
}
LINK = re.compile(r"(\]\()([^)\s]+)(\))")


def on_config(config):
    """Adds docs/decisions to the navigation, in the order of their numbers, so that a new one needs no line in mkdocs.yml."""
    decisions = sorted(
        path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs" / "decisions").glob("*.md")
    )
    (internals,) = [section["Internals"] for section in config.nav if "Internals" in section]
    if decisions and {"Decisions": decisions} not in internals:
        internals.append({"Decisions": decisions})
    return config


def on_files(files, config):
    """Adds the documents to the pages."""
    for document, page in DOCUMENTS.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / document)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Turns a link out of docs into a link to its page, or to the repository where the site has no such page."""
    home = {page: document for document, page in DOCUMENTS.items()}
    document = home.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def target(link: str) -> str:
        if link.startswith(("https:", "mailto:", "#")):
            return link
        path, hash, anchor = link.partition("#")
        place = posixpath.normpath(posixpath.join(posixpath.dirname(document), path))
        inside = DOCUMENTS.get(place) or (place.removeprefix("docs/") if place.startswith("docs/") else None)
        if inside is not None:
            return posixpath.relpath(inside, posixpath.dirname(page.file.src_uri) or ".") + hash + anchor
        if not (ROOT / place).exists():
            log.warning("%s links to %s, which is not there", document, link)
        return f"{config.extra['repository']}/blob/main/{place}{hash}{anchor}"

    return LINK.sub(lambda link: link[1] + target(link[2]) + link[3], _without_front_matter(markdown))


def _without_front_matter(markdown: str) -> str:
    """Returns a model card without the lines of YAML at its head, which are for machines."""
    return re.sub(r"\A---\n.*?\n---\n", "", markdown, flags=re.DOTALL)
