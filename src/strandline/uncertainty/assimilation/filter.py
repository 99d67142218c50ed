"""The belief about the sea level: an hourly Gaussian mixture filter over surge regimes and broken gauges.

Each hypothesis is a regime of the surge and, for each gauge, whether it is sound or broken; under each hypothesis the
residual of the last day and a half is jointly normal. The filter conditions on the reading of a sound gauge. The
reading of a broken gauge carries no information on the sea and may take any value; its likelihood under each hypothesis
changes the weights. Two gauges therefore outvote a third, contradictory readings leave two weighted answers instead of
their mean, and an hour without readings only widens the belief.

Source: interacting multiple models, Blom and Bar-Shalom (1988), IEEE Transactions on Automatic Control 33, 780-783;
sensor faults as hypotheses: Bar-Shalom, Li, Kirubarajan (2001), Estimation with applications to tracking, section 11.6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numba
import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.uncertainty.assimilation.gauge_model import Deviation, Sensor
from strandline.uncertainty.assimilation.surge_process import SurgeProcess

PAST_HOURS = 36
"""Older readings are ignored [h]: a reading may come a day late."""
BREAK_RATE, REPAIR_RATE = 1 / 2160, 1 / 72
"""Probability per hour [-] that a sound gauge breaks (once in three months) and that a broken one is repaired (after
three days): assumptions; a few readings outweigh them."""
ANYWHERE = 10.0
"""Width [m] of the uniform distribution of a broken gauge's reading."""
LEAST_WEIGHT = 1e-12
"""Of a hypothesis [-]; none is ever discarded."""
SUSPECT_NOISE = 10.0
"""Factor on the noise of a reading that quality control marks as suspect."""


@dataclass(frozen=True, eq=False)
class SeaModel:
    """The surge process and the gauges of a site; the own gauge first."""

    process: SurgeProcess
    sensors: tuple[Sensor, ...]

    @cached_property
    def ahead(self) -> int:
        """Hours that the state extends beyond now, for gauges that run ahead."""
        return max(0, *(sensor.ahead for sensor in self.sensors))

    @cached_property
    def hours(self) -> int:
        """W, hours in the state."""
        return PAST_HOURS + self.ahead

    @property
    def shape(self) -> tuple[int, ...]:
        """Hypotheses: regime, then sound (0) or broken (1) for each gauge."""
        return (self.process.shocks.size, *(2 for _ in self.sensors))

    @cached_property
    def deviations(self) -> tuple[Deviation, ...]:
        """(D,) of all gauges, in their order."""
        return tuple(deviation for sensor in self.sensors for deviation in sensor.deviations)

    @property
    def size(self) -> int:
        """Length of the state: W hours, newest first, and D deviations of the gauges."""
        return self.hours + len(self.deviations)

    @cached_property
    def switching(self) -> Floats:
        """(N, N) probability [-] of each hypothesis (column) an hour after each (row)."""
        fault = np.array([[1 - BREAK_RATE, BREAK_RATE], [REPAIR_RATE, 1 - REPAIR_RATE]])
        switching = self.process.transition
        for _ in self.sensors:
            switching = np.kron(switching, fault)
        return np.asarray(switching)

    @cached_property
    def persistence(self) -> Floats:
        """(D,) of the gauges' deviations over an hour [-]."""
        return np.array([deviation.persistence for deviation in self.deviations])

    @cached_property
    def shocks(self) -> tuple[tuple[int, Floats], ...]:
        """Positions of the state that take a shock, and its variance under each hypothesis (N,) [m2]."""
        sizes = (self.process.shocks, *(deviation.shocks for deviation in self.deviations))
        positions = (0, *range(self.hours, self.size))
        regime = self.hypotheses[0]
        return tuple((position, size[regime] ** 2) for position, size in zip(positions, sizes, strict=True))

    @cached_property
    def hypotheses(self) -> npt.NDArray[np.int64]:
        """(1 + S, N) the regime of each hypothesis, and whether each gauge is broken: 1 = it is."""
        return np.indices(self.shape, dtype=np.int64).reshape(len(self.shape), -1)


@dataclass(frozen=True, eq=False)
class SeaBelief:
    """The belief at one hour.

    Attributes:
        hour: now, UTC full hour.
        weight: (N,) probability [-] of each hypothesis, in the order of ``SeaModel.shape``.
        mean: (N, W + D) [m]: the residual from ``now + ahead`` back, then the deviations of the gauges.
        covariance: (N, W + D, W + D) [m2].
        moved: stream → shift of the residual's mean by its readings of the last hour [m].
    """

    model: SeaModel
    hour: np.datetime64
    weight: Floats
    mean: Floats
    covariance: Floats
    moved: Mapping[str, float]

    def residual(self, hours_ago: int = 0) -> tuple[float, float]:
        """Mean and standard deviation [m] of the residual so many hours ago."""
        at = self.model.ahead + hours_ago
        mean = float(self.weight @ self.mean[:, at])
        variance = float(self.weight @ (self.covariance[:, at, at] + (self.mean[:, at] - mean) ** 2))
        return mean, variance**0.5

    def stormy(self) -> float:
        """Probability [-] of a regime other than the calm one."""
        return float(1 - self.weight.reshape(self.model.shape[0], -1)[0].sum())

    def broken(self) -> dict[str, float]:
        """Stream → probability [-] that it is broken."""
        weight = self.weight.reshape(self.model.shape)
        axes = range(1, weight.ndim)
        return {
            sensor.stream: float(weight.take(1, axis=axis).sum())
            for sensor, axis in zip(self.model.sensors, axes, strict=True)
        }


def climatological_prior(model: SeaModel, hour: np.datetime64) -> SeaBelief:
    """The belief before any reading: the climate."""
    process = model.process
    covariance = np.zeros((model.size, model.size))
    covariance[: model.hours, : model.hours] = process.climate(model.hours)
    for number, deviation in enumerate(model.deviations, start=model.hours):
        covariance[number, number] = deviation.spread(process.stationary) ** 2
    weight = process.stationary
    for _ in model.sensors:
        weight = np.multiply.outer(weight, np.array([REPAIR_RATE, BREAK_RATE]) / (REPAIR_RATE + BREAK_RATE))
    count = weight.size
    return SeaBelief(
        model,
        hour.astype("datetime64[h]"),
        weight.ravel(),
        np.zeros((count, model.size)),
        np.repeat(covariance[None], count, axis=0),
        {},
    )


@dataclass(frozen=True)
class Residual:
    """A gauge's residual about its own tide.

    Attributes:
        time: full hour, UTC.
        value: level − tide − mean sea level [m].
        is_suspect: quality control marked it as suspect.
    """

    stream: str
    time: np.datetime64
    value: float
    is_suspect: bool = False


def filter_step(belief: SeaBelief, hour: np.datetime64, readings: Sequence[Residual]) -> SeaBelief:
    """Advance the belief to ``hour`` and assimilate readings of any hour of the last day and a half.

    Raises:
        InputError: ``hour`` is in the past, or a reading is of an unknown gauge or of the future.
    """
    hour = hour.astype("datetime64[h]")
    steps = int((hour - belief.hour) / np.timedelta64(1, "h"))
    if steps < 0:
        raise InputError("belief", f"is of {belief.hour}, after {hour}", "give hours in ascending order")
    moved: dict[str, float] = {}
    waiting = sorted(readings, key=lambda one: (one.time, one.stream))
    for step in range(steps + 1):
        belief = _predict(belief) if step else belief
        for reading in waiting:
            if reading.time > belief.hour and step < steps:
                break
            before, belief = belief, _condition(belief, reading)
            shift = belief.residual()[0] - before.residual()[0]
            moved[reading.stream] = moved.get(reading.stream, 0.0) + shift
        waiting = [reading for reading in waiting if reading.time > belief.hour]
    return replace(belief, moved=moved)


def _predict(belief: SeaBelief) -> SeaBelief:
    model = belief.model
    weight, mean, covariance = _advance(
        belief.weight, belief.mean, belief.covariance, model.switching, model.process.coefficients, model.persistence
    )
    for position, variance in model.shocks:
        covariance[:, position, position] += variance
    return replace(belief, hour=belief.hour + np.timedelta64(1, "h"), weight=weight, mean=mean, covariance=covariance)


@numba.njit(cache=True)
def _advance(
    weight: Floats, mean: Floats, covariance: Floats, switching: Floats, coefficients: Floats, persistence: Floats
) -> tuple[Floats, Floats, Floats]:
    """Weight, mean and covariance an hour later, but for the shocks of that hour.

    An hour's changes of hypothesis mix means and covariances, and what merged means differ by adds to the covariance;
    then the state F moves on: M → F M, C → F C F'. Sums are written out, since arrays of this size take numpy longer to
    set up than to add.
    """
    count, size = mean.shape
    hours, order = size - persistence.size, coefficients.size
    after, later, spread = np.zeros(count), np.empty((count, size)), np.empty((count, size, size))
    share, mixed, apart = np.empty(count), np.empty(size), np.empty(size)
    joined, half, newest = np.empty((size, size)), np.empty((size, size)), np.empty(size)
    for to in range(count):
        for source in range(count):
            after[to] += switching[source, to] * weight[source]
        mixed[:], joined[:] = 0.0, 0.0
        for source in range(count):
            share[source] = switching[source, to] * weight[source] / after[to]
            for i in range(size):
                mixed[i] += share[source] * mean[source, i]
        for source in range(count):
            for i in range(size):
                apart[i] = mean[source, i] - mixed[i]
            for i in range(size):
                for j in range(size):
                    joined[i, j] += share[source] * (covariance[source, i, j] + apart[i] * apart[j])
        newest[:], later[to, 0] = 0.0, 0.0
        for lag in range(order):
            later[to, 0] += mixed[lag] * coefficients[lag]
            for j in range(size):
                newest[j] += coefficients[lag] * joined[lag, j]
        for i in range(size):  # F C, by rows: the newest hour, the others one place further, the deviations
            factor = persistence[i - hours] if i >= hours else 1.0
            source = i if i >= hours else i - 1
            if i > 0:
                later[to, i] = mixed[source] * factor
            for j in range(size):
                half[i, j] = newest[j] if i == 0 else joined[source, j] * factor
        for i in range(size):  # (F C) F', by columns
            spread[to, i, 0] = 0.0
            for lag in range(order):
                spread[to, i, 0] += half[i, lag] * coefficients[lag]
            for j in range(1, hours):
                spread[to, i, j] = half[i, j - 1]
            for j in range(hours, size):
                spread[to, i, j] = half[i, j] * persistence[j - hours]
    return after, later, spread


def _condition(belief: SeaBelief, reading: Residual) -> SeaBelief:
    model = belief.model
    names = [sensor.stream for sensor in model.sensors]
    if reading.stream not in names:
        raise InputError("belief", f"'{reading.stream}' is no gauge of this site", f"the gauges are {', '.join(names)}")
    number = names.index(reading.stream)
    sensor = model.sensors[number]
    age = int((belief.hour - reading.time) / np.timedelta64(1, "h"))
    if age < 0:
        raise InputError(
            "belief",
            f"the reading of '{reading.stream}' at {reading.time} is after {belief.hour}",
            "advance the belief first",
        )
    at = model.ahead + age - sensor.ahead
    if at >= model.hours:
        return belief
    noise = (sensor.noise * (SUSPECT_NOISE if reading.is_suspect else 1.0)) ** 2
    where, share = [at], [sensor.gain]  # of the state, what the reading consists of
    first = model.hours + sum(len(other.deviations) for other in model.sensors[:number])
    for position, deviation in enumerate(sensor.deviations, start=first):
        kept = deviation.persistence**age  # the deviation then, from the one now
        where, share = [*where, position], [*share, kept]
        noise += (1 - kept**2) * deviation.spread(model.process.stationary) ** 2
    weight, mean, covariance = _assimilate(
        belief.weight, belief.mean, belief.covariance, model.hypotheses[number + 1] == 1, np.array(where),
        np.array(share), noise, reading.value,
    )  # fmt: skip
    return replace(belief, weight=weight, mean=mean, covariance=covariance)


@numba.njit(cache=True)
def _assimilate(
    weight: Floats,
    mean: Floats,
    covariance: Floats,
    broken: npt.NDArray[np.bool_],
    where: npt.NDArray[np.int64],
    share: Floats,
    noise: float,
    value: float,
) -> tuple[Floats, Floats, Floats]:
    """Weight, mean and covariance after a reading: Σ ``share`` · state[``where``] and a noise of variance ``noise``.

    Under a hypothesis by which the gauge is broken the state stays as it is.
    """
    count, size = mean.shape
    mean, covariance, logarithm = mean.copy(), covariance.copy(), np.log(weight)
    along = np.empty(size)
    for n in range(count):
        if broken[n]:
            logarithm[n] -= np.log(ANYWHERE)
            continue
        innovation, variance, along[:] = value, noise, 0.0
        for part in range(where.size):
            innovation -= share[part] * mean[n, where[part]]
            for i in range(size):
                along[i] += covariance[n, i, where[part]] * share[part]
        for part in range(where.size):
            variance += share[part] * along[where[part]]
        for i in range(size):
            gain = along[i] / variance
            mean[n, i] += gain * innovation
            for j in range(size):
                covariance[n, i, j] -= gain * along[j]
        logarithm[n] -= 0.5 * (innovation**2 / variance + np.log(2 * np.pi * variance))
    found = np.maximum(np.exp(logarithm - logarithm.max()), LEAST_WEIGHT)
    return found / found.sum(), mean, covariance
