"""Fields that the sea salts: how many a year, and how long they bear less."""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from strandline.observations.arrays import Floats
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.risk.hazard.hazard import FLOODED_DEPTH, FutureHazard, Hazard
from strandline.risk.impact.lives.water_at_places import WaterAtPlaces, sea_of_most_years
from strandline.risk.people import PeopleErrors, bound_of
from strandline.risk.stage_damage.annual_probability import annual_probability
from strandline.risk.stage_damage.asset_depths import cell_depths
from strandline.risk.stage_damage.damage_chain import DamageChain
from strandline.risk.stage_damage.exposure import overlay_exposure

RECOVERY_YEARS = (0.5, 3.0)
"""Time for which a field bears less after sea water stood on it [years]. Low: the standing crop is lost (maize died
after 24 h, pasture after 36 h), and rain washed the salt from the top of a clay within weeks (abstract of a study of a
short flood on clay); half a year for the next crop is an assumption. High: three years after the tsunami of 2004 the
soil of some fields in Aceh held 13 dS/m (McLeod et al. 2010, Agricultural Water Management 97, 605-613, read in
abstract). A paddy in Natori took 400 days after the tsunami of 2011 (abstract)."""
GIVEN_UP = 9_000 / 47_000
"""Share of the flooded fields that FAO held for lost or useless after the tsunami of 2004 [-]; no share of a storm
surge was found (FAO, salinity after the tsunami)."""


@dataclass(frozen=True)
class SaltedFields:
    """Fields under sea water in the highest flood of a year, on average over many years and over what is not known.

    Attributes:
        name: of the sea.
        fields: least and most [a-1]; the share of a field counts.
        hectares: of those whose outline is known [ha a-1].
        bear_less: fields that bear less at any time, least and most [-].
    """

    name: str
    fields: tuple[float, float]
    hectares: tuple[float, float]
    bear_less: tuple[float, float]


@dataclass(frozen=True)
class FieldLosses:
    """What floods of sea water do to the fields of the survey.

    Attributes:
        fields: surveyed.
        hectares: of those whose outline is known [ha]; 0 = of none.
        at_design: fields under water at the design level, least and most [-].
        per_year: today's first, then that of each future sea.
    """

    fields: int
    hectares: float
    at_design: tuple[float, float]
    per_year: tuple[SaltedFields, ...]

    @property
    def salt_days(self) -> tuple[float, float]:
        """Days a year on which the average field bears less for salt, today, least and most [d a-1]."""
        least, most = self.per_year[0].bear_less
        days = HOURS_PER_YEAR / 24 / self.fields
        return least * days, most * days


def assess_fields(
    hazards: Sequence[Hazard],
    assets: gpd.GeoDataFrame,
    design: int,
    rng: np.random.Generator,
    *,
    frequent: Hazard | None = None,
    futures: Sequence[FutureHazard] = (),
    ground: Floats | None = None,
) -> FieldLosses | None:
    """Fields under sea water at the design level and a year; ``None`` where the survey names no field.

    A part of a field counts where water reaches 0.15 m. Unknown ground counts as dry and as flooded; ground and sea err
    as in ``PeopleErrors``. All water is taken as salt.

    Args:
        hazards: today's maps, then those of the same samples at higher seas on the land of today.
        design: index of the return period.
        frequent: maps of the same samples at levels of shorter return periods.
        futures: each future sea, on the land of its time.
        ground: (H, W) of the terrain [m, region datum]; ``None`` = above the highest mapped sea any ground may flood.
    """
    fields = assets[(assets["asset_class"] == "agriculture").to_numpy()]
    if fields.empty:
        return None
    area = fields.geometry.area.to_numpy() / 1e4
    weights = np.stack([np.ones(len(fields)), area])  # (2, F)
    land = _Land(fields, weights, PeopleErrors.draw(len(hazards[0].levels), rng).ground, ground,
                 sea_of_most_years([hazards[0], *([] if frequent is None else [frequent])]))  # fmt: skip
    today, periods = _under_water(land, hazards, frequent)
    index = periods.index(hazards[0].return_periods[design])
    scenarios = [_per_year("today", today, periods, weights)]
    for each in futures:
        same_land = (each.hazard, *hazards) if each.same_sea_today is None else (each.hazard,)
        scenarios.append(_per_year(each.name, *_under_water(land, same_land, each.frequent), weights))
    at_design = bound_of(today[0, 0, :, index]), -bound_of(-today[1, 0, :, index])
    return FieldLosses(len(fields), float(area.sum()), at_design, tuple(scenarios))


@dataclass(frozen=True, eq=False)
class _Land:
    """F fields, weights (W, F), errors of the ground (S,) [m], terrain (H, W) and sea of most years (S,) [m]."""

    fields: gpd.GeoDataFrame
    weights: Floats
    errors: Floats
    ground: Floats | None
    calm: Floats | None


def _under_water(land: _Land, hazards: Sequence[Hazard], frequent: Hazard | None) -> tuple[Floats, tuple[float, ...]]:
    """(2, W, S, R) weighted fields under water, least and most, at return periods (R,) [years]."""
    first = hazards[0]
    shorter = [] if frequent is None else [frequent]
    targets = np.concatenate([each.levels for each in (*shorter, first)], axis=1)  # (S, R)
    periods = tuple(period for each in (*shorter, first) for period in each.return_periods)
    exposure = overlay_exposure(land.fields, first.region)
    (group,) = exposure.classes
    height = np.full(np.prod(first.region.shape) + 1, -np.inf)
    if land.ground is not None:
        height[:-1] = np.where(np.isnan(land.ground), -np.inf, land.ground).ravel()
    by_cell = land.weights @ group.shares  # (W, C)
    found = np.zeros((2, len(land.weights), *targets.shape))
    chain = DamageChain([*hazards, *shorter], exposure, first.region.continent, np.zeros((len(targets), 6)))
    for number, sample in enumerate(chain):
        ((_, depth),) = cell_depths(sample.depth, exposure)  # (L, C)
        unknown = np.asarray(np.isnan(depth).any(axis=0))
        water = WaterAtPlaces.of(sample.levels, (depth.T, unknown), height[group.cells])
        if land.calm is not None:
            water = water.lived_with(float(land.calm[number]), land.errors[number], FLOODED_DEPTH)
        for period, level in enumerate(targets[number]):
            wet = water.at(level + land.errors[number]).reaches(np.full(unknown.size, FLOODED_DEPTH))
            found[:, :, number, period] = by_cell @ (wet == 1), by_cell @ (wet != 0)
    return found, periods


def _per_year(name: str, under_water: Floats, periods: tuple[float, ...], weights: Floats) -> SaltedFields:
    least, most = under_water  # (W, S, R)
    whole = np.maximum(weights.sum(axis=1), 1e-9)[:, None]
    low = annual_probability(np.moveaxis(least, -1, 0) / whole, periods).at_least * whole  # (W, S)
    high = annual_probability(np.moveaxis(most, -1, 0) / whole, periods).at_most * whole
    (fields, hectares) = ((float(a.mean()), float(b.mean())) for a, b in zip(low, high, strict=True))
    bear_less = fields[0] * RECOVERY_YEARS[0], min(fields[1] * RECOVERY_YEARS[1], float(weights[0].sum()))
    return SaltedFields(name, fields, hectares, bear_less)
