"""`strandline forecast` at a place with gauges of rain and a gauge upstream, from its files to what is said."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from strandline.cli.operation import forecast as command
from strandline.observations.region_file import load_region_file
from strandline.pipeline.study_area import StudyArea, open_study_area
from strandline.report.alerts.level_forecast import warnings_of
from strandline.uncertainty.gauge_forecast.fit import fit_gauge_forecaster
from strandline.uncertainty.gauge_forecast.forecaster_file import save_gauge_forecaster
from strandline.watch.feeds.latest import known_by_record
from tests.cli.test_main import Capture, strandline
from tests.fixtures.region_files import write_levels, write_region_folder
from tests.fixtures.river_mouth import flow, level, rain
from tests.fixtures.watched_site import storm_deployment
from tests.fixtures.windy_gauge import MEAN, SEA_LEVEL, TIME

pytestmark = pytest.mark.slow

SECTIONS = """
[weather]
available_after_h = 1

[weather.station]
paths = "rain.csv"
columns = { time = "time", rain = ["hills", "valley"] }
rain_unit = "mm"
time_zone = "UTC"
longitude = 15.0
latitude = 45.3
minimum_share = 0.5

[[river]]
name = "Upstream"
paths = "upstream.csv"
columns = { time = "time", level = "level" }
unit = "cm"
time_zone = "UTC"
longitude = 15.1
latitude = 45.3
available_after_h = 1
"""
WET = 3300 + int(flow()[3300:5800].argmax()) - 6
"""Before the highest flood that the forecaster was not fitted to."""
AT = str(TIME[WET])[:16]


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the place: stage in centimetres, rain of two gauges, levels of the mouth."""
    folder = tmp_path_factory.mktemp("place")
    path = write_region_folder(folder)
    path.write_text(path.read_text(encoding="utf-8") + SECTIONS, encoding="utf-8")
    write_levels(folder / "levels.csv", TIME, level())
    stamps = pd.DatetimeIndex(TIME).strftime("%Y-%m-%dT%H:%M")
    gauges = {"time": stamps, "hills": 1.5 * rain(), "valley": 0.5 * rain()}
    pd.DataFrame(gauges).to_csv(folder / "rain.csv", index=False)
    stage = 100 * (2.0 + (flow() / 50) ** 0.6)
    pd.DataFrame({"time": stamps, "level": stage}).iloc[::3].to_csv(folder / "upstream.csv", index=False)
    return path


@pytest.fixture(scope="module")
def area(region: Path) -> StudyArea:
    return open_study_area(load_region_file(region, None))


@pytest.fixture(scope="module")
def run(area: StudyArea, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    time, read = area.own_level
    forecaster = fit_gauge_forecaster(
        area.observations, SEA_LEVEL, MEAN, time, np.where(np.arange(time.size) < 3000, read, np.nan)
    )
    assert forecaster.land == "river"
    save_gauge_forecaster(folder, forecaster)
    (folder / "summary.json").write_text(json.dumps({"surge": {"by_lead": []}}), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch, region: Path, area: StudyArea) -> None:
    """The run's other files, in memory."""
    coast = storm_deployment()
    site = replace(coast.gauges[0], mean_sea_level=MEAN)
    deployment = replace(coast, sea_level=SEA_LEVEL, gauges=(site, *coast.gauges[1:]))
    monkeypatch.setattr(command, "_open", lambda *_: (load_region_file(region, None), area, deployment))


def test_the_forecast_says_what_the_river_brings(
    region: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    code, said = strandline(monkeypatch, capsys, "forecast", region, "--run", run, "--at", AT, "--out", tmp_path / "o")
    assert code == 0
    said = " ".join(said.replace("\u202f", " ").replace("\xa0", " ").split())
    assert "Of the" in said
    assert "the river" in said
    assert "rain that has not reached the river's gauge" in said
    assert "on is not known: water that it would bring is not in this forecast." in said
    assert "cannot see a storm coming" in said
    plain = json.loads((tmp_path / "o" / "forecast.json").read_text(encoding="utf-8"))
    for hour in plain["hours"]:
        assert sum(hour["shares"].values()) == pytest.approx(hour["p50"], abs=1e-6)
        assert hour["knows_land"]
        assert not hour["knows_rain"] or hour["lead_h"] == 0
    assert not plain["rests_on"]["is_calm_knowable"]
    table = pd.read_csv(tmp_path / "o" / "forecast.csv")
    parts = table[[name for name in map(str, table) if name.startswith("share_")]]
    assert parts["share_weather"].isna().all(), "no weather over the sea is known"
    np.testing.assert_allclose(parts.sum(axis=1), table["p50"], atol=0.01)
    assert 'id="share-river"' in (tmp_path / "o" / "shares.svg").read_text(encoding="utf-8")
    later = level()[WET : WET + 13]
    with_river = np.abs(table["p50"].to_numpy()[:13] - later).mean()
    assert with_river < np.abs(table["tide"].to_numpy()[:13] - later).mean()


@pytest.mark.parametrize(("hours", "age"), [(2, None), (30, "The newest reading of the river is")])
def test_an_old_reading_of_the_river_is_said(area: StudyArea, run: Path, hours: int, age: str | None) -> None:
    place = area.observations
    assert place.river is not None
    until = place.river["stage"].where(place.river["time"] <= TIME[WET] - np.timedelta64(hours, "h"))
    until.attrs = place.river["stage"].attrs
    late = replace(area, observations=replace(place, river=place.river.assign(stage=until)))
    _, _, deployment = command._open(None, None, run)
    found = command._forecast(run, None, late, deployment, known_by_record(late, TIME[WET]))
    said = [each for each in warnings_of(found) if "newest reading of the river" in each]
    assert bool(said) == (age is not None)
    assert found.river_age is not None
    assert hours <= found.river_age <= hours + 3


def test_a_river_that_fell_silent_is_no_calm(
    region: Path, run: Path, area: StudyArea, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    place = area.observations
    assert place.river is not None
    before = TIME[WET] - np.timedelta64(80, "h")
    silent = place.river.assign(stage=place.river["stage"].where(place.river["time"] < before))
    silent["stage"].attrs = place.river["stage"].attrs
    _, _, deployment = command._open(region, None, run)
    quiet = replace(area, observations=replace(place, river=silent))
    monkeypatch.setattr(command, "_open", lambda *_: (load_region_file(region, None), quiet, deployment))
    code, said = strandline(monkeypatch, capsys, "forecast", region, "--run", run, "--at", AT, "--out", tmp_path / "o")
    assert code == 0
    assert "The river is not known: high water from the land cannot be seen coming" in " ".join(said.split())
    plain = json.loads((tmp_path / "o" / "forecast.json").read_text(encoding="utf-8"))
    assert all(hour["shares"] is None and not hour["knows_land"] for hour in plain["hours"])
    assert not (tmp_path / "o" / "shares.svg").exists()
