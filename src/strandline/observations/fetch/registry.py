"""All sources, one line each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from strandline.errors import InputError
from strandline.observations.fetch.source import FetchChoice, Simulated, Source
from strandline.observations.fetch.sources.buildings.osm import OsmBuildings
from strandline.observations.fetch.sources.buildings.overture import OvertureBuildings
from strandline.observations.fetch.sources.gauges.coops import Coops
from strandline.observations.fetch.sources.gauges.ioc import Ioc
from strandline.observations.fetch.sources.gauges.uhslc import Uhslc
from strandline.observations.fetch.sources.openstreetmap.lifelines import OsmLifelines
from strandline.observations.fetch.sources.openstreetmap.place_names import OsmPlaceNames
from strandline.observations.fetch.sources.rasters.copernicus_terrain import CopernicusTerrain
from strandline.observations.fetch.sources.rasters.delta_terrain import DeltaTerrain, ForbiddenTerrain
from strandline.observations.fetch.sources.rasters.optical_scenes import OpticalScenes
from strandline.observations.fetch.sources.rasters.people import PeopleGrid
from strandline.observations.fetch.sources.rasters.radar_scenes import OPERA_RTC, SENTINEL_1_RTC
from strandline.observations.fetch.sources.rasters.sea_level_rise import SeaLevelRise
from strandline.observations.fetch.sources.rasters.world_cover import WorldCover
from strandline.observations.fetch.sources.tides import Ticon
from strandline.observations.fetch.sources.weather.ibtracs import Ibtracs
from strandline.observations.fetch.sources.weather.model_fields import ECMWF_OPEN_DATA, GFS
from strandline.observations.fetch.sources.weather.open_meteo import OpenMeteo
from strandline.observations.fetch.sources.weather.open_meteo_forecasts import OpenMeteoForecast
from strandline.observations.region_file.toml_file import read_toml

SOURCES: tuple[Source, ...] = (
    DeltaTerrain(),  # before what it stands in for: the first source of a section fills it
    CopernicusTerrain(),
    ForbiddenTerrain(),
    WorldCover(),
    Uhslc(),
    Coops(),
    Ioc(),
    Ticon(),
    SENTINEL_1_RTC,
    OPERA_RTC,
    OpticalScenes(),
    PeopleGrid(),
    SeaLevelRise(),
    Ibtracs(),
    OpenMeteo("open-meteo", "archive", "https://archive-api.open-meteo.com"),
    OpenMeteoForecast("open-meteo-forecast", "forecast", "https://api.open-meteo.com"),
    OpenMeteoForecast(
        "open-meteo-ensemble", "ensemble", "https://ensemble-api.open-meteo.com", metadata="ecmwf_ifs025_ensemble"
    ),
    OpenMeteoForecast("open-meteo-past-forecasts", "past", "https://previous-runs-api.open-meteo.com"),
    ECMWF_OPEN_DATA,
    GFS,
    OpenMeteo("glofas", "river", "https://flood-api.open-meteo.com", "river"),
    OvertureBuildings(),
    OsmBuildings(),
    OsmLifelines(),
    OsmPlaceNames(),
)
"""In the order in which they are asked and brought: what tells the sea's level before what is chosen by it."""
GAZETTEER = "nominatim"
"""The name by which the table of mirrors gives another address of the gazetteer; it is no source of files."""

ASKED_BY_NAME = (
    "glofas", "open-meteo-forecast", "open-meteo-ensemble", "open-meteo-past-forecasts", "ecmwf-open-data",
    "noaa-gfs",
)  # fmt: skip
"""Sources that are asked only by their own name: forecasts, which are of their hour, and the discharge of a river that
may be another than is meant."""


@dataclass(frozen=True)
class Mirrors:
    """Other addresses of sources.

    Attributes:
        addresses: name of a source → address.
        simulated: names of the sources whose data there is simulated, as in an exercise.
    """

    addresses: Mapping[str, str]
    simulated: frozenset[str] = frozenset()


def chosen(choice: FetchChoice, sources: Sequence[Source] = SOURCES) -> list[Source]:
    """The sources that a choice names; without names, all that need nothing of the user, or a file that is given.

    Those of `ASKED_BY_NAME` are asked only by their own name.

    Raises:
        InputError: a name that is no source and no kind.
    """
    known = {name for source in sources for name in (source.name, source.kind)}
    if unknown := sorted(choice.only - known):
        raise InputError("--only", f"'{unknown[0]}' is no source", f"known: {', '.join(sorted(known))}")

    def is_ready(source: Source) -> bool:
        has_all = source.needs == "nothing" or (source.needs == "file" and source.name in choice.files)
        return has_all and source.name not in ASKED_BY_NAME

    return [
        source
        for source in sources
        if source.name in choice.only or (is_ready(source) and (not choice.only or source.kind in choice.only))
    ]


def with_mirrors(mirrors: Mirrors, sources: Sequence[Source] = SOURCES) -> list[Source]:
    """The sources, some of them at another address; what they bring from there is called simulated where it is.

    Raises:
        InputError: a name that is no source, or no web address.
    """
    named = {*mirrors.addresses, *mirrors.simulated}
    if unknown := sorted(named - {source.name for source in sources} - {GAZETTEER}):
        known = ", ".join(source.name for source in sources)
        raise InputError("mirrors", f"'{unknown[0]}' is no source", f"known: {known}")
    moved = [_moved(source, mirrors.addresses.get(source.name)) for source in sources]
    return [Simulated(source) if source.name in mirrors.simulated else source for source in moved]


def read_mirrors(path: Path) -> Mirrors:
    """Mirrors from a TOML file with one line for each address, and ``simulated``, a list of names.

    Raises:
        InputError: it cannot be read, or holds anything else.
    """
    stated = read_toml(path)
    simulated = stated.pop("simulated", [])
    if not (isinstance(simulated, list) and all(isinstance(name, str) for name in simulated)):
        raise InputError(path, "states 'simulated' otherwise than as a list of names", 'write simulated = ["uhslc"]')
    if wrong := next((name for name, address in stated.items() if not isinstance(address, str)), None):
        raise InputError(path, f"gives '{wrong}' no address", 'write a line as copernicus-glo30 = "https://…"')
    return Mirrors(stated, frozenset(simulated))


def _moved(source: Source, address: str | None) -> Source:
    if address is None:
        return source
    if not address.startswith(("https://", "http://")):
        raise InputError("mirrors", f"'{address}' of '{source.name}' is no web address", "start with https://")
    moved: Source = replace(cast(Any, source), address=address)  # a protocol cannot demand a dataclass
    return moved
