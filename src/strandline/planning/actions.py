"""What a plan says: one thing to do, what is built together, and how either fares in each future."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Bounds = tuple[float, float, float]
Confidence = Literal["low", "medium", "high"]


Response = Literal["Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor"]
"""What CAP 1.2 (section 3.2.2, ``responseType``) lets a warning ask for."""


@dataclass(frozen=True)
class Robustness:
    """How a choice fares over the futures; values are medians over the samples [EUR 2010].

    Attributes:
        pays_in: number of futures in which its net present value is above 0, out of ``of``.
        lowest, highest: net present value in the future that suits it worst and best [EUR 2010].
        worst_tenth: mean of the worst tenth of the samples (CVaR) in the future where that is lowest [EUR 2010].
        maximum_regret: how much the best affordable choice would have been worth more, where that is most [EUR 2010].
        regretted_in: the future where that is most.
        is_no_regret: it pays in every future.
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
    """One thing to do.

    Attributes:
        kind: e.g. ``raise_embankment``, ``evacuate_low_lying_areas``, ``continue_monitoring``.
        where: ids of the assets that it concerns; empty = the whole region.
        lead_time_hours: how long before its effect is needed it must start [h].
        avoided_loss: p10, p50, p90 [EUR 2010, see ``avoided_loss_per``]; ``None`` = not counted in money.
        avoided_loss_per: ``year`` for long-term measures, ``event`` at the trigger's level for operational ones.
        cost: p10, p50, p90 of the present value over the horizon, or of one event [EUR 2010]; ``None`` = not stated.
        net_present_value: p10, p50, p90 if nothing changes [EUR 2010]; long-term measures only.
        benefit_cost_ratio: p10, p50, p90 if nothing changes [-]; long-term measures only.
        priority: 1 is first; actions for lives and monitoring come before money.
        within_budget: ``False`` = worth it, but the budget does not reach that far.
        confidence: how sure it is that it pays, see ``why``.
        what: what is built or done, in a sentence; empty = as the title says.
        who: who must do it; empty = whoever is in charge of emergencies.
        protects: whom; empty = nobody was counted.
        robustness: how it fares alone over all futures; long-term measures only.
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


@dataclass(frozen=True)
class ActionParameters:
    """What is at stake when an emergency action is decided on.

    Attributes:
        action: its kind.
        life_safety: done for lives, never weighed against money.
        classes: of the assets that it is for; empty = all.
        where: ids of the assets that it is for; empty = the whole region.
        lead_window_hours: earliest and latest lead time at which starting it makes sense [h].
        response: what a warning asks people for, in the words of CAP 1.2.
        level: the sea that it is there for [m, the plan's vertical datum].
        cost: low, likely, high of acting once [EUR 2010]; ``None`` = not weighed against money.
        levels: of events, ascending [m, the plan's vertical datum]; empty = not weighed against money.
        avoidable_loss: median loss that acting in time avoids at each of ``levels`` [EUR 2010].
        crews: that it binds while it runs.
    """

    action: str
    life_safety: bool
    classes: tuple[str, ...]
    where: tuple[str, ...]
    lead_window_hours: tuple[float, float]
    response: Response
    level: float
    cost: Bounds | None
    levels: tuple[float, ...]
    avoidable_loss: tuple[float, ...]
    crews: int = 0


@dataclass(frozen=True)
class ScenarioOutcome:
    """What a scenario means for the place; money is the present value over the horizon [EUR 2010], p10, p50, p90.

    Attributes:
        rise: median rise of the sea at the horizon's end [m].
        damage: if nothing is done [EUR 2010].
        net_present_value: kind of measure → built alone [EUR 2010].
        portfolio: net present value of the chosen measures together [EUR 2010]; ``None`` = none is chosen.
        best: kinds of the affordable measures that are worth most together in this future.
        share_beyond_maps: share of ``damage`` from seas above the highest mapped one [-]; there it is at least so much.
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
    """The measures that are to be built together; money as p10, p50, p90 [EUR 2010].

    Attributes:
        kinds: of its measures.
        investment: first payment [EUR 2010].
        cost: present value of all payments [EUR 2010].
        avoided_loss: under today's sea, storms and values [EUR 2010 a-1].
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
