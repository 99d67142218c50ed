"""The box on the map: what is refused, and what it measures."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from strandline.errors import InputError
from strandline.observations.fetch.box import Box, box_of_region, great_circle
from tests.fixtures.region_files import REGION_FILE

SPHERE = Geod(a=6371008.8, b=6371008.8)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (
            (179.5, -17.0, -179.5, -16.0),
            r"antimeridian.*two regions, 179\.5 to 180 and -180 to -179\.5",
        ),
        ((89.0, 22.0, 89.0, 23.0), "give it a width"),
        ((89.0, 23.0, 90.0, 22.0), "has its south above its north"),
        ((22.0, 89.0, 23.0, 90.0), "is it longitude that stands there"),
        ((189.0, 22.0, 190.0, 23.0), "longitude beyond 180"),
        ((math.nan, 22.0, 90.0, 23.0), "no number"),
        ((80.0, 10.0, 100.0, 30.0), r"covers 4,\d{3},\d{3} km2; at most 40,000 km2 are fetched at once"),
    ],
)
def test_a_box_that_cannot_be_meant_is_refused_with_what_would_be_right(
    bounds: tuple[float, float, float, float], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Box(*bounds)


@given(
    st.floats(-179, 178), st.floats(-70, 70), st.floats(0.01, 0.5), st.floats(0.01, 0.5), st.floats(-180, 180),
    st.floats(-80, 80),
)  # fmt: skip
def test_a_distance_to_a_box_is_zero_within_and_never_more_than_to_its_corners(
    west: float, south: float, width: float, height: float, longitude: float, latitude: float
) -> None:
    box = Box(west, south, west + width, south + height)
    assert box.distance(*box.centre) == 0
    corners = [(x, y) for x in (box.west, box.east) for y in (box.south, box.north)]
    farthest = max(great_circle(*corner, longitude, latitude) for corner in corners)
    assert box.distance(longitude, latitude) <= farthest + 1e-6
    assert box.distance(longitude, latitude) == 0 or not box.contains(longitude, latitude)


def test_area_and_distance_are_those_of_the_sphere() -> None:
    box = Box(89.2, 22.2, 89.5, 22.5)
    area, _ = SPHERE.polygon_area_perimeter(
        [89.2 + 0.3 * part / 500 for part in range(501)] + [89.5 - 0.3 * part / 500 for part in range(501)],
        [22.2] * 501 + [22.5] * 501,
    )
    assert box.area == pytest.approx(area / 1e6, rel=1e-5)
    _, _, metres = SPHERE.inv(89.2, 22.2, 12.3, 45.4)
    assert great_circle(89.2, 22.2, 12.3, 45.4) == pytest.approx(metres / 1e3, rel=1e-9)


def test_a_margin_stops_at_the_antimeridian() -> None:
    grown = Box(179.0, -17.0, 179.95, -16.0).grown(50.0)
    assert grown.east == 180.0
    assert grown.west == pytest.approx(179.0 - 50 / (111.19508 * math.cos(math.radians(17.0))), abs=1e-4)


def test_the_box_of_a_region_needs_nothing_but_its_bounds_and_holds_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "place.toml"
    path.write_text('[region]\ncrs = "EPSG:32633"\nbounds = [500000.0, 5000000.0, 501600.0, 5001600.0]\n')
    box = box_of_region(path)
    assert box.west == pytest.approx(15.0, abs=1e-6)
    assert box.south == pytest.approx(45.15, abs=0.01)
    path.write_text(REGION_FILE)
    assert box_of_region(path) == box


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[terrain]\n", "does not state 'crs' and 'bounds'"),
        ('[region]\ncrs = "EPSG:1"\nbounds = [0, 0, 1, 1]\n', "has bounds that lie nowhere"),
        ('[region]\ncrs = "EPSG:32633"\nbounds = [0, 0, 1]\n', "has bounds that lie nowhere"),
        ('[region]\ncrs = "EPSG:32601"\nbounds = [150000, 0, 200000, 10000]\n', "crosses the antimeridian"),
    ],
)
def test_a_region_file_without_a_usable_box_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "place.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        box_of_region(path)
