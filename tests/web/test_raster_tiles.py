"""Images of a run and of the change between two: each cell in its class, unknown cells hatched."""

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from fastapi.testclient import TestClient
from PIL import Image

import tests.fixtures.reports as coast
from strandline.report.figures.maps import PROBABILITY_COLOURS, PROBABILITY_EDGES
from strandline.report.figures.style import as_rgb
from strandline.web import raster_tiles
from strandline.web.app import PREFIX
from strandline.web.dashboard.i18n import labels
from strandline.web.raster_tiles import CHANGE, SCALES, Layer, draw_part, draw_tile, geographic_bounds
from strandline.web.run_folder import RunFolder
from tests.fixtures.web import client_of, make_run

pytestmark = pytest.mark.slow

COLOURS = [tuple(int(each) for each in np.round(as_rgb(colour) * 255)) for colour in PROBABILITY_COLOURS]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    folder = tmp_path_factory.mktemp("runs")
    return {"before": make_run(folder / "before"), "after": make_run(folder / "after", likelier=0.2)}


@pytest.fixture(scope="module")
def client(runs: dict[str, RunFolder]) -> Iterator[TestClient]:
    with client_of(runs, None) as opened:
        yield opened


def test_an_image_shows_the_class_of_each_cell_and_hatches_unknown_cells(runs: dict[str, RunFolder]) -> None:
    path = runs["before"].path / "flood_probability.tif"
    with rasterio.open(path) as raster:
        values, transform = raster.read(1), raster.transform
    corners = geographic_bounds(path)
    layer = Layer(path, 1, SCALES["flood_probability"], None)
    picture = pixels(draw_part(layer, "layer", corners, 480, 400))
    west, south, east, north = corners
    seen = {"unknown": 0, "low": 0, "class": 0}
    for row in range(1, values.shape[0] - 1, 3):
        for column in range(1, values.shape[1] - 1, 3):
            around = values[row - 1 : row + 2, column - 1 : column + 2]
            x, y = rasterio.warp.transform(
                "EPSG:32633", "EPSG:4326", *([each] for each in transform * (column + 0.5, row + 0.5))
            )
            at = int((north - y[0]) / (north - south) * 400), int((x[0] - west) / (east - west) * 480)
            pixel, value = picture[at], values[row, column]
            if np.isnan(around).all():
                seen["unknown"] += 1
                assert tuple(pixel[:3]) not in COLOURS
            elif not np.isnan(value) and value < PROBABILITY_EDGES[0]:
                seen["low"] += 1
                assert pixel[3] == 0
            elif not np.isnan(value):
                seen["class"] += 1
                assert tuple(pixel[:3]) == COLOURS[np.digitize(value, PROBABILITY_EDGES[:-1]) - 1]
    assert min(seen.values()) > 3, seen
    hatched = picture[10:40, 440:470, 3]  # the unsurveyed corner
    assert 0 < (hatched > 0).mean() < 0.5, "lines, and nothing between them"


def test_tiles_beside_the_raster_are_hatched_and_those_within_it_join(client: TestClient) -> None:
    tiles = f"{PREFIX}/runs/before/layers/flood_probability/1"
    beside = pixels(client.get(f"{tiles}/14/0/0.png").content)
    assert beside.shape == (256, 256, 4)
    assert 0 < (beside[..., 3] > 0).mean() < 0.5
    assert (beside[:, -8:, 3] == beside[:, :8, 3]).all(), "hatches go on from tile to tile"
    layer = client.get(f"{PREFIX}/runs/before/layers").json()[0]
    west, south, east, north = layer["bounds"]
    x = int((west + east) / 2 / 360 * 2**14 + 2**13)
    y = int((1 - np.arcsinh(np.tan(np.radians((south + north) / 2))) / np.pi) * 2**13)
    within = pixels(client.get(layer["tiles"].format(z=14, x=x, y=y)).content)
    assert set(map(tuple, within[within[..., 3] == 255][:, :3])) <= set(COLOURS)
    assert (within[..., 3] == 255).any()
    hatching = pixels(client.get(f"{tiles}.png?paint=unknown&bbox={west},{south},{east},{north}").content)
    whole = pixels(client.get(f"{tiles}.png").content)
    assert (hatching[..., 3] > 0).any()
    assert (whole[hatching[..., 3] > 0] == hatching[hatching[..., 3] > 0]).all(), "the same hatching, and nothing else"
    assert not {tuple(each) for each in hatching[..., :3].reshape(-1, 3)} & set(COLOURS)
    for wrong in (f"{tiles}/2/4/0.png", f"{PREFIX}/runs/before/layers/flood_probability/99.png",
                  f"{PREFIX}/runs/before/layers/elevation/1.png"):  # fmt: skip
        assert client.get(wrong).status_code == 404
    for box in ("1,2,3", "a,b,c,d", "10,50,9,51", "nan,0,1,1", "0,0,999,1"):
        assert client.get(f"{tiles}.png?bbox={box}").status_code == 422, box
    assert client.get(f"{tiles}.png?width=100000").status_code == 422


def test_on_the_ground_land_water_and_unknown_are_told_apart(client: TestClient, runs: dict[str, RunFolder]) -> None:
    """Every pixel is opaque, so that a picture that is missing shows nothing; the sea is never a flood."""
    tiles = f"{PREFIX}/runs/before/layers/flood_probability"
    rarest = len(coast.PERIODS)
    layer, ground, both = (
        pixels(client.get(f"{tiles}/{rarest}.png?paint={paint}").content) for paint in ("layer", "ground", "map")
    )
    assert (ground[..., 3] == 255).all()
    assert (both[..., 3] == 255).all()
    hatch = (layer[..., 3] > 0) & (layer[..., 3] < 255)
    unknown = (both[..., :3] == 255).all(axis=-1)
    assert hatch.any()
    assert unknown.any()
    assert not (unknown & (layer[..., 3] == 255)).any(), "what is unknown has no class"
    changed = (both != ground).any(axis=-1)
    assert (both[changed] == layer[changed]).all(), "the ground and the classes, and nothing else"
    assert changed.any()
    terrain = coast.observations("simulated").terrain
    region = coast.a_region()
    sea = np.argwhere(terrain["permanent_water"].to_numpy() == 1)
    west, south, east, north = geographic_bounds(runs["before"].path / "ground.tif")
    x, y = rasterio.warp.transform(region.crs, "EPSG:4326", region.x[sea[:, 1]], region.y[sea[:, 0]])
    at = (
        ((north - np.array(y)) / (north - south) * 512).astype(int),
        ((np.array(x) - west) / (east - west) * 512).astype(int),
    )
    assert (layer[at][:, 3] == 255).any(), "the raster has a chance on the sea"
    assert not {tuple(each) for each in both[at][:, :3]} & set(COLOURS)


def test_a_tile_of_a_large_raster_is_that_of_a_small_one(
    runs: dict[str, RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small band is read from memory, a large one from its file."""
    path = runs["before"].path / "flood_probability.tif"
    layer = Layer(path, 3, SCALES["flood_probability"], runs["before"].path / "ground.tif")
    west, south, east, north = geographic_bounds(path)
    box = (west - 0.01, south, east, north - 0.005)
    kept = draw_tile(layer, "map", 13, 4388, 2927), draw_part(layer, "map", box, 300, 200)
    monkeypatch.setattr(raster_tiles, "MOST_KEPT_CELLS", 0)
    raster_tiles._one_band.cache_clear()
    assert (draw_tile(layer, "map", 13, 4388, 2927), draw_part(layer, "map", box, 300, 200)) == kept
    raster_tiles._one_band.cache_clear()
    assert len({tuple(each) for each in pixels(kept[0]).reshape(-1, 4)}) > 3, "the tile shows the place"


def test_without_ground_land_and_water_look_alike(tmp_path: Path) -> None:
    run = make_run(tmp_path / "old")
    (run.path / "ground.tif").unlink()
    with client_of({"old": run}, None) as client:
        picture = pixels(client.get(f"{PREFIX}/runs/old/layers/flood_probability/1.png?paint=ground").content)
        assert len({tuple(each) for each in picture[..., :3].reshape(-1, 3)}) == 3, (
            "land, and the hatching of two colours"
        )
        assert labels("en")["no_ground"] in client.get("/?lang=en").text


def test_a_tile_of_an_edition_is_kept_by_the_browser(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    with client_of({"run": run}, None) as client:
        tiles = client.get(f"{PREFIX}/runs/run/layers").json()[0]["tiles"].format(z=12, x=2194, y=1463)
        assert "immutable" in client.get(tiles).headers["cache-control"]
        plain = tiles.partition("?")[0]
        assert client.get(plain).headers["cache-control"] == "no-cache"
        path = run.path / "ground.tif"
        os.utime(path, ns=(0, 0))
        assert client.get(tiles).headers["cache-control"] == "no-cache", "the tile of the old ground is no more"
        assert client.get(f"{PREFIX}/runs/run/layers").json()[0]["tiles"] != tiles


def test_bands_by_all_drivers_are_drawn_and_their_parts_are_not(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    with rasterio.open(run.path / "annual_flood_probability.tif") as raster:
        profile, bands = raster.profile | {"count": 5, "driver": "GTiff"}, raster.read()
    names = [f"today, all drivers, in any one year, {each}" for each in ("mean", "p5", "p95")]
    names += ["today, the sea alone, in any one year, mean", "today, part of the rain"]
    with rasterio.open(run.path / "annual_flood_probability_all_drivers.tif", "w", **profile) as raster:
        raster.write(bands[[0, 0, 1, 0, 0]])
        raster.descriptions = names
    with client_of({"run": run}, None) as client:
        layers = client.get(f"{PREFIX}/runs/run/layers").json()
        found = [each for each in layers if each["quantity"] == "annual_flood_probability_all_drivers"]
        assert [(each["bound"], each["scenario"], each["unit"]) for each in found] == [
            (bound, "today", "1/yr") for bound in ("mean", "p5", "p95")
        ]
        assert client.get(found[0]["image"]).status_code == 200
        assert client.get(found[0]["image"].replace("/1.png", "/5.png")).status_code == 404
        assert labels("en")["quantity_annual_flood_probability_all_drivers"] in client.get("/?lang=en").text


def test_layers_name_scenario_return_period_and_percentile(client: TestClient) -> None:
    layers = client.get(f"{PREFIX}/runs/before/layers").json()
    depths = [layer for layer in layers if layer["quantity"] == "flood_depth"]
    assert [(each["return_period"], each["percentile"]) for each in depths[:4]] == [(2, 10), (2, 50), (2, 90), (5, 10)]
    assert {layer["quantity"] for layer in layers} == set(SCALES) - {"annual_flood_probability_all_drivers"}
    annual = [layer for layer in layers if layer["quantity"] == "annual_flood_probability"]
    assert [(each["return_period"], each["bound"], each["unit"]) for each in annual] == [
        (None, "at least", "1/yr"), (None, "at most", "1/yr")
    ]  # fmt: skip
    assert all(client.get(layer["image"]).headers["content-type"] == "image/png" for layer in layers[:3])


def test_the_comparison_is_the_second_run_minus_the_first(client: TestClient, runs: dict[str, RunFolder]) -> None:
    found = client.get(f"{PREFIX}/runs/before/compared/after").json()
    first, second = (rasterio.open(runs[name].path / "flood_probability.tif").read(1) for name in ("before", "after"))
    change = second - first
    flood = found["flood"][0]
    assert flood["mean"] == pytest.approx(np.nanmean(change), abs=1e-6)
    assert flood["likelier"] == pytest.approx((change[~np.isnan(change)] >= 0.05).mean(), abs=1e-9)
    assert flood["less_likely"] == 0
    assert flood["known_in_both"] == pytest.approx((~np.isnan(change)).mean())
    assert found["damage_overlaps"] is True
    assert {action["kind"] for action in found["actions"]} == {
        "evacuate_low_lying_areas",
        "raise_embankment",
        "home_raise",
    }
    assert found["actions"][0]["priority"] == [1, 1]
    picture = pixels(client.get(flood["image"]).content)
    painted = {tuple(each) for each in picture[picture[..., 3] == 255][:, :3]}
    likelier = [tuple(int(c) for c in np.round(as_rgb(colour) * 255)) for colour in CHANGE.colours[3:]]
    assert painted <= set(likelier)
    nothing = client.get(f"{PREFIX}/runs/before/compared/before").json()["flood"][0]
    assert (nothing["mean"], nothing["likelier"], nothing["less_likely"]) == (0, 0, 0)


def test_runs_of_two_sites_are_not_compared(runs: dict[str, RunFolder], tmp_path: Path) -> None:
    other = make_run(tmp_path / "other")
    summary = json.loads((other.path / "summary.json").read_text())
    summary["region"]["name"] = "elsewhere"
    (other.path / "summary.json").write_text(json.dumps(summary))
    with client_of({**runs, "other": other}, None) as client:
        answer = client.get(f"{PREFIX}/runs/before/compared/other")
        assert answer.status_code == 422
        assert "same site" in answer.json()["detail"]


def test_only_bands_of_both_runs_on_one_grid_are_compared(runs: dict[str, RunFolder], tmp_path: Path) -> None:
    finer = make_run(tmp_path / "finer")
    path = finer.path / "flood_probability.tif"
    with rasterio.open(path) as raster:
        profile, bands, names = raster.profile, raster.read(), raster.descriptions
    profile["transform"] *= rasterio.Affine.scale(0.5)
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(bands)
        raster.descriptions = names
    with client_of({**runs, "finer": finer}, None) as client:
        answer = client.get(f"{PREFIX}/runs/before/compared/finer")
        assert (answer.status_code, "have different grids" in answer.json()["detail"]) == (422, True)
        assert client.get(f"{PREFIX}/runs/before/compared/after/1.png").status_code == 200
        assert client.get(f"{PREFIX}/runs/before/compared/after/99.png").status_code == 404


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
