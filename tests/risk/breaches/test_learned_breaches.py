"""Maps of networks that saw a place's floods: a stated condition changes their chances by the curves' ratio alone."""

from dataclasses import replace

import numpy as np
import pytest

from strandline.observations.observations import Observations, Provenance
from strandline.risk.breaches.breached_maps import at_levels, ratio, smooth, with_breaches
from strandline.risk.breaches.fragility import Fragility
from strandline.risk.breaches.sampled_breaches import Breaches, simulate_breaches
from strandline.risk.hazard.hazard import BREACHES, NEW_CRESTS, Hazard
from tests.fixtures import polders
from tests.fixtures.polders import SMALL

pytestmark = pytest.mark.slow

CREST, LEVELS = 1.6, (0.9, 1.2, 1.5)
SEEN = Provenance("real", "a radar")


def place(condition: str) -> Observations:
    found = polders.observations(polders.dikes([SMALL], [CREST], [condition]), [SMALL])
    return replace(found, provenance={**found.provenance, "sar": SEEN})


def reweighed(condition: str, learned: Hazard) -> tuple[Hazard, Breaches]:
    observations = place(condition)
    breaches = simulate_breaches(observations, polders.designer(), [learned], np.random.default_rng(0))
    assert breaches is not None
    assert breaches.learned
    return with_breaches(learned, breaches, observations.surveyed_assets), breaches


def test_where_nobody_stated_a_condition_the_very_same_maps_come_back() -> None:
    learned = polders.hazard(LEVELS)
    found, breaches = reweighed("unknown", learned)
    assert found is learned
    assert breaches.sentence == BREACHES


@pytest.mark.parametrize("condition", ["good", "fair", "poor"])
def test_a_stated_condition_multiplies_the_chance_by_the_ratio_of_the_curves(condition: str) -> None:
    learned = polders.hazard(LEVELS)
    found, breaches = reweighed(condition, learned)
    inside = polders.inside(SMALL)
    stated, unknown = (Fragility.of(CREST, each, 0.0).probability(np.array(LEVELS)) for each in (condition, "unknown"))
    expected = np.minimum(0.5 * stated / unknown, 1.0)
    for period in range(len(LEVELS)):
        np.testing.assert_allclose(found.flood_probability[period][inside], expected[period], atol=0.02)
        share = (found.flood_depth[:, period][:, inside] >= 0.15).mean(axis=0)
        np.testing.assert_allclose(share, expected[: period + 1].max(), atol=0.16)  # 40 samples
        assert (share == share[0]).all()
    for name in ("flood_depth", "flood_probability", "flood_extent", "epistemic_sd"):
        before, after = (getattr(each, name)[..., ~inside] for each in (learned, found))
        np.testing.assert_array_equal(before, after)
    assert found.breaches == breaches.sentence != BREACHES
    assert NEW_CRESTS in found.breaches


def test_a_worse_condition_floods_more_and_a_higher_sea_never_less() -> None:
    learned = polders.hazard(LEVELS)
    good, fair, poor = (reweighed(each, learned)[0] for each in ("good", "fair", "poor"))
    inside = polders.inside(SMALL)
    for better, worse in ((good, fair), (fair, poor)):
        assert (better.flood_probability[:, inside] <= worse.flood_probability[:, inside] + 1e-6).all()
        assert (better.flood_depth[..., inside] <= worse.flood_depth[..., inside] + 1e-6).all()
    for each in (good, fair, poor):
        assert (np.diff(each.flood_depth[..., inside], axis=1) >= 0).all()
        assert (each.flood_extent >= learned.flood_extent).all()  # nothing leaves the extent
    assert good.flood_probability[0][inside].max() < 0.1


def test_what_the_networks_hold_for_dry_stays_dry() -> None:
    learned = polders.hazard(LEVELS)
    dry = replace(
        learned, flood_depth=0 * learned.flood_depth, flood_probability=0 * learned.flood_probability,
        flood_extent=0 * learned.flood_extent,
    )  # fmt: skip
    found, _ = reweighed("poor", dry)
    assert found.flood_depth.max() == found.flood_probability.max() == 0


def test_a_radar_that_is_simulated_on_the_terrain_of_a_real_place_sees_no_embankment() -> None:
    observations = place("fair")
    for terrain, sar, learned in (
        ("real", "real", True), ("real", "simulated", False), ("simulated", "simulated", True),
    ):  # fmt: skip
        sources = {"terrain": Provenance(terrain, "t"), "sar": Provenance(sar, "s")}
        seen = replace(observations, provenance={**observations.provenance, **sources})
        maps = [polders.hazard(LEVELS)]
        breaches = simulate_breaches(seen, polders.designer(), maps, np.random.default_rng(0))
        assert breaches is not None
        assert breaches.learned is learned


def test_smoothing_stays_between_the_least_and_the_greatest_chance_and_reads_no_other_cell() -> None:
    cells = np.flatnonzero(polders.inside(polders.LARGE))
    chance = np.random.default_rng(0).integers(0, 2, (3, cells.size)).astype(float)
    found = smooth(chance, cells, polders.REGION.shape)
    assert (found >= 0).all()
    assert (found <= 1).all()
    np.testing.assert_allclose(smooth(np.full((1, cells.size), 0.3), cells, polders.REGION.shape), 0.3)
    assert (smooth(0 * chance, cells, polders.REGION.shape) == 0).all()
    alone = smooth(chance[:, :1], cells[:1], polders.REGION.shape)
    np.testing.assert_allclose(alone, chance[:, :1])


def test_chances_between_levels_are_linear_and_a_flood_of_no_draw_tells_nothing() -> None:
    values = np.array([[0.0], [1.0], [0.5]])
    found = at_levels(np.array([[-1.0, 0.5, 1.5, 9.0]]), np.array([0.0, 1.0, 2.0]), values)
    assert found[0, :, 0].tolist() == [0.0, 0.5, 0.75, 0.5]
    assert ratio(np.array([0.2, 0.0]), np.array([0.4, 0.0])).tolist() == [0.5, 1.0]
