"""Overture's catalogue and the rows of its bucket."""

import io
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from benchmarks.any_coast.protocols.bucket import serving_bucket
from strandline.errors import FeedError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.source import FetchChoice
from strandline.observations.fetch.sources.buildings.overture import OvertureBuildings
from tests.fixtures.data_services import DataService, Reply, asking

pytestmark = pytest.mark.slow

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


RELEASE, NAME = "2026-11-18.0", "overturemaps-us-west-2"
KEY = f"release/{RELEASE}/theme=buildings/type=building/part-0.parquet"


def parquet(table: Any) -> bytes:
    import pyarrow.parquet as pq

    content = io.BytesIO()
    pq.write_table(table, content)
    return content.getvalue()


def objects() -> dict[str, bytes]:
    """A file of two buildings, one of them far away, and the index that names the file of each box."""
    import pyarrow as pa

    far = shapely.to_wkb(shapely.box(10, 10, 10.001, 10.001))
    bounds = [shapely.from_wkb(each).bounds for each in (HOUSE, far)]
    boxes = [dict(zip(("xmin", "ymin", "xmax", "ymax"), each, strict=True)) for each in bounds]
    rows = {"id": ["here", "far"], "geometry": [HOUSE, far], "bbox": boxes, "subtype": ["medical", None],
            "height": [None, 3.0], "num_floors": pa.array([2, None], pa.int32())}  # fmt: skip
    asset = {"aws": {"alternate": {"s3": {"href": f"s3://{NAME}/{KEY}"}}}}
    whole = {"xmin": 10.0, "ymin": 10.0, "xmax": 90.0, "ymax": 23.0}
    index = {"collection": ["building"], "type": ["Feature"], "bbox": [whole], "assets": [asset]}
    return {KEY: parquet(pa.table(rows)), f"/{RELEASE}/collections.parquet": parquet(pa.table(index))}


@pytest.mark.enable_socket
@pytest.mark.parametrize("uses_index", [True, False])
def test_the_client_of_the_foundation_and_the_read_of_a_mirror_give_the_same_rows(
    monkeypatch: pytest.MonkeyPatch, uses_index: bool
) -> None:
    """Its bucket and its index are wired into the client: the file system that it opens is pointed at this machine."""
    from overturemaps import core
    from pyarrow import fs

    catalogue = json.dumps({"latest": RELEASE, "links": []})
    with serving_bucket(NAME, objects(), catalogue) as address, asking("overture-buildings") as client:
        (mirrored,) = OvertureBuildings(address=address)._batches(BOX, RELEASE, client)
        local = partial(fs.S3FileSystem, scheme="http", endpoint_override=address.removeprefix("http://"))
        monkeypatch.setattr(core.fs, "S3FileSystem", local)
        monkeypatch.setattr(core, "urlopen", lambda url: urlopen(url.replace("https://stac.overturemaps.org", address)))
        (by_client,) = OvertureBuildings(uses_index=uses_index)._batches(BOX, RELEASE, client)
    assert list(by_client["id"]) == ["here"], "the box filters, as in the bucket"
    pd.testing.assert_frame_equal(by_client, mirrored)


@pytest.mark.enable_socket
def test_a_bucket_that_does_not_answer_is_reported_with_what_to_do() -> None:
    says = r"Overture's bucket gives no answer.*osm-buildings"
    with (
        serving_bucket(NAME, {}, "{}") as address,
        asking("overture-buildings") as client,
        pytest.raises(FeedError, match=says),
    ):
        list(OvertureBuildings(address=address)._batches(BOX, RELEASE, client))
