"""The last stage: write the report, the products and the alert drafts."""

import logging
from dataclasses import asdict
from pathlib import Path

from strandline.files import write_bytes, write_text
from strandline.report.alerts.cap import as_cap
from strandline.report.alerts.drafts import draft_warnings
from strandline.report.alerts.issued import follow_up_issued, read_issued
from strandline.report.documents.key_findings import KEY_FINDINGS_FILE, key_findings
from strandline.report.findings import RunResults
from strandline.report.page.page import render_page
from strandline.report.products import write_json, write_products

_log = logging.getLogger(__name__)


def write_report(out: Path, results: RunResults, alerts: Path | None = None) -> Path:
    """Write the products, the alert drafts and, last, the page into ``out``; return the path of the page.

    Args:
        alerts: folder of the former drafts; warnings that a person has issued stay in its ``issued``, and the drafts
            update or cancel them. ``None`` = ``alerts`` in ``out``.

    Raises:
        Contradiction: the results contradict one another; nothing is written.
        InputError: a file cannot be written, or an issued warning cannot be read.
    """
    page = render_page(results)
    issued = read_issued(out / "alerts" if alerts is None else alerts, results.issuer)
    messages = follow_up_issued(draft_warnings(results), issued, results.issuer)
    drafts = {f"{message.identifier}.xml": as_cap(message, results.issuer) for message in messages}
    write_products(out, results)
    write_json(out / KEY_FINDINGS_FILE, asdict(key_findings(results)))
    for name, content in drafts.items():
        write_bytes(out / "alerts" / name, content)
    path = out / "report.html"
    write_text(path, page)
    _log.info("report: %s, %d alert drafts, %d kB", path, len(drafts), len(page) // 1000)
    return path
