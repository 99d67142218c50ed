"""The rule by hand: the reading of a neighbouring gauge at which acting still precedes the water here."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Times
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.observations.weather.storms import find_storms
from strandline.planning.early_action.protocol import Event, Indicator
from strandline.planning.early_action.verification import find_events

FEWEST_EVENTS = 5
"""Events that a threshold is chosen from; where the record has fewer, the highest storms stand in for them."""
IN_TIME = 0.9
"""Share of the events before which the threshold is reached early enough [-]; an assumption."""
LOOK_BACK_HOURS = 24
"""A reading earlier than this before the last moment to act belongs to another tide or storm [h]."""
NO_NEIGHBOUR = "there is no neighbouring gauge"
"""Why no neighbour decides, where none is known."""
MOST_ALARMS = 12.0
"""Alarms a year beyond which nobody would follow the rule; an assumption: one a month."""


@dataclass(frozen=True)
class NeighbourThreshold:
    """A reading of the neighbour that starts an action.

    Attributes:
        value: [m, on the neighbour's own zero].
        needed_hours: time that acting takes [h].
        in_time, events: before how many of how many past events it was reached that long before.
        alarms_per_year: how often it is reached, or for how many days in all if that is more [a-1].
    """

    value: float
    needed_hours: float
    in_time: int
    events: int
    alarms_per_year: float

    def indicator(self, variable: str, valid_hours: float) -> Indicator:
        """The condition on the neighbour's readings."""
        return Indicator(
            variable=variable,
            operator=">=",
            value=self.value,
            unit="m",
            lead_window_hours=(0, 0),
            valid_hours=valid_hours,
            source=(
                f"neighbouring gauge, on its own zero; reached {self.needed_hours:g} h or more before"
                f" {self.in_time} of {self.events} past floods, and {self.alarms_per_year:.1f} times a year"
            ),
        )


@dataclass(frozen=True, eq=False)
class NeighbourRule:
    """A record of both gauges, from which thresholds of the neighbour are chosen.

    Attributes:
        time: (T,) UTC, hourly.
        own: (T,) own level [m, region datum]; NaN = not observed.
        neighbour: (T,) the neighbour's level [m, its own zero]; NaN = not observed.
    """

    time: Times
    own: Floats
    neighbour: Floats

    def threshold(self, level: float, needed_hours: float) -> NeighbourThreshold | None:
        """The reading that precedes an own level [m] by ``needed_hours`` in ``IN_TIME`` of the past events or more.

        The lower empirical quantile of what was highest before each. ``None`` where no reading does so: then a person
        decides on the storm warning. See ``why_none``.
        """
        found = self._choose(level, needed_hours)
        return None if isinstance(found, str) else found

    def why_none(self, level: float, needed_hours: float) -> str:
        """Why ``threshold`` gives none, as a part of a sentence; empty where it gives one."""
        found = self._choose(level, needed_hours)
        return found if isinstance(found, str) else ""

    def _choose(self, level: float, needed_hours: float) -> NeighbourThreshold | str:
        """A threshold, or why there is none: too few past events, or more than ``MOST_ALARMS`` alarms a year."""
        onsets = find_events(self.time, self.own, Event(variable="water_level", operator=">=", value=level, unit="m"))
        onset = onsets.onset
        if onset.size < FEWEST_EVENTS:
            onset = np.array([storm.peak for storm in find_storms(self.time, self.own, 2 * FEWEST_EVENTS)])
        at = np.searchsorted(self.time, onset)
        needed = int(np.ceil(needed_hours))
        spans = [self.neighbour[max(i - needed - LOOK_BACK_HOURS, 0) : max(i - needed + 1, 0)] for i in at.tolist()]
        highest = np.array([np.nanmax(span) for span in spans if np.isfinite(span).any()])
        if highest.size < FEWEST_EVENTS:
            return (
                f"the neighbouring gauge was read before {highest.size} past floods or storms, and a threshold needs"
                f" {FEWEST_EVENTS}"
            )
        value = float(np.floor(np.quantile(highest, 1 - IN_TIME, method="lower") * 100) / 100)
        event = Event(variable="water_level", operator=">=", value=value, unit="m")
        years = float(np.isfinite(self.neighbour).sum()) / HOURS_PER_YEAR
        calls = find_events(self.time, self.neighbour, event).onset.size
        days = float((self.neighbour >= value).sum()) / 24  # high water at every tide is a single event
        alarms = max(calls, days) / max(years, 1e-9)
        if alarms > MOST_ALARMS:
            return (
                f"to show a flood {needed_hours:g} hour{'' if needed_hours == 1 else 's'} ahead the neighbouring"
                f" gauge would have to call about {np.ceil(alarms):.0f} times a year, and more than {MOST_ALARMS:g}"
                " calls nobody follows"
            )
        return NeighbourThreshold(value, needed_hours, int((highest >= value).sum()), highest.size, alarms)
