"""The world between 60 S and 60 N in cells: where a place lies, smoothed counts, and land."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, minimum_filter

from strandline.observations.arrays import Bytes, Floats, Indices, Mask

CELL = 2.5
"""[degrees] of a cell."""
BOUND = 60.0
"""[degrees] of latitude beyond which no tropical cyclone is followed."""
ROWS, COLUMNS, MONTHS = 48, 144, 12
LAND_CELL = 0.25
"""[degrees] of a cell of the land mask."""


def cell_of(longitude: Floats, latitude: Floats) -> Indices:
    """Number of the cell of each place [degrees], row by row from 60 S and 0 E."""
    row = np.clip(((latitude + BOUND) / CELL).astype(np.int64), 0, ROWS - 1)
    column = ((longitude % 360.0) / CELL).astype(np.int64) % COLUMNS
    return np.asarray(row * COLUMNS + column)


def month_of_day(day: Floats) -> Indices:
    """Month, 0 to 11, of a day since the first of January; twelve equal parts of the year."""
    return np.asarray((day % 365.25 * (MONTHS / 365.25)).astype(np.int64) % MONTHS)


def smooth(sums: Floats, degrees: float, months: float) -> Floats:
    """Sums over cells (..., M, H, W), weighted by a normal kernel that is 1 at its centre.

    The hemispheres are kept apart; months and longitudes are circular.

    Args:
        degrees: standard deviation of the kernel in space; months: in time, for M = 12.
    """
    width = degrees / CELL
    result = sums.astype(np.float64)
    if sums.shape[-3] == MONTHS:
        result = gaussian_filter1d(result, months, axis=-3, mode="wrap") * max(1.0, np.sqrt(2 * np.pi) * months)
    result = gaussian_filter1d(result, width, axis=-1, mode="wrap") * np.sqrt(2 * np.pi) * width
    half = ROWS // 2
    south, north = (
        gaussian_filter1d(part, width, axis=-2, mode="constant")
        for part in (result[..., :half, :], result[..., half:, :])
    )
    return np.asarray(np.concatenate([south, north], axis=-2) * np.sqrt(2 * np.pi) * width)


def sums_over_cells(cell: Indices, month: Indices | None, weight: Floats) -> Floats:
    """(M, H, W) sums of weights (N,) over months and cells; M = 1 without months."""
    count = 1 if month is None else MONTHS
    index = cell if month is None else month * (ROWS * COLUMNS) + cell
    total = np.bincount(index, weight, count * ROWS * COLUMNS)
    return np.asarray(total.reshape(count, ROWS, COLUMNS))


def local_means(cell: Indices, month: Indices, values: Floats, degrees: float, months: float, prior: float) -> Floats:
    """(M, H, W) means of values (N,) in a neighbourhood; where there are few, drawn to those of a wider one.

    Args:
        degrees, months: standard deviations of the nearest neighbourhood; those beyond are two and four times as wide.
        prior: values that the wider neighbourhood counts as.
    """
    counts, sums = (sums_over_cells(cell, month, weight) for weight in (np.ones(values.size), values))
    mean = np.full_like(counts, float(values.mean()) if values.size else 0.0)
    for factor in (4.0, 2.0, 1.0):
        number, total = (smooth(each, factor * degrees, factor * months) for each in (counts, sums))
        mean = (total + prior * mean) / (number + prior)
    return mean


@dataclass(frozen=True, eq=False)
class LandMask:
    """Land between 60 S and 60 N.

    Attributes:
        packed: bits of (480, 1440) cells of a quarter degree, row by row from 60 S and 0 E.
    """

    packed: Bytes

    @classmethod
    def of(cls, is_land: Mask) -> "LandMask":
        """From cells (480, 1440)."""
        return cls(np.packbits(is_land))

    def unpacked(self) -> Mask:
        """(480 x 1440,) whether each cell is land; unpack once before many look-ups."""
        return np.asarray(np.unpackbits(self.packed).astype(bool))

    def coast(self, farthest: float) -> tuple[Floats, Floats]:
        """Longitude and latitude [degrees] of one place (N,) of the coast in each cell that has some.

        Args:
            farthest: latitude beyond which there are none [degrees].
        """
        rows, columns = round(2 * BOUND / LAND_CELL), round(360 / LAND_CELL)
        is_land = self.unpacked().reshape(rows, columns)
        beside_sea = is_land & ~minimum_filter(is_land, size=3, mode=("nearest", "wrap"))
        row, column = np.nonzero(beside_sea)
        longitude = np.asarray((column + 0.5) * LAND_CELL, dtype=np.float64)
        latitude = np.asarray((row + 0.5) * LAND_CELL - BOUND, dtype=np.float64)
        first = np.unique(cell_of(longitude, latitude), return_index=True)[1]
        near = first[np.abs(latitude[first]) <= farthest]
        return longitude[near], latitude[near]

    def share_of_step(self, west: Floats, south: Floats, east: Floats, north: Floats) -> Floats:
        """(N,) share of a straight step over land, by three points of it: a third, two thirds, and its end."""
        return share_over_land(self.unpacked(), west, south, east, north)


def share_over_land(
    cells: Mask, from_longitude: Floats, from_latitude: Floats, longitude: Floats, latitude: Floats
) -> Floats:
    """(N,) share of a step over land; ``cells`` as ``LandMask.unpacked`` gives them."""
    across = (longitude - from_longitude + 180.0) % 360.0 - 180.0
    share = np.zeros(np.shape(longitude))
    for part in (1 / 3, 2 / 3, 1.0):
        share += is_over_land(cells, from_longitude + part * across, from_latitude + part * (latitude - from_latitude))
    return share / 3


def is_over_land(cells: Mask, longitude: Floats, latitude: Floats) -> Mask:
    """(N,) whether places [degrees] are land; ``cells`` as ``LandMask.unpacked`` gives them."""
    columns, rows = round(360 / LAND_CELL), round(2 * BOUND / LAND_CELL)
    row = np.clip(((latitude + BOUND) / LAND_CELL).astype(np.int64), 0, rows - 1)
    column = ((longitude % 360.0) / LAND_CELL).astype(np.int64) % columns
    return np.asarray(cells[row * columns + column])
