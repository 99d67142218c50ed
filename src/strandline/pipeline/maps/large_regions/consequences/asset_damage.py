"""Damage to the assets of a large region, a few thousand of them at a time; by the same draws as in a run."""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from strandline.distillation.training.loop import Progress
from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.region import Region
from strandline.pipeline.maps.large_regions.consequences.depths_at_assets import (
    DepthsAtCells,
    SeaLevels,
    hazard_in_row,
)
from strandline.risk.impact.impact import damage_statistics
from strandline.risk.stage_damage.asset_depths import greatest_depth, mean_depth
from strandline.risk.stage_damage.by_zone import ZoneSums
from strandline.risk.stage_damage.damage_draws import DamageDraws
from strandline.risk.stage_damage.exposure import Exposure
from strandline.risk.stage_damage.zones import NOWHERE, Zones

ASSETS_AT_ONCE = 5000
"""Assets whose draws are held at once: 400 draws of them take 16 MB."""
PER_YEAR = "expected_annual_damage"


@dataclass(frozen=True, eq=False)
class AssetDamage:
    """Damage to A assets, and its sums over the known ones of each zone.

    Attributes:
        columns: (A,) rows of statistics; NaN = unknown.
        is_unknown: (A,) assets that touch an unknown cell, or have no value.
        sums: (R + 1, Z, N) damage [money] at each return period, then a year [money a-1], in each draw.
        maps: S, number of flood maps that the draws read.
        people: ``TABLES`` of counted people → (Z, S, L), where a survey counts them.
    """

    columns: pd.DataFrame
    is_unknown: Mask
    sums: Floats
    maps: int
    people: dict[str, Floats]


def name_of(quantity: str, return_period: float) -> str:
    """Name of a column that holds at a return period: ``damage_mean_100y``."""
    return f"{quantity}_{return_period:g}y"


def assess_assets(
    assets: gpd.GeoDataFrame,
    exposure: Exposure,
    depths: DepthsAtCells,
    region: Region,
    seas: SeaLevels,
    deviates: Floats,
    zones: Zones,
    people: tuple[Floats, Floats] | None,
    report: Progress,
) -> AssetDamage:
    """Damage to each asset, and people in each, summed by zone.

    Args:
        exposure: of all assets on the region.
        deviates: (N, 6) of the damage curves, as many for each map.
        people: (A,) fewest and most of each asset; ``None`` = no survey counts them.
    """
    periods, count = seas.return_periods, len(zones)
    sums = np.zeros((len(periods) + 1, count, len(deviates)))
    in_water = {name: np.zeros((count, *seas.all.shape)) for name in ("people_in_danger", "people_in_danger_at_most")}
    parts, is_unknown = [], np.zeros(len(assets), dtype=bool)
    for start in range(0, len(assets), ASSETS_AT_ONCE):
        chosen = slice(start, min(start + ASSETS_AT_ONCE, len(assets)))
        own, cells = exposure.part(chosen, region.shape[0] * region.shape[1])
        depth = depths.of(cells)
        hazard = hazard_in_row(region, seas, depth, len(deviates) // len(seas.levels))
        draws = DamageDraws((hazard,), own, region.continent, deviates)
        damage = [draws.damage_ratios(number) * draws.values for number in range(len(periods))]
        damage.append(draws.annual_damage())
        is_unknown[chosen] = np.isnan(damage[-1]).any(axis=0)
        for number, each in enumerate(damage):
            _add_by_zone(sums[number], zones.of_asset[chosen], np.where(is_unknown[chosen], 0.0, each))
        water = np.stack([mean_depth(each[len(periods) - 1 : len(periods)], own)[:, 0] for each in hazard.flood_depth])
        parts.append(_columns(damage, water, seas, is_unknown[chosen]))
        if people is not None:
            fewest, most = (each[chosen] for each in people)
            nowhere = np.full(cells.size, NOWHERE)
            by_zone = ZoneSums.of(count, nowhere, zones.of_asset[chosen], fewest, most)
            add_people(in_water, by_zone, depth, own)
        report(chosen.stop / len(assets))
    columns = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return AssetDamage(columns, is_unknown, sums, len(seas.levels), in_water)


def add_people(tables: dict[str, Floats], sums: ZoneSums, depth: np.ndarray, places: Exposure) -> None:
    """Add the people in the water to tables (Z, S, L), by depths (S, L, H, W) [m] at their homes."""
    for number, sample in enumerate(depth):
        found = sums.in_water(sample, greatest_depth(sample, places))
        for name, table in tables.items():
            table[:, number] += found[name]


def _columns(damage: Sequence[Floats], water: Floats, seas: SeaLevels, unknown: Mask) -> pd.DataFrame:
    """Statistics of draws (N, A) at each return period, then a year; and of the depth (S, A) at the longest."""
    columns: dict[str, Floats] = {}
    for number, samples in enumerate(damage):
        for name, values in damage_statistics(samples, len(seas.levels)).items():
            known = np.where(unknown, np.nan, values)
            if number < len(seas.return_periods):
                columns[name_of(f"damage_{name}", seas.return_periods[number])] = known
            else:
                columns[f"{PER_YEAR}_{name}"] = known
    columns[name_of("depth_p50", seas.return_periods[-1])] = np.median(water, axis=0)
    return pd.DataFrame(columns)


def _add_by_zone(sums: Floats, zone: Indices, samples: Floats) -> None:
    np.add.at(sums, zone, samples.T)
