"""Astronomical tide: harmonic prediction and Bayesian harmonic analysis, with utide's astronomy."""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import numpy as np
import numpy.typing as npt
from utide._ut_constants import constit_index_dict, ut_constants
from utide.constituent_selection import ut_cnstitsel

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.tidal_arguments import days_of, tidal_basis, tide_parts

SHORTEST_RECORD_DAYS = 15.0
"""Rayleigh's criterion separates M2 and S2 from 14.77 days on (Foreman 1977)."""
DAYS_PER_YEAR = 366.0
ADMITTANCE_WIDTH, ADMITTANCE_ROUGHNESS = 0.1, 0.03
"""Correlation length of an admittance [cycles per day], and its uncorrelated share [-]."""
SEASONAL_SPREAD = {False: 0.03, True: 0.3}
"""Prior spread of the annual and semi-annual constituents [m], by whether the record covers a year. In a few scattered
weeks, weather is mistaken for a season."""
FORTNIGHTLY_SPREAD = 0.01
"""Prior spread of the other long-period constituents [m]."""
SHALLOW_SHARE = 0.005
"""Prior spread of a shallow-water constituent, as a share of the tide's amplitude [-]."""
PUBLISHED_ERROR, DECORRELATION_DAYS = 0.05, 5.0
"""Relative error of published amplitudes [-], and days after which residuals are independent. Assumptions."""
NEGLIGIBLE = 1e-3
"""Share of the variance of a tide's error that its modes omit."""

_SOURCES = {
    "vung_tau": (10.340, "TICON-4, gauge Vung Tau (UHSLC 383, fast delivery), CC-BY-4.0"),
    "chittagong": (22.237, "TICON-4, gauge Chittagong (UHSLC 124, fast delivery), CC-BY-4.0"),
}


@dataclass(frozen=True)
class TidalConstants:
    """Tidal constants of one gauge in utide's convention.

    Attributes:
        latitude: [degrees north]; the nodal corrections of diurnal constituents depend on it.
        source: of the constants, with licence.
        amplitude: constituent (utide's spelling) → amplitude [m].
        phase: constituent → Greenwich phase lag [degrees].
    """

    name: str
    latitude: float
    source: str
    amplitude: Mapping[str, float]
    phase: Mapping[str, float]

    def __post_init__(self) -> None:
        where = f"tidal constants '{self.name}'"
        unknown = sorted(set(self.amplitude) - set(constit_index_dict))
        if unknown:
            raise InputError(where, f"unknown constituents {unknown}", "spell them as utide does, or leave them out")
        if set(self.amplitude) != set(self.phase):
            odd = sorted(set(self.amplitude) ^ set(self.phase))
            raise InputError(where, f"{odd} have an amplitude or a phase but not both", "give both")
        numbers = [*self.amplitude.values(), *self.phase.values(), self.latitude]
        if not np.isfinite(numbers).all() or min(self.amplitude.values(), default=0.0) < 0:
            raise InputError(where, "an amplitude is negative or a number is not finite", "amplitudes are metres >= 0")


def load_constants(name: Literal["vung_tau", "chittagong"]) -> TidalConstants:
    """Constants from the package's table, whose header states source and licence.

    Raises:
        InputError: the name is not in the table.
    """
    if name not in _SOURCES:
        raise InputError(f"tidal constants '{name}'", "are not in the package", f"known: {', '.join(_SOURCES)}")
    latitude, source = _SOURCES[name]
    text = files("strandline.observations.sea_level").joinpath("data/tidal_constants.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    rows = [row for row in csv.DictReader(lines) if row["station"] == name]
    return TidalConstants(
        name,
        latitude,
        source,
        {row["constituent"]: float(row["amplitude_m"]) for row in rows},
        {row["constituent"]: float(row["phase_deg"]) for row in rows},
    )


def predict_tide(constants: TidalConstants, time: Times) -> Floats:
    """Tide [m] about mean sea level at these times (UTC, any order and spacing).

    It is the sum of ``f A cos(V + u - g)``, with the astronomical argument V and the nodal f, u of utide.

    Source: Codiga 2011, UTide.
    """
    names = list(constants.amplitude)
    phasor = np.array(
        [constants.amplitude[n] * np.exp(-1j * np.deg2rad(constants.phase[n])) for n in names], dtype=complex
    )
    level = np.empty(time.shape)
    for part in tide_parts(names, constants.latitude, days_of(time)):
        level[part.where] = part.sum_of(phasor)
    return level


@dataclass(frozen=True, eq=False)
class FittedTide:
    """A tide fitted to a record, and the modes of its error.

    Attributes:
        mean: sea level [m on the record's datum] about which it swings.
        modes: (2C + 1, R) error modes of the cosine and sine amplitudes of the constituents and of the mean [m]; the
            error is their sum, each times an independent standard normal number.
    """

    constants: TidalConstants
    mean: float
    modes: Floats

    def error_modes(self, time: Times) -> npt.NDArray[np.float32]:
        """(T, R) error of tide and mean at these times [m] by mode.

        The covariance of the errors at two times is the product of their rows.
        """
        modes = np.empty((time.size, self.modes.shape[1]), dtype=np.float32)
        for part, waves in _waves(list(self.constants.amplitude), self.constants.latitude, time):
            modes[part] = np.hstack([waves, np.ones((len(waves), 1))]) @ self.modes
        return modes


def tidal_waves(names: list[str], latitude: float, time: Times) -> Floats:
    """(T, 2C) what each constituent adds to the tide by unit of its cosine and of its sine amplitude [-].

    Args:
        names: (C,) constituents in utide's spelling; latitude: [degrees north]; time: (T,) UTC.
    """
    found = [waves for _, waves in _waves(names, latitude, time)]
    return np.concatenate(found) if found else np.zeros((0, 2 * len(names)))


def _waves(names: list[str], latitude: float, time: Times) -> Iterator[tuple[slice, Floats]]:
    for part, basis in tidal_basis(names, latitude, days_of(time)):
        yield part, np.hstack([basis.real, basis.imag])


def fit_tide(time: Times, level: Floats, latitude: float, *, name: str, source: str) -> FittedTide:
    """Most probable constants and mean sea level of a record, which may be short and have gaps.

    Harmonic analysis with utide's astronomy and a prior. Within a species (diurnal, semidiurnal, terdiurnal) a
    constituent is its equilibrium amplitude times an admittance that varies smoothly with frequency. The prior thus
    couples constituents that Rayleigh's criterion cannot separate in the record (K2 and S2, P1 and K1), like inference
    in classical analysis; a longer record separates them. Shallow-water and seasonal constituents have a small prior
    spread. The residual is autocorrelated, so that successive hours of a storm are not independent data.

    Args:
        time: UTC, increasing; uneven steps and gaps are allowed.
        level: water level [m] on any datum; NaN = not observed.
        latitude: [degrees north].
        source: of the record, for the report.

    Raises:
        RefusedByTheory: fewer than 15 days are observed.
        InputError: times and levels do not match.

    Source: smooth admittances, Munk and Cartwright (1966); inference, Foreman (1977); astronomy, Codiga (2011).
    """
    if time.shape != level.shape or time.ndim != 1:
        raise InputError(
            f"tide of '{name}'", f"has {time.shape} times and {level.shape} levels", "give one level for each time"
        )
    seen = np.isfinite(level)
    days, observed_level = days_of(time[seen]), level[seen]
    step = float(np.median(np.diff(days))) if days.size > 1 else 0.0
    observed = step * days.size
    if observed < SHORTEST_RECORD_DAYS:
        raise RefusedByTheory(
            f"tide of '{name}': {observed:.1f} observed days cannot separate M2 and S2; "
            f"need {SHORTEST_RECORD_DAYS:g} days or more, or published constants"
        )
    candidates = _candidates(days[0], max(float(days[-1] - days[0]), DAYS_PER_YEAR))
    mean_level = float(observed_level.mean())
    products = _sum_products(candidates.names, latitude, days, step, observed_level - mean_level)
    covers_a_year = 3 * observed > 2 * DAYS_PER_YEAR and 3 * observed > 2 * (days[-1] - days[0])
    solution, modes = _most_probable(candidates, products, days.size, SEASONAL_SPREAD[covers_a_year])
    phasor = solution[: len(candidates.names)] - 1j * solution[len(candidates.names) : -1]
    constants = TidalConstants(
        name,
        latitude,
        source,
        dict(zip(candidates.names, np.abs(phasor).tolist(), strict=True)),
        dict(zip(candidates.names, (np.rad2deg(-np.angle(phasor)) % 360.0).tolist(), strict=True)),
    )
    return FittedTide(constants, mean_level + float(solution[-1]), modes)


def adopt_tide(constants: TidalConstants, time: Times, level: Floats) -> FittedTide:
    """Published constants for a record that is too short to fit; the record gives only the mean sea level.

    Published amplitudes are assumed to have an error of 5 % (other years, another place in the harbour). The error of
    the mean follows from the residual, assumed independent after five days.

    Args:
        constants: of the gauge or a nearby one.
        time: UTC.
        level: water level [m] on any datum; NaN = not observed.

    Raises:
        RefusedByTheory: less than a day is observed.
    """
    seen = np.isfinite(level)
    days = float(np.median(np.diff(days_of(time)))) * seen.sum() if time.size > 1 else 0.0
    if days < 1.0:
        raise RefusedByTheory(
            f"{days:.1f} observed days at '{constants.name}' cannot give mean sea level; need one day"
        )
    rest = level[seen] - predict_tide(constants, time[seen])
    sizes = PUBLISHED_ERROR * np.array(list(constants.amplitude.values()))
    return FittedTide(constants, float(rest.mean()), np.diag([*sizes, *sizes, error_of_mean(rest, days)]))


def error_of_mean(residual: Floats, days: float) -> float:
    """Standard error [m] of the mean of residuals that cover so many days; they are independent after five."""
    return float(residual.std()) / math.sqrt(max(days / DECORRELATION_DAYS, 1.0))


@dataclass(frozen=True, eq=False)
class Constituents:
    """Constituents of a tide, and what is known of each before any reading.

    Attributes:
        names: (C,).
        frequency: (C,) [cycles per day].
        equilibrium: (C,) amplitude of the equilibrium tide, up to a factor for each species; 0 = none.
        species: (C,) whole cycles per lunar day; 0 = long-period.
    """

    names: list[str]
    frequency: Floats
    equilibrium: Floats
    species: npt.NDArray[np.int64]

    @property
    def astronomical(self) -> npt.NDArray[np.bool_]:
        """(C,) those with a smooth admittance; the others are also driven by the weather or by shallow water."""
        return (self.equilibrium > 0) & (self.species >= 1)


def _candidates(day: float, span: float) -> Constituents:
    """The constituents that utide fits to ``span`` days without a gap."""
    selected, _ = ut_cnstitsel(np.array([day]), 1.0 / (24.0 * span), "auto", None)
    return describe_constituents([str(constituent) for constituent in selected.NR.name])


def describe_constituents(names: list[str]) -> Constituents:
    """Frequency, equilibrium amplitude and species of constituents, in utide's spelling."""
    index = np.array([constit_index_dict[name] for name in names], dtype=int)
    table = ut_constants["const"]
    frequency, equilibrium = 24.0 * np.asarray(table["freq"])[index], np.asarray(table["doodsonamp"])[index]
    species = np.asarray(table["doodson"])[index, 0]
    shallow = ~np.isfinite(species)
    species = np.where(shallow, np.rint(frequency), species).astype(np.int64)
    driven = np.where(np.isfinite(equilibrium), np.abs(equilibrium), 0.0)  # NaN = no astronomical forcing
    return Constituents(names, frequency, driven, species)


@dataclass(frozen=True, eq=False)
class _Products:
    """Sums of products (2C + 2, 2C + 2) of cosines, sines, the mean and the level [m].

    Attributes:
        first: at times after a gap; ``now``: at the others; ``before``: one step before those; ``across``: between
            those and one step before.
    """

    first: Floats
    now: Floats
    before: Floats
    across: Floats

    @property
    def all(self) -> Floats:
        """At every time."""
        return self.first + self.now

    def whitened(self, kept: float) -> Floats:
        """Of the innovations of a first-order autoregressive process of unit variance and coefficient ``kept``."""
        across = self.across + self.across.T
        return self.first + (self.now - kept * across + kept**2 * self.before) / (1 - kept**2)


def _sum_products(names: list[str], latitude: float, days: Floats, step: float, level: Floats) -> _Products:
    """Accumulate the products one year at a time, to limit memory."""
    size = 2 * len(names) + 2
    first, now, before, across = (np.zeros((size, size)) for _ in range(4))
    last, last_day = np.zeros((1, size)), -np.inf
    for part, basis in tidal_basis(names, latitude, days):
        columns = np.hstack([basis.real, basis.imag, np.ones((len(basis), 1)), level[part, None]])  # (T, 2C + 2)
        follows = np.diff(days[part], prepend=last_day) < 1.5 * step
        earlier = np.vstack([last, columns[:-1]])[follows]
        later, fresh = columns[follows], columns[~follows]
        first += fresh.T @ fresh
        now += later.T @ later
        before += earlier.T @ earlier
        across += later.T @ earlier
        last, last_day = columns[-1:], days[part][-1]
    return _Products(first, now, before, across)


def _most_probable(candidates: Constituents, products: _Products, size: int, season: float) -> tuple[Floats, Floats]:
    """(2C + 1,) posterior cosine and sine amplitudes and mean [m], and the modes of their error.

    The scales of the prior are estimated from the record.

    Sources: empirical Bayes; the widths were chosen on four Australian gauges with five weeks of record each.
    """
    equilibrium, species, smooth = candidates.equilibrium, candidates.species, candidates.astronomical
    alike = (species[:, None] == species) & smooth[:, None] & smooth
    apart = candidates.frequency[:, None] - candidates.frequency
    admittance = alike * np.exp(-0.5 * (apart / ADMITTANCE_WIDTH) ** 2) + np.diag(smooth * ADMITTANCE_ROUGHNESS**2)
    seasonal = np.isin(candidates.names, ["SA", "SSA"])
    gain = np.full(species.max() + 1, 8.0)  # [m], start: a tide of several metres
    noise, kept, tide, count = 0.1**2, 0.97, 1.0, len(candidates.names)  # [m2], [-], [m], [-]
    solution, modes = np.zeros(2 * count + 1), np.zeros((2 * count + 1, 0))
    for _ in range(4):
        scale = gain[species] * equilibrium
        others = np.where(species == 0, np.where(seasonal, season, FORTNIGHTLY_SPREAD), SHALLOW_SHARE * tide)
        root = np.zeros((2 * count + 1, 2 * count + 1))
        block = np.linalg.cholesky(admittance * np.outer(scale, scale) + np.diag(others**2))
        root[:count, :count] = root[count:-1, count:-1] = block
        root[-1, -1] = 1.0  # [m], of the mean
        whitened = products.whitened(kept)
        precision = root.T @ whitened[:-1, :-1] @ root / noise + np.eye(2 * count + 1)
        solution = root @ np.linalg.solve(precision, root.T @ whitened[:-1, -1] / noise)
        modes = root @ np.linalg.inv(np.linalg.cholesky(precision)).T
        rest = np.append(-solution, 1.0)
        noise = max(float(rest @ products.all @ rest) / size, 1e-8)
        kept = float(np.clip(rest @ products.across @ rest / max(rest @ products.before @ rest, 1e-12), 0.0, 0.99))
        squares = solution[:count] ** 2 + solution[count:-1] ** 2
        tide = max(math.sqrt(squares.sum()), 0.05)
        for number in np.unique(species[smooth]):
            of = smooth & (species == number)
            gain[number] = math.sqrt(squares[of].sum() / (equilibrium[of] ** 2).sum())
    directions, sizes, _ = np.linalg.svd(modes, full_matrices=False)
    return solution, (directions * sizes)[:, np.cumsum(sizes[::-1] ** 2)[::-1] > NEGLIGIBLE * (sizes**2).sum()]
