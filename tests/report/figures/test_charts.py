"""Charts: gaps stay gaps, and the numbers behind them are right."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.fixtures.reports as coast
from strandline.report.alerts.forecast_trace import forecast_of_the_peak
from strandline.report.figures.charts import draw_learning, draw_return_levels, draw_surge, gaps_of
from strandline.report.figures.style import NARROW, WIDE

pytestmark = pytest.mark.slow


def observed_line(svg: str) -> str:
    found = re.search(r'<g id="observed">\s*<path d="([^"]*)"', svg)
    assert found
    return found.group(1)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_observed_line_breaks_at_every_gap_and_each_gap_is_shaded(width: float) -> None:
    trace = forecast_of_the_peak(coast.surge_forecast())
    assert trace is not None
    gauge = coast.observations("real").require_gauge()
    history = gauge["water_level"].isel(station=0).to_series()
    svg = draw_surge(trace, history, "datum", width=width).svg
    assert len(re.findall(r'id="gap-\d+"', svg)) == 2
    assert observed_line(svg).count("M") == 3, "two gaps part the line into three"


def test_the_tide_is_seen_where_the_forecast_adds_nothing_to_it() -> None:
    trace = forecast_of_the_peak(coast.surge_forecast())
    assert trace is not None
    alike = replace(trace, rows=trace.rows.assign(tide=trace.rows["p50"]))
    svg = draw_surge(alike, pd.Series(dtype=float, index=pd.DatetimeIndex([])), "datum").svg
    assert svg.index('id="median"') < svg.index('id="tide"'), "drawn after it, above it"


def test_hours_that_the_record_lacks_are_gaps_too() -> None:
    trace = forecast_of_the_peak(coast.surge_forecast())
    assert trace is not None
    time = pd.date_range("2022-11-19", "2022-11-21T18:00", freq="h")
    history = pd.Series(0.3, index=time).drop(time[10:15])
    svg = draw_surge(trace, history, "datum").svg
    assert len(re.findall(r'id="gap-\d+"', svg)) == 3, "before the record, within it, and in the forecast"


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_gaps_hold_every_missing_hour_once(missing: list[bool]) -> None:
    time = pd.date_range("2020-01-01", periods=len(missing), freq="h")
    gaps = gaps_of(pd.Series(np.where(missing, np.nan, 1.0), index=time))
    assert sum((last - first) // pd.Timedelta(hours=1) + 1 for first, last in gaps) == sum(missing)
    assert all(later[0] - earlier[1] > pd.Timedelta(hours=1) for earlier, later in itertools.pairwise(gaps))


def test_the_record_ends_where_the_shading_begins_and_every_maximum_is_drawn() -> None:
    levels = pd.DataFrame({"return_period": coast.PERIODS, "p10": 1.0, "p50": 1.2, "p90": 1.5})
    maxima = np.linspace(0.5, 1.5, 22)
    picture = draw_return_levels(levels, maxima, 1.0, "datum")
    assert "longer than the record" in picture.svg
    assert "22 observed maxima" in picture.alt
    assert "longer than the record" not in draw_return_levels(levels, np.repeat(maxima, 5), 1.0, "datum").svg


def test_numbers_stand_beside_the_learning_bars() -> None:
    scores = coast.results().learning
    svg = draw_learning(scores).svg
    assert all(f">{value:.2f}<" in svg for value in (scores.teacher_iou, scores.student_iou, scores.labels_only_iou))
