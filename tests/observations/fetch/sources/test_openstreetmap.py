"""OpenStreetMap by the Overpass API, in its XML, with the geometries that osmnx builds; and buildings."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import FeedError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.source import FetchChoice
from strandline.observations.fetch.sources.buildings.floor_area import exposure_of, storeys
from strandline.observations.fetch.sources.buildings.osm import OsmBuildings
from strandline.observations.fetch.sources.openstreetmap.lifelines import OsmLifelines
from strandline.observations.readers.exposure.assets import read_assets
from strandline.observations.region import Region
from strandline.observations.region_file.surveys.exposure_sections import AssetsSection
from tests.fixtures.data_services import DataService, Reply, asking

pytest.importorskip("osmnx")
KOYRA = Region("K", "EPSG:32645", (735000, 2465000, 745000, 2475000), 100.0, "m", (735050.0, 2465050.0), "asia")
BOX = Box(89.30, 22.30, 89.35, 22.35)
START = '<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6" generator="Overpass API">\n'
NODES = "".join(
    f'<node id="{row * 10 + column}" lat="{22.31 + 0.0002 * row:.4f}" lon="{89.31 + 0.0002 * column:.4f}"/>'
    for row in range(3)
    for column in range(3)
)


def way(number: int, nodes: list[int], **tags: str) -> str:
    inner = "".join(f'<nd ref="{node}"/>' for node in nodes)
    inner += "".join(f'<tag k="{key.replace("__", ":")}" v="{value}"/>' for key, value in tags.items())
    return f'<way id="{number}">{inner}</way>'


def node(number: int, **tags: str) -> str:
    inner = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
    return f'<node id="{number}" lat="22.32" lon="89.32">{inner}</node>'


AREA = [0, 1, 11, 10, 0]
LIFELINES = (
    START
    + NODES
    + node(100, amenity="hospital", name="Koyra Upazila Health Complex")
    + way(1, [0, 1, 2], highway="secondary")
    + way(2, [10, 11], highway="secondary", bridge="yes")
    + way(3, [20, 21, 22], man_made="dyke", ele="4.3", height="3")
    + way(4, AREA, amenity="school", building="yes", name="Koyra Cyclone Shelter cum School")
    + way(5, AREA, amenity="school", building="yes")
    + way(6, [0, 10], highway="footway")
    + "</osm>\n"
)


def test_lifelines_have_their_class_and_embankments_no_crest(service: DataService, tmp_path: Path) -> None:
    service.reply("/interpreter", Reply(LIFELINES, kind="application/osm3s+xml"))
    source = OsmLifelines(address=service.address)
    with asking("osm-lifelines") as client:
        (planned,) = source.plan(BOX, FetchChoice(), client)
        found = source.download(planned, tmp_path / planned.name, client)
    assert "[out:xml]" in service.asked[0][1]["data"]
    assert "(22.300000,89.300000,22.350000,89.350000)" in service.asked[0][1]["data"]
    assert service.agents[0].startswith("strandline/")
    read = gpd.read_file(tmp_path / planned.name).set_index("asset_id")
    assert dict(read["asset_class"]) == {
        "node/100": "hospital", "way/1": "road", "way/2": "bridge", "way/3": "embankment", "way/4": "shelter",
        "way/5": "school",
    }  # fmt: skip
    assert read["crest"].isna().all()
    assert read.loc["way/3", "height"] == "3"
    assert "the crests of embankments are unknown" in found.notes
    assert found.licence == "ODbL-1.0"
    assert found.section is not None
    assert found.section.is_repeated
    values = dict(found.section.values) | {"path": str(tmp_path / planned.name)}
    assets = read_assets(AssetsSection.model_validate(values), KOYRA).value
    assert assets["value"].isna().all(), "nobody stated what they are worth"
    assert len(assets) == 6
    names = assets.set_index("asset_id")["name"]
    assert names["node/100"] == "Koyra Upazila Health Complex"
    assert pd.isna(names["way/1"]), "no name is unknown, not an empty one"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(START + "<remark> runtime error: Query timed out in &quot;query&quot; </remark></osm>"), "gave up"),
        (Reply(LIFELINES[:900]), "Overpass answers"),
        (Reply(START + "</osm>"), "has none of it in box"),
        (Reply("busy", 429, headers={"Retry-After": "600"}), "try again in 600 s"),
        (Reply("<html>error</html>", 504), "answers 504"),
        (Reply("", 302, headers={"Location": "/elsewhere"}), "sends to"),
    ],
)
def test_an_answer_that_broke_off_is_never_taken_for_a_whole_map(
    service: DataService, tmp_path: Path, reply: Reply, words: str
) -> None:
    service.reply("/interpreter", reply)
    source = OsmLifelines(address=service.address)
    with asking("osm-lifelines") as client:
        (planned,) = source.plan(BOX, FetchChoice(), client)
        with pytest.raises(FeedError, match=words):
            source.download(planned, tmp_path / planned.name, client)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_buildings_become_a_survey_that_the_reader_takes(service: DataService, tmp_path: Path) -> None:
    answer = (
        START + NODES + way(1, AREA, building="house", building__levels="2") + way(2, AREA, building="yes") + "</osm>"
    )
    service.reply("/interpreter", Reply(answer, kind="application/osm3s+xml"))
    source = OsmBuildings(address=service.address)
    with asking("osm-buildings") as client:
        assert source.plan(BOX, FetchChoice(), client) == []
        (planned,) = source.plan(BOX, FetchChoice(only=frozenset({"osm-buildings"})), client)
        found = source.download(planned, tmp_path / planned.name, client)
    assert found.section is not None
    values = dict(found.section.values) | {"path": str(tmp_path / planned.name), "value_per_m2": 100.0}
    read = read_assets(AssetsSection.model_validate(values), KOYRA).value
    assert list(read["asset_class"]) == ["residential", "residential"]
    first, second = read["value"]
    assert first == pytest.approx(2 * second, rel=1e-3)  # two floors
    assert second == pytest.approx(100 * 20.6 * 22.2, rel=0.02)
    assert "50% have a class" in found.notes[0]


def test_a_large_box_is_not_asked_of_volunteers() -> None:
    with asking("osm-buildings") as client, pytest.raises(FeedError, match="overture-buildings"):
        OsmBuildings().plan(Box(89.0, 22.0, 89.3, 22.3), FetchChoice(only=frozenset({"osm-buildings"})), client)


def test_the_floor_area_lies_within_its_bounds_and_a_shed_is_no_building() -> None:
    square, shed = shapely.box(89.31, 22.31, 89.3102, 22.3102), shapely.box(89.31, 22.31, 89.31001, 22.31001)
    frame = gpd.GeoDataFrame(geometry=[square, square, shed], crs="EPSG:4326")
    classes = pd.Series(["", "school", ""])
    made = exposure_of(frame, pd.Series(["a", "b", "c"]), classes, [np.nan, 3, 1], [np.nan, np.nan, 3])
    assert list(made["asset_id"]) == ["a", "b"]
    assert list(made["asset_class"]) == ["residential", "school"]
    assert list(made["class_is_stated"]) == [False, True]
    assert (made["floor_area_low"] < made["floor_area"]).all()
    assert made["floor_area_high"][0] == pytest.approx(2 * made["floor_area"][0], abs=0.2)
    assert made["floor_area"][1] == pytest.approx(3 * made["floor_area"][0], abs=0.5)


@given(st.floats(-1, 300) | st.just(np.nan), st.floats(-5, 900) | st.just(np.nan))
def test_storeys_are_one_or_more_and_the_likely_never_exceed_the_most(floors: float, height: float) -> None:
    likely, most = storeys(np.array([floors]), np.array([height]))
    assert 1 <= likely[0] <= most[0] <= 100
    assert most[0] == likely[0] or not (np.isfinite(height) or floors >= 1)
