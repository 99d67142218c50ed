"""Simulated coasts of a hundred years, with what the sea truly reaches and whom and what it then floods."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from strandline.observations.arrays import Floats, Times
from strandline.observations.observations import Observations
from strandline.risk.stage_damage.exposure import asset_shares
from strandline.risk.stage_damage.vulnerability import damage_ratio
from strandline.simulator.coast import simulate_coast

YEARS, STORMS, PERIOD = 100.0, 40, 25.0
WET = 0.15  # [m]


@dataclass(frozen=True, eq=False)
class KnownCoast:
    """A coast with its truth.

    Attributes:
        level: the sea exceeds it once in ``PERIOD`` years [m, region datum], of all years.
        peaks: (E,) ascending peak levels of the storms that were computed [m, region datum].
        people, money: (E,) with water at home, and damage [EUR 2010], in each.
    """

    observations: Observations
    level: float
    peaks: Floats
    people: Floats
    money: Floats

    def answers(self, level: float) -> tuple[float, float]:
        """People and damage [EUR 2010] when the sea reaches a level [m, region datum]."""
        return tuple(float(np.interp(level, self.peaks, each)) for each in (self.people, self.money))  # type: ignore[return-value]


def draw_coast(seed: int, years: float = YEARS, storms: int = STORMS) -> KnownCoast:
    """The coast of a seed."""
    coast = simulate_coast(
        f"coast {seed}", seed, shape=(32, 32), years=years, n_storms=storms, n_surveys=3, inhabited=True
    )
    truth = coast.require("truth")
    year = pd.DatetimeIndex(truth["hour"].values).year.to_numpy()
    maxima = np.maximum.reduceat(truth["water_level"].values, np.flatnonzero(np.diff(year, prepend=year[0] - 1)))
    depth = truth["flood_depth"].values
    order = np.argsort(truth["peak_level"].values)
    people, money = counts(coast.require_assets(), coast, depth[order])
    rising = [np.maximum.accumulate(each) for each in (people, money)]
    level = float(np.quantile(maxima, 1.0 - 1.0 / PERIOD))
    return KnownCoast(coast, level, truth["peak_level"].values[order], *rising)


def own_hours(coast: Observations, years: float) -> tuple[Times, Floats]:
    """Times and usable levels [m, region datum] of the last years of the own gauge."""
    gauge: xr.Dataset = coast.require_gauge()
    last = round(years * 8766)
    level = np.where(gauge["quality"].values[0] == 0, gauge["water_level"].values[0], np.nan)
    return gauge["time"].values[-last:], level[-last:]


def counts(assets: gpd.GeoDataFrame, coast: Observations, depth: Floats) -> tuple[Floats, Floats]:
    """(E,) people with water at home and damage [EUR 2010]."""
    shares = asset_shares(assets, coast.region)[:, :-1]
    inside = depth.reshape(len(depth), -1)
    at_asset = np.stack([shares @ each for each in inside])  # (E, A)
    people = np.zeros(len(assets)) if "people" not in assets else assets["people"].fillna(0.0).to_numpy(dtype=float)
    value = assets["value"].fillna(0.0).to_numpy(dtype=float)
    ratio = np.stack(
        [
            damage_ratio(at_asset[:, i], str(name), coast.region.continent)
            for i, name in enumerate(assets["asset_class"])
        ],
        axis=1,
    )
    return (at_asset >= WET) @ people, ratio @ value
