"""Buildings of the Overture Maps Foundation: of OpenStreetMap and of machines that read images."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from strandline.errors import require_extra
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.source import (
    CachedFile,
    FetchChoice,
    Needs,
    PlannedFile,
    SourceKind,
    box_of,
    cached,
    with_box,
)
from strandline.observations.fetch.sources.buildings.floor_area import (
    exposure_of,
    notes_of,
    section_of,
    write_exposure,
)

CLASS_OF = {
    "residential": "residential",
    "outbuilding": "industrial",
    "agricultural": "industrial",
    "industrial": "industrial",
    "transportation": "industrial",
    "service": "industrial",
    "commercial": "commercial",
    "entertainment": "commercial",
    "religious": "commercial",
    "civic": "commercial",
    "military": "commercial",
    "education": "school",
    "medical": "hospital",
}
"""``subtype`` of Overture → asset class. Source: Overture schema, buildings; the classes are an assumption."""
_ADDRESS, _BUCKET = "https://stac.overturemaps.org", "overturemaps-us-west-2"
_BOUNDS = ("xmin", "xmax", "ymin", "ymax")
_PER_KM2 = 150_000
"""[bytes] ASSUMPTION: read from the bucket for a square kilometre of a populated delta."""
_CONNECT, _REQUEST = 10, 120
"""[s] Time-outs of the bucket."""


@dataclass(frozen=True)
class OvertureBuildings:
    """Footprints (WGS 84), ``subtype``, ``height`` [m] and ``num_floors`` where somebody stated them.

    The client of the foundation reads the bucket itself, not the ``Downloader``; the catalogue is asked by ours. That
    client knows one bucket: a mirror, which holds catalogue and bucket at one address, is read without it.

    Source: https://docs.overturemaps.org/guides/buildings (columns, sources), https://stac.overturemaps.org/catalog.json
    (``latest``: name of the release).

    Attributes:
        address: of the catalogue; of a mirror, also of the bucket (S3, path style).
        uses_index: whether the client asks the catalogue which files hold the box (quick), or looks into all.
    """

    address: str = _ADDRESS
    uses_index: bool = True
    name: str = "overture-buildings"
    kind: SourceKind = "buildings"
    licence: str = "ODbL-1.0"
    attribution: str = (
        "© OpenStreetMap contributors, Microsoft, Google, Esri Community Maps contributors; Overture Maps Foundation,"
        " https://overturemaps.org"
    )
    needs: Needs = "nothing"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """See ``Source``: the latest release."""
        require_extra(f"source '{self.name}'", "fetch", "overturemaps", "pyarrow")
        catalogue = client.json(f"{self.address}/catalog.json")
        release = str(catalogue.get("latest", "")) if isinstance(catalogue, dict) else ""
        if not release[:4].isdecimal() or "/" in release:
            raise client.refusal("the catalogue names no latest release", "has the service changed? update strandline")
        return [
            PlannedFile(
                self.name,
                f"exposure/overture-buildings-{release}-{box.file_stem}.gpkg",
                f"{self.address}/{release}/catalog.json",
                f"buildings, with class and floor area (release {release})",
                int(box.area * _PER_KM2),
                details=with_box(box, release=release),
            )
        ]

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """See ``Source``: reads those columns of the bucket's files that are needed."""
        box, release = box_of(planned), planned.details["release"]
        parts = [_exposure(batch) for batch in self._batches(box, release, client) if len(batch)]
        if not parts:
            raise client.refusal(f"Overture has no building in box {box}", "give a survey, or plan without assets")
        buildings = pd.concat(parts, ignore_index=True)
        write_exposure(buildings, to)
        section = section_of(planned, int(release[:4]), self.attribution, self.licence)
        return cached(self, planned, to, section, notes=notes_of(buildings))

    def _batches(self, box: Box, release: str, client: Downloader) -> Iterator[pd.DataFrame]:
        """Raises: FeedError: the bucket does not answer."""
        import pyarrow as pa
        from overturemaps import core

        try:
            reader: Any = (
                core.record_batch_reader("building", box.bounds, release, _CONNECT, _REQUEST, stac=self.uses_index)
                if self.address == _ADDRESS
                else self._mirrored(box, release)
            )
            if reader is None:
                return
            for batch in reader:
                columns = [
                    name for name in ("id", "subtype", "height", "num_floors", "geometry") if name in batch.schema.names
                ]
                yield batch.select(columns).to_pandas()
        except (pa.ArrowException, OSError) as error:
            what = f"Overture's bucket gives no answer ({str(error)[:120]})"
            raise client.refusal(
                what, "is the net up? try again later, or '--only osm-buildings' for a small box"
            ) from error

    def _mirrored(self, box: Box, release: str) -> Iterator[Any]:
        """Batches of rows of a mirror's bucket whose bounds meet the box."""
        import pyarrow.compute as pc
        import pyarrow.dataset as ds
        from pyarrow.fs import S3FileSystem

        scheme, _, host = self.address.partition("://")
        bucket = S3FileSystem(
            anonymous=True, region="us-west-2", scheme=scheme, endpoint_override=host, connect_timeout=_CONNECT,
            request_timeout=_REQUEST,
        )  # fmt: skip
        rows = ds.dataset(f"{_BUCKET}/release/{release}/theme=buildings/type=building", filesystem=bucket)
        (west, south, east, north), bounds = box.bounds, [pc.field("bbox", name) for name in _BOUNDS]
        meets = (bounds[0] < east) & (bounds[1] > west) & (bounds[2] < north) & (bounds[3] > south)
        return (batch for batch in rows.to_batches(filter=meets) if batch.num_rows)


def _exposure(batch: pd.DataFrame) -> gpd.GeoDataFrame:
    """Buildings of one batch of rows."""
    footprints = gpd.GeoDataFrame(geometry=shapely.from_wkb(batch["geometry"].to_numpy()), crs="EPSG:4326")

    def numbers(name: str) -> np.ndarray:
        if name not in batch.columns:
            return np.full(len(batch), np.nan)
        return pd.to_numeric(batch[name], errors="coerce").to_numpy(dtype=float)

    subtype = batch["subtype"] if "subtype" in batch.columns else pd.Series("", index=batch.index)
    classes = subtype.map(lambda value: CLASS_OF.get(str(value), ""))
    return exposure_of(footprints, batch["id"].astype(str), classes, numbers("num_floors"), numbers("height"))
