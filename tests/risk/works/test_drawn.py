"""Drawn lines as walls on the grid."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, contains_xy

from strandline.errors import InputError
from strandline.risk.works.drawn import Embankment, Gap, dammed_water, walls_of
from strandline.risk.works.still_water import lowest_sills
from tests.fixtures.trial_grounds import CELL, INSIDE, REGION, SIDE, at, ring

FLAT = np.zeros((SIDE, SIDE))
SEA = np.zeros((SIDE, SIDE), dtype=bool)
SEA[-1] = True


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.0, 6.28), st.integers(3, 12), st.floats(2.0, 6.5), st.floats(8.0, 11.0), st.floats(8.0, 11.0)
)  # fmt: skip
def test_a_closed_line_leaves_no_way_to_its_inside_however_it_is_turned(
    turn: float, corners: int, radius: float, column: float, row: float
) -> None:
    angles = [turn + 2 * math.pi * each / corners for each in range(corners)]
    outline = [at(column + radius * math.cos(a), row + radius * math.sin(a)) for a in angles]
    walls, notes = walls_of([Embankment(LineString([*outline, outline[0]]), 2.0)], REGION)
    sills = lowest_sills(FLAT, SEA, walls, np.inf)
    x, y = np.meshgrid(REGION.x, REGION.y)
    inside = contains_xy(Polygon(outline), x, y)
    assert (sills[inside] == 2.0).all()
    assert (sills[~inside & ~SEA] <= 2.0).all()
    assert (sills[0] == 0.0).all()
    assert notes == ()


def test_a_gap_floods_the_inside_down_to_the_ground() -> None:
    middle = Point(at(9.0, 12.4))
    walls, notes = walls_of([Embankment(ring(), 2.0), Gap(middle, 20.0)], REGION)
    assert (lowest_sills(FLAT, SEA, walls, np.inf)[INSIDE] == 0.0).all()
    assert notes == ("A gap of 20 m counts as one cell wide (100 m).",)


def test_a_wide_gap_opens_the_faces_that_it_spans() -> None:
    closed, _ = walls_of([Embankment(ring(), 2.0)], REGION)
    opened, _ = walls_of([Embankment(ring(), 2.0), Gap(Point(at(9.0, 12.4)), 400.0)], REGION)
    assert len(closed) - len(opened) == 4


@pytest.mark.parametrize("short", [5.0, 40.0, 120.0])
def test_a_ring_that_does_not_quite_close_floods_although_the_gap_is_narrower_than_a_cell(short: float) -> None:
    corners = list(ring().coords)
    corners[-1] = (corners[-1][0], corners[-1][1] - short)
    walls, notes = walls_of([Embankment(LineString(corners), 2.0)], REGION)
    assert (lowest_sills(FLAT, SEA, walls, np.inf)[INSIDE] == 0.0).all()
    assert len(notes) == 1
    assert f"{short:.0f} m" in notes[0]


def test_the_higher_of_two_lines_counts_and_the_lower_of_two_parts() -> None:
    coords = list(ring().coords)
    low, high = LineString(coords[:3]), LineString(coords[2:])
    walls, _ = walls_of([Embankment(low, 1.0), Embankment(high, 3.0)], REGION)
    assert (lowest_sills(FLAT, SEA, walls, np.inf)[INSIDE] == 1.0).all()
    walls, _ = walls_of([Embankment(low, 1.0), Embankment(high, 3.0), Embankment(ring(), 2.0)], REGION)
    assert (lowest_sills(FLAT, SEA, walls, np.inf)[INSIDE] == 2.0).all()


def test_a_gap_beside_the_lines_is_refused() -> None:
    with pytest.raises(InputError, match="no drawn line"):
        walls_of([Embankment(ring(), 2.0), Gap(Point(at(17.0, 3.0)), 2 * CELL)], REGION)


def test_a_line_without_a_cell_says_that_it_holds_nothing_back() -> None:
    walls, notes = walls_of([Embankment(LineString([at(5.1, 5.1), at(5.2, 5.2)]), 2.0)], REGION)
    assert len(walls) == 0
    assert "holds nothing back" in notes[0]


def test_a_line_across_a_channel_is_said_to_dam_it_and_one_on_its_bank_or_with_a_gap_is_not() -> None:
    land = np.ones((SIDE, SIDE), dtype=bool)
    land[:, 9:12] = False  # three cells wide
    across = Embankment(LineString([at(5.3, 8.1), at(16.3, 8.1)]), 2.0)
    (sentence,) = dammed_water(walls_of([across], REGION)[0], land, REGION)
    assert f"over about {3 * CELL:g} m" in sentence
    bank = Embankment(LineString([at(8.7, 2.3), at(8.7, 16.3)]), 2.0)
    gap = Gap(Point(at(10.5, 8.1)), 3 * CELL)
    for works in ([bank], [across, gap]):
        assert dammed_water(walls_of(works, REGION)[0], land, REGION) == ()
