"""The satellite scene below the map: which one, where, and in colours that no flood has."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from rasterio.io import MemoryFile

import tests.fixtures.reports as coast
from strandline.observations.observations import Observations, Provenance
from strandline.observations.variables import as_variable
from strandline.report.figures.maps import PROBABILITY_COLOURS
from strandline.report.figures.scene import DARK, LIGHT, encode_scene, scene_colours, scene_picture
from strandline.report.figures.style import UNKNOWN
from tests.report.figures.test_ground import APART, SIGHT, lab

TIMES = np.array(["2021-03-01T04:30", "2021-06-01T04:30", "2021-09-01T04:30"], dtype="datetime64[ns]")


def seen(radar_from: float = 0.0) -> Observations:
    """Three optical scenes, of which the newest is under cloud, and three of radar known right of a column."""
    found = coast.results("simulated").observations
    region = found.region
    height, width = region.shape
    x, y = (axis[: 2 * (axis.size // 2)].reshape(-1, 2).mean(axis=1) for axis in (region.x, region.y))
    light = np.tile(np.linspace(0.0, 0.4, x.size), (3, y.size, 1))
    light[2] = np.nan
    light[1, 0, 0] = np.nan
    power = np.tile(np.linspace(-20.0, -5.0, width), (3, height, 1))
    power[:, :, : int(radar_from * width)] = np.nan
    at = {"scene": [0, 1, 2], "time": ("scene", TIMES)}
    dimensions = ("scene", "y", "x")
    optical = xr.Dataset(
        {name: as_variable(name, dimensions, light) for name in ("green", "near_infrared")}, at | {"y": y, "x": x}
    )
    sar = xr.Dataset({"vv": as_variable("vv", dimensions, power)}, at | {"y": region.y, "x": region.x})
    origin = Provenance("simulated", "a made-up scene", "none")
    return replace(found, optical=optical, sar=sar, provenance={**found.provenance, "optical": origin, "sar": origin})


def test_the_newest_clear_optical_scene_is_shown_with_its_date() -> None:
    picture = scene_picture(seen())
    assert picture.sensor == "optical"
    assert picture.time == TIMES[1], "the newest is under cloud"
    assert np.isnan(picture.brightness[0, 0]), "a cloud stays a cloud"
    assert picture.brightness[3, 1] < 0.1 < 0.9 < picture.brightness[3, -1]


def test_without_a_clear_one_radar_is_shown_and_without_either_none() -> None:
    found = seen()
    cloudy = replace(found, optical=found.optical.where(found.optical["time"] > TIMES[1]))
    assert scene_picture(cloudy).sensor == "radar"
    assert scene_picture(cloudy).time == TIMES[2]
    assert scene_picture(cloudy.without("sar")) is None
    assert scene_picture(found.without("sar", "optical")) is None
    mostly_unseen = seen(radar_from=0.9)
    assert scene_picture(replace(mostly_unseen, optical=None)) is None


def test_the_file_lies_where_the_scene_was_and_says_when() -> None:
    found = seen()
    picture = scene_picture(found)
    with MemoryFile(encode_scene(picture, found.region.crs)) as file, file.open() as raster:
        assert raster.tags()["TIME"] == "2021-06-01T04:30:00Z"
        assert raster.tags()["SENSOR"] == "optical"
        assert raster.tags()["LICENCE"] == "none"
        left, _, _, top = found.region.bounds
        assert (raster.bounds.left, raster.bounds.top) == pytest.approx((left, top))
        assert raster.res[0] == pytest.approx(2 * found.region.cell_size)


@pytest.mark.parametrize("sight", SIGHT)
def test_no_shade_of_a_scene_is_near_a_flood_or_the_unknown(sight: str) -> None:
    matrix = np.asarray(SIGHT[sight])
    shades = [
        "#" + "".join(f"{round(each * 255):02x}" for each in scene_colours(np.array(t))) for t in np.linspace(0, 1, 32)
    ]
    assert (shades[0], shades[-1]) == (DARK, LIGHT)
    for shade in shades:
        for other in (*PROBABILITY_COLOURS, UNKNOWN):
            assert np.linalg.norm(lab(shade, matrix) - lab(other, matrix)) > APART, (shade, other)
