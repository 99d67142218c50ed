"""GIS programs read the layers of the GeoPackage with names for people, units, credits and styles."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest

import tests.fixtures.reports as coast
from strandline.pipeline.export.gis.geopackage import GEOPACKAGE
from strandline.report.figures.maps import DAMAGE_COLOURS, DAMAGE_LABELS
from tests.fixtures.gis import AREA, CREDIT, STRETCH, make_gis
from tests.fixtures.web import ZONES

pytestmark = pytest.mark.slow

LAYERS = {
    "assets_points": "Point", "assets_areas": "MultiPolygon", "embankments": "MultiLineString",
    "draft_warnings": "MultiPolygon", "zones": "MultiPolygon", "assets_lines": "MultiLineString",
    "evacuation_areas": "MultiPolygon", "place_names": "Point",
}  # fmt: skip


ASSETS = ("assets_points", "assets_lines", "assets_areas")


@pytest.fixture
def package(gis: Path) -> Path:
    return gis / GEOPACKAGE


def rows(package: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(package)) as opened:
        return opened.execute(query).fetchall()


def test_gdal_lists_each_layer_with_one_kind_of_geometry_and_the_styles(package: Path) -> None:
    found = dict(pyogrio.list_layers(package))
    assert {name: kind for name, kind in found.items() if kind is not None} == LAYERS
    assert "layer_styles" in found
    for name in LAYERS:
        assert pyogrio.read_info(package, layer=name)["crs"] == "EPSG:32633"


def test_no_feature_is_lost_or_moved(package: Path) -> None:
    made = gpd.read_file(package.parent.parent / "assets.geojson")
    made = made.to_crs("EPSG:32633")
    written = [gpd.read_file(package, layer=name) for name in ASSETS]
    assert sum(map(len, written)) == len(made)
    for layer in written:
        same = made.set_index("asset_id").loc[layer["asset_id"]]
        assert layer.geometry.normalize().hausdorff_distance(same.geometry.reset_index(drop=True)).max() < 0.001
    assert list(gpd.read_file(package, layer="zones")["zone"]) == list(ZONES)
    stretch = gpd.read_file(package, layer="embankments").iloc[0]
    assert {name: stretch[name] for name in ("line", "crest", "rank")} == {
        name: STRETCH[name] for name in ("line", "crest", "rank")
    }
    assert pd.isna(stretch["avoided_people"]), "nobody counted them: unknown, not 0"


def test_an_asset_of_unknown_damage_is_called_unknown_and_every_other_by_its_state(package: Path) -> None:
    layers = [gpd.read_file(package, layer=name) for name in ASSETS]
    unknown = [layer["damage_state_0"].isna() for layer in layers]
    assert sum(mask.sum() for mask in unknown) == 2, "one at unknown cells, and the road"
    for layer, mask in zip(layers, unknown, strict=True):
        assert set(layer["damage_state"][mask]) <= {"unknown"}
        assert set(layer["damage_state"][~mask]) <= set(DAMAGE_LABELS)


def test_an_evacuation_area_is_its_zones_with_the_sea_level_and_unknown_people_are_not_none(package: Path) -> None:
    (area,) = gpd.read_file(package, layer="evacuation_areas").itertuples()
    zones = gpd.read_file(package, layer="zones").set_index("zone").loc[AREA["zones"]]
    assert area.geometry.symmetric_difference(zones.union_all()).area < 1e-3
    assert (area.area, area.level, area.day_hours, area.night_hours) == ("A", 1.9, 9, 11)
    assert pd.isna([area.people_low, area.people_likely, area.people_high]).all()


def test_places_bear_their_names_in_every_script_the_largest_first_and_are_labelled(package: Path) -> None:
    names = gpd.read_file(package, layer="place_names")
    assert list(names["name"]) == ["সেলা", "Borgo"]
    assert list(names["name_en"].fillna("-")) == ["Sella", "-"]
    assert "name_vi" not in names, "no place has one"
    assert pd.isna(names["population"][1]), "not stated, not 0"
    assert names.to_crs("EPSG:4326").geometry[0].distance(coast.PLACES.geometry[0]) < 1e-5
    ((qml,),) = rows(package, "SELECT styleQML FROM layer_styles WHERE f_table_name = 'place_names'")
    (label,) = ElementTree.fromstring(qml).iter("text-style")
    assert label.get("fieldName") == '"name"'


def test_every_field_has_a_title_and_levels_money_and_chances_say_of_what(package: Path) -> None:
    titles = {(table, field): (title, about) for table, field, title, about in rows(
        package, "SELECT table_name, column_name, title, description FROM gpkg_data_columns"
    )}  # fmt: skip
    for name in LAYERS:
        fields = [str(field) for field in pyogrio.read_info(package, layer=name)["fields"]]
        assert {(name, field) for field in fields} <= titles.keys()
    assert titles["embankments", "crest"][0] == "Crest of the embankment [m above local mean sea level 1992]"
    money = json.loads((package.parent.parent / "plan.json").read_text())["money"]
    assert titles["assets_points", "expected_annual_damage_mean"][0].startswith("Expected annual damage, on average [")
    assert money["currency"] in titles["assets_points", "value"][0]
    assert titles["assets_points", "damage_state_4"] == (
        "Probability of the damage “complete” [0 to 1]", "given the 100-year sea level of today",
    )  # fmt: skip


def test_the_file_and_each_layer_state_that_they_are_simulated_and_whose_data_they_hold(package: Path) -> None:
    for name in LAYERS:
        info = pyogrio.read_info(package, layer=name)
        for stated in (info["layer_metadata"], info["dataset_metadata"]):
            assert stated["ATTRIBUTION"] == CREDIT
            assert stated["ORIGIN"].startswith("SIMULATED")
            assert stated["VERTICAL_DATUM"] == "local mean sea level 1992"
    assert all("SIMULATED" in about for (about,) in rows(
        package, "SELECT description FROM gpkg_contents WHERE data_type = 'features'"
    ))  # fmt: skip


def test_a_draft_says_that_it_is_not_sent_and_when_it_ends(package: Path) -> None:
    draft = gpd.read_file(package, layer="draft_warnings").iloc[0]
    assert draft["status"].startswith("DRAFT, not sent")
    assert draft["expires"]
    assert draft["message"] == "alerts/surge.xml"


def test_each_layer_has_a_default_style_whose_xml_names_its_own_fields(package: Path) -> None:
    styles = rows(package, "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles")
    assert {name for name, *_ in styles} == set(LAYERS)
    for name, geometry, qml, is_default in styles:
        assert is_default == 1
        assert rows(package, f"SELECT column_name FROM gpkg_geometry_columns WHERE table_name = '{name}'") == [
            (geometry,)
        ]
        root = ElementTree.fromstring(qml)
        fields = {str(field) for field in pyogrio.read_info(package, layer=name)["fields"]}
        assert {alias.get("field") for alias in root.iter("alias")} == fields
        symbols = {symbol.get("name") for symbol in root.iter("symbol")}
        assert {rule.get("symbol") for rule in root.iter("rule")} == symbols


def test_assets_are_drawn_in_the_colours_of_the_report(package: Path) -> None:
    ((qml,),) = rows(package, "SELECT styleQML FROM layer_styles WHERE f_table_name = 'assets_points'")
    options = ElementTree.fromstring(qml).iter("Option")
    drawn = [option.get("value") for option in options if option.get("name") == "color"]
    expected = [",".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5)) + ",255" for colour in DAMAGE_COLOURS]
    assert drawn[: len(expected)] == expected


def test_the_same_run_gives_the_same_package(gis: Path, tmp_path: Path) -> None:
    again = make_gis(tmp_path / "run") / GEOPACKAGE
    dump = "SELECT table_name, identifier, description, data_type FROM gpkg_contents"
    assert rows(again, dump) == rows(gis / GEOPACKAGE, dump)
    for name in LAYERS:
        assert gpd.read_file(again, layer=name).equals(gpd.read_file(gis / GEOPACKAGE, layer=name))
