"""For mkdocs: what the pages link to outside of this folder becomes part of the site, and its links lead there."""

import os
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
LINK = re.compile(r"(\]\()([^)#\s:]+)((?:#[^)\s]*)?\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every file that a page names, and those that these name, outside of the folder of pages."""
    waiting = [Path(file.abs_src_path) for file in files.documentation_pages() if file.abs_src_path]
    while waiting:
        page = waiting.pop()
        for _, target, _ in LINK.findall(page.read_text(encoding="utf-8")):
            path = (page.parent / target).resolve()
            if path.is_file() and not path.is_relative_to(DOCS) and _place_of(path) not in files.src_uris:
                files.append(File.generated(config, _place_of(path), abs_src_path=str(path)))
                if path.suffix == ".md":
                    waiting.append(path)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links as they lead within the site; those to folders lead to the first page in them."""
    source = page.file.abs_src_path
    assert source is not None
    here = Path(source)

    def lead(link: re.Match[str]) -> str:
        path = (here.parent / link[2]).resolve()
        if path.is_dir():
            path = next(iter(sorted(path.glob("*.md"))), path)
        start = PurePosixPath(page.file.src_uri).parent
        return f"{link[1]}{os.path.relpath(_place_of(path), start)}{link[3]}"

    return LINK.sub(lead, markdown)


def _place_of(path: Path) -> str:
    """Where a file of the repository lies within the site."""
    return str(path.relative_to(DOCS if path.is_relative_to(DOCS) else ROOT))
