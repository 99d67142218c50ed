"""From depth at an asset to damage states and expected annual damage, with the uncertainty of the whole chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.assets import CURVE_CLASSES, DAMAGE_STATE_EDGES, curve_index
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.embankment_fragility import breach_probability
from strandline.risk.impact.loss_of_function import loss_of_function_probability
from strandline.risk.impact.population import PopulationImpact, assess_population
from strandline.risk.impact.totals import PartialTotal, partial_totals, sum_known
from strandline.risk.stage_damage.exposure import Exposure, flat_cells, overlay_exposure
from strandline.risk.stage_damage.protection import UNPROTECTED, Protection
from strandline.risk.stage_damage.vulnerability import damage_ratio, damage_state

Rule = Literal["log_linear", "trapezoid"]
DAMAGE_STATES = len(DAMAGE_STATE_EDGES) + 1


@dataclass(frozen=True, eq=False)
class Impact:
    """What the hazard does to the assets.

    Attributes:
        assets: ``ASSET_COLUMNS`` + ``damage_state_0`` … ``damage_state_4`` (probabilities at the design return period,
            ``state_source`` the ``curve`` or the ``student``),
            ``expected_annual_damage_p10``, ``_p50``, ``_p90`` [EUR 2010 a-1] and ``depth_p50`` [m]; NaN = unknown.
            Where assets serve others: ``out_of_service`` (probability at the design return period) and
            ``out_of_service_per_year`` [a-1]; where embankments have a crest, ``breach`` and ``breach_per_year`` alike.
        expected_annual_damage: p10, p50, p90 of the total over the assets that are known [EUR 2010 a-1];
            NaN where none is.
        unknown_assets: assets whose damage is unknown: a cell they touch is unknown, or their value is.
        unknown_value: value of those among them that have one [EUR 2010]; it is in no total.
        population: exposed and cut off at the design return period; None where nobody counted people.
        totals: expected annual damage by class and by district.
    """

    assets: gpd.GeoDataFrame
    expected_annual_damage: tuple[float, float, float]
    unknown_assets: int
    unknown_value: float
    population: PopulationImpact | None = None
    totals: tuple[PartialTotal, ...] = ()


def frequency_weights(return_periods: tuple[float, ...], rule: Rule) -> Floats:
    """(R,) weights [a-1] whose sum with the damages at ``return_periods`` is the expected annual damage.

    ``log_linear``: between two return periods damage is linear in ln T, D = a - b ln f with f = 1/T, and is integrated
    over the frequency f. ``trapezoid``: damage is linear in f. Both add D(T_max) / T_max for everything rarer, and
    nothing for what is more frequent than the first return period.

    Raises:
        InputError: periods that do not ascend above 0.

    Source: Delft-FIAT, "risk" (log-linear rule); the integral of ln f is f ln f - f.
    """
    period = np.asarray(return_periods, dtype=float)
    if period.ndim != 1 or period.size == 0 or (period <= 0).any() or (np.diff(period) <= 0).any():
        raise InputError("return periods", f"{return_periods} do not ascend", "sort them, in years")
    frequency = 1 / period
    weights = np.zeros(period.size)
    weights[-1] = frequency[-1]
    width = frequency[:-1] - frequency[1:]
    if rule == "trapezoid":
        upper = width / 2
    elif rule == "log_linear":
        # Share of the later damage at f: ln(f_i / f) / ln(f_i / f_{i+1}), integrated from f_{i+1} to f_i.
        log_step = np.log(frequency[:-1] / frequency[1:])
        upper = (width - frequency[1:] * log_step) / log_step
    else:
        raise InputError("damage rule", f"'{rule}' is unknown", "known: log_linear, trapezoid")
    weights[1:] += upper
    weights[:-1] += width - upper
    return weights


def expected_annual_damage(
    return_periods: tuple[float, ...], damages: npt.ArrayLike, rule: Rule = "log_linear"
) -> Floats:
    """Expected annual damage of damages (…, R) at the return periods; NaN (unknown) stays NaN.

    Raises:
        InputError: negative damages, or not one for each return period.
    """
    loss = np.asarray(damages, dtype=float)
    if loss.ndim == 0 or loss.shape[-1] != len(return_periods) or (loss < 0).any():
        raise InputError("damages", f"have shape {loss.shape} or negative values", "one for each return period, >= 0")
    return np.asarray(loss @ frequency_weights(return_periods, rule))


def draw_curve_deviates(n_samples: int, rng: np.random.Generator) -> Floats:
    """(S, 6) standard normal deviates of the damage curves, one a sample and curve: a curve errs as a whole."""
    return rng.standard_normal((n_samples, len(CURVE_CLASSES)))


def depth_at_assets(depth: npt.NDArray[np.float32], exposure: Exposure) -> Floats:
    """(A, R) depth [m] at each asset, the mean over its cells by share; NaN where a touched cell is unknown."""
    flat = flat_cells(depth)
    result = np.full((exposure.value.size, len(depth)), np.nan)
    for group in exposure.classes:
        result[group.rows] = group.shares @ flat[:, group.cells].T
    return result


def damage_ratios(
    depth: npt.NDArray[np.float32],
    exposure: Exposure,
    continent: str,
    deviates: Floats,
    protection: Protection = UNPROTECTED,
) -> Floats:
    """(A, R) damage ratios of one Monte-Carlo sample; NaN where a touched cell is unknown.

    Args:
        depth: (R, H, W) [m] of the sample.
        deviates: (6,) of the sample, in the order of ``CURVE_CLASSES``.
        protection: what is raised above the ground, and which share of the damage is avoided.
    """
    flat = flat_cells(depth)
    result = np.full((exposure.value.size, len(depth)), np.nan)
    for group in exposure.classes:
        name = group.asset_class
        water = np.maximum(flat[:, group.cells] - protection.raised.get(name, 0.0), 0.0)
        ratio = damage_ratio(water, name, continent, float(deviates[curve_index(name)]))  # (R, C)
        result[group.rows] = group.shares @ ratio.T * (1.0 - protection.avoided_share.get(name, 0.0))
    return np.asarray(np.clip(result, 0.0, 1.0))


def annual_damage_samples(
    hazard: Hazard,
    exposure: Exposure,
    continent: str,
    deviates: Floats,
    *,
    protections: Sequence[Protection] | None = None,
    rule: Rule = "log_linear",
) -> Floats:
    """(S, A) expected annual damage [EUR 2010 a-1] of each Monte-Carlo sample; NaN where unknown.

    Behind a crest, events rarer than the last return period are counted as overtopping: their damage is the
    unprotected one.

    Args:
        deviates: (S, 6) from `draw_curve_deviates`; the same for two runs makes them comparable sample by sample.
        protections: one a sample; none = as it is today.
    """
    tail = 1 / hazard.return_periods[-1]
    weights = np.append(frequency_weights(hazard.return_periods, rule), tail)
    weights[-2] -= tail
    given = [UNPROTECTED] * len(hazard.levels) if protections is None else protections
    samples = []
    for depth, level, deviate, protection in zip(hazard.flood_depth, hazard.levels, deviates, given, strict=True):
        lower = protection.behind_belt(depth, level)
        behind = np.concatenate([protection.behind_crest(lower, level), lower[-1:]])  # (R + 1, H, W)
        ratio = damage_ratios(behind, exposure, continent, deviate, protection)
        samples.append(ratio @ weights * exposure.value)
    return np.stack(samples)


def assess_impact(
    hazard: Hazard,
    assets: gpd.GeoDataFrame,
    continent: str,
    rng: np.random.Generator,
    *,
    design_return_period: float = 100,
    own_states: Floats | None = None,
    rule: Rule = "log_linear",
) -> Impact:
    """Damage states and expected annual damage of each asset, drawn through levels, depths and curves together.

    An asset's damage is the mean of its cells' damage, weighted with its share in each cell (`exposure.asset_shares`),
    it is unknown where any cell it touches is unknown. Values are taken as exact.

    Args:
        continent: whose damage curves apply.
        design_return_period: [years], one of the hazard's, at which damage states and ``depth_p50`` are given.
        own_states: (A, 5) the forecaster's probabilities of the damage states at the design return period, which
            replace the curve's where the flood is known; a row of NaN leaves the curve's. Money follows the curve.

    Raises:
        InputError: assets without the columns, a design period that the hazard lacks, or states of another shape.
    """
    if design_return_period not in hazard.return_periods:
        raise InputError(
            "design return period", f"{design_return_period:g} is not in the hazard", f"use {hazard.return_periods}"
        )
    design = hazard.return_periods.index(design_return_period)
    exposure = overlay_exposure(assets, hazard.region)
    weights = frequency_weights(hazard.return_periods, rule)
    deviates = draw_curve_deviates(len(hazard.flood_depth), rng)
    annual, states, depths = [], [], []
    for depth, deviate in zip(hazard.flood_depth, deviates, strict=True):
        ratio = damage_ratios(depth, exposure, continent, deviate)  # (A, R)
        annual.append(ratio @ weights * exposure.value)
        states.append(damage_state(ratio[:, design]))
        depths.append(depth_at_assets(depth[design : design + 1], exposure)[:, 0])
    samples, state, design_depth = np.stack(annual), np.stack(states), np.stack(depths)  # (S, A) each

    probabilities = np.stack([(state == k).mean(axis=0) for k in range(DAMAGE_STATES)], axis=1)  # (A, 5)
    probabilities[(state < 0).any(axis=0)] = np.nan
    told_by = np.full(len(assets), "curve")
    if own_states is not None:
        probabilities, told_by = _replaced(probabilities, own_states)
    unknown = np.asarray(np.isnan(samples).any(axis=0))
    bounds = np.quantile(samples, [0.1, 0.5, 0.9], axis=0)
    result = assets.copy()
    for k in range(DAMAGE_STATES):
        result[f"damage_state_{k}"] = probabilities[:, k]
    result["state_source"] = told_by
    result["state_source"] = result["state_source"].where(result["damage_state_0"].notna())
    for name, row in zip(("p10", "p50", "p90"), bounds, strict=True):
        result[f"expected_annual_damage_{name}"] = np.where(unknown, np.nan, row)
    result["depth_p50"] = np.median(design_depth, axis=0)
    for event, chance in (
        ("out_of_service", loss_of_function_probability(hazard, assets, exposure, rng)),
        ("breach", breach_probability(hazard, assets, rng)),
    ):
        if not np.isnan(chance).all():
            result[event], result[f"{event}_per_year"] = chance[:, design], chance @ weights
    stated = ~np.isnan(exposure.value)
    return Impact(
        assets=result,
        expected_annual_damage=sum_known(samples, unknown),
        unknown_assets=int(unknown.sum()),
        unknown_value=float(exposure.value[unknown & stated].sum()),
        population=assess_population(hazard, assets, exposure, design, rng),
        totals=partial_totals(samples, assets),
    )


def _replaced(curve: Floats, own: Floats) -> tuple[Floats, npt.NDArray[np.str_]]:
    """The forecaster's probabilities where it has any and the flood is known, else the curve's; and whose they are."""
    if own.shape != curve.shape:
        raise InputError("own_states", f"have shape {own.shape}", f"need {curve.shape}")
    speaks = np.asarray(np.isfinite(own + curve).all(axis=1))
    return np.where(speaks[:, None], own, curve), np.where(speaks, "student", "curve")
