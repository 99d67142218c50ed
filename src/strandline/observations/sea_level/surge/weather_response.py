"""Response of a gauge's residual to the weather: linear in pressure and wind stress at lags, with a normal prior."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.ndimage import correlate1d

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.sea_level.surge.kernels import AFTER, BEFORE, KERNELS, KNOTS, weather_features
from strandline.observations.sea_level.surge.likelihood import Record, RecordLikelihood
from strandline.observations.sea_level.surge.residual_process import SHAPES, choose_variances, fit_residual_covariance
from strandline.observations.sea_level.surge.variance_prior import variance_prior
from strandline.observations.weather.coastal_response import GRAVITY, WATER_DENSITY, drag_coefficient

INVERSE_BAROMETER = -1.0 / (WATER_DENSITY * GRAVITY)
"""Rise of the sea for a rise of the air pressure [m Pa-1]."""
AIR_DENSITY = 1.2
"""[kg m-3] at the surface."""
BANDS = (7, 30)
"""Lags [h] that divide the prior variances of the coefficients: the shelf's own delay, a day, and what is slower. With
a variance for each lag, five weeks of record are fitted too closely (Trieste and Venice: 0.08 m a day ahead in place of
0.07 m)."""


@dataclass(frozen=True)
class Column:
    """A series that drives the sea.

    Attributes:
        name: of the series; ``kind``: columns of a kind share the prior variances of their coefficients.
        unit: of its values; ``mean``, ``scale``: that it is centred by and divided by.
        gain: prior mean of its immediate effect [m per unit].
    """

    name: str
    kind: str
    unit: str
    mean: float = 0.0
    scale: float = 1.0
    gain: float = 0.0


PRESSURE_AND_STRESS = (
    Column("pressure", "pressure", "Pa", gain=INVERSE_BAROMETER),
    Column("stress_east", "stress", "N m-2"),
    Column("stress_north", "stress", "N m-2"),
)
"""Columns of `forcing_of`."""
RAIN = Column("rain", "rain", "mm h-1")
"""Rain of the catchment; a river is a column of kind ``river``, its flow as of `RiverProcess`."""
DRIVERS = {"rain": "rain", "river": "river"}
"""Kind of a column → the driver that it belongs to; the others are of the weather over the sea."""


def driver_of(column: Column) -> str:
    """``weather``, ``rain`` or ``river``."""
    return DRIVERS.get(column.kind, "weather")


def forcing_of(weather: npt.NDArray[np.floating]) -> Floats:
    """Pressure [Pa] and wind stress to the east and to the north [N m-2] (…, 3).

    Args:
        weather: (…, 3) pressure [Pa], wind to the east and to the north [m s-1].

    Source: quadratic stress with the drag of `drag_coefficient`.
    """
    pressure, east, north = np.moveaxis(np.asarray(weather, dtype=np.float64), -1, 0)
    speed = np.hypot(east, north)
    factor = AIR_DENSITY * drag_coefficient(speed) * speed
    return np.stack([pressure, factor * east, factor * north], axis=-1)


def standardised(columns: Sequence[Column], weather: Floats) -> tuple[Column, ...]:
    """The columns with mean and scale of their values (T, C): the geometric mean of their own and their kind's largest.

    A small component of a field may mean more to one coast than its size says, and less than its unit variance would.
    """
    spread = np.nanstd(weather, axis=0)
    kinds = np.array([column.kind for column in columns])
    largest = np.array([spread[kinds == kind].max() for kind in kinds])
    mean, scale = np.nanmean(weather, axis=0), np.maximum(np.sqrt(spread * largest), 1e-12)
    return tuple(replace(column, mean=float(mean[i]), scale=float(scale[i])) for i, column in enumerate(columns))


@dataclass(frozen=True, eq=False)
class WeatherResponse:
    """What the weather adds to a gauge's residual, and what is left.

    Attributes:
        columns: C series; P = C · 12 coefficients.
        mean, covariance: (P,) [m] and (P, P) [m2] of the coefficients, per scale of their column.
        residual_covariance: (168,) autocovariance [m2] of the residual that the weather leaves.
        tide_shift: (R,) what the records tell of the tide's error, in units of its modes: what a neighbour with years
            of record knows of the mean level that weeks do not show. The error's spread stays that of the modes.
        logarithms: of the variances that the fit chose (`RecordLikelihood`).
    """

    columns: tuple[Column, ...]
    mean: Floats
    covariance: Floats
    residual_covariance: Floats
    tide_shift: Floats
    logarithms: Floats

    def scaled(self, weather: npt.NDArray[np.floating]) -> Floats:
        """(…, T, C) weather in the columns' units → departures from their means, per scale [1]."""
        return _scaled(self.columns, weather)

    def answer(self, scaled: Floats) -> Floats:
        """(…, T, C) scaled weather → (…, T − 78) the residual that it makes [m]."""
        return np.asarray(self.answer_by_column(scaled).sum(axis=-1))

    def answer_by_column(self, scaled: Floats) -> Floats:
        """(…, T, C) scaled weather → (…, T − 78, C) what each column adds to the residual [m]."""
        return _over_lags(scaled, self.by_lag)

    def weight_of(self, unknown: Mask | Floats) -> tuple[Floats, Floats]:
        """What hours of weather may add to the residual if they depart by a unit all the time [m].

        Args:
            unknown: (…, T, C) hours and columns that count, as 1, or by how many units they may depart.

        Returns:
            (…, T − 78, C), and (C,) the same if all hours count.
        """
        weight = np.abs(self.by_lag)
        return _over_lags(unknown.astype(float), weight), weight.sum(axis=1)

    @cached_property
    def by_lag(self) -> Floats:
        """(C, 79) what a unit of each column adds, from the weather 72 h before an hour to that of 6 h after it [m]."""
        return np.asarray((self.mean.reshape(len(self.columns), -1) @ KERNELS)[:, ::-1])

    @cached_property
    def root(self) -> Floats:
        """(P, K) of which the product with its transpose is the covariance, but for less than 1e-4 of its trace."""
        variance, patterns = np.linalg.eigh(self.covariance)
        variance, patterns = np.maximum(variance[::-1], 0.0), patterns[:, ::-1]
        needed = 1 + int(np.searchsorted(np.cumsum(variance), (1 - 1e-4) * variance.sum()))
        return np.asarray(patterns[:, :needed] * np.sqrt(variance[:needed]))


def fit_weather_response(
    level: Floats,
    modes: npt.NDArray[np.float32],
    weather: Floats,
    columns: Sequence[Column] = PRESSURE_AND_STRESS,
    others: Sequence[Record] = (),
    logarithms: Floats | None = None,
) -> WeatherResponse:
    """Response and residual covariance of a record, which may be weeks long and have gaps.

    Variances of the coefficients, by kind of column and by band of lags, and of the residual's shapes maximise the
    marginal likelihood; the coefficients then have their posterior distribution. The residual
    covariance is then fitted once more, to what the response leaves of the own readings, with the first as one of its
    shapes: what several gauges tell together is smoother than the residual of one.

    Args:
        level: (T,) hourly residuals about a fitted tide [m]; NaN = not observed.
        modes: (T, R) of the error of that tide [m].
        weather: (T, C) of the same hours in the columns' units; NaN = not known. It may be known where no level is.
        others: further records of the same residual, as a teacher infers them, with their own error; their features
            are those of ``weather`` and are filled here. What acts within the first band of lags may differ there: wind
            piles water up against each shore its own way, and what takes longer is the basin's.
        logarithms: of the variances, where a fit to more of the record has chosen them; ``None`` = chosen here.

    Raises:
        InputError: shapes do not match.
        RefusedByTheory: no reading at an hour whose weather is known.
    """
    if weather.shape != (level.size, len(columns)):
        stated = f"{weather.shape} values for {level.size} hours and {len(columns)} columns"
        raise InputError("weather of a gauge", stated, "give every column at every hour of the record")
    columns = standardised(columns, weather)
    levels = [level, *(one.level for one in others)]
    span = _span_of_readings(levels)
    modes = modes[span]
    features, known = _features_of(columns, weather[span])
    prior = _prior_mean(columns)
    unexpected = [np.where(known, each[span] - features @ prior, np.nan) for each in levels]
    records = _records_of(unexpected, modes, features, columns, [one.error for one in others])
    likelihood = RecordLikelihood(records, SHAPES, _groups_of_records(columns, has_others=bool(others)))
    is_first = logarithms is None
    if logarithms is None:
        logarithms = _choose_variances(likelihood, columns, has_teacher=bool(others))
    found = likelihood.coefficients(logarithms)
    of_tide, of_response = slice(modes.shape[1]), slice(modes.shape[1], modes.shape[1] + len(prior))
    covariance = np.exp(logarithms[: len(SHAPES)]) @ SHAPES
    if is_first:
        left = unexpected[0] - features @ found.mean[of_response] - modes @ found.mean[of_tide]
        covariance = fit_residual_covariance(left, modes, covariance[None])
    return WeatherResponse(
        columns,
        prior + found.mean[of_response],
        found.covariance[of_response, of_response],
        covariance,
        found.mean[of_tide] if others else np.zeros(modes.shape[1]),
        logarithms,
    )


def _span_of_readings(levels: Sequence[Floats]) -> slice:
    """From the weather before the first reading of any record to that after the last one; everything without any.

    Features of decades are large, and only those of hours with readings are used.
    """
    read = np.flatnonzero(np.isfinite(levels).any(axis=0))
    return slice(max(0, int(read[0]) - BEFORE), int(read[-1]) + 1 + AFTER) if read.size else slice(None)


def _features_of(columns: Sequence[Column], weather: Floats) -> tuple[Floats, Mask]:
    """(T, P) features of weather (T, C), 0 where an hour of their lags is not known, and (T,) where all are."""
    features = np.full((len(weather), len(columns) * len(KNOTS)), np.nan)
    features[BEFORE : len(weather) - AFTER] = weather_features(_scaled(columns, weather))
    known = np.isfinite(features).all(axis=1)
    return np.where(known[:, None], features, 0.0), known


def _records_of(
    levels: Sequence[Floats],
    modes: npt.NDArray[np.float32],
    features: Floats,
    columns: Sequence[Column],
    errors: Sequence[Floats | None],
) -> list[Record]:
    """The own record, the first of the levels, and the others, each with an error of its own.

    The others have further coefficients: by how much their response differs within the first band of lags.
    """
    local = features[:, _is_local(columns) & bool(errors)]
    own = Record(levels[0], modes, np.hstack([features, 0 * local]))
    same = np.hstack([features, local])
    others = zip(levels[1:], errors, strict=True)
    return [own, *(Record(level, 0 * modes, same, error) for level, error in others)]


def _groups_of_records(columns: Sequence[Column], *, has_others: bool) -> Indices:
    """`groups_of`, and with other records a further group for each kind, of the differences."""
    group = groups_of(columns)
    if not has_others:
        return group
    return np.concatenate([group, group.max() + 1 + group[_is_local(columns)] // (len(BANDS) + 1)])


def _choose_variances(likelihood: RecordLikelihood, columns: Sequence[Column], *, has_teacher: bool) -> Floats:
    """Logarithms of the variances that maximise the marginal likelihood, with their prior."""
    kinds = list(dict.fromkeys(column.kind for column in columns))
    prior = variance_prior(likelihood.mean_square, kinds=kinds, bands=len(BANDS) + 1, has_teacher=has_teacher)
    return choose_variances(likelihood, prior)


def groups_of(columns: Sequence[Column]) -> Indices:
    """(P,) number of the kind and band of lags of each coefficient."""
    kinds = {kind: number for number, kind in enumerate(dict.fromkeys(column.kind for column in columns))}
    bands = np.digitize(KNOTS, BANDS)
    return np.concatenate([kinds[column.kind] * (len(BANDS) + 1) + bands for column in columns])


def _is_local(columns: Sequence[Column]) -> Mask:
    """(P,) whether a coefficient's lag lies in the first band, which is each shore's own."""
    return np.tile(np.array(KNOTS) < BANDS[0], len(columns))


def _prior_mean(columns: Sequence[Column]) -> Floats:
    """(P,) each column's immediate effect, at lag 0 [m per scale]."""
    mean = np.zeros((len(columns), len(KNOTS)))
    mean[:, KNOTS.index(0)] = [column.gain * column.scale for column in columns]
    return mean.ravel()


def _over_lags(series: Floats, by_lag: Floats) -> Floats:
    """(…, T, C) series, each weighted over the lags by its row of (C, 79) → (…, T − 78, C)."""
    half = (BEFORE + AFTER) // 2
    found = [correlate1d(series[..., c], lags, axis=-1, mode="constant") for c, lags in enumerate(by_lag)]
    return np.stack(found, axis=-1)[..., half : series.shape[-2] - half, :]


def _scaled(columns: Sequence[Column], weather: npt.NDArray[np.floating]) -> Floats:
    mean, scale = (np.array([getattr(column, name) for column in columns]) for name in ("mean", "scale"))
    return np.asarray((weather - mean) / scale)
