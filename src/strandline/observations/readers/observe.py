"""Reads the files of a region file into ``Observations``. A named but unusable file stops the run."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import xarray as xr

from strandline.observations.checks.findings import Checked, Finding
from strandline.observations.exposure.plausibility import doubts_about_exposure
from strandline.observations.exposure.settlement import settle
from strandline.observations.fetch.credits.cited_files import cite
from strandline.observations.fetch.credits.data_files import without_secrets
from strandline.observations.observations import Observations, Provenance, ProvenanceKind
from strandline.observations.readers.exposure.assets import read_all_assets
from strandline.observations.readers.exposure.people import PLACED_WITHIN, read_people
from strandline.observations.readers.flood_surveys import read_flood_surveys
from strandline.observations.readers.formats.reading_process import Executor, in_this_process
from strandline.observations.readers.gauges.rivers import read_rivers
from strandline.observations.readers.gauges.tide_gauges import read_tide_gauges
from strandline.observations.readers.published.cyclone_tracks import read_storms
from strandline.observations.readers.published.surge_forecasts import read_surge_forecasts
from strandline.observations.readers.satellite import read_optical, read_sar, read_sar_reference
from strandline.observations.readers.terrain import read_terrain
from strandline.observations.readers.weather import read_weather
from strandline.observations.readers.weather_forecasts.read_weather_forecasts import read_weather_forecasts
from strandline.observations.region import Region
from strandline.observations.region_file import RegionFile
from strandline.observations.region_file.data_sections import RiverSection, TideGaugeSection
from strandline.observations.region_file.surveys.exposure_sections import AssetsSection, PeopleSection
from strandline.observations.region_file.values import Section, Sourced
from strandline.observations.region_file.vertical_datum import OptionalHeights
from strandline.observations.variables import as_variable


def _read_tide_gauges(gauges: Sequence[TideGaugeSection], region: Region) -> xr.Dataset:
    return read_tide_gauges(gauges)


def _read_rivers(rivers: Sequence[RiverSection], region: Region) -> xr.Dataset | None:
    return read_rivers(rivers)


READERS: dict[str, tuple[str, Callable[[Any, Region], xr.Dataset | None]]] = {
    "terrain": ("terrain", read_terrain),
    "tide_gauge": ("tide_gauge", _read_tide_gauges),
    "sar": ("sar", read_sar),
    "sar_reference": ("sar", read_sar_reference),
    "optical": ("optical", read_optical),
    "weather": ("weather", read_weather),
    "weather_forecast": ("weather_forecast", read_weather_forecasts),
    "surge_forecast": ("surge_forecast", read_surge_forecasts),
    "storms": ("storms", read_storms),
    "river": ("river", _read_rivers),
    "people": ("people", read_people),
}
"""Modality → section of the region file and its reader, ``None`` where the section names no such data. A new modality
needs one row here and one in ``MODALITIES``."""


_LIVE = ("stream", "warnings")
"""Sections of the watch, which a run does not read."""


def observe(region_file: RegionFile, execute: Executor = in_this_process) -> Observations:
    """Read every modality of a region file.

    Args:
        execute: where files are parsed.

    Raises:
        InputError: the first file that cannot be used: file, row and remedy.
    """
    datasets = {name: execute(files_of(region_file, name), read) for name, read in dataset_readers(region_file).items()}
    present = {name: dataset for name, dataset in datasets.items() if dataset is not None}
    provenance = {name: provenance_of(region_file, name) for name in present}
    assets, findings = None, tuple[Finding, ...]()
    if region_file.flood_survey:
        seen = execute(files_of(region_file, "flood_survey"), flood_survey_reader(region_file))
        present["flood_survey"], findings = seen.value, seen.findings
        provenance["flood_survey"] = provenance_of(region_file, "flood_survey")
    if region_file.assets:
        read = partial(read_all_assets, region_file.assets, region_file.region, region_file.planning)
        survey = execute(files_of(region_file, "assets"), read)
        assets, findings = survey.value, (*findings, *survey.findings)
        provenance["assets"] = provenance_of(region_file, "assets")
    mapped = present.get("people")
    people, terrain = None if mapped is None else mapped["people"], present.get("terrain")
    findings = (*findings, *doubts_about_exposure(assets, people, terrain, region_file.region))
    if "people" in present:
        present["people"] = settled(present["people"], assets, present["terrain"], region_file.region)
    files = cite(named_files(region_file))
    return Observations(
        region_file.region,
        provenance=provenance,
        assets=assets,
        findings=(*findings, *files.findings),
        files=files.value,
        waves=None,
        **present,
    )


def settled(people: xr.Dataset, assets: gpd.GeoDataFrame | None, terrain: xr.Dataset, region: Region) -> xr.Dataset:
    """The people of a map, moved to where homes are known."""
    mapped, water = people["people"], terrain["permanent_water"].values > 0.5
    placed = settle(mapped.values, assets, water, region, float(mapped.attrs[PLACED_WITHIN]))
    return people.assign(people=as_variable("people", ("y", "x"), placed))


def dataset_readers(region_file: RegionFile) -> dict[str, Callable[[], xr.Dataset | None]]:
    """Modality → function that reads it, for each modality whose section the file has."""
    readers: dict[str, Callable[[], xr.Dataset | None]] = {}
    for name, (section, read) in READERS.items():
        settings = getattr(region_file, section)
        if settings:  # a missing section is None, or an empty tuple of gauges
            readers[name] = partial(read, settings, region_file.region)
    return readers


def flood_survey_reader(region_file: RegionFile) -> Callable[[], Checked[xr.Dataset]]:
    """Function that reads the surveys of floods; levels above a datum are measured against the terrain."""
    return partial(read_flood_surveys, region_file.flood_survey, region_file.region, region_file.terrain)


def files_of(region_file: RegionFile, modality: str) -> list[Path]:
    """The files of a modality, or of another section."""
    return [path for section in _sections(region_file, modality) for path in paths_of(section)]


def named_files(region_file: RegionFile) -> dict[str, list[tuple[Sourced, list[Path]]]]:
    """Name of a section → its tables with their files; a table within one has its name after a point."""
    named: dict[str, list[tuple[Sourced, list[Path]]]] = {}

    def add(name: str, value: object) -> None:
        if isinstance(value, tuple):
            for each in value:
                add(name, each)
        elif isinstance(value, Sourced):
            if paths := paths_of(value):
                named.setdefault(name, []).append((value, paths))
        elif isinstance(value, Section):
            for part in type(value).model_fields:
                add(f"{name}.{part}", getattr(value, part))

    for name in type(region_file).model_fields:
        if name not in _LIVE:
            add(name, getattr(region_file, name))
    return named


def provenance_of(region_file: RegionFile, modality: str) -> Provenance:
    """Source and licence of a modality: as the region file states them, else the file names.

    A modality of which a part is simulated is called simulated.
    """
    sections = _sections(region_file, modality)
    sources = dict.fromkeys(_source(section) for section in sections)
    licences = dict.fromkeys(section.licence for section in sections)
    kind: ProvenanceKind = "simulated" if any(section.simulated for section in sections) else "real"
    return Provenance(kind, "; ".join(sources), "; ".join(licences))


def _sections(region_file: RegionFile, modality: str) -> tuple[Sourced, ...]:
    section = getattr(region_file, READERS[modality][0] if modality in READERS else modality)
    return section if isinstance(section, tuple) else (section,)


def _source(section: Sourced) -> str:
    stated = without_secrets(section.source or "") or ", ".join(path.name for path in paths_of(section))
    year = section.year if isinstance(section, PeopleSection) else None
    if isinstance(section, AssetsSection) and section.kind == "map":
        year = section.survey_year
    stated += "" if year is None else f" ({year})"
    if isinstance(section, OptionalHeights) and section.offset_to_region_datum is not None:
        offset = section.offset_to_region_datum
        leads = f"{offset.metres:+g} ± {offset.uncertainty:g} m from '{section.vertical_datum}'"
        stated += f" (heights: {leads} to the region's datum, by {offset.source})"
    return stated


def paths_of(section: Sourced) -> list[Path]:
    """The files that a section and its sub-sections name."""
    paths: list[Path] = []
    for name in type(section).model_fields:
        value = getattr(section, name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Path):
                paths.append(part)
            elif isinstance(getattr(part, "path", None), Path):
                paths.append(part.path)
            elif isinstance(getattr(part, "paths", None), tuple):
                paths.extend(part.paths)
    return paths
