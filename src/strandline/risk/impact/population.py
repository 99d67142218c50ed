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
from strandline.risk.impact.lives.water_at_places import WaterAtPlaces, ground_at, points_of
from strandline.risk.impact.loss_of_function import draw_function_thresholds
from strandline.risk.impact.totals import rows_by_district
from strandline.risk.people import UNKNOWN, Homes, People, PeopleErrors, bound_of
from strandline.risk.stage_damage.asset_depths import greatest_depth
from strandline.risk.stage_damage.damage_chain import DamageChain
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
    inhabited = np.flatnonzero(homes.high > 0)
    lived_in = homes.places.iloc[inhabited]
    at_homes = overlay_exposure(lived_in, region)
    chain = DamageChain(hazards, overlay_exposure(assets, region), region.continent, np.zeros((samples, 6)))
    errors = PeopleErrors.draw(samples, rng)
    thresholds = draw_function_thresholds(assets, samples, rng)
    network = road_network(assets)
    (node, height), (home_node, home_height) = (
        (network.nearest_node(*xy), ground_at(*xy, region, ground)) for xy in map(points_of, (assets, lived_in))
    )
    exposed = np.full((samples, inhabited.size), np.nan)  # (S, P)
    refuges = refuges_of(assets)
    cut_off = {name: np.full(exposed.shape, np.nan) for name in refuges if len(network.edges)}
    for number, (sample, threshold) in enumerate(zip(chain, thresholds, strict=True)):
        level = sample.levels[design] + errors.ground[number]
        lost = WaterAtPlaces.of(sample.levels, sample.greatest_depth(), height).at(level).reaches(threshold)
        at_home = WaterAtPlaces.of(sample.levels, greatest_depth(sample.depth, at_homes), home_height)
        exposed[number] = at_home.at(level).reaches(np.full(inhabited.size, errors.wet_depth[number]))
        for name, result in cut_off.items():
            rows = refuges[name]
            result[number] = is_cut_off(network, lost[network.road], node[rows], lost[rows], home_node)

    def tally(chosen: Mask) -> tuple[People, int, People, dict[str, People]]:
        here, everybody = chosen[inhabited], homes.residents(chosen)

        def count(affected: Floats) -> People:  # the count's error has other bounds in few samples than by itself
            return count_people(affected[:, here], homes, inhabited[here], errors.count_factor).within(everybody)

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
        wet = count_people(exposed[~dry], homes, inhabited, errors.count_factor[~dry])
        fewest = wet.within(homes.residents(everybody)).low
    return PopulationImpact(
        *tally(everybody), districts, float(dry.mean()), fewest, homes.in_one_without_a_count(), homes.counted_by
    )


def refuges_of(assets: gpd.GeoDataFrame) -> dict[str, Indices]:
    """Hospital or shelter → positions of those of the survey; absent where there is none."""
    names = assets["asset_class"].to_numpy()
    return {name: np.flatnonzero(names == name) for name in REFUGES if (names == name).any()}


def count_people(affected: Floats, homes: Homes, rows: Indices, factor: Floats) -> People:
    """People over samples (S, P) of homes that are 1 = affected, 0 = not, or NaN = unknown."""
    fewest, most = ((affected == 1) @ homes.low[rows]) * factor, ((affected != 0) @ homes.high[rows]) * factor
    likely = float(np.median((affected == 1) @ homes.likely[rows]))
    return People.bounded(bound_of(fewest), likely, -bound_of(-most))
