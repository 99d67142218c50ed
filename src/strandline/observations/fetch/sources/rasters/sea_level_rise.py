"""Sea-level rise: the places near a box out of the IPCC's projections, which the user has downloaded."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from strandline.errors import InputError
from strandline.files import write_atomically
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.raster_access.plans import tag_of
from strandline.observations.fetch.source import (
    CachedFile,
    FetchChoice,
    Needs,
    PlannedFile,
    RegionSection,
    SourceKind,
    box_of,
    cached,
    with_box,
)
from strandline.observations.readers.formats.fields import load, open_fields

_FILE = re.compile(r"total_ssp\d{3}_(medium|low)_confidence_values\.nc")
_WITHIN = 200.0
"""[km] Of the box, as the reader asks for; the files state a place for every degree, and tide gauges."""


@dataclass(frozen=True)
class SeaLevelRise:
    """Regional projections of the sixth assessment report, one file a scenario.

    Source: Garner et al. (2021), IPCC AR6 Sea Level Projections, doi:10.5281/zenodo.5914709; the archive holds
    gigabytes, so that the user names the folder with ``total_<scenario>_<confidence>_confidence_values.nc``.
    """

    name: str = "ar6-sea-level"
    address: str = ""
    kind: SourceKind = "sea_level_rise"
    licence: str = "CC-BY-4.0"
    attribution: str = "IPCC AR6 Sea Level Projections, Garner et al. (2021), doi:10.5281/zenodo.5914709"
    needs: Needs = "file"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """One file a scenario.

        Raises:
            InputError: no folder was named, or it holds none of the files.
        """
        given = choice.files.get(self.name)
        if given is None:
            what = "the projections lie in an archive of gigabytes, which only you can download"
            remedy = "get it from doi:10.5281/zenodo.5914709 and give --file ar6-sea-level=FOLDER"
            raise InputError(f"source '{self.name}'", what, remedy)
        files = [given] if given.is_file() else sorted(given.rglob("*.nc"))
        files = [file for file in files if _FILE.fullmatch(file.name)]
        if not files:
            what = "holds no total_<scenario>_<confidence>_confidence_values.nc"
            raise InputError(given, what, "keep the names of the IPCC's files")
        if len({file.name for file in files}) < len(files):
            what = "holds the same scenario twice, with and without the motion of the land"
            raise InputError(given, what, "name the folder 'confidence_output_files' or 'novlm', not both")
        return [
            PlannedFile(
                self.name, f"sea_level_rise/{tag_of(box)}/{'novlm/' if 'novlm' in str(file) else ''}{file.name}",
                "https://doi.org/10.5281/zenodo.5914709", f"projections {file.stem.split('_')[1].upper()}",
                50_000, details=with_box(box, file=str(file)),
            )
            for file in files
        ]  # fmt: skip

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """Keep the places near the box."""
        path, box = Path(planned.details["file"]), box_of(planned)
        with open_fields(path) as dataset:
            if missing := {"sea_level_change", "lat", "lon", "locations"} - set(map(str, dataset.variables)):
                what = f"has no {', '.join(sorted(missing))}"
                raise InputError(path, what, "give a file of the IPCC's projections of sea level")
            places = dataset[["lat", "lon"]]
            load(places, path)
            latitude, longitude = places["lat"].values, (places["lon"].values + 180) % 360 - 180
            known = np.isfinite(latitude) & np.isfinite(longitude)
            near = np.array(
                [ok and box.distance(x, y) <= _WITHIN for ok, x, y in zip(known, longitude, latitude, strict=True)]
            )
            if not near.any():
                what = f"has no place within {_WITHIN:g} km of the box"
                raise InputError(path, what, "is it a coast? leave the file out for the IPCC's global mean")
            kept = dataset.isel(locations=np.flatnonzero(near))
            load(kept, path)
        with write_atomically(to) as part:
            kept.to_netcdf(part, engine="h5netcdf")
        land_motion = "excluded" if "/novlm/" in f"/{planned.name}" else "included"
        values = {
            "source": self.attribution, "licence": self.licence, "paths": [planned.region_path],
            "format": "ar6_netcdf", "land_motion": land_motion,
        }  # fmt: skip
        return cached(self, planned, to, RegionSection("scenarios.projections", values))
