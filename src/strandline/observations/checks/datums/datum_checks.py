"""All checks of datums, and what a person has accepted of their findings."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import xarray as xr

from strandline.observations.checks.datums.gauge_records import gauge_records
from strandline.observations.checks.datums.ground import compare_with_sea, ground_of
from strandline.observations.checks.datums.highest_readings import compare_with_maxima
from strandline.observations.checks.datums.mean_sea_level import (
    USUAL_SEASON,
    compare_neighbours,
    compare_with_statement,
)
from strandline.observations.checks.findings import Finding
from strandline.observations.checks.published import Published
from strandline.observations.region_file import RegionFile
from strandline.observations.region_file.accepted_findings import AcceptedFinding


def check_datums(
    region_file: RegionFile,
    terrain: xr.Dataset | None,
    gauge: xr.Dataset | None,
    published: Published,
) -> tuple[Finding, ...]:
    """Where the data contradicts the datums that the region file states; absent data contradicts nothing.

    Args:
        terrain, gauge: the modalities ``terrain`` and ``tide_gauge``.
        published: tidal constants and annual maxima.
    """
    return tuple(accept(_findings(region_file, terrain, gauge, published), region_file.accepted))


def _findings(
    region_file: RegionFile,
    terrain: xr.Dataset | None,
    gauge: xr.Dataset | None,
    published: Published,
) -> Iterator[Finding]:
    if gauge is None:
        return
    records = gauge_records(region_file.tide_gauge, gauge)
    tide = {} if published.constants is None else published.constants.amplitude
    season = tide.get("SA", 0.0) + tide.get("SSA", 0.0) or USUAL_SEASON
    for record in records:
        yield from compare_with_statement(record, region_file.region_section.vertical_datum, season)
    yield from compare_neighbours(records)
    if not records or records[0].section is not region_file.tide_gauge[0]:
        return
    own = records[0]
    if published.maxima is not None and region_file.extremes is not None:
        yield from compare_with_maxima(own, published.maxima.years, published.maxima.levels, region_file.extremes)
    if terrain is not None and own.is_long_enough:
        ground = ground_of(terrain, region_file.region, own)
        yield from compare_with_sea(ground, region_file.region.cell_size, region_file.terrain)


def accept(findings: Iterable[Finding], accepted: Iterable[AcceptedFinding]) -> Iterator[Finding]:
    """The findings; those that a person answers for refuse nothing and carry the reason."""
    reasons = {each.check: each.reason for each in accepted}
    for finding in findings:
        if finding.check in reasons:
            yield replace(finding, refuses=False, remedy=f"accepted in the region file: {reasons[finding.check]}")
        else:
            yield finding
