"""Stage–damage by zone: flooded share, people exposed and damage of each zone as functions of the sea level."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import isotonic_regression

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices
from strandline.risk.hazard.hazard import FLOODED_DEPTH, Hazard
from strandline.risk.stage_damage.asset_depths import exceeds_depth, unknown_cells, unknown_damage
from strandline.risk.stage_damage.damage_chain import DamageChain, draw_curve_deviates
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.zones import NOWHERE, Zones

STEP = 1e-3
"""Least distance from the dry sea level to the lowest mapped one [m]; where they cross, flooding starts with a step."""


@dataclass(frozen=True, eq=False)
class ZoneState:
    """Zones at given sea levels; the last axis is the zone, those before are the levels'.

    Attributes:
        flooded_share: of the zone's known land [-].
        population: people in the water [-].
        damage: to known assets [EUR 2010].
    """

    flooded_share: Floats
    population: Floats
    damage: Floats


@dataclass(frozen=True, eq=False)
class StageDamageByZone:
    """Flooding, people and damage of Z zones in S samples at L mapped sea levels; none falls as the sea rises.

    Attributes:
        levels: (S, L) mapped sea levels [m, region datum], ascending.
        dry_level: the sea level [m, region datum] up to which nothing floods.
        flooded_share: (Z, S, L) of the zone's known land, under 0.15 m or more [-]; NaN = none of its land is known.
        population: (Z, S, L) counted people in 0.15 m of water or more, a lower bound [-]; NaN = no count exists.
        damage: (Z, S, L) to the assets of known damage [EUR 2010]; NaN = the zone has assets, and none is known.
        unknown_share: (Z,) of the zone's cells [-].
        uncounted_homes: (Z,) homes without a count of people; they are in no number.
        unknown_assets: (Z,) assets of unknown damage; they are in no number.
        unknown_value: (Z,) value of those, where it is stated [EUR 2010].
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
        name = "stage–damage by zone"
        if not (np.isfinite(self.levels).all() and (np.diff(self.levels, axis=1) >= 0).all()):
            raise InputError(name, "its levels have gaps or do not ascend", "sort them in each sample")
        if not np.isfinite(self.dry_level):
            raise InputError(name, f"its dry level is {self.dry_level}", "give a level [m]")
        expected = (self.unknown_share.size, *self.levels.shape)
        for field in ("flooded_share", "population", "damage"):
            values = getattr(self, field)
            if values.shape != expected:
                raise InputError(name, f"{field} is {values.shape}", f"need (Z, S, L) = {expected}")
            if (values < 0).any() or (np.diff(values, axis=2) < 0).any():
                raise InputError(name, f"{field} is negative or falls as the sea rises", "put it in order")
            holes = np.isnan(values)
            if (holes.any(axis=(1, 2)) != holes.all(axis=(1, 2))).any():
                raise InputError(name, f"{field} is known of a zone in part", "a zone is known or unknown")
        if (self.flooded_share > 1).any() or not ((self.unknown_share >= 0) & (self.unknown_share <= 1)).all():
            raise InputError(name, "a share leaves 0 to 1", "give shares")

    @classmethod
    def of(
        cls,
        zones: Zones,
        hazards: Sequence[Hazard],
        assets: gpd.GeoDataFrame,
        dry_level: float,
        rng: np.random.Generator,
    ) -> Self:
        """Run the damage chain over every mapped sea level and sum it by zone.

        Where noise of the maps lets a number fall as the sea rises, isotonic regression replaces it. An asset counts in
        one zone (``Zones.of_asset``), so that zones add up to the study area.

        Args:
            hazards: today's maps, and those of the same samples under sea-level rise.
            dry_level: mean high water [m, region datum], or another level that floods nothing. Cells that a sea covers
                twice a day are permanent water on the map, not land. Between it and the lowest mapped sea level numbers
                are linear: an overestimate where flooding starts slowly, or only above a crest.
            rng: draws the damage curves of each sample.

        Raises:
            InputError: hazards of other samples or grids.
        """
        count, region = len(zones), hazards[0].region
        deviates = draw_curve_deviates(len(hazards[0].levels), rng)
        exposure = overlay_exposure(assets, region)
        chain = DamageChain(hazards, exposure, region.continent, deviates)
        unknown_cell = unknown_cells(hazards)  # (H, W)
        unknown = unknown_damage(exposure, unknown_cell)  # (A,)
        counted = assets["people"].to_numpy(dtype=float) if "people" in assets else np.full(len(assets), np.nan)
        known_land = np.where(unknown_cell, NOWHERE, zones.of_cell).ravel()
        cells = _sums(known_land, count, np.ones(known_land.size))  # (Z, H·W)
        people = _sums(zones.of_asset, count, np.nan_to_num(counted))  # (Z, A)
        value = _sums(zones.of_asset, count, np.nan_to_num(exposure.value))  # (Z, A)
        threshold = np.full(len(assets), FLOODED_DEPTH)
        flooded, population, damage = (np.zeros((count, *chain.levels.shape)) for _ in range(3))
        for number, sample in enumerate(chain):
            flooded[:, number] = cells @ (sample.depth >= FLOODED_DEPTH).reshape(len(sample.depth), -1).T
            population[:, number] = people @ (exceeds_depth(*sample.greatest_depth(), threshold) == 1)
            damage[:, number] = value @ np.where(unknown[:, None], 0.0, sample.damage_ratios())
        land, known = _tally(zones.of_cell.ravel(), count), _tally(known_land, count)
        homes = np.isnan(counted) & (assets["asset_class"] == "residential").to_numpy()
        uncounted = _tally(zones.of_asset[homes], count)
        flooded[known == 0] = np.nan
        population[(uncounted > 0) & (_tally(zones.of_asset[~np.isnan(counted)], count) == 0)] = np.nan
        damage[(_tally(zones.of_asset, count) > 0) & (_tally(zones.of_asset[~unknown], count) == 0)] = np.nan
        for numbers, known_assets in ((population, ~np.isnan(counted)), (damage, ~unknown)):
            if not known_assets.any():
                numbers[:] = np.nan
        order = chain.ascending
        return cls(
            levels=np.take_along_axis(chain.levels, order, axis=1),
            dry_level=dry_level,
            flooded_share=_rising(flooded / np.maximum(known, 1)[:, None, None], order),
            population=_rising(population, order),
            damage=_rising(damage, order),
            unknown_share=1 - known / land,
            uncounted_homes=uncounted,
            unknown_assets=_tally(zones.of_asset[unknown], count),
            unknown_value=value @ unknown,
        )

    @property
    def highest(self) -> Floats:
        """(S,) highest mapped sea level [m, region datum]; above it every number is a lower bound."""
        return np.asarray(self.levels[:, -1])

    def at(self, level: npt.ArrayLike, sample: npt.ArrayLike) -> ZoneState:
        """The zones at sea levels (…) [m, region datum] in samples (…) that broadcast with them; (…, Z).

        Linear between mapped sea levels, constant above the highest, and linear down to nothing at ``dry_level`` below
        the lowest. An ensemble member that keeps its sample keeps its ground, its maps and its damage curves:

            stage_damage.at(levels, np.arange(levels.size) % n_samples)            # (N,) members → (N, Z)
            stage_damage.at(levels[:, None], np.arange(n_samples))                 # all samples → (N, S, Z)

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


def _sums(zone: Indices, count: int, weight: Floats) -> sparse.csr_array:
    """(Z, N) matrix that sums weighted parts (N,) by zone; a part in no zone is in no sum."""
    inside = np.flatnonzero(zone != NOWHERE)
    return sparse.csr_array((weight[inside], (zone[inside], inside)), shape=(count, zone.size))


def _tally(zone: Indices, count: int) -> Indices:
    """(Z,) number of parts in each zone."""
    return np.bincount(zone[zone != NOWHERE], minlength=count)


def _rising(values: Floats, order: Indices) -> Floats:
    """(Z, S, L) values in the order (S, L) of the sea levels, made non-decreasing by isotonic regression."""
    values = np.take_along_axis(values, order[None], axis=2)
    for index in zip(*np.nonzero((np.diff(values, axis=2) < 0).any(axis=2)), strict=True):
        values[index] = isotonic_regression(values[index]).x
    return values
