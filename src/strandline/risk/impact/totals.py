"""Expected annual damage by asset class and by district, with the unknown assets of each."""

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.observations.assets import ASSET_CLASSES


@dataclass(frozen=True)
class PartialTotal:
    """The assets of one class or district.

    Attributes:
        name: of the class or district; ``None`` = the survey states no district.
        expected_annual_damage: p10, p50, p90 of the sum over the known ones [money a-1]; NaN where none is.
        unknown_assets, unknown_value: those whose damage is unknown, and their value [money] where it is stated.
    """

    by: Literal["class", "district"]
    name: str | None
    assets: int
    expected_annual_damage: tuple[float, float, float]
    unknown_assets: int
    unknown_value: float


def sum_known(samples: Floats, unknown: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    """p10, p50, p90 of the sum of (S, A) over the known assets; NaN where there is none."""
    if unknown.all():
        return (np.nan, np.nan, np.nan)
    p10, p50, p90 = np.quantile(samples[:, ~unknown].sum(axis=1), (0.1, 0.5, 0.9))
    return float(p10), float(p50), float(p90)


def partial_totals(samples: Floats, assets: gpd.GeoDataFrame) -> tuple[PartialTotal, ...]:
    """Totals by class in the order of ``ASSET_CLASSES``, then by district in that of their names, no district last.

    Quantiles of parts do not add up to those of the whole, because parts do not reach them in the same samples.

    Args:
        samples: (S, A) expected annual damage [money a-1]; NaN = unknown.
    """
    unknown = np.asarray(np.isnan(samples).any(axis=0))
    value = assets["value"].to_numpy(dtype=float)

    def total(by: Literal["class", "district"], name: str | None, chosen: npt.NDArray[np.bool_]) -> PartialTotal:
        lost = value[chosen & unknown]
        bounds = sum_known(samples[:, chosen], unknown[chosen])
        return PartialTotal(by, name, int(chosen.sum()), bounds, int(lost.size), float(np.nansum(lost)))

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
