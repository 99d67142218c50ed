"""The tide of a place from scenes of its water, where constants were published for a station far away.

The published tide is right in kind and wrong in size and hour: it arrives earlier or later here, and is larger or
smaller, each species by its own factor. The season of the mean level differs too. These corrections are unknowns with a
prior, and the scenes' water decides (`latent_levels`): the fitted tide is the one under which wet and dry of all cells
is most probable, one height a cell.

What cannot be known from scenes alone:

- **Size.** A sea twice as large over ground twice as steep shows the same water. Where no height of the ground is
  known, the scenes give hours and ratios of the tide. Its size is then pinned by the assumed spreads of weather and
  cells alone: the stated errors hold if those do.
- **Other hours of the day.** A sun-synchronous satellite passes at one hour: S2 stands still under it, K1 and P1 turn
  once a year like the season. The scenes fix their sum at that hour; at other hours only the prior parts them.

Sources: smooth admittances, Munk and Cartwright (1966); aliases of sun-synchronous orbits, Parke et al. (1987), Journal
of Geophysical Research 92, 11693-11707; heights between the tides from optical scenes, Bishop-Taylor et al. (2019),
Estuarine, Coastal and Shelf Science 223, 115-128 (there the tide is a model's, and not corrected).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.harmonic_tide import (
    ADMITTANCE_ROUGHNESS,
    ADMITTANCE_WIDTH,
    FittedTide,
    TidalConstants,
    describe_constituents,
    predict_tide,
    tidal_waves,
)
from strandline.observations.sea_level.scenes.latent_levels import (
    LAPSE,
    SCENE_SPREAD,
    SPREAD,
    Ground,
    LatentLevels,
    fit_levels,
)
from strandline.observations.sea_level.scenes.water_scenes import WaterScenes

ALWAYS_FITTED = ("M2", "S2", "N2", "K2", "K1", "O1", "P1", "Q1", "SA", "SSA")
"""Constituents that are fitted also where the table lacks them."""
ADMITTANCE_SPREAD = {2: 0.46, 1: 0.155}
"""By which the admittance of a species differs between two stations, for each unit of the deviation of ln(size) [-].
Measured, as the next four, on 3 555 stations of TICON with another one 100 to 200 km away, the largest twentieth of the
differences left out (``python -m benchmarks.tides``, table `corrections`). The differences of N2, S2, K2, O1 and P1 go
with those of M2 and K1 (coherence 0.84 to 0.98)."""
FACTOR_SPREAD = {2: 0.43, 1: 0.22}
"""Of a species' complex factor, for each unit of the deviation of ln(size) [-]. Species 3 and more take that of 2: an
ASSUMPTION."""
SEASON_SPREAD = {"SA": 0.06, "SSA": 0.03}
"""[m] Of the annual and semi-annual wave, the same at 20 km as at 400."""
OTHER_SPREAD, LONG_SPREAD = 0.03, 0.01
"""[m] Of a shallow-water constituent for each unit of the deviation of ln(size) (M4 0.04, MS4 0.02), and of a
long-period one (MM, MF)."""
MEAN_SPREAD = 0.1
"""[m] Of the mean level; the heights of the ground take it up. An ASSUMPTION."""
MEMORY_DAYS = 2.5
"""E-folding time of the weather's part of the level. An ASSUMPTION: independent after five days, as for the error of a
mean level (`harmonic_tide`)."""
NEGLIGIBLE = 1e-4
"""Share of the variance of the tide's error that its modes omit."""
BLOCKS = 4
"""Of successive scenes, each predicted from the others."""


@dataclass(frozen=True, eq=False)
class LocalTide:
    """A published tide, corrected by scenes.

    Attributes:
        fitted: the corrected constants, the mean level above that of the table, and the modes of their error.
        latent: the levels and heights that go with it.
        residual_sd: of the weather's part of the level [m].
    """

    fitted: FittedTide
    latent: LatentLevels
    residual_sd: float

    def level(self, time: Times) -> tuple[Floats, Floats]:
        """(T,) predicted level [m above mean sea level] at other times, and its standard deviation, with weather."""
        modes = self.fitted.error_modes(time).astype(float)
        variance = (modes**2).sum(axis=1) + self.residual_sd**2
        return self.fitted.mean + predict_tide(self.fitted.constants, time), np.sqrt(variance)


def fit_local_tide(
    water: WaterScenes,
    constants: TidalConstants,
    size_error: float,
    residual_sd: float,
    ground: Ground | None = None,
    *,
    is_corrected: bool = True,
) -> LocalTide:
    """The tide under which the water on all scenes is most probable.

    Args:
        water: of cells that change.
        constants: as published.
        size_error: deviation of ln(size) of the published tide at the place [-] (`neighbouring_tides.size_error`).
        residual_sd: of the weather's part of the level [m].
        ground: heights of the cells, where a survey gives them.
        is_corrected: whether the tide may change; else only levels and heights are fitted.
    """
    constants = _with_main_constituents(constants)
    names = list(constants.amplitude)
    waves = tidal_waves(names, constants.latitude, water.time)
    waves = np.hstack([waves, np.ones((len(water), 1))])  # (N, 2C + 1)
    prior = _prior(constants, size_error) if is_corrected else np.zeros((2 * len(names) + 1, 2 * len(names) + 1))
    prior[-1, -1] = MEAN_SPREAD**2
    days = (water.time - water.time.min()) / np.timedelta64(1, "D")
    weather = residual_sd**2 * np.exp(-np.abs(days[:, None] - days) / MEMORY_DAYS)
    covariance = waves @ prior @ waves.T + weather
    latent = fit_levels(water, predict_tide(constants, water.time), covariance, ground)
    gain = prior @ waves.T
    correction = gain @ latent.pull
    whole = np.linalg.inv(covariance + np.diag(latent.own_variance))
    reduction = whole - whole @ np.linalg.inv(whole + latent.precision) @ whole
    variance, directions = np.linalg.eigh(prior - gain @ reduction @ gain.T)
    kept = variance > NEGLIGIBLE * max(variance.sum(), 0.0)
    modes = directions[:, kept] * np.sqrt(variance[kept])
    return LocalTide(
        FittedTide(_corrected(constants, correction[:-1]), float(correction[-1]), modes), latent, residual_sd
    )


def gain_of_correction(
    water: WaterScenes, constants: TidalConstants, size_error: float, residual_sd: float, ground: Ground | None = None
) -> tuple[float, float]:
    """By how much the correction betters the prediction of scenes that it did not see, and the standard error of that.

    In units of the mean logarithm of the probability of what a cell showed. Blocks of successive scenes are left out in
    turn; the published tide is scored on the same blocks, with heights fitted to it.
    """
    order = np.argsort(water.time, kind="stable")
    differences = list[Floats]()
    for block in np.array_split(order, BLOCKS):
        others = np.setdiff1d(order, block)
        scores = [
            _scores(
                fit_local_tide(water.take(others), constants, size_error, residual_sd, ground, is_corrected=each),
                water.take(block),
            )
            for each in (True, False)
        ]
        differences.append(scores[0] - scores[1])
    of_scenes = np.concatenate(differences)
    of_scenes = of_scenes[np.isfinite(of_scenes)]
    means = np.array([np.nanmean(each) for each in differences if np.isfinite(each).any()])
    if means.size < 2:
        return 0.0, float("inf")
    return float(of_scenes.mean()), float(means.std(ddof=1) / np.sqrt(means.size))


def _scores(tide: LocalTide, water: WaterScenes) -> Floats:
    """(N,) mean log probability of what the cells of each scene show; NaN = nothing was seen."""
    level, sd = tide.level(water.time)
    spread = np.sqrt(SPREAD**2 + sd**2 + SCENE_SPREAD**2)[:, None]
    wet = LAPSE / 2 + (1 - LAPSE) * ndtr((level[:, None] - tide.latent.height) / spread)
    shown = np.where(water.seen, water.wet, 0.5)
    log = np.log(shown * wet + (1 - shown) * (1 - wet))
    count = water.seen.sum(axis=1)
    return np.where(count > 0, np.where(water.seen, log, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def _with_main_constituents(constants: TidalConstants) -> TidalConstants:
    missing = [name for name in ALWAYS_FITTED if name not in constants.amplitude]
    nothing = dict.fromkeys(missing, 0.0)
    return TidalConstants(
        constants.name,
        constants.latitude,
        constants.source,
        {**constants.amplitude, **nothing},
        {**constants.phase, **nothing},
    )


def _prior(constants: TidalConstants, size_error: float) -> Floats:
    """(2C + 1, 2C + 1) covariance [m2] of the corrections of cosine and sine amplitudes; the mean's is left 0.

    A species' admittance differs by a smooth function of frequency, and all its constituents by one complex factor.
    """
    known = describe_constituents(list(constants.amplitude))
    count = len(known.names)
    smooth = known.astronomical & (known.species <= 2)
    spread = np.array([ADMITTANCE_SPREAD.get(int(each), 0.0) for each in known.species])
    scale = np.where(smooth, size_error * spread * known.equilibrium, 0.0)
    apart = known.frequency[:, None] - known.frequency
    alike = known.species[:, None] == known.species
    admittance = alike * np.exp(-0.5 * (apart / ADMITTANCE_WIDTH) ** 2) + ADMITTANCE_ROUGHNESS**2 * np.eye(count)
    others = np.where(smooth, 0.0, np.where(known.species == 0, LONG_SPREAD, OTHER_SPREAD * size_error))
    for name, spread_of_season in SEASON_SPREAD.items():
        others[known.names.index(name)] = spread_of_season
    one = admittance * np.outer(scale, scale) + np.diag(others**2)
    prior = np.zeros((2 * count + 1, 2 * count + 1))
    prior[:count, :count] = prior[count:-1, count:-1] = one
    phasor = _phasors(constants)
    for number in np.unique(known.species[known.species >= 1]):
        of = np.where(known.species == number, phasor, 0.0)
        for turned in (of, 1j * of):
            spread_of_factor = FACTOR_SPREAD.get(int(number), FACTOR_SPREAD[2])
            column = spread_of_factor * size_error * np.concatenate([turned.real, -turned.imag])
            prior[:-1, :-1] += np.outer(column, column)
    return prior


def _phasors(constants: TidalConstants) -> np.ndarray:
    sizes, phases = np.array(list(constants.amplitude.values())), np.array(list(constants.phase.values()))
    return np.asarray(sizes * np.exp(-1j * np.deg2rad(phases)))


def _corrected(constants: TidalConstants, correction: Floats) -> TidalConstants:
    """The constants with corrections (2C,) of their cosine and sine amplitudes [m]."""
    names = list(constants.amplitude)
    phasor = _phasors(constants) + correction[: len(names)] - 1j * correction[len(names) :]
    return TidalConstants(
        f"{constants.name}, corrected by scenes",
        constants.latitude,
        f"{constants.source}; corrected by scenes of the place",
        dict(zip(names, np.abs(phasor).tolist(), strict=True)),
        dict(zip(names, (np.rad2deg(-np.angle(phasor)) % 360.0).tolist(), strict=True)),
    )
