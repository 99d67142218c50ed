"""A map of people on the region's grid: nobody is lost and nobody counted twice when cells change their size."""

import numpy as np
import xarray as xr
from rasterio.enums import Resampling

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.readers.formats.rasters import cell_size_in, open_raster, read_on_grid
from strandline.observations.region import Region
from strandline.observations.region_file.surveys.exposure_sections import PeopleSection
from strandline.observations.variables import as_variable

MOST_DENSE = 0.5
"""[m-2] People in the densest cell: 500,000 to a square kilometre; no quarter of any town is denser. An assumption."""
PLACED_WITHIN = "placed_within"
"""Attribute of the variable: side of the map's own cells [m]."""


def read_people(settings: PeopleSection, region: Region) -> xr.Dataset:
    """The ``people`` modality: persons in each cell; NaN = the map says nothing there.

    A cell takes from each cell of the map the share that it covers of it.

    Raises:
        InputError: with raster and remedy: no coverage, negative numbers, or persons of another unit than a cell.
    """
    path = settings.path

    def persons(values: Floats) -> Floats:
        negative = int((values < 0).sum())
        if negative:
            what = f"holds {negative} negative numbers of people, the least is {np.nanmin(values):g}"
            raise InputError(path, what, "name the value that means nobody counted as 'nodata' in [people]")
        return values

    with open_raster(path) as dataset:
        people = read_on_grid(dataset, settings.band, region, settings.nodata, persons, Resampling.sum)
        own_cell = cell_size_in(dataset, region)
    densest = float(np.nanmax(people)) / region.cell_size**2
    if densest > MOST_DENSE:
        what = f"has {1e6 * densest:,.0f} people to a square kilometre in its densest cell"
        raise InputError(path, what, "give persons in each cell, not persons to a square kilometre")
    variable = as_variable("people", ("y", "x"), people)
    variable.attrs[PLACED_WITHIN] = own_cell
    return xr.Dataset({"people": variable}, {"y": region.y, "x": region.x})
