"""Parts of a plan: actions, the portfolio of measures, and their outcome in each scenario."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from strandline.risk.expectation import Expectation

Bounds = tuple[float, float, float]
"""Low, likely and high."""
Confidence = Literal["low", "medium", "high"]
MONITORING = "continue_monitoring"
"""Kind of the action that every plan has: neither for lives nor for money."""
Response = Literal["Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor"]
"""Response types of a warning in CAP 1.2 (section 3.2.2, ``responseType``)."""


@dataclass(frozen=True)
class Robustness:
    """Performance of a set of measures over the scenarios, on average over the draws [money].

    Attributes:
        pays_in: number of scenarios with an expected net present value above 0, out of ``of``.
        lowest, highest: net present value in the scenario where it is least and greatest [money].
        worst_tenth: mean of the worst tenth of the draws (CVaR) in the scenario where that is lowest [money];
            ``None`` = too few draws to know it.
        maximum_regret: greatest expected difference to the best affordable set over the scenarios [money].
        regretted_in: the scenario of the greatest difference.
        is_no_regret: it pays on average in every scenario, and if nothing changes, where it is also likely to.
    """

    pays_in: int
    of: int
    lowest: Expectation
    highest: Expectation
    worst_tenth: float | None
    maximum_regret: Expectation
    regretted_in: str
    is_no_regret: bool


@dataclass(frozen=True)
class Action:
    """One action of a plan.

    Attributes:
        kind: e.g. ``raise_embankment``, ``evacuate_low_lying_areas``, ``continue_monitoring``.
        where: ids of the assets, or names of the zones, that it concerns; empty = the whole region.
        places: the same in words, by district; empty = see ``where``.
        lead_time_hours: time before its effect is needed at which it must start [h].
        avoided_loss: [money, see ``avoided_loss_per``]; ``None`` = not expressed in money.
        avoided_loss_per: ``year`` for long-term measures, ``event`` at the trigger's level for operational ones.
        cost: present value over the horizon, or of one event [money]; ``None`` = not stated.
        net_present_value: if nothing changes [money]; long-term measures only.
        benefit_cost_ratio: benefits over costs, each on average, if nothing changes [-]; long-term measures only.
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
    avoided_loss: Expectation | None
    avoided_loss_per: Literal["year", "event"]
    cost: Expectation | None
    priority: int
    confidence: Confidence
    why: str
    net_present_value: Expectation | None = None
    benefit_cost_ratio: Expectation | None = None
    within_budget: bool = True
    what: str = ""
    who: str = ""
    protects: str = ""
    robustness: Robustness | None = None
    places: str = ""


@dataclass(frozen=True)
class ScenarioOutcome:
    """Outcome of one scenario; money is the present value over the horizon [money].

    Attributes:
        rise: median sea-level rise at the horizon's end [m].
        damage: if nothing is done [money].
        net_present_value: kind of measure → built alone [money].
        portfolio: net present value of the selected measures together [money]; ``None`` = none is selected.
        best: kinds of the affordable measures of the greatest value together in this scenario.
        share_beyond_maps: share of ``damage`` from seas above the highest mapped level [-]; there it is a lower bound.
    """

    sea_level: str
    storminess: str
    development: str
    rise: float
    damage: Expectation
    net_present_value: Mapping[str, Expectation]
    portfolio: Expectation | None
    best: tuple[str, ...]
    share_beyond_maps: float


@dataclass(frozen=True)
class Portfolio:
    """Measures to be built together.

    Attributes:
        kinds: of its measures.
        investment: first payment [money].
        cost: present value of all payments [money].
        avoided_loss: under today's sea level, storms and values [money a-1].
        net_present_value: if nothing changes [money].
        benefit_cost_ratio: benefits over costs, each on average, if nothing changes [-].
    """

    kinds: tuple[str, ...]
    investment: Expectation
    cost: Expectation
    avoided_loss: Expectation
    net_present_value: Expectation
    benefit_cost_ratio: Expectation
    robustness: Robustness


@dataclass(frozen=True)
class ChosenStrategy:
    """A strategy of drawn works that a person chose, after the plan was made.

    Attributes:
        name: of the strategy.
        author: who saved it.
        chosen_by: who chose it; nobody else did, and the plan does not propose it.
        chosen_at: UTC, ISO 8601.
        method: of the water that its numbers rest on.
        cost: as its author states it [money].
        damage_before, damage_after, avoided: expected a year, today [money a-1]; ``avoided`` below 0 = it adds damage.
        losing_zones: where damage, people with water at home or flooded land rise.
        file: of the strategy, in the run's folder.
        sha256: of this file when it was chosen.
    """

    name: str
    author: str
    chosen_by: str
    chosen_at: str
    method: str
    cost: float
    damage_before: Expectation
    damage_after: Expectation
    avoided: Expectation
    losing_zones: tuple[str, ...]
    file: str
    sha256: str
