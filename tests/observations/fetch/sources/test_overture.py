"""Overture's catalogue and the rows of its bucket."""

import json
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from strandline.errors import FeedError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.source import FetchChoice
from strandline.observations.fetch.sources.buildings.overture import OvertureBuildings
from tests.fixtures.data_services import DataService, Reply, asking

pytest.importorskip("overturemaps")
BOX = Box(89.30, 22.30, 89.35, 22.35)
HOUSE = shapely.to_wkb(shapely.box(89.31, 22.31, 89.3102, 22.3102))
ROWS = pd.DataFrame(
    {
        "id": ["a", "b", "c"],
        "subtype": ["education", None, "agricultural"],
        "height": [None, 9.2, None],
        "num_floors": [2, None, None],
        "geometry": [HOUSE] * 3,
    }
)


class Recorded(OvertureBuildings):
    """The rows of a bucket that this machine cannot reach, as its files hold them."""

    def _batches(self, box: Box, release: str, client: Downloader) -> Iterator[pd.DataFrame]:
        yield ROWS


def test_the_latest_release_is_planned_and_its_rows_become_a_survey(service: DataService, tmp_path: Path) -> None:
    service.reply("/catalog.json", Reply(json.dumps({"latest": "2026-11-18.0", "links": []}), kind="application/json"))
    source = Recorded(address=service.address)
    with asking(source.name) as client:
        (planned,) = source.plan(BOX, FetchChoice(), client)
        found = source.download(planned, tmp_path / planned.name, client)
    assert "2026-11-18.0" in planned.name
    read = gpd.read_file(tmp_path / planned.name)
    assert list(read["asset_class"]) == ["school", "residential", "industrial"]
    assert list(read["class_is_stated"]) == [True, False, True]
    floors = (read["floor_area"] / read["floor_area"][2]).round(2)
    assert list(floors) == [2.0, 3.0, 1.0]  # stated; 9.2 m high; assumed
    assert found.section is not None
    assert found.section.values["survey_year"] == 2026


@pytest.mark.parametrize("answer", ["{}", "[]", '{"latest": "../x"}'])
def test_a_catalogue_without_a_release_is_said(service: DataService, answer: str) -> None:
    service.reply("/catalog.json", Reply(answer, kind="application/json"))
    with asking("overture-buildings") as client, pytest.raises(FeedError, match="no latest release"):
        OvertureBuildings(address=service.address).plan(BOX, FetchChoice(), client)
