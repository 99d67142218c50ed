"""The report stage writes everything and updates issued warnings."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import tests.fixtures.reports as coast
from strandline.report.alerts.cap import as_cap
from strandline.report.alerts.drafts import draft_warnings
from strandline.report.findings import RunResults
from strandline.report.report import write_report

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results() -> RunResults:
    return coast.results("simulated")


@pytest.mark.usefixtures("drawn_once")
def test_a_report_leaves_everything(tmp_path: Path, results: RunResults) -> None:
    page = write_report(tmp_path, results)
    assert page == tmp_path / "report.html"
    assert len(list((tmp_path / "alerts").glob("*.xml"))) == 1
    assert {path.name for path in tmp_path.iterdir()} == coast.PRODUCT_FILES | {
        "report.html",
        "key_findings.json",
        "alerts",
    }
    assert page.stat().st_size < 3_000_000


@pytest.mark.usefixtures("without_pictures")
def test_a_run_updates_the_warnings_that_a_person_issued(tmp_path: Path, results: RunResults) -> None:
    (warning,) = draft_warnings(results)
    issued = tmp_path / "alerts" / "issued" / "first.xml"
    issued.parent.mkdir(parents=True)
    issued.write_bytes(as_cap(warning, results.issuer))
    later = pd.Timedelta(hours=1)
    surge = results.surge.assign(issue_time=results.surge["issue_time"] + later, time=results.surge["time"] + later)
    write_report(tmp_path, replace(results, surge=surge))
    (update,) = (tmp_path / "alerts").glob("*.xml")
    assert "<msgType>Update</msgType>" in update.read_text(encoding="utf-8")
    assert warning.identifier in update.read_text(encoding="utf-8")
    assert issued.is_file()
