"""Names of cities, towns, villages and hamlets of OpenStreetMap, in the local script and in other languages."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from strandline.observations.exposure.place_names import KINDS, NAME_IN, largest_first
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
    box_of,
    cached,
)
from strandline.observations.fetch.sources.openstreetmap import overpass

LANGUAGES = ("en", "bn", "vi")
"""Of names beside the local one: those of the dashboard."""
FILTER = f'nwr["place"~"^({"|".join(KINDS)})$"]["name"]'
_PER_KM2 = 1_500
"""[bytes] ASSUMPTION: of an answer, three villages to a square kilometre."""


@dataclass(frozen=True)
class OsmPlaceNames:
    """What people call the places of a box; maps and reports name them, and no number rests on them."""

    address: str = overpass.ADDRESS
    name: str = "osm-place-names"
    kind: SourceKind = "place_names"
    licence: str = overpass.LICENCE
    attribution: str = overpass.ATTRIBUTION
    needs: Needs = "nothing"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """See ``Source``; nothing is asked of the service."""
        return [overpass.planned(self.name, self.address, box, "names of towns, villages and hamlets", _PER_KM2)]

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """See ``Source``."""
        choose = partial(named_places, box=box_of(planned))
        places = overpass.bring(planned, to, client, [FILTER], choose, "place_names")
        counts = ", ".join(f"{number} {kind}" for kind, number in places["kind"].value_counts().items())
        return cached(self, planned, to, self._section(planned), notes=[f"OpenStreetMap names {counts}"])

    def _section(self, planned: PlannedFile) -> RegionSection:
        columns: TomlValue = {
            "name": "name", "kind": "kind", "population": "population",
            "name_in": {language: f"{NAME_IN}{language}" for language in LANGUAGES},
        }  # fmt: skip
        values: dict[str, TomlValue] = {
            "path": planned.region_path, "columns": columns, "source": f"place names: {self.attribution}",
            "licence": self.licence,
        }  # fmt: skip
        return RegionSection("place_names", values, comments=("What people call the places. No number rests on it.",))


def named_places(features: gpd.GeoDataFrame, box: Box) -> gpd.GeoDataFrame:
    """Places as points (EPSG:4326), the largest first: ``name``, ``kind``, ``population`` [-] and ``name_en``, ….

    An area, as of an island, has its point within the box. A place that is drawn as an area and again as a point in it
    counts once. A population that is no plain number is unknown.
    """

    def tag(name: str) -> pd.Series:
        texts = features[name].tolist() if name in features.columns else [None] * len(features)
        return pd.Series([None if pd.isna(text) else str(text).strip() or None for text in texts], dtype=object)

    shapes = features.geometry.reset_index(drop=True)
    is_point = shapes.geom_type == "Point"
    within = shapes.make_valid().intersection(shapely.box(box.west, box.south, box.east, box.north))
    places = gpd.GeoDataFrame(
        {
            "name": tag("name"),
            "kind": tag("place"),
            "population": pd.to_numeric(tag("population"), errors="coerce").where(lambda people: people >= 0),
            **{f"{NAME_IN}{language}": tag(f"name:{language}") for language in LANGUAGES},
        },
        geometry=shapes.where(is_point, within.representative_point()),
        crs=features.crs,
    )
    points = places[is_point]
    again = [
        not is_point[number] and bool((points["name"].eq(places["name"][number]) & points.within(shape)).any())
        for number, shape in shapes.items()
    ]
    chosen = places["name"].notna() & places["kind"].isin(KINDS) & ~within.is_empty & ~pd.Series(again, dtype=bool)
    return largest_first(places[chosen])
