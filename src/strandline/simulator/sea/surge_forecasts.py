"""Storm-surge forecasts as a weather service would have issued them for a coast that never was."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times

Growth = tuple[tuple[float, float], ...]
"""(lead [h], standard deviation) pairs, straight between them and constant beyond."""
FEWEST_MEMBERS = 2
KEPT_MEMORIES = 3.0
"""Memories after which the errors of an issue have no part in later ones; what is cut off is 5 % of a draw."""
BLOCK, BLOCKS_BEFORE = 64, 1000
"""Issues that are drawn together, and blocks that may lie before the first issue, since numpy's seeds are positive."""


@dataclass(frozen=True)
class ForecastSkill:
    """How far off a service's surge forecasts are, and how much of that its ensemble admits.

    A forecast errs in when the surge comes, in how high it is, and by a rest that has nothing to do with storms. Each
    error is the same story told later: it grows with lead, and it fades from issue to issue within a day or so.

    Attributes:
        timing: standard deviation of the lag [h]; one lag for all leads of an issue, which grows with lead.
        amplitude: of the logarithm of the factor on the surge [-]; one factor for all leads likewise.
        rest: of what is left [m], first-order noise along the leads.
        spread: of members about the service's best guess, as a share of that guess's own error [-]; 1 = honest, below =
            too sure, as ensembles are.
        memory_hours: after which errors of issues, and of the rest along the leads, are alike to 1/e [h].
        members: M of the ensemble.
        every_hours: between issues [h].
        longest_lead: [h]; leads are hourly from 0.

    Source: timing: mean error of the landfall time of North Indian cyclones, 4 h a day and 7 h two days ahead
        (Mohapatra et al. 2015, J. Earth Syst. Sci. 124, 861-874), times √(π/2) for a normal law's deviation. Their
        landfall point errs by 67 and 95 km, the whole track by 140 and 262 km (Mohapatra et al. 2013, J. Earth Syst.
        Sci. 122, 589-601); what that and the wind's error do to the height is an assumption: 10 of 60 kt alone would
        make a third, since stress goes with the wind squared. That spread grows in proportion to lead and is widest
        at the peak: Mel & Lionello (2014), Weather and Forecasting 29, 1044-1057, for Venice. The rest: surge models
        err by 0.04 to 0.21 m even when driven by analysed weather (Fernández-Montblanc et al. 2020, Ocean Modelling,
        208 European gauges); its growth is an assumption. That ensembles need stretching before use: de Vries (2009),
        Marine Geodesy 32, 100-107; by how much, and the memory, are assumptions. A reliable spread about large surges
        and the ensemble's make: Flowerdew et al. (2010), QJRMS 136, 1444-1456.
    """

    timing: Growth = ((0.0, 0.0), (24.0, 5.0), (48.0, 8.8))
    amplitude: Growth = ((0.0, 0.05), (24.0, 0.25), (48.0, 0.4))
    rest: Growth = ((0.0, 0.04), (48.0, 0.08))
    spread: float = 0.8
    memory_hours: float = 24.0
    members: int = 20
    every_hours: int = 6
    longest_lead: int = 48

    def __post_init__(self) -> None:
        for name in ("timing", "amplitude", "rest"):
            leads, sizes = np.array(getattr(self, name), dtype=float).T
            if not ((np.diff(leads) > 0).all() and (sizes >= 0).all() and np.isfinite(sizes).all()):
                raise InputError("forecast skill", f"{name} is {getattr(self, name)}", "leads ascend, errors are >= 0")
        if not (self.spread >= 0 and self.memory_hours > 0 and self.members >= FEWEST_MEMBERS):
            given = f"spread {self.spread:g}, memory {self.memory_hours:g} h, {self.members} members"
            raise InputError("forecast skill", given, f"at least 0, above 0, and {FEWEST_MEMBERS} or more")
        if self.every_hours < 1 or self.longest_lead < 0:
            given = f"an issue every {self.every_hours} h for {self.longest_lead} h"
            raise InputError("forecast skill", given, "give whole hours, the first of them above 0")

    @property
    def leads(self) -> Floats:
        """(L,) [h]."""
        return np.arange(self.longest_lead + 1, dtype=float)

    def at_leads(self, growth: Growth) -> Floats:
        """(L,) the standard deviation at each lead."""
        lead, size = np.array(growth, dtype=float).T
        return np.asarray(np.interp(self.leads, lead, size))


@dataclass(frozen=True, eq=False)
class SurgeForecasts:
    """What was issued: ``Stream("m", issued, leads, values)`` is the same for triggers.

    Attributes:
        issued: (N,) UTC, ascending.
        leads: (L,) [h].
        values: (N, L, M) float32 surge [m about the tide]; NaN = after the end of the record.
    """

    issued: Times
    leads: Floats
    values: npt.NDArray[np.float32]


def forecast_surges(
    time: Times, surge: Floats, seed: int, skill: ForecastSkill | None = None, issues: Sequence[int] | None = None
) -> SurgeForecasts:
    """Forecasts of a known surge, as the service would have issued them.

    Every issue's errors follow from the seed and its number, so that a single issue is that of the whole record.

    Args:
        time: (T,) UTC, hourly without a break.
        surge: (T,) what truly came [m about the tide], as ``SeaRecord.surge`` has it: never a gauge's reading.
        issues: numbers of the issues that are wanted, ascending; issue n is made n · ``every_hours`` after the first
            hour. ``None`` = all.

    Raises:
        InputError: a record with gaps, or issues that it does not hold.
    """
    skill = skill or ForecastSkill()
    if time.shape != surge.shape or not np.isfinite(surge).all():
        raise InputError("surge", f"has gaps, or {surge.shape} hours of {time.shape}", "give the truth, hour by hour")
    if (np.diff(time) != np.timedelta64(1, "h")).any():
        raise InputError("surge", "is not hourly", "give every hour once, in order")
    count = (time.size - 1) // skill.every_hours + 1
    wanted = np.arange(count) if issues is None else np.asarray(issues, dtype=np.int64)
    if ((wanted < 0) | (wanted >= count)).any() or (np.diff(wanted) <= 0).any():
        raise InputError("surge forecasts", f"issues {issues} are asked for", f"they ascend within 0 to {count - 1}")
    timing, amplitude, rest = (skill.at_leads(each)[:, None] for each in (skill.timing, skill.amplitude, skill.rest))
    hours, unbiased = np.arange(time.size), amplitude**2 * (1 + skill.spread**2) / 2
    values = np.full((wanted.size, skill.leads.size, skill.members), np.nan, dtype=np.float32)
    for block in np.unique(wanted // BLOCK):
        row = np.flatnonzero(wanted // BLOCK == block)
        error = _errors_of(seed, block, skill)[:, wanted[row] % BLOCK]  # (2 + L, n, 1 + M), of variance 1
        error = error[..., :1] + skill.spread * error[..., 1:]  # the service's own error, and each member's about it
        lag, excess, remainder = error[0][:, None], error[1][:, None], error[2:].swapaxes(0, 1)
        valid = wanted[row, None, None] * skill.every_hours + skill.leads[:, None]  # (n, L, 1)
        then = np.interp(valid - timing * lag, hours, surge)  # (n, L, M)
        said = np.exp(amplitude * excess - unbiased) * then + rest * remainder  # the factor's mean is 1
        values[row] = np.where(valid < time.size, said, np.nan)
    return SurgeForecasts(time[wanted * skill.every_hours], skill.leads, values)


def _errors_of(seed: int, block: int, skill: ForecastSkill) -> Floats:
    """(2 + L, BLOCK, 1 + M) standard normal errors of a block's issues: timing, amplitude, and the rest at each lead.

    The first of the last axis is the service's, the others are the members'. Each issue's errors are a weighted sum of
    draws of its own and of the issues before it, so that they fade as exp(-t / memory).
    """
    kept = int(np.ceil(KEPT_MEMORIES * skill.memory_hours / skill.every_hours))
    weight = np.exp(-np.arange(kept) * skill.every_hours / skill.memory_hours)
    weight /= np.linalg.norm(weight)
    before = -(-(kept - 1) // BLOCK)  # blocks that these issues remember
    noise = np.concatenate([_draw(seed, each, skill) for each in range(block - before, block + 1)], axis=1)
    error = np.zeros((noise.shape[0], BLOCK, noise.shape[2]))
    for ago, share in enumerate(weight):
        last = noise.shape[1] - ago
        error += share * noise[:, last - BLOCK : last]
    return error


def _draw(seed: int, block: int, skill: ForecastSkill) -> Floats:
    """(2 + L, BLOCK, 1 + M) of variance 1, independent but along the leads."""
    rng = np.random.default_rng([seed, block + BLOCKS_BEFORE])
    noise = rng.standard_normal((2 + skill.leads.size, BLOCK, 1 + skill.members))
    kept = np.exp(-1.0 / skill.memory_hours)
    noise[3:] *= np.sqrt(1.0 - kept**2)
    noise[2:] = lfilter([1.0], [1.0, -kept], noise[2:], axis=0)
    return noise
