"""Published tidal constants against one another, and against the readings of the region's own gauge."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats, Times
from strandline.observations.checks.findings import Finding
from strandline.observations.sea_level.harmonic_tide import TidalConstants, predict_tide

LARGEST_AMPLITUDE = 7.0
"""[m] Of one constituent: some 40 % above the largest of the 4164 CC-BY stations in TICON-4, 4.99 m (M2, Tasiujaq)."""
_MAIN = ("M2", "S2", "K1", "O1")
NOT_USED = ("S1", "M1", "MSQM", "MTM", "S3", "T3", "R3", "3L2", "3N2")
"""Constituents of every TICON station that are left out: utide lacks them, or their argument is ambiguous."""
_SKIPPED_SHARE = 0.1
"""Of the sum of amplitudes, that may be of constituents nobody knows here."""
_DAYS, _LEAST_DAYS = 120, 15
_STEP = np.timedelta64(15, "m")
_LAGS = np.arange(-25, 26)
"""Steps of 15 min: half a semidiurnal cycle to either side."""
_VISIBLE = 1e-4
"""[m] Standard deviation of a tide, or of readings, that is compared; whether they agree, correlation shows."""
_LEAST_LAG = 0.75
"""[h] Clocks are wrong by whole and half hours; constants of a nearby place by less."""
_SEEN_LAG = 0.25
"""[h] A lag that hourly means of a month show beyond doubt, and that moves a high water visibly."""
_LEAST_TIDE = 0.05
"""[m] Amplitude of a constituent whose phase is compared."""
_PHASE = 45.0, 90.0
"""[degrees] Between a constituent of the readings and the published one, that warns and that refuses: 1.5 and 3 h of
M2. Constants of one harbour in different years differ by a few degrees, those of a nearby place by some tens."""
_PERSISTENCE = 5.0
"""By which errors of an amplitude exceed those of independent hours, since weather lasts; an assumption."""
_FOLLOWS = 0.5
"""Least correlation of tide and readings, without what is slower than a day, of a record that follows the tide."""


def doubts_about_constants(
    amplitude: Mapping[str, float], skipped: Mapping[str, float], where: str
) -> Iterator[Finding]:
    """Amplitudes [m] that no tide has, and constituents that are left out."""
    high = {name: metres for name, metres in {**amplitude, **skipped}.items() if metres > LARGEST_AMPLITUDE}
    if high:
        name = max(high, key=lambda each: high[each])
        what = f"{name} has an amplitude of {high[name]:g} m; none on earth exceeds {LARGEST_AMPLITUDE:g} m"
        yield Finding(where, what, "amplitudes are metres: convert centimetres or feet first", refuses=True)
    if not set(_MAIN) & set(amplitude):
        what = f"holds none of the main constituents {', '.join(_MAIN)}"
        yield Finding(where, what, "check names and station; spell them as M2, S2, K1, O1", refuses=True)
    unknown = {name: metres for name, metres in skipped.items() if name not in NOT_USED}
    if unknown:
        total = sum(amplitude.values()) + sum(skipped.values())
        share = sum(unknown.values()) / total if total > 0 else 0.0
        names = ", ".join(f"{name} ({metres:.3f} m)" for name, metres in unknown.items())
        what = f"{len(amplitude)} of {len(amplitude) + len(skipped)} constituents are used; unknown: {names}"
        remedy = "check the spelling; what is unknown is left out of the tide"
        yield Finding(where, what, remedy, refuses=share > _SKIPPED_SHARE)


def compare_tide_with_readings(
    constants: TidalConstants, time: Times, readings: Floats, where: str, gauge: str
) -> Iterator[Finding]:
    """Constants in another unit or of another place, and clocks that differ by half an hour and more.

    Args:
        time, readings: hourly record of the own gauge [m]; NaN = gap or flagged.
        where: of the constants; ``gauge``: of the readings.
    """
    known = np.flatnonzero(~np.isnan(readings))
    if known.size < 24 * _LEAST_DAYS:
        return
    last = time[known[-1]]
    chosen = time > last - np.timedelta64(_DAYS, "D")
    fast = _without_slow(readings[chosen])
    inside = ~np.isnan(fast)
    if inside.sum() < 24 * _LEAST_DAYS / 2:
        return
    hours, fast = time[chosen][inside], fast[inside]
    first = hours[0] + _LAGS[0] * _STEP
    quarters = np.arange(first, hours[-1] + (_LAGS[-1] + 1) * _STEP, _STEP)
    predicted = _without_slow(predict_tide(constants, quarters), 100)
    predicted = np.where(np.isnan(predicted), 0.0, predicted)
    at = ((hours - first) // _STEP).astype(np.int64)
    tide = predicted[at]
    size, read = float(tide.std()), float(fast.std())
    if min(size, read) < _VISIBLE:
        return
    match = np.array([_correlation(predicted[at - lag], fast) for lag in _LAGS])
    best = int(match.argmax())
    lag = float(_LAGS[best] * _STEP / np.timedelta64(1, "h"))
    if match[best] < _FOLLOWS:
        if size > 0.5 * read:
            what = f"the readings of {gauge} do not follow this tide (correlation {match[best]:.2f} at best)"
            yield Finding(where, what, "check station, time zone and unit, or use 'fit = true'", refuses=True)
        return
    ratio = size * match[best] / read
    if ratio > 2.0 or ratio < 0.4:
        what = (
            f"this tide deviates {size:.2f} m from its mean, the readings of {gauge} {read:.2f} m within a day"
            " (standard deviations)"
        )
        remedy = "amplitudes are metres; check the unit of both and the station, or use 'fit = true'"
        yield Finding(where, what, remedy, refuses=True)
    gain = float(match[best] - match[_LAGS == 0][0])
    clock_is_off = abs(lag) >= _LEAST_LAG and gain > 0.01
    if clock_is_off or (abs(lag) >= _SEEN_LAG and gain > 0.001):
        what = f"the readings run {abs(lag):.2f} h {'behind' if lag > 0 else 'ahead of'} the published tide of {where}"
        remedy = "check 'time_zone'; if the constants are those of a distant place, use 'fit = true'"
        yield Finding(gauge, what, remedy, refuses=clock_is_off)
    if not clock_is_off:
        yield from _compare_phases(constants, hours, fast, where, gauge)


def _compare_phases(constants: TidalConstants, hours: Times, fast: Floats, where: str, gauge: str) -> Iterator[Finding]:
    """Main constituents whose phase in the readings is another than the published one, though all clocks agree.

    The readings, without what is slower than a day and without the published small constituents, are fitted by least
    squares to each main one in its published phase and a quarter of a cycle later.

    Args:
        hours, fast: (N,) known hours and their readings [m].
    """
    main = [name for name in _MAIN if constants.amplitude.get(name, 0.0) >= _LEAST_TIDE]
    if not main:
        return
    small = [name for name in constants.amplitude if name not in main]
    others = predict_tide(_part_of(constants, small), hours) if small else np.zeros(hours.size)
    rest = fast - others  # (N,)
    columns = [predict_tide(_part_of(constants, [name], later), hours) for later in (0.0, 90.0) for name in main]
    fitted, *_ = np.linalg.lstsq(np.stack(columns, axis=1), rest, rcond=None)
    error = _PERSISTENCE * float((rest - np.stack(columns, axis=1) @ fitted).std()) * np.sqrt(2.0 / hours.size)
    for name, in_phase, later in zip(main, fitted[: len(main)], fitted[len(main) :], strict=True):
        published = constants.amplitude[name]
        read, degrees = float(np.hypot(in_phase, later)) * published, float(np.rad2deg(np.arctan2(later, in_phase)))
        warns, refuses = _PHASE
        if abs(degrees) < warns or read < max(_LEAST_TIDE, 4.0 * error):
            continue
        what = (
            f"the readings of {gauge} show {name} ({read:.2f} m) {abs(degrees):.0f} degrees"
            f" {'behind' if degrees > 0 else 'ahead of'} its published phase, {constants.phase[name]:.0f} degrees"
        )
        remedy = "check that phases are Greenwich phase lags [degrees] of this station, or use 'fit = true'"
        yield Finding(where, what, remedy, refuses=abs(degrees) > refuses)


def _part_of(constants: TidalConstants, names: list[str], later: float = 0.0) -> TidalConstants:
    """Some constituents, their phases ``later`` [degrees] than published."""
    return replace(
        constants,
        amplitude={name: constants.amplitude[name] for name in names},
        phase={name: (constants.phase[name] + later) % 360.0 for name in names},
    )


def _without_slow(values: Floats, window: int = 25) -> Floats:
    """Values minus their mean over a lunar day; NaN where half of it is unknown."""
    mean = pd.Series(values).rolling(window, center=True, min_periods=window // 2).mean().to_numpy()
    return np.asarray(values - mean)


def _correlation(first: Floats, second: Floats) -> float:
    spread = float(first.std() * second.std())
    return float(((first - first.mean()) * (second - second.mean())).mean() / spread) if spread > 0 else 0.0
