"""People exposed to flood water and cut off by it, with bounds for everything unknown."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import xarray as xr

from strandline.observations.arrays import Floats, Indices, Mask
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.access import is_cut_off, road_network
from strandline.risk.impact.loss_of_function import draw_function_thresholds
from strandline.risk.impact.totals import rows_by_district
from strandline.risk.people import UNKNOWN, Homes, People, PeopleErrors, bound_of
from strandline.risk.stage_damage.asset_depths import exceeds_depth, greatest_depth
from strandline.risk.stage_damage.damage_chain import DamageChain, SampleChain
from strandline.risk.stage_damage.exposure import overlay_exposure

REFUGES = ("hospital", "shelter")


@dataclass(frozen=True)
class DistrictPopulation:
    """As ``PopulationImpact``, of one district; ``None`` = the survey does not name it."""

    district: str | None
    residents: People
    uncounted_homes: int
    exposed: People
    cut_off: Mapping[str, People]


@dataclass(frozen=True)
class PopulationImpact:
    """People in an event of the design return period.

    Attributes:
        residents: who live here.
        uncounted_homes: homes without a count; they are in the upper bounds.
        exposed: with water at home.
        cut_off: hospital or shelter → people without a road to one; absent where the survey has none, or no roads.
        districts: those with homes, in the order of their names, then homes of no stated district; empty where the
            survey names none.
        spared: share of the samples in which nobody has water at home [-].
        fewest_otherwise: lower bound of those with water at home in the others [-]; NaN where there is none.
        uncounted_home: who may live in a home without a count.
        counted_by: a survey of homes, or a map of people.
    """

    residents: People
    uncounted_homes: int
    exposed: People
    cut_off: Mapping[str, People]
    districts: tuple[DistrictPopulation, ...] = ()
    spared: float = 0.0
    fewest_otherwise: float = math.nan
    uncounted_home: People = UNKNOWN
    counted_by: Literal["survey", "map"] = "survey"


def assess_population(
    hazards: Sequence[Hazard],
    assets: gpd.GeoDataFrame,
    design: int,
    rng: np.random.Generator,
    *,
    ground: Floats | None = None,
    people: xr.DataArray | None = None,
) -> PopulationImpact | None:
    """Exposed and cut-off people at the design level; ``None`` where nobody is counted, by a survey or by a map.

    In each sample the sea stands higher or lower than its return level by what ground and sea may lie closer or farther
    apart than mapped (``PeopleErrors``): the maps of the neighbouring sea levels show what then floods.

    Args:
        hazards: today's maps, then those of the same samples under sea-level rise, which show what a higher sea floods.
        design: index of the return period.
        ground: (H, W) of the terrain [m, region datum]: above the highest mapped sea level, what lies below the sea may
            flood; ``None`` = any ground may.
        people: (y, x) of a map of people, which counts where the survey does not.

    Raises:
        InputError: a road that is not a line.
    """
    homes = Homes.of(assets, people)
    if homes is None:
        return None
    region, samples = hazards[0].region, len(hazards[0].levels)
    inhabited, names = np.flatnonzero(homes.high > 0), assets["asset_class"].to_numpy()
    lived_in = homes.places.iloc[inhabited]
    at_homes = overlay_exposure(lived_in, region)
    chain = DamageChain(hazards, overlay_exposure(assets, region), region.continent, np.zeros((samples, 6)))
    errors = PeopleErrors.draw(samples, rng)
    thresholds = draw_function_thresholds(assets, samples, rng)
    network = road_network(assets)
    (node, height), (home_node, home_height) = (
        (network.nearest_node(*xy), _ground_at(*xy, hazards[0], ground)) for xy in map(_xy, (assets, lived_in))
    )
    exposed = np.full((samples, inhabited.size), np.nan)  # (S, P)
    refuges = {name: np.flatnonzero(names == name) for name in REFUGES if (names == name).any()}
    cut_off = {name: np.full(exposed.shape, np.nan) for name in refuges if len(network.edges)}
    for number, (sample, threshold) in enumerate(zip(chain, thresholds, strict=True)):
        level = sample.levels[design] + errors.ground[number]
        lost = _Water.of(sample, sample.greatest_depth(), level, height).reaches(threshold)
        at_home = _Water.of(sample, greatest_depth(sample.depth, at_homes), level, home_height)
        exposed[number] = at_home.reaches(np.full(inhabited.size, errors.wet_depth[number]))
        for name, result in cut_off.items():
            rows = refuges[name]
            result[number] = is_cut_off(network, lost[network.road], node[rows], lost[rows], home_node)

    def tally(chosen: Mask) -> tuple[People, int, People, dict[str, People]]:
        here, everybody = chosen[inhabited], homes.residents(chosen)

        def count(affected: Floats) -> People:  # the count's error has other bounds in few samples than by itself
            return _count(affected[:, here], homes, inhabited[here], errors.count_factor).within(everybody)

        cut = {name: count(result) for name, result in cut_off.items()}
        return everybody, int((homes.is_uncounted & chosen).sum()), count(exposed), cut

    districts = tuple(
        DistrictPopulation(name, *tally(rows))
        for name, rows in rows_by_district(homes.places)
        if (rows[inhabited]).any()
    )
    everybody = np.ones(len(homes.places), dtype=bool)
    dry = (exposed != 1).all(axis=1)
    fewest = math.nan
    if not dry.all():
        wet = _count(exposed[~dry], homes, inhabited, errors.count_factor[~dry])
        fewest = wet.within(homes.residents(everybody)).low
    return PopulationImpact(
        *tally(everybody), districts, float(dry.mean()), fewest, homes.in_one_without_a_count(), homes.counted_by
    )


def _xy(places: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
    """x and y [m] of a point in each place."""
    point = places.geometry.representative_point()
    return point.x.to_numpy(), point.y.to_numpy()


@dataclass(frozen=True, eq=False)
class _Water:
    """Greatest depth [m] on each asset (A,), with what is unknown taken as harmless and as harmful.

    Attributes:
        has_unknown_cell: whether a cell of it is unknown.
    """

    least: Floats
    most: Floats
    has_unknown_cell: Mask

    @classmethod
    def of(cls, sample: SampleChain, greatest: tuple[Floats, Mask], level: float, ground: Floats) -> "_Water":
        """At a sea level [m, region datum] between, below or above those of the sample's maps.

        Below the lowest map the water falls with the sea. Above the highest one it rises with the sea where there is
        any, and elsewhere it may stand on ground (A,) below the sea.

        Args:
            greatest: depths on the places, see ``asset_depths.greatest_depth``.
        """
        order = np.argsort(sample.levels, kind="stable")
        levels, (depth, has_unknown_cell) = sample.levels[order], greatest
        depth = np.maximum.accumulate(depth[:, order], axis=1)  # (A, L); a higher sea never floods less
        upper = int(np.clip(np.searchsorted(levels, level), 1, len(levels) - 1)) if len(levels) > 1 else 0
        lower = max(upper - 1, 0)
        step = levels[upper] - levels[lower]
        share = float(np.clip((level - levels[lower]) / step, 0.0, 1.0)) if step > 0 else 1.0
        within = depth[:, lower] + share * (depth[:, upper] - depth[:, lower])
        beyond = max(level - levels[-1], 0.0) - max(levels[0] - level, 0.0)
        least = np.where(within > 0, np.maximum(within + beyond, 0.0), within)
        may_stand = np.maximum(np.minimum(level - ground, beyond), 0.0) if beyond > 0 else np.zeros(len(least))
        return cls(least, np.where(within > 0, least, within + may_stand), has_unknown_cell)

    def reaches(self, threshold: Floats) -> Floats:
        """(A,) 1 = water reaches the threshold [m] somewhere on the asset, 0 = nowhere, NaN = unknown."""
        least, most = (
            exceeds_depth(depth[:, None], self.has_unknown_cell, threshold)[:, 0] for depth in (self.least, self.most)
        )
        return np.where(least == most, least, np.nan)


def _ground_at(x: Floats, y: Floats, hazard: Hazard, ground: Floats | None) -> Floats:
    """(A,) ground [m, region datum] at points; −∞ where it is unknown or the point lies outside: it may flood."""
    row, column = hazard.region.cells_of(x, y)
    if ground is None:
        return np.full(len(x), -np.inf)
    height = np.where(row < 0, np.nan, ground[row, column])
    return np.where(np.isnan(height), -np.inf, height)


def _count(affected: Floats, homes: Homes, rows: Indices, factor: Floats) -> People:
    """People over samples (S, P) of homes that are 1 = affected, 0 = not, or NaN = unknown."""
    fewest, most = ((affected == 1) @ homes.low[rows]) * factor, ((affected != 0) @ homes.high[rows]) * factor
    likely = float(np.median((affected == 1) @ homes.likely[rows]))
    return People.bounded(bound_of(fewest), likely, -bound_of(-most))
