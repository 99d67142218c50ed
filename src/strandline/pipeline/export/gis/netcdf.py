"""The maps of a run as NetCDF-4 by the CF conventions 1.11, with dimensions for scenario, sea level and percentile.

Source: Eaton et al. (2023), NetCDF Climate and Forecast Metadata Conventions 1.11, sections 3 (units, names), 5.6 (grid
mappings) and 7.3 (cell methods).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from pyproj import CRS, Transformer

from strandline.files import write_atomically
from strandline.pipeline.export.gis.finished_run import FinishedRun
from strandline.pipeline.export.gis.quantities import ALL_DRIVERS, Quantity
from strandline.pipeline.export.gis.rasters import ScenarioRaster

NETCDF = "maps.nc"
CONVENTIONS = "CF-1.11"
_PERCENTILES = ("p10", "p50", "p90")
_MEANINGS = {
    "scenario": "sea and land of which year; today is the year that plan.json counts from",
    "return_period": "return period of the sea level that a map is given",
    "percentile": "percentile over the samples of the flood maps",
    "bound": "lower and upper bound of a chance",
    "part": "mean, 5th and 95th percentile, and the part of each driver",
}
_UNITS = {"return_period": "year", "percentile": "percent"}


def write_netcdf(path: Path, run: FinishedRun, rasters: Sequence[ScenarioRaster]) -> None:
    """Write every map of the run.

    Raises:
        Unwritable: the disk does not take it.
    """
    maps = maps_of(run, rasters)
    compressed = {"zlib": True, "complevel": 4, "shuffle": True}
    encoding = {str(name): {**compressed, "_FillValue": np.float32(np.nan)} for name in maps.data_vars if name != "crs"}
    encoding |= {str(name): {"_FillValue": None} for name in maps.coords if maps[name].dtype.kind == "f"}
    with write_atomically(path) as temporary:
        maps.to_netcdf(temporary, engine="h5netcdf", encoding=encoding)


def maps_of(run: FinishedRun, rasters: Sequence[ScenarioRaster]) -> xr.Dataset:
    """The maps as one data set; NaN = unknown."""
    quantities = list({raster.quantity.name: raster.quantity for raster in rasters}.values())
    values = {
        quantity.name: _variable(quantity, [raster for raster in rasters if raster.quantity == quantity])
        for quantity in quantities
    }
    maps = xr.Dataset(values).assign_coords(_positions(run, rasters[0]))
    maps["sea_level"] = _sea_level(run)
    for name, meaning in _MEANINGS.items():
        if name not in maps.coords:
            continue
        if name in _UNITS:
            maps[name].attrs = {"long_name": meaning, "units": _UNITS[name]}
        else:  # a coordinate variable is of numbers: text labels a dimension under another name (CF, section 6.1)
            labels = xr.Variable(name, maps[name].to_numpy(), {"long_name": meaning})
            maps = maps.drop_vars(name).assign_coords({f"{name}_name": labels})
    maps["crs"] = xr.DataArray(np.int32(0), attrs=CRS.from_user_input(run.crs).to_cf())
    maps.attrs = _statements(run, rasters[0])
    return maps


def _variable(quantity: Quantity, rasters: Sequence[ScenarioRaster]) -> xr.DataArray:
    """All scenarios of a quantity, by the dimensions that its bands have."""
    if quantity == ALL_DRIVERS:
        (only,) = rasters
        parts = [name.removeprefix(f"{only.scenario}, ") for name in only.band_names]
        found = xr.DataArray(only.values, dims=("part", "y", "x"), coords={"part": np.array(parts, dtype=object)})
    else:
        found = xr.concat(
            [_by_condition(raster) for raster in rasters],
            dim=xr.Variable("scenario", np.array([raster.scenario for raster in rasters], dtype=object)),
            join="outer",  # a scenario without a return period has unknown maps of it
        )
    found.attrs = {
        "long_name": quantity.long_name, "units": quantity.unit, "grid_mapping": "crs",
        **({"standard_name": quantity.standard_name} if quantity.standard_name else {}),
        **({"cell_methods": quantity.cell_methods} if quantity.cell_methods else {}),
    }  # fmt: skip
    if quantity.name == "flooded":
        found.attrs |= {
            "flag_values": np.array([0, 1], dtype=np.float32),
            "flag_meanings": "not_classified_as_flooded classified_as_flooded",
        }
    return found


def _by_condition(raster: ScenarioRaster) -> xr.DataArray:
    """The bands of one scenario by return period, percentile and bound, as far as they have them."""
    labels: dict[str, list[float | int | str | None]] = {
        "return_period": [band.return_period for band in raster.bands],
        "percentile": [band.percentile for band in raster.bands],
        "bound": [band.bound for band in raster.bands],
    }
    given = {name: own for name, own in labels.items() if own[0] is not None}
    sizes = {name: list(dict.fromkeys(own)) for name, own in given.items()}
    shape = tuple(len(own) for own in sizes.values())
    grid = np.full((*shape, *raster.values.shape[1:]), np.nan, dtype=np.float32)
    for values, *own in zip(raster.values, *given.values(), strict=True):
        grid[tuple(sizes[name].index(label) for name, label in zip(sizes, own, strict=True))] = values
    coordinates = {name: np.array(own, dtype=object if name == "bound" else float) for name, own in sizes.items()}
    return xr.DataArray(grid, dims=(*sizes, "y", "x"), coords=coordinates)


def _positions(run: FinishedRun, raster: ScenarioRaster) -> dict[str, xr.DataArray]:
    """Projected coordinates of the cells' centres, and their longitude and latitude."""
    _, height, width = raster.values.shape
    x = raster.transform.c + (np.arange(width) + 0.5) * raster.transform.a
    y = raster.transform.f + (np.arange(height) + 0.5) * raster.transform.e
    longitude, latitude = Transformer.from_crs(run.crs, "EPSG:4326", always_xy=True).transform(*np.meshgrid(x, y))
    return {
        "x": xr.DataArray(x, dims="x", attrs={
            "standard_name": "projection_x_coordinate", "long_name": "easting", "units": "m", "axis": "X",
        }),
        "y": xr.DataArray(y, dims="y", attrs={
            "standard_name": "projection_y_coordinate", "long_name": "northing", "units": "m", "axis": "Y",
        }),
        "lon": xr.DataArray(longitude, dims=("y", "x"), attrs={
            "standard_name": "longitude", "long_name": "longitude", "units": "degrees_east",
        }),
        "lat": xr.DataArray(latitude, dims=("y", "x"), attrs={
            "standard_name": "latitude", "long_name": "latitude", "units": "degrees_north",
        }),
    }  # fmt: skip


def _sea_level(run: FinishedRun) -> xr.DataArray:
    """Return levels of today."""
    levels = run.summary["return_levels"]
    return xr.DataArray(
        np.array([[level[name] for name in _PERCENTILES] for level in levels], dtype=np.float32),
        dims=("return_period", "percentile"),
        coords={
            "return_period": [float(level["return_period"]) for level in levels],
            "percentile": [float(name[1:]) for name in _PERCENTILES],
        },
        attrs={"long_name": f"sea level of today above {run.vertical_datum}", "units": "m"},
    )


def _statements(run: FinishedRun, raster: ScenarioRaster) -> dict[str, str]:
    """Attributes of the file; an empty one is left out."""
    title = f"{'SIMULATED: ' if run.is_simulated else ''}flood maps of {run.place}"
    stated = {
        "Conventions": CONVENTIONS,
        "title": title,
        "source": f"{run.software}; {raster.tags.get('SOURCES', '')}",
        "history": f"{run.started:%Y-%m-%dT%H:%M:%SZ} {run.software}",
        "references": "report.html and data_sources.md of the run",
        "comment": f"{run.origin} Unknown cells are NaN and never dry. {raster.tags.get('BREACHES', '')}".strip(),
        "acknowledgement": run.attribution,
        "vertical_datum": run.vertical_datum,
    }
    return {name: text for name, text in stated.items() if text}
