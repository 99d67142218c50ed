"""Evacuation areas: grouped by how often they are in danger, with their people, and what is unknown kept apart."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import geopandas as gpd
import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from strandline.observations.exposure.assets import no_survey
from strandline.planning.early_action.evacuation.area_triggers import AreaTriggers, DangerousArea
from strandline.planning.early_action.evacuation.clearance_time import UNKNOWN_HOURS, EvacuationSettings
from strandline.planning.early_action.evacuation.evacuation_areas import (
    EvacuationAreas,
    find_evacuation_areas,
    mean_return_periods,
    people_of,
)
from strandline.planning.early_action.evacuation.frequency import Frequency
from strandline.planning.early_action.hindcast import Hindcast
from strandline.planning.early_action.verification import Verification
from strandline.planning.measures import load_measures
from strandline.planning.plan_schema import plan_to_json
from strandline.report.plan.evacuation_table import evacuation_lines
from strandline.report.plan.markdown import plan_to_markdown
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.out_of_use import OutOfUse
from strandline.risk.people import COUNT_FACTOR, MAP_FACTOR, Homes, People
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.risk.stage_damage.zones import Zones
from tests.fixtures import reports as coast
from tests.fixtures.hazards import REGION, make_hazard

DRY = np.zeros(REGION.shape, dtype=bool)
NAMES = ("quay", "harbour", "market", "hill", "top", "fog")
COLUMNS = (0, 2, 4, 5, 8)  # the first columns of the zones after the first


def strips() -> Zones:
    """Six zones of one to three columns from the sea in the west to the hill; nobody knows the ground of the last."""
    of_cell = np.tile(np.searchsorted([1, 3, 5, 7, 9], np.arange(10), side="right"), (8, 1))
    homes = make_homes()
    of_asset = of_cell[0][(homes.geometry.x // 100).astype(int)]
    return Zones(NAMES, (box(0, 0, 1, 1),) * 6, of_cell, of_asset, "made by hand")


def make_homes(people: float = 10.0) -> gpd.GeoDataFrame:
    """A home in every other column, the second of them not counted."""
    x = np.array([50.0, 250.0, 450.0, 650.0, 850.0])
    return gpd.GeoDataFrame(
        {
            "asset_id": [f"home {number}" for number in range(5)],
            "asset_class": "residential",
            "value": 1e5,
            "survey_year": 2020,
            "people": [people, np.nan, people, 2 * people, people],
        },
        geometry=[Point(each, 450.0) for each in x],
        crs=REGION.crs,
    )


def hazard_of_strips() -> Hazard:
    hazard = make_hazard()
    depth = hazard.flood_depth.copy()
    depth[..., 9] = np.nan
    return replace(hazard, flood_depth=depth)


def found(
    settings_: EvacuationSettings | None = None, homes: gpd.GeoDataFrame | None = None
) -> tuple[EvacuationAreas, StageDamageByZone]:
    homes, zones, hazard = make_homes() if homes is None else homes, strips(), hazard_of_strips()
    response = StageDamageByZone.of(zones, [hazard], homes, 0.3, np.random.default_rng(0))
    return find_evacuation_areas(zones, response, hazard, homes, DRY, settings_ or EvacuationSettings()), response


def test_every_zone_of_dangerous_depth_is_in_one_area_and_not_the_first_house_alone() -> None:
    areas, response = found()
    named = [name for area in areas.areas for name in area.zones]
    assert sorted(named) == sorted(set(named))
    dangerous = {
        name for name, levels in zip(NAMES, response.dangerous_level, strict=True) if np.isfinite(levels).any()
    }
    assert set(named) == dangerous
    assert len(dangerous) > 1
    assert [area.name for area in areas.areas] == list("ABCD")[: len(areas.areas)]
    assert areas.areas[0].zones[0] == "quay"


def test_ground_that_rain_floods_is_no_refuge_and_people_walk_farther_or_to_none() -> None:
    """The sea leaves the eastern strips dry; rain floods all of them but one, and then all."""
    homes, zones, hazard = make_homes(), strips(), hazard_of_strips()
    response = StageDamageByZone.of(zones, [hazard], homes, 0.3, np.random.default_rng(0))

    def areas(flooded: slice | None) -> EvacuationAreas:
        share = np.zeros(REGION.shape, dtype=np.float32)
        use = None
        if flooded is not None:
            share[:, flooded] = 1.0
            use = OutOfUse(100.0, share, None, None, None)
        return find_evacuation_areas(zones, response, hazard, homes, DRY, EvacuationSettings(), use=use)

    before, dry, partly, wet = areas(None), areas(slice(0, 0)), areas(slice(0, 8)), areas(slice(0, 10))
    assert dry == before
    assert [area.zones for area in wet.areas] == [area.zones for area in before.areas]
    for first, second, third in zip(before.areas, partly.areas, wet.areas, strict=True):
        assert first.clearance.day[2] <= second.clearance.day[2] <= third.clearance.day[2]
    assert "ground that stays out of dangerous depth" in before.areas[0].clearance.where_to
    assert partly.areas[0].clearance.where_to > before.areas[0].clearance.where_to, "farther"
    assert wet.areas[0].clearance.where_to == ""
    assert any("No safe ground is known" in each for each in wet.areas[0].clearance.assumptions)


def test_a_later_area_is_in_danger_less_often_and_from_a_higher_sea() -> None:
    areas = found()[0].areas
    assert len(areas) > 1
    for first, second in pairwise(areas):
        assert first.frequency.per_year > second.frequency.per_year
        assert first.level < second.level
        assert all(a <= b for a, b in zip(first.levels, second.levels, strict=True))


def test_an_area_is_in_danger_as_soon_as_one_of_its_zones_is() -> None:
    areas, response = found()
    levels = dict(zip(NAMES, response.dangerous_level, strict=True))
    assert any(len(area.zones) > 1 for area in areas.areas)
    for area in areas.areas:
        np.testing.assert_array_equal(area.levels, np.min([levels[name] for name in area.zones], axis=0))


def test_the_level_shown_is_below_the_one_that_is_as_likely_as_not_dangerous() -> None:
    for area in found()[0].areas:
        assert area.level <= np.median(area.levels)
        assert np.mean(np.array(area.levels) <= area.level) >= 0.2


def test_a_zone_that_no_map_covers_is_not_safe_but_named() -> None:
    areas, _ = found()
    assert areas.unknown_zones == ("fog",)
    assert not any("fog" in area.zones for area in areas.areas)
    text = "\n".join(evacuation_lines(areas))
    assert "**No flood map, so a person on the spot decides:** fog." in text


def test_a_zone_without_a_name_of_its_own_is_called_by_the_place_that_lies_in_it() -> None:
    areas = replace(found()[0], place_names={"fog": {"": "Borgo"}})
    text = "\n".join(evacuation_lines(areas))
    assert "decides:** fog (around Borgo)." in text
    low = areas.areas[0].zones[0]
    text = "\n".join(evacuation_lines(replace(areas, place_names={low: {"": "Bến Tre", "en": "Ben Tre"}})))
    assert f"Area A: {low} (around Ben Tre)" in text
    assert "decides:** fog." in text


def test_a_zone_whose_unknown_part_could_be_dangerous_is_unknown_unless_it_is_seen_to_be_dangerous() -> None:
    areas, response = found()
    dry = response.dangerous_level.copy()
    top = NAMES.index("top")
    assert np.isinf(dry[top]).all()
    part = np.where(np.arange(6) == top, 0.1, response.unknown_share)
    again = find_evacuation_areas(
        strips(), replace(response, unknown_share=part), hazard_of_strips(), make_homes(), DRY, EvacuationSettings()
    )
    assert again.unknown_zones == ("top", "fog")
    assert [area.zones for area in again.areas] == [area.zones for area in areas.areas]


def test_the_mean_return_period_is_the_inverse_of_the_mean_rate() -> None:
    hazard = make_hazard(samples=2)
    levels = hazard.levels
    dangerous = np.array(
        [
            [levels[0, 2], levels[1, 2]],  # that of ten years in both samples
            [levels[0, 1], np.inf],  # of five years in one, never in the other
            [levels[0, -1] + 0.1, np.inf],
            [-9.0, -9.0],
        ]
    )
    np.testing.assert_allclose(mean_return_periods(dangerous, hazard, -10.0), [10.0, 10.0, np.inf, 1.0])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**16), st.floats(0, 3))
def test_a_higher_dangerous_level_is_never_reached_more_often(seed: int, more: float) -> None:
    rng = np.random.default_rng(seed)
    hazard = make_hazard(samples=4, seed=seed)
    dangerous = np.where(rng.random((5, 4)) < 0.2, np.inf, rng.uniform(0, 3, (5, 4)))
    low = mean_return_periods(dangerous, hazard, 0.0)
    high = mean_return_periods(dangerous + more, hazard, 0.0)
    assert (high >= low * (1 - 1e-9)).all()
    assert (low >= 1 - 1e-9).all()


def test_a_home_that_nobody_counted_is_bounded_by_those_that_are() -> None:
    zones, homes = strips(), make_homes()
    everybody = np.arange(6)
    found = people_of(zones, Homes.of(homes), everybody, REGION)
    large = np.quantile([10, 10, 20, 10], 0.95)
    assert found == People.bounded(50 / COUNT_FACTOR, 50 + 12.5, (50 + large) * COUNT_FACTOR)
    only = people_of(zones, Homes.of(homes), np.array([2]), REGION)
    assert only == People.bounded(10 / COUNT_FACTOR, 10, 10 * COUNT_FACTOR)
    assert people_of(zones, Homes.of(homes.drop(columns="people")), everybody, REGION).is_unknown
    assert people_of(zones, Homes.of(homes.assign(people=np.nan)), everybody, REGION).is_unknown


def test_without_any_building_a_map_of_people_gives_every_area_people_between_bounds() -> None:
    nothing, zones, hazard, rng = no_survey(REGION.crs), strips(), hazard_of_strips(), np.random.default_rng(0)
    zones = replace(zones, of_asset=np.empty(0, dtype=np.int64))
    people = xr.DataArray(np.full(REGION.shape, 5.0), {"y": REGION.y, "x": REGION.x}, ("y", "x"))
    response, unknown = (
        StageDamageByZone.of(zones, [hazard], nothing, 0.3, rng, each) for each in (people, None)
    )  # fmt: skip
    by_map, by_nobody = (
        find_evacuation_areas(zones, each, hazard, nothing, DRY, EvacuationSettings(), people=mapped).areas
        for each, mapped in ((response, people), (unknown, None))
    )
    assert [area.levels for area in by_map] == [area.levels for area in by_nobody], "a map moves no trigger"
    for area in by_map:
        cells = 8 * sum(int((zones.of_cell[0] == NAMES.index(name)).sum()) for name in area.zones)
        assert area.people.likely == People.bounded(0, 5.0 * cells, 1e6).likely
        assert area.people.low <= 5.0 * cells / MAP_FACTOR
        assert area.people.high >= 5.0 * cells * MAP_FACTOR
    assert all(area.people.is_unknown for area in by_nobody)
    assert (response.uncounted_homes == 0).all()
    assert (response.people_in_danger <= response.people_in_danger_at_most).all()
    assert np.isnan(unknown.people_in_danger).all()


def test_without_a_count_of_people_clearing_takes_as_long_as_before_there_was_a_model() -> None:
    areas = found(homes=make_homes().drop(columns="people"))[0].areas
    assert areas
    for area in areas:
        assert area.people.is_unknown
        assert area.clearance.day[2] >= UNKNOWN_HOURS
        assert area.clearance.without_shelter.is_unknown


def test_an_area_is_cleared_together_with_those_before_it() -> None:
    areas = found(homes=make_homes(people=50_000.0))[0].areas
    nights = [area.clearance.night[2] for area in areas]
    assert nights == sorted(nights)
    assert nights[-1] > nights[0]


def test_night_follows_the_longitude_or_the_stated_offset_and_is_rounded_outwards() -> None:
    offset = REGION.centre_lonlat[0] / 15  # a little less than half an hour
    by_sun = found()[0].night
    assert (by_sun.begins, by_sun.ends) == (math.floor(22 - offset), math.ceil(6 - offset))
    stated = found(EvacuationSettings(night_hours=(21, 5), utc_offset_hours=6))[0].night
    times = np.array(["2020-01-01T14:59", "2020-01-01T15:00", "2020-01-01T22:59", "2020-01-01T23:00"], "datetime64[ns]")
    assert stated.includes(times).tolist() == [False, True, True, False]
    half = found(EvacuationSettings(night_hours=(22, 6), utc_offset_hours=5.5))[0].night
    assert (half.begins, half.ends) == (16, 1)


def test_the_trigger_rule_takes_the_areas_as_they_are() -> None:
    areas: Sequence[DangerousArea] = found()[0].areas
    measure = next(each for each in load_measures().operational if each.key == "evacuate_low_lying_areas")
    for area in areas:
        triggers = AreaTriggers(measure, area, has_night=True, drainage_hours=None, neighbour=None)
        assert all(phase.where == area.zones for phase in triggers.phases)
        assert triggers.phases[0].needed_hours == (area.day_hours, area.night_hours)


def test_the_plan_shows_people_hours_and_what_they_rest_on() -> None:
    areas, _ = found()
    plan = replace(coast.a_plan(), evacuation=areas)
    text = plan_to_markdown(plan)
    assert "## Evacuation areas" in text
    first = areas.areas[0]
    row = next(line for line in text.splitlines() if line.startswith("| A |"))
    assert f"- Area A: {', '.join(first.zones)}; walkers" in text
    assert first.frequency.in_words in row
    assert "- Night: 22:00 to 06:00 by the sun (" in text
    assert "a person decides: the plan has no trigger for it" in row
    assert max(len(line) for line in text.splitlines() if line.startswith("| A |")) < 400
    assert f"**{first.clearance.day[2]}** (likely {first.clearance.day[1]}" in row
    assert f"**{first.clearance.night[2]}**" in row
    assert all(f"- {sentence}" in text for sentence in first.clearance.assumptions)
    assert "nan" not in text
    written = json.loads(json.dumps(plan_to_json(plan), allow_nan=False))["evacuation"]
    assert written["areas"][0]["clearance"]["day"] == list(first.clearance.day)
    assert evacuation_lines(None) == []
    measure = next(each for each in load_measures().operational if each.key == "evacuate_low_lying_areas")
    phases = AreaTriggers(measure, first, has_night=True, drainage_hours=None, neighbour=None).phases
    protocol = coast.a_protocol(1.18).model_copy(update={"phases": phases})
    lived = Verification(4.0, 1, 0, 0, 8, 1, 14.0, None, None, 10, 1)
    hindcasts = [Hindcast(phase.name, "all gauges work", "a filter", 4.0, lived) for phase in phases]
    text = "\n".join(evacuation_lines(areas, protocol, hindcasts))
    row = next(line for line in text.splitlines() if line.startswith("| A |"))
    assert f"more than 20 % chance of dangerous water {first.day_hours} to 48 hours from now" in row
    assert row.endswith("| go to an upper floor or the nearest shelter |")
    assert (
        "Area A, evacuate low-lying areas: called 10 times (about 2.5 times a year): 1 in time, 8 without a flood,"
        " 1 that could not be checked; in time before 1 of 1 flood; go to an upper floor or the nearest"
        " shelter: called 10" in text
    )
    assert "No zone is known" in "\n".join(evacuation_lines(EvacuationAreas((), (), areas.night, areas.local_night)))


def test_ground_that_floods_more_often_than_people_could_live_with_is_doubted_before_all_else() -> None:
    areas, _ = found()
    first, *others = areas.areas
    assert areas.doubt == ""
    tidal = replace(areas, areas=(replace(first, frequency=Frequency(15.7)), *others))
    assert tidal.doubt.startswith("By these maps area A is in danger about 16 times a year.")
    lines = plan_to_markdown(replace(coast.a_plan(), evacuation=tidal)).splitlines()
    assert lines.index(f"**{tidal.doubt}**") < lines.index("## What to do, most urgent first")
