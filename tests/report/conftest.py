"""What tests of the report share."""

from collections.abc import Mapping

import pandas as pd
import pytest

import tests.fixtures.reports as coast
from strandline.report.alerts.forecast_trace import ForecastTrace
from strandline.report.findings import RunResults
from strandline.report.page.page import render_page
from strandline.report.page.pictures import Drawing, draw_all

DRAWN_BY = "strandline.report.page.page.draw_all"


@pytest.fixture(scope="session")
def drawn_page() -> tuple[str, Mapping[str, Drawing]]:
    """The page of a run on real data, and its pictures."""
    drawn: list[Mapping[str, Drawing]] = []

    def kept(
        results: RunResults, levels: pd.DataFrame, trace: ForecastTrace | None, ranked: pd.DataFrame
    ) -> Mapping[str, Drawing]:
        drawn.append(draw_all(results, levels, trace, ranked))
        return drawn[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DRAWN_BY, kept)
        page = render_page(coast.results("real"))
    return page, drawn[0]


@pytest.fixture
def drawn_once(drawn_page: tuple[str, Mapping[str, Drawing]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of this test hold the pictures of that page."""
    monkeypatch.setattr(DRAWN_BY, lambda *_: drawn_page[1])
