"""The calibration benchmark on gauges, from files to rows."""

import argparse
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

from benchmarks.calibration import surge
from benchmarks.calibration.__main__ import _gauge_rows
from benchmarks.record import Row
from strandline.errors import InputError


@pytest.fixture(scope="module")
def gauges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two gauges of two years: a tide, and a surge that lasts for days."""
    folder = tmp_path_factory.mktemp("gauges")
    hours, rng = np.arange(730 * 24), np.random.default_rng(5)
    levels = pd.DataFrame({"time_utc": pd.Timestamp("2013-01-01") + pd.to_timedelta(hours, unit="h")})
    for name, datum in (("low", 0.0), ("high", 9.0)):
        surge_level = lfilter([0.02], [1, -0.98], rng.standard_normal(hours.size))
        levels[name] = datum + np.cos(2 * np.pi * hours / 12.4206) + surge_level
    levels.to_csv(folder / "levels.csv", index=False)
    stations = pd.DataFrame({"station": ["low", "high"], "longitude": [20.0, 21.0], "latitude": [50.0, 50.0]})
    stations.to_csv(folder / "stations.csv", index=False)
    return folder


def gauge_rows(folder: Path, target: str) -> list[Row]:
    options = argparse.Namespace(
        gauges=folder / "levels.csv", stations=folder / "stations.csv", target=[target], seeds=1,
        train="2013-01-01/2014-06-30", test="2014-07-01/2014-12-31",
    )  # fmt: skip
    return list(_gauge_rows(options))


def test_bounds_of_a_gauge_do_not_depend_on_its_datum_and_hold_where_nothing_changes(gauges: Path) -> None:
    rows = gauge_rows(gauges, "high")
    found = {(str(row["condition"]), row["method"], row["lead_h"]): row for row in rows}
    assert {condition for condition, _, _ in found} == {"normal", "extreme", "outage"}
    for lead in surge.LEADS:
        assert found["normal", "adaptive", lead]["coverage_90"] == pytest.approx(0.9, abs=0.03)
        assert found["normal", "conformal", lead]["coverage_90"] >= 0.85
    assert found["normal", "plain", 24]["width_90"] > found["normal", "plain", 6]["width_90"]
    table = pd.read_csv(gauges / "levels.csv")
    shifted = gauges.parent / "shifted"
    shutil.copytree(gauges, shifted, dirs_exist_ok=True)
    table.assign(high=table["high"] - 20).to_csv(shifted / "levels.csv", index=False)
    for row, same in zip(rows, gauge_rows(shifted, "high"), strict=True):
        assert {**same, "width_90": pytest.approx(row["width_90"])} == row


def test_a_target_that_is_no_gauge_is_refused(gauges: Path) -> None:
    with pytest.raises(InputError, match=r"targets \['tower'\].*choose from low, high"):
        gauge_rows(gauges, "tower")
