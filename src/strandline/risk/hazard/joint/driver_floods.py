"""What sea, rain and rivers flood in a year together: flood maps at nodes of the drivers, by total probability."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np

from strandline.distillation.training.loop import Progress
from strandline.errors import InputError
from strandline.models.terrain_features import TerrainFeatures
from strandline.observations.arrays import Floats, Mask, SingleFloats
from strandline.observations.region import Region
from strandline.risk.expectation import Expectation
from strandline.risk.hazard.flood_maps import depth_at_quantile
from strandline.risk.hazard.hazard import FLOODED_DEPTH
from strandline.risk.hazard.joint.driver_nodes import DriverNodes, mean_of_years, share_of_years
from strandline.risk.hazard.joint.flood_chance import only, return_levels, shares_of_drivers
from strandline.risk.hazard.joint.simulated_years import JointEvents, SimulatedYears
from strandline.risk.hazard.joint.zone_floods import ZoneFloods, ZoneGround, padded
from strandline.risk.impact.lives.by_all_drivers import AddedPeople, HomesAtNodes
from strandline.risk.impact.out_of_use import OutOfUse, UseOfGround, out_of_use
from strandline.risk.stage_damage.damage_chain import damage_ratios, draw_curve_deviates
from strandline.risk.stage_damage.exposure import Exposure
from strandline.simulator.design_inflow import InflowPatterns
from strandline.simulator.design_storms import StormDesigner
from strandline.uncertainty.forecaster import Forecaster

SEA, RAIN, RIVER = "sea", "rain", "river"
YEARS = 1000
"""Years drawn for each sample of the record's parameters."""
LEAST_HEIGHT = 0.05
"""[m above mean sea level] Lowest peak of a design storm: a tide has one."""
RANGE = (0.05, 0.95)
ALL_DRIVERS_METHOD = (
    f"share of {YEARS} drawn years in which an event floods the cell, mean over samples of the record, the sea, storms"
    " and networks; floods are mapped at combinations of sea level, rain of a day and discharge, chances between them"
    " are linear; events from the record's margins by season, tails and dependence (Heffernan and Tawn 2004)"
)


@dataclass(frozen=True, eq=False)
class DriverFloods:
    """What floods in a year by all drivers together, and which of them brings it; NaN = unknown cell.

    Attributes:
        drivers: D of ``SEA``, ``RAIN`` and ``RIVER``.
        chance: (H, W) probability of ``FLOODED_DEPTH`` or more in a year [a-1], over all parameters that the record
            allows; ``low``, ``high``: 5 and 95 % of the samples.
        by_sea: (H, W) the same with the other drivers as they usually are in that part of the year [a-1].
        shares: (D, H, W) part of ``chance`` that each driver brings [a-1]; see `shares_of_drivers`.
        damage, damage_by_sea: expected annual damage of known assets [money a-1]; ``None`` = no survey.
        record_years: [years] in which all drivers were observed.
        events: number of them in the record.
        damage_of_land: (S, A) what all drivers damage of each asset beyond what the sea does in the same years, in each
            sample [money a-1]; ``None`` = no survey.
        people: what all drivers add to the people whom the sea reaches; ``None`` = nobody counted them.
        out_of_use: ground, roads and shelters that they put out of use.
        zones: what each combination does in the zones; ``None`` = no zones were given.
    """

    region: Region
    drivers: tuple[str, ...]
    chance: SingleFloats
    low: SingleFloats
    high: SingleFloats
    by_sea: SingleFloats
    shares: SingleFloats
    damage: Expectation | None
    damage_by_sea: Expectation | None
    record_years: float
    events: int
    damage_of_land: SingleFloats | None = None
    people: AddedPeople | None = None
    out_of_use: OutOfUse | None = None
    zones: ZoneFloods | None = None

    def __post_init__(self) -> None:
        if self.drivers[:1] != (SEA,) or len(self.drivers) < 2:
            raise InputError("drivers", f"are {self.drivers}", f"give {SEA} first, and another")
        expected = self.region.shape
        for name in ("chance", "low", "high", "by_sea"):
            if getattr(self, name).shape != expected:
                raise InputError("floods by all drivers", f"{name} is no map of {expected}", "give one map each")
        if self.shares.shape != (len(self.drivers), *expected):
            raise InputError("floods by all drivers", f"shares are {self.shares.shape}", "give one map for each driver")

    def area(self, chance: SingleFloats) -> float:
        """Area [m2] that floods in a year on average, given the chance of each cell (H, W); unknown cells left out."""
        return float(np.nansum(chance) * self.region.cell_size**2)


@dataclass(frozen=True)
class NotMapped:
    """Floods by all drivers are not mapped, and why, as a sentence."""

    reason: str


class MapsDrivers(Protocol):
    """Maps the floods of chosen peaks of all drivers."""

    def depths(self, peaks: Floats, rng: np.random.Generator) -> SingleFloats:
        """(G, H, W) depth [m] at peaks (G, D) of the drivers, for one draw of all that is not known of an event."""
        ...


@dataclass(frozen=True, eq=False)
class StudentMaps:
    """Maps by the students of a run, for design storms with rain and discharge.

    Attributes:
        drivers: D names, the sea first.
    """

    forecaster: Forecaster
    designer: StormDesigner
    patterns: InflowPatterns
    terrain: TerrainFeatures
    drivers: tuple[str, ...]

    def depths(self, peaks: Floats, rng: np.random.Generator) -> SingleFloats:
        """(G, H, W) depth [m]; one tide, course of rain and of the river, member and quantile for all."""
        columns = dict(zip(self.drivers, peaks.T, strict=True))
        mean = self.designer.mean_sea_level
        height = np.maximum(columns[SEA] - mean, LEAST_HEIGHT)
        storms = self.designer.draw(mean + height, rng).seen
        none = np.zeros(len(peaks))
        inflow, seen = self.patterns.draw(columns.get(RAIN, none), columns.get(RIVER, none), rng)
        one, member = self.forecaster.draw_member(rng)
        quantile = float(rng.uniform())
        batch = self.terrain.attach_to(replace(storms, inflow=inflow, inflow_seen=seen))
        classes = one.predict(batch).class_probability
        if classes is None:
            raise InputError("floods by all drivers", "the batch has no terrain", "attach it to the storms")
        deepest = height[:, None, None] - self.terrain.channels[0].numpy()
        return depth_at_quantile(classes[member], quantile, deepest)


@dataclass(frozen=True, eq=False)
class Ground:
    """Where floods are counted, and what they damage.

    Attributes:
        land: (H, W) known cells that can flood; ``water``: permanent water; all other cells are unknown.
        exposure: of the survey; ``None`` = none. ``continent``: of the damage curves.
        zones: whose danger is reported; ``None`` = none.
        homes: where people live; ``None`` = nobody counted them.
        thresholds: (S, A) depth from which each asset is out of service [m]; NaN = it serves nobody.
    """

    region: Region
    land: Mask
    water: Mask
    exposure: Exposure | None
    continent: str
    zones: ZoneGround | None = None
    homes: HomesAtNodes | None = None
    thresholds: Floats | None = None

    def known(self, depth: SingleFloats) -> SingleFloats:
        """Depths (G, H, W) [m] as they are on land; 0 on permanent water, NaN where the terrain is unknown."""
        return np.where(self.land, depth, np.where(self.water, 0.0, np.nan)).astype(np.float32)


def map_driver_floods(
    mapper: MapsDrivers,
    ground: Ground,
    drivers: tuple[str, ...],
    fitted: JointEvents,
    record: tuple[float, int],
    sea_levels: tuple[Sequence[float], Floats],
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> DriverFloods:
    """Draw years of events under each sample of what the record allows, and count what the maps say of them.

    Each sample has other parameters of the record, return levels of the sea, storms and network. The sea of the drawn
    events gets the return levels of the run, so that chances by all drivers and by the sea alone rest on one sea.

    Args:
        drivers: D names of the events' drivers, the sea first.
        fitted: events of the record.
        record: its length [years] and number of events.
        sea_levels: P return periods [years] and (S, P) sampled levels [m, region datum].
    """
    periods, levels = sea_levels
    land = np.flatnonzero(ground.land)
    deviates = draw_curve_deviates(len(levels), rng)
    parts = np.stack([rng.permutation(len(levels)) for _ in drivers], axis=1)
    from_next = (parts + rng.random(parts.shape)) / len(levels)  # (S, D), even over the samples
    chances, by_sea, shares = [], [], []
    consequences: list[_Consequences] = []
    for sample, (row, years) in enumerate(zip(levels, fitted.possible_years(len(levels), YEARS, rng), strict=False)):
        years = with_sea_levels(years, periods, row)
        nodes = DriverNodes.of(years)
        depth = nodes.rising(mapper.depths(nodes.grid, rng))  # (G, H, W)
        flooded: Mask = depth.reshape(len(depth), -1)[:, land] >= FLOODED_DEPTH
        annual = partial(_chance, nodes, years, flooded, from_next[sample])
        chances.append(annual(years.peaks))
        by_sea.append(annual(only(years, [0])))
        shares.append(shares_of_drivers(years, annual))
        cases = years.peaks, only(years, [0]), only(years, range(1, len(drivers)))
        reached = _Reached(*(nodes.reached(years, each, from_next[sample]) for each in cases))
        consequences.append(_Consequences.of(ground, nodes, ground.known(depth), reached, deviates[sample], sample))
        if progress is not None:
            progress((sample + 1) / len(levels))
    low, high = np.quantile(chances, RANGE, axis=0)
    mean, sea_alone, of_drivers = (np.mean(each, axis=0) for each in (chances, by_sea, shares))
    maps = [_on_map(each, ground) for each in (mean, low, high, sea_alone, *of_drivers)]
    damage, of_land = _means(consequences)
    used = out_of_use(
        periods[-1], ground.region, [each.in_danger for each in consequences], [each.lost for each in consequences]
    )
    return DriverFloods(
        ground.region, drivers, maps[0], maps[1], maps[2], maps[3], np.stack(maps[4:]), damage[0], damage[1], *record,
        of_land, _added_people(consequences, periods[-1]), used, _zones(consequences, drivers, from_next),
    )  # fmt: skip


class _Reached(NamedTuple):
    """(Y, G) combinations that each year reaches: as it is, and with all but the sea, or the sea, as usual."""

    by_all: Mask
    by_sea: Mask
    by_land: Mask


@dataclass(frozen=True, eq=False)
class _Consequences:
    """What the floods of one sample do; where there are two rows, by all drivers and by the sea alone.

    Attributes:
        damage: (2, 1 + A) mean a year, of all assets together and of each; ``None`` = no survey.
        people: (G, 3, 3) with water at home, in danger and dead; ``None`` = nobody counted them.
        in_danger: (H·W,) chance of dangerous depth in a year by all drivers [a-1]; ``lost``: (2, A) of an asset out of
            service.
        flooded_share, dangerous: (Z, G) of the zones; ``danger``: (2, Z) chance in a year.
    """

    nodes: DriverNodes
    reached: _Reached
    damage: Floats | None
    people: Floats | None
    flooded_share: SingleFloats | None
    dangerous: Mask | None
    danger: Floats | None
    in_danger: Floats
    lost: Floats | None

    @classmethod
    def of(
        cls,
        ground: Ground,
        nodes: DriverNodes,
        depth: SingleFloats,
        reached: _Reached,
        deviates: Floats,
        sample: int,
    ) -> "_Consequences":
        damage = people = share = dangerous = danger = None
        if ground.exposure is not None:
            ratios = damage_ratios(depth, ground.exposure, ground.continent, deviates)  # (A, G)
            each = np.nan_to_num(ratios * ground.exposure.value[:, None])
            amounts = np.concatenate([each.sum(axis=0)[None], each]).T  # (G, 1 + A)
            damage = np.stack([mean_of_years(one, amounts) for one in reached[:2]])
        if ground.zones is not None:
            share, dangerous = ground.zones.flooded_share(depth), ground.zones.dangerous(depth, nodes)
            danger = np.stack([share_of_years(one, dangerous.T) for one in reached[:2]])
        if ground.homes is not None:
            people = ground.homes.people(depth, nodes.calm, sample)
        use = UseOfGround(ground.exposure, ground.thresholds)
        return cls(
            nodes, reached, damage, people, share, dangerous, danger, use.in_danger(depth, reached.by_all),
            use.lost(depth, (reached.by_all, reached.by_land), sample),
        )  # fmt: skip


def _means(samples: Sequence[_Consequences]) -> tuple[Sequence[Expectation | None], SingleFloats | None]:
    """Damage by all drivers and by the sea, and what the land adds to that of each asset."""
    damage = [each.damage for each in samples if each.damage is not None]  # S times (2, 1 + A)
    if not damage:
        return (None, None), None
    whole = np.array(damage)
    expected = [Expectation.of(whole[:, row, 0], len(whole)) for row in range(2)]
    return expected, np.maximum(whole[:, 0, 1:] - whole[:, 1, 1:], 0.0).astype(np.float32)


def _added_people(samples: Sequence[_Consequences], return_period: float) -> AddedPeople | None:
    """What all drivers add to the people whom the sea reaches; ``None`` = nobody counted them."""
    people = [each.people for each in samples if each.people is not None]
    return AddedPeople.of(return_period, [each.reached[:2] for each in samples], people) if people else None


def _zones(samples: Sequence[_Consequences], drivers: tuple[str, ...], from_next: Floats) -> ZoneFloods | None:
    """What all samples say of the zones, on as many values of each driver in each; ``None`` = there are no zones."""
    size = max(count for each in samples for count in each.nodes.shape)
    values, shares, dangers, chances = [], [], [], []
    for each in samples:
        if each.flooded_share is None or each.dangerous is None or each.danger is None:
            return None
        own, combination = padded(each.nodes, size)
        values.append(own)
        shares.append(each.flooded_share[:, combination])
        dangers.append(each.dangerous[:, combination])
        chances.append(each.danger)
    by_all, by_sea = np.mean(chances, axis=0)
    return ZoneFloods(
        drivers, np.stack(values), from_next[: len(values)], np.stack(shares, axis=1), np.stack(dangers, axis=1),
        by_all, by_sea,
    )  # fmt: skip


def with_sea_levels(years: SimulatedYears, periods: Sequence[float], levels: Floats) -> SimulatedYears:
    """The same events with a sea whose levels at some return periods are given, (P,) [m]; between them it is linear.

    Below the first and above the last the sea is shifted as there.
    """
    own = np.maximum.accumulate(return_levels(years, lambda peaks: peaks[:, :1], tuple(periods))[:, 0])
    step = np.maximum.accumulate(levels) - own

    def shifted(values: Floats) -> Floats:
        moved = values.copy()
        moved[:, 0] += np.interp(values[:, 0], own, step)
        return moved

    return replace(years, peaks=shifted(years.peaks), usual=shifted(years.usual))


def _chance(nodes: DriverNodes, years: SimulatedYears, flooded: Mask, from_next: Floats, peaks: Floats) -> Floats:
    return share_of_years(nodes.reached(years, peaks, from_next), flooded)


def _on_map(values: Floats, ground: Ground) -> SingleFloats:
    """(H, W) values of land cells; 0 on permanent water, NaN where the terrain is unknown."""
    result = np.full(ground.land.shape, np.nan, dtype=np.float32)
    result[ground.water], result[ground.land] = 0.0, values
    return result
