"""Damage states, expected annual damage, loss of function and people at risk, with the uncertainty of the chain."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.assets import DAMAGE_STATE_EDGES
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.loss_of_function import loss_of_function_probability
from strandline.risk.impact.population import PopulationImpact
from strandline.risk.impact.totals import PartialTotal, partial_totals, sum_known
from strandline.risk.stage_damage.damage_chain import DamageChain, draw_curve_deviates
from strandline.risk.stage_damage.expected_annual_damage import frequency_weights
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.vulnerability import damage_state

DAMAGE_STATES = len(DAMAGE_STATE_EDGES) + 1


@dataclass(frozen=True, eq=False)
class Impact:
    """Effects of the hazard on the assets.

    Attributes:
        assets: ``ASSET_COLUMNS`` + ``damage_state_0`` … ``damage_state_4`` (probabilities at the design return period,
            ``state_source`` the ``curve`` or the ``student``),
            ``expected_annual_damage_p10``, ``_p50``, ``_p90`` [money a-1] and ``depth_p50`` [m]; NaN = unknown.
            Where assets serve others: ``out_of_service`` (probability at the design return period) and
            ``out_of_service_per_year`` [a-1].
        expected_annual_damage: p10, p50, p90 of the total over the assets that are known [money a-1];
            NaN where none is.
        unknown_assets: assets whose damage is unknown: a cell they touch is unknown, or their value is.
        unknown_value: value of those among them that have one [money]; it is in no total.
        population: exposed and cut off at the design return period, see ``assess_population``; ``None`` where nobody
            is counted.
        totals: expected annual damage by class and by district.
    """

    assets: gpd.GeoDataFrame
    expected_annual_damage: tuple[float, float, float]
    unknown_assets: int
    unknown_value: float
    population: PopulationImpact | None = None
    totals: tuple[PartialTotal, ...] = ()


def assess_impact(
    hazard: Hazard,
    assets: gpd.GeoDataFrame,
    continent: str,
    rng: np.random.Generator,
    *,
    design_return_period: float = 100,
    own_states: Floats | None = None,
) -> Impact:
    """Damage states and expected annual damage of each asset, sampled through levels, depths and curves together.

    An asset's damage is the mean of its cells' damage, weighted with its share in each cell (`exposure.asset_shares`);
    it is unknown where any cell it touches is unknown. Values of assets are taken as exact.

    Args:
        continent: of the damage curves.
        design_return_period: [years], one of the hazard's, at which damage states and ``depth_p50`` are given.
        own_states: (A, 5) the student's probabilities of the damage states at the design return period, which replace
            the curve's where the flood is known; a row of NaN keeps the curve's. Money always follows the curve.

    Raises:
        InputError: assets without the columns, a design period that the hazard lacks, or states of another shape.
    """
    if design_return_period not in hazard.return_periods:
        raise InputError(
            "design return period", f"{design_return_period:g} is not in the hazard", f"use {hazard.return_periods}"
        )
    design = hazard.return_periods.index(design_return_period)
    exposure = overlay_exposure(assets, hazard.region)
    weights = frequency_weights(hazard.return_periods)
    chain = DamageChain((hazard,), exposure, continent, draw_curve_deviates(len(hazard.flood_depth), rng))
    annual, states, depths = [], [], []
    for sample in chain:
        ratio = sample.damage_ratios()  # (A, R)
        annual.append(ratio @ weights * exposure.value)
        states.append(damage_state(ratio[:, design]))
        depths.append(sample.only(design).mean_depth()[:, 0])
    samples, state, design_depth = np.stack(annual), np.stack(states), np.stack(depths)  # (S, A) each

    probabilities = np.stack([(state == k).mean(axis=0) for k in range(DAMAGE_STATES)], axis=1)  # (A, 5)
    probabilities[(state < 0).any(axis=0)] = np.nan
    state_source = np.full(len(assets), "curve")
    if own_states is not None:
        probabilities, state_source = _replace_states(probabilities, own_states)
    unknown = np.asarray(np.isnan(samples).any(axis=0))
    bounds = np.quantile(samples, [0.1, 0.5, 0.9], axis=0)
    result = assets.copy()
    for k in range(DAMAGE_STATES):
        result[f"damage_state_{k}"] = probabilities[:, k]
    result["state_source"] = state_source
    result["state_source"] = result["state_source"].where(result["damage_state_0"].notna())
    for name, row in zip(("p10", "p50", "p90"), bounds, strict=True):
        result[f"expected_annual_damage_{name}"] = np.where(unknown, np.nan, row)
    result["depth_p50"] = np.median(design_depth, axis=0)
    lost = loss_of_function_probability(chain, assets, rng)
    if not np.isnan(lost).all():
        result["out_of_service"], result["out_of_service_per_year"] = lost[:, design], lost @ weights
    stated = ~np.isnan(exposure.value)
    return Impact(
        assets=result,
        expected_annual_damage=sum_known(samples, unknown),
        unknown_assets=int(unknown.sum()),
        unknown_value=float(exposure.value[unknown & stated].sum()),
        totals=partial_totals(samples, assets),
    )


def _replace_states(curve: Floats, own: Floats) -> tuple[Floats, npt.NDArray[np.str_]]:
    """The student's probabilities where it gives any and the flood is known, else the curve's; and the source of each.

    Raises:
        InputError: states of another shape.
    """
    if own.shape != curve.shape:
        raise InputError("own_states", f"have shape {own.shape}", f"need {curve.shape}")
    is_own = np.asarray(np.isfinite(own + curve).all(axis=1))
    return np.where(is_own[:, None], own, curve), np.where(is_own, "student", "curve")
