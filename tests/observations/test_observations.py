"""Region, vocabulary and observations: what they refuse, each refusal seen."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import xarray as xr

from strandline.errors import InputError
from strandline.observations.observations import Observations
from strandline.observations.region import Region
from strandline.observations.variables import VARIABLES, as_variable, check_variables
from tests.fixtures.batches import HERE, REGION, make_assets, make_observations, make_terrain, scenes
from tests.fixtures.weather import make_forecast, make_weather

REGION_FACTS = vars(REGION)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crs": "EPSG:4326"}, "not projected in metres"),
        ({"crs": "EPSG:2263"}, "not projected in metres"),  # feet
        ({"crs": "Atlantis"}, "is unknown"),
        ({"bounds": (501600.0, 5000000.0, 500000.0, 5001600.0)}, "are empty"),
        ({"bounds": (500000.0, 5001600.0, 501600.0, 5000000.0)}, "are empty"),
        ({"bounds": (np.nan, 5000000.0, 501600.0, 5001600.0)}, "are empty"),
        ({"bounds": (500000.0, 5000000.0, np.inf, 5001600.0)}, "do not form a grid"),
        ({"cell_size": 0.0}, "do not form a grid"),
        ({"cell_size": -100.0}, "do not form a grid"),
        ({"cell_size": 300.0}, "not a whole number"),
    ],
)
def test_a_region_refuses_what_makes_no_grid(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Region(**(REGION_FACTS | change))


def test_a_window_of_a_region_keeps_cells_and_sea_point() -> None:
    part = REGION.window(slice(2, 10), slice(4, None))
    np.testing.assert_array_equal(part.x, REGION.x[4:])
    np.testing.assert_array_equal(part.y, REGION.y[2:10])
    assert (part.shape, part.sea_point) == ((8, 12), REGION.sea_point)


def test_cells_are_counted_from_the_north_west_and_points_outside_have_none() -> None:
    x, y = np.meshgrid(REGION.x, REGION.y)
    row, column = REGION.cells_of(x.ravel(), y.ravel())
    np.testing.assert_array_equal(row, np.repeat(np.arange(16), 16))
    np.testing.assert_array_equal(column, np.tile(np.arange(16), 16))
    assert (REGION.transform.c, REGION.transform.f) == (REGION.bounds[0], REGION.bounds[3])
    for px, py in ((499999.9, 5000100.0), (501600.1, 5000100.0), (500100.0, 4999999.9), (500100.0, 5001600.1)):
        assert [int(cell[0]) for cell in REGION.cells_of(np.array([px]), np.array([py]))] == [-1, -1]


def test_every_variable_refuses_values_beyond_its_range_and_other_units() -> None:
    for name, variable in VARIABLES.items():
        for value in (variable.low - 1, variable.high + 1, np.inf, -np.inf):
            with pytest.raises(InputError, match=rf"'{name}' lie outside .* at x=1"):
                check_variables(xr.Dataset({name: as_variable(name, ("x",), [np.nan, value])}), "here")
        check_variables(xr.Dataset({name: as_variable(name, ("x",), [variable.low, variable.high, np.nan])}), "here")
        wrong = xr.Dataset({name: ("x", [variable.low], {"units": "furlong"})})
        with pytest.raises(InputError, match="has units 'furlong'"):
            check_variables(wrong, "here")
    with pytest.raises(InputError, match="unknown variable 'humidity'"):
        check_variables(xr.Dataset({"humidity": ("x", [1.0])}), "here")


def small_region() -> Observations:
    return make_observations(days=12, peaks=("2020-01-06T06",))


def with_gauge(change: object) -> dict[str, object]:
    gauge = small_region().require_gauge()
    return {"tide_gauge": change(gauge)}  # type: ignore[operator]


WET = np.zeros((1, 16, 16))
NOON = np.datetime64("2020-01-06T12", "ns")
DAYS = np.array(["2020-01-06", "2020-01-07"], dtype="datetime64[ns]")
LEADS = np.arange(0, 9, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_gauge(lambda g: g.drop_vars("quality")), "variable 'quality' is missing"),
        (with_gauge(lambda g: g.assign(tide=as_variable("tide", ("time",), np.zeros(288)))), "not part of this"),
        (with_gauge(lambda g: g.transpose()), "transpose it"),
        (with_gauge(lambda g: g.drop_vars("longitude")), "coordinate 'longitude' is missing"),
        (with_gauge(lambda g: g.isel(time=slice(None, None, -1))), "does not come after"),
        (with_gauge(lambda g: g.isel(time=[0, 0, 1])), "does not come after"),
        (with_gauge(lambda g: g.assign_coords(time=np.arange(288))), "not times"),
        (with_gauge(lambda g: g.assign_coords(time=np.full(288, np.datetime64("NaT", "ns")))), "not times"),
        ({"terrain": make_terrain().isel(x=slice(8))}, r"has shape \(16, 8\)"),
        ({"terrain": make_terrain(np.full((16, 16), np.nan))}, "no known elevation"),
        ({"flood_survey": scenes([NOON], flood_depth=WET).isel(x=slice(8))}, r"has shape \(16, 8\)"),
        ({"sar": scenes([NOON], vv=WET - 10).isel(y=slice(8))}, r"has shape \(8, 16\)"),
        ({"assets": make_assets().drop(columns="value")}, r"columns \['value'\] are missing"),
        ({"assets": make_assets().assign(asset_class="castle")}, r"unknown classes \['castle'\]"),
        ({"assets": make_assets().to_crs("EPSG:4326")}, "reproject them"),
        ({"provenance": {"terrain": HERE}}, "tide_gauge: has no provenance"),
        ({"weather": make_weather(DAYS).drop_vars("available_after_h")}, "'available_after_h' is missing"),
        ({"weather": make_weather(DAYS, delay=-1.0)}, "'available_after_h' is -1.0"),
        ({"weather": make_weather(DAYS, delay=np.nan)}, "'available_after_h' is nan"),
        ({"weather": make_weather(DAYS[::-1])}, "does not come after"),
        ({"weather_forecast": make_forecast(DAYS, LEADS, delay=-0.5)}, "T00:00 is available at 2020-01-05T23:30"),
        ({"weather_forecast": make_forecast(DAYS[::-1], LEADS)}, "issued .* does not come after"),
        ({"weather_forecast": make_forecast(DAYS, LEADS - 1)}, "give whole hours from 0 on"),
        ({"weather_forecast": make_forecast(DAYS, LEADS[::-1])}, "give whole hours from 0 on, ascending"),
        ({"weather_forecast": make_forecast(DAYS, LEADS).drop_vars("available")}, "'available' is missing"),
        ({"weather_forecast": make_forecast(DAYS, LEADS, {"rain": 600.0})}, "'rain' lie outside"),
    ],
)  # fmt: skip
def test_observations_refuse_what_breaks_their_layout(change: dict[str, object], message: str) -> None:
    here = small_region()
    added = dict.fromkeys(("sar", "flood_survey", "weather", "weather_forecast"), HERE)
    with pytest.raises(InputError, match=message):
        replace(here, **({"provenance": {**here.provenance, **added}} | change))


def test_a_modality_that_was_not_observed_is_none() -> None:
    here = small_region()
    assert set(here.modalities()) == {"terrain", "tide_gauge"}
    bare = here.without("tide_gauge", "assets")
    assert bare.tide_gauge is None
    assert bare.assets is None
    assert set(bare.modalities()) == {"terrain"}


def test_a_modality_that_is_required_but_was_not_observed_is_an_error() -> None:
    here = small_region()
    assert here.require_gauge() is here.tide_gauge
    assert here.require_assets() is here.assets
    bare = here.without("tide_gauge", "assets")
    with pytest.raises(InputError, match="'tide_gauge' was not observed; add 'tide_gauge' to its region file"):
        bare.require_gauge()
    with pytest.raises(InputError, match="'assets' was not observed"):
        bare.require_assets()
    with pytest.raises(InputError, match="'truth' was not observed; simulate a coast"):
        bare.require("truth")


def test_assets_may_be_absent_but_not_halved() -> None:
    assert isinstance(small_region().assets, gpd.GeoDataFrame)
    assert replace(small_region(), assets=None).assets is None
