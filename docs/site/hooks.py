"""What MkDocs is told beside mkdocs.yml: documents at the root of the repository are pages, links out of docs lead to the
repository.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[2]
log = get_plugin_logger("links")
# page of the site by its document
DOCUMENTS = {
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "data/models/clinical-ner-small/README.md": "model-card.md",
}
LINK = re.compile(r"(\]\()([^)\s]+)(\))")


def on_files(files, config):
    """Adds the documents to the pages."""
    for document, page in DOCUMENTS.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / document)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Turns links to other documents of the repository into links to their page, or to the repository."""
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
    """A model card begins with lines of YAML for machines."""
    return re.sub(r"\A---\n.*?\n---\n", "", markdown, flags=re.DOTALL)
