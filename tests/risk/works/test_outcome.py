"""What drawn works change."""

import re
from dataclasses import replace

import numpy as np
import pytest
from shapely import LineString, Point, Polygon, box

from strandline.risk.stage_damage.damage_draws import DamageDraws
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.protection import Protection
from strandline.risk.works.built import build
from strandline.risk.works.drawn import Embankment, Gap, RetreatZone, Shelter, Work
from strandline.risk.works.outcome import Outcome, assess
from strandline.risk.works.trial_water import TrialWater, still_water
from tests.fixtures.trial_grounds import REGION, a_trial_ground, at, ring, some_assets, some_zones

TRIAL = a_trial_ground()


def outcome(*works: Work) -> Outcome:
    water = still_water(TRIAL, build(works, TRIAL)[0])
    return assess(TRIAL, water, works, some_assets(), some_zones())


def test_nothing_drawn_avoids_nothing() -> None:
    for future in outcome().futures:
        assert future.change.avoided.mean == 0
        assert future.change.damage_after == future.change.damage_before
        assert future.change.people_after == future.change.people_before
    assert {zone.verdict for zone in outcome().zones} == {"same"}


def test_a_ring_dike_helps_its_inside_and_nobody_else() -> None:
    found = outcome(Embankment(ring(), 1.9))
    west, east = found.zones
    assert west.verdict == "gains"
    assert west.change.avoided.mean > 0
    assert west.flooded_after == pytest.approx(west.flooded_before)  # the rarest level overtops it
    assert east.change.avoided.mean == 0
    assert east.verdict == "same"


def test_people_behind_a_high_crest_are_spared_and_those_beside_it_are_not() -> None:
    found = outcome(Embankment(ring(), 6.0))
    west, east = found.zones
    assert west.change.people_before.low > 0
    assert west.change.people_after.high == 0
    assert west.flooded_before - west.flooded_after == pytest.approx(49 * 100.0**2)
    assert east.change.people_after == east.change.people_before


def test_a_gap_takes_the_whole_benefit() -> None:
    found = outcome(Embankment(ring(), 6.0), Gap(Point(at(9.0, 12.4)), 10.0))
    assert found.futures[0].change.avoided.mean == pytest.approx(0, abs=1e-6)
    assert found.zones[0].change.people_after == found.zones[0].change.people_before


def test_a_crest_around_everything_is_worth_what_the_plans_embankment_is_worth() -> None:
    """The plan's rule: a crest before the whole region keeps lower seas out, and rarer ones overtop it."""
    crest, assets = 1.8, some_assets().iloc[:2]
    shore = Embankment(LineString([at(-1.0, 16.8), at(21.0, 16.8)]), crest)
    water: TrialWater = still_water(TRIAL, build([shore], TRIAL)[0])
    zones = replace(some_zones(), of_asset=some_zones().of_asset[:2])
    drawn = assess(TRIAL, water, [shore], assets, zones)
    draws = DamageDraws(
        water.as_hazards(TRIAL, water.before), overlay_exposure(assets, REGION), "europe", TRIAL.curve_deviates
    )
    plan = draws.annual_damage([Protection(crest=crest)] * draws.count).sum(axis=1)
    assert drawn.futures[0].change.damage_after.mean == pytest.approx(plan.mean(), rel=0.02)


def test_a_crest_above_every_known_sea_still_leaves_the_damage_of_rarer_ones() -> None:
    change = outcome(Embankment(ring(), 50.0)).zones[0].change
    assert change.damage_after.mean > 0
    assert change.damage_after.mean < 0.2 * change.damage_before.mean


def test_who_leaves_has_no_water_at_home_and_other_places_stay_as_they_are() -> None:
    x, y = at(15.5, 8.5)
    found = outcome(RetreatZone(box(x - 60, y - 60, x + 60, y + 60)))
    west, east = found.zones
    assert east.change.damage_after.mean == 0
    assert east.flooded_after == east.flooded_before
    assert east.verdict == "gains"
    assert west.verdict == "same"
    assert any("where they go is not known" in note for note in found.notes)


def test_an_asset_of_unknown_ground_is_in_no_number_and_counted() -> None:
    found = outcome(Embankment(ring(), 1.9), RetreatZone(Polygon([at(16, 1), at(19, 1), at(19, 4), at(16, 4)])))
    assert found.futures[0].change.unknown_assets == 1
    assert found.zones[1].unknown == pytest.approx(100.0**2)


def test_a_home_on_unknown_ground_counts_as_wet_in_the_upper_bound() -> None:
    people = outcome(Embankment(ring(), 6.0)).zones[1].change.people_before
    assert people.high >= 50


def test_a_higher_sea_damages_more_and_is_named() -> None:
    today, later = outcome(Embankment(ring(), 1.9)).futures
    assert today.name == "today"
    assert later.name == "+0.5 m"
    assert later.change.damage_before.mean > today.change.damage_before.mean


def test_a_zone_onto_which_water_is_turned_loses() -> None:
    water = still_water(TRIAL, build([], TRIAL)[0])
    turned = water.after.copy()
    turned[:, :17, 14:] += np.float32(0.3)
    found = assess(TRIAL, TrialWater(water.levels, water.before, turned, "solver"), [], some_assets(), some_zones())
    assert [zone.verdict for zone in found.zones] == ["same", "loses"]
    assert found.zones[1].change.avoided.mean < 0


def test_a_shelter_changes_no_number_and_says_who_could_reach_it_and_whether_it_stands_in_water() -> None:
    """Ten people in the house about it and twenty 700 m away, both in water; on the ring's inside it stays dry."""
    found, without = outcome(Shelter(Point(at(8.5, 8.5)), 200)), outcome()
    assert found.futures == without.futures
    low, high = (int(each) for each in re.findall(r"(\d+) to (\d+) people within", found.notes[0])[0])
    assert low <= 30 <= high
    assert "room for 200 people" in found.notes[0]
    assert "it stands in 1.7 m of water" in found.notes[0]
    assert "it stays dry" in outcome(Shelter(Point(at(8.5, 8.5)), 200), Embankment(ring(), 6.0)).notes[0]
    assert "nobody knows whether it stands in water" in outcome(Shelter(Point(at(17.5, 2.5)), 200)).notes[0]
    assert "it stands in permanent water" in outcome(Shelter(Point(at(5.5, 18.5)), 200)).notes[0]
