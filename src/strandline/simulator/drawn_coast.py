"""A simulated coast before its floods: where it lies, its sea, terrain and storms."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr
from pyproj import Transformer

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.region import Region
from strandline.observations.weather.forecast_errors import synthetic_forecasts
from strandline.observations.weather.land_drivers import RAIN_HOURS, rain_of_a_day
from strandline.observations.weather.storms import Storm, find_events, find_storms
from strandline.simulator.landscape.terrain import ReferenceLevels, Side, Terrain, draw_terrain
from strandline.simulator.sea.rain import local_runoff
from strandline.simulator.sea.sea import SeaRecord, simulate_sea
from strandline.simulator.sea.tracks import Basin
from strandline.simulator.sensors.gauges import SensorQuality

ARM_DISCHARGE, MAIN_ARM_DISCHARGE = 300.0, 1000.0
"""Mean discharge of the river arm in the domain [m3 s-1]; many arms share the discharge of the whole river. A coast
with rain lies on a main arm, which a flood season fills to its levees."""
_HIGH_WATERS_PER_YEAR, _DESIGN_EXCEEDANCES_PER_YEAR = 2.0, 0.3


@dataclass(frozen=True)
class Setting:
    """Range of positions and tides of the deltas of a basin.

    Attributes:
        longitude, latitude: ranges [degrees].
        seaward: sides that may face the sea.
        tide_scale: ratio of the local tide to that of the basin's tidal station [-].
    """

    longitude: tuple[float, float]
    latitude: tuple[float, float]
    seaward: tuple[Side, ...]
    tide_scale: tuple[float, float]


SETTINGS: dict[Basin, Setting] = {
    # Khepupara and Hiron Point have about half of Chittagong's tide; so has the Mekong's west of Vung Tau's.
    "bay_of_bengal": Setting((89.0, 91.5), (21.8, 22.4), ("south", "west"), (0.4, 0.65)),
    "mekong": Setting((105.5, 106.8), (9.0, 10.1), ("south", "east"), (0.5, 0.8)),
}
DIRECTION: dict[Side, float] = {"north": 0.0, "east": 90.0, "south": 180.0, "west": 270.0}


@dataclass(frozen=True, eq=False)
class DrawnCoast:
    """A coast before its floods, and the random generators of breaches and sensors."""

    region: Region
    terrain: Terrain
    sea: SeaRecord
    forecasts: xr.Dataset
    storms: list[Storm]
    breaches: np.random.Generator
    sensors: np.random.Generator


def draw_coast(
    name: str,
    seed: int,
    shape: tuple[int, int],
    cell_size: float,
    years: float,
    n_storms: int,
    basin: Basin | None,
    quality: SensorQuality,
    *,
    compound: bool = False,
) -> DrawnCoast:
    """Draw the coast of a seed; the arguments, and what is raised, are those of `simulate_coast`."""
    rows, columns = shape
    if rows % quality.optical_factor or columns % quality.optical_factor:
        what = f"{rows}×{columns} cells are not a multiple of {quality.optical_factor}"
        raise InputError(f"coast '{name}'", what, "optical pixels must tile the grid")
    # One generator for each subject, so that sensor settings do not change the terrain.
    setting_rng, sea_rng, terrain_rng, breaches, sensors = (np.random.default_rng([seed, part]) for part in range(5))
    chosen: Basin = basin or ("bay_of_bengal" if setting_rng.random() < 0.5 else "mekong")
    setting = SETTINGS[chosen]
    seaward = setting.seaward[int(setting_rng.integers(len(setting.seaward)))]
    longitude, latitude = setting_rng.uniform(*setting.longitude), setting_rng.uniform(*setting.latitude)
    sea = simulate_sea(
        chosen,
        longitude,
        latitude,
        years,
        sea_rng,
        seaward_direction=DIRECTION[seaward] + setting_rng.uniform(-15.0, 15.0),
        shelf_width=setting_rng.uniform(150e3, 200e3),
        shelf_depth=setting_rng.uniform(10.0, 12.0),
        mean_sea_level=setting_rng.uniform(-0.1, 0.3),
        sea_level_rise=setting_rng.uniform(0.0, 0.15),
        tide_scale=setting_rng.uniform(*setting.tide_scale),
        rain=np.random.default_rng([seed, 6]) if compound else None,
    )
    storms = _simulable_storms(name, sea, n_storms, years)
    terrain = draw_terrain(shape, cell_size, _reference_levels(sea, years), terrain_rng, seaward)
    region = _region(name, terrain, longitude, latitude, seaward)
    forecasts = _forecasts_at_site(sea.weather, longitude, latitude, seed)
    return DrawnCoast(region, terrain, sea, forecasts, storms, breaches, sensors)


def _forecasts_at_site(weather: xr.Dataset, longitude: float, latitude: float, seed: int) -> xr.Dataset:
    """Modality ``weather_forecast`` in the cell of the site alone, so that a long record stays small."""
    site = weather.sel(longitude=[longitude], latitude=[latitude], method="nearest")
    return synthetic_forecasts(weather, seed, None, site["longitude"].values, site["latitude"].values)


def own_level(sea: SeaRecord) -> tuple[npt.NDArray[np.datetime64], Floats]:
    """Times and true level of the own gauge."""
    return sea.tide_gauge["time"].values, sea.tide_gauge["water_level"].values[0]


def _simulable_storms(name: str, sea: SeaRecord, count: int, years: float) -> list[Storm]:
    """The highest storms at a sufficient distance from both ends of the record; with rain, events of any driver."""
    time, level = own_level(sea)
    inner = np.ones(time.size, dtype=bool)
    inner[: 24 * 5] = inner[-24 * 4 :] = False
    if sea.rain is None:
        storms = find_storms(time, np.where(inner, level, np.nan), count)
    else:
        storms = find_events(time, level, (level, *land_drivers(sea)), inner, count)
    if len(storms) < count:
        raise InputError(
            f"coast '{name}'", f"{years:g} years hold {len(storms)} separate storms, not {count}", "simulate more years"
        )
    return storms


def land_drivers(sea: SeaRecord) -> tuple[Floats, Floats]:
    """Rain of the last day [mm] and discharge of the river arm [m3 s-1], hourly (T,), of a sea with rain."""
    assert sea.rain is not None
    before = np.zeros(RAIN_HOURS)  # it was dry before the record
    return rain_of_a_day(np.concatenate([before, sea.rain.values]))[RAIN_HOURS:], arm_discharge(sea)


def arm_discharge(sea: SeaRecord) -> Floats:
    """(T,) discharge of the river arm in the domain [m3 s-1]: its share of the river, and what local rain adds."""
    whole = sea.discharge.values
    share = whole / whole.mean()
    if sea.rain is None:
        return np.asarray(ARM_DISCHARGE * share)
    return np.asarray(MAIN_ARM_DISCHARGE * share + local_runoff(sea.rain.values))


def _reference_levels(sea: SeaRecord, years: float) -> ReferenceLevels:
    """Levels of a record: high water is exceeded twice a year, the embankments' design level about once in three."""
    time, level = own_level(sea)
    most = max(6, round(_HIGH_WATERS_PER_YEAR * years))
    peaks = np.sort([storm.peak_level for storm in find_storms(time, level, most)])[::-1]
    mean = float(sea.tide_gauge["mean_sea_level"].values[0])
    design = float(peaks[min(round(_DESIGN_EXCEEDANCES_PER_YEAR * years), len(peaks) - 2)])
    high = float(peaks[-1])
    return ReferenceLevels(mean, high, max(design, high + 0.3))


def _region(name: str, terrain: Terrain, longitude: float, latitude: float, seaward: Side) -> Region:
    rows, columns = terrain.bed.shape
    crs = f"EPSG:{32600 + int((longitude + 180.0) // 6.0) + 1}"
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(longitude, latitude)
    cell = terrain.cell_size
    left, bottom = round(x / cell - columns / 2) * cell, round(y / cell - rows / 2) * cell
    right, top = left + columns * cell, bottom + rows * cell
    middle_x, middle_y = left + (columns // 2 + 0.5) * cell, bottom + (rows // 2 + 0.5) * cell
    sea_point = {
        "north": (middle_x, top - cell / 2),
        "east": (right - cell / 2, middle_y),
        "south": (middle_x, bottom + cell / 2),
        "west": (left + cell / 2, middle_y),
    }[seaward]
    return Region(name, crs, (left, bottom, right, top), cell, "simulated local datum", sea_point, "asia")
