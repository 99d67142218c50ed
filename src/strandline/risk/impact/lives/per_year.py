"""People a year: those with water at home, in danger and dead, integrated over how often the sea levels come."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats
from strandline.risk.impact.lives.counts import Counts
from strandline.risk.people import People
from strandline.risk.stage_damage.annual_probability import AnnualProbability, annual_probability


@dataclass(frozen=True)
class PeoplePerYear:
    """People in the highest flood of a year, on average over many years and over what is not known [a-1].

    The lower number is the mean of what is at least, the upper one of what is at most.

    Attributes:
        name: of the sea.
        with_water: at home.
        in_danger: in dangerous depth.
        deaths: if nobody leaves, at whatever hour the flood comes.
    """

    name: str
    with_water: People
    in_danger: People
    deaths: People


def people_per_year(name: str, counts: Counts, least_by_day: float) -> PeoplePerYear:
    """Integrate counts over the yearly exceedance probability 1/T, by the rule of the annual probability of flooding.

    Args:
        least_by_day: least number of deaths by day as a share of those by night [-].
    """

    def of(count: Floats, share: float = 1.0) -> People:
        low, likely, high = (_integrate(each, counts) for each in count[:, :, 0])  # (S, R) each
        ends = float(low.at_least.mean()) * share, float(high.at_most.mean())
        return People.per_year(ends[0], min(max(float(likely.at_least.mean()), ends[0]), ends[1]), ends[1])

    with_water = of(counts.with_water)
    in_danger = of(counts.in_danger).within(with_water)
    return PeoplePerYear(name, with_water, in_danger, of(counts.deaths, least_by_day).within(with_water))


def _integrate(count: Floats, counts: Counts) -> AnnualProbability:
    """Bounds (S,) of the people a year, from (S, R) people at each return level."""
    share = np.divide(count.T, counts.residents)
    found = annual_probability(share, counts.return_periods)
    return AnnualProbability(found.at_least * counts.residents, found.at_most * counts.residents)
