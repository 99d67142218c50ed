"""Parts of a plan: actions, the portfolio of measures, and their outcome in each scenario."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Bounds = tuple[float, float, float]
Confidence = Literal["low", "medium", "high"]
Response = Literal["Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor"]
"""Response types of a warning in CAP 1.2 (section 3.2.2, ``responseType``)."""


@dataclass(frozen=True)
class Robustness:
    """Performance of a set of measures over the scenarios; values are medians over the samples [EUR 2010].

    Attributes:
        pays_in: number of scenarios with a net present value above 0, out of ``of``.
        lowest, highest: net present value in the scenario where it is least and greatest [EUR 2010].
        worst_tenth: mean of the worst tenth of the samples (CVaR) in the scenario where that is lowest [EUR 2010].
        maximum_regret: greatest difference to the best affordable set over the scenarios [EUR 2010].
        regretted_in: the scenario of the greatest difference.
        is_no_regret: it pays in every scenario.
    """

    pays_in: int
    of: int
    lowest: float
    highest: float
    worst_tenth: float
    maximum_regret: float
    regretted_in: str
    is_no_regret: bool


@dataclass(frozen=True)
class Action:
    """One action of a plan.

    Attributes:
        kind: e.g. ``raise_embankment``, ``evacuate_low_lying_areas``, ``continue_monitoring``.
        where: ids of the assets that it concerns; empty = the whole region.
        lead_time_hours: time before its effect is needed at which it must start [h].
        avoided_loss: p10, p50, p90 [EUR 2010, see ``avoided_loss_per``]; ``None`` = not expressed in money.
        avoided_loss_per: ``year`` for long-term measures, ``event`` at the trigger's level for operational ones.
        mean_avoided_loss: mean over the same cases [EUR 2010]; operational actions only. A rare great loss makes it
            exceed the median by far, and it is what the cost has to be compared with.
        cost: p10, p50, p90 of the present value over the horizon, or of one event [EUR 2010]; ``None`` = not stated.
        net_present_value: p10, p50, p90 if nothing changes [EUR 2010]; long-term measures only.
        benefit_cost_ratio: p10, p50, p90 if nothing changes [-]; long-term measures only.
        priority: 1 is first; actions for lives and monitoring come before money.
        within_budget: ``False`` = it pays, but exceeds the budget.
        confidence: that it pays, see ``why``.
        what: what is built or done, in a sentence; empty = see the title.
        who: who must do it; empty = the emergency service.
        protects: whom; empty = no count exists.
        robustness: of the measure alone over all scenarios; long-term measures only.
    """

    kind: str
    title: str
    where: tuple[str, ...]
    when: str
    lead_time_hours: float
    avoided_loss: Bounds | None
    avoided_loss_per: Literal["year", "event"]
    cost: Bounds | None
    priority: int
    confidence: Confidence
    why: str
    net_present_value: Bounds | None = None
    benefit_cost_ratio: Bounds | None = None
    within_budget: bool = True
    what: str = ""
    who: str = ""
    protects: str = ""
    robustness: Robustness | None = None
    mean_avoided_loss: float | None = None


@dataclass(frozen=True)
class ScenarioOutcome:
    """Outcome of one scenario; money is the present value over the horizon [EUR 2010], p10, p50, p90.

    Attributes:
        rise: median sea-level rise at the horizon's end [m].
        damage: if nothing is done [EUR 2010].
        net_present_value: kind of measure → built alone [EUR 2010].
        portfolio: net present value of the selected measures together [EUR 2010]; ``None`` = none is selected.
        best: kinds of the affordable measures of the greatest value together in this scenario.
        share_beyond_maps: share of ``damage`` from seas above the highest mapped level [-]; there it is a lower bound.
    """

    sea_level: str
    storminess: str
    development: str
    rise: float
    damage: Bounds
    net_present_value: Mapping[str, Bounds]
    portfolio: Bounds | None
    best: tuple[str, ...]
    share_beyond_maps: float


@dataclass(frozen=True)
class Portfolio:
    """Measures to be built together; money as p10, p50, p90 [EUR 2010].

    Attributes:
        kinds: of its measures.
        investment: first payment [EUR 2010].
        cost: present value of all payments [EUR 2010].
        avoided_loss: under today's sea level, storms and values [EUR 2010 a-1].
        net_present_value: if nothing changes [EUR 2010].
        benefit_cost_ratio: if nothing changes [-].
    """

    kinds: tuple[str, ...]
    investment: Bounds
    cost: Bounds
    avoided_loss: Bounds
    net_present_value: Bounds
    benefit_cost_ratio: Bounds
    robustness: Robustness


def bounds(samples: npt.NDArray[np.float64]) -> Bounds:
    """p10, p50, p90 of samples (S,)."""
    low, middle, high = np.quantile(samples, [0.1, 0.5, 0.9])
    return float(low), float(middle), float(high)
