"""Rain and rivers of a real place as they drive the solver."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from pyproj import Transformer

from strandline.observations.observations import Observations, Provenance
from strandline.observations.variables import as_variable
from strandline.observations.weather.storms import Storm
from strandline.simulator.hydrodynamics.rain_and_rivers import bankfull, entry_cell, rain_and_rivers
from strandline.simulator.radar_archive import simulate_archive, solver_terrain
from tests.fixtures.batches import REGION, make_observations

HERE = Provenance("real", "made by hand for a test")


def with_rain_and_river(rain: float, discharge: np.ndarray | None = None, place: int = 8) -> Observations:
    """Constant rain [mm h-1], and a river of a mean of 100 m3/s, in the row ``place`` of the eastern edge."""
    observed = make_observations()
    gauge = observed.require_gauge()
    time = gauge["time"].values
    x, y = REGION.x[-1], REGION.y[place]
    longitude, latitude = Transformer.from_crs(REGION.crs, "EPSG:4326", always_xy=True).transform(x, y)
    nodes = {"latitude": [45.0], "longitude": [15.0]}
    six = time[::6]
    fields = {
        name: as_variable(name, ("time", "latitude", "longitude"), np.full((six.size, 1, 1), value))
        for name, value in (("pressure", 101000.0), ("wind_east", 0.0), ("wind_north", 0.0), ("rain", rain))
    }
    weather = xr.Dataset(fields, {"time": six, **nodes, "available_after_h": 6.0})
    flow = np.full(time.size, 100.0) if discharge is None else discharge
    river = xr.Dataset(
        {"discharge": as_variable("discharge", ("river", "time"), flow[None])},
        {
            "river": ["arm"],
            "time": time,
            "longitude": ("river", [longitude]),
            "latitude": ("river", [latitude]),
            "available_after_h": ("river", [0.0]),
        },
    )
    known = {**observed.provenance, "weather": HERE, "river": HERE}
    return replace(observed, weather=weather, river=river, provenance=known)


def test_a_bed_carries_the_flood_of_every_second_year() -> None:
    hours = np.arange("2001-01-01", "2006-01-01", dtype="datetime64[h]").astype("datetime64[ns]")
    year = pd.DatetimeIndex(hours).year.to_numpy() - 2001
    flow = np.array([300.0, 100.0, 200.0, 500.0, 400.0])[year] * np.linspace(0, 1, hours.size) ** 0
    assert bankfull(hours, flow) == 300.0
    flow[10:2000] = np.nan
    assert bankfull(hours, flow) == 300.0


def test_rain_comes_in_metres_a_second_and_only_what_is_above_the_bed_enters() -> None:
    place = make_observations()
    time = place.require_gauge()["time"].values
    flow = np.full(time.size, 100.0)
    flow[500:520] = 900.0
    observed = with_rain_and_river(3.6, flow)
    terrain = solver_terrain(observed, 2.0)
    window = np.arange(490, 539)[None] + np.array([[0], [-300]])
    found = rain_and_rivers(observed, time, window, terrain.land, terrain.open_boundary)
    assert found.rain is not None
    np.testing.assert_allclose(found.rain, 1e-6)
    assert found.discharge is not None
    assert found.discharge.shape == (2, 49, 1)
    assert found.discharge.max() == pytest.approx(900 - bankfull(time, flow))
    (cell,) = found.cells
    assert not terrain.open_boundary[cell]


def test_a_storm_with_a_gap_has_no_rain_and_the_others_keep_theirs() -> None:
    observed = with_rain_and_river(3.6)
    assert observed.weather is not None
    time = observed.require_gauge()["time"].values
    rain = observed.weather["rain"].values.copy()
    rain[80:84] = np.nan  # hours 480 to 498
    observed = replace(observed, weather=observed.weather.assign(rain=observed.weather["rain"].copy(data=rain)))
    terrain = solver_terrain(observed, 2.0)
    window = np.arange(490, 539)[None] + np.array([[0], [-300]])
    found = rain_and_rivers(observed, time, window, terrain.land, terrain.open_boundary)
    assert found.rain is not None
    assert found.rain[0].max() == 0
    np.testing.assert_allclose(found.rain[1], 1e-6)


def test_a_river_enters_at_the_nearest_known_inland_water() -> None:
    observed = with_rain_and_river(0.0)
    land = np.ones(REGION.shape, dtype=bool)
    land[3, 3] = land[12, 12] = False
    nowhere = np.zeros(REGION.shape, dtype=bool)
    assert observed.river is not None
    at = float(observed.river["longitude"][0]), float(observed.river["latitude"][0])
    assert entry_cell(observed, *at, land, nowhere) == (12, 12)
    row, column = entry_cell(observed, *at, np.ones_like(land), nowhere)
    known = ~np.isnan(observed.terrain["elevation"].values)
    assert known[row, column], "without inland water the nearest known cell"


@pytest.mark.slow
def test_rain_floods_the_archive_of_a_place_where_the_sea_stays_low() -> None:
    time = make_observations().require_gauge()["time"].values
    storms = [Storm(time[h - 72], time[h], time[h + 48], 0.4) for h in (200, 400, 600)]

    def wet(observed: Observations) -> np.ndarray:
        archive = simulate_archive(observed, storms, 1, np.random.default_rng(0))
        assert archive.truth is not None
        return np.asarray((archive.truth["flood_depth"].values > 0.15).sum(axis=(1, 2)))

    dry, rainy = wet(with_rain_and_river(0.0)), wet(with_rain_and_river(15.0))
    assert (rainy >= dry).all()
    assert rainy.sum() > dry.sum()
    np.testing.assert_array_equal(dry, wet(make_observations()))
