"""The last stage: everything that a run leaves on disk."""

import logging
from pathlib import Path

from strandline.atomic import write_bytes, write_text
from strandline.report.alerts import as_cap
from strandline.report.drafts import draft_warnings
from strandline.report.facts import Findings
from strandline.report.page import render_page
from strandline.report.products import write_products

_log = logging.getLogger(__name__)


def write_report(out: Path, findings: Findings) -> Path:
    """Write the products, the alert drafts and, last of all, the page into ``out``; returns the page's path.

    Everything is worked out before the first alert is replaced, so that a refusal leaves the former run's files alone.

    Raises:
        InputError: naming the file that could not be written.
    """
    page = render_page(findings)
    alerts = {f"{warning.identifier}.xml": as_cap(warning, findings.issuer) for warning in draft_warnings(findings)}
    write_products(out, findings)
    for stale in (out / "alerts").glob("*.xml"):
        if stale.name not in alerts:
            stale.unlink()
    for name, content in alerts.items():
        write_bytes(out / "alerts" / name, content)
    path = out / "report.html"
    write_text(path, page)
    _log.info("report: %s, %d alert drafts, %d kB", path, len(alerts), len(page) // 1000)
    return path
