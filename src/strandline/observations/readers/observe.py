"""Everything that a region file names → ``Observations``. A stream that is named but broken stops the run."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import xarray as xr

from strandline.observations.observations import Observations, Provenance
from strandline.observations.readers.assets import read_assets
from strandline.observations.readers.climate import read_climate
from strandline.observations.readers.cyclone_tracks import read_storms
from strandline.observations.readers.satellite import read_optical, read_sar, read_sar_reference
from strandline.observations.readers.terrain import read_terrain
from strandline.observations.readers.tide_gauges import read_tide_gauges
from strandline.observations.region_file import RegionFile
from strandline.observations.region_file.data_sections import AssetsSection
from strandline.observations.region_file.values import Sourced

Stream = xr.Dataset | None


def observe(region_file: RegionFile) -> Observations:
    """Read every stream of a region file.

    Raises:
        InputError: the first stream that cannot be used; names file, row and what would be right.
    """
    terrain = read_terrain(region_file.terrain, region_file.region)
    streams = {name: read() for name, read in stream_readers(region_file).items()}
    present = {name: stream for name, stream in streams.items() if stream is not None}
    assets = observe_assets(region_file, terrain)
    provenance = {name: provenance_of(region_file, name) for name in ("terrain", *present)}
    if assets is not None:
        provenance["assets"] = provenance_of(region_file, "assets")
    return Observations(region_file.region, terrain, provenance, assets=assets, **present)


def stream_readers(region_file: RegionFile) -> dict[str, Callable[[], Stream]]:
    """Modality → how to read it, for each modality besides terrain that the file names."""
    region = region_file.region
    readers: dict[str, Callable[[], Stream]] = {}
    if region_file.tide_gauge:
        readers["tide_gauge"] = lambda: read_tide_gauges(region_file.tide_gauge)
    if (sar := region_file.sar) is not None:
        readers["sar"] = lambda: read_sar(sar, region)
        readers["sar_reference"] = lambda: read_sar_reference(sar, region)
    if (optical := region_file.optical) is not None:
        readers["optical"] = lambda: read_optical(optical, region)
    if (climate := region_file.climate) is not None:
        readers["climate"] = lambda: read_climate(climate, region)
    if (storms := region_file.storms) is not None:
        readers["storms"] = lambda: read_storms(storms, region)
    return readers


def observe_assets(region_file: RegionFile, terrain: xr.Dataset) -> gpd.GeoDataFrame | None:
    """The assets, where the file names any."""
    if region_file.assets is None:
        return None
    return read_assets(region_file.assets, region_file.region, terrain)


def provenance_of(region_file: RegionFile, modality: str) -> Provenance:
    """Where a modality comes from: as the region file states it, else its file names."""
    if modality == "tide_gauge":
        sections: tuple[Sourced, ...] = region_file.tide_gauge
    else:
        section = getattr(region_file, modality.removesuffix("_reference"))
        sections = (section,)
    sources = dict.fromkeys(_source(section) for section in sections)
    licences = dict.fromkeys(section.licence for section in sections)
    return Provenance("real", "; ".join(sources), "; ".join(licences))


def _source(section: Sourced) -> str:
    stated = section.source or ", ".join(path.name for path in _paths(section))
    if isinstance(section, AssetsSection) and section.lattice is not None:
        lattice = section.lattice
        stated = f"a lattice of {lattice.spacing:g} m, not a survey" + (f" ({stated})" if stated else "")
    return stated


def _paths(section: Sourced) -> list[Path]:
    """The files that a section names, itself or in its parts."""
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
