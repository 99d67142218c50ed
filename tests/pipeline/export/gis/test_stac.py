"""The catalogue is valid STAC 1.1, and leads to files that are what it says of them.

The schemas of the core come with pystac. Those of the three extensions come with no package: the item was checked
against them once, by hand; here pystac and the files themselves say whether the fields are right.
"""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pystac
import pystac.validation
import pytest
import rasterio
from pystac.extensions.file import FileExtension
from pystac.extensions.projection import ProjectionExtension
from shapely.geometry import shape

from strandline.pipeline.export.gis.finished_run import read_finished_run
from strandline.pipeline.export.gis.stac import CATALOGUE, ITEM, _footprint
from strandline.pipeline.run_folder.generations import products_of
from tests.fixtures.gis import CREDIT
from tests.fixtures.reports import a_region

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def item(gis: Path) -> pystac.Item:
    (found,) = pystac.Catalog.from_file(str(gis / CATALOGUE)).get_items()
    return found


@pytest.mark.parametrize("name", [CATALOGUE, ITEM])
def test_it_is_valid_by_the_schemas_of_the_specification(gis: Path, name: str) -> None:
    content = json.loads((gis / name).read_text())
    assert pystac.validation.validate_dict(content, extensions=[])
    with pytest.raises(pystac.STACValidationError):
        pystac.validation.validate_dict({**content, "id": None}, extensions=[])


def test_every_asset_is_there_with_its_size_and_checksum(item: pystac.Item) -> None:
    assert item.assets
    for asset in item.get_assets().values():
        content = Path(asset.get_absolute_href()).read_bytes()
        file = FileExtension.ext(asset)
        assert file.checksum == "1220" + sha256(content).hexdigest()
        assert file.size == len(content)
        assert asset.media_type


def test_every_product_of_the_run_is_an_asset_except_the_catalogue_and_what_a_person_may_change(
    gis: Path, item: pystac.Item
) -> None:
    listed = {Path(name).name for name in products_of(gis.parent) if not name.startswith("alerts/")}
    assert set(item.assets) == listed - {CATALOGUE, ITEM}


def test_a_raster_is_described_as_gdal_reads_it(gis: Path, item: pystac.Item) -> None:
    described = {name: asset for name, asset in item.assets.items() if name.endswith(".tif")}
    assert {path.name for path in gis.glob("*.tif")} < set(described)
    for asset in described.values():
        with rasterio.open(asset.get_absolute_href()) as raster:
            own = ProjectionExtension.ext(asset)
            assert own.code == f"EPSG:{raster.crs.to_epsg()}"
            assert own.shape == list(raster.shape)
            assert own.transform == list(raster.transform)[:6]
            assert [band["name"] for band in asset.extra_fields["bands"]] == list(raster.descriptions)
            greatest = [band["statistics"]["maximum"] for band in asset.extra_fields["bands"]]
            assert greatest == pytest.approx([np.nanmax(raster.read(number)) for number in raster.indexes])


def test_the_item_lies_where_the_region_lies_and_says_what_it_rests_on(item: pystac.Item) -> None:
    assert item.bbox == pytest.approx(a_region().bounds_lonlat, abs=1e-4)
    assert shape(item.geometry).bounds == pytest.approx(item.bbox)
    assert item.properties["title"].startswith("SIMULATED")
    assert CREDIT in item.properties["description"]
    assert item.properties["strandline:vertical_datum"] == a_region().vertical_datum
    assert item.datetime is not None


def test_a_run_at_the_antimeridian_is_cut_there() -> None:
    across = shape(_footprint(179.9, -17.0, -179.8, -16.0))
    assert across.is_valid
    assert across.bounds == (-180.0, -17.0, 180.0, -16.0)
    assert across.area == pytest.approx(0.3)


def test_the_start_of_the_run_is_its_time(gis: Path, item: pystac.Item) -> None:
    assert item.datetime == read_finished_run(gis.parent).started
