"""Damage, flooded land and people in danger of a large region, from the depths of its finished tiles."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from strandline.distillation.training.loop import Announce
from strandline.files import write_atomically, write_text
from strandline.observations.region import Region
from strandline.pipeline.maps.large_regions.consequences.asset_damage import (
    ASSETS_AT_ONCE,
    AssetDamage,
    assess_assets,
)
from strandline.pipeline.maps.large_regions.consequences.depths_at_assets import SeaLevels, gather
from strandline.pipeline.maps.large_regions.consequences.exposed import Exposed, store_people
from strandline.pipeline.maps.large_regions.consequences.zone_table import sum_by_zone
from strandline.pipeline.maps.large_regions.store import MapStore
from strandline.pipeline.maps.tiles import Tile
from strandline.pipeline.settings import RunConfig
from strandline.report.products import assets_to_geojson
from strandline.risk.expectation import Expectation
from strandline.risk.people import Homes
from strandline.risk.stage_damage.by_zone import people_of
from strandline.risk.stage_damage.damage_chain import draw_curve_deviates
from strandline.risk.stage_damage.expected_annual_damage import left_out_at_most
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.zones import Zones, cut_into_zones, zones_to_geojson

ASSETS_FILE, ZONES_FILE = "assets.geojson", "zones.geojson"
DAMAGE_STREAM = 200
"""Key of the random stream of the damage curves."""
METHOD = (
    "Damage is that of each sample's depth, blended from the tiles, by the damage curves of a run and its draws of"
    " their errors; several draws of the curves read each map. Sea levels are those of the samples, and not the many"
    " more of a run. Floods below the first return level are in no number: their bound is 'left_out_at_most'. Breaches"
    " behind surveyed embankments, measures, rain and rivers are in none either."
)
"""What damage of a map is, for readers."""


@dataclass(frozen=True)
class MapDamage:
    """What ``map.json`` says of damage and people; every number is over the assets of known damage.

    Attributes:
        method: what the numbers are.
        money: of all amounts.
        expected_annual_damage: of all of them [money a-1]; ``damage``: at each return period [money].
        left_out_at_most: greatest expected annual damage of floods below the first return level [money a-1].
        assets: all; ``unknown_assets`` of them are in no number, of ``unknown_value`` [money] where it is stated.
        zones: how many; ``zones_source``: of them.
        people_counted_by: a survey, or a map; ``None`` = nobody counts them.
    """

    method: str
    money: str
    expected_annual_damage: Expectation
    damage: tuple[Expectation, ...]
    left_out_at_most: float
    assets: int
    unknown_assets: int
    unknown_value: float
    zones: int
    zones_source: str
    people_counted_by: str | None


@dataclass(frozen=True, eq=False)
class Consequences:
    """Assets and zones with what floods do to them.

    Attributes:
        assets: with columns of damage; empty without a survey.
        table: a row for each of ``zones``.
    """

    assets: gpd.GeoDataFrame
    zones: Zones
    table: pd.DataFrame
    summary: MapDamage

    def write(self, folder: Path) -> list[str]:
        """Write ``assets.geojson``, where there are any, and ``zones.geojson``; returns their names.

        Raises:
            Unwritable: the disk is full.
        """
        write_text(folder / ZONES_FILE, zones_to_geojson(self.zones, self.table) + "\n")
        if self.assets.empty:
            return [ZONES_FILE]
        with write_atomically(folder / ASSETS_FILE) as path, path.open("w", encoding="utf-8") as file:
            head = {"type": "FeatureCollection", "method": METHOD, "money": self.summary.money}
            file.write(f'{json.dumps(head)[:-1]}, "features": [')
            for start in range(0, len(self.assets), ASSETS_AT_ONCE):
                part = self.assets.iloc[start : start + ASSETS_AT_ONCE]
                features = json.loads(assets_to_geojson(part))["features"]
                lines = (json.dumps(each, allow_nan=False) for each in features)
                file.write(("," if start else "") + "\n" + ",\n".join(lines))
            file.write("\n]}\n")
        return [ASSETS_FILE, ZONES_FILE]


def assess(
    store: MapStore,
    region: Region,
    tiles: Sequence[Tile],
    exposed: Exposed,
    seas: SeaLevels,
    dry_level: float,
    seed: int,
    scratch: Path,
    announce: Announce,
) -> Consequences:
    """What the mapped floods do, in memory that does not grow with the number of cells, but for a few bytes each.

    Args:
        dry_level: mean high water [m, region datum], which floods nothing.
        scratch: folder for the depths at assets, 4 bytes for each cell that one touches, sample and sea level.

    Raises:
        InputError: zones that overlap or hold no land, a map of people that cannot be used.
    """
    assets, outside = exposed.assets, region.shape[0] * region.shape[1]
    exposure = overlay_exposure(assets, region)
    progress = announce("gather depths at assets")
    file = scratch / "depths.npy"
    depths, has_water = gather(store, region, tiles, seas, exposure.cells(outside), file, progress or (lambda _: None))
    if exposed.people is not None:
        announce("place the people")
        store_people(exposed.people, assets, region, store)
    announce("find the zones")
    water = np.asarray(store.array("water")[:]) > 0
    zones = cut_into_zones(region, assets, water, has_water, exposed.zones)
    del water, has_water
    samples = len(seas.levels)
    per_map = -(-RunConfig.damage_draws // samples)
    deviates = draw_curve_deviates(per_map * samples, np.random.default_rng([seed, DAMAGE_STREAM]))
    homes = Homes.of(assets)
    people = None if exposed.people is not None else people_of(assets, homes)
    progress = announce("assess the damage")
    damage = assess_assets(
        assets, exposure, depths, region, seas, deviates, zones, people, progress or (lambda _: None)
    )
    progress = announce("sum the zones")
    table = sum_by_zone(
        store, region, tiles, seas, zones, damage, assets, dry_level, has_map_of_people=exposed.people is not None,
        report=progress or (lambda _: None),
    )  # fmt: skip
    found = assets.reset_index(drop=True).join(damage.columns)
    return Consequences(found, zones, table, _summary(exposed, damage, zones, seas))


def _summary(exposed: Exposed, damage: AssetDamage, zones: Zones, seas: SeaLevels) -> MapDamage:
    unknown, value = damage.is_unknown, exposed.assets["value"].to_numpy(dtype=float)
    totals = damage.sums.sum(axis=1)  # (R + 1, N)
    nothing_known = bool(unknown.all())
    *at_periods, a_year = (
        Expectation.unknown() if nothing_known else Expectation.of(each, damage.maps) for each in totals
    )
    counted_by = "map" if exposed.people is not None else "survey" if exposed.counts_people else None
    return MapDamage(
        METHOD,
        exposed.money,
        a_year,
        tuple(at_periods),
        left_out_at_most(seas.return_periods, at_periods[0].mean),
        len(unknown),
        int(unknown.sum()),
        float(np.nansum(value[unknown])),
        len(zones),
        zones.source,
        counted_by,
    )
