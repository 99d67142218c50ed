"""A forecast of the water level in sentences: what makes calm unsure is never left out."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from strandline.observations.sea_level.issued_levels import IssuedLevels
from strandline.report.alerts.exceedance import LEVELS, AlertLevel, alert_levels, chance_of
from strandline.report.alerts.level_forecast import (
    SHARES,
    LevelForecast,
    operational_forecast,
    sentences_of,
    warnings_of,
)
from strandline.report.alerts.level_forecast_files import COLUMNS, LAND, WITHOUT_GAUGE, write_forecast
from tests.fixtures import reports as coast

pytestmark = pytest.mark.slow

ISSUED = pd.Timestamp("2022-11-21T06:00")
LEADS = np.arange(73)


def a_forecast(surge: float = 0.5, weather: int = 73, age: float | None = 0.0) -> LevelForecast:
    """A tide of 0.4 m and a surge a day ahead; the weather is known for the first ``weather`` hours."""
    tide = 0.4 * np.cos(2 * np.pi * LEADS / 12.42)
    middle = tide + surge * np.exp(-(((LEADS - 25) / 5) ** 2))
    rows = pd.DataFrame(
        {
            "issue_time": ISSUED, "time": ISSUED + pd.to_timedelta(LEADS, unit="h"), "lead_h": LEADS,
            "p05": middle - 0.16, "p10": middle - 0.13, "p50": middle, "p90": middle + 0.13, "p95": middle + 0.16,
            "observed": np.where(LEADS == 0, 0.4, np.nan), "tide": tide, "knows_weather": weather > LEADS,
        }
    )  # fmt: skip
    spread = middle[:, None] + 0.1 * norm.ppf(LEVELS)
    return LevelForecast(
        "Mouth of the Sella", "local datum", ISSUED, False, rows, 0 if age is None else 70, age, "a service",
        ISSUED - pd.Timedelta("6h"), alert_levels(rows, spread, coast.a_plan().protocol, [(2, 1.1), (100, 2.0)]),
    )  # fmt: skip


def test_the_highest_water_and_what_it_rests_on_come_first() -> None:
    said = " ".join(sentences_of(a_forecast()))
    top = a_forecast().rows["p50"].max()
    assert f"{top:.2f}" in said
    assert "70 readings of the last 72 hours" in said.replace("\u202f", " ").replace("\xa0", " ")
    assert "21 November 2022, 00:00 UTC" in said
    assert "skill" not in said


def test_nothing_is_wrong_with_a_whole_forecast() -> None:
    assert warnings_of(a_forecast()) == []


@pytest.mark.parametrize(
    ("forecast", "word"),
    [
        (a_forecast(weather=0), "cannot see a storm coming. Do not conclude that the sea stays calm"),
        (a_forecast(weather=0, age=None), "the range of all seasons. Do not conclude that the sea stays calm"),
        (a_forecast(weather=40), "after it a storm cannot be seen"),
        (a_forecast(age=None), "by the weather alone"),
        (a_forecast(age=9.0), "old"),
        (replace(a_forecast(), weather_issued=ISSUED - pd.Timedelta("40h")), "weather forecast is 40"),
        (replace(a_forecast(), is_simulated=True), "exercise"),
        (replace(a_forecast(), is_fitted=True), "proves nothing"),
    ],
)
def test_what_a_forecast_lacks_is_said(forecast: LevelForecast, word: str) -> None:
    assert word in " ".join(warnings_of(forecast)).replace("\u202f", " ").replace("\xa0", " ")


def at_a_river(land: int = 73, rain: int = 73, **given: object) -> LevelForecast:
    """The same where a river is known for the first ``land`` hours, and rain for ``rain``."""
    found = a_forecast()
    tide, median = found.rows["tide"], found.rows["p50"]
    parts = {"tide": tide, "weather": 0.0, "rain": 0.1, "river": median - tide - 0.1}
    rows = found.rows.assign(knows_land=land > LEADS, knows_rain=rain > LEADS, share_readings=0.0)
    rows = rows.assign(**{f"share_{name}": part for name, part in parts.items()})
    return replace(found, rows=rows, land="river", **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("forecast", "word"),
    [
        (at_a_river(land=0), "The river is not known: high water from the land cannot be seen coming"),
        (at_a_river(land=30), "The river is not known from 22 November 2022, 12:00 UTC on"),
        (at_a_river(rain=1), "The rain from 21 November 2022, 07:00 UTC on is not known"),
        (at_a_river(river_age=9.0), "The newest reading of the river is 9 hours old"),
    ],
)
def test_a_river_or_rain_that_is_not_known_is_no_low_water(forecast: LevelForecast, word: str) -> None:
    assert word in " ".join(warnings_of(forecast)).replace("\u202f", " ").replace("\xa0", " ")
    assert warnings_of(at_a_river(river_age=2.0)) == []
    assert forecast.knows_all_weather == (forecast.river_age is not None), "no chance is small else"


def test_the_parts_of_the_highest_water_are_said() -> None:
    said = " ".join(sentences_of(at_a_river())).replace("\u202f", " ").replace("\xa0", " ")
    top = at_a_river().rows.loc[at_a_river().rows["p50"].idxmax()]
    assert f"the river {top['share_river']:.2f} m" in said
    assert "rain that has not reached the river's gauge 0.10 m" in said
    assert "Of the" not in " ".join(sentences_of(a_forecast())), "no part is known"


def test_high_waters_are_the_peaks_of_the_tide_and_surge() -> None:
    high = a_forecast().high_waters["lead_h"].tolist()
    assert len(high) in (5, 6)
    assert all(later - earlier > 8 for earlier, later in pairwise(high))
    assert int(a_forecast().rows["p50"].argmax()) in high


def test_levels_of_one_height_are_one_line_and_chances_fall_with_height() -> None:
    levels = a_forecast(1.2).levels
    heights = [each.level for each in levels]
    assert heights == sorted(set(heights))
    chances = [each.exceedance.probability for each in levels if each.exceedance is not None]
    assert chances == sorted(chances, reverse=True)
    assert any(name.startswith("plan: ") for each in levels for name in each.name.split("; "))


def test_a_chance_is_a_bound_and_no_chance_is_not_called_none() -> None:
    low, high = (each for each in a_forecast(1.2).levels if each.name.startswith("once in"))
    assert chance_of(low, knows_all=True).endswith("or more")
    assert chance_of(low, knows_all=False).endswith("or more")
    assert chance_of(high, knows_all=True) == "below 1 % in each hour"
    assert chance_of(high, knows_all=False) == "unknown"
    assert chance_of(AlertLevel("a wall", 1.0, None), knows_all=True) == "unknown"


def test_a_chance_is_that_of_the_forecasts_own_tails() -> None:
    """A normal range, with a storm in one of a hundred cases: the level of the storm is passed in so many."""
    rows = a_forecast(0.0).rows
    quantiles = rows["p50"].to_numpy()[:, None] + 0.1 * norm.ppf(LEVELS)
    quantiles[:, LEVELS.index(0.98) :] += 2.0
    (found,) = alert_levels(rows, quantiles, None, [(50, 2.0)])
    assert found.exceedance is not None
    assert 0.01 <= found.exceedance.probability <= 0.03


def test_the_files_hold_every_hour_and_valid_json(tmp_path: Path) -> None:
    forecast = a_forecast(weather=30)
    time = ISSUED.to_datetime64() - np.arange(80)[::-1].astype("timedelta64[h]")
    write_forecast(tmp_path, forecast, time.astype("datetime64[ns]"), np.zeros(80))
    plain = json.loads((tmp_path / "forecast.json").read_text(encoding="utf-8"))
    assert plain["rests_on"]["weather_known_until"] == "2022-11-22T11:00:00Z"
    assert len(plain["hours"]) == 73
    assert plain["warnings"]
    table = pd.read_csv(tmp_path / "forecast.csv")
    assert tuple(table.columns) == (
        *COLUMNS, *LAND, *(f"share_{name}" for name in SHARES), *(f"{name}_without_gauge" for name in WITHOUT_GAUGE)
    )  # fmt: skip
    picture = (tmp_path / "forecast.svg").read_text(encoding="utf-8")
    assert "gap-0" not in picture, "hours to come are no gap"


def issued_by_a_service(bias: float) -> tuple[IssuedLevels, np.ndarray, np.ndarray, np.datetime64]:
    """Cycles every 12 h of a service that is ``bias`` [m] too low; hours, levels, and the hour of issue."""
    time = np.datetime64("2022-09-01", "ns") + np.arange(24 * 82).astype("timedelta64[h]")
    rng = np.random.default_rng(2)
    level = 0.3 * np.sin(np.arange(time.size) / 30) + 0.4 * np.cos(2 * np.pi * np.arange(time.size) / 12.42)
    cycle = np.repeat(np.arange(0, time.size - 100, 12), 96)
    ahead = cycle + np.tile(np.arange(1, 97), cycle.size // 96)
    values = level[ahead] - bias + 0.03 * rng.standard_normal(ahead.size)
    tide = 0.4 * np.cos(2 * np.pi * ahead / 12.42)
    issued = IssuedLevels(
        time[cycle], time[cycle] + np.timedelta64(3, "h"), time[ahead], values, tide[:, None],
        np.full(ahead.size, np.nan),
    )  # fmt: skip
    return issued, time, level, np.datetime64("2022-11-15T06:00", "ns")


def test_a_service_stands_beside_the_forecast_corrected_by_its_past() -> None:
    issued, time, level, hour = issued_by_a_service(0.4)
    known = time <= hour
    found = operational_forecast(
        "NOAA", issued, time[known], level[known], hour, coast.a_plan().protocol, [(2, 0.5)], has_same_zero=False
    )
    truth = level[np.searchsorted(time, found.rows["time"].to_numpy())]
    assert found.rows["lead_h"].max() <= 72
    assert np.abs(found.rows["p50"].to_numpy() - truth).mean() < 0.1
    assert np.abs(found.raw - truth).mean() > 0.3
    assert ((found.rows["p05"] <= truth) & (truth <= found.rows["p95"])).mean() > 0.8
    assert len(found.levels) == len(a_forecast().levels) - 1
    assert found.is_whole
    said = " ".join(sentences_of(replace(a_forecast(), operational=(found,))))
    assert "NOAA, corrected by what it missed here in" in said
    assert "prepare for the higher" in said


def test_an_old_cycle_of_a_service_makes_no_chance_small() -> None:
    issued, time, level, hour = issued_by_a_service(0.1)
    old = issued.known_at(hour - np.timedelta64(40, "h"))
    known = time <= hour
    arguments = (time[known], level[known], hour, None, [(100.0, 3.0)])
    found = operational_forecast("NOAA", old, *arguments, has_same_zero=False)
    assert not found.is_whole
    assert "it is old, or ends before" in " ".join(sentences_of(replace(a_forecast(), operational=(found,))))
    assert chance_of(found.levels[0], knows_all=found.is_whole) == "unknown"


def test_a_service_whose_past_was_never_read_is_not_corrected() -> None:
    issued, time, level, hour = issued_by_a_service(0.4)
    found = operational_forecast("NOAA", issued, time[:1], level[:1], hour, None, [], has_same_zero=False)
    assert (found.weeks, found.rows.empty) == (0, True)
    assert "cannot be corrected" in " ".join(sentences_of(replace(a_forecast(), operational=(found,))))


def test_a_service_that_forecasts_nothing_to_come_says_so(tmp_path: Path) -> None:
    issued, time, level, _ = issued_by_a_service(0.1)
    late = np.datetime64("2023-03-01", "ns")
    found = operational_forecast("NOAA", issued, time, level, late, None, [], has_same_zero=False)
    forecast = replace(a_forecast(), operational=(found,))
    assert "No forecast of NOAA" in " ".join(sentences_of(forecast))
    write_forecast(tmp_path, forecast, time[-80:], level[-80:])
    plain = json.loads((tmp_path / "forecast.json").read_text(encoding="utf-8"))
    assert plain["operational"][0]["hours"] == []
