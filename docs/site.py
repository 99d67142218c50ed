"""A hook of mkdocs: files outside of this folder that a page links to become part of the site."""

import os
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
LINK = re.compile(r"(\]\(|^\[[^\]]+\]: )([^)#\s:]+)((?:#[^)\s]*)?(?:\)|$))", re.MULTILINE)
"""A link within a sentence, or the definition of a reference on a line of its own."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every file outside of the folder that a page links to, and those that these link to."""
    waiting = [Path(file.abs_src_path) for file in files.documentation_pages() if file.abs_src_path]
    while waiting:
        page = waiting.pop()
        for _, target, _ in LINK.findall(page.read_text(encoding="utf-8")):
            path = (page.parent / target).resolve()
            if path.is_file() and not path.is_relative_to(DOCS) and _path_in_site(path) not in files.src_uris:
                files.append(File.generated(config, _path_in_site(path), abs_src_path=str(path)))
                if path.suffix == ".md":
                    waiting.append(path)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite links to their place in the site; a link to a folder leads to the first page in it."""
    source = page.file.abs_src_path
    assert source is not None
    here = Path(source)

    def rewrite(link: re.Match[str]) -> str:
        path = (here.parent / link[2]).resolve()
        if path.is_dir():
            path = next(iter(sorted(path.glob("*.md"))), path)
        start = PurePosixPath(page.file.src_uri).parent
        return f"{link[1]}{os.path.relpath(_path_in_site(path), start)}{link[3]}"

    return LINK.sub(rewrite, markdown)


def _path_in_site(path: Path) -> str:
    """Return the path of a repository file within the site."""
    return str(path.relative_to(DOCS if path.is_relative_to(DOCS) else ROOT))
