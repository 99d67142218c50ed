"""The stages of breaches: nothing changes without a known crest, and every map of a run holds the same breaches."""

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from strandline.observations.variables import as_variable
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.stages.breaches import appraise_repairs, sample_breaches
from strandline.pipeline.study_area import StudyArea
from strandline.risk.hazard.hazard import BREACHES, FutureHazard
from tests.fixtures import polders
from tests.fixtures.batches import make_sea_level_model

LEVELS, SEA_LEVEL = (0.6, 1.0, 1.4), make_sea_level_model(M2=0.1)
MAPS = polders.hazard(LEVELS)
OFTEN = polders.hazard((0.4,), periods=(1.25,))
HIGHER = polders.hazard(tuple(level + 0.5 for level in LEVELS))
FUTURES = (FutureHazard("higher", 0.5, "an assumption", HIGHER, 0.0, HIGHER, None),)
HIGHEST = polders.hazard((2.4,), periods=(100.0,))


def area(crest: float) -> StudyArea:
    observed = polders.observations(polders.dikes([polders.SMALL], [crest], ["poor"]), [polders.SMALL])
    time = pd.date_range("2022-01-01", periods=48, freq="h").as_unit("ns")
    gauge = xr.Dataset(
        {
            "water_level": as_variable("water_level", ("station", "time"), np.zeros((1, 48))),
            "quality": as_variable("quality", ("station", "time"), np.zeros((1, 48))),
        },
        coords={
            "station": ["mole"], "time": time, "longitude": ("station", [15.0]), "latitude": ("station", [0.1]),
            "mean_sea_level": ("station", [0.0]),
        },
    )  # fmt: skip
    known = {**observed.provenance, "tide_gauge": observed.provenance["terrain"]}
    return StudyArea(replace(observed, tide_gauge=gauge, provenance=known))


def context() -> StageContext:
    return StageContext(np.random.default_rng(0))


def test_without_a_known_crest_the_very_same_maps_come_back_and_no_repair() -> None:
    found = sample_breaches(context(), MAPS, OFTEN, FUTURES, HIGHEST, area(np.nan), SEA_LEVEL)
    assert found.breaches is None
    assert (found.hazard, found.frequent, found.futures, found.highest) == (MAPS, OFTEN, FUTURES, HIGHEST)
    assert found.hazard.breaches == BREACHES
    assert appraise_repairs(context(), found, area(np.nan)) == ()


def test_every_map_of_a_run_holds_the_same_breaches() -> None:
    found = sample_breaches(context(), MAPS, OFTEN, FUTURES, HIGHEST, area(1.6), SEA_LEVEL)
    assert found.breaches is not None
    assert found.frequent is not None
    (future,) = found.futures
    assert future.same_sea_today is not None
    assert future.frequent is None
    inside = polders.inside(polders.SMALL)
    failure = found.breaches.failure_levels(found.breaches.strength)[:, 0]
    every = (found.hazard, found.frequent, future.hazard, future.same_sea_today, found.highest)
    for each in every:
        assert each.breaches == found.breaches.sentence
        wet = each.flood_depth[..., inside] > 0.15
        came_in = (failure[:, None] <= each.levels) | (each.levels > 1.6)
        overtopped = (failure[:, None] > each.levels) & (each.levels > 1.6)
        np.testing.assert_array_equal(wet.all(axis=2)[~overtopped], came_in[~overtopped])
    (repair,) = appraise_repairs(context(), found, area(1.6))
    assert repair.damage.mean > 0
    assert repair.people > 0


def test_the_stage_is_the_same_twice() -> None:
    first, second = (
        sample_breaches(context(), MAPS, OFTEN, FUTURES, HIGHEST, area(1.6), SEA_LEVEL).hazard.flood_depth
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
