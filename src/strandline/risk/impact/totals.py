"""Expected annual damage by asset class and by district, with the unknown assets of each."""

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.observations.exposure.assets import ASSET_CLASSES
from strandline.risk.expectation import Expectation


@dataclass(frozen=True)
class PartialTotal:
    """The assets of one class or district.

    Attributes:
        name: of the class or district; ``None`` = the survey states no district.
        expected_annual_damage: of the sum over the known ones [money a-1]; NaN where none is.
        unknown_assets, unknown_value: those whose damage is unknown, and their value [money] where it is stated.
    """

    by: Literal["class", "district"]
    name: str | None
    assets: int
    expected_annual_damage: Expectation
    unknown_assets: int
    unknown_value: float


def sum_known(samples: Floats, unknown: npt.NDArray[np.bool_], maps: int) -> Expectation:
    """Expectation of the sum of draws (N, A) over the known assets; NaN where there is none."""
    return Expectation.unknown() if unknown.all() else Expectation.of(samples[:, ~unknown].sum(axis=1), maps)


def partial_totals(samples: Floats, assets: gpd.GeoDataFrame, maps: int) -> tuple[PartialTotal, ...]:
    """Totals by class in the order of ``ASSET_CLASSES``, then by district in that of their names, no district last.

    Means of parts add up to that of the whole. Quantiles do not, because parts do not reach them in the same draws.

    Args:
        samples: (N, A) expected annual damage [money a-1]; NaN = unknown.
        maps: number of flood maps that the draws read.
    """
    unknown = np.asarray(np.isnan(samples).any(axis=0))
    value = assets["value"].to_numpy(dtype=float)

    def total(by: Literal["class", "district"], name: str | None, chosen: npt.NDArray[np.bool_]) -> PartialTotal:
        lost = value[chosen & unknown]
        sum_of_known = sum_known(samples[:, chosen], unknown[chosen], maps)
        return PartialTotal(by, name, int(chosen.sum()), sum_of_known, int(lost.size), float(np.nansum(lost)))

    names = assets["asset_class"].to_numpy()
    parts = [total("class", name, names == name) for name in ASSET_CLASSES if (names == name).any()]
    parts += [total("district", name, rows) for name, rows in rows_by_district(assets)]
    return tuple(parts)


def rows_by_district(assets: gpd.GeoDataFrame) -> list[tuple[str | None, npt.NDArray[np.bool_]]]:
    """District → (A,) its assets, in the order of their names; ``None`` = not stated, last; empty where none is."""
    if "district" not in assets:
        return []
    district, not_stated = assets["district"], assets["district"].isna().to_numpy()
    rows: list[tuple[str | None, npt.NDArray[np.bool_]]] = []
    rows += [(str(name), (district == name).to_numpy()) for name in sorted(district[~not_stated].unique())]
    return [*rows, (None, not_stated)] if not_stated.any() else rows
