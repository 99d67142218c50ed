"""Future seas on sinking land, for maps, watch and plan, from one baseline year."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from strandline.errors import InputError
from strandline.observations.observations import Provenance
from strandline.observations.region_file.scenario_sections import SeaLevelRise
from strandline.observations.sea_level.projections import global_projections
from strandline.observations.sea_level.sinking_land import bring_land_to
from strandline.observations.sea_level.subsidence import SinkingRate, Subsidence
from strandline.pipeline.stages.planning import today_sentence
from strandline.pipeline.study_area import StudyArea
from strandline.pipeline.study_area.future_seas import (
    future_seas,
    highest_levels,
    land_sentences,
    mean_sinking,
    scenarios_of,
)
from strandline.planning.investment.scenarios import load_scenarios
from tests.fixtures.batches import REGION, make_observations

IN_2060 = SeaLevelRise.model_validate({"scenario": "SSP2-4.5", "year": 2060})
STATED = SeaLevelRise.model_validate({"name": "ours", "rise": 0.4, "source": "us"})
SAMPLES = 40


def test_a_plan_says_which_year_it_means_by_today() -> None:
    """The demo decided "in 2030", four years ahead of its reader: its simulated record ends there."""
    assert today_sentence(area()) == "Today and now mean the year 2026; all years count from it."
    real = area().observations
    made_up = replace(real, provenance={**real.provenance, "tide_gauge": Provenance("simulated", "a test", "-")})
    of_record = replace(area(), observations=made_up, baseline_year=None)
    assert "because the simulated record ends there" in today_sentence(of_record)


def uniform() -> Subsidence:
    low, median, high = (np.full(REGION.shape, each) for each in (0.015, 0.02, 0.025))
    return Subsidence(low, median, high, SinkingRate(0.015, 0.02, 0.025), "made by hand")


def western() -> Subsidence:
    """Only the western half sinks."""
    rate = np.zeros(REGION.shape)
    rate[:, : REGION.shape[1] // 2] = 0.02
    return Subsidence(rate, rate, rate, SinkingRate(0.02, 0.02, 0.02), "made by hand")


def area(subsidence: Subsidence | None = None, *rises: SeaLevelRise) -> StudyArea:
    return StudyArea(make_observations(), sea_level_rise=rises or (IN_2060,), baseline_year=2026, subsidence=subsidence)


def test_a_mapped_sea_counts_from_the_baseline_year_and_holds_the_land_sinking_until_then() -> None:
    (stable,), (sinking,) = future_seas(area(), SAMPLES), future_seas(area(uniform()), SAMPLES)
    (projection,) = (each for each in global_projections() if each.name == "SSP2-4.5")
    published = projection.rise(np.array([2060.0]), 2026.0, np.zeros(1))[0, 0]
    assert np.median(stable.rise) == pytest.approx(published, abs=0.005)
    assert np.median(sinking.rise) == pytest.approx(published + 34 * 0.02, abs=0.02)
    assert np.ptp(sinking.rise) > np.ptp(stable.rise) + 0.1
    assert (stable.name, stable.sunk, stable.uneven) == ("SSP2-4.5, 2060", 0.0, None)
    assert sinking.uneven is None


def test_the_highest_map_is_above_nearly_every_draw_until_the_horizon() -> None:
    rng, site = np.random.default_rng(0), area(None, IN_2060, STATED)
    rarest = np.sort(2.0 + rng.gumbel(0.5, 0.4, 400))
    rarest[-1] = 25.0  # a sample beyond every sea
    levels, rise = highest_levels(site, rarest, SAMPLES)
    assert levels.shape == rarest.shape
    assert (levels.reshape(SAMPLES, -1) == levels.reshape(SAMPLES, -1)[:, :1]).all(), "one level a map"
    assert (levels[:-10] >= rarest[:-10]).all()
    assert levels.max() < 8.0
    fastest = max(each.rise(np.array([2076.0]), 2026.0, np.array([1.6]))[0, 0] for each in global_projections())
    assert fastest <= rise < fastest + 0.2
    alone = highest_levels(
        area(None, SeaLevelRise.model_validate({"name": "x", "rise": 3.0, "source": "us"})), rarest, SAMPLES
    )
    assert alone[1] == 3.0


def test_maps_on_land_after_subsidence_say_so_in_their_name() -> None:
    (sinking,) = future_seas(area(uniform()), SAMPLES)
    assert sinking.name == "SSP2-4.5, 2060, land 0.68 m lower"
    (sentence,) = land_sentences(area(uniform()))
    assert "20 mm a year (15 to 25)" in sentence
    assert "land of 2026" in sentence
    assert land_sentences(area()) == ()


def test_a_raster_of_subsidence_lowers_only_the_land_where_it_is() -> None:
    (here,), (stable,) = future_seas(area(western()), SAMPLES), future_seas(area(), SAMPLES)
    assert here.uneven is not None
    deeper = here.sea.mean() + here.uneven - stable.rise.mean()  # (H, W) water above the ground
    west = REGION.shape[1] // 2
    np.testing.assert_array_equal(here.sea, stable.rise)
    assert deeper[:, :west] == pytest.approx(np.full_like(deeper[:, :west], 34 * 0.02), abs=0.005)
    assert deeper[:, west:] == pytest.approx(np.zeros_like(deeper[:, west:]), abs=0.005)


def test_the_terrain_is_brought_to_the_baseline_year_and_its_source_says_so() -> None:
    before = make_observations()
    after = bring_land_to(before, western(), 2006, 2026)
    fallen = before.terrain["elevation"].values - after.terrain["elevation"].values
    west = REGION.shape[1] // 2
    assert np.nanmax(np.abs(fallen[:, :west] - 0.4)) < 1e-6
    assert np.nanmax(np.abs(fallen[:, west:])) < 1e-9
    assert "lowered to the land of 2026" in after.provenance["terrain"].source
    assert before.provenance["terrain"].source in after.provenance["terrain"].source


def test_crests_sink_from_the_year_of_their_survey() -> None:
    before = make_observations()
    assert before.assets is not None
    before = replace(before, assets=before.assets.assign(crest=3.0, toe=1.0, survey_year=2016))
    after = bring_land_to(before, uniform(), 2006, 2026)
    assert after.assets is not None
    crests = dict(zip(after.assets["asset_id"], after.assets["crest"], strict=True))
    assert crests == pytest.approx({"house": 2.8, "shop": 2.8, "farm": 3.0})  # the farm lies outside
    toes = dict(zip(after.assets["asset_id"], after.assets["toe"], strict=True))
    assert toes == pytest.approx({"house": 0.8, "shop": 0.8, "farm": 1.0})


def test_every_scenario_of_the_plan_stands_on_the_ground_of_the_assets() -> None:
    scenarios = scenarios_of(area(uniform()), load_scenarios())
    assert [each.sinking.median for each in scenarios.sea_levels] == pytest.approx([0.02] * 6)
    assert "20 mm a year (15 to 25)" in scenarios.sources["subsidence"]
    assert scenarios_of(area(), load_scenarios()).sources.get("subsidence") is None
    assert mean_sinking(area()).is_zero


def test_a_stated_rise_is_mapped_as_it_is() -> None:
    (found,) = future_seas(area(uniform(), STATED), SAMPLES)
    assert (found.rise == 0.4).all()
    assert (found.name, found.sunk) == ("ours", 0.0)


def test_a_year_that_is_past_is_refused() -> None:
    past = SeaLevelRise.model_validate({"scenario": "SSP2-4.5", "year": 2020})
    with pytest.raises(InputError, match="not after the baseline year 2026"):
        future_seas(area(None, past), SAMPLES)


def test_deviates_of_sea_and_land_are_not_those_of_each_other() -> None:
    rng = np.random.default_rng(0)
    low, high = np.quantile(future_seas(area(uniform()), 400)[0].rise, [0.05, 0.95])
    sea = future_seas(area(), 400)[0].rise
    together = (sea.std() ** 2 + (34 * SinkingRate(0.015, 0.02, 0.025).draw(ndtri(rng.random(4000)))).std() ** 2) ** 0.5
    assert (high - low) / 3.29 == pytest.approx(together, rel=0.25)
