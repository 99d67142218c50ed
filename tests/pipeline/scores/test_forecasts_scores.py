"""Forecasts through held-out storms, and the skill that is stated of them."""

import numpy as np
import pandas as pd
import pytest

from strandline.observations.weather.storms import Storm
from strandline.pipeline.scores.forecasts import SCORED_LEADS, SurgeTable, forecast_storms
from strandline.uncertainty.gauge_forecast.fit import fit_gauge_forecaster
from tests.fixtures.windy_gauge import HOURS, MEAN, SEA_LEVEL, TIME, level, place

pytestmark = pytest.mark.slow


def storm_at(hour: int) -> Storm:
    return Storm(TIME[hour - 72], TIME[hour], TIME[hour + 48], float(level()[hour]))


@pytest.fixture(scope="module")
def table() -> SurgeTable:
    storms = [storm_at(hour) for hour in (4100, 4600, 5300)]
    held_out = np.zeros(HOURS, dtype=bool)
    for storm in storms:
        held_out |= (storm.start <= TIME) & (storm.end >= TIME)
    forecaster = fit_gauge_forecaster(place(), SEA_LEVEL, MEAN, TIME, np.where(held_out, np.nan, level()))
    return forecast_storms(forecaster, place(), TIME, level(), storms)


def test_only_hours_of_the_storms_are_scored_and_ranges_are_nested(table: SurgeTable) -> None:
    rows = table.rows
    assert (rows["time"] <= pd.Series(TIME[[4148, 4648, 5348]])[rows["storm"]].to_numpy()).all()
    for narrow, wide in (("p10", "p05"), ("p50", "p10")):
        assert (rows[wide] <= rows[narrow]).all()
    assert (rows["p90"] <= rows["p95"]).all()
    assert (rows["lead_h"] == (rows["time"] - rows["issue_time"]).dt.total_seconds() / 3600).all()
    observed = level()[np.searchsorted(TIME, rows["time"].to_numpy())]
    np.testing.assert_array_equal(rows["observed"], observed)


def test_persistence_keeps_the_surge_of_the_issue(table: SurgeTable) -> None:
    rows = table.rows
    at_issue = rows[rows["lead_h"] == 0].set_index(["storm", "issue_time"])
    surge = (at_issue["observed"] - at_issue["tide"]).reindex(pd.MultiIndex.from_frame(rows[["storm", "issue_time"]]))
    np.testing.assert_allclose(rows["persistence"] - rows["tide"], surge.to_numpy(), atol=1e-9)


def test_the_skill_is_that_of_the_rows_of_a_lead(table: SurgeTable) -> None:
    scores = table.scores()
    assert [each.lead for each in scores.by_lead] == list(SCORED_LEADS)
    for each in scores.by_lead:
        rows = table.rows[table.rows["lead_h"] == each.lead]
        assert each.n_hours == len(rows)
        assert each.tide == pytest.approx(np.sqrt(np.mean((rows["tide"] - rows["observed"]) ** 2)))
        assert each.knows_weather == 1.0
    day = next(each for each in scores.by_lead if each.lead == 24)
    assert day.rmse < 0.8 * min(day.by_readings, day.tide)


def test_the_peak_of_each_storm_is_held_against_the_last_forecast_of_a_day_before() -> None:
    """Two storms: the first peaks above the range issued a day before, the second within it; later ones know it."""
    tables = []
    for number, (start, peak) in enumerate((("2020-01-01", 2.0), ("2020-06-01", 1.5))):
        issues = pd.date_range(start, periods=20, freq="3h")
        top = issues[-1]
        for issue in issues:
            time = pd.date_range(issue, periods=49, freq="h")
            observed = np.where(time == top, peak, 1.0)
            early = 0.0 if issue > top - pd.Timedelta("24h") else 0.4
            middle = np.where(time == top, peak - early, 1.0)
            tables += [
                pd.DataFrame(
                    {
                        "storm": number, "issue_time": issue, "time": time, "lead_h": np.arange(49), "p50": middle,
                        "p10": middle - 0.1, "p90": middle + (0.1 if peak == 2.0 else 0.5), "p05": middle - 0.2,
                        "p95": middle + 0.6, "observed": observed, "tide": 1.0, "persistence": 1.0, "by_readings": 1.0,
                        "knows_weather": False,
                    }
                )
            ]  # fmt: skip
    scores = SurgeTable(pd.concat(tables, ignore_index=True)).scores()
    assert (scores.storms, scores.peaks_above, scores.peaks_below) == (2, 1, 0)
    assert scores.coverage_90_in_storms == 1.0


def test_a_place_without_a_held_out_storm_has_no_score() -> None:
    forecaster = fit_gauge_forecaster(place(analyses=False, forecasts=False), SEA_LEVEL, MEAN, TIME, level())
    scores = forecast_storms(forecaster, place(), TIME, level(), []).scores()
    assert scores.n_hours == 0
    assert scores.by_lead == ()
