"""The mosaic of a region: blocks blended from the tiles that overlap there."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from strandline.observations.region import Region
from strandline.pipeline.maps.large_regions.store import MapStore
from strandline.pipeline.maps.large_regions.tile_mapper import BANDS
from strandline.pipeline.maps.tiles import Tile, Window, intersection

BLOCK = 512


def blend(store: MapStore, tiles: Sequence[Tile], block: Window) -> npt.NDArray[np.float32]:
    """(6 R, h, w) `BANDS` of a block of the region, blended from its tiles; NaN = unknown."""
    mean = _mean(store, "maps", tiles, block)
    extent = slice(*(len(mean) // len(BANDS) * (BANDS.index("flood_extent") + step) for step in (0, 1)))
    mean[extent] = np.where(np.isnan(mean[extent]), np.float32(np.nan), mean[extent] >= 0.5)
    return mean


def blend_depths(store: MapStore, tiles: Sequence[Tile], block: Window, samples: int) -> npt.NDArray[np.float32]:
    """(S, L, h, w) depth [m] of each sample at each sea level in a block of the region; NaN = unknown."""
    mean = _mean(store, "depths", tiles, block)
    return mean.reshape(samples, -1, *mean.shape[1:])


def blocks_of(region: Region) -> list[Window]:
    """Blocks that cover a region, each cell once, row by row."""
    rows, columns = region.shape
    return [
        (slice(row, min(row + BLOCK, rows)), slice(column, min(column + BLOCK, columns)))
        for row in range(0, rows, BLOCK)
        for column in range(0, columns, BLOCK)
    ]


def _mean(store: MapStore, name: str, tiles: Sequence[Tile], block: Window) -> npt.NDArray[np.float32]:
    """(bands, h, w) mean of the tiles by their weights."""
    rows, columns = (part.stop - part.start for part in block)
    total, summed = np.zeros((rows, columns), np.float32), np.zeros((0, 0, 0), np.float32)
    for tile in tiles:
        shared = intersection(tile, block)
        if shared is None:
            continue
        within_tile, within_block = shared
        bands, weight = store.get(tile, name)[:, *within_tile], tile.weight[within_tile]
        if not summed.size:
            summed = np.zeros((len(bands), rows, columns), np.float32)
        summed[:, *within_block] += weight * bands
        total[within_block] += weight
    mean: npt.NDArray[np.float32] = np.divide(summed, total, dtype=np.float32)
    return mean
