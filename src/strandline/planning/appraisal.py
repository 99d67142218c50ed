"""What a long-term measure costs and avoids, sample by sample."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.observations import ASSET_CLASSES
from strandline.planning.event_damage import EventDamage
from strandline.planning.measures import LongTermMeasure
from strandline.risk.exposure import Exposure
from strandline.risk.hazard import Hazard
from strandline.risk.impact import annual_damage_samples
from strandline.risk.protection import Protection

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Appraisal:
    """A measure weighed against doing nothing.

    Attributes:
        where: ids of the assets it is applied to; empty = the whole region.
        avoided_per_year: (S,) expected annual damage avoided [EUR 2010 a-1].
        investment: (S,) first payment [EUR 2010].
        cost: (S,) present value of all payments over the horizon [EUR 2010].
        net_present_value: (S,) [EUR 2010].
        ratio: (S,) benefit-cost ratio [-].
        what: one sentence for the reader.
        rests_on_assumptions: cost or effect has no published source.
    """

    measure: LongTermMeasure
    where: tuple[str, ...]
    avoided_per_year: Floats
    investment: Floats
    cost: Floats
    net_present_value: Floats
    ratio: Floats
    what: str
    rests_on_assumptions: bool


def annuity(discount_rate: float, years: int) -> float:
    """Present value of 1 paid at the end of each of ``years`` years."""
    return float(((1 + discount_rate) ** -np.arange(1.0, years + 1)).sum())


def reinvestments(discount_rate: float, horizon_years: int, lifetime_years: float) -> float:
    """Present value of 1 paid now and again at the end of each lifetime within the horizon; no residual value."""
    return float(((1 + discount_rate) ** -np.arange(0.0, horizon_years, lifetime_years)).sum())


def appraise(
    measure: LongTermMeasure,
    hazard: Hazard,
    assets: gpd.GeoDataFrame,
    exposure: Exposure,
    deviates: Floats,
    today: Floats,
    events: EventDamage,
    discount_rate: float,
    horizon_years: int,
    rng: np.random.Generator,
) -> Appraisal | str:
    """Run the damage chain with the measure; a sentence instead where it does not apply.

    Args:
        today: (S, A) expected annual damage without it [EUR a-1], from the same ``deviates``.
        events: damage of single events today, from the same ``deviates``.

    Source: net present value and benefit-cost ratio as in Boardman et al. (2018), Cost-Benefit Analysis, chapter 6.
    """
    n_samples = len(hazard.levels)
    years = annuity(discount_rate, horizon_years)
    rounds = reinvestments(discount_rate, horizon_years, measure.lifetime_years.value)
    burden = rounds + measure.upkeep_share.value * years  # present value of all payments per EUR invested
    unit_cost = measure.unit_cost.draw(n_samples, rng)
    protections, size, what = _design(measure, hazard, events, rng)
    after = annual_damage_samples(hazard, exposure, hazard.region.continent, deviates, protections=protections)
    avoided = today - after  # (S, A)
    where: tuple[str, ...] = ()
    investment = unit_cost * size
    if measure.key == "home_raise":
        of_class = assets["asset_class"].isin(measure.classes).to_numpy()
        price = unit_cost[:, None] * exposure.value  # (S, A)
        worth = of_class & (np.median(avoided * years - price * burden, axis=0) > 0)
        if not worth.any():
            return f"{measure.title}: no home was found for which it pays."
        where = tuple(str(name) for name in assets["asset_id"][worth])
        avoided, investment = avoided[:, worth], price[:, worth].sum(axis=1)
        what = f"{worth.sum()} of {of_class.sum()} homes: {what}"
    avoided_per_year = avoided.sum(axis=1)
    cost = investment * burden
    return Appraisal(
        measure=measure,
        where=where,
        avoided_per_year=avoided_per_year,
        investment=investment,
        cost=cost,
        net_present_value=avoided_per_year * years - cost,
        ratio=avoided_per_year * years / cost,
        what=what,
        rests_on_assumptions=any(q.is_assumption for q in (measure.unit_cost, *measure.effect.values())),
    )


def _design(
    measure: LongTermMeasure, hazard: Hazard, events: EventDamage, rng: np.random.Generator
) -> tuple[list[Protection], float, str]:
    """What the measure changes in each sample, how many units of it are bought, and a sentence that says so."""
    effect, n_samples = measure.effect, len(hazard.levels)
    if measure.key == "raise_embankment":
        return _embankment(measure, hazard, events)
    if measure.key == "home_raise":
        height = effect["height"].value
        raised = Protection(raised=dict.fromkeys(measure.classes, height))
        return [raised] * n_samples, 1.0, f"ground floors lifted by {height:g} m."
    share = effect["avoided_share"]
    drawn = rng.uniform(share.low, share.high, n_samples)
    warned = [Protection(avoided_share=dict.fromkeys(measure.classes, float(part))) for part in drawn]
    return warned, 1.0, f"a warning in time avoids {100 * share.low:.0f} to {100 * share.high:.0f} % of the damage."


def _embankment(measure: LongTermMeasure, hazard: Hazard, events: EventDamage) -> tuple[list[Protection], float, str]:
    """A crest at the design level in front of the whole region.

    The height to add is the design level less the highest one that damages nothing today (or the most frequent one,
    where all damage something), plus freeboard; the freeboard is paid for and not counted as protection. The length is
    the longer side of the region unless the catalogue gives it.
    """
    wanted = measure.effect["design_return_period"].value
    periods = np.asarray(hazard.return_periods)
    level = np.median(hazard.levels, axis=0)
    crest = float(np.interp(np.log(wanted), np.log(periods), level))
    wet = np.median(events.of_classes(ASSET_CLASSES), axis=0) > 0  # (R,)
    start = float(level[max(int(np.argmax(wet)) - 1, 0)]) if wet.any() else crest
    height = max(crest - start, 0.0) + measure.effect["freeboard"].value
    left, bottom, right, top = hazard.region.bounds
    length = measure.effect["length"].value if "length" in measure.effect else max(right - left, top - bottom) / 1000
    stated = "" if "length" in measure.effect else " (assumption: the longer side of the region)"
    what = (
        f"crest at {crest:.2f} m ({hazard.region.vertical_datum}), the level of once in {min(wanted, periods[-1]):g}"
        f" years; {height:.2f} m higher over {length:.1f} km{stated}. Rarer seas still overtop it."
    )
    return [Protection(crest=crest)] * len(hazard.levels), height * length, what
