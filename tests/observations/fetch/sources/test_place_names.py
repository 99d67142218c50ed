"""Names of towns and villages from the Overpass API, in its XML, through the region file to the reader."""

import tomllib
from pathlib import Path

import geopandas as gpd
import pytest

from strandline.errors import FeedError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.completion import complete
from strandline.observations.fetch.source import FetchChoice
from strandline.observations.fetch.sources.openstreetmap.place_names import OsmPlaceNames
from strandline.observations.readers.exposure.place_names import read_place_names
from strandline.observations.region import Region
from strandline.observations.region_file.surveys.exposure_sections import PlaceNamesSection
from tests.fixtures.data_services import DataService, Reply, asking

pytest.importorskip("osmnx")
BOX = Box(106.30, 10.20, 106.45, 10.30)
BEN_TRE = Region("B", "EPSG:32648", (642000, 1128000, 657000, 1138000), 100.0, "m", (642050.0, 1128050.0), "asia")
START = '<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6" generator="Overpass API">\n'


def node(number: int, longitude: float, latitude: float, **tags: str) -> str:
    inner = "".join(f'<tag k="{key.replace("__", ":")}" v="{value}"/>' for key, value in tags.items())
    return f'<node id="{number}" lat="{latitude}" lon="{longitude}">{inner}</node>'


def area(number: int, corners: list[tuple[float, float]], **tags: str) -> str:
    nodes = "".join(node(1000 * number + at, *corner) for at, corner in enumerate(corners))
    refs = "".join(f'<nd ref="{1000 * number + at % len(corners)}"/>' for at in range(len(corners) + 1))
    inner = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
    return f'{nodes}<way id="{number}">{refs}{inner}</way>'


ANSWER = (
    START
    + node(1, 106.38, 10.24, place="hamlet", name="Ấp Một")
    + node(
        2, 106.375, 10.236, place="city", name="Bến Tre", name__en="Ben Tre", name__bn="বেন ত্রে", population="124449"
    )
    + node(3, 106.33, 10.22, place="village", name="Xã Mỹ", population="~5000")
    + node(4, 106.34, 10.22, place="village", name="Xã An", population="9100")
    + node(5, 106.35, 10.22, place="locality", name="A crossing")
    + node(6, 106.36, 10.22, place="village")
    + area(7, [(106.37, 10.23), (106.38, 10.23), (106.38, 10.245), (106.37, 10.245)], place="city", name="Bến Tre")
    + area(8, [(106.44, 10.28), (106.60, 10.28), (106.60, 10.29), (106.44, 10.29)], place="island", name="Cồn Ốc")
    + "</osm>\n"
)


def test_places_come_largest_first_each_once_with_their_names_in_each_language(
    service: DataService, tmp_path: Path
) -> None:
    service.reply("/interpreter", Reply(ANSWER, kind="application/osm3s+xml"))
    source = OsmPlaceNames(address=service.address)
    with asking("osm-place-names") as client:
        (planned,) = source.plan(BOX, FetchChoice(), client)
        found = source.download(planned, tmp_path / planned.region_path, client)
    asked = service.asked[0][1]["data"]
    assert 'nwr["place"~"^(city|town|' in asked
    assert '["name"](10.200000,106.300000,10.300000,106.450000)' in asked
    assert found.licence == "ODbL-1.0"
    assert found.attribution.startswith("© OpenStreetMap contributors")
    assert found.notes == ("OpenStreetMap names 2 village, 1 city, 1 island, 1 hamlet",)
    read = gpd.read_file(tmp_path / planned.region_path)
    assert list(read["name"]) == ["Bến Tre", "Xã An", "Xã Mỹ", "Cồn Ốc", "Ấp Một"]
    assert list(read["population"].fillna(-1)) == [124449, 9100, -1, -1, -1], "about 5000 is no number"
    assert 106.44 < read.geometry.x[3] < 106.45, "the point of an island that reaches out of the box lies in the box"

    place = tmp_path / "ben-tre.toml"
    place.write_text('[region]\nname = "Bến Tre"\n')
    assert complete(place, [found]).added == ("place_names",)
    assert complete(place, [found]).added == ()
    section = tomllib.loads(place.read_text())["place_names"]
    assert section["licence"] == "ODbL-1.0"
    settings = PlaceNamesSection.model_validate(section, context={"data": tmp_path})
    names = read_place_names(settings, BEN_TRE)
    assert names.loc[0, ["name", "kind", "name_en", "name_bn"]].tolist() == [
        "Bến Tre", "city", "Ben Tre", "বেন ত্রে",
    ]  # fmt: skip
    assert names["name_vi"].isna().all()
    assert names.crs == BEN_TRE.crs


def test_an_answer_without_a_name_leaves_no_file(service: DataService, tmp_path: Path) -> None:
    answer = START + node(5, 106.35, 10.22, place="locality", name="A crossing") + "</osm>\n"
    service.reply("/interpreter", Reply(answer, kind="application/osm3s+xml"))
    source = OsmPlaceNames(address=service.address)
    with asking("osm-place-names") as client:
        (planned,) = source.plan(BOX, FetchChoice(), client)
        with pytest.raises(FeedError, match="has none of it in box"):
            source.download(planned, tmp_path / planned.name, client)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
