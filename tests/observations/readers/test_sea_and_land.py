"""Projections in the IPCC's formats, and rates of subsidence: one number, polygons, a raster."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import xarray as xr
from shapely import box

from strandline.errors import InputError
from strandline.observations.readers.published.sea_level_projections import read_projections
from strandline.observations.readers.published.subsidence import read_subsidence
from strandline.observations.region_file.scenario_sections import ProjectionsSection, SubsidenceSection
from tests.fixtures.batches import REGION

GAUGE = REGION.centre_lonlat
SSP245 = {2020: 0.05, 2050: 0.21, 2100: 0.58, 2150: 0.95}


def ipcc_file(folder: Path, name: str = "total_ssp245_medium_confidence_values.nc", unit: str = "mm") -> Path:
    """Two places: one near the gauge, and one farther away whose sea rises 0.1 m more; nothing at a third."""
    quantiles = np.round(np.arange(0.0, 1.001, 0.01), 2)
    median = np.array(list(SSP245.values()))  # (K,)
    rise = median + 0.2 * (quantiles[:, None] - 0.5)  # (Q, K)
    change = np.stack([rise, rise + 0.1, np.full_like(rise, np.nan)], axis=2) * (1000 if unit == "mm" else 1)
    path = folder / name
    xr.Dataset(
        {
            "sea_level_change": (("quantiles", "years", "locations"), change, {"units": unit}),
            "lat": ("locations", [GAUGE[1] + 0.3, GAUGE[1] + 1.0, 0.0]),
            "lon": ("locations", [GAUGE[0], GAUGE[0] + 1.0, 0.0]),
        },
        {"quantiles": quantiles, "years": list(SSP245), "locations": [7, 8, 9]},
    ).to_netcdf(path, engine="h5netcdf")
    return path


def section(path: Path, **more: object) -> ProjectionsSection:
    stated = {"source": "a test", "format": "ar6_netcdf", "land_motion": "excluded", "paths": str(path), **more}
    return ProjectionsSection.model_validate(stated)


def test_an_ipcc_file_gives_the_projection_of_the_place_nearest_to_the_gauge(tmp_path: Path) -> None:
    (found,) = read_projections(section(ipcc_file(tmp_path)), GAUGE)
    assert found.name == "SSP2-4.5"
    assert found.years == (2020.0, 2050.0, 2100.0)
    assert found.median == pytest.approx((0.05, 0.21, 0.58))
    assert found.high == pytest.approx((0.116, 0.276, 0.646))
    assert not found.holds_land_motion
    (other,) = read_projections(section(ipcc_file(tmp_path), location=8), GAUGE)
    assert other.median == pytest.approx((0.15, 0.31, 0.68))


def test_the_file_of_low_confidence_is_a_scenario_of_its_own(tmp_path: Path) -> None:
    paths = [ipcc_file(tmp_path, f"total_ssp585_{each}_confidence_values.nc") for each in ("medium", "low")]
    found = read_projections(section(paths[0], paths=[str(each) for each in paths]), GAUGE)
    assert [each.name for each in found] == ["SSP5-8.5", "SSP5-8.5 low confidence"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "ssp245.nc"}, "does not name its scenario"),
        ({"unit": "m s-1"}, "sea_level_change"),
        ({"location": 9}, "rises from nan"),
        ({"location": 99}, "no location 99"),
        ({"gauge": (0.0, 60.0)}, "km from the own gauge"),
        ({"folder": "novlm", "land_motion": "included"}, "without land motion"),
    ],
)
def test_an_ipcc_file_that_does_not_fit_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    folder = tmp_path / str(change.pop("folder", "regional"))
    folder.mkdir()
    gauge = change.pop("gauge", GAUGE)
    of_file = {key: change.pop(key) for key in ("name", "unit") if key in change}
    with pytest.raises(InputError, match=message):
        read_projections(section(ipcc_file(folder, **of_file), **change), gauge)  # type: ignore[arg-type]


TOOL = """psmsl_id,process,confidence,scenario,quantile,2020,2050,2100,2150
155,total,medium,ssp245,5,0.02,0.10,0.30,0.4
155,total,medium,ssp245,17,0.03,0.15,0.42,0.6
155,total,medium,ssp245,50,0.05,0.21,0.58,0.9
155,total,medium,ssp245,83,0.07,0.28,0.79,1.4
155,total,low,ssp585,17,0.03,0.20,0.63,0.9
155,total,low,ssp585,50,0.05,0.25,0.90,2.0
155,total,low,ssp585,83,0.07,0.42,1.62,4.8
155,total,medium,tlim2.0win0.25,50,0.05,0.2,0.5,0.7
"""


def test_the_sheet_of_the_projection_tool_is_read_by_scenario_and_confidence(tmp_path: Path) -> None:
    path = tmp_path / "Total.csv"
    path.write_text(TOOL, encoding="utf-8")
    medium, low = read_projections(section(path, format="ar6_csv"), GAUGE)
    assert (medium.name, low.name) == ("SSP2-4.5", "SSP5-8.5 low confidence")
    assert medium.low == (0.03, 0.15, 0.42)
    assert low.high == (0.07, 0.42, 1.62)
    path.write_text(TOOL.replace("total", "AIS"), encoding="utf-8")
    with pytest.raises(InputError, match="single processes"):
        read_projections(section(path, format="ar6_csv"), GAUGE)


def test_an_own_table_is_read_in_its_unit_and_centimetres_called_metres_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text("scenario,year,low,median,high\nhigh,2100,50,70,110\nhigh,2050,15,20,30\n", encoding="utf-8")
    own = {"format": "table", "reference_years": [2000, 2009]}
    (found,) = read_projections(section(path, unit="cm", **own), GAUGE)
    assert (found.years, found.reference_years) == ((2050.0, 2100.0), (2000, 2009))
    assert found.median == pytest.approx((0.2, 0.7))
    with pytest.raises(InputError, match="check the unit"):
        read_projections(section(path, unit="m", **own), GAUGE)


def land(**stated: object) -> SubsidenceSection:
    return SubsidenceSection.model_validate({"source": "a test", **stated})


def raster(path: Path, rates: np.ndarray) -> Path:
    profile = {"driver": "GTiff", "dtype": "float64", "count": 1, "height": rates.shape[0], "width": rates.shape[1]}
    place = {"crs": REGION.crs, "transform": REGION.transform, "nodata": np.nan}
    with rasterio.open(path, "w", **profile, **place) as dataset:
        dataset.write(rates, 1)
    return path


def half() -> np.ndarray:
    """Rates [mm a-1] in the western half of the region only."""
    rates = np.full(REGION.shape, np.nan)
    rates[:, : REGION.shape[1] // 2] = 20.0
    return rates


def test_one_rate_holds_for_the_whole_region_and_its_gauge() -> None:
    found = read_subsidence(land(rate=[10, 18, 25]), REGION, GAUGE).value
    assert found.is_uniform
    assert found.median == pytest.approx(np.full(REGION.shape, 0.018))
    assert (found.at_gauge.low, found.at_gauge.high) == pytest.approx((0.010, 0.025))
    assert read_subsidence(land(rate=[10, 18, 25], at_gauge=3), REGION, GAUGE).value.at_gauge.median == 0.003


def test_a_raster_sinks_only_the_land_that_it_covers_and_says_how_much_that_is(tmp_path: Path) -> None:
    path = raster(tmp_path / "rate.tif", half())
    found = read_subsidence(land(path=str(path), uncertainty=5, at_gauge=2), REGION, GAUGE)
    middle = REGION.shape[1] // 2
    assert (found.value.median[:, : middle - 1] == 0.020).all()
    assert (found.value.high[:, : middle - 1] == 0.025).all()
    assert (found.value.high[:, middle + 1 :] == 0).all()
    assert "of the region; the rest is taken as stable" in str(found.findings[0])


def test_polygons_carry_their_own_bounds(tmp_path: Path) -> None:
    left, bottom, right, top = REGION.bounds
    middle = (left + right) / 2
    frame = gpd.GeoDataFrame(
        {"lo": [10.0, 0.0], "mid": [20.0, 2.0], "hi": [30.0, 4.0]},
        geometry=[box(left, bottom, middle, top), box(middle, bottom, right, top)],
        crs=REGION.crs,
    )
    frame.to_file(tmp_path / "rates.gpkg")
    columns = {"low": "lo", "median": "mid", "high": "hi"}
    stated = land(path=str(tmp_path / "rates.gpkg"), columns=columns)
    found = read_subsidence(stated, REGION, GAUGE)
    assert set(np.unique(found.value.median)) == {0.020, 0.002}
    assert set(np.unique(found.value.high)) == {0.030, 0.004}
    assert not found.findings
    frame.assign(mid=[0.02, 0.002], lo=0.0, hi=[0.03, 0.004]).to_file(tmp_path / "rates.gpkg")
    with pytest.raises(InputError, match=r"row 1.*metres a year"):
        read_subsidence(stated, REGION, GAUGE)


def test_a_raster_in_metres_a_year_and_a_gauge_without_a_rate_are_refused(tmp_path: Path) -> None:
    path = raster(tmp_path / "rate.tif", half() / 1000)
    with pytest.raises(InputError, match="metres a year"):
        read_subsidence(land(path=str(path), uncertainty=5), REGION, GAUGE)
    rates = half()
    path = raster(tmp_path / "rate.tif", rates)
    _, _, east, north = REGION.bounds_lonlat
    with pytest.raises(InputError, match="no rate for the ground of the own gauge"):
        read_subsidence(land(path=str(path), uncertainty=5), REGION, (east + 1.0, north))


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"rate": [0.01, 0.018, 0.025]}, "metres a year"),
        ({"rate": [10, 18, 2500]}, "no land sinks by 2500"),
        ({"rate": [-200, 1, 2]}, "no land sinks by -200"),
        ({"rate": [25, 18, 10]}, "do not ascend"),
        ({"rate": [1, 2, 3], "path": "x.tif"}, "either 'rate'"),
        ({"path": "x.tif"}, "bounds are missing"),
        ({}, "either 'rate'"),
    ],
)
def test_rates_of_another_unit_or_without_bounds_are_refused(stated: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        land(**stated)
