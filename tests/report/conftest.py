"""What tests of the report share."""

from collections.abc import Mapping
from functools import cache

import pandas as pd
import pytest

import tests.fixtures.reports as coast
from strandline.report.alerts.forecast_trace import ForecastTrace
from strandline.report.findings import RunResults
from strandline.report.page.page import render_page
from strandline.report.page.pictures import Drawing, draw_all

DRAWN_BY = "strandline.report.page.page.draw_all"


@cache
def _drawings() -> Mapping[str, Drawing]:
    drawn: list[Mapping[str, Drawing]] = []

    def kept(
        results: RunResults, levels: pd.DataFrame, trace: ForecastTrace | None, ranked: pd.DataFrame
    ) -> Mapping[str, Drawing]:
        drawn.append(draw_all(results, levels, trace, ranked))
        return drawn[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DRAWN_BY, kept)
        render_page(coast.results("real"))
    return drawn[0]


@pytest.fixture
def words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of this test hold pictures that were drawn once: it reads words, and drawing takes most of the time."""
    drawings = _drawings()
    monkeypatch.setattr(DRAWN_BY, lambda *_: drawings)
