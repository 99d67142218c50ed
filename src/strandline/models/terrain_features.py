"""Terrain features of the networks: elevation, lowest sill on the way from the sea, and distance to the sea."""

import heapq
from dataclasses import dataclass, replace

import numba
import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from scipy import ndimage
from torch import Tensor

from strandline.errors import InputError
from strandline.models.batch import Batch, land_of
from strandline.observations.arrays import Mask, Reals
from strandline.observations.region import Region

LOWEST, HIGHEST = -10.0, 15.0
"""[m above mean sea level]: elevations are clipped to this range; higher ground never floods from the sea."""
_ROWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class TerrainFeatures:
    """Terrain channels of a region, shared by all samples of a batch.

    Attributes:
        channels: (4, H, W) ``TERRAIN_CHANNELS``; ``known``: (H, W) where the elevation is known.
    """

    channels: Tensor
    known: Tensor

    @property
    def land(self) -> Mask:
        """(H, W) cells that can be flooded, as `Batch.land`."""
        return land_of(self.channels, self.known).numpy()

    def attach_to(self, batch: Batch) -> Batch:
        """The batch with this terrain."""
        return replace(
            batch,
            terrain=self.channels.expand(len(batch), *self.channels.shape),
            terrain_seen=self.known.expand(len(batch), *self.known.shape),
        )


def terrain_features_of(region: Region, terrain: xr.Dataset, mean_sea_level: float) -> TerrainFeatures:
    """Derive the terrain features of a region.

    Args:
        terrain: the ``terrain`` modality.
        mean_sea_level: [m, region datum].

    Raises:
        InputError: the sea point lies on land.
    """
    elevation = terrain["elevation"].values.astype(float) - mean_sea_level
    sea = sea_of(region, terrain)
    distance = distance_to(sea) * region.cell_size / 1000.0
    return stack_terrain_features(elevation, sill_of(elevation, sea), terrain["permanent_water"].values > 0.5, distance)


def stack_terrain_features(elevation: Reals, sill: Reals, water: Mask, distance: Reals) -> TerrainFeatures:
    """Clip and stack the fields, (H, W) each.

    Args:
        elevation, sill: [m above mean sea level]; NaN = unknown, or not reached.
        water: permanent water, of the sea or not.
        distance: to the sea [km].
    """
    seen = ~np.isnan(elevation)
    channels = np.stack(
        [
            np.where(seen, np.clip(elevation, LOWEST, HIGHEST), 0.0),
            np.where(np.isnan(sill), np.where(seen, HIGHEST, 0.0), np.clip(sill, LOWEST, HIGHEST)),
            water,
            np.where(seen, distance, 0.0),
        ]
    )
    return TerrainFeatures(torch.from_numpy(channels.astype(np.float32)), torch.from_numpy(seen))


def sea_of(region: Region, terrain: xr.Dataset) -> Mask:
    """(H, W) permanent water that is connected with the region's sea point."""
    return joined_to_sea(terrain["permanent_water"].values > 0.5, region)


def joined_to_sea(wet: Mask, region: Region) -> Mask:
    """(H, W) wet cells that are connected with the region's sea point through wet cells, by edge or corner.

    Raises:
        InputError: the sea point is not wet, or lies outside.
    """
    rows, columns = region.cells_of(np.array([region.sea_point[0]]), np.array([region.sea_point[1]]))
    row, column = int(rows[0]), int(columns[0])
    if row < 0 or not wet[row, column]:
        raise InputError(
            f"region '{region.name}'",
            f"the sea point {region.sea_point} lies {'outside' if row < 0 else 'on land'}",
            "move it to a cell that is permanent water",
        )
    labels, _ = ndimage.label(wet, structure=np.ones((3, 3), dtype=np.int8))
    return np.asarray(labels == labels[row, column])


def distance_to(sea: Mask) -> npt.NDArray[np.float32]:
    """(H, W) distance between the centres of a cell and of the nearest sea cell [cells]."""
    nearest = ndimage.distance_transform_edt(~sea, return_distances=False, return_indices=True)  # (2, H, W)
    distance = np.empty(sea.shape, dtype=np.float32)
    columns = np.arange(sea.shape[1])
    for start in range(0, len(sea), _ROWS_AT_ONCE):  # double precision, a few rows at a time
        part = slice(start, start + _ROWS_AT_ONCE)
        rows = np.arange(len(sea))[part, None]
        distance[part] = np.hypot(nearest[0, part] - rows, nearest[1, part] - columns)
    return distance


def sill_of(elevation: Reals, sea: Mask) -> Reals:
    """Lowest sea level [m] at which water from ``sea`` reaches each cell (8 neighbours).

    Cells of unknown elevation (NaN) are not crossed and get NaN, as do cells that no path reaches.

    Source: priority-flood with a plain queue for cells below the water, Barnes et al. (2014), Computers & Geosciences
    62, 117–127, algorithm 2.
    """
    sill = np.where(sea, elevation, elevation.dtype.type(np.nan))
    if sea.any():
        _flood(elevation, sea, sill)
    return sill


@numba.njit(cache=True)
def _flood(elevation, sea, sill):  # type: ignore[no-untyped-def]  # compiled
    rows, columns = elevation.shape
    queue, pool = [(elevation[0, 0], np.int64(0))], [np.int64(0)]  # empty lists whose types numba can infer
    queue.pop()
    pool.pop()
    for row in range(rows):
        for column in range(columns):
            if not sea[row, column] or np.isnan(elevation[row, column]):
                continue
            shore = False
            for i in range(max(row - 1, 0), min(row + 2, rows)):
                for j in range(max(column - 1, 0), min(column + 2, columns)):
                    shore = shore or not sea[i, j]
            if shore:
                queue.append((elevation[row, column], np.int64(row * columns + column)))
    heapq.heapify(queue)
    level = elevation[0, 0]
    while queue or pool:
        if pool:
            cell = pool.pop()
        else:
            level, cell = heapq.heappop(queue)
        row, column = cell // columns, cell % columns
        for i in range(max(row - 1, 0), min(row + 2, rows)):
            for j in range(max(column - 1, 0), min(column + 2, columns)):
                if np.isnan(sill[i, j]) and not np.isnan(elevation[i, j]):
                    if elevation[i, j] <= level:
                        sill[i, j] = level
                        pool.append(np.int64(i * columns + j))
                    else:
                        sill[i, j] = elevation[i, j]
                        heapq.heappush(queue, (elevation[i, j], np.int64(i * columns + j)))
