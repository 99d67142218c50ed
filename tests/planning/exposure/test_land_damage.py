"""Damage by rain and rivers in the plan: which measures avert how much of it, and what the plan says of that."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from strandline.errors import InputError
from strandline.planning.exposure.land_damage import LandDamage, averts
from strandline.planning.investment.stage_damage_by_design import NOTHING, StageDamageByDesign, measure_sets
from strandline.planning.measures import SHIPPED, LongTermMeasure, load_measures
from tests.planning.investment.test_cost_benefit import (
    ECONOMY,
    UNCHANGED,
    a_baseline,
    appraisal_of,
    appraise,
    designs_of,
)

BASELINE = a_baseline()
DESIGNS = designs_of(BASELINE)
DAMAGE = StageDamageByDesign.of(BASELINE, DESIGNS)
ASSETS = len(BASELINE.assets)
LAND = LandDamage(("sea", "rain", "river"), np.full((4, ASSETS), 1000.0), 0.25)
KEYS = [each.measure.key for each in DESIGNS]


def left(built: frozenset[int], land: LandDamage = LAND) -> float:
    return float(land.left((built,), DESIGNS, DAMAGE)[built].mean())


def measure(key: str) -> LongTermMeasure:
    return next(each for each in load_measures().long_term if each.key == key)


def test_without_a_measure_all_of_it_is_left() -> None:
    assert left(NOTHING) == pytest.approx(1000 * ASSETS)


@pytest.mark.parametrize("key", ["raise_embankment", "floodgates", "mangrove_belt"])
def test_what_holds_back_the_sea_averts_nothing_of_it(key: str) -> None:
    if key in KEYS:
        assert left(frozenset({KEYS.index(key)})) == pytest.approx(1000 * ASSETS)
    assert measure(key).drivers == ("sea",)


@pytest.mark.parametrize("key", ["early_warning", "home_raise", "retreat"])
def test_what_works_on_buildings_averts_the_share_of_the_seas_damage_to_what_it_covers(key: str) -> None:
    number = KEYS.index(key)
    built, covers = frozenset({number}), DESIGNS[number].covers
    expected = 0.0
    for group in BASELINE.exposure.classes:
        rows = group.rows[covers[group.rows]]
        sea = BASELINE.today[:, rows].sum(axis=1).mean()
        protected = BASELINE.draws.annual_damage(list(DESIGNS[number].protections))[:, rows].sum(axis=1).mean()
        expected += 1000 * rows.size * (1 - protected / sea) if sea > 0 else 0.0
    assert expected > 0
    assert 1000 * ASSETS - left(built) == pytest.approx(expected, rel=1e-6)


def test_pumps_avert_the_part_of_the_rain_alone() -> None:
    number = KEYS.index("pumps")
    of_rain = 1000 * ASSETS - left(frozenset({number}))
    all_rain = 1000 * ASSETS - left(frozenset({number}), replace(LAND, rain_share=1.0))
    assert of_rain == pytest.approx(0.25 * all_rain)
    assert all_rain > 0
    assert left(frozenset({number}), replace(LAND, rain_share=0.0)) == pytest.approx(1000 * ASSETS)


def test_one_measure_more_never_leaves_more() -> None:
    sets = measure_sets(len(DESIGNS))
    found = LAND.left(sets, DESIGNS, DAMAGE)
    for built, remaining in found.items():
        for more in range(len(DESIGNS)):
            assert (found[built | {more}] <= remaining + 1e-9).all()
        assert (remaining >= 0).all()


def test_it_enters_the_appraisal_as_a_damage_of_every_year() -> None:
    alone, together = (
        appraise(DESIGNS, DAMAGE, UNCHANGED, ECONOMY, 0.0, np.random.default_rng(2), land) for land in (None, LAND)
    )
    added = together.annual_damage[0] - alone.annual_damage[0]
    np.testing.assert_allclose(added, 1000 * ASSETS)
    years = ECONOMY.discount.sum()
    np.testing.assert_allclose(together.damage - alone.damage, 1000 * ASSETS * years, rtol=1e-9)
    row = alone.measure_sets.index(frozenset({KEYS.index("retreat")}))
    assert (together.net_present_value[row] > alone.net_present_value[row]).all()
    gates = alone.measure_sets.index(frozenset({KEYS.index("floodgates")}))
    np.testing.assert_allclose(together.net_present_value[gates], alone.net_present_value[gates], rtol=1e-6, atol=1e-3)


def test_samples_of_the_maps_are_spread_over_the_draws() -> None:
    uneven = replace(LAND, of_asset=np.repeat([[0.0], [1000.0]], ASSETS, axis=1))
    found = uneven.left((NOTHING,), DESIGNS, DAMAGE)[NOTHING]
    assert set(np.unique(found).tolist()) == {0.0, 1000.0 * ASSETS}
    assert found.mean() == pytest.approx(500 * ASSETS)


def test_the_plan_says_what_each_measure_is_counted_against() -> None:
    assert averts(measure("home_raise"), LAND) == (
        "It is counted against the sea, heavy rain and the river; of rain and rivers it is assumed to avert the same"
        " share."
    )
    assert "averts nothing of the river" in averts(measure("pumps"), LAND)
    assert averts(measure("floodgates"), LAND) == (
        "It is counted against the sea alone, and averts nothing of heavy rain and the river."
    )


def test_a_ring_without_drainage_is_called_worse_where_it_rains_only() -> None:
    assert "do not close a ring without drainage" in averts(measure("raise_embankment"), LAND)
    river = replace(LAND, drivers=("sea", "river"))
    assert "ring" not in averts(measure("raise_embankment"), river)
    assert "ring" not in averts(measure("floodgates"), LAND)


def test_a_catalogue_names_known_drivers(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace('drivers = ["sea", "rain"]', 'drivers = ["hail"]')
    path = tmp_path / "measures.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="sea, rain, river"):
        load_measures(path)


def test_without_rain_the_appraisal_is_as_before() -> None:
    found = appraisal_of(BASELINE, DESIGNS, UNCHANGED)
    again = appraise(DESIGNS, DAMAGE, UNCHANGED, ECONOMY, 0.0, np.random.default_rng(2), None)
    np.testing.assert_array_equal(found.net_present_value, again.net_present_value)
