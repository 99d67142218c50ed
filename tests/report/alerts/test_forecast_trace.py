"""The forecast of the peak and its probability to exceed a level."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.fixtures.reports as coast
from strandline.report.alerts.forecast_trace import exceedance_probability, forecast_of_the_peak


def test_the_forecast_shown_is_the_earliest_for_the_highest_level() -> None:
    trace = forecast_of_the_peak(coast.surge_forecast())
    assert trace is not None
    assert trace.issue_time == coast.ISSUE
    assert len(trace.rows) == 49


def test_a_table_of_one_fixed_lead_is_shown_around_its_peak() -> None:
    first_issue = coast.surge_forecast().iloc[:49]
    table = first_issue.assign(lead_h=12.0, issue_time=first_issue["time"] - pd.Timedelta(hours=12))
    trace = forecast_of_the_peak(table)
    assert trace is not None
    assert trace.issue_time is None
    assert trace.lead_h == 12.0
    assert len(trace.rows) == 49


def test_a_forecast_without_any_level_is_no_forecast() -> None:
    table = coast.surge_forecast()
    assert forecast_of_the_peak(table.iloc[:0]) is None
    assert forecast_of_the_peak(table.assign(observed=np.nan, p50=np.nan)) is None


@settings(deadline=None)
@given(st.floats(-3, 3), st.floats(0.01, 2), st.floats(0.01, 2))
def test_the_probability_to_exceed_a_quantile_is_exact(middle: float, below: float, above: float) -> None:
    rows = pd.DataFrame({"p10": [middle - below], "p50": [middle], "p90": [middle + above]})
    for level, chance in ((middle - below, 0.9), (middle, 0.5), (middle + above, 0.1)):
        assert exceedance_probability(rows, level)[0] == pytest.approx(chance, abs=1e-6)


def test_unknown_quantiles_give_an_unknown_probability_and_equal_ones_a_certain_one() -> None:
    rows = pd.DataFrame({"p10": [np.nan, 1.0], "p50": [1.0, 1.0], "p90": [2.0, 1.0]})
    assert np.isnan(exceedance_probability(rows, 1.5)[0])
    assert exceedance_probability(rows, 1.5)[1] == 0.0
    assert exceedance_probability(rows, 0.5)[1] == 1.0
