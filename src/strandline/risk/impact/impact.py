"""Damage states, expected annual damage, loss of function and people at risk, with the uncertainty of the chain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.exposure.assets import DAMAGE_STATE_EDGES
from strandline.risk.expectation import Expectation, standard_error
from strandline.risk.hazard.hazard import FutureHazard, Hazard
from strandline.risk.impact.fields import FieldLosses
from strandline.risk.impact.lives.by_all_drivers import PeopleByAllDrivers
from strandline.risk.impact.lives.loss_of_life import LossOfLife
from strandline.risk.impact.loss_of_function import loss_of_function_probability
from strandline.risk.impact.population import PopulationImpact
from strandline.risk.impact.totals import PartialTotal, partial_totals, sum_known
from strandline.risk.stage_damage.damage_chain import DamageChain, draw_curve_deviates
from strandline.risk.stage_damage.damage_draws import DamageDraws
from strandline.risk.stage_damage.expected_annual_damage import frequency_weights, left_out_at_most
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.vulnerability import damage_state

DAMAGE_STATES = len(DAMAGE_STATE_EDGES) + 1


@dataclass(frozen=True)
class FrequentDamage:
    """Damage of the years whose highest sea is below the first mapped return level; it is in no number.

    Attributes:
        return_period: the first mapped one [years].
        at_most: their expected annual damage [money a-1]; NaN = no damage is known.
    """

    return_period: float
    at_most: float


@dataclass(frozen=True)
class FutureDamage:
    """Expected annual damage at a future sea.

    Attributes:
        expected: [money a-1].
        share_beyond_maps: share of it from seas above the highest mapped level [-]; there it is a lower bound.
    """

    expected: Expectation
    share_beyond_maps: float


@dataclass(frozen=True, eq=False)
class Impact:
    """Effects of the hazard on the assets.

    Attributes:
        assets: ``ASSET_COLUMNS`` + ``damage_state_0`` … ``damage_state_4`` (probabilities at the design return period,
            ``state_source`` the ``curve`` or the ``student``), ``expected_annual_damage_mean``, ``_standard_error``,
            ``_p10``, ``_p50``, ``_p90`` [money a-1] and ``depth_p50`` [m]; NaN = unknown.
            Where assets serve others: ``out_of_service`` (probability at the design return period) and
            ``out_of_service_per_year`` [a-1], by the sea or by all drivers, whichever is more likely.
        expected_annual_damage: total over the assets that are known [money a-1]; NaN where none is.
        unknown_assets: assets whose damage is unknown: a cell they touch is unknown, or their value is.
        unknown_value: value of those among them that have one [money]; it is in no total.
        frequent: what is left out below the first return period.
        curve_deviates: (N, 6) of the damage curves in the draws of damage, which all else must share.
        population: exposed and cut off at the design return period, see ``assess_population``; ``None`` where nobody
            is counted.
        loss_of_life: who may die in the same event, and people a year; ``None`` where nobody is counted.
        by_all_drivers: people as in both, by sea, rain and rivers together; ``None`` = they are not mapped.
        fields: under sea water; ``None`` where the survey names none.
        totals: expected annual damage by class and by district.
        in_future: the total at each future sea, in the order in which they were given.
        share_beyond_maps: share of the total from seas above the highest mapped level [-]; there it is a lower bound.
    """

    assets: gpd.GeoDataFrame
    expected_annual_damage: Expectation
    unknown_assets: int
    unknown_value: float
    frequent: FrequentDamage
    curve_deviates: Floats = field(repr=False)
    population: PopulationImpact | None = None
    loss_of_life: LossOfLife | None = None
    by_all_drivers: PeopleByAllDrivers | None = None
    fields: FieldLosses | None = None
    totals: tuple[PartialTotal, ...] = ()
    in_future: tuple[FutureDamage, ...] = ()
    share_beyond_maps: float = 0.0


def assess_impact(
    hazard: Hazard,
    assets: gpd.GeoDataFrame,
    continent: str,
    rng: np.random.Generator,
    *,
    design_return_period: float = 100,
    own_states: Floats | None = None,
    frequent: Hazard | None = None,
    futures: Sequence[FutureHazard] = (),
    highest: Hazard | None = None,
) -> Impact:
    """Damage states and expected annual damage of each asset, drawn through levels, depths and curves together.

    An asset's damage is the mean of its cells' damage, weighted with its share in each cell (`exposure.asset_shares`);
    it is unknown where any cell it touches is unknown. Surveyed values are taken as exact; those of mapped assets are
    drawn between their bounds.

    Args:
        continent: of the damage curves.
        design_return_period: [years], one of the hazard's, at which damage states and ``depth_p50`` are given.
        own_states: (A, 5) the student's probabilities of the damage states at the design return period, which replace
            the curve's where the flood is known; a row of NaN keeps the curve's. Money always follows the curve.
        frequent: the same storms at levels of shorter return periods; ``None`` = their damage is bounded.
        futures: the same storms at future seas.
        highest: the same storms at a sea that hardly any draw passes; ``None`` = damage from higher seas than the
            mapped ones counts as at the highest of these.

    Raises:
        InputError: assets without the columns, a design period that the hazard lacks, states of another shape, or
            hazards of other samples.
    """
    if design_return_period not in hazard.return_periods:
        raise InputError(
            "design return period", f"{design_return_period:g} is not in the hazard", f"use {hazard.return_periods}"
        )
    design = hazard.return_periods.index(design_return_period)
    exposure = overlay_exposure(assets, hazard.region)
    deviates = draw_curve_deviates(len(hazard.level_draws), rng)
    mapped = (hazard, *(each.on_todays_land for each in futures), *(() if highest is None else (highest,)))
    draws = DamageDraws(mapped, exposure, continent, deviates, frequent)
    samples = draws.annual_damage()  # (N, A)
    state = damage_state(draws.damage_ratios(draws.return_periods.index(design_return_period)))  # (N, A)
    chain = DamageChain((hazard,), exposure, continent, deviates[:: len(deviates) // draws.maps])
    design_depth = np.stack([sample.only(design).mean_depth()[:, 0] for sample in chain])  # (S, A)

    probabilities = np.stack([(state == k).mean(axis=0) for k in range(DAMAGE_STATES)], axis=1)  # (A, 5)
    probabilities[(state < 0).any(axis=0)] = np.nan
    state_source = np.full(len(assets), "curve")
    if own_states is not None:
        probabilities, state_source = _replace_states(probabilities, own_states)
    unknown = np.asarray(np.isnan(samples).any(axis=0))
    result = assets.copy()
    for k in range(DAMAGE_STATES):
        result[f"damage_state_{k}"] = probabilities[:, k]
    result["state_source"] = state_source
    result["state_source"] = result["state_source"].where(result["damage_state_0"].notna())
    for name, values in damage_statistics(samples, draws.maps).items():
        result[f"expected_annual_damage_{name}"] = np.where(unknown, np.nan, values)
    result["depth_p50"] = np.median(design_depth, axis=0)
    lost = loss_of_function_probability(chain, assets, rng)
    if not np.isnan(lost).all():
        weights = frequency_weights(hazard.return_periods)
        result["out_of_service"], result["out_of_service_per_year"] = lost[:, design], lost @ weights
    stated = ~np.isnan(exposure.value)
    first = np.where(unknown, 0.0, draws.damage_ratios(0) * draws.values).sum(axis=1).mean()
    at_most = np.nan if unknown.all() else left_out_at_most(draws.return_periods, float(first))
    return Impact(
        assets=result,
        expected_annual_damage=sum_known(samples, unknown, draws.maps),
        unknown_assets=int(unknown.sum()),
        unknown_value=float(exposure.value[unknown & stated].sum()),
        frequent=FrequentDamage(draws.return_periods[0], at_most),
        curve_deviates=deviates,
        totals=partial_totals(samples, assets, draws.maps),
        in_future=tuple(
            FutureDamage(sum_known(each, unknown, draws.maps), beyond) for each, beyond in _in_future(draws, futures)
        ),
        share_beyond_maps=draws.share_beyond(),
    )


def _in_future(draws: DamageDraws, futures: Sequence[FutureHazard]) -> Iterator[tuple[Floats, float]]:
    """(N, A) expected annual damage [money a-1] of the same draws at each future sea; its share beyond the maps."""
    for each in futures:
        if each.same_sea_today is None:
            rise = (each.hazard.level_draws - draws.hazards[0].level_draws)[:, 0]
            yield draws.annual_damage(rise=rise), draws.share_beyond(rise)
        else:
            on_sunk_land = replace(draws, hazards=(each.hazard,), frequent=each.frequent)
            yield on_sunk_land.annual_damage(), on_sunk_land.share_beyond()


def damage_statistics(samples: Floats, maps: int) -> dict[str, Floats]:
    """Mean, its standard error and percentiles (A,) of draws (N, A); NaN where any draw is."""
    low, middle, high = np.quantile(samples, [0.1, 0.5, 0.9], axis=0)
    error = np.array([standard_error(each, maps) for each in samples.T])
    return {"mean": samples.mean(axis=0), "standard_error": error, "p10": low, "p50": middle, "p90": high}


def _replace_states(curve: Floats, own: Floats) -> tuple[Floats, npt.NDArray[np.str_]]:
    """The student's probabilities where it gives any and the flood is known, else the curve's; and the source of each.

    Raises:
        InputError: states of another shape.
    """
    if own.shape != curve.shape:
        raise InputError("own_states", f"have shape {own.shape}", f"need {curve.shape}")
    is_own = np.asarray(np.isfinite(own + curve).all(axis=1))
    return np.where(is_own[:, None], own, curve), np.where(is_own, "student", "curve")
