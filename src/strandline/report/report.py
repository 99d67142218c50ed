"""The last stage: everything that a run leaves on disk."""

import logging
from pathlib import Path

from strandline.files import write_bytes, write_text
from strandline.report.alerts.cap import as_cap
from strandline.report.alerts.drafts import draft_warnings
from strandline.report.alerts.issued import follow_up_issued, read_issued
from strandline.report.findings import RunResults
from strandline.report.page.page import render_page
from strandline.report.products import write_products

_log = logging.getLogger(__name__)


def write_report(out: Path, findings: RunResults) -> Path:
    """Write the products, the alert drafts and, last of all, the page into ``out``; returns the page's path.

    Everything is worked out before the first alert is replaced, so that a refusal leaves the former run's files alone.

    Warnings that a person has given out lie in ``alerts/issued`` and stay there; drafts answer them.

    Raises:
        InputError: naming the file that could not be written, or a given warning that cannot be read.
    """
    page = render_page(findings)
    issued = read_issued(out / "alerts", findings.issuer)
    messages = follow_up_issued(draft_warnings(findings), issued, findings.issuer)
    alerts = {f"{message.identifier}.xml": as_cap(message, findings.issuer) for message in messages}
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
