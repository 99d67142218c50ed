"""QGIS finds every layer of the project beside it, and a person reads first what the layers rest on.

Besides these tests, the project was opened and drawn by PyQGIS 3.22: every layer was valid.
"""

import shutil
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pyogrio
import pytest
import rasterio
from pyproj import CRS

from strandline.pipeline.export.gis.project import PROJECT
from tests.fixtures.gis import CREDIT, make_gis

pytestmark = pytest.mark.slow


def project_of(folder: Path) -> ElementTree.Element:
    with ZipFile(folder / PROJECT) as archive:
        assert archive.namelist() == ["project.qgs"]
        return ElementTree.fromstring(archive.read("project.qgs"))


@pytest.fixture(scope="module")
def project(gis: Path) -> ElementTree.Element:
    return project_of(gis)


def test_every_layer_lies_beside_the_project_also_where_the_folder_was_moved(gis: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(gis, tmp_path / "elsewhere"))
    sources = [str(layer.findtext("datasource")) for layer in project_of(moved).iter("maplayer")]
    assert sources
    for source in sources:
        file, _, layer = source.partition("|layername=")
        assert file.startswith("./")
        if layer:
            assert layer in dict(pyogrio.list_layers(moved / file))
        else:
            with rasterio.open(moved / file) as raster:
                assert raster.count


def test_every_raster_and_every_vector_layer_is_in_the_project_once(gis: Path, project: ElementTree.Element) -> None:
    sources = sorted(str(layer.findtext("datasource")) for layer in project.iter("maplayer"))
    vectors = [name for name, kind in pyogrio.list_layers(gis / "vectors.gpkg") if kind is not None]
    rasters = [f"./{path.name}" for path in gis.glob("*.tif")]
    assert sources == sorted([*rasters, *(f"./vectors.gpkg|layername={name}" for name in vectors)])


def test_the_tree_names_each_layer_of_the_project(project: ElementTree.Element) -> None:
    layers = {layer.findtext("id"): layer for layer in project.iter("maplayer")}
    entries = {entry.get("id"): entry for entry in project.iter("layer-tree-layer")}
    assert layers.keys() == entries.keys()
    for name, layer in layers.items():
        assert entries[name].get("source") == layer.findtext("datasource")
        assert entries[name].get("providerKey") == layer.findtext("provider")
        assert "_" not in str(entries[name].get("name")), "a name for people"
    groups = [group.get("name") for group in project.find("layer-tree-group")]
    assert groups[:4] == ["Places", "Assets", "Plan", "Draft warnings, not sent"]
    assert "Floods: today" in groups


def test_drafts_are_not_shown_before_somebody_asks_for_them(project: ElementTree.Element) -> None:
    shown = {entry.get("name") for entry in project.iter("layer-tree-layer") if entry.get("checked") == "Qt::Checked"}
    assert "Zones" in shown
    assert not any("warning" in str(name) for name in shown)
    assert sum("water or more" in str(name) for name in shown) == 1


def test_the_map_itself_says_that_it_is_simulated_whose_data_it_holds_and_its_datum(
    project: ElementTree.Element,
) -> None:
    assert str(project.findtext("title")).startswith("SIMULATED")
    notice = str(project.findtext("properties/CopyrightLabel/Label"))
    assert notice.startswith("SIMULATED")
    assert CREDIT in notice
    assert "local mean sea level 1992" in notice
    for layer in project.iter("maplayer"):
        assert "SIMULATED" in str(layer.findtext("resourceMetadata/abstract"))
        assert layer.findtext("resourceMetadata/rights") == CREDIT


def test_project_and_layers_state_their_crs_by_name_and_as_text(project: ElementTree.Element) -> None:
    for system in project.iter("spatialrefsys"):
        assert system.findtext("authid") == "EPSG:32633"
        assert CRS.from_wkt(str(system.findtext("wkt"))) == CRS.from_epsg(32633)


def test_a_style_draws_as_the_style_file_beside_the_raster(gis: Path, project: ElementTree.Element) -> None:
    for layer in project.iter("maplayer"):
        source = str(layer.findtext("datasource"))
        if source.endswith(".tif"):
            file = ElementTree.parse((gis / source).with_suffix(".qml"))
            assert [item.attrib for item in file.iter("item")] == [item.attrib for item in layer.iter("item")]


def test_the_same_run_gives_the_same_project(gis: Path, tmp_path: Path) -> None:
    assert (make_gis(tmp_path / "run") / PROJECT).stat().st_size
    with ZipFile(gis / PROJECT) as first, ZipFile(tmp_path / "run" / "gis" / PROJECT) as second:
        assert _without_start(first) == _without_start(second)


def _without_start(archive: ZipFile) -> bytes:
    return archive.read("project.qgs")
