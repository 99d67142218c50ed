"""Projections of sea level at a coast: the IPCC's files, NASA's projection tool, or a table.

Source of the formats: Garner et al. (2021), IPCC AR6 Sea Level Projections, Zenodo, doi:10.5281/zenodo.5914709;
NetCDF files ``total_<scenario>_<confidence>_confidence_values.nc`` with ``sea_level_change`` (quantiles, years,
locations) [mm] above 1995-2014; sheets of the tool with one row a scenario, confidence and quantile, and a column [m]
for each decade.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.checks.positions import great_circle_distance
from strandline.observations.readers.formats.fields import load, open_fields
from strandline.observations.readers.formats.tables import TextTable, read_table
from strandline.observations.readers.formats.units import parse_unit_attribute, to_si
from strandline.observations.region_file.scenario_sections import ProjectionsSection
from strandline.observations.sea_level.projections import LAST_YEAR, REFERENCE_YEARS, SeaLevelProjection

QUANTILES = (0.17, 0.5, 0.83)
FARTHEST = 200.0
"""[km] Between the gauge and a place of the files; they state one for every degree. A convention."""
LARGEST_RISE = 10.0
"""[m] Until 2100, beyond which a unit is wrong."""
_FILE = re.compile(r"total_(?P<scenario>ssp\d{3})_(?P<confidence>medium|low)_confidence_values\.nc")
_Values = tuple[tuple[float, ...], Floats]
"""K years, and the rise [m] (3, K) at ``QUANTILES``."""


def read_projections(section: ProjectionsSection, gauge: tuple[float, float]) -> tuple[SeaLevelProjection, ...]:
    """The projections, one for each scenario.

    Args:
        gauge: longitude and latitude of the own gauge [degrees].

    Raises:
        InputError: another format, a missing quantile, no place near the gauge, implausible values, or a projection
            that ends before 2100.
    """
    values: Mapping[str, _Values]
    if section.format == "ar6_netcdf":
        values = dict(_read_netcdf(path, section, gauge) for path in section.paths)
        if len(values) < len(section.paths):
            raise InputError("[scenarios.projections]", "two files hold the same scenario", "keep one of them")
    else:
        table = read_table(section.paths[0])
        values = _of_tool(table) if section.format == "ar6_csv" else _of_table(table, section)
    found = []
    for name, (years, rise) in values.items():
        if not np.isfinite(rise).all() or np.abs(rise).max() > LARGEST_RISE:
            what = f"scenario '{name}' has rises from {np.min(rise):g} to {np.max(rise):g} m until {LAST_YEAR}"
            raise InputError(section.paths[0], what, "check the unit, and that every year has a value")
        low, median, high = (tuple(float(value) for value in row) for row in rise)
        found.append(
            SeaLevelProjection(
                name, years, low, median, high, section.source, section.reference_years or REFERENCE_YEARS,
                holds_land_motion=section.land_motion == "included",
            )
        )  # fmt: skip
    return tuple(found)


def scenario_name(code: str, confidence: str) -> str:
    """``SSP5-8.5 low confidence`` of ``ssp585`` and ``low``."""
    name = f"SSP{code[3]}-{code[4]}.{code[5]}"
    return name if confidence == "medium" else f"{name} {confidence} confidence"


def _read_netcdf(path: Path, section: ProjectionsSection, gauge: tuple[float, float]) -> tuple[str, _Values]:
    """Scenario and values of one of the IPCC's files at one place."""
    match = _FILE.fullmatch(path.name)
    if match is None:
        raise InputError(
            path, "does not name its scenario", "keep the IPCC's name, such as total_ssp245_medium_confidence_values.nc"
        )
    if ("novlm" in str(path)) and section.land_motion == "included":
        raise InputError(path, "lies in a folder 'novlm', without land motion", 'state land_motion = "excluded"')
    with open_fields(path) as dataset:
        missing = {"sea_level_change", "quantiles", "years", "locations", "lat", "lon"} - set(
            map(str, dataset.variables)
        )
        if missing or set(dataset["sea_level_change"].dims) != {"quantiles", "years", "locations"}:
            what = f"has no {', '.join(sorted(missing)) or 'sea_level_change by quantiles, years and locations'}"
            raise InputError(path, what, "give a file of the IPCC's projections of sea level")
        places = dataset[["locations", "lat", "lon"]]
        load(places, path)
        number = _place(path, section, places["locations"].values, places["lon"].values, places["lat"].values, gauge)
        change = dataset["sea_level_change"].isel(locations=number).transpose("quantiles", "years")
        load(change, path)
        quantiles, years = (dataset[name].values.astype(float) for name in ("quantiles", "years"))
        unit = parse_unit_attribute(change.attrs.get("units"), "m", f"{path} 'sea_level_change'")
    nearest = [int(np.abs(quantiles - wanted).argmin()) for wanted in QUANTILES]
    if np.abs(quantiles[nearest] - QUANTILES).max() > 0.005:
        raise InputError(path, "lacks the quantiles 0.17, 0.5 and 0.83", "give the complete file")
    kept = years <= LAST_YEAR
    name = scenario_name(match["scenario"], match["confidence"])
    return name, (tuple(years[kept].tolist()), to_si(change.values[nearest][:, kept], unit))


def _place(
    path: Path,
    section: ProjectionsSection,
    numbers: np.ndarray[tuple[int], np.dtype[np.int64]],
    longitude: Floats,
    latitude: Floats,
    gauge: tuple[float, float],
) -> int:
    """Index of the stated place, or of the one nearest to the gauge."""
    if section.location is not None:
        found = np.flatnonzero(numbers == section.location)
        if not found.size:
            raise InputError(path, f"has no location {section.location}", "leave 'location' out for the nearest")
        return int(found[0])
    distance = np.where(np.isfinite(longitude + latitude), great_circle_distance(longitude, latitude, *gauge), np.inf)
    nearest = int(distance.argmin())
    if distance[nearest] > FARTHEST:
        what = f"its nearest place lies {distance[nearest]:.0f} km from the own gauge"
        raise InputError(path, what, "give the global or regional file, or the 'location' that holds for this coast")
    return nearest


def _of_tool(table: TextTable) -> dict[str, _Values]:
    """Scenario → values, of the sheet "Total" of NASA's tool."""
    wanted = {17: 0, 50: 1, 83: 2}
    columns = [str(name) for name in table.frame.columns if re.fullmatch(r"\d{4}", str(name))]
    columns = [name for name in columns if int(name) <= LAST_YEAR]
    if not columns:
        raise InputError(table.path, "has no columns of years", "give the sheet 'Total' of the tool as CSV")
    quantile, codes, confidences = table.numbers("quantile", ()), table.column("scenario"), table.column("confidence")
    if "process" in table.frame.columns and set(table.column("process").str.lower()) - {"total"}:
        raise InputError(table.path, "holds single processes", "give the sheet 'Total' of the tool as CSV")
    numbers = np.stack([table.numbers(name, ()) for name in columns], axis=1)  # (rows, K) [m]
    years = tuple(float(name) for name in columns)
    found: dict[str, _Values] = {}
    for code, confidence in dict.fromkeys(zip(codes, confidences, strict=True)):
        if not re.fullmatch(r"ssp\d{3}", str(code)):
            continue  # by warming level
        rise = np.full((3, len(years)), np.nan)
        for row in np.flatnonzero((codes == code) & (confidences == confidence)):
            if quantile[row] in wanted:
                rise[wanted[int(quantile[row])]] = numbers[row]
        found[scenario_name(str(code), str(confidence))] = (years, rise)
    if not found:
        raise InputError(table.path, "holds no scenario such as ssp245", "give the sheet 'Total' of the tool as CSV")
    return found


def _of_table(table: TextTable, section: ProjectionsSection) -> dict[str, _Values]:
    """Scenario → values, of the user's own table."""
    names, years = table.column("scenario"), table.numbers("year", ())
    rise = np.stack([to_si(table.numbers(key, ()), str(section.unit)) for key in ("low", "median", "high")])  # (3, N)
    table.refuse((names == "").to_numpy(), ["scenario"], "is no scenario", "name the scenario of every row")
    table.refuse(np.isnan(years), ["year"], "is no year", "give the year of every row")
    found: dict[str, _Values] = {}
    for name in dict.fromkeys(names):
        own = np.flatnonzero((names == name).to_numpy())
        order = own[np.argsort(years[own], kind="stable")]
        found[str(name)] = (tuple(years[order].tolist()), rise[:, order])
    return found
