"""MkDocs hook: pages from the root of the repository, the sources that pages link to, and Mermaid from the lock.

On GitHub a page may link to any file of the tree; a site holds only what lies under `docs/`. So README and its like
become pages too, and each linked source becomes a page that shows it. A link to a file that does not exist is left as
it is, and `mkdocs build --strict` names it.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from deploy.local.pages import PACKAGES, ensure_packages

ROOT = Path(__file__).resolve().parents[2]
MERMAID = PACKAGES / "@mermaid-js" / "tiny" / "dist" / "mermaid.tiny.js"
ROOT_PAGES = {
    "README.md": "index.md",
    "README.ko.md": "ko.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "CODE_OF_CONDUCT.md": "code_of_conduct.md",
    "SECURITY.md": "security.md",
}
ORIGINS = {page: origin for origin, page in ROOT_PAGES.items()}
LINK = re.compile(r"(?<=\]\()(?![a-z]+:)([^)\s#]+)")
LANGUAGES = {".py": "python", ".yml": "yaml", ".yaml": "yaml", ".json": "json", ".sh": "bash", ".ts": "typescript"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Let an entry of the navigation that ends with a slash stand for all pages of that folder."""
    config.nav = [_expand(entry, Path(config.docs_dir)) for entry in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and the script that do not lie under `docs/`."""
    for origin, page in ROOT_PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / origin).read_text(encoding="utf-8")))
    texts = {file.src_uri: file.content_string for file in files.documentation_pages()}
    sources = {target for uri, text in texts.items() for target in _linked(uri, text) if _is_source(target)}
    for source in sorted(sources):
        files.append(File.generated(config, _site_uri(source), content=_show(source)))
    ensure_packages()
    files.append(File.generated(config, "mermaid.js", abs_src_path=str(MERMAID)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Let links lead to where the site has what they name."""
    folder = posixpath.dirname(page.file.src_uri)

    def relink(link: re.Match[str]) -> str:
        target = _resolve(page.file.src_uri, link[0])
        return posixpath.relpath(_site_uri(target), folder or ".") if (ROOT / target).is_file() else link[0]

    return LINK.sub(relink, markdown)


def _expand(entry: Any, docs: Path) -> Any:
    if isinstance(entry, dict):
        return {title: _expand(value, docs) for title, value in entry.items()}
    if isinstance(entry, list):
        return [_expand(one, docs) for one in entry]
    if not entry.endswith("/"):
        return entry
    pages = sorted((docs / entry).glob("*.md"), key=lambda path: (path.stem != "README", path.name))
    return [path.relative_to(docs).as_posix() for path in pages]


def _linked(uri: str, text: str) -> Iterator[str]:
    """Yield the files of the repository that a page links to."""
    for link in LINK.findall(text):
        target = _resolve(uri, link)
        if (ROOT / target).is_file():
            yield target


def _resolve(uri: str, link: str) -> str:
    """Say which file of the repository a link of a page means."""
    origin = ORIGINS.get(uri, f"docs/{uri}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(origin), link))


def _is_source(target: str) -> bool:
    return target not in ROOT_PAGES and not target.startswith("docs/")


def _site_uri(target: str) -> str:
    """Say where the site has a file of the repository."""
    if target.startswith("docs/"):
        return target.removeprefix("docs/")
    return ROOT_PAGES.get(target) or f"source/{target.lstrip('.')}.md"


def _show(source: str) -> str:
    language = LANGUAGES.get(PurePosixPath(source).suffix, "text")
    return f"# {source}\n\n````{language}\n{(ROOT / source).read_text(encoding='utf-8')}\n````\n"
