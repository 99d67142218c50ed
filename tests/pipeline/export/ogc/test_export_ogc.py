"""A published run, served by pygeoapi as a user starts it, says what the run says, and nothing beyond it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyogrio
import pytest
import rasterio
from pyproj import Transformer
from rasterio.io import MemoryFile
from typer.testing import CliRunner

from strandline.cli.main import app
from strandline.errors import InputError
from strandline.pipeline.export.ogc import export_ogc as module
from strandline.pipeline.export.ogc.configuration import UNKNOWN
from strandline.pipeline.export.ogc.export_ogc import CONFIGURATION, OPENAPI, export_ogc
from strandline.pipeline.run_folder.generations import write_manifest
from tests.fixtures.gis import CREDIT, make_finished_run

pytest.importorskip("pygeoapi", reason="the extra 'ogc' is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]
START_S = 60
ZONE, PLACE = "</script><script>alert(1)</script>", "</script><b>${HOME}"
"""Names that a page or a configuration might run."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with an unknown field, and names that are code."""
    folder = make_finished_run(tmp_path_factory.mktemp("runs") / "run")
    zones = json.loads((folder / "zones.geojson").read_text())
    zones["features"][0]["properties"] |= {"zone": ZONE, "people_in_danger_high": None}
    (folder / "zones.geojson").write_text(json.dumps(zones))
    summary = json.loads((folder / "summary.json").read_text())
    summary["region"]["name"] = PLACE
    (folder / "summary.json").write_text(json.dumps(summary))
    write_manifest(folder, {"started": "2026-01-02T00:00:00Z"})
    return folder


@pytest.fixture(scope="module")
def site(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Address and folder of a published run that was moved after the export, served from elsewhere."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address, made, elsewhere = f"http://127.0.0.1:{port}", run.parent / "ogc", tmp_path_factory.mktemp("elsewhere")
    arguments = ["export", "--run", str(run), "--ogc", "--out", str(made), "--url", f"{address}/"]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert "flask --app pygeoapi.flask_app run" in result.output
    folder = made.rename(elsewhere / "moved")
    files = {"PYGEOAPI_CONFIG": f"moved/{CONFIGURATION}", "PYGEOAPI_OPENAPI": f"moved/{OPENAPI}"}
    command = [sys.executable, "-m", "flask", "--app", "pygeoapi.flask_app", "run", "--port", str(port)]
    with (elsewhere / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=elsewhere, env=os.environ | files, stdout=log, stderr=log)
    try:
        wait_for(address, server, elsewhere / "log")
        yield address, folder
    finally:
        server.terminate()
        server.wait(START_S)


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        try:
            httpx.get(f"{address}/conformance", timeout=START_S).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"no server after {START_S} s: {log.read_text()}")


def ask(site: tuple[str, Path], path: str, **query: str) -> httpx.Response:
    return httpx.get(f"{site[0]}/collections/{path}", params=query, timeout=START_S)


def told(site: tuple[str, Path], path: str, **query: str) -> Any:
    answer = ask(site, path, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def position(site: tuple[str, Path], collection: str, longitude: float, latitude: float) -> list[float | None]:
    """Values of all bands in their order."""
    found = told(site, f"{collection}/position", coords=f"POINT({longitude!r} {latitude!r})", f="json")
    return [values["values"][0] for values in found["ranges"].values()]


def place_of(raster: rasterio.DatasetReader, row: float, column: float) -> tuple[float, float]:
    """Longitude and latitude of a place in cells, whose centres are at halves."""
    transformer = Transformer.from_crs(raster.crs, "EPSG:4326", always_xy=True)
    return transformer.transform(*(raster.transform * (column, row)))  # type: ignore[no-any-return]


def todays(run: Path, quantity: str) -> tuple[rasterio.DatasetReader, np.ndarray]:
    """The run's own raster, and its bands of today."""
    raster = rasterio.open(run / f"{quantity}.tif")
    numbers = [number for number, name in enumerate(raster.descriptions, 1) if name.startswith("today, ")]
    return raster, raster.read(numbers)


def test_each_collection_says_what_it_holds_and_that_unknown_is_not_dry(site: tuple[str, Path]) -> None:
    found = {each["id"]: each for each in told(site, "", f="json")["collections"]}
    assert {"zones", "assets_points", "assets_lines", "embankments", "place_names"} <= found.keys()
    assert "draft_warnings" not in found
    for each in found.values():
        assert each["title"].startswith("SIMULATED: ")
        for said in (UNKNOWN, "Levels are above", CREDIT):
            assert said in each["description"]
    depth = found["flood_depth_today"]
    assert list(depth["data_queries"]) == ["position"]
    band = depth["parameter_names"]["given-the-100-year-sea-level-p90"]
    assert band["name"] == "Greatest depth of water above ground, today, given the 100-year sea level, p90"
    assert band["unit"]["symbol"]["value"] == "m"
    landing = httpx.get(f"{site[0]}/?f=json").json()
    assert landing["title"] == "SIMULATED: Flood maps and plan of ‹/script›‹b›${HOME}"
    assert UNKNOWN in landing["description"]


def test_features_are_those_of_the_run_and_what_is_unknown_is_null(run: Path, site: tuple[str, Path]) -> None:
    found = told(site, "zones/items", f="json")
    expected = [each["properties"] for each in json.loads((run / "zones.geojson").read_text())["features"]]
    expected[0]["zone"] = "‹/script›‹script›alert(1)‹/script›"
    assert [each["properties"] for each in found["features"]] == expected
    assert found["features"][0]["properties"]["people_in_danger_high"] is None
    assert UNKNOWN in found["notice"]
    assert told(site, "zones/items/2", f="json")["properties"] == expected[1]
    schema = told(site, "zones/schema", f="json")["properties"]
    assert schema["people_in_danger_high"] == {
        "type": "number", "title": "People in danger, at most [people]", "x-ogc-unit": "people",
        "description": "given the 100-year sea level of today; empty = unknown",
    }  # fmt: skip


def test_a_gis_reads_the_layers(run: Path, site: tuple[str, Path]) -> None:
    zones = pyogrio.read_dataframe(f"OAPIF:{site[0]}", layer="zones").to_crs("EPSG:4326")
    expected = pyogrio.read_dataframe(run / "zones.geojson")
    assert list(zones["zone"][1:]) == list(expected["zone"][1:])
    assert zones.geometry.geom_equals(expected.geometry).all()


@pytest.mark.parametrize("quantity", ["flood_depth", "annual_flood_probability"])
def test_a_position_has_the_values_of_its_cell(run: Path, site: tuple[str, Path], quantity: str) -> None:
    raster, maps = todays(run, quantity)
    known = np.argwhere(np.isfinite(maps).all(axis=0) & (maps.max(axis=0) > 0))
    for row, column in known[:: len(known) // 3]:
        for down, right in ((0.5, 0.5), (0.02, 0.98)):
            values = position(site, f"{quantity}_today", *place_of(raster, row + down, column + right))
            assert values == maps[:, row, column].tolist()


def test_an_unknown_cell_and_what_lies_outside_are_null(run: Path, site: tuple[str, Path]) -> None:
    raster, maps = todays(run, "flood_depth")
    row, column = np.argwhere(np.isnan(maps).all(axis=0))[0]
    height, width = raster.shape
    outside = [(-0.01, 5), (height + 0.01, 5), (5, -0.01), (5, width + 0.01), (-5 * height, 5)]
    for place in [(row + 0.5, column + 0.5), *outside]:
        assert position(site, "flood_depth_today", *place_of(raster, *place)) == [None] * len(maps)
    for anywhere in ((0.0, 0.0), (12.8, 95.0), (-167.2, -45.6), (float("nan"), 45.6)):
        assert position(site, "flood_depth_today", *anywhere) == [None] * len(maps)


def test_a_grid_has_the_cells_of_the_run_each_under_its_own_condition(run: Path, site: tuple[str, Path]) -> None:
    raster, maps = todays(run, "flood_depth")
    found = told(site, "flood_depth_today/coverage", f="json")
    for values, expected in zip(found["ranges"].values(), maps, strict=True):
        grid = np.array(values["values"], dtype=float).reshape(values["shape"])
        np.testing.assert_array_equal(grid, expected)
    assert found["domain"]["axes"]["x"]["start"] == (raster.transform * (0.5, 0.5))[0]
    assert found["domain"]["axes"]["y"]["stop"] == (raster.transform * (0.5, raster.height - 0.5))[1]
    number = raster.crs.to_epsg()
    assert found["domain"]["referencing"][0]["system"]["id"] == f"http://www.opengis.net/def/crs/EPSG/0/{number}"


def test_a_box_as_geotiff_is_a_part_of_the_map_with_its_names(run: Path, site: tuple[str, Path]) -> None:
    raster, maps = todays(run, "flood_depth")
    left, top = raster.transform * (3.2, 4.2)
    right, bottom = raster.transform * (5.8, 6.8)
    band = "given-the-100-year-sea-level-p90"
    box = {"subset": f"x({left}:{right}),y({bottom}:{top})", "properties": band, "f": "GTiff"}
    with MemoryFile(ask(site, "flood_depth_today/coverage", **box).content) as file, file.open() as part:
        np.testing.assert_array_equal(part.read(1), maps[-1, 4:7, 3:6])
        assert part.descriptions == ("today, given the 100-year sea level, p90",)
        assert (part.units, part.tags()["VERTICAL_DATUM"]) == (("m",), raster.tags()["VERTICAL_DATUM"])
        assert part.transform * (0, 0) == raster.transform * (3, 4)
        assert np.isnan(part.nodata)
    (west, north), (east, south) = place_of(raster, 5.3, 4.3), place_of(raster, 5.7, 4.7)
    found = told(site, "flood_depth_today/coverage", f="json", bbox=f"{west},{south},{east},{north}", properties=band)
    assert found["ranges"][band]["values"] == [maps[-1, 5, 4]]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("position", {"coords": "LINESTRING(12.8 45.6, 12.9 45.7)"}),
        ("position", {"coords": "POINT EMPTY"}),
        ("position", {"coords": "POINT(12.8 45.6)", "parameter-name": "given-the-100-year-sea-level-p90,depth"}),
        ("instances/one/position", {"coords": "POINT(12.8 45.6)"}),
        ("cube", {"bbox": "12,45,13,46"}),
        ("coverage", {"bbox": "1,1,2,2"}),
        ("coverage", {"bbox": "12,45,13,46", "subset": "x(1:2)"}),
        ("coverage", {"bbox": "12,45,13,46", "bbox-crs": "http://www.opengis.net/def/crs/EPSG/0/3857"}),
        ("coverage", {"subset": "x(a:b)"}),
        ("coverage", {"subset": "x(0:1),y(0:1)"}),
        ("coverage", {"properties": "depth"}),
    ],
)
def test_what_cannot_be_answered_is_refused(site: tuple[str, Path], path: str, query: dict[str, str]) -> None:
    assert ask(site, f"flood_depth_today/{path}", **query).status_code == 400


def test_a_filter_that_would_be_passed_over_is_refused(site: tuple[str, Path]) -> None:
    assert ask(site, "zones/items", filter="return_period = 1").status_code == 400
    assert told(site, "zones/items", return_period="1", f="json")["features"] == []
    assert told(site, "zones/items", bbox="1,1,2,2", f="json")["features"] == []


def test_nothing_can_be_written(site: tuple[str, Path]) -> None:
    before = {path.name: path.read_bytes() for path in site[1].iterdir()}
    feature = {"type": "Feature", "properties": {"zone": "mine"}, "geometry": None}
    for method, path in (("POST", "items"), ("PUT", "items/1"), ("PATCH", "items/1"), ("DELETE", "items/1")):
        answer = httpx.request(method, f"{site[0]}/collections/zones/{path}", json=feature, timeout=START_S)
        assert 400 <= answer.status_code < 500
    assert httpx.get(f"{site[0]}/admin/config").status_code == 404
    assert {path.name: path.read_bytes() for path in site[1].iterdir()} == before


def test_names_are_no_code_in_pages(site: tuple[str, Path]) -> None:
    for path in ("", "zones", "zones/items", "zones/items/1", "flood_depth_today"):
        page = ask(site, path, f="html")
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "</script><b>" not in page.text


def test_a_file_that_is_lost_is_an_error_and_no_empty_layer(site: tuple[str, Path]) -> None:
    for name, path in (("zones.geojson", "zones/items"), ("flood_depth_today.tif", "flood_depth_today/coverage")):
        hidden = (site[1] / name).rename(site[1] / "hidden")
        try:
            assert ask(site, path).status_code == 500
        finally:
            hidden.rename(site[1] / name)


def test_pygeoapi_reads_the_configuration_as_it_was_meant(run: Path, site: tuple[str, Path]) -> None:
    from pygeoapi.config import validate_config
    from pygeoapi.util import yaml_load

    path = site[1] / CONFIGURATION
    with path.open(encoding="utf-8") as file:
        read = yaml_load(file)
    assert read == json.loads(path.read_text("utf-8"))
    assert validate_config(read)
    described = json.loads((site[1] / OPENAPI).read_text())
    assert described["servers"][0]["url"] == site[0]
    assert {"/collections/zones/items", "/collections/flood_depth_today/position"} <= described["paths"].keys()


def test_a_folder_in_use_and_an_address_that_is_none_are_refused(run: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="is there already"):
        export_ogc(run, tmp_path / "mine")
    for url in ("maps.example", "ftp://maps.example", "http://", "http://a:b@maps.example", "https://maps.example/?x"):
        with pytest.raises(InputError, match="no address of a server"):
            export_ogc(run, tmp_path / "new", url)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_export_that_fails_leaves_nothing(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def incomplete(*arguments: Any) -> dict[str, Any]:
        return {"server": {}}

    monkeypatch.setattr(module, "configuration_of", incomplete)
    with pytest.raises(InputError, match="pygeoapi refuses it"):
        export_ogc(run, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
    changed = Path(shutil.copytree(run, tmp_path / "run"))
    (changed / "zones.geojson").write_text("{}")
    with pytest.raises(InputError, match="is not what the run of this folder wrote"):
        export_ogc(changed, tmp_path / "new")


@pytest.mark.parametrize(
    "wrong", [["--ogc"], ["--ogc", "--gis", "--out", "there"], ["--gis", "--url", "https://a.example"]]
)
def test_a_command_that_lacks_its_folder_or_has_two_aims_is_refused(run: Path, wrong: list[str]) -> None:
    assert isinstance(CliRunner().invoke(app, ["export", "--run", str(run), *wrong]).exception, InputError)
