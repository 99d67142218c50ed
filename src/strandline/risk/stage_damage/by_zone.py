"""Stage–damage by zone: flooding, danger, people exposed and damage of each zone as functions of the sea level."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import sparse
from scipy.optimize import isotonic_regression

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Mask
from strandline.risk.hazard.hazard import FLOODED_DEPTH, Hazard
from strandline.risk.people import COUNT_FACTOR, MOST_GROUND_ERROR, OUTSIDE, UNKNOWN, Homes, People
from strandline.risk.stage_damage.asset_depths import Maps, exceeds_depth, greatest_depth, unknown_cells, unknown_damage
from strandline.risk.stage_damage.damage_chain import DamageChain, draw_curve_deviates
from strandline.risk.stage_damage.danger import (
    DANGEROUS_DEPTH,
    STEP,
    LandAndHomes,
    dangerous_levels,
    yearly_levels,
)
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.zones import NOWHERE, Zones, zone_of_homes

TABLES = ("flooded_share", "damage", "dangerous_share", "people_in_danger", "people_in_danger_at_most")
"""Numbers of a zone that are functions of the sea level."""
SLACK = 1e-9
"""Rounding error of a share [-] or a level [m]."""
RAISED_FOR_PEOPLE = MOST_GROUND_ERROR - (DANGEROUS_DEPTH - FLOODED_DEPTH)
"""How much higher a sea [m] must be mapped for an upper bound of the people in danger to be known."""


@dataclass(frozen=True, eq=False)
class ZoneState:
    """Zones at given sea levels; the last axis is the zone, those before are the levels'.

    Attributes:
        flooded_share: of the zone's known land [-].
        damage: to known assets [money].
        dangerous_share: of the zone's known land, under dangerous depth [-].
        people_in_danger: counted people in dangerous depth [-].
        people_in_danger_at_most: the same with everything unknown taken as harmful [-].
    """

    flooded_share: Floats
    damage: Floats
    dangerous_share: Floats
    people_in_danger: Floats
    people_in_danger_at_most: Floats


@dataclass(frozen=True, eq=False)
class StageDamageByZone:
    """Flooding, danger, people and damage of Z zones in S samples at L mapped sea levels; none falls as the sea rises.

    Attributes:
        levels: (S, L) mapped sea levels [m, region datum], ascending.
        dry_level: the sea level [m, region datum] up to which nothing floods.
        flooded_share: (Z, S, L) of the zone's known land, under 0.15 m or more [-]; NaN = none of its land is known.
        damage: (Z, S, L) to the assets of known damage [money]; NaN = the zone has assets, and none is known.
        dangerous_share: (Z, S, L) of the zone's known land, under ``DANGEROUS_DEPTH`` or more [-]; NaN likewise.
        people_in_danger: (Z, S, L) counted people in that depth, a lower bound [-]; NaN = no count exists.
        people_in_danger_at_most: (Z, S, L) people who may be in danger [-]: in 0.15 m of water or more or on unknown
            ground, homes without a count as large ones, and ``COUNT_FACTOR`` times more than counted; NaN = nobody is
            counted anywhere.
        dangerous_level: (Z, S) lowest sea level [m, region datum] at which ``DANGEROUS_SHARE`` of the known land, or
            the homes of ``ENDANGERED_SHARE`` of the counted people, stand in that depth; at least that of once a year.
            ``inf`` = at no mapped level, NaN = none of the land is known.
        unknown_share: (Z,) of the zone's cells [-].
        uncounted_homes: (Z,) homes without a count of people; they are in the upper bound alone.
        unknown_assets: (Z,) assets of unknown damage; they are in no number.
        unknown_value: (Z,) value of those, where it is stated [money].
    """

    levels: Floats
    dry_level: float
    flooded_share: Floats
    damage: Floats
    dangerous_share: Floats
    people_in_danger: Floats
    people_in_danger_at_most: Floats
    dangerous_level: Floats
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
        for field in TABLES:
            values = getattr(self, field)
            if values.shape != expected:
                raise InputError(name, f"{field} is {values.shape}", f"need (Z, S, L) = {expected}")
            if (values < 0).any() or (np.diff(values, axis=2) < 0).any():
                raise InputError(name, f"{field} is negative or falls as the sea rises", "put it in order")
            holes = np.isnan(values)
            if (holes.any(axis=(1, 2)) != holes.all(axis=(1, 2))).any():
                raise InputError(name, f"{field} is known of a zone in part", "a zone is known or unknown")
        shares = (self.flooded_share, self.dangerous_share)
        if (
            any((each > 1).any() for each in shares)
            or not ((self.unknown_share >= 0) & (self.unknown_share <= 1)).all()
        ):
            raise InputError(name, "a share leaves 0 to 1", "give shares")
        if (self.dangerous_share > self.flooded_share + SLACK).any():
            raise InputError(name, "more land is dangerous than flooded", "dangerous depth is deeper than flooded")
        if self.dangerous_level.shape != expected[:2] or np.isneginf(self.dangerous_level).any():
            what = f"dangerous_level is {self.dangerous_level.shape} or −inf"
            raise InputError(name, what, f"need levels, inf or NaN, (Z, S) = {expected[:2]}")

    @classmethod
    def of(
        cls,
        zones: Zones,
        hazards: Sequence[Hazard],
        assets: gpd.GeoDataFrame,
        dry_level: float,
        rng: np.random.Generator,
        people: xr.DataArray | None = None,
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
            people: (y, x) of a map of people, which counts where the survey does not. It places people too roughly to
                tell from which sea level on a zone is dangerous: there its land alone does.

        Raises:
            InputError: hazards of other samples or grids.
        """
        count, region = len(zones), hazards[0].region
        deviates = draw_curve_deviates(len(hazards[0].levels), rng)
        exposure = overlay_exposure(assets, region)
        chain = DamageChain(hazards, exposure, region.continent, deviates)
        unknown_cell = unknown_cells(hazards)  # (H, W)
        unknown = unknown_damage(exposure, unknown_cell)  # (A,)
        homes = Homes.of(assets, people)
        is_mapped = homes is not None and homes.counted_by == "map"
        at_homes, zone_of_home = exposure, zones.of_asset
        if homes is not None and is_mapped:
            at_homes, zone_of_home = overlay_exposure(homes.places, region), zone_of_homes(zones, homes, region)
        known_land = np.where(unknown_cell, NOWHERE, zones.of_cell).ravel()
        sums = ZoneSums.of(count, known_land, zone_of_home, *people_of(assets, homes))
        value = _sums(zones.of_asset, count, np.nan_to_num(exposure.value))  # (Z, A)
        likely = np.where(exposure.value > 0, exposure.value, 1.0)
        drawn = np.broadcast_to(exposure.values(len(chain.levels)), (len(chain.levels), len(assets)))
        relative = np.where(exposure.value > 0, drawn / likely, 1.0)  # (S, A) of the likely value
        counted = assets["people"].to_numpy(dtype=float) if "people" in assets else np.full(len(assets), np.nan)
        weighed = 0 if is_mapped else len(assets)
        parts = LandAndHomes.of(known_land, zones.of_asset[:weighed], counted[:weighed], count)
        table = {name: np.zeros((count, *chain.levels.shape)) for name in (*TABLES, "deepest")}
        for number, sample in enumerate(chain):
            homes_depth = greatest_depth(sample.depth, at_homes)
            for name, found in sums.in_water(sample.depth, homes_depth).items():
                table[name][:, number] = found
            share_of_value = np.where(unknown[:, None], 0.0, sample.damage_ratios()) * relative[number, :, None]
            table["damage"][:, number] = value @ share_of_value
            table["deepest"][:, number] = parts.depth_of_danger(sample.depth, homes_depth[0])
        land, known = tally(zones.of_cell.ravel(), count), tally(known_land, count)
        uncounted, no_count = uncounted_homes(zones, assets, homes)
        no_value = (tally(zones.of_asset, count) > 0) & (tally(zones.of_asset[~unknown], count) == 0) | unknown.all()
        for name in ("flooded_share", "dangerous_share"):
            table[name] /= np.maximum(known, 1)[:, None, None]
        missing = {"flooded_share": known == 0, "dangerous_share": known == 0, "deepest": known == 0}
        missing |= {"people_in_danger": no_count, "damage": no_value}
        missing["people_in_danger_at_most"] = np.full(count, homes is None)
        order = chain.ascending
        for name, zone in missing.items():
            table[name][zone] = np.nan
            table[name] = rising(table[name], order)
        levels = np.take_along_axis(chain.levels, order, axis=1)
        calm = yearly_levels(hazards[0].levels, hazards[0].return_periods, dry_level)
        return cls(
            levels=levels,
            dry_level=dry_level,
            **{name: table[name] for name in TABLES},
            dangerous_level=dangerous_levels(levels, table["deepest"], calm),
            unknown_share=1 - known / land,
            uncounted_homes=uncounted,
            unknown_assets=tally(zones.of_asset[unknown], count),
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
        return ZoneState(**self.by_level.at(level, sample))

    @cached_property
    def by_level(self) -> "ByLevel":
        """Its ``TABLES``."""
        return ByLevel(self.levels, self.dry_level, {name: getattr(self, name) for name in TABLES})


@dataclass(frozen=True, eq=False)
class ByLevel:
    """Numbers of Z zones in S samples at L mapped sea levels.

    Attributes:
        levels: (S, L) [m, region datum], ascending.
        dry_level: the sea level [m, region datum] up to which every number is 0.
        tables: name → (Z, S, L); NaN = unknown.
    """

    levels: Floats
    dry_level: float
    tables: Mapping[str, Floats]

    def at(self, level: npt.ArrayLike, sample: npt.ArrayLike) -> dict[str, Floats]:
        """Name → (…, Z), see `StageDamageByZone.at`."""
        knots, tables = self._continued
        count = knots.shape[1]
        where, which = np.broadcast_arrays(np.asarray(level, dtype=float), np.asarray(sample))
        passed = (knots[which] <= where[..., None]).sum(axis=-1)
        upper = np.clip(passed, 1, count - 1)
        below, above = knots[which, upper - 1], knots[which, upper]
        width = above - below  # 0 where two mapped levels are the same
        share = np.clip((where - below) / np.where(width > 0, width, 1.0), 0.0, 1.0)[..., None]
        row = which * count + upper
        return {name: table[row - 1] + share * (table[row] - table[row - 1]) for name, table in tables.items()}

    def people_in_danger(self, level: Floats) -> list[People]:
        """(Z,) bounds of the people in danger at a sea level of each sample (S,) [m, region datum].

        The upper table counts any water, which is what ground that is mapped too high by the difference of the two
        depths does; the rest of the ground's error raises the sea. Above the highest mapped sea nothing is known.
        """
        samples = np.arange(len(self.levels))
        fewest = self.at(level - MOST_GROUND_ERROR, samples)["people_in_danger"] / COUNT_FACTOR  # (S, Z)
        raised = level + RAISED_FOR_PEOPLE
        above = raised > self.levels[:, -1] + SLACK
        most = self.at(np.where(above, np.nan, raised), samples)["people_in_danger_at_most"]
        low = np.quantile(np.nan_to_num(fewest), OUTSIDE, axis=0)
        high = np.quantile(np.where(np.isnan(most), np.inf, most), 1 - OUTSIDE, axis=0, method="higher")
        return [People.bounded(a, a, b) if np.isfinite(b) else UNKNOWN for a, b in zip(low, high, strict=True)]

    @cached_property
    def _continued(self) -> tuple[Floats, dict[str, Floats]]:
        """(S, L + 1) levels that begin with the dry one, and each number there, (S · (L + 1), Z)."""
        dry = np.minimum(self.dry_level, self.levels[:, :1] - STEP)
        tables = {}
        for name, values in self.tables.items():
            first = np.where(np.isnan(values[..., :1]), np.nan, 0.0)
            whole = np.concatenate([first, values], axis=2)  # (Z, S, L + 1)
            tables[name] = np.ascontiguousarray(whole.reshape(len(whole), -1).T)
        return np.hstack([dry, self.levels]), tables


@dataclass(frozen=True, eq=False)
class ZoneSums:
    """Land and people in the water, summed by zone; sums over parts of the cells and of the places add up.

    Attributes:
        land: (Z, H·W) 1 where a known cell belongs to a zone.
        fewest, most: (Z, P) people of each place.
    """

    land: sparse.csr_array
    fewest: sparse.csr_array
    most: sparse.csr_array

    @classmethod
    def of(cls, count: int, known_land: Indices, zone_of_place: Indices, fewest: Floats, most: Floats) -> Self:
        """Of ``count`` zones.

        Args:
            known_land: (H·W,) number of each cell's zone; −1 = none, or unknown ground.
            zone_of_place: (P,) likewise; ``fewest``, ``most``: people of each, see `people_of`.
        """
        land = _sums(known_land, count, np.ones(known_land.size))
        return cls(land, _sums(zone_of_place, count, fewest), _sums(zone_of_place, count, most))

    def in_water(self, depth: Maps, at_homes: tuple[Floats, Mask]) -> dict[str, Floats]:
        """Four of ``TABLES`` → (Z, L) of one sample; shares are cells of land, not yet divided by all of them.

        Args:
            depth: (L, H, W) [m].
            at_homes: `asset_depths.greatest_depth` of the places.
        """
        flooded, dangerous = (
            self.land @ (depth >= threshold).reshape(len(depth), -1).T for threshold in (FLOODED_DEPTH, DANGEROUS_DEPTH)
        )
        deep, wet = (
            exceeds_depth(*at_homes, np.full(len(at_homes[0]), least)) for least in (DANGEROUS_DEPTH, FLOODED_DEPTH)
        )
        return {
            "flooded_share": flooded,
            "dangerous_share": dangerous,
            "people_in_danger": self.fewest @ (deep == 1),
            "people_in_danger_at_most": self.most @ (wet != 0),
        }


def people_of(assets: gpd.GeoDataFrame, homes: Homes | None) -> tuple[Floats, Floats]:
    """(P,) fewest and most people of each home of a map, or else of each asset."""
    if homes is not None and homes.counted_by == "map":
        return homes.low, homes.high * COUNT_FACTOR
    counted = np.nan_to_num(assets["people"].to_numpy(dtype=float)) if "people" in assets else np.zeros(len(assets))
    return counted, np.zeros(len(assets)) if homes is None else homes.high * COUNT_FACTOR


def uncounted_homes(zones: Zones, assets: gpd.GeoDataFrame, homes: Homes | None) -> tuple[Indices, Mask]:
    """(Z,) homes of the survey without a count of people, and (Z,) zones of which nobody counted any."""
    count = len(zones)
    if homes is not None and homes.counted_by == "map":
        return np.zeros(count, dtype=np.int64), np.zeros(count, dtype=bool)
    counted = assets["people"].to_numpy(dtype=float) if "people" in assets else np.full(len(assets), np.nan)
    without_count = np.isnan(counted) & (assets["asset_class"] == "residential").to_numpy()
    uncounted = tally(zones.of_asset[without_count], count)
    is_counted = tally(zones.of_asset[~np.isnan(counted)], count) > 0
    return uncounted, np.asarray((uncounted > 0) & ~is_counted | np.isnan(counted).all())


def _sums(zone: Indices, count: int, weight: Floats) -> sparse.csr_array:
    """(Z, N) matrix that sums weighted parts (N,) by zone; a part in no zone is in no sum."""
    inside = np.flatnonzero(zone != NOWHERE)
    return sparse.csr_array((weight[inside], (zone[inside], inside)), shape=(count, zone.size))


def tally(zone: Indices, count: int) -> Indices:
    """(Z,) number of parts in each zone."""
    return np.bincount(zone[zone != NOWHERE], minlength=count)


def rising(values: Floats, order: Indices) -> Floats:
    """(Z, S, L) values in the order (S, L) of the sea levels, made non-decreasing by isotonic regression."""
    values = np.take_along_axis(values, order[None], axis=2)
    for index in zip(*np.nonzero((np.diff(values, axis=2) < 0).any(axis=2)), strict=True):
        values[index] = isotonic_regression(values[index]).x
    return values
