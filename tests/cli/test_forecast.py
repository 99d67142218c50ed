"""`strandline forecast`: what is printed and written, and what a user types wrongly."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from strandline.cli.operation import forecast as command
from strandline.pipeline.study_area import StudyArea
from strandline.report.findings import LeadSkill
from strandline.uncertainty.gauge_forecast.fit import fit_gauge_forecaster
from strandline.uncertainty.gauge_forecast.forecaster_file import save_gauge_forecaster
from tests.cli.test_main import Capture, strandline
from tests.fixtures.watched_site import storm_deployment
from tests.fixtures.windy_gauge import HOURS, MEAN, SEA_LEVEL, TIME, gauge, level, place

pytestmark = pytest.mark.slow

Patch = pytest.MonkeyPatch
SKILL = LeadSkill(24, 300, 0.05, 0.11, 0.2, 0.12, 0.9, 1.0)
AT = str(TIME[4500])[:16]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder as far as the command reads it."""
    folder = tmp_path_factory.mktemp("run")
    readings = np.where(np.arange(HOURS) < 3600, level(), np.nan)
    save_gauge_forecaster(folder, fit_gauge_forecaster(place(), SEA_LEVEL, MEAN, TIME, readings))
    summary = {"surge": {"by_lead": [asdict(SKILL)]}}
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def opened(monkeypatch: Patch) -> None:
    """The place of the run, in memory."""
    area = StudyArea(replace(place(), tide_gauge=gauge()))
    coast = storm_deployment()
    site = replace(coast.gauges[0], mean_sea_level=MEAN)
    deployment = replace(coast, sea_level=SEA_LEVEL, gauges=(site, *coast.gauges[1:]))
    monkeypatch.setattr(command, "_open", lambda *_: (None, area, deployment))


def test_three_days_are_printed_and_written(run: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture) -> None:
    code, said = strandline(monkeypatch, capsys, "forecast", "--run", run, "--at", AT, "--out", tmp_path / "out")
    assert code == 0
    for each in (
        "Highest water expected within 72 hours",
        "▲",
        "once in",
        "plan: ",
        "in storms that it was not fitted to",
    ):
        assert each.lower() in said.lower()
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "forecast.csv",
        "forecast.json",
        "forecast.svg",
        "shares.svg",
    }
    assert pd.read_csv(tmp_path / "out" / "forecast.csv")["p50_without_gauge"].isna().all(), "there is no doubt"


def test_json_is_that_of_the_file_and_the_forecast_knows_nothing_later(
    run: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    arguments = ("forecast", "--run", run, "--at", AT, "--out", tmp_path / "out", "--json")
    code, said = strandline(monkeypatch, capsys, *arguments)
    assert code == 0
    plain = json.loads((tmp_path / "out" / "forecast.json").read_text(encoding="utf-8"))
    assert json.loads(said[said.index("{") :]) == json.loads(" ".join(json.dumps(plain, ensure_ascii=False).split()))
    assert plain["issued"] == f"{AT}:00Z"
    assert plain["rests_on"]["weather_issued"] < plain["issued"]
    assert plain["skill_in_storms_held_out"][0]["lead"] == 24
    truth = level()[4500 : 4500 + 73]
    inside = [hour["p05"] <= read <= hour["p95"] for hour, read in zip(plain["hours"], truth, strict=True)]
    assert np.mean(inside) > 0.7


@pytest.mark.parametrize(
    ("at", "message"), [("soon", "is no time"), ("2099-01-01T00:00", "lies in the future"), ("", "is no time")]
)
def test_a_wrong_hour_is_named(
    run: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture, at: str, message: str
) -> None:
    code, said = strandline(monkeypatch, capsys, "forecast", "--run", run, "--at", at, "--out", tmp_path / "out")
    assert code == 2
    assert message in said
    assert not (tmp_path / "out").exists()


def test_an_hour_without_readings_and_weather_is_no_calm(
    run: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    code, said = strandline(
        monkeypatch, capsys, "forecast", "--run", run, "--at", "2024-05-01", "--out", tmp_path / "o"
    )
    assert code == 0
    assert "Do not conclude that the sea stays calm" in said


def test_a_gauge_in_doubt_is_named_and_every_level_has_a_chance_without_it(
    run: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    _, area, deployment = command._open(None, None, run)
    moved = gauge().copy(deep=True)
    moved["water_level"] = moved["water_level"] - 0.8 * (moved["time"] > TIME[4495])
    broken = replace(area, observations=replace(area.observations, tide_gauge=moved))
    monkeypatch.setattr(command, "_open", lambda *_: (None, broken, deployment))
    out = tmp_path / "out"
    code, said = strandline(monkeypatch, capsys, "forecast", "--run", run, "--at", AT, "--out", out)
    assert code == 0
    assert "It may be broken" in said
    assert "if the gauge is right" in said
    assert "If its readings of the last day are wrong" in said
    assert "Prepare for the higher" in said
    plain = json.loads((out / "forecast.json").read_text(encoding="utf-8"))
    assert "below that range" in plain["warnings"][0]
    without = plain["without_gauge"]
    assert [each["name"] for each in without["levels"]] == [each["name"] for each in plain["levels"]]
    truth = level()[4500 : 4500 + 73]
    error = {
        name: np.abs([hour["p50"] - read for hour, read in zip(hours, truth, strict=True)])[:24].mean()
        for name, hours in (("with", plain["hours"]), ("without", without["hours"]))
    }
    assert error["without"] < 0.5 * error["with"], "the broken gauge lowers the coming day"
    table = pd.read_csv(out / "forecast.csv")
    assert table["p50_without_gauge"].tolist() == pytest.approx([each["p50"] for each in without["hours"]], abs=1e-3)
    assert 'id="without-gauge"' in (out / "forecast.svg").read_text(encoding="utf-8")


def test_a_run_of_an_older_version_is_named(tmp_path: Path, monkeypatch: Patch, capsys: Capture) -> None:
    code, said = strandline(monkeypatch, capsys, "forecast", "--run", tmp_path, "--at", AT, "--out", tmp_path / "out")
    assert code == 2
    assert "run `strandline run` again" in said
