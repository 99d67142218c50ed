"""Documents as Word files, which a municipality can change and print."""

import io
from collections.abc import Sequence
from itertools import takewhile

from docx import Document as new_file
from docx.document import Document as WordFile
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import Table as WordTable
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from strandline.report.documents.document import Document, Map, Section, Table

SIZE = 8.5
"""[pt]"""
WIDTH, PICTURE_WIDTH = 184.0, 66.0
"""Of the text on A4 and of a map [mm]."""
WARNING_COLOUR, MUTED_COLOUR, HEADING_COLOUR = "b3261e", "55646c", "0b3a5b"
REGIONS = {"en": "en-GB", "bn": "bn-BD", "vi": "vi-VN"}
FONT, BENGALI_FONT = "Arial", "Nirmala UI"
"""The second is that of Windows; other systems take their own."""
BLOCK, HATCHED_BLOCK = "\N{BLACK SQUARE}", "\N{SQUARE WITH UPPER RIGHT TO LOWER LEFT FILL}"
Container = WordFile | _Cell


def as_docx(document: Document) -> bytes:
    """Return a Word file on A4."""
    file = new_file()
    _set_up(file, document)
    _heading(file.add_paragraph(), document.title, 1)
    _run(file.add_paragraph(), document.subtitle, MUTED_COLOUR)
    if document.stamp is not None:
        stamp, sentence = document.stamp
        paragraph = file.add_paragraph()
        _run(paragraph, f"{stamp}  ", WARNING_COLOUR, bold=True)
        _run(paragraph, sentence)
    if document.warning:
        _run(file.add_paragraph(), document.warning, WARNING_COLOUR, bold=True)
    beside = [*takewhile(lambda section: section.table is None and not section.blanks, document.sections)]
    _add_beside(file, beside)
    for section in document.sections[len(beside) :]:
        _add_section(file, section)
    for line in document.foot:
        _run(file.add_paragraph(), line, MUTED_COLOUR)
    written = io.BytesIO()
    file.save(written)
    return written.getvalue()


def _set_up(file: WordFile, document: Document) -> None:
    page = file.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(13)
    page.top_margin = page.bottom_margin = Mm(10)
    code = document.language.code
    file.core_properties.title, file.core_properties.author = document.title, ""
    file.core_properties.language = REGIONS[code]
    for name in ("Normal", "List Bullet", "Heading 1", "Heading 2"):
        style = file.styles[name]
        style.paragraph_format.space_after = Pt(2)
        size = {"Heading 1": 15.0, "Heading 2": 10.5}.get(name, SIZE)
        style.font.name, style.font.size = FONT, Pt(size)
        properties = style.element.get_or_add_rPr()
        of_complex_script = OxmlElement("w:szCs")
        of_complex_script.set(qn("w:val"), f"{2 * size:.0f}")
        properties.append(of_complex_script)
        fonts = properties.get_or_add_rFonts()
        for theme in [key for key in fonts.attrib if key.endswith("Theme")]:  # a theme's font goes before a named one
            del fonts.attrib[theme]
        for key in ("ascii", "hAnsi", "eastAsia"):
            fonts.set(qn(f"w:{key}"), FONT)
        fonts.set(qn("w:cs"), BENGALI_FONT if code == "bn" else FONT)
    file.styles["Heading 2"].paragraph_format.space_before = Pt(6)
    spoken = OxmlElement("w:lang")
    for key in ("val", "bidi"):
        spoken.set(qn(f"w:{key}"), REGIONS[code])
    file.styles["Normal"].element.get_or_add_rPr().append(spoken)


def _add_section(place: Container, section: Section) -> None:
    _heading(place.add_paragraph(), section.heading, 2)
    for sentence in section.paragraphs:
        place.add_paragraph(sentence)
    for bullet in section.bullets:
        place.add_paragraph(bullet, style="List Bullet")
    for blank in section.blanks:
        place.add_paragraph(f"{blank}: {'_' * 50}")
    if section.table is not None:
        _add_table(place, section.table)
    if section.note:
        place.add_paragraph(section.note)


def _add_beside(file: WordFile, sections: Sequence[Section]) -> None:
    """Sections on the left, their map on the right."""
    beside = file.add_table(rows=1, cols=2)
    _set_widths(beside, (WIDTH - PICTURE_WIDTH - 4, PICTURE_WIDTH + 4))
    left, right = beside.rows[0].cells
    for section in sections:
        _add_section(left, section)
    left._tc.remove(left.paragraphs[0]._p)  # the empty one that a new cell has
    for picture in (section.picture for section in sections if section.picture is not None):
        _add_map(right, picture)


def _add_map(cell: _Cell, picture: Map) -> None:
    shape = cell.paragraphs[0].add_run().add_picture(io.BytesIO(picture.png), width=Mm(PICTURE_WIDTH))
    shape._inline.docPr.set("descr", picture.alternative)
    cell.add_paragraph(picture.caption)
    legend = cell.add_paragraph()
    for key in picture.legend:
        _run(legend, HATCHED_BLOCK if key.hatched else BLOCK, MUTED_COLOUR if key.hatched else key.colour.lstrip("#"))
        _run(legend, f" {key.label}   ")


def _add_table(place: Container, table: Table) -> None:
    rows, columns = 1 + len(table.rows), len(table.head)
    written = place.add_table(rows, columns)
    written.style = "Table Grid"
    _set_widths(written, [WIDTH * share for share in table.shares])
    for row, cells in zip(written.rows, (table.head, *table.rows), strict=True):
        for cell, content in zip(row.cells, cells, strict=True):
            _run(cell.paragraphs[0], content, bold=cells is table.head)
    written.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _set_widths(table: WordTable, widths: Sequence[float]) -> None:
    """Fix the widths of the columns [mm]."""
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)


def _heading(paragraph: Paragraph, text: str, level: int) -> None:
    paragraph.style = f"Heading {level}"
    _run(paragraph, text, HEADING_COLOUR, bold=True)


def _run(paragraph: Paragraph, text: str, colour: str | None = None, *, bold: bool = False) -> None:
    run = paragraph.add_run(text)
    run.bold = bold or None
    if colour is not None:
        run.font.color.rgb = RGBColor.from_string(colour.upper())
