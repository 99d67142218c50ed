"""What stands and who lives in a large region, as its region file names it."""

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from strandline.observations.arrays import Floats
from strandline.observations.checks.findings import raise_refusals, warnings_of
from strandline.observations.exposure.assets import no_survey
from strandline.observations.exposure.settlement import settle, side_of_square
from strandline.observations.observations import Provenance
from strandline.observations.readers.exposure.assets import read_all_assets
from strandline.observations.readers.exposure.people import PLACED_WITHIN, read_people
from strandline.observations.readers.formats.rasters import NoCoverage
from strandline.observations.readers.observe import provenance_of
from strandline.observations.readers.zones import read_zones
from strandline.observations.region import Region
from strandline.observations.region_file import RegionFile
from strandline.observations.region_file.planning_section import PlanningSection
from strandline.observations.region_file.surveys.exposure_sections import PeopleSection
from strandline.pipeline.maps.large_regions.store import GROUND_CHUNK, MapStore
from strandline.risk.people import Homes


@dataclass(frozen=True, eq=False)
class Exposed:
    """What floods may damage or endanger.

    Attributes:
        assets: of all surveys and maps; none where there is no such file.
        zones: ``name`` and polygon of each in the region's CRS; ``None`` = none are named.
        people: map of people, where no survey of assets counts them.
        money: of all values.
        provenance: of assets and people.
        warnings: what is doubtful about them.
    """

    assets: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame | None
    people: PeopleSection | None
    money: str
    provenance: dict[str, Provenance]
    warnings: tuple[str, ...]

    @property
    def counts_people(self) -> bool:
        """Whether anybody counts people."""
        return self.people is not None or Homes.of(self.assets) is not None


def read_exposed(region_file: RegionFile) -> Exposed | None:
    """Assets, zones and map of people of a region file; ``None`` where it names none of them.

    Raises:
        InputError: with file, row and remedy.
    """
    region, planning = region_file.region, region_file.planning
    if not region_file.assets and region_file.zones is None and region_file.people is None:
        return None
    assets, warnings, named = no_survey(region.crs), tuple[str, ...](), []
    if region_file.assets:
        read = read_all_assets(region_file.assets, region, planning)
        raise_refusals(read.findings)
        assets, warnings = read.value, warnings_of(read.findings)
        named.append("assets")
    people = region_file.people if Homes.of(assets) is None else None
    if people is not None:
        named.append("people")
    zones = None if region_file.zones is None else read_zones(region_file.zones, region)
    money = str((planning or PlanningSection()).money)
    return Exposed(assets, zones, people, money, {name: provenance_of(region_file, name) for name in named}, warnings)


def store_people(section: PeopleSection, assets: gpd.GeoDataFrame, region: Region, store: MapStore) -> None:
    """Read a map of people in strips, place them where homes are known, and store them.

    As in a run (`settle`), but for people of a square that is permanent water throughout: they live on the nearest land
    of their strip.

    Raises:
        NoCoverage: the map covers nothing of the region.
        InputError: negative or far too many people.
    """
    store.put_people(region.shape, _strips(section, assets, region, store))


def _strips(
    section: PeopleSection, assets: gpd.GeoDataFrame, region: Region, store: MapStore
) -> Iterator[tuple[slice, Floats]]:
    refused: NoCoverage | None = None
    start, height, is_covered = 0, GROUND_CHUNK, False
    while start < region.shape[0]:
        rows = slice(start, min(start + height, region.shape[0]))
        part = region.window(rows, slice(None))
        try:
            mapped = read_people(section, part)["people"]
        except NoCoverage as uncovered:  # other strips may be covered
            refused = uncovered
            yield rows, np.full(part.shape, np.nan)
        else:
            placed_within = float(mapped.attrs[PLACED_WITHIN])
            side = side_of_square(region, placed_within)
            if height % side:  # squares must not be cut: read strips of whole ones
                height = max(height // side, 1) * side
                continue
            water = np.asarray(store.array("water")[rows]) > 0
            is_covered = True
            yield rows, settle(mapped.values, assets, water, part, placed_within)
        start = rows.stop
    if refused is not None and not is_covered:
        raise refused
