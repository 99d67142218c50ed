"""Return levels of a cyclone coast whose own record holds no cyclone, in the stages of a run."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from strandline.observations.region_file import load_region_file
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.stages import record, return_levels
from strandline.pipeline.study_area import open_study_area, study_area
from strandline.pipeline.study_area.absences import absence_sentences
from strandline.risk.hazard.cyclones.simulated_cyclones import simulate_cyclones
from strandline.risk.hazard.levels.sampled_levels import ReturnLevels
from strandline.simulator.sea import assumed_gauge
from tests.fixtures.absences import CONFIG, write_place_with

WEST, SOUTH = -85_000.0, 3_009_000.0  # [m] from the handmade place to 122.2 E 18.0 S, on the coast of Broome
MOVED = {
    "EPSG:32633": "EPSG:32751", "europe": "oceania", "[500000.0, 5000000.0, 501600.0, 5001600.0]":
    "[415000.0, 8009000.0, 416600.0, 8010600.0]", "[500050.0, 5000850.0]": "[415050.0, 8009850.0]",
    "longitude = 15.0": "longitude = 122.2", "latitude = 45.2": "latitude = -18.0",
}  # fmt: skip


@pytest.fixture
def few_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """One year of an assumed sea, two of predicted tide, and a quarter of the storms, to be quick."""
    monkeypatch.setattr(return_levels, "simulate_cyclones", partial(simulate_cyclones, storms=500))
    monkeypatch.setattr(assumed_gauge, "YEARS", 1.0)
    monkeypatch.setattr(study_area, "TIDE_YEARS", 2)


def move_to_broome(region_file: Path) -> Path:
    """The same place on a coast of the southern Indian Ocean that cyclones strike twice a year."""
    terrain = region_file.parent / "dem.tif"
    with rasterio.open(terrain) as file:
        elevation, profile = file.read(1), file.profile
    terrain.unlink()
    profile.update(crs="EPSG:32751", transform=Affine.translation(WEST, SOUTH) * profile["transform"])
    with rasterio.open(terrain, "w", **profile) as file:
        file.write(elevation, 1)
    text = region_file.read_text(encoding="utf-8")
    for old, new in MOVED.items():
        text = text.replace(old, new)
    region_file.write_text(text, encoding="utf-8")
    return region_file


def levels_of(region_file: Path) -> tuple[ReturnLevels, str]:
    """Levels, and what the report's first page says of cyclone tracks."""
    area = open_study_area(load_region_file(region_file))
    context = StageContext(np.random.default_rng(5), lambda _: None)
    _, sea_level = record.split_record(context, area, CONFIG)
    found = return_levels.estimate_return_levels(context, area, sea_level, CONFIG)
    return found, " ".join(sentence for sentence in absence_sentences(area) if "cyclone" in sentence)


@pytest.mark.slow
@pytest.mark.usefixtures("few_hours")
@pytest.mark.parametrize("days", [0.0, 400.0])
def test_a_coast_that_cyclones_strike_has_higher_rare_levels_and_says_on_what_they_rest(
    days: float, tmp_path: Path
) -> None:
    calm, said_calm = levels_of(write_place_with(tmp_path / "calm", days, "tides"))
    struck, said = levels_of(move_to_broome(write_place_with(tmp_path / "struck", days, "tides")))
    assert np.quantile(struck.samples[:, -1], 0.9) > np.quantile(calm.samples[:, -1], 0.9) + 0.5
    assert (np.diff(struck.samples, axis=1) >= 0).all()
    assert "Cyclones strike this coast" in struck.basis.method
    assert "all cyclones of the ocean basin that were recorded in 1980 to 2024" in struck.basis.method
    assert struck.basis.facts["cyclones_from_other_storms"] == "by the basin"
    assert "Cyclones strike" not in calm.basis.method
    assert "how often and how strong is that of simulated storms of the ocean basin" in said
    assert "where cyclones strike" in said_calm
