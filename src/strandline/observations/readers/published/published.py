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
from strandline.observations.readers.published.tide_of_place import read_tide_of_place, tables_of
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
    if tides is not None and tides.constants is not None:
        tide = execute(tables_of(tides), partial(read_tide_of_place, tides, *place))
        named = [tides.station] if isinstance(tides.station, str) else tides.station or ()
        published["constants"] = tide.value.constants
        published["constants_from"] = f"{tides.constants} " + " and ".join(f"station '{each}'" for each in named)
        published["tide_size_error"] = tide.value.size_error
        findings += tide.findings
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
