"""The ground below maps, and colours that cannot be mistaken for one another."""

from itertools import combinations

import numpy as np
import pytest
import xarray as xr

from strandline.observations.variables import as_variable
from strandline.report.figures.ground import WATER, ground_colours, ground_of
from strandline.report.figures.maps import PROBABILITY_COLOURS
from strandline.report.figures.style import LAND, SEA, UNKNOWN, as_rgb

SIGHT = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""Of linear red, green and blue. Source: Machado, Oliveira and Fernandes (2009), severity 1."""
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""Of linear sRGB (IEC 61966-2-1), white D65."""
APART = 8.0
"""Distance in CIELAB (CIE 1976); 2.3 is just noticeable (Mahy et al. 1994)."""


def lab(colour: str, sight: np.ndarray) -> np.ndarray:
    channels = as_rgb(colour)
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    ratio = XYZ @ np.clip(sight @ linear, 0, 1) / (XYZ @ np.ones(3))
    root = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("sight", SIGHT)
def test_flood_land_and_sea_are_apart_for_every_sight(sight: str) -> None:
    """The unknown is nearly as bright as land, and the sea as the palest flood in grey: both bear lines as well."""
    matrix = np.asarray(SIGHT[sight])
    seen = {colour: lab(colour, matrix) for colour in (*PROBABILITY_COLOURS, LAND, SEA)}
    near = {pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]) for pair in combinations(seen, 2)}
    assert min(near.values()) > APART, min(near, key=lambda pair: near[pair])
    assert all(np.linalg.norm(lab(UNKNOWN, matrix) - lab(each, matrix)) > APART for each in (*PROBABILITY_COLOURS, SEA))


def test_classes_go_one_way_from_pale_to_deep() -> None:
    light, _, yellowness = np.array([lab(colour, np.eye(3)) for colour in PROBABILITY_COLOURS]).T
    assert (np.diff(light) < -12).all()
    assert (yellowness < -10).all(), "every class is blue"


def test_land_water_and_unknown_ground_keep_apart() -> None:
    elevation = np.array([[1.0, 2.0, 3.0], [1.0, np.nan, 3.0], [-4.0, -4.0, 3.0]])
    water = np.array([[0.0, 0, 0], [0, 0, 0], [1, 1, 0]])
    terrain = xr.Dataset(
        {"elevation": as_variable("elevation", ("y", "x"), elevation),
         "permanent_water": as_variable("permanent_water", ("y", "x"), water)},
    )  # fmt: skip
    ground = ground_of(terrain, 10.0)
    assert (ground[2, :2] == WATER).all()
    assert np.isnan(ground[1, 1])
    land = ground[(water == 0) & ~np.isnan(ground)]
    assert ((land >= 0) & (land <= 1)).all()
    colours = ground_colours(ground)
    np.testing.assert_array_equal(colours[2, 0], as_rgb(SEA))
    assert np.abs(colours[0] - as_rgb(LAND)).max() < 0.11, "shaded land is still land"
