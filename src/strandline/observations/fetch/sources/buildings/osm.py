"""Buildings of OpenStreetMap, for small boxes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.source import (
    CachedFile,
    FetchChoice,
    Needs,
    PlannedFile,
    SourceKind,
    cached,
)
from strandline.observations.fetch.sources.buildings.floor_area import (
    exposure_of,
    notes_of,
    section_of,
    write_exposure,
)
from strandline.observations.fetch.sources.openstreetmap import overpass

LARGEST = 150.0
"""[km2] Of a box: half a million buildings are no question for a service that volunteers run."""
_PER_KM2 = 350_000
"""[bytes] ASSUMPTION: of an answer, 500 buildings to a square kilometre."""
CLASSES = {
    "residential": "house detached semidetached_house terrace apartments residential bungalow hut cabin dormitory"
    " farm houseboat static_caravan shed",
    "commercial": "commercial retail office shop supermarket kiosk hotel public civic government mosque temple church"
    " cathedral religious community_centre train_station",
    "industrial": "industrial warehouse factory manufacture storage_tank barn farm_auxiliary stable cowshed greenhouse"
    " service transformer_tower garage garages",
    "school": "school kindergarten college university",
    "hospital": "hospital clinic",
}
"""Asset class → values of the tag ``building``. Source: OpenStreetMap wiki, Key:building; the classes: assumption."""
_CLASS_OF = {value: name for name, values in CLASSES.items() for value in values.split()}


@dataclass(frozen=True)
class OsmBuildings:
    """Footprints that volunteers drew; asked only where ``--only`` names it, since Overture holds them too."""

    address: str = overpass.ADDRESS
    name: str = "osm-buildings"
    kind: SourceKind = "buildings"
    licence: str = overpass.LICENCE
    attribution: str = overpass.ATTRIBUTION
    needs: Needs = "nothing"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """See ``Source``; nothing is asked of the service. Nothing for a box larger than ``LARGEST``."""
        if self.name not in choice.only:
            return []
        if box.area > LARGEST:
            what = f"box of {box.area:,.0f} km2 is too large for Overpass (at most {LARGEST:.0f} km2 of buildings)"
            raise client.refusal(what, "take 'overture-buildings', which hold these too, or a smaller box")
        return [overpass.planned(self.name, self.address, box, "buildings, with class and floor area", _PER_KM2)]

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """See ``Source``."""
        found = overpass.ask(planned, ['way["building"]', 'relation["building"]'], client, to)
        areas = found[found.geometry.geom_type.isin(["Polygon", "MultiPolygon"]) & (found["building"] != "no")]
        if areas.empty:
            raise overpass.none_of_it(planned, client)

        def numbers(tag: str) -> pd.Series:
            text = areas[tag] if tag in areas.columns else pd.Series(index=areas.index, dtype=object)
            return pd.to_numeric(text.astype(str).str.removesuffix("m").str.strip(), errors="coerce")

        identity = areas["element"].astype(str) + "/" + areas["id"].astype(str)
        classes = areas["building"].map(lambda value: _CLASS_OF.get(str(value), ""))
        buildings = exposure_of(areas, identity, classes, numbers("building:levels"), numbers("height"))
        write_exposure(buildings, to)
        section = section_of(planned, datetime.now(UTC).year, f"buildings: {self.attribution}", self.licence)
        return cached(self, planned, to, section, notes=notes_of(buildings))
