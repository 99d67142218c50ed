"""Warned areas hold every warned cell, in few valid polygons without holes."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely import MultiPolygon, Point, Polygon, box

import tests.fixtures.reports as coast
from strandline.report.alerts.area import MAX_POINTS, WarnedArea, area_around, area_of_cells, area_of_region

SIDE = 0.001
"""Of a cell of the made-up zones [degrees]: about 100 m."""


def polygons_of(area: WarnedArea) -> list[Polygon]:
    return [Polygon([(longitude, latitude) for latitude, longitude in ring]) for ring in area.polygons]


def assert_sound(area: WarnedArea) -> None:
    assert 0 < sum(len(ring) for ring in area.polygons) <= MAX_POINTS
    for ring, polygon in zip(area.polygons, polygons_of(area), strict=True):
        assert ring[0] == ring[-1]
        assert polygon.is_valid
        assert polygon.area > 0
        assert all(abs(latitude) <= 90 and abs(longitude) <= 180 for latitude, longitude in ring)


def outline_of(cells: set[tuple[int, int]], west: float = 12.0, south: float = 45.0) -> Polygon | MultiPolygon:
    squares = [
        box(west + i * SIDE, south + j * SIDE, west + (i + 1) * SIDE, south + (j + 1) * SIDE) for i, j in sorted(cells)
    ]
    return shapely.set_precision(shapely.union_all(squares), 1e-9)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 24), st.integers(0, 24)), min_size=1, max_size=400))
def test_any_zone_is_covered_by_few_valid_polygons_without_holes(cells: set[tuple[int, int]]) -> None:
    outline = outline_of(cells)
    area = area_around("zone", outline, 100.0)
    assert_sound(area)
    cover = shapely.union_all(polygons_of(area)).buffer(2e-5)  # a point is rounded to a metre
    assert cover.contains(outline)
    if shapely.get_num_coordinates(outline) <= MAX_POINTS / 2:
        assert cover.area <= outline.buffer(1e-4).area, "an outline of few points is not widened"


def test_two_zones_far_apart_are_not_joined_by_one_hull_as_they_were() -> None:
    area = area_around("zone", MultiPolygon([box(12.0, 45.0, 12.001, 45.001), box(12.1, 45.1, 12.101, 45.101)]), 100.0)
    assert len(area.polygons) == 2
    assert not any(polygon.contains(Point(12.05, 45.05)) for polygon in polygons_of(area))


def test_a_hole_is_cut_open_and_stays_out_of_the_area() -> None:
    ring = box(12.0, 45.0, 12.1, 45.1).difference(box(12.04, 45.04, 12.06, 45.06))
    area = area_around("zone", ring, 100.0)
    assert_sound(area)
    assert not any(polygon.contains(Point(12.05, 45.05)) for polygon in polygons_of(area))
    assert sum(polygon.area for polygon in polygons_of(area)) == pytest.approx(ring.area, rel=1e-3)


def test_a_zone_across_the_antimeridian_is_split_there() -> None:
    across = Polygon([(179.9, -17.0), (-179.9, -17.0), (-179.9, -16.9), (179.9, -16.9)])
    area = area_around("Taveuni", across, 100.0)
    assert_sound(area)
    east, west = sorted(polygons_of(area), key=lambda polygon: -polygon.bounds[0])
    assert east.bounds == pytest.approx((179.9, -17.0, 180.0, -16.9))
    assert west.bounds == pytest.approx((-180.0, -17.0, -179.9, -16.9))


def test_a_sliver_that_rounding_spoils_still_has_a_valid_outline() -> None:
    area = area_around("sliver", Polygon([(12.0, 45.0), (12.000001, 45.0), (12.000001, 45.01)]), 100.0)
    assert_sound(area)


@settings(max_examples=20, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 39), st.integers(0, 47)), min_size=1, max_size=40))
def test_an_area_of_cells_holds_every_cell_and_puts_latitude_first(cells: set[tuple[int, int]]) -> None:
    region, mask = coast.a_region(), np.zeros((40, 48), dtype=bool)
    mask[tuple(np.array(sorted(cells)).T)] = True
    area = area_of_cells("here", region, mask)
    assert_sound(area)
    assert all(45 < latitude < 46 and 12 < longitude < 13.5 for ring in area.polygons for latitude, longitude in ring)
    cover = shapely.union_all(polygons_of(area))
    to_degrees = Transformer.from_crs(region.crs, "EPSG:4326", always_xy=True)
    assert all(cover.contains(Point(to_degrees.transform(region.x[column], region.y[row]))) for row, column in cells)


def test_without_a_likely_cell_the_area_is_the_region() -> None:
    region = coast.a_region()
    area = area_of_cells("here", region, np.zeros(region.shape, dtype=bool))
    assert area == area_of_region("here", region)
    assert polygons_of(area)[0].bounds == pytest.approx(region.bounds_lonlat, abs=1e-5)
