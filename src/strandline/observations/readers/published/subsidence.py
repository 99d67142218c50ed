"""Subsidence of a region: one rate, polygons with rates, or a raster."""

import numpy as np
from pyproj import Transformer
from rasterio.features import rasterize

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.checks.findings import Checked, Finding
from strandline.observations.readers.formats.rasters import open_raster, read_on_grid
from strandline.observations.readers.formats.vectors import read_vectors
from strandline.observations.region import Region
from strandline.observations.region_file.scenario_sections import SubsidenceSection, check_rate, check_rates
from strandline.observations.sea_level.subsidence import SinkingRate, Subsidence

METRES = 1e-3
MAPPED_SHARE = 0.95
"""Share of the region below which its mapped part is worth a word [-]; a convention."""


def read_subsidence(section: SubsidenceSection, region: Region, gauge: tuple[float, float]) -> Checked[Subsidence]:
    """Rates on the region's grid [m a-1]; where none is stated the land is taken as stable, which is a finding.

    Args:
        gauge: longitude and latitude of the own gauge [degrees].

    Raises:
        InputError: no rate lies in the region, a rate looks like another unit, bounds do not ascend, or no rate is
            known for the gauge's ground.
    """
    if section.rate is not None:
        uniform = SinkingRate(*(METRES * rate for rate in section.rate))
        low, median, high = (np.full(region.shape, rate) for rate in (uniform.low, uniform.median, uniform.high))
        return Checked(Subsidence(low, median, high, _stated_at_gauge(section) or uniform, section.source))
    rates = _from_polygons(section, region) if section.columns is not None else _from_raster(section, region)
    mapped = ~np.isnan(rates[1])
    findings = []
    if mapped.mean() < MAPPED_SHARE:
        what = f"states a rate for {mapped.mean():.0%} of the region; the rest is taken as stable"
        findings.append(Finding(str(section.path), what, "give rates for the whole region, 0 where it is stable"))
    at_gauge = _stated_at_gauge(section) or _at(rates, region, gauge)
    if at_gauge is None:
        raise InputError(
            str(section.path),
            "has no rate for the ground of the own gauge, without which the sea's rise there stays mixed with it",
            "add 'at_gauge' [mm a-1] to [scenarios.subsidence]",
        )
    low, median, high = (np.where(mapped, METRES * grid, 0.0) for grid in rates)
    return Checked(Subsidence(low, median, high, at_gauge, section.source), tuple(findings))


def _stated_at_gauge(section: SubsidenceSection) -> SinkingRate | None:
    """The gauge's own rate, where it is stated."""
    return None if section.at_gauge is None else SinkingRate(*[METRES * section.at_gauge] * 3)


def _at(rates: tuple[Floats, Floats, Floats], region: Region, place: tuple[float, float]) -> SinkingRate | None:
    """The rate of the cell of a place; ``None`` outside the region or the mapped part."""
    x, y = Transformer.from_crs("EPSG:4326", region.crs, always_xy=True).transform(*place)
    row, column = (int(each[0]) for each in region.cells_of(np.array([x]), np.array([y])))
    if row < 0 or np.isnan(rates[1][row, column]):
        return None
    return SinkingRate(*(METRES * float(grid[row, column]) for grid in rates))


def _from_polygons(section: SubsidenceSection, region: Region) -> tuple[Floats, Floats, Floats]:
    """Rates (H, W) [mm a-1]; NaN = in no polygon. Of overlapping polygons the last one counts."""
    if section.path is None or section.columns is None:
        raise InputError("[scenarios.subsidence]", "names no polygons", "give 'path' and 'columns'")
    columns = [section.columns.low, section.columns.median, section.columns.high]
    frame = read_vectors(section.path, columns).to_crs(region.crs)
    for row, values in enumerate(zip(*(frame[name] for name in columns), strict=True), start=1):
        try:
            check_rates(*(check_rate(float(value)) for value in values))
        except (TypeError, ValueError) as error:
            what, _, remedy = str(error).partition("; ")
            raise InputError(f"{section.path} row {row}", what, remedy or "give rates in mm a year") from error
    low, median, high = (
        np.asarray(
            rasterize(
                list(zip(frame.geometry, frame[name].astype(float), strict=True)),
                region.shape,
                fill=np.nan,
                transform=region.transform,
                dtype="float64",
            )
        )
        for name in columns
    )
    if np.isnan(median).all():
        raise InputError(section.path, f"no polygon covers a cell of region '{region.name}'", "check its CRS")
    return low, median, high


def _from_raster(section: SubsidenceSection, region: Region) -> tuple[Floats, Floats, Floats]:
    """Rates (H, W) [mm a-1]; NaN = not mapped."""
    if section.path is None or section.uncertainty is None:
        raise InputError("[scenarios.subsidence]", "names no raster", "give 'path' and 'uncertainty'")
    with open_raster(section.path) as dataset:
        median = read_on_grid(dataset, section.band, region, None)
    known = median[~np.isnan(median)]
    try:
        check_rate(float(known.min()))
        check_rates(float(known.min()), float(known.max()), float(known.max()))
        check_rate(float(known.max()))
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        raise InputError(f"{section.path} band {section.band}", what, remedy) from error
    return median - section.uncertainty, median, median + section.uncertainty
