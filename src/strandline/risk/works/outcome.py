"""What drawn works change: damage a year, people with water at home, and land under water, zone by zone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from strandline.observations.arrays import Floats, Indices, Mask, SingleFloats
from strandline.risk.expectation import Expectation
from strandline.risk.hazard.hazard import FLOODED_DEPTH
from strandline.risk.impact.lives.water_at_places import WaterAtPlaces, ground_at, points_of
from strandline.risk.impact.population import count_people
from strandline.risk.people import Homes, People, PeopleErrors
from strandline.risk.stage_damage.asset_depths import greatest_depth
from strandline.risk.stage_damage.damage_draws import DamageDraws
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.zones import Zones, zone_of_homes
from strandline.risk.works.drawn import Gate, MangroveBelt, Pump, RetreatZone, Shelter, Work, cell_of
from strandline.risk.works.trial_ground import TrialGround
from strandline.risk.works.trial_water import Method, TrialWater

TODAY = "today"
DRAWS_FOR_PEOPLE = 200
LEAST_CHANGE = 0.005
"""Share of a zone's damage below which a change is none [-]: it is far below what the maps know."""
LEAST_OF_ALL = 1e-4
"""Share of the damage of the whole place below which less damage in a zone is no gain [-]."""
WALK = 1500.0
"""Way to a shelter that people walk [m]: the siting rule of Bangladesh's cyclone shelters; an assumption elsewhere."""
WET_FLOOR = 0.05
"""Water in which a building does not count as dry [m]."""
Verdict = Literal["gains", "loses", "same", "unknown"]


@dataclass(frozen=True)
class Change:
    """Before and after the works.

    Attributes:
        damage_before, damage_after: expected a year [money a-1], over the assets that are known in both.
        avoided: before less after, in the same draws; below 0 = the works add damage [money a-1].
        people_before, people_after: with water at home at the rarest return period; unknown where nobody is counted.
        unknown_assets: in neither number.
    """

    damage_before: Expectation
    damage_after: Expectation
    avoided: Expectation
    people_before: People
    people_after: People
    unknown_assets: int


@dataclass(frozen=True)
class ZoneChange:
    """Of one zone, today.

    Attributes:
        flooded_before, flooded_after: land under ``FLOODED_DEPTH`` or more at the rarest return period [m2].
        unknown: land of which that is unknown, before or after [m2].
        verdict: whether damage, people or flooded land fall or rise; one that rises counts as a loss.
    """

    zone: str
    change: Change
    flooded_before: float
    flooded_after: float
    unknown: float
    verdict: Verdict


@dataclass(frozen=True)
class FutureChange:
    """At a future sea; ``rise`` [m]."""

    name: str
    rise: float
    change: Change


@dataclass(frozen=True)
class Outcome:
    """What works do.

    Attributes:
        method: of the water.
        level: at which people and land are counted: the median of the rarest return level [m, region datum].
        return_period: the rarest [years].
        futures: today first.
        zones: today.
        notes: what the numbers leave out, in sentences.
    """

    method: Method
    level: float
    return_period: float
    futures: tuple[FutureChange, ...]
    zones: tuple[ZoneChange, ...]
    notes: tuple[str, ...]


def assess(
    ground: TrialGround, water: TrialWater, works: Sequence[Work], assets: gpd.GeoDataFrame, zones: Zones
) -> Outcome:
    """The outcome of works whose water is known.

    Damage is that of the run's curves, values and draws of the sea. As for the crests of a plan, seas rarer than the
    rarest return period are taken to overtop every drawn crest: they damage as without works.

    Args:
        assets: of the run, in the order of ``zones.of_asset``, in the region's CRS.
    """
    left = _within([work.area for work in works if isinstance(work, RetreatZone)], assets)
    damage, people = _Damage(ground, water, assets, left), _Homes.of(ground, water, assets, zones, works)
    futures, everywhere = [], np.ones(len(assets), dtype=bool)
    for name, rise in ((TODAY, 0.0), *((each.name, each.rise) for each in ground.futures)):
        counted = people.count(rise)
        futures.append(FutureChange(name, rise, damage.change(rise, everywhere, counted)))
    return Outcome(
        water.method, float(np.median(ground.levels[:, -1])), ground.return_periods[-1], tuple(futures),
        tuple(_zones(ground, water, damage, people, zones)),
        (*_of_shelters(ground, water, people, works), *_notes(ground, water, works, assets)),
    )  # fmt: skip


class _Damage:
    """(N, A) damage a year before and after, by the rise of the sea."""

    def __init__(self, ground: TrialGround, water: TrialWater, assets: gpd.GeoDataFrame, left: Mask) -> None:
        self._left, self._last = left, len(ground.return_periods) - 1
        self._tail = 1.0 / ground.return_periods[-1]
        self._draws: tuple[DamageDraws, ...] = ()
        if len(assets):
            exposure = overlay_exposure(assets, ground.region)
            self._draws = tuple(
                DamageDraws(water.as_hazards(ground, depth), exposure, ground.region.continent, ground.curve_deviates)
                for depth in (water.before, water.after)
            )
        self._found: dict[float, tuple[Floats, Floats]] = {}
        self._nothing = np.zeros((len(ground.levels), 0))

    @property
    def total(self) -> float:
        """Of all known assets before the works, today [money a-1]."""
        return float(np.nansum(self.a_year(0.0)[0].mean(axis=0))) if self._draws else 0.0

    def a_year(self, rise: float) -> tuple[Floats, Floats]:
        """(N, A) before and after [money a-1]; NaN where either is unknown."""
        if not self._draws:
            return self._nothing, self._nothing
        if rise not in self._found:
            before, after = (each.annual_damage(rise=rise) for each in self._draws)
            rarest = [each.damage_ratios(self._last, rise) * each.values for each in self._draws]
            after = after + self._tail * (np.maximum(rarest[0], rarest[1]) - rarest[1])
            after = np.where(self._left, np.where(np.isnan(after), after, 0.0), after)
            is_known = ~np.isnan(before + after)
            self._found[rise] = np.where(is_known, before, np.nan), np.where(is_known, after, np.nan)
        return self._found[rise]

    def change(self, rise: float, chosen: Mask, people: tuple[People, People]) -> Change:
        """Of some of the assets (A,)."""
        before, after = (each[:, chosen] for each in self.a_year(rise))
        is_unknown = np.isnan(before).any(axis=0)
        if before.shape[1] == int(is_unknown.sum()) and before.shape[1]:
            nobody_knows = Expectation.unknown()
            return Change(nobody_knows, nobody_knows, nobody_knows, *people, int(is_unknown.sum()))
        first, second = (each[:, ~is_unknown].sum(axis=1) for each in (before, after))
        return Change(
            Expectation.of(first, 1), Expectation.of(second, 1), Expectation.of(first - second, 1), *people,
            int(is_unknown.sum()),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Homes:
    """Homes and the water at them; ``homes`` is ``None`` where nobody is counted."""

    ground: TrialGround
    homes: Homes | None
    rows: Indices
    zone: Indices
    left: Mask
    waters: tuple[WaterAtPlaces, ...]
    errors: PeopleErrors
    level: Floats
    found: dict[float, tuple[Floats, Floats]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, ground: TrialGround, water: TrialWater, assets: gpd.GeoDataFrame, zones: Zones, works: Sequence[Work]
    ) -> "_Homes":
        step = max(1, len(ground.levels) // DRAWS_FOR_PEOPLE)
        level = ground.levels[::step, -1]
        errors = PeopleErrors.draw(len(level), np.random.default_rng(0))
        homes = Homes.of(assets, _people_map(ground))
        if homes is None:
            nowhere = np.zeros(0, dtype=np.int64)
            return cls(ground, None, nowhere, nowhere, nowhere.astype(bool), (), errors, level)
        rows = np.flatnonzero(homes.high > 0)
        lived_in = homes.places.iloc[rows]
        exposure = overlay_exposure(lived_in, ground.region)
        surface = ground_at(*points_of(lived_in), ground.region, ground.surface)
        waters = tuple(
            WaterAtPlaces.of(water.levels, greatest_depth(depth, exposure), surface)
            for depth in (water.before, water.after)
        )
        left = _within([work.area for work in works if isinstance(work, RetreatZone)], lived_in)
        return cls(ground, homes, rows, zone_of_homes(zones, homes, ground.region)[rows], left, waters, errors, level)

    def count(self, rise: float, chosen: Mask | None = None) -> tuple[People, People]:
        """With water at home before and after, in all homes (``None``) or some; who left has none."""
        if self.homes is None:
            unknown = People(np.nan, np.nan, np.nan)
            return unknown, unknown
        if rise not in self.found:
            before, after = (self._affected(water, rise) for water in self.waters)
            after[:, self.left] = 0.0
            self.found[rise] = before, after
        if chosen is None:
            chosen = np.ones(len(self.rows), dtype=bool)
        first, second = (
            count_people(each[:, chosen], self.homes, self.rows[chosen], self.errors.count_factor)
            for each in self.found[rise]
        )
        return first, second

    def near(self, point: shapely.Point) -> Mask:
        """(P,) whether homes lie within walking distance."""
        if self.homes is None:
            return np.zeros(0, dtype=bool)
        return np.asarray(shapely.distance(point, self.homes.places.geometry.to_numpy()[self.rows]) <= WALK)

    def _affected(self, water: WaterAtPlaces, rise: float) -> Floats:
        """(N, P) 1 = water at home at the rarest return period, 0 = none, NaN = unknown."""
        found = np.empty((len(self.level), len(self.rows)))
        for number, level in enumerate(self.level):
            threshold = np.full(len(self.rows), self.errors.wet_depth[number])
            found[number] = water.at(float(level) + rise + self.errors.ground[number]).reaches(threshold)
        return found


def _zones(
    ground: TrialGround, water: TrialWater, damage: _Damage, people: _Homes, zones: Zones
) -> Iterator[ZoneChange]:
    level = float(np.median(ground.levels[:, -1]))
    before, after = (depth_at(water, each, level) for each in (water.before, water.after))
    cell = ground.region.cell_size**2
    noticed = LEAST_OF_ALL * damage.total
    for number, name in enumerate(zones.names):
        here = (zones.of_cell == number) & ground.land
        change = damage.change(0.0, zones.of_asset == number, people.count(0.0, people.zone == number))
        flooded = [float((here & (each >= FLOODED_DEPTH)).sum()) * cell for each in (before, after)]
        unknown = float((here & (np.isnan(before) | np.isnan(after))).sum()) * cell
        yield ZoneChange(name, change, flooded[0], flooded[1], unknown, _verdict(change, flooded, unknown, noticed))


def depth_at(water: TrialWater, depth: SingleFloats, level: float) -> Floats:
    """(H, W) depth [m] of one of the waters at a sea level, linear between those that are known."""
    levels = water.levels
    upper = int(np.clip(np.searchsorted(levels, level), 1, len(levels) - 1))
    part = float(np.clip((level - levels[upper - 1]) / (levels[upper] - levels[upper - 1]), 0.0, 1.0))
    if part == 0.0:
        return np.asarray(depth[upper - 1], dtype=np.float64)
    lower, higher = (np.asarray(depth[number], dtype=np.float64) for number in (upper - 1, upper))
    return (1 - part) * lower + part * higher


def _verdict(change: Change, flooded: list[float], unknown: float, noticed: float) -> Verdict:
    """A zone loses as soon as anything of it does; it gains only if nothing does, and by ``noticed`` [money a-1]."""
    damage = change.damage_before.mean, change.damage_after.mean
    pairs = [
        damage if not 0 < damage[0] - damage[1] < noticed else (damage[0], damage[0]),
        (change.people_before.high, change.people_after.high),
        (flooded[0], flooded[1]),
    ]
    known = [(before, after) for before, after in pairs if not np.isnan(before + after)]
    if any(after > before * (1 + LEAST_CHANGE) + 1e-9 for before, after in known):
        return "loses"
    if any(after < before * (1 - LEAST_CHANGE) - 1e-9 for before, after in known):
        return "gains"
    return "unknown" if unknown > 0 and not any(before > 0 for before, _ in known) else "same"


def _within(areas: Sequence[shapely.Polygon], places: gpd.GeoDataFrame) -> Mask:
    """(A,) whether a place lies in an area, as a whole; part of it is not enough."""
    if not areas or not len(places):
        return np.zeros(len(places), dtype=bool)
    return np.asarray(shapely.covers(shapely.union_all(areas), places.geometry.to_numpy()))


def _people_map(ground: TrialGround) -> xr.DataArray | None:
    if ground.people is None:
        return None
    return xr.DataArray(ground.people, {"y": ground.region.y, "x": ground.region.x}, ("y", "x"))


def _notes(ground: TrialGround, water: TrialWater, works: Sequence[Work], assets: gpd.GeoDataFrame) -> Iterator[str]:
    """What the numbers leave out."""
    if water.method == "still water":
        yield (
            "Still water without time: the sea stands for ever. A storm floods less; and what a wall turns onto others"
            " is not in these numbers. The solver finds both."
        )
    else:
        yield (
            "Simulated storms that stay high for long. Waves over crests, breaches of the drawn works, rain and rivers"
            " are not in these numbers."
        )
    yield "Every drawn crest is taken to hold until the sea is above it: a lower bound of the damage behind it."
    yield (
        f"Seas rarer than once in {ground.return_periods[-1]:g} years are taken to overtop every crest, however high."
    )
    if (assets["asset_class"] == "embankment").any():
        yield (
            "Known embankments count only as far as the ground and past floods show them: where one already protects,"
            " the benefit of a new one is overstated."
        )
    yield (
        "Damage before the works is that of this simulation, not the number of the report, which rests on maps of the"
        " networks: read the difference."
    )
    if any(isinstance(work, Gate | Pump) for work in works):
        yield (
            "What gates and pumps are mostly built for, to drain rain and rivers, is in no number here. A gate is taken"
            " to shut in time, and a pump to run without a break: count on neither without people and fuel."
        )
    if any(isinstance(work, MangroveBelt) for work in works):
        yield (
            "Mangroves are taken to be grown, which takes a decade or more, and to survive; what they take from waves"
            " is in no number here. Water may stand higher before them."
        )
    if any(isinstance(work, RetreatZone) for work in works):
        yield "Who leaves a retreat zone is in no number of harm after it; where they go is not known."


def _of_shelters(ground: TrialGround, water: TrialWater, people: _Homes, works: Sequence[Work]) -> Iterator[str]:
    """Who lives about each shelter and has water at home, and whether it stands in water, today at the rarest level."""
    depth = depth_at(water, water.after, float(np.median(ground.levels[:, -1])))
    sea = f"the sea of once in {ground.return_periods[-1]:g} years"
    shelters = [work for work in works if isinstance(work, Shelter)]
    for number, shelter in enumerate(shelters, start=1):
        about = people.count(0.0, people.near(shelter.point))[1]
        who = "an unknown number of" if np.isnan(about.high) else f"{_about(about.low)} to {_about(about.high)}"
        cell = cell_of("shelter", shelter.point, ground.region)
        here = depth[cell] if ground.land[cell] else np.inf
        stands = "nobody knows whether it stands in water" if np.isnan(here) else f"it stands in {here:.1f} m of water"
        stands = stands if here < np.inf or np.isnan(here) else "it stands in permanent water"
        yield (
            f"Shelter {number} has room for {shelter.room:,} people; {who} people within {WALK / 1000:g} km have water"
            f" at home at {sea}, and {'it stays dry' if here < WET_FLOOR else stands}. It lowers no damage: it saves"
            " who reaches it before the water."
        )


def _about(count: float) -> str:
    """Two digits of a number of people."""
    return f"{float(f'{count:.2g}'):,.0f}"
