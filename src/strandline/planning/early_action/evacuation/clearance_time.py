"""Clearance time: hours from the decision to evacuate an area until its last people have left it.

Decision + warning + leaving + way: people leave along a Rayleigh curve and queue where more leave than a road or a path
can take; walkers and vehicles move at the same time. The inputs are uncertain and taken as independent; low, likely and
high are the 5, 50 and 95 % quantiles of the hours.

Source: the terms are those of the timeline method of the New South Wales State Emergency Service, which knows no
junctions and no traffic from elsewhere (Molino, Davison, Tagg & Cinque 2014, Are there better ways to quantify flood
risk to life?, Floodplain Management Australia conference). Departures along a Rayleigh curve: Mostafizi et al. (2019),
International Journal of Disaster Risk Reduction 34, 467-479, and their model.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy.stats import qmc

from strandline.observations.arrays import Floats
from strandline.planning.early_action.trigger_constants import PROBABILITY_FOR_LIVES
from strandline.planning.formatting import format_people
from strandline.planning.quantity import Quantity
from strandline.risk.impact.ways_out import WaysOut
from strandline.risk.people import UNKNOWN, People

LEFT_SHARE = 0.95
"""Share of the people who have left at the end of the departure curve [-]; the others leave at its end."""
INPUTS: Mapping[str, Quantity] = {
    "decision": Quantity(1.0, 0.5, 2.0, "h", "assumption: the watch looks every hour, and a person confirms"),
    "warning": Quantity(2.0, 1.0, 4.0, "h",
        "low, high: Sorensen & Mileti (1988), Industrial Crisis Quarterly 2, 195-209, read in summary: a population is"
        " usually warned in three to four hours, and below one hour some stay unwarned; value: assumption within"),
    "departure": Quantity(2.0, 1.2, 4.0, "h until 95 % of those warned have left",
        "assumption: an hour to believe the warning and an hour to prepare. Tweedie et al. (1986), Social Science"
        " Journal 23, 189-204, abstract: about 2.5 h for departure and drive together, after the warning"),
    "night_factor": Quantity(1.25, 1.0, 1.5, "times the warning and departure by day",
        "assumption: people asleep are harder to warn and slower to leave"),
    "people_per_vehicle": Quantity(2.0, 1.5, 3.0, "people",
        "assumption. Dow & Cutter (2002), Natural Hazards Review 3, 12-18: about 25 % of households took two or more"
        " cars"),
    "lane_capacity": Quantity(600.0, 300.0, 900.0, "vehicles an hour and lane",
        "value: that of the timeline method, half of what a lane carries in fair weather, read second-hand; range:"
        " assumption"),
    "path_flow": Quantity(3000.0, 1500.0, 6000.0, "people on foot an hour and road",
        "assumption: about one metre of path for one direction, a loose crowd"),
    "walking_speed": Quantity(0.9, 0.5, 1.3, "m s-1",
        "value: FEMA P-646 (2019), people of impaired mobility, 2 miles an hour; high: Weidmann (1993), mean of adults,"
        " 1.34 m/s; both read second-hand; low: assumption, families in wind and rain"),
    "detour": Quantity(1.4, 1.2, 2.0, "way over straight line",
        "assumption. Boscoe, Henry & Zdeb (2012), Professional Geographer 64 (2), abstract: way and straight line"
        " agree, except near shorelines and other barriers"),
}  # fmt: skip
"""Inputs of the model with the median and both ends of their range."""
MOTORISED = ("europe", "north america", "oceania")
"""Continents with more than 300 motor vehicles to 1000 people in 2017: Oak Ridge National Laboratory (2020),
Transportation Energy Data Book 38.1, table 3.6, as in Fact of the Week 1133 of the U.S. Department of Energy."""
SHARE_ON_FOOT = {
    True: Quantity(0.15, 0.05, 0.3, "share of the people", "assumption: households without a car, in rich countries"),
    False: Quantity(0.7, 0.3, 1.0, "share of the people",
        "assumption: about 100 vehicles to 1000 people, with three people in each"),
}  # fmt: skip
"""By whether the continent is motorised."""
UNKNOWN_HOURS = 12.0
"""Least high bound where people, roads or refuges are unknown [h]; an assumption: half a day, so that daylight,
transport and shelter can be ready."""

SECONDS_PER_HOUR = 3600.0
ROUNDING = 1e-9

QUANTILES = (0.05, 0.5, 0.95)
LOG_DRAWS = 10
"""Base-2 logarithm of the number of draws of the inputs."""
Hours = tuple[int, int, int]
"""Low, likely, high [h], rounded up."""


@dataclass(frozen=True)
class EvacuationSettings:
    """What a region file states about evacuation; ``None`` = not stated.

    Attributes:
        clearance_hours: of every area, by day and by night, in place of the model [h].
        people_per_vehicle: mean [-].
        share_on_foot: of the people [-].
        night_hours: local hours at which the night begins and ends; an assumption: when most people are asleep.
        utc_offset_hours: of local time [h]; ``None`` = from the longitude.
        clock: what local time that is, for the reader.
        drainage_hours: in which flooded land drains [h].
        agreed_chance: above which people are called [-]; an assumption until a place agrees on its own.
    """

    clearance_hours: float | None = None
    people_per_vehicle: float | None = None
    share_on_foot: float | None = None
    night_hours: tuple[float, float] = (22.0, 6.0)
    utc_offset_hours: float | None = None
    drainage_hours: float | None = None
    agreed_chance: float = PROBABILITY_FOR_LIVES
    clock: str = "by the sun"


@dataclass(frozen=True)
class ClearanceTime:
    """Hours until an area is clear, rounded up; decisions use the high bound.

    Attributes:
        day, night: if the decision falls by day or by night: 5, 50 and 95 % quantiles [h].
        assumptions: what the hours rest on, in sentences.
        without_shelter: people on foot without a place in a shelter; unknown where people or places are.
        where_to: refuges and how far the farthest home is from them; empty = none is known.
    """

    day: Hours
    night: Hours
    assumptions: tuple[str, ...]
    without_shelter: People
    where_to: str = ""


def clearance_time(people: People, ways: WaysOut, continent: str, settings: EvacuationSettings) -> ClearanceTime:
    """The clearance time of an area.

    Args:
        people: who must leave.
        ways: out of the area.
        continent: of the region, for the share that has no vehicle.
    """
    on_foot = _stated(settings.share_on_foot, SHARE_ON_FOOT[continent in MOTORISED])
    if ways.roads == 0:
        on_foot = _stated(1.0, on_foot)
    leaving = _Evacuation(people, ways, on_foot, _stated(settings.people_per_vehicle, INPUTS["people_per_vehicle"]))
    if settings.clearance_hours is not None:
        hours = math.ceil(settings.clearance_hours)
        note = f"The region file states {hours} hours by day and by night."
        return ClearanceTime(
            (hours, hours, hours), (hours, hours, hours), (note,), leaving.without_shelter, leaving.where_to
        )
    return ClearanceTime(
        leaving.hours(is_night=False),
        leaving.hours(is_night=True),
        (*leaving.unknowns, *leaving.assumptions),
        leaving.without_shelter,
        leaving.where_to,
    )


def hours_to_leave(departure: Floats, queue: Floats) -> Floats:
    """(N,) hours until the last have passed the way out.

    The share exp(−x² ln 20) has not left home at the part x of ``departure`` (Rayleigh), and all have at its end. Those
    who leave after any moment pass no faster than the way takes them: the largest of moment + their queue counts.

    Args:
        departure: (N,) time until 95 % have left home, and with it all [h].
        queue: (N,) time that all people together need to pass [h].
    """
    moment = np.linspace(0.0, 1.0, 101)[:, None]
    at_home = np.exp(-(moment**2) * math.log(1 / (1 - LEFT_SHARE)))
    return np.asarray(np.max(moment * departure + at_home * queue, axis=0))


def traffic_margin(queue: Floats) -> Floats:
    """(N,) hours for breakdowns, accidents and water on the road: 1, and 0.5 for each three hours of queue after three.

    An assumption, of the form of a safety factor in evacuation timelines.
    """
    return np.asarray(1.0 + 0.5 * np.maximum(np.ceil(queue / 3.0) - 1.0, 0.0))


def _stated(value: float | None, default: Quantity) -> Quantity:
    """The value without a range, or the default where none is stated."""
    return default if value is None else Quantity(value, value, value, default.unit, "region file")


@dataclass(frozen=True)
class _Evacuation:
    """Who leaves, and how."""

    people: People
    ways: WaysOut
    on_foot: Quantity
    per_vehicle: Quantity

    @cached_property
    def drawn(self) -> Mapping[str, Floats]:
        """Input → (N,) values at evenly spread quantiles, the same in every area."""
        inputs = {**INPUTS, "on_foot": self.on_foot, "people_per_vehicle": self.per_vehicle}
        drawn = {name: (each.low, each.value, each.high) for name, each in inputs.items()}
        people = self.people
        drawn["people"] = (0.0, 0.0, 0.0) if people.is_unknown else (people.low, people.likely, people.high)
        roads = float(self.ways.roads or 1)
        drawn["roads"] = (max(roads / 2, 1.0), roads, roads)
        return {
            name: np.interp(probability, (0.0, 0.5, 1.0), ends)
            for (name, ends), probability in zip(drawn.items(), _probabilities(len(drawn)), strict=True)
        }

    @cached_property
    def without_shelter(self) -> People:
        """People on foot for whom shelters have no place; unknown where places or people are."""
        if self.ways.places is None or self.people.is_unknown:
            return UNKNOWN
        low, likely, high = np.quantile(self._lacking, QUANTILES)
        return People.bounded(float(low), float(likely), float(high))

    @cached_property
    def _lacking(self) -> Floats:
        """(N,) people on foot without a place."""
        return np.maximum(self.drawn["people"] * self.drawn["on_foot"] - (self.ways.places or 0.0), 0.0)

    def hours(self, *, is_night: bool) -> Hours:
        """Quantiles, rounded up; the high one is at least ``UNKNOWN_HOURS`` where anything is unknown."""
        drawn = self.drawn
        slower = drawn["night_factor"] if is_night else 1.0
        departure = slower * drawn["departure"]
        walkers = drawn["people"] * drawn["on_foot"]
        riders = drawn["people"] - walkers
        distance = self.ways.walk(self._lacking == 0)
        way = distance * drawn["detour"] / drawn["walking_speed"] / SECONDS_PER_HOUR
        on_foot = hours_to_leave(departure, walkers / (drawn["roads"] * drawn["path_flow"])) + way
        queue = riders / (drawn["people_per_vehicle"] * drawn["roads"] * drawn["lane_capacity"])
        by_road = hours_to_leave(departure, queue) + traffic_margin(queue)
        left = np.maximum(np.where(walkers > 0, on_foot, departure), np.where(riders > 0, by_road, departure))
        total = np.quantile(drawn["decision"] + slower * drawn["warning"] + left, QUANTILES)
        low, likely, high = (math.ceil(each - ROUNDING) for each in total)
        return low, likely, max(high, math.ceil(UNKNOWN_HOURS)) if self.unknowns else high

    @cached_property
    def unknowns(self) -> tuple[str, ...]:
        """A sentence for each thing that is unknown and raises the high bound."""
        least, lacking = f"at least {UNKNOWN_HOURS:g} hours are assumed", self.without_shelter
        has_places = self.ways.to_shelter is not None and lacking.high == 0
        who = "all" if lacking.is_unknown else f"people without a place in a shelter ({format_people(lacking)})"
        found = (
            (self.people.is_unknown, f"How many people live here is unknown: {least}."),
            (self.ways.roads is None, f"The survey has no roads: one road out is assumed, and {least}."),
            (
                self.ways.to_safe_ground is None and not has_places,
                f"No safe ground is known for {who}: the area cannot be called clear, and {least}.",
            ),
        )
        return tuple(sentence for is_so, sentence in found if is_so)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the hours rest on."""
        warning, departure, lane = (_between(INPUTS[name]) for name in ("warning", "departure", "lane_capacity"))
        roads = self.ways.roads
        count = f"{roads or 1} road{'' if (roads or 1) == 1 else 's'} out"
        found = (
            f"{_between(INPUTS['decision'])} hours to decide, {warning} to warn everybody, {departure} to leave home;"
            f" warning and leaving take up to {INPUTS['night_factor'].high:g} times as long at night.",
            "No surveyed road leads out: everybody walks."
            if roads == 0
            else f"{_between(self.on_foot, 100)} % of the people walk, {_between(self.per_vehicle)} share a vehicle;"
            f" {count}, {lane} vehicles an hour on each, half of the roads in the worst case.",
            ""
            if not self.ways.closed
            else f"{self.ways.closed:,} surveyed road{' is' if self.ways.closed == 1 else 's are'} not counted as a way"
            " out: rain or rivers may close them, whatever the sea does.",
            self._walk,
            "The number of places in shelters is unknown." if self.ways.places is None else "",
        )
        return tuple(sentence for sentence in found if sentence)

    @property
    def where_to(self) -> str:
        """Refuges and how far the farthest home is from them, or nothing where none is known."""
        return " or ".join(f"{name} (up to {distance})" for name, distance in self._refuges)

    @property
    def _walk(self) -> str:
        known = [f"{distance} to {name}" for name, distance in self._refuges]
        return f"Walkers go up to {' or '.join(known)}, in a straight line." if known else ""

    @property
    def _refuges(self) -> list[tuple[str, str]]:
        """Name and greatest distance of each kind of refuge."""
        ground, shelter = self.ways.to_safe_ground, self.ways.to_shelter
        ways = (("a shelter", shelter), ("ground that stays out of dangerous depth", ground))
        return [(name, f"{metres / 1000:.1f} km") for name, metres in ways if metres is not None]


def _between(quantity: Quantity, scale: float = 1.0) -> str:
    """``1 to 4``, or one number without a range."""
    low, high = f"{scale * quantity.low:g}", f"{scale * quantity.high:g}"
    return low if low == high else f"{low} to {high}"


@cache
def _probabilities(count: int) -> Floats:
    """(count, N) points that fill the unit cube evenly: the middles of Sobol's sequence."""
    points = qmc.Sobol(count, scramble=False).random_base2(LOG_DRAWS)  # (N, count)
    return np.asarray(points.T + 0.5 / len(points))
