"""Shelters for everybody who may be exposed in the design event: for lives, never compared with money."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from strandline.planning.actions import Action
from strandline.planning.early_action.evacuation.all_drivers import in_words
from strandline.planning.formatting import format_count, format_people
from strandline.planning.investment.discounting import Economy
from strandline.planning.measures import LongTermMeasure
from strandline.risk.expectation import Expectation
from strandline.risk.impact.impact import Impact
from strandline.risk.impact.ways_out import SURE
from strandline.risk.stage_damage.damage_draws import DamageDraws


@dataclass(frozen=True)
class ExistingShelters:
    """Shelters of the survey.

    Attributes:
        count: of all.
        usable: of those that stay in service in the design event and state their places.
        places: in the usable ones.
        in_service: of those that stay in service, whether they state places or not.
    """

    count: int
    usable: int
    places: float
    in_service: int

    @classmethod
    def of(cls, assets: gpd.GeoDataFrame) -> "ExistingShelters":
        """By the impact's ``out_of_service``, the probability at the design return period, and their ``places``."""
        shelters = assets[assets["asset_class"] == "shelter"]
        if "out_of_service" not in assets:
            return cls(len(shelters), 0, 0.0, 0)
        in_service = shelters["out_of_service"].to_numpy(dtype=float) <= 1 - SURE  # NaN is not
        places = shelters["places"].to_numpy(dtype=float) if "places" in assets else np.full(len(shelters), np.nan)
        usable = in_service & (places > 0)  # NaN is not
        return cls(len(shelters), int(usable.sum()), float(places[usable].sum()), int(in_service.sum()))

    @property
    def in_words(self) -> str:
        """What is counted of them and what is not, in a sentence; empty = there is none."""
        if not self.count:
            return ""
        shelters = "shelter" if self.count == 1 else f"{self.count:,} shelters"
        if not self.usable:
            why = (
                "nobody stated the places of those that stay in service in that event"
                if self.in_service
                else "none of them is known to stay in service in that event"
            )
            return f"The {shelters} of the survey {'is' if self.count == 1 else 'are'} not counted, because {why}."
        rest = self.count - self.usable
        return (
            f"Besides {format_count(self.places)} places in {self.usable:,} of the {shelters} of the survey"
            + (f"; {rest:,} may be out of service in that event, or state no places" if rest else "")
            + "."
        )


def plan_shelters(
    measure: LongTermMeasure, impact: Impact, economy: Economy, draws: DamageDraws, rng: np.random.Generator
) -> Action | str:
    """The shelters that are missing, or a sentence that says why none is planned.

    They hold whoever may be exposed to floods by all drivers together, where these are mapped.
    """
    if impact.population is None:
        return f"{measure.title}: not planned, because the survey has no count of people."
    together = impact.by_all_drivers
    exposed = impact.population.exposed if together is None else together.exposed
    if exposed.high <= 0:
        return f"{measure.title}: not planned, because nobody is exposed, even by the upper bound."
    exist, capacity = ExistingShelters.of(impact.assets), measure.effect["capacity"].value
    count = int(np.ceil(max(exposed.high - exist.places, 0.0) / capacity))
    if count == 0:
        return (
            f"{measure.title}: not planned, because the shelters of the survey have {format_count(exist.places)} places"
            f" in service, and at most {format_count(exposed.high)} people are exposed."
        )
    floods = "" if together is None else f" by {in_words(together.drivers)} together"
    life_cycle_cost_factor = economy.life_cycle_cost_factor(measure.lifetime_years.value, measure.upkeep_share.value)
    shelters = "1 shelter" if count == 1 else f"{count:,} shelters"
    return Action(
        kind=measure.key,
        title=measure.title,
        where=(),
        when=measure.when,
        lead_time_hours=measure.lead_time_hours,
        avoided_loss=None,
        avoided_loss_per="year",
        cost=Expectation.of(measure.unit_cost.draw(draws.count, rng) * count * life_cycle_cost_factor, draws.maps),
        priority=0,
        confidence="medium",
        why=(
            "For lives, not for money. Sized for the upper bound, because a place too few can cost a life and one too"
            " many only money: count the people and survey the ground before building."
        ),
        what=(
            f"{shelters} for {format_count(capacity)} people each, enough for {format_count(exposed.high)} people, the"
            f" upper bound. {exist.in_words}"
        ).strip(),
        who=measure.who,
        protects=f"people with water at home{floods}: {format_people(exposed)}",
    )
