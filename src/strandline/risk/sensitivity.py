"""Sensitivity: which input's uncertainty drives the expected annual damage, and which measurement reduces it most.

A Monte-Carlo sample of the damage chain joins one draw of return levels, one flood map and one set of damage curves.
Each map holds depths at several sea levels, so every map can be read at the levels of every other sample, and the three
inputs recombine in all ways without running the networks again. The variance of that full factorial design decomposes
exactly (decision 17).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import geopandas as gpd
import numpy as np
from scipy.stats import norm

from strandline.observations.arrays import Floats, Indices
from strandline.observations.exposure.assets import CURVE_CLASSES, curve_index
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.stage_damage.asset_depths import cell_depths, unknown_cells, unknown_damage
from strandline.risk.stage_damage.expected_annual_damage import frequency_weights
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.vulnerability import damage_ratio

CURVE_DEVIATES = norm.ppf((np.arange(7) + 0.5) / 7)
"""Middles of seven equally likely parts of a damage curve's deviate."""
GRID = 32
"""Sea levels at which each map's damage is evaluated."""
GAUGE_YEARS = 10.0
MARK_ERROR = 0.1
"""Standard error of a district's mean flood depth from surveyed marks [m]; an assumption."""
SURVEYED_ASSETS = 30
"""Assets of a damage survey, each scattering about its class's curve as much as the curve is uncertain: assumptions."""
BLOCKS = 3
"""Rows and columns of blocks that stand for districts where the survey names none."""


@dataclass(frozen=True)
class SobolIndex:
    """An uncertain input.

    Attributes:
        name: ``sea levels``, ``flood map`` or ``damage curve of CLASS``.
        first_order: share of the variance that vanishes if this input alone is known [-] (Sobol 1993).
        total: share that remains if all others are known [-] (Homma and Saltelli 1996).
    """

    name: str
    first_order: float
    total: float


@dataclass(frozen=True)
class ValueOfInformation:
    """A possible measurement.

    Attributes:
        of: the kind of input that it informs.
        what: for a sentence, such as "10 more years of the tide gauge".
        reduction: expected share of the variance that it removes [-].
        elsewhere: the least and the greatest share that the same measurement removes at any place [-]; ``None`` = it
            has no place.
        share_of_damage: at its place, of the damage at the median rarest level [-]; ``None`` = it has no place.
    """

    of: Literal["sea levels", "flood map", "damage curve"]
    what: str
    reduction: float
    elsewhere: tuple[float, float] | None = None
    share_of_damage: float | None = None

    def as_share_of(self, variance: float) -> Self:
        """The same with reductions [money² a-2] as shares of the variance."""
        elsewhere = None if self.elsewhere is None else (self.elsewhere[0] / variance, self.elsewhere[1] / variance)
        return replace(self, reduction=self.reduction / variance, elsewhere=elsewhere)


@dataclass(frozen=True)
class SensitivityAnalysis:
    """Sources of the uncertainty of the region's expected annual damage.

    Attributes:
        standard_deviation: of the expected annual damage over all combinations [money a-1].
        drivers: the greatest first-order share first.
        measurements: the greatest expected reduction first.
    """

    standard_deviation: float
    drivers: tuple[SobolIndex, ...]
    measurements: tuple[ValueOfInformation, ...]


def analyse_sensitivity(
    hazard: Hazard, assets: gpd.GeoDataFrame, continent: str, record_years: float
) -> SensitivityAnalysis | None:
    """Drivers and measurements for the assets of known damage; ``None`` where there is none, or no uncertainty.

    The value of a measurement is its expected reduction of the variance, Cov(D, y)² / Var(y), with y its reading
    including the error and D the expected annual damage averaged over the other inputs. Possible measurements are

    - the sea: the rarest return level, from ``GAUGE_YEARS`` more years beside ``record_years``;
    - the flood map: mean depth at the assets of the district with most damage at the median rarest level, with
      ``MARK_ERROR``. A map errs at all places alike here, so that other districts tell nearly as much, whatever their
      damage; which of them tells most is chance;
    - a damage curve: its deviate, from ``SURVEYED_ASSETS`` assets.

    Values of assets are taken as exact, so surveying them is not among the measurements.

    Source: Strong, Oakley, Brennan and Breeze (2015), Medical Decision Making 35, 570-583: expected value of sample
        information by regression on the samples' own draws, here linear (Goldstein and Wooff 2007, Bayes linear) and
        with squared error as the loss.
    """
    losses = StageDamageByCurve.of(hazard, assets, continent)
    if losses is None:
        return None
    weights = frequency_weights(hazard.return_periods)
    damage = np.einsum("ig,cjkg->cijk", _level_weights(hazard.levels, losses.grid, weights), losses.damage)
    variance, shares = decompose(damage)
    if variance <= 0:
        return None
    joined = damage.mean(axis=3).sum(axis=0)  # (levels, maps)
    rarest = hazard.levels[:, -1]
    gauge_error = rarest.var() * record_years / GAUGE_YEARS
    measurements = [
        ValueOfInformation(
            "sea levels",
            f"{GAUGE_YEARS:g} more years of the tide gauge",
            _reduction(joined.mean(axis=1), rarest, gauge_error),
        )
    ]
    measurements.append(_survey(losses, joined.mean(axis=0)))
    for name, part in zip(losses.curves, damage, strict=True):
        error = CURVE_DEVIATES.var() / SURVEYED_ASSETS
        by_curve = part.mean(axis=(0, 1))
        measurements.append(
            ValueOfInformation(
                "damage curve",
                f"a damage survey of {SURVEYED_ASSETS} flooded assets of the kind '{name}'",
                _reduction(by_curve, CURVE_DEVIATES, error),
            )
        )
    drivers = [SobolIndex(name, *share) for name, share in zip(_input_names(losses.curves), shares, strict=True)]
    return SensitivityAnalysis(
        float(np.sqrt(variance)),
        tuple(sorted(drivers, key=lambda driver: -driver.first_order)),
        tuple(each.as_share_of(variance) for each in sorted(measurements, key=lambda each: -each.reduction)),
    )


def _survey(losses: "StageDamageByCurve", by_map: Floats) -> ValueOfInformation:
    """A survey where most damage is; reductions of the variance [money² a-2].

    Args:
        by_map: (S,) expected annual damage of each map.
    """
    found = {name: _reduction(by_map, depth, MARK_ERROR**2) for name, depth in losses.depth_by_location.items()}
    place = max(losses.damage_by_location, key=lambda name: losses.damage_by_location[name])
    return ValueOfInformation(
        "flood map",
        f"a survey of flood marks and ground levels {place}",
        found[place],
        (min(found.values()), max(found.values())),
        losses.damage_by_location[place] / max(sum(losses.damage_by_location.values()), 1e-9),
    )


def decompose(damage: Floats) -> tuple[float, list[tuple[float, float]]]:
    """Variance of Σ_c damage[c, i, j, k_c] over i, j and each k_c, all equally likely and independent, and its parts.

    Args:
        damage: (C, I, J, K), a curve c moved by its own k.

    Returns:
        The variance, and (first-order, total) shares [-] of i, of j, and of each k_c; NaN where there is no variance.

    Source: Saltelli et al. (2010), Computer Physics Communications 181, 259-270, equations 1 and 2; exact here, since
        every combination is included.
    """
    joined = damage.mean(axis=3).sum(axis=0)  # (I, J)
    by_curve = damage.var(axis=3)  # (C, I, J)
    variance = float(joined.var() + by_curve.mean(axis=(1, 2)).sum())
    parts = []
    for own, other in ((0, 1), (1, 0)):
        first = joined.mean(axis=other).var()
        without = damage.mean(axis=1 + own)  # (C, other, K)
        rest = without.mean(axis=2).sum(axis=0).var() + without.var(axis=2).mean(axis=1).sum()
        parts.append((first, variance - rest))
    parts += [(part.mean(axis=(0, 1)).var(), spread.mean()) for part, spread in zip(damage, by_curve, strict=True)]
    if variance <= 0:
        return variance, [(np.nan, np.nan)] * len(parts)
    return variance, [(float(first / variance), float(total / variance)) for first, total in parts]


@dataclass(frozen=True, eq=False)
class StageDamageByCurve:
    """Damage of each sample's map as a function of the sea level, for each damage curve.

    Attributes:
        curves: names of the damage curves that occur.
        grid: (G,) sea levels [m, region datum].
        damage: (C, S, K, G) damage to the known assets under curve c moved by ``CURVE_DEVIATES`` [money].
        depth_by_location: "in the district X" or "in the north-west" → (S,) mean depth at its assets [m] at the median
            rarest level.
        damage_by_location: mean damage at its assets at that level [money].
    """

    curves: tuple[str, ...]
    grid: Floats
    damage: Floats
    depth_by_location: dict[str, Floats]
    damage_by_location: dict[str, float]

    @classmethod
    def of(cls, hazard: Hazard, assets: gpd.GeoDataFrame, continent: str) -> "StageDamageByCurve | None":
        """From the maps and the assets of known damage; ``None`` where there are none.

        Between a map's own levels its depths are linear; beyond them water rises and falls with the sea.
        """
        known = ~unknown_damage(overlay_exposure(assets, hazard.region), unknown_cells([hazard]))
        if not known.any():
            return None
        exposure = overlay_exposure(assets[known], hazard.region)
        occurring = {_curve(group.asset_class) for group in exposure.classes}
        curves = tuple(name for name in CURVE_CLASSES if name in occurring)
        grid = np.linspace(hazard.levels.min(), hazard.levels.max(), GRID)
        damage = np.zeros((len(curves), len(hazard.levels), CURVE_DEVIATES.size, GRID))
        locations = _locations(assets[known], hazard)
        median_rarest = float(np.median(hazard.levels[:, -1]))
        depths: dict[str, Floats] = {name: np.zeros(len(hazard.levels)) for name in locations}
        losses = dict.fromkeys(locations, 0.0)
        for sample, (maps, level) in enumerate(zip(hazard.flood_depth, hazard.levels, strict=True)):
            at_median, loss = np.full(exposure.value.size, np.nan), np.zeros(exposure.value.size)
            for group, own in cell_depths(maps, exposure):
                stands = _depth_at(own, level, np.array([median_rarest]))  # (1, cells)
                at_median[group.rows] = group.shares @ stands[0]
                ratio = group.shares @ damage_ratio(stands, group.asset_class, continent, 0.0)[0]
                loss[group.rows] = ratio * exposure.value[group.rows]
                water, value = _depth_at(own, level, grid), group.shares.T @ exposure.value[group.rows]
                of_curve = damage[curves.index(_curve(group.asset_class)), sample]
                for number, deviate in enumerate(CURVE_DEVIATES):
                    of_curve[number] += damage_ratio(water, group.asset_class, continent, float(deviate)) @ value
            for name, rows in locations.items():
                depths[name][sample] = at_median[rows].mean()
                losses[name] += float(loss[rows].sum()) / len(hazard.levels)
        return cls(curves, grid, damage, depths, losses)


def _depth_at(depth: Floats, own: Floats, wanted: Floats) -> Floats:
    """(G, cells) depth at the wanted sea levels (G,), of maps (R, cells) at their ``own`` levels (R,)."""
    if own.size == 1:
        return np.where(depth > 0, np.maximum(depth + (wanted - own)[:, None], 0.0), 0.0)
    upper = np.clip(np.searchsorted(own, wanted), 1, own.size - 1)
    step = np.maximum(own[upper] - own[upper - 1], 1e-9)
    share = np.clip((wanted - own[upper - 1]) / step, 0.0, 1.0)[:, None]
    between = (1 - share) * depth[upper - 1] + share * depth[upper]
    beyond = np.where(wanted > own[-1], wanted - own[-1], np.minimum(wanted - own[0], 0.0))[:, None]
    return np.where(between > 0, np.maximum(between + beyond, 0.0), 0.0)


def _level_weights(levels: Floats, grid: Floats, weights: Floats) -> Floats:
    """(S, G) weights [a-1] that turn damage on the grid into the expected annual damage of each sample of levels."""
    result = np.zeros((len(levels), grid.size))
    unit = np.eye(grid.size)
    for node in range(grid.size):
        result[:, node] = np.interp(levels, grid, unit[node]) @ weights
    return result


def _reduction(damage: Floats, reading: Floats, error: float) -> float:
    """Expected reduction of the variance [money² a-2] by a reading with an error variance; 0 where it is constant."""
    spread = reading.var() + error
    covariance = float(np.mean((damage - damage.mean()) * (reading - reading.mean())))
    return covariance**2 / float(spread) if spread > 0 else 0.0


def _locations(assets: gpd.GeoDataFrame, hazard: Hazard) -> dict[str, Indices]:
    """Rows of the assets of each district; of nine blocks where the survey names none."""
    if "district" in assets and assets["district"].notna().any():
        names = assets["district"]
        return {
            f"in the district '{name}'": np.flatnonzero((names == name).to_numpy())
            for name in sorted(names.dropna().unique())
        }
    point, (left, bottom, right, top) = assets.geometry.representative_point(), hazard.region.bounds
    column = np.clip((BLOCKS * (point.x - left) / (right - left)).astype(int), 0, BLOCKS - 1).to_numpy()
    row = np.clip((BLOCKS * (top - point.y) / (top - bottom)).astype(int), 0, BLOCKS - 1).to_numpy()
    directions = (
        ("north-west", "north", "north-east"),
        ("west", "middle", "east"),
        ("south-west", "south", "south-east"),
    )
    return {
        f"in the {directions[r][c]}": np.flatnonzero((row == r) & (column == c))
        for r in range(BLOCKS)
        for c in range(BLOCKS)
        if ((row == r) & (column == c)).any()
    }


def _curve(asset_class: str) -> str:
    return CURVE_CLASSES[curve_index(asset_class)]


def _input_names(curves: Sequence[str]) -> list[str]:
    return ["sea levels", "flood map", *(f"damage curve of {name}" for name in curves)]
