"""What is published of a region's sea: tidal constants, and annual maxima of a longer record."""

from functools import partial

from strandline.observations.checks.cross_checks import Published
from strandline.observations.checks.findings import Checked, Finding
from strandline.observations.readers.annual_maxima import read_annual_maxima
from strandline.observations.readers.formats.reading_process import Executor, in_this_process
from strandline.observations.readers.tidal_constants import read_tidal_constants
from strandline.observations.region_file import RegionFile


def read_published(region_file: RegionFile, execute: Executor = in_this_process) -> Checked[Published]:
    """The constants and annual maxima that a region file names.

    Args:
        execute: where files are parsed.

    Raises:
        InputError: with file, row and remedy.
    """
    published: dict[str, object] = {}
    findings: list[Finding] = []
    tides, extremes = region_file.tides, region_file.extremes
    if tides is not None and tides.constants is not None and tides.station is not None:
        latitude = region_file.tide_gauge[0].latitude if region_file.tide_gauge else region_file.region.centre_lonlat[1]
        constants = execute([tides.constants], partial(read_tidal_constants, tides.constants, tides.station, latitude))
        published |= {"constants": constants.value, "constants_from": f"{tides.constants} station '{tides.station}'"}
        findings += constants.findings
    if extremes is not None:
        maxima = execute([extremes.path], partial(read_annual_maxima, extremes))
        published |= {
            "years": maxima.value.years,
            "maxima": maxima.value.levels,
            "maxima_from": str(extremes.path),
        }
        findings += maxima.findings
    return Checked(Published(**published), tuple(findings))  # type: ignore[arg-type]
