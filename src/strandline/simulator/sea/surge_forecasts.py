"""Simulated storm-surge forecasts of a weather service."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.weather.issue_errors import BLOCK, Growth, IssueErrors, at_leads

MIN_MEMBERS = 2


@dataclass(frozen=True)
class ForecastSkill:
    """Error statistics of a service's surge forecasts, and the spread of its ensemble.

    A forecast has errors of timing and amplitude and a remainder unrelated to storms. Each error grows with lead and
    is correlated between issues over about a day.

    Attributes:
        timing: standard deviation of the lag [h]; one draw per issue, scaled with lead.
        amplitude: of the logarithm of the factor on the surge [-]; one draw per issue, scaled with lead.
        remainder: of the remaining error [m], first-order noise along the leads.
        spread: of members about the service's best estimate, relative to the error of that estimate [-]; 1 = reliable,
            below 1 = underdispersed, as ensembles usually are.
        memory_hours: e-folding time of the errors between issues, and of the remainder along the leads [h].
        members: M of the ensemble.
        every_hours: between issues [h].
        longest_lead: [h]; leads are hourly from 0.

    Source: timing: mean error of the landfall time of North Indian cyclones, 4 h a day and 7 h two days ahead
        (Mohapatra et al. 2015, J. Earth Syst. Sci. 124, 861-874), times √(π/2) for a normal law's deviation. Their
        landfall point errs by 67 and 95 km, the whole track by 140 and 262 km (Mohapatra et al. 2013, J. Earth Syst.
        Sci. 122, 589-601); their effect and that of the wind error on the height are assumptions: 10 of 60 kt alone
        give a third, since stress grows with the square of the wind. Spread grows in proportion to lead and is widest
        at the peak: Mel & Lionello (2014), Weather and Forecasting 29, 1044-1057, for Venice. Remainder: surge models
        err by 0.04 to 0.21 m even when driven by analysed weather (Fernández-Montblanc et al. 2020, Ocean Modelling,
        208 European gauges); its growth is an assumption. Ensembles need inflation before use: de Vries (2009), Marine
        Geodesy 32, 100-107; the amount, and the e-folding time, are assumptions. Reliable spread about large surges
        and construction of the ensemble: Flowerdew et al. (2010), QJRMS 136, 1444-1456.
    """

    timing: Growth = ((0.0, 0.0), (24.0, 5.0), (48.0, 8.8))
    amplitude: Growth = ((0.0, 0.05), (24.0, 0.25), (48.0, 0.4))
    remainder: Growth = ((0.0, 0.04), (48.0, 0.08))
    spread: float = 0.8
    memory_hours: float = 24.0
    members: int = 20
    every_hours: int = 6
    longest_lead: int = 48

    def __post_init__(self) -> None:
        for name in ("timing", "amplitude", "remainder"):
            leads, sizes = np.array(getattr(self, name), dtype=float).T
            if not ((np.diff(leads) > 0).all() and (sizes >= 0).all() and np.isfinite(sizes).all()):
                raise InputError(
                    "forecast skill", f"{name} is {getattr(self, name)}", "give ascending leads and errors of 0 or more"
                )
        if not (self.spread >= 0 and self.memory_hours > 0 and self.members >= MIN_MEMBERS):
            stated = f"spread {self.spread:g}, memory {self.memory_hours:g} h, {self.members} members"
            raise InputError("forecast skill", stated, f"give 0 or more, more than 0, and {MIN_MEMBERS} or more")
        if self.every_hours < 1 or self.longest_lead < 0:
            stated = f"an issue every {self.every_hours} h for {self.longest_lead} h"
            raise InputError("forecast skill", stated, "give 1 h or more, and 0 h or more")

    @property
    def leads(self) -> Floats:
        """(L,) [h]."""
        return np.arange(self.longest_lead + 1, dtype=float)


@dataclass(frozen=True, eq=False)
class SurgeForecasts:
    """Issued forecasts, in the layout of ``Stream("m", issued, leads, values)`` of the triggers.

    Attributes:
        issued: (N,) UTC, ascending.
        leads: (L,) [h].
        values: (N, L, M) float32 surge [m about the tide]; NaN = beyond the end of the record.
    """

    issued: Times
    leads: Floats
    values: npt.NDArray[np.float32]


def forecast_surges(
    time: Times, surge: Floats, seed: int, skill: ForecastSkill | None = None, issues: Sequence[int] | None = None
) -> SurgeForecasts:
    """Forecasts of a known surge, as the service would issue them.

    The errors of an issue depend only on the seed and its number, not on the other issues requested.

    Args:
        time: (T,) UTC, hourly without a break.
        surge: (T,) true surge [m about the tide], such as ``SeaRecord.surge``; not a gauge's reading.
        issues: numbers of the issues, ascending; issue n is made n · ``every_hours`` after the first hour.
            ``None`` = all.

    Raises:
        InputError: the record has gaps, or an issue lies outside it.
    """
    skill = skill or ForecastSkill()
    if time.shape != surge.shape or not np.isfinite(surge).all():
        raise InputError(
            "surge", f"has gaps, or {surge.shape} hours of {time.shape}", "give the true surge of every hour"
        )
    if (np.diff(time) != np.timedelta64(1, "h")).any():
        raise InputError("surge", "is not hourly", "give every hour once, in order")
    count = (time.size - 1) // skill.every_hours + 1
    wanted = np.arange(count) if issues is None else np.asarray(issues, dtype=np.int64)
    if ((wanted < 0) | (wanted >= count)).any() or (np.diff(wanted) <= 0).any():
        raise InputError("surge forecasts", f"issues are {issues}", f"give ascending numbers from 0 to {count - 1}")
    timing, amplitude, remainder = (
        at_leads(each, skill.leads)[:, None] for each in (skill.timing, skill.amplitude, skill.remainder)
    )
    errors = IssueErrors(2, 1, skill.leads.size, 1.0, skill.memory_hours, skill.every_hours, skill.members)
    hours, unbiased = np.arange(time.size), amplitude**2 * (1 + skill.spread**2) / 2
    values = np.full((wanted.size, skill.leads.size, skill.members), np.nan, dtype=np.float32)
    for block in np.unique(wanted // BLOCK):
        row = np.flatnonzero(wanted // BLOCK == block)
        error = errors.of_block(seed, block)[:, wanted[row] % BLOCK]  # (2 + L, n, 1 + M), of variance 1
        error = error[..., :1] + skill.spread * error[..., 1:]  # the service's error, and the members' spread about it
        lag, excess, noise = error[0][:, None], error[1][:, None], error[2:].swapaxes(0, 1)
        valid = wanted[row, None, None] * skill.every_hours + skill.leads[:, None]  # (n, L, 1)
        then = np.interp(valid - timing * lag, hours, surge)  # (n, L, M)
        forecast = np.exp(amplitude * excess - unbiased) * then + remainder * noise  # the factor's mean is 1
        values[row] = np.where(valid < time.size, forecast, np.nan)
    return SurgeForecasts(time[wanted * skill.every_hours], skill.leads, values)
