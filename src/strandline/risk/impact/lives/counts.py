"""People with water at home, in danger and dead at each return level of the sea, one Monte-Carlo sample at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from strandline.observations.arrays import Floats, Mask
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.lives.mortality import Mortality
from strandline.risk.impact.lives.water_at_places import Water, WaterAtPlaces
from strandline.risk.people import PeopleErrors
from strandline.risk.stage_damage.damage_chain import DamageChain
from strandline.risk.stage_damage.danger import DANGEROUS_DEPTH
from strandline.risk.stage_damage.exposure import overlay_exposure

QUANTITIES = ("with_water", "in_danger", "deaths")


@dataclass(frozen=True, eq=False)
class HomesAtSeas:
    """Inhabited places, P, and what is not known of them.

    Attributes:
        people: (3, P) fewest, likely and most [-], before the error of the count.
        groups: (G, P) which of them are summed; the first row is all.
        ground: (P,) [m, region datum]; −∞ = unknown.
        may_breach: (P,) whether an embankment may breach nearby.
        mortality: of people in the water.
        errors: of each sample.
        calm: (S,) today's sea of most years [m, region datum], with which people live; ``None`` = it is not mapped.
    """

    places: gpd.GeoDataFrame
    people: Floats
    groups: Mask
    ground: Floats
    may_breach: Mask
    mortality: Mortality
    errors: PeopleErrors
    calm: Floats | None = None


@dataclass(frozen=True, eq=False)
class Counts:
    """People in the groups at return levels, (3, S, G, R) each: unknown as harmless, likely, unknown as harmful [-].

    Attributes:
        return_periods: (R,) [years], ascending.
        with_water: at home.
        in_danger: in dangerous depth.
        deaths: by night if nobody leaves.
        residents: (S,) who live in all places, at most.
    """

    return_periods: tuple[float, ...]
    with_water: Floats
    in_danger: Floats
    deaths: Floats
    residents: Floats


def count_at_return_levels(homes: HomesAtSeas, hazards: Sequence[Hazard], frequent: Hazard | None) -> Counts:
    """Count people at the levels of the first hazard, after those of shorter return periods.

    In each sample the sea stands higher or lower than its return level by what ground and sea may lie closer or farther
    apart than mapped, and the maps of the neighbouring levels show what then floods. The sea of most years endangers
    nobody, or nobody would live there.

    Args:
        hazards: maps of the same samples on the same land.
        frequent: of the same samples at shorter return periods.
    """
    first, errors = hazards[0], homes.errors
    shorter = [] if frequent is None else [frequent]
    periods = tuple(period for each in (*shorter, first) for period in each.return_periods)
    targets = np.concatenate([each.levels for each in (*shorter, first)], axis=1)  # (S, R)
    samples = len(first.levels)
    exposure = overlay_exposure(homes.places, first.region)
    chain = DamageChain([*hazards, *shorter], exposure, first.region.continent, np.zeros((samples, 6)))
    counts = {name: np.zeros((3, samples, len(homes.groups), len(periods))) for name in QUANTITIES}
    people = homes.groups[None] * homes.people[:, None]  # (3, G, P)
    for number, sample in enumerate(chain):
        water = WaterAtPlaces.of(sample.levels, sample.greatest_depth(), homes.ground)
        calm = -np.inf if homes.calm is None else float(homes.calm[number])
        if homes.calm is not None:
            water = water.lived_with(calm, errors.ground[number], DANGEROUS_DEPTH)
        for period, level in enumerate(targets[number]):
            at_home = water.at(level + errors.ground[number])
            shares = affected_shares(homes, at_home, errors.wet_depth[number], level <= calm)
            for name, share in shares.items():
                counts[name][:, number, :, period] = np.einsum("bgp,bp->bg", people, share)
    factor = errors.count_factor[None, :, None, None]
    return Counts(
        periods, **{name: each * factor for name, each in counts.items()},
        residents=homes.people[2].sum() * errors.count_factor,
    )  # fmt: skip


def affected_shares(homes: HomesAtSeas, water: Water, wet_depth: float, is_lived_with: bool) -> dict[str, Floats]:
    """(3, P) share of the people of each place that counts, of each of ``QUANTITIES``: fewest, likely and most.

    Unknown ground is dangerous, but in water that people live with.
    """
    wet, deep = (water.reaches(np.full(len(water.least), depth)) for depth in (wet_depth, DANGEROUS_DEPTH))
    least, most = np.nan_to_num(water.least), np.nan_to_num(water.most)
    dead = homes.mortality.most(most, homes.may_breach)
    known = dead[~water.has_unknown_cell]
    worst = max(homes.mortality.worst, float(known.max()) if known.size else 0.0)
    if not is_lived_with:
        dead = np.where(water.has_unknown_cell, np.maximum(dead, worst), dead)
    return {
        "with_water": np.stack([wet == 1, wet == 1, wet != 0]).astype(float),
        "in_danger": np.stack([deep == 1, deep == 1, (deep == 1) if is_lived_with else (deep != 0)]).astype(float),
        "deaths": np.stack([homes.mortality.least(least), homes.mortality.likely(least), dead]),
    }
