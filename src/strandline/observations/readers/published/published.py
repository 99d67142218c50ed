"""What is published of a region's sea and land: tides, annual maxima, projections and subsidence."""

from functools import partial

from strandline.errors import InputError
from strandline.observations.checks.findings import Checked, Finding
from strandline.observations.checks.positions import doubts_about_own_gauge
from strandline.observations.checks.published import Published
from strandline.observations.readers.formats.reading_process import Executor, in_this_process
from strandline.observations.readers.published.annual_maxima import read_annual_maxima
from strandline.observations.readers.published.sea_level_projections import read_projections
from strandline.observations.readers.published.subsidence import read_subsidence
from strandline.observations.readers.published.tidal_constants import read_tidal_constants
from strandline.observations.region_file import RegionFile


def place_of_tide(region_file: RegionFile) -> tuple[float, float]:
    """Longitude and latitude [degrees] whose tide is asked for: of the own gauge, else of the middle of the region.

    A gauge that cannot stand where it is stated is refused for that alone, and not for all that follows from it.
    """
    if not region_file.tide_gauge or any(doubt.refuses for doubt in doubts_about_own_gauge(region_file)):
        return region_file.region.centre_lonlat
    return region_file.tide_gauge[0].longitude, region_file.tide_gauge[0].latitude


def read_published(region_file: RegionFile, execute: Executor = in_this_process) -> Checked[Published]:
    """The constants, annual maxima, projections and rates of subsidence that a region file names.

    Args:
        execute: where files are parsed.

    Raises:
        InputError: with file, row and remedy.
    """
    published: dict[str, object] = {}
    findings: list[Finding] = []
    tides, extremes, scenarios = region_file.tides, region_file.extremes, region_file.scenarios
    place = place_of_tide(region_file)
    if tides is not None and tides.constants is not None and tides.station is not None:
        tables = [tides.constants] if tides.stations is None else [tides.constants, tides.stations]
        read = partial(read_tidal_constants, tides.constants, tides.station, place[1], place[0], tides.stations)
        constants = execute(tables, read)
        published |= {"constants": constants.value, "constants_from": f"{tides.constants} station '{tides.station}'"}
        findings += constants.findings
    if extremes is not None:
        maxima = execute([extremes.path], partial(read_annual_maxima, extremes))
        published["maxima"] = maxima.value
        findings += maxima.findings
    if scenarios is not None and scenarios.projections is not None:
        section = scenarios.projections
        projections = execute(list(section.paths), partial(read_projections, section, place))
        known = [each.name for each in projections]
        for rise in scenarios.sea_level_rise:
            if rise.scenario is not None and rise.scenario not in known:
                what = f"scenario '{rise.scenario}' is not in {section.paths[0].name}"
                raise InputError("[scenarios.sea_level_rise]", what, f"choose one of {', '.join(known)}")
        published["projections"] = projections
    if scenarios is not None and scenarios.subsidence is not None:
        land = scenarios.subsidence
        paths = [] if land.path is None else [land.path]
        subsidence = execute(paths, partial(read_subsidence, land, region_file.region, place))
        published["subsidence"] = subsidence.value
        findings += subsidence.findings
    return Checked(Published(**published), tuple(findings))  # type: ignore[arg-type]
