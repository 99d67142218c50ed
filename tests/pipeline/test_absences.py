"""A run from what there is: whatever is absent, it ends in a report whose first page says what it cannot know."""

import json
from dataclasses import replace
from hashlib import sha256
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from strandline.errors import RefusedByTheory
from strandline.observations.checks.published import Published
from strandline.observations.region_file import load_region_file
from strandline.observations.sea_level.surge import residual_process
from strandline.observations.sea_level.surge.residual_process import fit_residual_covariance
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.stages import record, return_levels
from strandline.pipeline.study_area import StudyArea, open_study_area, study_area
from strandline.pipeline.study_area.absences import absence_sentences
from strandline.pipeline.study_area.assumed_sea import assume_sea, usual_tide
from strandline.risk.hazard.levels.sampled_levels import ReturnLevels
from strandline.simulator.sea import assumed_gauge
from tests.fixtures import windy_gauge
from tests.fixtures.absences import CONFIG, run_place, write_place_with

pytestmark = pytest.mark.slow

DAYS = (0.0, 120.0, 400.0)
LEVELS = ((), ("return_levels",), ("few_maxima",))
OTHERS = ((), ("tides",), ("tides", "assets"))
COMBINATIONS = [
    each
    for each in product(DAYS, LEVELS, OTHERS)
    if (each[0] == 0 or each[2] != ("tides",)) and (each[0] != 120 or each[1:] == ((), ()))
]
NO_READING, NO_TIDE, NO_SURVEY = "No reading of the sea was given.", "No tidal constants were given", "No assets were"


def estimate(region_file: Path) -> tuple[StudyArea, ReturnLevels]:
    """The stages that ask what there is; all later ones read what these return."""
    area = open_study_area(load_region_file(region_file))
    context = StageContext(np.random.default_rng(5), lambda _: None)
    _, sea_level = record.split_record(context, area, CONFIG)
    return area, return_levels.estimate_return_levels(context, area, sea_level, CONFIG)


FITTED: dict[bytes, np.ndarray] = {}


def fit_once(*arguments: np.ndarray) -> np.ndarray:
    """The covariance of a record; combinations whose record and tide are the same to the bit share it."""
    key = sha256(b"".join(argument.tobytes() for argument in arguments)).digest()
    if key not in FITTED:
        FITTED[key] = fit_residual_covariance(*arguments)
    return FITTED[key]


@pytest.fixture
def few_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """One year of an assumed sea and two of predicted tide, to be quick."""
    monkeypatch.setattr(assumed_gauge, "YEARS", 1.0)
    monkeypatch.setattr(study_area, "TIDE_YEARS", 2)
    monkeypatch.setattr(residual_process, "fit_residual_covariance", fit_once)


def test_a_place_with_weather_forecasts_lacks_none() -> None:
    said = " ".join(absence_sentences(StudyArea(windy_gauge.place())))
    assert "forecast of the weather" not in said
    assert "forecast of the weather" in " ".join(absence_sentences(StudyArea(windy_gauge.place(forecasts=False))))


@pytest.mark.usefixtures("few_hours")
def test_the_tide_of_stations_far_away_is_less_certain_than_a_coasts_own(tmp_path: Path) -> None:
    region_file = load_region_file(write_place_with(tmp_path, 0.0))
    tide = usual_tide(45.0)
    _, _, own = assume_sea(region_file, Published(tide, "tides.csv"), 2020)
    _, _, far = assume_sea(region_file, Published(tide, "tides.csv", tide_size_error=0.4), 2020)
    assert own.errors.log_tide < far.errors.log_tide == 0.4
    assert "may be 49% larger or 33% smaller here, in 1 of 3 cases more" in far.tide


@pytest.mark.usefixtures("few_hours")
@pytest.mark.parametrize(("days", "levels", "others"), COMBINATIONS)
def test_every_combination_of_absences_has_levels_and_says_what_cannot_be_known(
    days: float, levels: tuple[str, ...], others: tuple[str, ...], tmp_path: Path
) -> None:
    area, found = estimate(write_place_with(tmp_path, days, *levels, *others))
    assert np.isfinite(found.samples).all()
    assert (np.diff(found.samples, axis=1) >= 0).all()
    assert np.ptp(np.quantile(found.samples[:, -1], [0.1, 0.9])) > 0.2
    said = " ".join(absence_sentences(area))
    assert (NO_READING in said) == (days == 0)
    assert ("No forecast of the weather was given" in said) == (days > 0)
    assert (NO_TIDE in said) == (days == 0 and "tides" not in others)
    assert (NO_SURVEY in said) == ("assets" not in others)
    assert ("The gauge was read for" in said) == (days > 0 and not levels)
    own = "prior of other coasts" if days == 0 else "peaks over threshold"  # the table has one constituent
    methods = {("return_levels",): "published return levels", ("few_maxima",): "published annual maxima", (): own}
    assert found.basis.facts["method"] == methods[levels]


@pytest.mark.usefixtures("few_hours")
def test_a_gauge_narrows_what_terrain_alone_leaves_open(tmp_path: Path) -> None:
    widths = []
    for number, days in enumerate((0.0, 730.0)):
        _, found = estimate(write_place_with(tmp_path / str(number), days, "tides"))
        widths.append(float(np.diff(np.quantile(found.samples[:, -1], [0.1, 0.9]))[0]))
    assert widths[0] > 1.5 * widths[1]


@pytest.mark.usefixtures("few_hours")
@pytest.mark.parametrize("others", [("tides",), ("few_maxima",)], ids=["record", "maxima"])
def test_a_zero_that_is_half_known_widens_every_level_by_as_much(tmp_path: Path, others: tuple[str, ...]) -> None:
    area = open_study_area(load_region_file(write_place_with(tmp_path, 730.0, *others)))
    assert area.zero_error == 0
    _, sea_level = record.split_record(StageContext(np.random.default_rng(5), lambda _: None), area, CONFIG)
    variances = []
    for error in (0.0, 0.8):
        context = StageContext(np.random.default_rng(5), lambda _: None)
        found = return_levels.estimate_return_levels(context, replace(area, zero_error=error), sea_level, CONFIG)
        variances.append(found.samples.var(axis=0))
        assert (np.diff(found.samples, axis=1) >= 0).all()
        assert ("± 0.8 m" in found.basis.method) == (error > 0)
    np.testing.assert_allclose(np.subtract(*variances[::-1]), 0.64, rtol=0.5)


def test_a_gauge_of_a_month_is_refused_with_what_would_be_enough(tmp_path: Path) -> None:
    with pytest.raises(RefusedByTheory, match=r"holds \d+ storms; 11 or more are needed"):
        estimate(write_place_with(tmp_path, 30.0))


@pytest.mark.usefixtures("without_pictures")
def test_terrain_alone_ends_in_a_report_whose_first_page_says_what_it_cannot_know(tmp_path: Path) -> None:
    run_place(write_place_with(tmp_path), tmp_path / "out")
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    first = report.split('<section id="map"', maxsplit=1)[0]
    for sentence in (NO_READING, NO_TIDE, NO_SURVEY, "cannot be known", "No cyclone tracks", "No radar scene"):
        assert sentence in first, sentence
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["provenance"] == "simulated"
    for file in (tmp_path / "out").rglob("*"):
        if file.suffix in {".html", ".json", ".md", ".csv", ".toml", ".txt", ".geojson", ".xml"}:
            assert str(tmp_path) not in file.read_text(encoding="utf-8"), file
    assert "dem.tif" in (tmp_path / "out" / "data_sources.md").read_text(encoding="utf-8")
    plan = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    assert "hindcast" not in json.dumps(plan) or "no flood in the record" in json.dumps(plan).lower()
