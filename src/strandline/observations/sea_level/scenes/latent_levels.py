"""The sea at each of many scenes, from the water that they show: levels and heights, most probable together.

A cell is wet where the sea stands above it. Nobody read the sea and nobody levelled the ground, but all scenes show the
same ground: a scene that wets more of it has a higher sea. With a Gaussian process for the levels (its mean the tide,
its covariance what is not known of tide and weather),

    P(wet | l, h) = (1 − ε) · Φ((l − h) / s) + ε / 2,      l ~ N(m, K),      h_c ~ N(h0_c, s0_c²)

the posterior is found by Newton's method, and its spread by Laplace's. Given the levels, cells are independent: the
Hessian over the heights is diagonal, and what is left for the levels is one matrix of scenes by scenes.

Sources: Gaussian processes with a probit likelihood, Rasmussen and Williams (2006), chapter 3; two-parameter item
response, Lord and Novick (1968); scenes of a wrong label by a Student-t process, Lange, Little and Taylor (1989).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from strandline.observations.arrays import Floats
from strandline.observations.sea_level.scenes.water_scenes import WaterScenes

SPREAD, LAPSE = 0.2, 0.05
"""[m] Of a cell's response to the level (that of `distillation.waterlines`), and share of cells whose colour says
nothing: wet sand, glint, a cloud's edge. ASSUMPTIONS for optical scenes."""
LOOKS = 10.0
"""Independent cells that a whole scene is worth: its cells share their errors, and on a flat their height as well.
Chosen on the first 114 scenes of the Gulf of Carpentaria (of 2.5, 10, 50 and 250; more than 50 are worse)."""
SCENE_SPREAD, SCENE_FREEDOM = 0.1, 3.0
"""[m] By which the level that a scene shows differs from the sea's, and degrees of freedom of that difference: water
stays in pools, and some scenes are mislabelled altogether. ASSUMPTIONS."""
GROUND_SPREAD = 1.5
"""[m] Of the heights of cells between the tides about mean sea level, where no survey gives them."""
REWEIGHTINGS, STEPS = 4, 60


@dataclass(frozen=True, eq=False)
class Ground:
    """Heights of C cells [m above mean sea level] and their standard deviations, before any scene.

    Attributes:
        height, sd: (C,).
    """

    height: Floats
    sd: Floats

    @classmethod
    def unknown(cls, cells: int) -> "Ground":
        """Of cells whose height nobody measured."""
        return cls(np.zeros(cells), np.full(cells, GROUND_SPREAD))


@dataclass(frozen=True, eq=False)
class LatentLevels:
    """Posterior of N levels and C heights.

    Attributes:
        level, level_sd: (N,) of the water that each scene shows [m above mean sea level].
        height, height_sd: (C,) of the ground [m above mean sea level]; the deviation is given the levels.
        weight: (N,) by which a scene's own spread was divided; below 0.5 = its water is not that of its sea.
        pull: (N,) K⁻¹(l − m) of the sea's process and the scene's own spread [m-1].
        precision: (N, N) of the levels by the water alone, the heights integrated out [m-2].
        own_variance: (N,) of each scene's own difference from the sea [m2].
    """

    level: Floats
    level_sd: Floats
    height: Floats
    height_sd: Floats
    weight: Floats
    pull: Floats
    precision: Floats
    own_variance: Floats


def fit_levels(water: WaterScenes, mean: Floats, covariance: Floats, ground: Ground | None = None) -> LatentLevels:
    """Most probable levels of the sea and heights of the ground.

    Args:
        water: of cells that change.
        mean: (N,) of the levels before [m above mean sea level]; covariance: (N, N) of the sea [m2].
        ground: heights that are known; ``None`` = none.
    """
    ground = Ground.unknown(water.wet.shape[1]) if ground is None else ground
    weight, level, height = np.ones(len(water)), mean.copy(), _first_heights(water, mean, ground)
    for _ in range(REWEIGHTINGS):
        own = SCENE_SPREAD**2 / weight
        whole = covariance + np.diag(own)
        inverse = np.asarray(np.linalg.inv(whole), dtype=np.float64)
        level, height = _most_probable(water, ground, mean, inverse, level, height)
        _, _, curvature = _likelihood(water, level, height)
        of_heights = curvature.sum(0) + _weight(water) / ground.sd**2
        precision = np.diag(curvature.sum(1)) - (curvature / of_heights) @ curvature.T
        pull = inverse @ (level - mean)
        # What is expected of the square of a scene's own difference: its mean's square and its variance.
        reduction = inverse - inverse @ np.linalg.inv(inverse + precision) @ inverse
        square = (own * pull) ** 2 + own - own**2 * np.diag(reduction)
        updated = (SCENE_FREEDOM + 1) / (SCENE_FREEDOM + square / SCENE_SPREAD**2)
        if np.abs(updated - weight).max() < 0.01:
            break
        weight = updated
    sd = np.sqrt(np.diag(np.linalg.inv(inverse + precision)))
    return LatentLevels(level, sd, height, 1 / np.sqrt(of_heights), weight, pull, precision, own)


def level_of_scene(wet: Floats, height: Floats, mean: float, sd: float) -> tuple[float, float]:
    """The level of one scene over ground that is known, and its standard deviation [m above mean sea level].

    Args:
        wet: (C,) probability, NaN = not seen; height: (C,) [m above mean sea level].
        mean, sd: of the level before [m].
    """
    grid = np.linspace(mean - 4 * sd, mean + 4 * sd, 201)
    seen = np.isfinite(wet)
    probability = LAPSE / 2 + (1 - LAPSE) * ndtr((grid[:, None] - height[seen]) / SPREAD)  # (201, C)
    shown = np.log(wet[seen] * probability + (1 - wet[seen]) * (1 - probability)).sum(axis=1)
    log = -0.5 * ((grid - mean) / sd) ** 2 + shown * LOOKS / max(wet.size, LOOKS)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    middle = float(weight @ grid)
    return middle, float(np.sqrt(weight @ (grid - middle) ** 2))


def _first_heights(water: WaterScenes, level: Floats, ground: Ground) -> Floats:
    """(C,) level that is exceeded as often as the cell is wet; the stated height where that is known better."""
    share = np.nan_to_num(water.frequency, nan=0.5)
    guess = np.quantile(level, np.clip(1 - share, 0.02, 0.98))
    return np.where(ground.sd < GROUND_SPREAD, ground.height, guess)


def _most_probable(
    water: WaterScenes, ground: Ground, mean: Floats, inverse: Floats, level: Floats, height: Floats
) -> tuple[Floats, Floats]:
    """Newton's method with the expected Hessian and halved steps."""
    prior = _weight(water) / ground.sd**2

    def density(level: Floats, height: Floats) -> float:
        away = level - mean
        fit = _likelihood(water, level, height)[0]
        return float(fit - 0.5 * away @ inverse @ away - 0.5 * prior @ (height - ground.height) ** 2)

    current = density(level, height)
    for _ in range(STEPS):
        _, slope, curvature = _likelihood(water, level, height)
        of_heights = curvature.sum(0) + prior
        uphill = prior * (ground.height - height) - slope.sum(0)
        share = curvature / of_heights
        system = np.diag(curvature.sum(1)) + inverse - share @ curvature.T
        rise = np.linalg.solve(system, slope.sum(1) - inverse @ (level - mean) + share @ uphill)
        lift = (uphill + curvature.T @ rise) / of_heights
        step = 1.0
        while (reached := density(level + step * rise, height + step * lift)) < current and step > 1e-3:
            step /= 2
        if reached < current:
            break
        level, height = level + step * rise, height + step * lift
        gained, current = reached - current, reached
        if gained < 1e-3:
            break
    return level, height


def _weight(water: WaterScenes) -> float:
    """Of one cell."""
    return float(LOOKS / max(water.wet.shape[1], LOOKS))


def _likelihood(water: WaterScenes, level: Floats, height: Floats) -> tuple[float, Floats, Floats]:
    """Log likelihood, its slope (N, C) by the level [m-1] and its expected curvature (N, C) [m-2]."""
    seen = water.seen * _weight(water)
    wet = np.where(water.seen, water.wet, 0.5)
    x = (level[:, None] - height) / SPREAD
    probability = LAPSE / 2 + (1 - LAPSE) * ndtr(x)
    density = (1 - LAPSE) * np.exp(-0.5 * x**2) / (np.sqrt(2 * np.pi) * SPREAD)
    likelihood = wet * probability + (1 - wet) * (1 - probability)
    tells = np.abs(2 * wet - 1)
    slope = seen * (2 * wet - 1) * density / likelihood
    curvature = seen * tells * density**2 / (probability * (1 - probability))
    return float((seen * np.log(likelihood)).sum()), slope, curvature
