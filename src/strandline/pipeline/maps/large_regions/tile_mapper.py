"""Maps of one tile: its terrain, the past floods that radar saw in it, and the students' prediction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from strandline.distillation.adaptation.data import predict_two_pass
from strandline.distillation.waterlines.flood_archive import FloodArchive
from strandline.models.batch import Batch
from strandline.models.batching import scene_part, shows_flood, storm_gauge_part
from strandline.models.teacher import Teacher
from strandline.models.terrain_features import TerrainFeatures, stack_terrain_features
from strandline.observations.observations import Observations, Provenance
from strandline.observations.readers.formats.rasters import NoCoverage
from strandline.observations.readers.satellite import read_sar, read_sar_reference
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import SarSection
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.variables import as_variable
from strandline.observations.weather.storms import Storm
from strandline.pipeline.maps.large_regions.store import MapStore
from strandline.pipeline.maps.tiles import Tile
from strandline.report.products import QUANTILES
from strandline.risk.hazard.flood_maps import Draw, FloodMaps, map_floods
from strandline.uncertainty.forecaster import Forecaster

BANDS = ("probability", "flood_extent", "epistemic_sd", *(f"p{100 * quantile:.0f}" for quantile in QUANTILES))
"""Bands of a tile, R return periods each; the last three are quantiles of the depth [m]."""
FEWEST_STORMS = 3
"""Least size of a flood archive: with fewer storms the students use the terrain alone."""


@dataclass(frozen=True, eq=False)
class PastStorms:
    """The past storms that the teacher maps in each tile.

    Attributes:
        storms: recorded by the own gauge and seen by radar; none of them calibrated the students.
        gauge: the ``tide_gauge`` modality; ``sea_level``: model of its first station.
        sar: the scenes; ``provenance``: of gauge and scenes.
    """

    teacher: Teacher
    storms: tuple[Storm, ...]
    gauge: xr.Dataset
    sea_level: SeaLevelModel
    sar: SarSection
    provenance: dict[str, Provenance]


@dataclass(frozen=True, eq=False)
class TileMapper:
    """Everything that a tile needs besides itself; sent to the workers.

    Attributes:
        forecaster: of a run, without the students' site memory.
        draws: the same for every tile, so that neighbours show the same storms.
        past: ``None`` = no radar.
        keeps_depths: whether the depth of each sample is stored, from which damage is computed.
        higher_seas: how many of the last sea levels of each draw are in no map; their depths are kept.
    """

    store: MapStore
    region: Region
    mean_sea_level: float
    forecaster: Forecaster
    draws: tuple[Draw, ...]
    past: PastStorms | None
    keeps_depths: bool = False
    higher_seas: int = 0

    def map(self, tile: Tile) -> None:
        """Map a tile and store it."""
        bands, depths = self.maps(tile)
        self.store.put(tile, bands, depths if self.keeps_depths else None)

    def bands(self, tile: Tile) -> npt.NDArray[np.float32]:
        """(6 R, h, w) `BANDS` of a tile, R of each; NaN = unknown ground."""
        return self.maps(tile)[0]

    def maps(self, tile: Tile) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """`bands`, and the depth of each sample at each sea level [m], (S · L, h, w)."""
        fields = self.store.ground_in(tile.window)
        level, water = np.float32(self.mean_sea_level), fields["water"] > 0
        elevation, sill = fields["elevation"] - level, fields["sill"] - level
        ground = stack_terrain_features(elevation, sill, water, fields["distance"])
        levels = self.draws[0].height.size
        periods = levels - self.higher_seas
        if ground.land.any():
            archive = (
                None if self.past is None else archive_of_tile(self.past, self._seen(self.past, tile, fields), ground)
            )
            floods = map_floods(replace(self.forecaster, archive=archive), ground, self.draws, {})
            return _bands_of(floods, periods), floods.depth.reshape(-1, *floods.depth.shape[2:])
        empty = np.where(ground.known.numpy(), np.float32(0), np.float32(np.nan))  # open sea, or unknown ground
        counts = len(BANDS) * periods, len(self.draws) * levels
        bands, depths = (np.broadcast_to(empty, (count, *empty.shape)) for count in counts)
        return bands, depths

    def _seen(self, past: PastStorms, tile: Tile, fields: dict[str, npt.NDArray[np.generic]]) -> Observations:
        """Radar and gauge observations of a tile's window."""
        region = self.region.window(*tile.window)
        terrain = xr.Dataset(
            {
                "elevation": as_variable("elevation", ("y", "x"), fields["elevation"]),
                "permanent_water": as_variable("permanent_water", ("y", "x"), fields["water"].astype(float)),
            },
            {"y": region.y, "x": region.x},
        )
        sar, reference = _scenes_over(past.sar, region)
        return Observations(
            region, terrain, past.provenance, tide_gauge=past.gauge, sar=sar, sar_reference=reference
        )  # fmt: skip


def archive_of_tile(past: PastStorms, seen: Observations, ground: TerrainFeatures) -> FloodArchive | None:
    """The teacher's maps of a window's past storms; ``None`` where radar saw too few of them."""
    if seen.sar is None or seen.sar_reference is None:
        return None
    storms = [storm for storm in past.storms if shows_flood(storm, seen.sar["time"].values).any()]
    if len(storms) < FEWEST_STORMS:
        return None
    parts = storm_gauge_part(seen, storms, past.sea_level) | scene_part(seen, storms)
    return predict_two_pass(ground.attach_to(Batch(**parts)), past.teacher).archive


def _scenes_over(sar: SarSection, region: Region) -> tuple[xr.Dataset | None, xr.Dataset | None]:
    """Radar and its dry reference over a window, where scenes cover it."""
    scenes = []
    for scene in sar.scenes:
        try:
            scenes.append(read_sar(sar.model_copy(update={"scenes": (scene,)}), region))
        except NoCoverage:  # it covers other parts of the region
            continue
    try:
        reference = read_sar_reference(sar, region)
    except NoCoverage:
        reference = None
    return _in_order(scenes), reference


def _in_order(scenes: Sequence[xr.Dataset]) -> xr.Dataset | None:
    if not scenes:
        return None
    joined = xr.concat(scenes, "scene").assign_coords(scene=np.arange(len(scenes)))
    return joined.isel(scene=np.argsort(joined["time"].values, kind="stable"))


def _bands_of(maps: FloodMaps, periods: int) -> npt.NDArray[np.float32]:
    depth = np.quantile(maps.depth[:, :periods], QUANTILES, axis=0)  # (3, R, h, w)
    others = (each[:periods] for each in (maps.probability, maps.flood_extent, maps.epistemic_sd))
    return np.concatenate([*others, *depth]).astype(np.float32)
