"""Documents as Word files, which a municipality can change and print."""

import io

from docx import Document as new_file
from docx.document import Document as WordFile
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from strandline.report.documents.document import Document, Map, Table

SIZE = 9.5
"""[pt]"""
WIDTH = 184.0
"""Of the text on A4 [mm]."""
PICTURE_WIDTH = 75.0
"""[mm]"""
WARNING_COLOUR, MUTED_COLOUR = RGBColor(0xB3, 0x26, 0x1E), RGBColor(0x55, 0x64, 0x6C)
REGIONS = {"en": "en-GB", "bn": "bn-BD", "vi": "vi-VN"}
BENGALI_FONT = "Nirmala UI"
"""Of Windows; other systems take their own."""


def as_docx(document: Document) -> bytes:
    """Return a Word file on A4."""
    file = new_file()
    _set_up(file, document)
    file.add_heading(document.title, level=1)
    _run(file.add_paragraph(), document.subtitle, MUTED_COLOUR)
    if document.stamp is not None:
        paragraph = file.add_paragraph()
        _run(paragraph, f"{document.stamp[0]}  ", WARNING_COLOUR).bold = True
        paragraph.add_run(document.stamp[1])
    if document.warning:
        _run(file.add_paragraph(), document.warning, WARNING_COLOUR).bold = True
    for section in document.sections:
        file.add_heading(section.heading, level=2)
        for sentence in section.paragraphs:
            file.add_paragraph(sentence)
        for bullet in section.bullets:
            file.add_paragraph(bullet, style="List Bullet")
        for blank in section.blanks:
            file.add_paragraph(f"{blank}: {'_' * 50}")
        if section.picture is not None:
            _add_map(file, section.picture)
        if section.table is not None:
            _add_table(file, section.table)
        if section.note:
            file.add_paragraph(section.note)
    for line in document.foot:
        _run(file.add_paragraph(), line, MUTED_COLOUR)
    written = io.BytesIO()
    file.save(written)
    return written.getvalue()


def _set_up(file: WordFile, document: Document) -> None:
    page = file.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(13)
    page.top_margin = page.bottom_margin = Mm(11)
    file.core_properties.title = document.title
    file.core_properties.language = REGIONS[document.language.code]
    file.core_properties.author = ""
    normal = file.styles["Normal"]
    normal.font.size = Pt(SIZE)
    normal.paragraph_format.space_after = Pt(3)
    properties = normal.element.get_or_add_rPr()
    spoken = OxmlElement("w:lang")
    for key in ("val", "bidi"):
        spoken.set(qn(f"w:{key}"), REGIONS[document.language.code])
    properties.append(spoken)
    if document.language.code == "bn":
        properties.get_or_add_rFonts().set(qn("w:cs"), BENGALI_FONT)


def _run(paragraph: Paragraph, text: str, colour: RGBColor):  # type: ignore[no-untyped-def]
    run = paragraph.add_run(text)
    run.font.color.rgb = colour
    return run


def _add_map(file: WordFile, picture: Map) -> None:
    shape = file.add_picture(io.BytesIO(picture.png), width=Mm(PICTURE_WIDTH))
    shape._inline.docPr.set("descr", picture.alternative)
    file.add_paragraph(picture.caption)
    legend = file.add_table(rows=1, cols=2 * len(picture.legend))
    for index, key in enumerate(picture.legend):
        _shade(legend.cell(0, 2 * index), key.colour)
        legend.cell(0, 2 * index).width = Mm(6)
        legend.cell(0, 2 * index + 1).width = Mm(WIDTH / len(picture.legend) - 6)
        legend.cell(0, 2 * index + 1).paragraphs[0].add_run(
            f"{key.label}{' ////' if key.hatched else ''}"
        ).font.size = Pt(8)


def _add_table(file: WordFile, table: Table) -> None:
    written = file.add_table(rows=1 + len(table.rows), cols=len(table.head), style="Light Grid Accent 1")
    written.alignment = WD_TABLE_ALIGNMENT.LEFT
    written.autofit = False
    for row, cells in enumerate((table.head, *table.rows)):
        for column, content in enumerate(cells):
            cell = written.cell(row, column)
            cell.width = Mm(WIDTH * table.shares[column])
            run = cell.paragraphs[0].add_run(content)
            run.bold, run.font.size = row == 0, Pt(SIZE - 1)
    head = OxmlElement("w:tblHeader")
    written.rows[0]._tr.get_or_add_trPr().append(head)


def _shade(cell: _Cell, colour: str) -> None:
    shading = OxmlElement("w:shd")
    for key, value in (("val", "clear"), ("color", "auto"), ("fill", colour.lstrip("#"))):
        shading.set(qn(f"w:{key}"), value)
    cell._tc.get_or_add_tcPr().append(shading)
