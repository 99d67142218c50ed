"""Design of a measure for a study area: the assets it acts on, what it changes, and what it costs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.planning.formatting import format_estimate, format_money
from strandline.planning.investment.baseline import Baseline
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.mechanisms import MECHANISMS
from strandline.planning.measures import LongTermMeasure
from strandline.risk.stage_damage.expected_annual_damage import annual_damage_samples
from strandline.risk.stage_damage.protection import Protection


@dataclass(frozen=True, eq=False)
class Design:
    """A long-term measure in one study area, in the Monte-Carlo samples of the damage chain.

    Attributes:
        covers: (A,) the assets whose depth or damage it changes; a crest stands in front of all.
        where: ids of the assets it is applied to; empty = the whole region.
        protections: the change to the damage chain, one per sample.
        investment: (S,) first payment [EUR 2010].
        cost: (S,) present value of all payments over the horizon [EUR 2010].
        what: one sentence for the reader.
        protects: whom, for the reader.
    """

    measure: LongTermMeasure
    covers: npt.NDArray[np.bool_]
    where: tuple[str, ...]
    protections: tuple[Protection, ...]
    investment: Floats
    cost: Floats
    what: str
    protects: str

    @property
    def lead_years(self) -> float:
        """Years from the decision until it works."""
        return self.measure.lead_years

    @property
    def rests_on_assumptions(self) -> bool:
        """Whether its cost or effect has no published source."""
        return any(number.is_assumption for number in (self.measure.unit_cost, *self.measure.effect.values()))


def design(measure: LongTermMeasure, baseline: Baseline, economy: Economy, rng: np.random.Generator) -> Design | str:
    """The measure in this study area; a sentence instead where it does not apply.

    A measure that is taken asset by asset is priced as a share of each asset's value and applied only where it pays.
    """
    unit_cost = measure.unit_cost.draw(len(baseline.hazard.levels), rng)
    life_cycle_cost_factor = economy.life_cycle_cost_factor(measure.lifetime_years.value, measure.upkeep_share.value)
    is_of_class = baseline.assets["asset_class"].isin(measure.classes).to_numpy()
    build = MECHANISMS[measure.mechanism].build
    if build is None:
        return f"{measure.title}: protects lives and is not compared with money."
    works = build(measure.effect, measure.classes, baseline, rng)
    if isinstance(works, str):
        return f"{measure.title}: {works}"
    covers, investment, what = is_of_class, unit_cost * works.size, works.description
    where: tuple[str, ...] = ()
    if measure.asset_by_asset:
        hazard, chain = baseline.hazard, baseline.chain
        left = annual_damage_samples(
            hazard, chain.exposure, chain.continent, chain.deviates, protections=works.protections
        )
        price = unit_cost[:, None] * baseline.exposure.value  # (S, A)
        benefit = (baseline.today - left) * economy.annuity_from(measure.lead_years)
        net_present_value = benefit - price * life_cycle_cost_factor
        covers = is_of_class & (np.median(net_present_value, axis=0) > 0)
        if not covers.any():
            return f"{measure.title}: none was found for which it pays."
        where = tuple(str(name) for name in baseline.assets["asset_id"][covers])
        investment = price[:, covers].sum(axis=1)
        what = f"{covers.sum()} of {is_of_class.sum()}: {what}"
    return Design(
        measure=measure,
        covers=covers,
        where=where,
        protections=tuple(works.protections),
        investment=investment,
        cost=investment * life_cycle_cost_factor,
        what=what,
        protects=_protected(baseline, covers),
    )


def _protected(baseline: Baseline, covers: npt.NDArray[np.bool_]) -> str:
    """How many assets that are damaged today it acts on, their value, and the people counted there."""
    damaged = covers & (np.median(baseline.today, axis=0) > 0)
    value = format_money(float(baseline.exposure.value[damaged].sum()), in_text=True)
    text = f"{damaged.sum()} assets that floods damage today, worth {value}"
    if "people" in baseline.assets:
        people = baseline.assets["people"].to_numpy(dtype=float)[damaged]
        if not np.isnan(people).all():
            counted = format_estimate(float(np.nansum(people)))
            text += f", with {counted} people" + (" or more" if np.isnan(people).any() else "")
    return text
