"""Roads, bridges, hospitals, schools, shelters, power, water and embankments of OpenStreetMap, without values."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.source import (
    CachedFile,
    FetchChoice,
    Needs,
    PlannedFile,
    RegionSection,
    SourceKind,
    TomlValue,
    cached,
)
from strandline.observations.fetch.sources.openstreetmap import overpass

_ROADS = "motorway|trunk|primary|secondary|tertiary|unclassified|residential|living_street|road"
FILTERS = (
    f'way["highway"~"^({_ROADS})(_link)?$"]',
    'nwr["amenity"~"^(hospital|clinic|school|college|university|kindergarten|social_facility)$"]',
    'nwr["healthcare"="hospital"]',
    'nwr["emergency:social_facility"="shelter"]',
    'nwr["name"~"cyclone (shelter|centre|center)",i]',
    'nwr["man_made"~"^(pumping_station|water_works|water_tower)$"]',
    'nwr["power"~"^(substation|plant)$"]',
    'way["man_made"~"^(dyke|embankment)$"]',
    'way["embankment"~"^(yes|dyke|levee)$"]',
)
"""Source: OpenStreetMap wiki, pages of these tags. That a name with "cyclone shelter" is one is an assumption."""
_PER_KM2 = 12_000
"""[bytes] ASSUMPTION: of an answer, in a populated delta."""


@dataclass(frozen=True)
class OsmLifelines:
    """What people depend on and what protects them, by asset class.

    Crests of embankments are unknown: OpenStreetMap has heights above the ground at best, on no datum. They stay
    unknown. Nothing has a value.
    """

    address: str = overpass.ADDRESS
    name: str = "osm-lifelines"
    kind: SourceKind = "roads"
    licence: str = overpass.LICENCE
    attribution: str = overpass.ATTRIBUTION
    needs: Needs = "nothing"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """See ``Source``; nothing is asked of the service."""
        what = "roads, bridges, hospitals, schools, shelters, power, water and embankments"
        return [overpass.planned(self.name, self.address, box, what, _PER_KM2)]

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """See ``Source``."""
        features = overpass.bring(planned, to, client, FILTERS, classify, "lifelines")
        count = features["asset_class"].value_counts()
        notes = [
            "OpenStreetMap holds " + ", ".join(f"{number} {name}" for name, number in count.items()),
            "what volunteers did not draw is missing: an absent hospital or embankment is no proof that there is none",
        ]
        if "embankment" in count:
            notes.append("the crests of embankments are unknown")
        return cached(self, planned, to, self._section(planned), notes=notes)

    def _section(self, planned: PlannedFile) -> RegionSection:
        columns: TomlValue = {"asset_id": "asset_id", "asset_class": "asset_class", "name": "name"}
        values: dict[str, TomlValue] = {
            "kind": "map", "path": planned.region_path, "columns": columns, "survey_year": datetime.now(UTC).year,
            "source": f"lifelines: {self.attribution}", "licence": self.licence,
        }  # fmt: skip
        comment = (
            "What people depend on, as volunteers drew it, without values: no money is in it. Crests of embankments are"
            " unknown, and no number rests on them."
        )
        return RegionSection("assets", values, is_repeated=True, comments=(comment,))


def classify(features: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Features with an asset class: ``asset_id``, ``asset_class``, ``name``, ``crest`` [m], unknown, and ``height``.

    Roads are lines; places are points or areas; what has no class is left out.
    """

    def tag(name: str) -> pd.Series:
        texts = features[name].tolist() if name in features.columns else [""] * len(features)
        return pd.Series(["" if pd.isna(text) else str(text) for text in texts], index=features.index)

    amenity, line = tag("amenity"), features.geometry.geom_type.isin(["LineString", "MultiLineString"])
    is_road = tag("highway").str.fullmatch(f"(?:{_ROADS})(?:_link)?") & line
    named_shelter = tag("name").str.contains(r"cyclone (?:shelter|centre|center)", case=False)
    is_shelter = (
        (tag("social_facility") == "shelter") | (tag("emergency:social_facility") == "shelter") | named_shelter
    ) & ~line
    rules = {
        "bridge": is_road & ~tag("bridge").isin(["", "no"]),
        "road": is_road,
        "shelter": is_shelter,
        "hospital": (amenity.isin(["hospital", "clinic"]) | (tag("healthcare") == "hospital")) & ~line,
        "school": amenity.isin(["school", "college", "university", "kindergarten"]) & ~line,
        "pumping_station": tag("man_made") == "pumping_station",
        "water_supply": tag("man_made").isin(["water_works", "water_tower"]),
        "power": tag("power").isin(["substation", "plant"]),
        "embankment": (tag("man_made").isin(["dyke", "embankment"]) | tag("embankment").isin(["yes", "dyke", "levee"]))
        & line,
    }
    asset_class = np.select(list(rules.values()), list(rules), default="")
    chosen = asset_class != ""
    return gpd.GeoDataFrame(
        {
            "asset_id": (features["element"].astype(str) + "/" + features["id"].astype(str))[chosen],
            "asset_class": asset_class[chosen],
            "name": tag("name")[chosen],
            "crest": np.full(int(chosen.sum()), np.nan),
            "height": tag("height")[chosen],
        },
        geometry=features.geometry[chosen],
        crs=features.crs,
    ).reset_index(drop=True)
