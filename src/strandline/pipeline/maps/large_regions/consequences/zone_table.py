"""Flooded land, people in danger and damage in each zone of a large region."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from strandline.distillation.training.loop import Progress
from strandline.observations.arrays import Floats, Indices
from strandline.observations.exposure.assets import no_survey
from strandline.observations.region import Region
from strandline.pipeline.maps.large_regions.consequences.asset_damage import (
    PER_YEAR,
    AssetDamage,
    add_people,
    name_of,
)
from strandline.pipeline.maps.large_regions.consequences.depths_at_assets import SeaLevels
from strandline.pipeline.maps.large_regions.mosaic import blend_depths, blocks_of
from strandline.pipeline.maps.large_regions.store import MapStore
from strandline.pipeline.maps.tiles import Tile, Window
from strandline.risk.people import Homes
from strandline.risk.stage_damage.by_zone import (
    ByLevel,
    ZoneSums,
    people_of,
    rising,
    tally,
    uncounted_homes,
)
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.zones import NOWHERE, Zones

PEOPLE = ("people_in_danger", "people_in_danger_at_most")
SHARES = ("flooded_share", "dangerous_share")
QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}


def sum_by_zone(
    store: MapStore,
    region: Region,
    tiles: Sequence[Tile],
    seas: SeaLevels,
    zones: Zones,
    damage: AssetDamage,
    assets: gpd.GeoDataFrame,
    dry_level: float,
    *,
    has_map_of_people: bool,
    report: Progress,
) -> pd.DataFrame:
    """A row for each zone; NaN = unknown.

    Every cell counts once, in the zone that holds its centre, by the blended depth of each sample; every asset counts
    once, in its own zone.

    Args:
        dry_level: mean high water [m, region datum], which floods nothing.
    """
    count, samples = len(zones), len(seas.levels)
    land = {name: np.zeros((count, *seas.all.shape)) for name in SHARES}
    people = {name: each.copy() for name, each in damage.people.items()}
    known, blocks = np.zeros(count, dtype=np.int64), blocks_of(region)
    for done, block in enumerate(blocks, start=1):
        depth = blend_depths(store, tiles, block, samples)
        known_land = np.where(np.isnan(depth).any(axis=(0, 1)), NOWHERE, zones.of_cell[block]).ravel()
        known += tally(known_land, count)
        empty = np.zeros(0)
        sums = ZoneSums.of(count, known_land, np.zeros(0, dtype=np.int64), empty, empty)
        for number, sample in enumerate(depth):
            found = sums.in_water(sample, (np.zeros((0, len(sample))), np.zeros(0, dtype=bool)))
            for name in SHARES:
                land[name][:, number] += found[name]
        if has_map_of_people:
            _add_map_of_people(people, store, region, zones, block, depth)
        report(done / len(blocks))
    homes = Homes.of(assets)
    uncounted, no_count = uncounted_homes(zones, assets, homes)
    nobody_counts = homes is None and not has_map_of_people
    if has_map_of_people:
        no_count = np.zeros(count, dtype=bool)
    missing = {
        **dict.fromkeys(SHARES, known == 0), PEOPLE[0]: no_count | nobody_counts,
        PEOPLE[1]: np.full(count, nobody_counts),
    }  # fmt: skip
    order = np.argsort(seas.all, axis=1, kind="stable")
    tables = {}
    for name, table in {**land, **people}.items():
        each = table / np.maximum(known, 1)[:, None, None] if name in SHARES else table
        each[missing[name]] = np.nan
        tables[name] = rising(each, order)
    by_level = ByLevel(np.take_along_axis(seas.all, order, axis=1), dry_level, tables)
    cells = tally(zones.of_cell.ravel(), count)
    known_land = np.asarray(known * region.cell_size**2, dtype=float)
    columns = {
        **_by_period(by_level, seas, known_land),
        **_damage(damage, zones, seas.return_periods),
        "known_land": known_land,
        "unknown_share": 1 - known / cells,
        "uncounted_homes": np.zeros_like(uncounted) if has_map_of_people else uncounted,
        "unknown_assets": tally(zones.of_asset[damage.is_unknown], count),
        "unknown_value": _sum(zones.of_asset, np.where(damage.is_unknown, assets["value"], 0.0), count),
    }
    return pd.DataFrame(columns)


def _add_map_of_people(
    people: dict[str, Floats], store: MapStore, region: Region, zones: Zones, block: Window, depth: np.ndarray
) -> None:
    """Add the people of a map in a block (S, L, h, w) to tables (Z, S, L)."""
    part, numbers = region.window(*block), np.asarray(store.array("people")[block])
    mapped = xr.DataArray(numbers, {"y": part.y, "x": part.x}, ("y", "x"))
    homes = Homes.of(no_survey(region.crs), mapped)
    if homes is None:
        return
    fewest, most = people_of(homes.places, homes)
    point = homes.places.geometry
    own = zones.of_cell[block][part.cells_of(point.x.to_numpy(), point.y.to_numpy())]
    sums = ZoneSums.of(len(zones), np.full(numbers.size, NOWHERE), own, fewest, most)
    add_people(people, sums, depth, overlay_exposure(homes.places, part))


def _by_period(by_level: ByLevel, seas: SeaLevels, land: Floats) -> dict[str, Floats]:
    columns: dict[str, Floats] = {}
    for period, level in zip(seas.return_periods, seas.levels.T, strict=True):
        state = by_level.at(level, np.arange(level.size))  # (S, Z)
        for name, share in (("flooded_area", "flooded_share"), ("dangerous_area", "dangerous_share")):
            columns |= _statistics(name, state[share] * land, period)
        found = by_level.people_in_danger(level)
        for bound in ("low", "high"):
            columns[name_of(f"people_in_danger_{bound}", period)] = np.array([getattr(each, bound) for each in found])
    return columns


def _damage(damage: AssetDamage, zones: Zones, periods: Sequence[float]) -> dict[str, Floats]:
    count = len(zones)
    of_known = zones.of_asset[~damage.is_unknown]
    no_value = (tally(zones.of_asset, count) > 0) & (tally(of_known, count) == 0)
    if not of_known.size:  # nobody surveyed, or nothing of it is known
        no_value[:] = True
    columns: dict[str, Floats] = {}
    for number, sums in enumerate(damage.sums):
        samples = np.where(no_value, np.nan, sums.T)  # (N, Z)
        if number < len(periods):
            columns |= _statistics("damage", samples, periods[number])
        else:
            columns |= _statistics(PER_YEAR, samples, None)
    return columns


def _statistics(name: str, samples: Floats, period: float | None) -> dict[str, Floats]:
    found = {"mean": samples.mean(axis=0), **{key: np.quantile(samples, at, axis=0) for key, at in QUANTILES.items()}}
    return {
        f"{name}_{key}" if period is None else name_of(f"{name}_{key}", period): each for key, each in found.items()
    }


def _sum(zone: Indices, values: Floats, count: int) -> Floats:
    return np.asarray(np.bincount(zone, np.nan_to_num(values), count), dtype=float)
