"""A measure as it would be built here: which assets it acts on, what it changes, and what it costs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.observations.assets import ASSET_CLASSES
from strandline.planning.formatting import format_money
from strandline.planning.investment.discounting import Economy
from strandline.planning.measures import LongTermMeasure
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.impact import annual_damage_samples
from strandline.risk.stage_damage.by_asset_class import StageDamageByClass
from strandline.risk.stage_damage.exposure import Exposure
from strandline.risk.stage_damage.protection import Protection

WHERE_IT_PAYS = ("home_raise", "road_raise", "retreat")
"""Measures that are taken asset by asset, priced as a share of its value, and only where that pays today."""
MANGROVES = (-39.0, 33.0)
"""Latitudes [degrees] between which mangroves grow, from Corner Inlet in Australia (38.9° S) to Bermuda (32.3° N)."""
HECTARES_PER_KM2 = 100.0


@dataclass(frozen=True, eq=False)
class Design:
    """A long-term measure at this place, in the Monte-Carlo samples of the damage chain.

    Attributes:
        covers: (A,) the assets whose depth or damage it changes; a crest stands in front of all.
        where: ids of the assets it is applied to; empty = the whole region.
        protections: what it changes, one a sample.
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
        """Years until it works."""
        return self.measure.lead_time_days.value / 365.25

    @property
    def rests_on_assumptions(self) -> bool:
        """Whether its cost or effect has no published source."""
        return any(number.is_assumption for number in (self.measure.unit_cost, *self.measure.effect.values()))


@dataclass(frozen=True, eq=False)
class Baseline:
    """What a measure is designed for.

    Attributes:
        assets: all of known damage; ``exposure`` lays them over the cells.
        deviates: (S, 6) of the damage curves.
        today: (S, A) expected annual damage as it is [EUR 2010 a-1].
        events: damage of single events as it is, from the same ``deviates``.
    """

    hazard: Hazard
    assets: gpd.GeoDataFrame
    exposure: Exposure
    deviates: Floats
    today: Floats
    events: StageDamageByClass

    @classmethod
    def of(cls, hazard: Hazard, assets: gpd.GeoDataFrame, exposure: Exposure, deviates: Floats) -> "Baseline":
        """Run the damage chain as it is."""
        today = annual_damage_samples(hazard, exposure, hazard.region.continent, deviates)
        return cls(hazard, assets, exposure, deviates, today, StageDamageByClass.of(hazard, assets, exposure, deviates))


def design(measure: LongTermMeasure, site: Baseline, economy: Economy, rng: np.random.Generator) -> Design | str:
    """The measure at this place; a sentence instead where it does not apply."""
    count = len(site.hazard.levels)
    unit_cost = measure.unit_cost.draw(count, rng)
    life_cycle_cost_factor = economy.life_cycle_cost_factor(measure.lifetime_years.value, measure.upkeep_share.value)
    of_class = site.assets["asset_class"].isin(measure.classes).to_numpy()
    build = _BUILDERS[measure.key]
    built = build(measure, site, rng)
    if isinstance(built, str):
        return built
    protections, size, what = built
    covers, investment = of_class, unit_cost * size
    where: tuple[str, ...] = ()
    if measure.key in WHERE_IT_PAYS:
        after = annual_damage_samples(
            site.hazard, site.exposure, site.hazard.region.continent, site.deviates, protections=protections
        )
        price = unit_cost[:, None] * site.exposure.value  # (S, A)
        worth = (site.today - after) * economy.annuity_from(
            measure.lead_time_days.value / 365.25
        ) - price * life_cycle_cost_factor
        covers = of_class & (np.median(worth, axis=0) > 0)
        if not covers.any():
            return f"{measure.title}: none was found for which it pays."
        where = tuple(str(name) for name in site.assets["asset_id"][covers])
        investment = price[:, covers].sum(axis=1)
        what = f"{covers.sum()} of {of_class.sum()}: {what}"
    return Design(
        measure=measure,
        covers=covers,
        where=where,
        protections=tuple(protections),
        investment=investment,
        cost=investment * life_cycle_cost_factor,
        what=what,
        protects=_protected(site, covers),
    )


def _protected(site: Baseline, covers: npt.NDArray[np.bool_]) -> str:
    """How many assets that are damaged today it acts on, their value, and the people counted there."""
    hit = covers & (np.median(site.today, axis=0) > 0)
    value = format_money(float(site.exposure.value[hit].sum()), in_text=True)
    words = f"{hit.sum()} assets that floods damage today, worth {value}"
    if "people" in site.assets:
        people = site.assets["people"].to_numpy(dtype=float)[hit]
        if not np.isnan(people).all():
            words += f", with {np.nansum(people):,.0f} people" + (" or more" if np.isnan(people).any() else "")
    return words


Built = tuple[list[Protection], float, str]
"""What the measure changes in each sample, how many units of it are bought, and a sentence that says so."""


def _embankment(measure: LongTermMeasure, site: Baseline, rng: np.random.Generator) -> Built:
    """A crest at the design level in front of the whole region.

    The height to add is the design level less the highest one that damages nothing today (or the most frequent one,
    where all damage something), plus freeboard; the freeboard is paid for and not counted as protection. The length is
    the longer side of the region unless the catalogue gives it.
    """
    hazard = site.hazard
    wanted = measure.effect["design_return_period"].value
    periods = np.asarray(hazard.return_periods)
    level = np.median(hazard.levels, axis=0)
    crest = float(np.interp(np.log(wanted), np.log(periods), level))
    wet = np.median(site.events.of_classes(ASSET_CLASSES), axis=0) > 0  # (R,)
    start = float(level[max(int(np.argmax(wet)) - 1, 0)]) if wet.any() else crest
    height = max(crest - start, 0.0) + measure.effect["freeboard"].value
    length = _length(measure, hazard)
    what = (
        f"crest at {crest:.2f} m ({hazard.region.vertical_datum}), the level of once in {min(wanted, periods[-1]):g}"
        f" years; {height:.2f} m higher over {length:.1f} km{_stated(measure)}. Rarer seas still overtop it."
    )
    return [Protection(crest=crest)] * len(hazard.levels), height * length, what


def _belt(measure: LongTermMeasure, site: Baseline, rng: np.random.Generator) -> Built | str:
    """A belt of mangroves along the shore; the sea behind it stands lower by its width times the attenuation."""
    latitude = site.hazard.region.centre_lonlat[1]
    southernmost, northernmost = MANGROVES
    if not southernmost <= latitude <= northernmost:
        return f"{measure.title}: mangroves do not grow at latitude {latitude:.0f}°."
    width, attenuation = measure.effect["width"].value, measure.effect["attenuation"]
    drawn = attenuation.draw_evenly(len(site.hazard.levels), rng) * width
    length = _length(measure, site.hazard)
    what = (
        f"a belt of {width:g} km along {length:.1f} km of shore{_stated(measure)}; the sea behind it stands"
        f" {attenuation.low * width:.2f} to {attenuation.high * width:.2f} m lower."
    )
    return [Protection(attenuation=float(part)) for part in drawn], length * width * HECTARES_PER_KM2, what


def _lowered(measure: LongTermMeasure, site: Baseline, rng: np.random.Generator) -> Built:
    lowering = measure.effect["lowering"]
    drawn = lowering.draw_evenly(len(site.hazard.levels), rng)
    pumped = [Protection(raised=dict.fromkeys(measure.classes, float(part))) for part in drawn]
    return pumped, 1.0, f"water stands {lowering.low:g} to {lowering.high:g} m lower."


def _raised(measure: LongTermMeasure, site: Baseline, rng: np.random.Generator) -> Built:
    height = measure.effect["height"].value
    raised = Protection(raised=dict.fromkeys(measure.classes, height))
    return [raised] * len(site.hazard.levels), 1.0, f"lifted by {height:g} m."


def _avoiding(measure: LongTermMeasure, site: Baseline, rng: np.random.Generator) -> Built:
    share = measure.effect["avoided_share"]
    drawn = share.draw_evenly(len(site.hazard.levels), rng)
    warned = [Protection(avoided_share=dict.fromkeys(measure.classes, float(part))) for part in drawn]
    avoided = f"{100 * share.low:.0f} to " if share.low < share.high else ""
    return warned, 1.0, f"it avoids {avoided}{100 * share.high:.0f} % of the damage."


def _stated(measure: LongTermMeasure) -> str:
    return "" if "length" in measure.effect else " (assumption: the longer side of the region)"


def _length(measure: LongTermMeasure, hazard: Hazard) -> float:
    """Length of the shore [km]: the catalogue's, or the longer side of the region."""
    left, bottom, right, top = hazard.region.bounds
    return measure.effect["length"].value if "length" in measure.effect else max(right - left, top - bottom) / 1000


_BUILDERS: Mapping[str, Callable[[LongTermMeasure, Baseline, np.random.Generator], Built | str]] = {
    "raise_embankment": _embankment,
    "home_raise": _raised,
    "early_warning": _avoiding,
    "mangrove_belt": _belt,
    "floodgates": _avoiding,
    "pumps": _lowered,
    "road_raise": _raised,
    "retreat": _avoiding,
}
