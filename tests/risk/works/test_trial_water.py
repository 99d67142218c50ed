"""Water before and after drawn works, at once and by the solver."""

from dataclasses import replace

import numpy as np
import pytest
from shapely import LineString, Point, box

from strandline.errors import InputError
from strandline.risk.works.built import build
from strandline.risk.works.drawn import Embankment, Gap, Gate, MangroveBelt, Pump, Work
from strandline.risk.works.trial_ground import TrialGround
from strandline.risk.works.trial_water import TrialWater, simulated_water, still_water
from tests.fixtures.trial_grounds import GROUND, HIDDEN, INSIDE, REGION, SIDE, a_trial_ground, at, ring

TRIAL = a_trial_ground()
CREST = 1.8
GAP = Gap(Point(at(9.0, 12.4)), 100.0)
METHODS = pytest.mark.parametrize("find", [still_water, pytest.param(simulated_water, marks=pytest.mark.slow)])


def water(find: object, *works: Work) -> TrialWater:
    return find(TRIAL, build(works, TRIAL)[0])  # type: ignore[operator, no-any-return]


@METHODS
def test_a_ring_dike_keeps_its_inside_dry_below_its_crest_and_floods_above(find: object) -> None:
    found = water(find, Embankment(ring(), CREST))
    below, far_above = found.levels <= CREST, found.levels > CREST + 0.5
    assert below.sum() >= 2
    assert far_above.any()
    inside = found.after[:, *INSIDE]
    assert (inside[below] == 0).all()
    assert (inside[far_above] > 0.15).all()
    assert (found.before[:, *INSIDE][found.levels > GROUND + 0.2] > 0).all()


@METHODS
def test_a_gap_in_a_ring_dike_floods_its_inside(find: object) -> None:
    found = water(find, Embankment(ring(), CREST), GAP)
    high = (found.levels > GROUND + 0.5) & (found.levels <= CREST)
    assert high.any()
    assert (found.after[:, *INSIDE][high] > 0).all()


@METHODS
def test_nothing_drawn_changes_nothing_and_unknown_ground_stays_unknown(find: object) -> None:
    found = water(find)
    np.testing.assert_array_equal(found.before, found.after)
    assert np.isnan(found.after[:, *HIDDEN]).all()
    assert np.isnan(found.after).sum() == len(found.levels)


@METHODS
def test_what_was_before_does_not_depend_on_what_is_drawn(find: object) -> None:
    """Else two strategies could not be compared; a line across the shore changed it through the weir that it is not."""
    across = Embankment(LineString([at(9.3, 19.4), at(9.3, 4.3)]), CREST)
    first, second = water(find, Embankment(ring(), CREST)), water(find, across)
    np.testing.assert_array_equal(first.levels, second.levels)
    np.testing.assert_array_equal(first.before, second.before)


@METHODS
def test_a_higher_sea_never_floods_less(find: object) -> None:
    found = water(find, Embankment(ring(), CREST))
    for depth in (found.before, found.after):
        assert (np.diff(np.nan_to_num(depth), axis=0) >= 0).all()


def test_still_water_is_the_sea_less_the_ground() -> None:
    found = water(still_water)
    np.testing.assert_allclose(found.before[:, 8, 8], np.maximum(found.levels - GROUND, 0.0), atol=1e-5)


def test_levels_hold_every_crest_and_all_draws_of_the_sea() -> None:
    found = water(still_water, Embankment(ring(), CREST))
    assert np.isclose(found.levels, CREST).any()
    assert np.isclose(found.levels, CREST + 0.02).any()
    assert found.levels[0] == pytest.approx(TRIAL.levels.min())
    assert found.levels[-1] == pytest.approx(TRIAL.levels.max() + 0.5)
    assert (np.diff(found.levels) > 0).all()
    assert len(found.levels) % len(TRIAL.return_periods) == 0


@pytest.mark.slow
def test_no_storm_floods_what_still_water_keeps_dry() -> None:
    still, storm = (water(find, Embankment(ring(), CREST)) for find in (still_water, simulated_water))
    for level, depth in zip(storm.levels, storm.after, strict=True):
        upper = min(int(np.searchsorted(still.levels, level)), len(still.levels) - 1)
        assert not ((depth > 0.02) & (still.after[upper] == 0)).any()


@pytest.mark.slow
def test_the_solver_turns_water_of_a_wall_onto_the_land_before_it() -> None:
    """On a plain so wide that a storm does not fill it: what the wall holds back stands higher before it."""
    side = 1500.0
    left, bottom, _, _ = REGION.bounds
    wide = replace(REGION, bounds=(left, bottom, left + SIDE * side, bottom + SIDE * side), cell_size=side)
    wall = Embankment(LineString([(left - side, bottom + 10.4 * side), (left + 21 * side, bottom + 10.4 * side)]), 6.0)
    wide_ground = replace(TRIAL, region=wide)
    found = simulated_water(wide_ground, build([wall], wide_ground)[0])
    rise = found.after[:, 10:17] - found.before[:, 10:17]
    assert rise[:, :3].max() > 0.2
    assert rise.min() >= 0.0
    assert (found.after[:, :9, :16] == 0).all()


@pytest.mark.slow
def test_the_solver_reports_its_progress() -> None:
    told: list[float] = []
    simulated_water(TRIAL, build([], TRIAL)[0], told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def a_river() -> TrialGround:
    """The coast with a channel from the sea to its northern edge, one cell wide, and a line across its mouth."""
    bed, land = TRIAL.bed.copy(), TRIAL.land.copy()
    bed[:, 10], land[:, 10] = -1.5, False
    bed[HIDDEN] = GROUND
    return replace(TRIAL, bed=bed, surface=bed.copy(), land=land)


ACROSS = Embankment(LineString([at(0.0, 16.1), at(20.0, 16.1)]), 6.0)


@pytest.mark.slow
def test_a_gate_shuts_out_a_sea_above_its_level_and_lets_a_lower_one_in() -> None:
    ground = a_river()
    shut, early, late = (
        simulated_water(ground, build([ACROSS, *gates], ground)[0])
        for gates in ([], *([Gate(Point(at(10.5, 16.1)), 200.0, level)] for level in (-5.0, 5.0)))
    )
    behind = np.s_[-1, :15]
    np.testing.assert_allclose(early.after[behind], shut.after[behind], atol=1e-6)
    assert (late.after[behind] > shut.after[behind] + 0.1).sum() > 20


def test_still_water_passes_a_gate_that_is_open_when_it_comes_and_none_that_is_shut() -> None:
    ground = a_river()
    shut, open_ = (
        still_water(ground, build([ACROSS, Gate(Point(at(10.5, 16.1)), 20.0, level)], ground)[0]).after[-1, :15]
        for level in (-2.0, 1.0)
    )
    assert (shut == 0).all()
    assert (open_[:, :10] > 0.5).all()


@pytest.mark.slow
def test_a_pump_throws_out_what_leaks_into_a_ring_and_floods_nobody() -> None:
    """Some 10 m3 a second leak through 3 m2 at a head of 2 to 3 m; the pump can take 20."""
    leaking = Embankment(ring(), 6.0), Gate(Point(at(9.0, 12.4)), 3.0, 5.0)
    wet, dry = water(simulated_water, *leaking), water(simulated_water, *leaking, Pump(Point(at(9.0, 9.0)), 20.0))
    inside = np.s_[-1, *INSIDE]
    assert wet.after[inside].mean() > 0.6
    assert dry.after[inside].mean() < 0.3
    assert (dry.after <= wet.after + 0.02)[~np.isnan(wet.after)].all()


@pytest.mark.slow
def test_mangroves_slow_a_storm_behind_them_and_raise_it_before_them() -> None:
    side = 1500.0
    left, bottom, _, _ = REGION.bounds
    wide = replace(REGION, bounds=(left, bottom, left + SIDE * side, bottom + SIDE * side), cell_size=side)
    ground = replace(TRIAL, region=wide)
    belt = box(left, bottom + 6 * side, left + 20 * side, bottom + 8 * side)
    found = simulated_water(ground, build([MangroveBelt(belt)], ground)[0])
    change = found.after - found.before
    assert change[:, 8:11].min() < -0.05
    assert change[:, 14:17].max() > 0.02
    assert (np.nan_to_num(change[:, :12]) <= 0).all()


@pytest.mark.parametrize(
    ("work", "complaint"),
    [
        (Gate(Point(at(5.0, 5.0)), 10.0, 1.0), "gate.*no drawn line"),
        (Pump(Point(at(HIDDEN[1] + 0.5, HIDDEN[0] + 0.5)), 1.0), "pump.*unknown ground"),
        (Pump(Point(at(5.5, 18.5)), 1.0), "pump.*permanent water"),
        (Pump(Point(at(20.0, 5.0)), 1.0), "pump.*edge of the region"),
    ],
)
def test_a_work_that_cannot_stand_where_it_was_put_is_refused(work: Work, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        build([work], TRIAL)
