"""Stretches: what they add up to, where they begin, and cells that they touch."""

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, MultiLineString, Point

from strandline.risk.breaches.protected_areas import find_protected_areas
from strandline.risk.breaches.stretches import NO_STRETCH, find_stretches, stretch_of_cells
from tests.fixtures import polders


def of(*shapes: object, **columns: object) -> gpd.GeoDataFrame:
    count = len(shapes)
    table = {"asset_id": [f"E{n}" for n in range(count)], "asset_class": "embankment", "value": np.nan}
    return gpd.GeoDataFrame({**table, "survey_year": 2020, **columns}, geometry=list(shapes), crs=polders.REGION.crs)


def test_a_line_is_cut_to_equal_stretches_of_about_a_kilometre() -> None:
    line = LineString([(100, 100), (100, 1100), (2000, 1100)])
    found = find_stretches(of(line, crest=2.0, condition="poor", toe=0.5), polders.REGION)
    assert found[0].name == "km 0.0–1.0 of the embankment E0"
    assert [each.begin for each in found] == pytest.approx([0, 2.9 / 3, 5.8 / 3])
    assert [each.end for each in found] == pytest.approx([2.9 / 3, 5.8 / 3, 2.9])
    assert sum(each.shape.length for each in found) == pytest.approx(line.length)
    assert all(each.crest == 2.0 and each.toe == 0.5 and each.condition == "poor" for each in found)


def test_pieces_that_touch_are_followed_from_end_to_end() -> None:
    pieces = MultiLineString([[(900, 600), (1500, 600)], [(300, 600), (900, 600)], [(2100, 600), (1500, 600)]])
    first, second = find_stretches(of(pieces), polders.REGION)
    assert first.shape.intersection(second.shape).length == 0
    assert {first.shape.bounds, second.shape.bounds} == {(300, 600, 1200, 600), (1200, 600, 2100, 600)}


def test_only_lines_inside_the_region_count_and_unknown_stays_unknown() -> None:
    found = find_stretches(of(LineString([(-5000, 600), (700, 600)]), Point(500, 500)), polders.REGION)
    (only,) = found
    assert only.length == pytest.approx(0.7)
    assert np.isnan(only.crest)
    assert only.condition == "unknown"
    assert not find_stretches(of(Point(500, 500)), polders.REGION)
    assert (stretch_of_cells((), polders.REGION) == NO_STRETCH).all()


def test_a_place_of_many_kilometres_has_a_hundred_stretches_and_no_more() -> None:
    lines = [LineString([(0, y), (2400, y)]) for y in np.linspace(1, 1199, 100)]
    assert len(find_stretches(of(*lines), polders.REGION)) <= 110


def test_land_within_a_ring_is_protected_and_land_beside_an_open_line_is_not() -> None:
    ground = polders.ground([polders.SMALL])
    sea = np.zeros(polders.REGION.shape, dtype=bool)
    sea[:, :2] = True

    def areas(shape: object, highest: float = 2.0) -> list:
        cells = stretch_of_cells(find_stretches(of(shape), polders.REGION), polders.REGION)
        return find_protected_areas(ground, sea, cells, highest)

    closed = polders.ring(polders.SMALL)
    (area,) = areas(closed)
    np.testing.assert_array_equal(area.cells, polders.inside(polders.SMALL))
    assert len(area.faces.face) == 8  # two on each side of four cells
    opened = LineString(list(closed.coords)[:-1])
    assert areas(opened) == []
    assert areas(closed, highest=-1.0) == []  # no sea reaches the dike


def test_a_line_from_edge_to_edge_protects_all_land_behind_it() -> None:
    ground = polders.ground([])
    sea = np.zeros(polders.REGION.shape, dtype=bool)
    sea[:, :2] = True
    cells = stretch_of_cells(find_stretches(of(LineString([(550, -50), (550, 1250)])), polders.REGION), polders.REGION)
    (area,) = find_protected_areas(ground, sea, cells, 2.0)
    assert area.cells[:, 6:].all()
    assert not area.cells[:, :6].any()
    ground[:, 4] = 5.0  # high ground before the line keeps the sea out with and without it
    assert find_protected_areas(ground, sea, cells, 2.0) == []
