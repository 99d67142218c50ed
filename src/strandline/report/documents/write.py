"""Writes the documents of a finished run: one page and a leaflet for each zone, in each language."""

import re
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from strandline.files import write_bytes
from strandline.report.documents.document import Document
from strandline.report.documents.docx_file import as_docx
from strandline.report.documents.key_findings import KEY_FINDINGS_FILE, KeyFindings, read_key_findings
from strandline.report.documents.language import LANGUAGES, Language, language_of
from strandline.report.documents.leaflet import leaflet, zones_of
from strandline.report.documents.map_picture import chance_map
from strandline.report.documents.one_page import one_page
from strandline.report.documents.pdf import as_pdf


def write_documents(run: Path, out: Path, codes: Sequence[str], progress: Callable[[float], None]) -> list[Path]:
    """Write ``one_page.LANGUAGE.pdf`` and ``.docx``, and ``leaflets/LANGUAGE/ZONE.pdf`` and ``.docx``.

    Args:
        run: folder of a finished run.
        codes: of languages, RFC 3066; empty = English, and those of the run that have a catalogue.
        progress: takes the fraction done.

    Raises:
        InputError: the run has no such products, a language has no catalogue, or a file cannot be written.
    """
    findings = read_key_findings(run / KEY_FINDINGS_FILE)
    languages = [language_of(code) for code in dict.fromkeys(codes or _languages_of(findings))]
    zones, written = list(zones_of(findings)), list[Path]()
    count = len(languages) * (1 + len(zones))
    for language in languages:
        for name, document in _documents(run, findings, language):
            for ending, content in (("pdf", as_pdf(document)), ("docx", as_docx(document))):
                path = out / name.with_name(f"{name.name}.{ending}")
                path.parent.mkdir(parents=True, exist_ok=True)
                write_bytes(path, content)
                written.append(path)
            progress(len(written) / 2 / count)
    return written


def _languages_of(findings: KeyFindings) -> list[str]:
    known = [code.split("-")[0].lower() for code in findings.languages]
    return ["en", *(code for code in known if code in LANGUAGES)]


def _documents(run: Path, findings: KeyFindings, language: Language) -> Iterator[tuple[Path, Document]]:
    """Each document with its path, without an ending."""
    made_by = f"Strandline {version('strandline')}"
    yield Path(f"one_page.{language.code}"), one_page(findings, chance_map(run, findings, language), language, made_by)
    for number, (zone, area) in enumerate(zones_of(findings), start=1):
        picture = chance_map(run, findings, language, zone)
        made = leaflet(findings, zone, area, picture, language, made_by)
        yield Path("leaflets", language.code, f"{number:02d}-{_as_file_name(zone)}"), made


def _as_file_name(zone: str) -> str:
    """Letters and digits of a zone's name, in any script, with hyphens between."""
    return re.sub(r"[^\w]+", "-", zone).strip("-_")[:60] or "zone"
