"""Names, SI units and plausible ranges of all variables."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from strandline.errors import InputError

HOURS_PER_YEAR = 8766
"""Hours of a Julian year (365.25 days)."""
DEPTH_EDGES = (0.15, 0.5, 1.0, 1.5)
"""Depths [m] between the flood classes; a cell is flooded, and people and assets exposed, from the first edge on."""


@dataclass(frozen=True)
class Variable:
    """A physical quantity; values outside ``low`` to ``high`` are errors."""

    name: str
    unit: str
    low: float
    high: float
    meaning: str


_ALL = (
    Variable("water_level", "m", -15.0, 20.0, "still water level above the region's vertical datum"),
    Variable("tide", "m", -10.0, 10.0, "astronomical tide about mean sea level"),
    Variable("surge", "m", -6.0, 12.0, "water level minus tide minus mean sea level (non-tidal residual)"),
    Variable("water_level_forecast", "m", -15.0, 20.0, "water level forecast by a model"),
    Variable("surge_forecast", "m", -6.0, 12.0, "surge forecast by a model"),
    Variable("forecast_spread", "m", 0.0, 10.0, "standard deviation of the members of a forecast"),
    Variable("elevation", "m", -50.0, 200.0, "ground or bed elevation above the region's vertical datum"),
    Variable("elevation_error", "m", 0.0, 20.0, "standard deviation of the elevation product's error"),
    Variable("permanent_water", "1", 0.0, 1.0, "cell is water outside floods (0 or 1)"),
    Variable("roughness", "s m-1/3", 0.005, 0.5, "Manning's roughness coefficient"),
    Variable("flood_depth", "m", 0.0, 30.0, "greatest water depth above ground during an event"),
    Variable("flooded_share", "1", 0.0, 1.0, "share of a zone's observed land that is flooded"),
    Variable("scene", "1", 0.0, 1.0, "cloud share of an announced satellite image"),
    Variable("vv", "dB", -60.0, 30.0, "radar backscatter sigma nought, VV polarisation"),
    Variable("vh", "dB", -70.0, 30.0, "radar backscatter sigma nought, VH polarisation"),
    Variable("green", "1", -0.2, 1.6, "surface reflectance near 560 nm"),
    Variable("near_infrared", "1", -0.2, 1.6, "surface reflectance near 840 nm"),
    Variable("shortwave_infrared", "1", -0.2, 1.6, "surface reflectance near 1610 nm"),
    Variable("pressure", "Pa", 85000.0, 109000.0, "air pressure at mean sea level"),
    Variable("wind_east", "m s-1", -120.0, 120.0, "eastward wind component at 10 m"),
    Variable("wind_north", "m s-1", -120.0, 120.0, "northward wind component at 10 m"),
    Variable("rain", "mm h-1", 0.0, 500.0, "rain and melted snow, the mean over an hour or longer"),
    Variable("discharge", "m3 s-1", 0.0, 400000.0, "discharge of a river where it enters the region"),
    Variable("stage", "m", -500.0, 9000.0, "level of a river at a gauge, above the gauge's own zero"),
    Variable("sea_level", "m", -15.0, 20.0, "coarse modelled sea level above the region's vertical datum"),
    Variable("maximum_wind", "m s-1", 0.0, 120.0, "greatest sustained wind of a storm"),
    Variable("central_pressure", "Pa", 85000.0, 109000.0, "pressure at a storm's centre"),
    Variable("radius_of_maximum_wind", "m", 1000.0, 500000.0, "distance from a storm's centre to its greatest wind"),
    Variable("people", "1", 0.0, 1e8, "people who live in a cell"),
    Variable("quality", "1", 0.0, 255.0, "bit field of quality flags; 0 = no flag"),
)

VARIABLES: dict[str, Variable] = {variable.name: variable for variable in _ALL}


def check_variables(dataset: xr.Dataset, where: object) -> None:
    """Check a dataset for unknown variables, wrong units and values outside the plausible range.

    NaN is allowed and means "not observed"; infinities are errors.

    Raises:
        InputError: with the variable, the first offending value, its position and the remedy.
    """
    for name, array in dataset.data_vars.items():
        variable = VARIABLES.get(str(name))
        if variable is None:
            raise InputError(where, f"unknown variable '{name}'", f"known: {', '.join(sorted(VARIABLES))}")
        unit = array.attrs.get("units")
        if unit != variable.unit:
            raise InputError(where, f"'{name}' has units {unit!r}", f"convert it to {variable.unit!r} first")
        values = np.asarray(array.values, dtype=float)
        wrong = ~np.isnan(values) & ~((values >= variable.low) & (values <= variable.high))
        if wrong.any():
            first = tuple(int(i) for i in np.argwhere(wrong)[0])
            position = ", ".join(f"{dim}={i}" for dim, i in zip(array.dims, first, strict=True))
            raise InputError(
                where,
                f"{int(wrong.sum())} values of '{name}' lie outside {variable.low:g} to {variable.high:g} "
                f"{variable.unit}, the first is {values[first]:g} at {position}",
                f"check its unit and nodata value ({name} = {variable.meaning})",
            )


def as_variable(name: str, dims: tuple[str, ...], values: object) -> xr.Variable:
    """An xarray variable with the unit and long name of ``VARIABLES``."""
    variable = VARIABLES[name]
    return xr.Variable(dims, np.asarray(values), {"units": variable.unit, "long_name": variable.meaning})
