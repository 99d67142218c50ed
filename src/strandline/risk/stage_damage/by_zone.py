"""What each zone does at each sea level, ready to be asked every hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import isotonic_regression

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices
from strandline.observations.variables import DEPTH_EDGES
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.impact import damage_ratios, depth_at_assets, draw_curve_deviates
from strandline.risk.impact.loss_of_function import deepest_at_assets, exceeds_depth
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.zones import NOWHERE, Zones

STEP = 1e-3
"""Least distance from the dry sea to the lowest mapped one [m]: where they cross, flooding starts with a step."""


@dataclass(frozen=True, eq=False)
class ZoneState:
    """What zones do at given sea levels; the last axis is the zone, those before are the levels'.

    Attributes:
        flooded_share: of the zone's known land [-].
        population: in the water [-].
        damage: to known assets [EUR 2010].
    """

    flooded_share: Floats
    population: Floats
    damage: Floats


@dataclass(frozen=True, eq=False)
class StageDamageByZone:
    """Flooding, population and damage of Z zones in S samples at L mapped seas; none falls as the sea rises.

    Attributes:
        levels: (S, L) mapped seas [m, region datum], ascending.
        dry_level: the sea [m, region datum] up to which nothing floods.
        flooded_share: (Z, S, L) of the zone's known land, under 0.15 m or more [-]; NaN = none of its land is known.
        population: (Z, S, L) of those counted, in 0.15 m or more [-], at least so many; NaN = nobody counted them.
        damage: (Z, S, L) to the assets of known damage [EUR 2010]; NaN = the zone has assets, and none is known.
        unknown_share: (Z,) of the zone's cells [-].
        uncounted_homes: (Z,) homes whose population nobody counted; their population are in no number.
        unknown_assets: (Z,) assets of unknown damage; they are in no number.
        unknown_value: (Z,) what those are worth, where that is stated [EUR 2010].
    """

    levels: Floats
    dry_level: float
    flooded_share: Floats
    population: Floats
    damage: Floats
    unknown_share: Floats
    uncounted_homes: Indices
    unknown_assets: Indices
    unknown_value: Floats

    def __post_init__(self) -> None:
        if not (np.isfinite(self.levels).all() and (np.diff(self.levels, axis=1) >= 0).all()):
            raise InputError("zone response", "its levels have gaps or do not ascend", "sort them in each sample")
        if not np.isfinite(self.dry_level):
            raise InputError("zone response", f"its dry level is {self.dry_level}", "give a level [m]")
        expected = (self.unknown_share.size, *self.levels.shape)
        for name in ("flooded_share", "population", "damage"):
            values = getattr(self, name)
            if values.shape != expected:
                raise InputError("zone response", f"{name} is {values.shape}", f"need (Z, S, L) = {expected}")
            if (values < 0).any() or (np.diff(values, axis=2) < 0).any():
                raise InputError("zone response", f"{name} is negative or falls as the sea rises", "put it in order")
            holes = np.isnan(values)
            if (holes.any(axis=(1, 2)) != holes.all(axis=(1, 2))).any():
                raise InputError("zone response", f"{name} is known of a zone in part", "a zone is known or unknown")
        if (self.flooded_share > 1).any() or not ((self.unknown_share >= 0) & (self.unknown_share <= 1)).all():
            raise InputError("zone response", "a share leaves 0 to 1", "give shares")

    @property
    def highest(self) -> Floats:
        """(S,) highest mapped sea [m, region datum]; above it everything is counted as there: at least so much."""
        return np.asarray(self.levels[:, -1])

    def at(self, level: npt.ArrayLike, sample: npt.ArrayLike) -> ZoneState:
        """The zones at sea levels (…) [m, region datum] in samples (…) that broadcast with them; (…, Z).

        Straight between mapped seas, as at the highest above it, and straight down to nothing at ``dry_level`` below
        the lowest. A member of a belief that keeps its sample keeps its ground, its maps and its damage curves:

            response.at(levels, np.arange(levels.size) % n_samples)            # (N,) members → (N, Z)
            response.at(levels[:, None], np.arange(n_samples))                 # all samples → (N, S, Z)

        A NaN level gives NaN.
        """
        knots, tables = self._tables
        count = knots.shape[1]
        where, which = np.broadcast_arrays(np.asarray(level, dtype=float), np.asarray(sample))
        passed = (knots[which] <= where[..., None]).sum(axis=-1)
        upper = np.clip(passed, 1, count - 1)
        below, above = knots[which, upper - 1], knots[which, upper]
        share = np.clip((where - below) / (above - below), 0.0, 1.0)[..., None]
        row = which * count + upper
        found = []
        for table in tables:
            low = table[row - 1]
            found.append(low + share * (table[row] - low))
        return ZoneState(*found)

    @cached_property
    def _tables(self) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
        """(S, L + 1) levels that begin with the dry one, and each number there, (S · (L + 1), Z)."""
        dry = np.minimum(self.dry_level, self.levels[:, :1] - STEP)
        tables = []
        for values in (self.flooded_share, self.population, self.damage):
            first = np.where(np.isnan(values[..., :1]), np.nan, 0.0)
            whole = np.concatenate([first, values], axis=2)  # (Z, S, L + 1)
            tables.append(np.ascontiguousarray(whole.reshape(len(whole), -1).T))
        return np.hstack([dry, self.levels]), (tables[0], tables[1], tables[2])


def respond(
    zones: Zones,
    hazards: Sequence[Hazard],
    assets: gpd.GeoDataFrame,
    dry_level: float,
    rng: np.random.Generator,
) -> StageDamageByZone:
    """Run the damage chain over every mapped sea, zone by zone.

    Where noise of the maps lets a number fall as the sea rises, isotonic regression levels it out. An asset counts in
    one zone (``Zones.of_asset``), so that zones add up to the place.

    Args:
        hazards: today's maps, and those of the same samples under higher seas.
        dry_level: mean high water [m, region datum], or what else is known to flood nothing. What a sea covers that
            comes twice a day is the map's permanent water, and no land. Above it the straight line to the lowest mapped
            sea errs towards warning wherever flooding starts slowly, or late behind a crest.
        rng: draws the damage curves of each sample.

    Raises:
        InputError: hazards of other samples or grids.
    """
    today, count = hazards[0], len(zones)
    for each in hazards:
        if each.flood_depth.shape != today.flood_depth.shape:
            what = f"has maps {each.flood_depth.shape}"
            raise InputError("higher sea", what, f"need {today.flood_depth.shape} as today's")
    level = np.concatenate([each.levels for each in hazards], axis=1)  # (S, L)
    order = np.argsort(level, axis=1, kind="stable")
    unknown_cell = np.any([np.isnan(each.flood_depth).any(axis=(0, 1)) for each in hazards], axis=0)  # (H, W)
    exposure, deviates = overlay_exposure(assets, today.region), draw_curve_deviates(len(level), rng)
    ground = np.where(unknown_cell, np.nan, 0.0).astype(np.float32)[None]
    unknown = np.isnan(depth_at_assets(ground, exposure)[:, 0] + exposure.value)  # (A,)
    counted = assets["people"].to_numpy(dtype=float) if "people" in assets else np.full(len(assets), np.nan)
    known_land = np.where(unknown_cell, NOWHERE, zones.of_cell).ravel()
    cells = _sums(known_land, count, np.ones(known_land.size))  # (Z, H·W)
    living = _sums(zones.of_asset, count, np.nan_to_num(counted))  # (Z, A)
    worth = _sums(zones.of_asset, count, np.nan_to_num(exposure.value))  # (Z, A)
    threshold = np.full(len(assets), DEPTH_EDGES[0])
    flooded, population, damage = (np.zeros((count, *level.shape)) for _ in range(3))
    for sample, deviate in enumerate(deviates):
        depth = np.concatenate([each.flood_depth[sample] for each in hazards])[order[sample]]  # (L, H, W)
        flooded[:, sample] = cells @ (depth >= DEPTH_EDGES[0]).reshape(len(depth), -1).T
        population[:, sample] = living @ (exceeds_depth(*deepest_at_assets(depth, exposure), threshold) == 1)
        ratio = damage_ratios(depth, exposure, today.region.continent, deviate)
        damage[:, sample] = worth @ np.where(unknown[:, None], 0.0, ratio)
    land, known = _tally(zones.of_cell.ravel(), count), _tally(known_land, count)
    homes = np.isnan(counted) & (assets["asset_class"] == "residential").to_numpy()
    uncounted = _tally(zones.of_asset[homes], count)
    flooded[known == 0] = np.nan
    population[(uncounted > 0) & (_tally(zones.of_asset[~np.isnan(counted)], count) == 0)] = np.nan
    damage[(_tally(zones.of_asset, count) > 0) & (_tally(zones.of_asset[~unknown], count) == 0)] = np.nan
    for numbers, known_assets in ((population, ~np.isnan(counted)), (damage, ~unknown)):
        if not known_assets.any():
            numbers[:] = np.nan
    return StageDamageByZone(
        levels=np.take_along_axis(level, order, axis=1),
        dry_level=dry_level,
        flooded_share=_rising(flooded / np.maximum(known, 1)[:, None, None]),
        population=_rising(population),
        damage=_rising(damage),
        unknown_share=1 - known / land,
        uncounted_homes=uncounted,
        unknown_assets=_tally(zones.of_asset[unknown], count),
        unknown_value=worth @ unknown,
    )


def _sums(zone: Indices, count: int, weight: Floats) -> sparse.csr_array:
    """(Z, N) what adds up weighted parts (N,) to zones; a part in no zone is in no sum."""
    inside = np.flatnonzero(zone != NOWHERE)
    return sparse.csr_array((weight[inside], (zone[inside], inside)), shape=(count, zone.size))


def _tally(zone: Indices, count: int) -> Indices:
    """(Z,) how many parts lie in each zone."""
    return np.bincount(zone[zone != NOWHERE], minlength=count)


def _rising(values: Floats) -> Floats:
    """(Z, S, L) the same, in the order of the seas."""
    for index in zip(*np.nonzero((np.diff(values, axis=2) < 0).any(axis=2)), strict=True):
        values[index] = isotonic_regression(values[index]).x
    return values
