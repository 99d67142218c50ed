"""What people saw, as points and polygons: cells that were wet, dry or unknown."""

import json
from pathlib import Path

import pytest
from pyproj import Transformer

from strandline.errors import InputError
from strandline.observations.flood_scenes.images.known_cells import read_known_cells
from strandline.observations.flood_scenes.scene import DRY, UNKNOWN, WET
from strandline.observations.region import Region

REGION = Region("there", "EPSG:32646", (500_000.0, 2_398_080.0, 501_920.0, 2_400_000.0), 20.0, "", (0.0, 0.0), "")


def write(path: Path, *features: tuple[dict[str, object], dict[str, object]]) -> Path:
    listed = [{"type": "Feature", "geometry": shape, "properties": values} for shape, values in features]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": listed}), encoding="utf-8")
    return path


def degrees(column: float, row: float) -> list[float]:
    to_degrees = Transformer.from_crs("EPSG:32646", "EPSG:4326", always_xy=True)
    return list(to_degrees.transform(500_000 + 20 * column, 2_400_000 - 20 * row))


def point(column: int, row: int) -> dict[str, object]:
    return {"type": "Point", "coordinates": degrees(column + 0.5, row + 0.5)}


def square(first: int, last: int) -> dict[str, object]:
    corners = [(first, first), (last, first), (last, last), (first, last), (first, first)]
    return {"type": "Polygon", "coordinates": [[degrees(*corner) for corner in corners]]}


@pytest.mark.parametrize(("wet", "dry"), [(1, 0), (True, False), ("wet", "dry"), ("yes", "no")])
def test_points_and_polygons_mark_their_cells(tmp_path: Path, wet: object, dry: object) -> None:
    path = write(tmp_path / "seen.geojson", (square(10, 20), {"wet": wet}), (point(12, 12), {"wet": dry}))
    label = read_known_cells(path, REGION)
    assert label[15, 15] == WET
    assert label[12, 12] == DRY  # a point comes before a polygon
    assert label[50, 50] == UNKNOWN
    assert (label == WET).sum() == 99


def test_a_depth_of_nothing_is_dry(tmp_path: Path) -> None:
    path = write(tmp_path / "seen.geojson", (point(3, 3), {"depth": 0.0}), (point(5, 5), {"depth": 0.4}))
    label = read_known_cells(path, REGION)
    assert (label[3, 3], label[5, 5]) == (DRY, WET)


@pytest.mark.parametrize(
    ("shape", "values", "message"),
    [
        (point(3, 3), {"height": 2}, "no column that says wet or dry"),
        (point(3, 3), {"wet": "perhaps"}, "neither wet nor dry"),
        (point(900, 3), {"wet": 1}, "lies on a cell"),
        ({"type": "LineString", "coordinates": [degrees(1, 1), degrees(2, 2)]}, {"wet": 1}, "points or polygons"),
    ],
)
def test_what_tells_nothing_is_refused(
    tmp_path: Path, shape: dict[str, object], values: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_known_cells(write(tmp_path / "seen.geojson", (shape, values)), REGION)
