"""What flood maps of a real place are scored against."""

from dataclasses import replace

import numpy as np
import pytest

from strandline.models.batching import build_storm_batch
from strandline.observations.observations import Observations, Provenance
from strandline.observations.weather.storms import Storm, find_storms
from strandline.pipeline.study_area.flood_scores import kind_of_targets, surveyed, targets_of
from strandline.simulator.radar_archive import simulate_archive
from tests.fixtures.batches import HERE, REGION, make_observations, make_sea_level_model, scenes

PEAKS = ("2020-01-10T06", "2020-01-25T18")


@pytest.fixture(scope="module")
def storms() -> list[Storm]:
    gauge = make_observations(peaks=PEAKS).require_gauge()
    return find_storms(gauge["time"].values, gauge["water_level"].values[0], 2)


def with_survey(observations: Observations, when: str) -> Observations:
    depth = np.full((1, *REGION.shape), np.nan)
    depth[0, 5:9, 10] = 0.4
    survey = scenes([np.datetime64(when, "ns")], flood_depth=depth)
    return replace(observations, flood_survey=survey, provenance={**observations.provenance, "flood_survey": HERE})


def test_a_survey_belongs_to_the_storm_in_whose_window_it_lies(storms: list[Storm]) -> None:
    assert surveyed(storms, None) == ()
    place = with_survey(make_observations(peaks=PEAKS), "2020-01-11T00")
    assert surveyed(storms, place.flood_survey) == (storms[0],)


@pytest.mark.slow
def test_scores_rest_on_what_people_saw_where_they_saw_a_held_out_flood(storms: list[Storm]) -> None:
    seen = with_survey(make_observations(peaks=PEAKS), "2020-01-11T00")
    archive = simulate_archive(seen, storms, 1, np.random.default_rng(0))
    np.testing.assert_array_equal(
        archive.require("flood_survey")["flood_depth"], seen.require("flood_survey")["flood_depth"]
    )
    assert archive.provenance["flood_survey"].kind == "real"
    assert targets_of(archive, [storms[0]]) == "survey"
    assert kind_of_targets(archive, [storms[0]]) == "real"
    assert targets_of(archive, [storms[1]]) == "truth"
    assert kind_of_targets(archive, [storms[1]]) == "simulated"
    batch = build_storm_batch(archive, [storms[0]], make_sea_level_model(), targets_of(archive, [storms[0]]))
    flood_class, valid = batch.pair("flood_class")
    assert int(valid.sum()) == 4
    assert bool((flood_class[valid] > 0).all())


def test_a_simulated_survey_never_stands_in_for_the_truth(storms: list[Storm]) -> None:
    place = with_survey(make_observations(peaks=PEAKS), "2020-01-11T00")
    simulated = Provenance("simulated", "made")
    place = replace(
        place,
        truth=place.require("flood_survey"),
        provenance={**place.provenance, "flood_survey": simulated, "truth": simulated},
    )
    assert targets_of(place, storms) == "truth"
