"""What sea, rain and rivers flood in a year together: flood maps at nodes of the drivers, by total probability."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

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
    """

    region: Region
    land: Mask
    water: Mask
    exposure: Exposure | None
    continent: str


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
    chances, by_sea, shares, damage = [], [], [], []
    for sample, (row, years) in enumerate(zip(levels, fitted.possible_years(len(levels), YEARS, rng), strict=False)):
        years = with_sea_levels(years, periods, row)
        nodes = DriverNodes.of(years)
        depth = nodes.rising(mapper.depths(nodes.grid, rng))  # (G, H, W)
        flooded: Mask = depth.reshape(len(depth), -1)[:, land] >= FLOODED_DEPTH
        annual = partial(_chance, nodes, years, flooded, from_next[sample])
        chances.append(annual(years.peaks))
        by_sea.append(annual(only(years, [0])))
        shares.append(shares_of_drivers(years, annual))
        if ground.exposure is not None:
            unknown = np.where(ground.land, depth, np.where(ground.water, 0.0, np.nan)).astype(np.float32)
            ratios = damage_ratios(unknown, ground.exposure, ground.continent, deviates[sample])  # (A, G)
            total = np.nansum(ratios * ground.exposure.value[:, None], axis=0)[:, None]  # (G, 1)
            reached = (nodes.reached(years, each, from_next[sample]) for each in (years.peaks, only(years, [0])))
            damage.append([float(mean_of_years(each, total)[0]) for each in reached])
        if progress is not None:
            progress((sample + 1) / len(levels))
    low, high = np.quantile(chances, RANGE, axis=0)
    mean, sea_alone, of_drivers = (np.mean(each, axis=0) for each in (chances, by_sea, shares))
    maps = [_on_map(each, ground) for each in (mean, low, high, sea_alone, *of_drivers)]
    by_all, by_the_sea = (
        Expectation.of(column, len(column)) if damage else None for column in np.array(damage).reshape(-1, 2).T
    )
    return DriverFloods(
        ground.region, drivers, maps[0], maps[1], maps[2], maps[3], np.stack(maps[4:]), by_all, by_the_sea, *record
    )


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
