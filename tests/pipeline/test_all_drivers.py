"""The stage that maps floods by all drivers, on a simulated coast with rain and a river."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import tests.fixtures.reports as coast
from strandline.models.student import Student
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.stages.all_drivers import driver_events, map_all_drivers
from strandline.pipeline.stages.consequences import count_all_drivers
from strandline.pipeline.stages.planning import rain_notes
from strandline.pipeline.study_area import StudyArea
from strandline.report.consistency.people import people_nest
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.hazard.joint.driver_floods import DriverFloods, NotMapped
from strandline.risk.people import People
from strandline.simulator.coast import simulate_coast
from strandline.uncertainty.forecaster import Forecaster
from tests.fixtures.batches import make_sea_level_model
from tests.fixtures.people import by_sea

SEA_LEVEL = make_sea_level_model(M2=0.9, S2=0.3)
PERIODS = (2.0, 10.0, 50.0)


@pytest.fixture(scope="module")
def area() -> StudyArea:
    coast = simulate_coast(
        "compound", 4, shape=(32, 32), years=7.0, n_storms=6, n_surveys=1, inhabited=True, compound=True
    )
    return StudyArea(coast, PERIODS)


def hazard_of(area: StudyArea) -> Hazard:
    """Sea levels alone: the stage reads no map of it."""
    shape = (4, 3, *area.observations.region.shape)
    zeros = np.zeros(shape, dtype=np.float32)
    levels = np.tile([2.5, 3.0, 3.5], (4, 1))
    return Hazard(area.observations.region, PERIODS, levels, zeros, zeros[0], zeros[0], zeros[0], {})


def forecaster(*, inflow: bool) -> Forecaster:
    torch.manual_seed(0)
    return Forecaster((Student(inflow=inflow).eval(),), 1.0, 0.5, 0.5)


def mapped(area: StudyArea, *, inflow: bool = True) -> DriverFloods | NotMapped | None:
    context = StageContext(np.random.default_rng(0))
    return map_all_drivers(context, forecaster(inflow=inflow), area, SEA_LEVEL, hazard_of(area))


@pytest.fixture(scope="module")
def floods(area: StudyArea) -> DriverFloods:
    found = mapped(area)
    assert isinstance(found, DriverFloods)
    return found


@pytest.mark.slow
def test_events_hold_the_records_as_they_are(area: StudyArea) -> None:
    events, hours, records = driver_events(area)
    assert list(records) == ["sea", "rain", "river"] == list(events.drivers)
    observed = area.observations
    assert observed.weather is not None
    assert observed.river is not None
    rain = observed.weather["rain"].values[:, 2, 2]
    assert np.nansum(records["rain"]) / 24 == pytest.approx(3 * rain.sum(), rel=0.02), "hours of 3-hourly means"
    np.testing.assert_allclose(records["river"], observed.river["discharge"].values[0])
    assert (hours[0], hours.size) == (events.time[0].astype("datetime64[ns]"), hours.size) or hours[0] < events.time[0]
    assert 6 < events.years <= 7


@pytest.mark.slow
def test_a_coast_with_rain_and_a_river_is_mapped_and_one_without_is_not(area: StudyArea, floods: DriverFloods) -> None:
    assert floods.drivers == ("sea", "rain", "river")
    assert np.nanmax(floods.chance) > 0
    assert floods.damage is not None
    dry = replace(area, observations=replace(area.observations.without("river", "weather")))
    assert mapped(dry) is None


@pytest.mark.slow
def test_what_prevents_it_is_said(area: StudyArea) -> None:
    blind = mapped(area, inflow=False)
    assert isinstance(blind, NotMapped)
    assert "neither rain nor rivers" in blind.reason
    river = area.observations.river
    assert river is not None
    short = replace(area.observations, river=river.isel(time=slice(0, 3 * 8766)))
    few = mapped(replace(area, observations=short))
    assert isinstance(few, NotMapped)
    assert "years" in few.reason


@pytest.mark.slow
def test_the_plan_of_a_place_with_rain_that_is_not_mapped_says_that_it_counts_the_sea_alone(area: StudyArea) -> None:
    impact = coast.impact()
    (note,) = rain_notes(area, NotMapped("a reason"), impact)
    assert "no alert" in note
    assert rain_notes(replace(area, observations=area.observations.without("river", "weather")), None, impact) == ()


@pytest.mark.slow
def test_people_shelters_and_roads_of_a_mapped_coast_count_all_drivers(area: StudyArea, floods: DriverFloods) -> None:
    context = StageContext(np.random.default_rng(1))
    assert floods.people is not None
    assert floods.out_of_use is not None
    assert floods.people.per_year.shape == (12, 3, 3)
    assets, (by_survey, loss) = area.observations.surveyed_assets, by_sea()
    residents = People.bounded(1000, 1e6, 2e6)
    without_a_road = {"shelter": residents, "hospital": residents}
    population = replace(by_survey, residents=residents, cut_off=without_a_road)
    before = replace(
        coast.impact(), assets=assets.assign(out_of_service=0.1, out_of_service_per_year=0.01),
        population=population, loss_of_life=loss,
    )  # fmt: skip
    after = count_all_drivers(context, before, floods, area)
    assert after.by_all_drivers is not None
    assert list(people_nest(population, None, loss, after.by_all_drivers)) == []
    lost = after.assets["out_of_service"].to_numpy()
    assert (np.isnan(lost) | (lost >= 0.1)).all()
    text = " ".join(rain_notes(area, floods, after))
    assert "in the highest flood of a year on average" in text
    assert "By the sea alone it is" in text
    assert "who may die" not in text.split("All else counts the sea alone")[1]
    for absent in (None, NotMapped("a reason")):
        assert count_all_drivers(context, before, absent, area) is before
