"""Each raster holds one quantity of one scenario, cell by cell that of the run, and is drawn as in the report."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from strandline.pipeline.export.gis.quantities import QUANTITIES
from strandline.pipeline.export.gis.styles import rgba, upper_bounds
from strandline.pipeline.run_folder.bands import read_bands
from strandline.report.figures.style import UNKNOWN
from tests.fixtures.gis import CREDIT, FUTURES

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda each: each.name)
def test_the_scenarios_together_hold_every_band_of_the_run_and_no_other(gis: Path, quantity) -> None:
    whole = gis.parent / f"{quantity.name}.tif"
    with rasterio.open(whole) as raster:
        bands = dict(zip(raster.descriptions, raster.read(), strict=True))
        transform, crs = raster.transform, raster.crs
    found = {}
    for path in gis.glob(f"{quantity.name}_*.tif"):
        if "all_drivers" in path.name:
            continue
        with rasterio.open(path) as raster:
            assert (raster.transform, raster.crs) == (transform, crs)
            assert set(raster.units) == {quantity.unit}
            assert np.isnan(raster.nodata)
            found |= dict(zip(raster.descriptions, raster.read(), strict=True))
            assert {band.scenario for band in read_bands(path)} == {raster.tags()["SCENARIO"]}
    assert found.keys() == bands.keys()
    for name, values in found.items():
        np.testing.assert_array_equal(values, bands[name])


def test_scenarios_without_a_letter_of_ascii_have_files_of_their_own(gis: Path) -> None:
    found = {}
    for path in gis.glob("flooded_*.tif"):
        with rasterio.open(path) as raster:
            found[path.name] = raster.tags()["SCENARIO"]
    assert set(found.values()) == {"today", *FUTURES}
    assert all(name.isascii() for name in found)


def test_the_floods_of_all_drivers_are_a_raster_of_today_with_the_mean_first(gis: Path) -> None:
    path = gis / "annual_flood_probability_all_drivers_today.tif"
    with rasterio.open(path) as raster:
        assert raster.descriptions[0] == "today, all drivers, in any one year, mean"
        np.testing.assert_allclose(np.nanmax(raster.read(), axis=(1, 2)), [0.02, 0.01, 0.04, 0.015, 0.015, 0.005])
    assert ElementTree.parse(path.with_suffix(".qml")).find(".//rasterrenderer").get("band") == "1"


def test_each_file_states_origin_credit_and_datum_and_the_statistics_of_its_known_cells(gis: Path) -> None:
    for path in gis.glob("*.tif"):
        with rasterio.open(path) as raster:
            tags = raster.tags()
            assert tags["ORIGIN"].startswith("SIMULATED")
            assert tags["ATTRIBUTION"] == CREDIT
            assert tags["VERTICAL_DATUM"] == "local mean sea level 1992"
            assert tags["SCENARIO"] in raster.descriptions[0]
            assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            for number in raster.indexes:
                values, own = raster.read(number), raster.tags(number)
                assert float(own["STATISTICS_MAXIMUM"]) == pytest.approx(np.nanmax(values))
                assert float(own["STATISTICS_MEAN"]) == pytest.approx(np.nanmean(values, dtype=float), rel=1e-6)
                assert float(own["STATISTICS_VALID_PERCENT"]) == pytest.approx(100 * np.isfinite(values).mean())


def test_a_style_shows_the_rarest_sea_and_the_upper_bound(gis: Path) -> None:
    shown = {}
    for path in (gis / f"{each.name}_today.tif" for each in QUANTITIES):
        renderer = ElementTree.parse(path.with_suffix(".qml")).find(".//rasterrenderer")
        shown[path.stem] = read_bands(path)[int(renderer.get("band")) - 1]
    assert shown["annual_flood_probability_today"].bound == "at most"
    assert (shown["flood_depth_today"].return_period, shown["flood_depth_today"].percentile) == (100, 90)
    assert shown["flood_probability_today"].return_period == 100


def test_unknown_cells_are_grey_and_low_values_transparent_and_never_called_safe(gis: Path) -> None:
    for path in gis.glob("*.qml"):
        root = ElementTree.parse(path)
        assert root.find(".//rasterrenderer").get("nodataColor") == rgba(UNKNOWN)
        unknown, first, *others = root.iter("item")
        assert (unknown.get("color"), unknown.get("label")) == (UNKNOWN, "unknown – not “dry”")
        assert float(unknown.get("value")) < 0, "no cell has it"
        assert first.get("alpha") == "0"
        assert first.get("label").startswith(("below", "not classified"))
        assert all(item.get("alpha") == "255" for item in others)


@given(
    quantity=st.sampled_from(QUANTITIES),
    value=st.floats(0, 3, width=32) | st.sampled_from([edge for each in QUANTITIES for edge in each.classes.edges]),
)
def test_qgis_puts_each_value_into_the_class_of_the_report(quantity, value: float) -> None:
    """QGIS: the first class whose greatest value is not below; the report: the last class whose edge is reached."""
    stored = np.float32(value)
    in_report = int((stored >= np.float32(quantity.classes.edges)).sum())
    bounds = [float(bound) for bound, *_ in upper_bounds(quantity.classes)]
    assert next(number for number, bound in enumerate(bounds) if float(stored) <= bound) == in_report
