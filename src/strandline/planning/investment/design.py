"""Design of a measure for a study area: the assets it acts on, what it changes, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.observations.region_file.prices.money import MoneyUnit
from strandline.planning.formatting import format_money, format_people
from strandline.planning.investment.baseline import Baseline
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.mechanisms import MECHANISMS
from strandline.planning.measures import LongTermMeasure
from strandline.risk.people import residents
from strandline.risk.stage_damage.protection import Protection


@dataclass(frozen=True, eq=False)
class Design:
    """A long-term measure in one study area, in the draws of damage.

    Attributes:
        covers: (A,) the assets whose depth or damage it changes; a crest stands in front of all.
        where: ids of the assets it is applied to; empty = the whole region.
        places: where they are, in words; empty = the whole region.
        protections: the change to the damage chain, one per draw.
        investment: (N,) first payment [money].
        cost: (N,) present value of all payments over the horizon [money].
        what: one sentence for the reader.
        protects: whom, for the reader.
    """

    measure: LongTermMeasure
    covers: npt.NDArray[np.bool_]
    where: tuple[str, ...]
    places: str
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

    A measure that is taken asset by asset is priced as a share of each asset's value and applied only where it pays on
    average.
    """
    unit_cost = measure.unit_cost.draw(baseline.draws.count, rng)
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
    places = ""
    if measure.asset_by_asset:
        is_of_class = is_of_class & ~is_mapped(baseline.assets)
        if not is_of_class.any():
            return f"{measure.title}: it acts on single buildings, and no value of these was surveyed."
        left = baseline.draws.annual_damage(works.protections)
        price = unit_cost[:, None] * baseline.draws.values  # (N, A)
        benefit = (baseline.today - left) * economy.annuity_from(measure.lead_years)
        net_present_value = benefit - price * life_cycle_cost_factor
        covers = is_of_class & (net_present_value.mean(axis=0) > 0)
        if not covers.any():
            return f"{measure.title}: none was found for which it pays."
        where = tuple(str(name) for name in baseline.assets["asset_id"][covers])
        investment = price[:, covers].sum(axis=1)
        places = count_by_district(baseline.assets[covers])
        counted = (
            baseline.assets["count"].fillna(1.0).to_numpy() if "count" in baseline.assets else np.ones(len(covers))
        )
        what = f"{counted[covers].sum():,.0f} of {counted[is_of_class].sum():,.0f} {_plural(measure.classes)}: {what}"
    return Design(
        measure=measure,
        covers=covers,
        where=where,
        places=places,
        protections=tuple(works.protections),
        investment=investment,
        cost=investment * life_cycle_cost_factor,
        what=what,
        protects=_protected(baseline, covers, economy.money),
    )


def is_mapped(assets: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """(A,) whether a map alone shows an asset: no plan asks anybody to leave such a building."""
    return np.asarray(assets["is_mapped"], dtype=bool) if "is_mapped" in assets else np.zeros(len(assets), dtype=bool)


PLURALS = {"residential": "homes", "road": "roads", "bridge": "bridges", "transport": "transport sites"}
"""What the assets of a class are called, where their class is no such name."""
MOST_DISTRICTS = 6
"""Most districts that are named; the rest is counted."""


def _plural(classes: Sequence[str]) -> str:
    *others, last = (PLURALS.get(each, f"{each} assets") for each in classes)
    return f"{', '.join(others)} and {last}" if others else last


def count_by_district(assets: gpd.GeoDataFrame) -> str:
    """``14 in polder 05, 9 in polder 18 and 8 in 3 other districts``; empty where no district is stated."""
    if "district" not in assets or assets["district"].isna().all():
        return ""
    counts = assets["district"].fillna("no stated district").value_counts(sort=True)
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")
    named = [f"{count:,} in {name}" for name, count in counts.head(MOST_DISTRICTS).items()]
    rest = counts.iloc[MOST_DISTRICTS:]
    if rest.size:
        named.append(f"{rest.sum():,} in {rest.size} other district{'' if rest.size == 1 else 's'}")
    return ", ".join(named)


def _protected(baseline: Baseline, covers: npt.NDArray[np.bool_], money: MoneyUnit) -> str:
    """How many assets that are damaged today it acts on, their value, and the people who live there."""
    damaged = covers & (baseline.today.mean(axis=0) > 0)
    value = format_money(float(baseline.exposure.value[damaged].sum()), money)
    text = f"{damaged.sum():,} assets that floods can damage today, worth {value}"
    people = residents(baseline.assets, damaged)
    return text if people.is_unknown or people.high == 0 else f"{text}; people who live there: {format_people(people)}"
