"""Documents as HTML, and as PDF by WeasyPrint; one printed page each."""

import base64
import logging
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import matplotlib
import pydyf
from jinja2 import Environment, PackageLoader, StrictUndefined

from strandline.errors import InputError
from strandline.report.documents.document import Document

SIZES = (10.0, 9.5, 9.0, 8.5, 8.0, 7.5, 7.0)
"""[pt] Largest first: the largest at which a document fits on its page."""
LATIN, BENGALI = "Document", "Document Bengali"


@dataclass(frozen=True)
class Font:
    """A face of the documents: DejaVu Sans of Matplotlib, and Noto Sans Bengali beside this file."""

    family: str
    weight: int
    url: str


def as_html(document: Document, size: float = SIZES[0]) -> str:
    """Return one HTML file that needs nothing else."""
    return (
        _environment().get_template("document.html.jinja").render(document=document, size=size, fonts=_fonts(document))
    )


def as_pdf(document: Document) -> bytes:
    """Return a PDF of one A4 page; of more, where even the smallest letters do not fit.

    Raises:
        InputError: this machine lacks Pango, which WeasyPrint sets text with.
    """
    try:
        from weasyprint import HTML
    except OSError as error:
        remedy = "install it: apt-get install libpango-1.0-0 libpangoft2-1.0-0 (Debian, Ubuntu), brew install pango"
        raise InputError("documents", f"Pango is missing ({error})", remedy) from error
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    for size in SIZES:
        rendered = HTML(string=as_html(document, size)).render()
        if len(rendered.pages) == 1:
            break
    return bytes(rendered.write_pdf(finisher=_drop_empty_strings))


def _drop_empty_strings(_: object, pdf: pydyf.PDF) -> None:
    """Remove the empty strings between positions of letters, after which PDFium, and so Chrome, forgets a position.

    WeasyPrint writes them beside Bengali's vowel signs, whose next letters would overlap.
    """
    for part in pdf.objects:
        if isinstance(part, pydyf.Stream):
            part.stream = [
                line.replace(b"<>", b" ") if isinstance(line, bytes) and line.endswith(b"TJ") else line
                for line in part.stream
            ]


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("strandline.report.documents"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["data_uri"] = lambda png: f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
    return environment


def _fonts(document: Document) -> list[Font]:
    latin = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    fonts = [
        Font(LATIN, weight, (latin / f"DejaVuSans{name}.ttf").as_uri()) for weight, name in ((400, ""), (700, "-Bold"))
    ]
    if document.language.code == "bn":
        folder = files("strandline.report.documents") / "fonts"
        for weight in (400, 700):
            content = (folder / f"noto-sans-bengali-{weight}.woff2").read_bytes()
            data = base64.b64encode(content).decode("ascii")
            fonts.append(Font(BENGALI, weight, f"data:font/woff2;base64,{data}"))
    return fonts
