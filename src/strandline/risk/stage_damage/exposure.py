"""Exposure: the value of each asset and its share in each cell of the region."""

from dataclasses import dataclass, replace
from typing import Self

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS
from scipy import sparse

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.exposure.assets import ASSET_CLASSES, ASSET_COLUMNS
from strandline.observations.region import Region

GOLDEN_RATIO = (1 + 5**0.5) / 2


@dataclass(frozen=True, eq=False)
class ClassExposure:
    """The assets of one class.

    Attributes:
        rows: (N,) their positions among all assets.
        cells: (C,) flat indices of the cells they touch; H·W stands for everything outside the region.
        shares: (N, C) share of each asset in each of these cells [-].
        is_mapped: (N,) whether only bounds of its value are known, since a map shows it; ``None`` = of none.
        bounds: least and most of the value of all of those, as a multiple of the likely one [-].
    """

    asset_class: str
    rows: Indices
    cells: Indices
    shares: sparse.csr_array
    is_mapped: Mask | None = None
    bounds: tuple[float, float] = (1.0, 1.0)

    def value_factor(self, count: int) -> Floats:
        """(count,) value of the mapped assets in each draw, as a multiple of the likely one [-].

        What is not known of them (prices, storeys, material, use) is the same for the whole place. The logarithm is
        even between the likely value and each bound; any few draws in a row cover the range evenly, as multiples of the
        golden ratio do.
        """
        even = 2.0 * ((np.arange(count) + 0.5) * GOLDEN_RATIO % 1.0) - 1.0
        low, high = self.bounds
        return np.asarray(np.where(even < 0, low**-even, high**even))


@dataclass(frozen=True, eq=False)
class Exposure:
    """All assets, overlaid on the region's cells.

    Attributes:
        value: (A,) [money], the likely one of mapped assets; NaN = unknown.
        classes: one entry per asset class that occurs.
    """

    value: Floats
    classes: tuple[ClassExposure, ...]

    def values(self, count: int) -> Floats:
        """(count, A) value of each asset in each draw [money]; (1, A) where all are surveyed."""
        mapped = [group for group in self.classes if group.is_mapped is not None]
        if not mapped:
            return self.value[None]
        result = np.repeat(self.value[None], count, axis=0)
        for group in mapped:
            result[:, group.rows[group.is_mapped]] *= group.value_factor(count)[:, None]
        return result

    def cells(self, outside: int) -> Indices:
        """Flat indices of all cells that an asset touches, ascending, without ``outside``: everything beyond."""
        touched = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(group.cells for group in self.classes)]))
        return touched[touched < outside]

    def part(self, chosen: slice, outside: int) -> tuple[Self, Indices]:
        """Some of the assets on a grid of one row, and the cells of the region that it holds, at least one.

        Bounds of values remain those of all assets: what a map does not know of values is the same for the whole place.
        """
        classes = []
        for group in self.classes:
            own = (group.rows >= chosen.start) & (group.rows < chosen.stop)
            if own.any():
                shares = group.shares[np.flatnonzero(own)]
                touched = np.unique(shares.indices)
                is_mapped = None if group.is_mapped is None else group.is_mapped[own]
                rows = group.rows[own] - chosen.start
                classes.append(
                    replace(
                        group, rows=rows, cells=group.cells[touched], shares=shares[:, touched], is_mapped=is_mapped
                    )
                )
        some = type(self)(self.value[chosen], tuple(classes))
        cells = some.cells(outside)
        cells = cells if cells.size else np.zeros(1, dtype=np.int64)
        in_row = tuple(replace(group, cells=np.searchsorted(cells, group.cells)) for group in some.classes)
        return replace(some, classes=in_row), cells


def overlay_exposure(assets: gpd.GeoDataFrame, region: Region) -> Exposure:
    """Overlay assets on the cells of a region.

    Raises:
        InputError: missing columns, unknown classes, negative values, another CRS, or no geometry.
    """
    missing = [column for column in ASSET_COLUMNS if column not in assets.columns]
    if missing:
        raise InputError("assets", f"columns {missing} are missing", f"needed: {', '.join(ASSET_COLUMNS)}")
    value = assets["value"].to_numpy(dtype=float)
    if (value < 0).any() or np.isinf(value).any():
        raise InputError("assets", "a value is negative or infinite", "give EUR, empty where it is unknown")
    names = assets["asset_class"].to_numpy()
    unknown = sorted(set(names) - set(ASSET_CLASSES))
    if unknown:
        raise InputError("assets", f"unknown classes {unknown}", f"known: {', '.join(ASSET_CLASSES)}")
    shares = asset_shares(assets, region)
    classes = []
    for name in ASSET_CLASSES:
        rows = np.flatnonzero(names == name)
        if rows.size:
            cells = np.unique(shares[rows].indices).astype(np.int64)
            own = shares[rows][:, cells]
            classes.append(ClassExposure(name, rows, cells, own, *_bounds(assets.iloc[rows])))
    return Exposure(value, tuple(classes))


def _bounds(assets: gpd.GeoDataFrame) -> tuple[Mask | None, tuple[float, float]]:
    """(N,) which assets have bounds of their value, and these of all of them, as multiples of the likely one.

    Raises:
        InputError: bounds that do not hold the value.
    """
    if "value_low" not in assets:
        return None, (1.0, 1.0)
    low, value, high = (assets[name].to_numpy(dtype=float) for name in ("value_low", "value", "value_high"))
    is_mapped = np.asarray(~np.isnan(low + value + high) & (value > 0))
    if not is_mapped.any():
        return None, (1.0, 1.0)
    least, likely, most = (float(each[is_mapped].sum()) for each in (low, value, high))
    if not 0 < least <= likely * (1 + 1e-9) <= most * (1 + 2e-9):
        raise InputError("assets", f"values of {likely:g} lie outside {least:g} to {most:g}", "order the bounds")
    return is_mapped, (min(least / likely, 1.0), max(most / likely, 1.0))


def asset_shares(assets: gpd.GeoDataFrame, region: Region) -> sparse.csr_array:
    """(A, H·W + 1) share of each asset [-] in each cell, row by row from the north-west; rows sum to 1.

    A point belongs to the cell that holds it; a line is shared by length, a polygon by area. The last column is
    everything outside the region, where nothing is known.

    Raises:
        InputError: assets in another CRS than the region, or without a geometry.
    """
    if assets.crs is None or CRS.from_user_input(assets.crs) != CRS.from_user_input(region.crs):
        raise InputError("assets", f"are in {assets.crs}", f"reproject them to the region's {region.crs}")
    shapes = assets.geometry.to_numpy()
    if (shapely.is_missing(shapes) | shapely.is_empty(shapes)).any():
        raise InputError("assets", "one has no geometry", "give each a point, line or polygon")
    rows, columns = region.shape
    outside = rows * columns
    result = sparse.lil_array((len(shapes), outside + 1))
    is_point = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    for index in np.flatnonzero(~is_point):
        cells, share = _overlay(shapes[index], region)
        result[index, cells] = share
        result[index, outside] = max(0.0, 1.0 - float(share.sum()))
    points = shapes[is_point]
    row, column = region.cells_of(shapely.get_x(points), shapely.get_y(points))
    result[np.flatnonzero(is_point), np.where(row < 0, outside, row * columns + column)] = 1.0
    compact = result.tocsr()
    compact.data[np.abs(compact.data) < 1e-9] = 0.0
    compact.eliminate_zeros()
    return compact


def _overlay(shape: shapely.Geometry, region: Region) -> tuple[np.ndarray, np.ndarray]:
    """Flat indices of the cells that a line or polygon touches, and its share in each."""
    left, bottom, right, top = shapely.bounds(shape)
    height, width = region.shape
    first_column, last_column = (int((x - region.bounds[0]) // region.cell_size) for x in (left, right))
    first_row, last_row = (int((region.bounds[3] - y) // region.cell_size) for y in (top, bottom))
    row, column = np.meshgrid(
        np.arange(max(first_row, 0), min(last_row, height - 1) + 1),
        np.arange(max(first_column, 0), min(last_column, width - 1) + 1),
        indexing="ij",
    )
    x = region.bounds[0] + column.ravel() * region.cell_size
    y = region.bounds[3] - row.ravel() * region.cell_size
    pieces = shapely.intersection(shape, shapely.box(x, y - region.cell_size, x + region.cell_size, y))
    measure = shapely.area if shapely.area(shape) > 0 else shapely.length
    whole = float(measure(shape))
    if whole == 0:
        raise InputError("assets", f"{shape.geom_type} has no length or area", "give points, lines or polygons")
    share = measure(pieces) / whole
    share /= max(1.0, float(share.sum()))  # a line along a cell edge lies in both neighbours
    touched = share > 0
    return (row.ravel() * width + column.ravel())[touched], share[touched]
