"""Phases of one evacuation area: to leave in time, and the fallback inside the clearance time."""

from dataclasses import dataclass
from typing import Protocol as Interface

import numpy as np

from strandline.planning.early_action.evacuation.all_drivers import AllDrivers
from strandline.planning.early_action.evacuation.area_water import AreaWater
from strandline.planning.early_action.neighbour_rule import NO_NEIGHBOUR, NeighbourRule
from strandline.planning.early_action.protocol import DegradedRule, Event, Indicator, InsteadOf, Phase, StopRule
from strandline.planning.early_action.trigger_constants import (
    DANGER,
    DECIDED_BY,
    DEFERRAL_HOURS,
    DRAINED_SHARE,
    FLOODED_SHARE,
    FORECAST,
    FORECAST_OF_THE_PLACE,
    NEIGHBOUR,
    PRIOR,
    PROBABILITY_FOR_LIVES,
    REACHED,
    SCENE_HOURS,
    STOP_HOURS,
    STOP_SHARE,
    UNDECIDED_HOURS,
    VALID_HOURS,
)
from strandline.planning.measures import OperationalMeasure
from strandline.risk.hazard.hazard import Hazard
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS


class DangerousArea(Interface):
    """What a trigger needs of an evacuation area."""

    @property
    def name(self) -> str:
        """A letter; empty = the whole region."""

    @property
    def zones(self) -> tuple[str, ...]:
        """Names of its zones; empty = the whole region."""

    @property
    def levels(self) -> tuple[float, ...]:
        """(S,) sea level at which dangerous depth begins in each sample of the maps [m, region datum]; ∞ = never."""

    @property
    def level(self) -> float:
        """The level to show [m, region datum]."""

    @property
    def day_hours(self) -> int:
        """Hours before the sea passes the level at which to start by day: clearance, and ``ahead_hours`` [h]."""

    @property
    def night_hours(self) -> int:
        """The same at night [h]."""

    @property
    def ahead_hours(self) -> int:
        """Hours by which the water may come before the sea passes the level [h]."""

    @property
    def water(self) -> AreaWater | None:
        """When it comes and how long it stands; ``None`` = unknown."""

    @property
    def basis(self) -> str:
        """What the level and the clearance time rest on, as a part of a sentence."""

    @property
    def all_drivers(self) -> AllDrivers | None:
        """Danger by sea, rain and rivers together; ``None`` = not mapped."""


@dataclass(frozen=True)
class WholeRegion:
    """The region as one area, where no zone's danger is known."""

    levels: tuple[float, ...]
    day_hours: int
    basis: str
    name: str = ""
    zones: tuple[str, ...] = ()
    ahead_hours: int = 0
    water: AreaWater | None = None
    all_drivers: AllDrivers | None = None

    @classmethod
    def of(cls, measure: OperationalMeasure, hazard: Hazard) -> "WholeRegion":
        """From the most frequent return level on, with the catalogue's lead time."""
        basis = f"no evacuation area is known: from the level of once in {hazard.return_periods[0]:g} years on"
        hours = int(np.ceil(measure.lead_window_hours[0]))
        return cls(tuple(np.sort(hazard.levels[:, 0]).tolist()), hours, basis)

    @property
    def level(self) -> float:
        """The level to show [m, region datum]."""
        return float(np.mean(self.levels))

    @property
    def night_hours(self) -> int:
        """Upper bound of the clearance time at night [h]."""
        return self.day_hours


@dataclass(frozen=True, eq=False)
class AreaTriggers:
    """The phases of one area, in the order in which they are decided.

    Attributes:
        has_night: whether the protocol tells day from night.
        drainage_hours: stated time in which flooded land drains [h]; ``None`` = not known.
        neighbour: how a neighbouring gauge decides without a forecast; ``None`` = there is none.
        without_neighbour: why there is none, as a part of a sentence.
        agreed_chance: above which people are called [-].
    """

    measure: OperationalMeasure
    area: DangerousArea
    has_night: bool
    drainage_hours: float | None
    neighbour: NeighbourRule | None
    without_neighbour: str = NO_NEIGHBOUR
    agreed_chance: float = PROBABILITY_FOR_LIVES

    @property
    def notes(self) -> tuple[str, ...]:
        """What the forecast cannot do for this area."""
        if self._is_reached:
            return ()
        where = f"area {self.area.name}" if self.area.name else "the whole region"
        return (
            f"{self.measure.title}, {where}: clearance must begin {self._longest} h ahead and the forecast reaches"
            f" {HORIZON_HOURS} h: it cannot carry this evacuation. Only the fallback has a trigger.",
        )

    @property
    def indicators(self) -> dict[str, Indicator]:
        """Those that the phases name."""
        day, night, reach, agreed = self.area.day_hours, self.area.night_hours, HORIZON_HOURS, self.agreed_chance
        kept = DEFERRAL_HOURS + STOP_HOURS
        found = {
            "flood": self._ahead(agreed, (0, reach), (0, reach)),
            "left": self._ahead(agreed * STOP_SHARE, (0, day + kept), (0, night + kept)),
            "reached": self._ahead(REACHED, (0, 0), (0, 0)),
            "drained": self._drained(),
        }
        if self._is_reached:
            found |= {
                "in_time": self._ahead(agreed, (day, reach), (night, reach), first_passage=True),
                "near": self._ahead(0.0, (0, day + DEFERRAL_HOURS), (0, night + DEFERRAL_HOURS)),
                "soon": self._ahead(agreed, (0, max(day - 1, 0)), (0, max(night - 1, 0))),
            }
        if self.neighbour is not None and self._by_sea:
            threshold = self.neighbour.threshold(self.area.level, self._longest)
            if threshold is not None:
                found["neighbour"] = threshold.indicator(NEIGHBOUR, VALID_HOURS)
        return {self._name(name): indicator for name, indicator in found.items()}

    @property
    def phases(self) -> tuple[Phase, ...]:
        """To leave in time, where the forecast reaches so far, and the fallback, where the measure has one."""
        phases = [self._main()] if self._is_reached else []
        return (*phases, *(() if self.measure.fallback is None else (self._fallback(),)))

    @property
    def _longest(self) -> int:
        return max(self.area.day_hours, self.area.night_hours if self.has_night else 0)

    @property
    def _is_reached(self) -> bool:
        return self._longest < HORIZON_HOURS

    def _name(self, what: str) -> str:
        return "_".join(part for part in (what, self.area.name.lower(), self.measure.key) if part)

    def _ahead(
        self, probability: float, day: tuple[int, int], night: tuple[int, int], *, first_passage: bool = False
    ) -> Indicator:
        by_day, at_night = ((min(first, HORIZON_HOURS), min(last, HORIZON_HOURS)) for first, last in (day, night))
        return Indicator(
            variable=FORECAST,
            operator=">=",
            value=_rounded(self.area.level),
            values=tuple(_rounded(level) for level in self.area.levels),
            danger=None if self.area.all_drivers is None else danger_stream(self.area.name),
            unit="m",
            probability=probability,
            first_passage=first_passage,
            lead_window_hours=by_day,
            at_night_hours=at_night if self.has_night and at_night != by_day else None,
            valid_hours=VALID_HOURS,
            source=FORECAST_OF_THE_PLACE,
        )

    def _drained(self) -> Indicator:
        return Indicator(
            variable="_".join(part for part in (FLOODED_SHARE, self.area.name.lower()) if part),
            operator="<=",
            value=DRAINED_SHARE,
            unit="1",
            lead_window_hours=(0, 0),
            valid_hours=SCENE_HOURS,
            source="flood scenes that show every zone of the area",
        )

    def _main(self) -> Phase:
        in_time, near, soon = (self._name(what) for what in ("in_time", "near", "soon"))
        return self._phase(
            self.measure.key,
            self.measure.title,
            response=self.measure.response,
            crews=self.measure.crews,
            when=self._when(f"between {self._hours} and {HORIZON_HOURS} hours from now")
            + f", and not later than {DEFERRAL_HOURS} hours before the last moment to start",
            start=f"{in_time} and {near} and not {soon}",
            needed_hours=(self.area.day_hours, self.area.night_hours),
        )

    def _fallback(self) -> Phase:
        assert self.measure.fallback is not None
        flood, in_time, soon = (self._name(what) for what in ("flood", "in_time", "soon"))
        start = f"{soon} or ({flood} and not {in_time})" if self._is_reached else flood
        main = "_".join(part for part in (self.measure.key, self.area.name.lower()) if part)
        return self._phase(
            self.measure.fallback.key,
            self.measure.fallback.title,
            action=self.measure.fallback.key,
            response=self.measure.fallback.response,
            start=start,
            when=self._when(f"sooner than the {self._hours} hours that clearing the area before the water takes"),
            instead_of=InsteadOf(phase=main, indicator=soon) if self._is_reached else None,
        )

    def _phase(self, key: str, title: str, **more: object) -> Phase:
        by_hand = self._name("neighbour")
        has_neighbour = by_hand in self.indicators
        return Phase.model_validate(
            {
                "name": "_".join(part for part in (key, self.area.name.lower()) if part),
                "title": f"{title}: area {self.area.name}" if self.area.name else title,
                "action": self.measure.key,
                "actions": (title,),
                "where": self.area.zones,
                "classes": self.measure.classes,
                "event": Event(variable="water_level", operator=">=", value=_rounded(self.area.level), unit="m")
                if self._by_sea
                else None,
                "life_safety": True,
                "ahead_hours": self.area.ahead_hours,
                "why": self._why(),
                "stop": StopRule(
                    when=f"not {self._name('left')}",
                    for_hours=STOP_HOURS,
                    reached=self._name("reached"),
                    drained=self._name("drained"),
                    drainage_hours=self.drainage_hours,
                    standing_hours=None if self.area.water is None else self.area.water.standing_hours,
                    has_no_end=self.area.water is not None
                    and (self.area.water.has_no_end or self.area.all_drivers is not None),
                ),
                "degraded": DegradedRule(
                    after_hours=UNDECIDED_HOURS,
                    fallback=by_hand if has_neighbour else None,
                    no_fallback="" if has_neighbour else self._no_neighbour,
                    prior=PRIOR,
                    decided_by=DECIDED_BY,
                ),
                **more,
            }
        )

    @property
    def _no_neighbour(self) -> str:
        if not self._by_sea:
            return "no gauge of the sea tells of rain or a river"
        if self.neighbour is None:
            return self.without_neighbour
        return self.neighbour.why_none(self.area.level, self._longest)

    @property
    def _by_sea(self) -> bool:
        """Whether the sea alone endangers the area at any mapped level."""
        return bool(np.isfinite(self.area.level))

    @property
    def _danger(self) -> str:
        """What the chance is of, as a part of a sentence: of a level only where it is known which one is dangerous."""
        drivers, is_known = self.area.all_drivers, len(set(self.area.levels)) == 1
        sea = (
            f"that the sea passes about {self.area.level:.2f} m" if is_known else "of water that is dangerous to people"
        )
        if drivers is None:
            return sea
        together = f"that {drivers.together} put it under dangerous water"
        return f"{sea}, or {together}," if is_known and self._by_sea else together

    def _when(self, window: str) -> str:
        return f"when the chance {self._danger} {window} is more than {100 * self.agreed_chance:g} %"

    @property
    def _hours(self) -> str:
        return self._by_day_and_night(self.area.day_hours, self.area.night_hours)

    def _by_day_and_night(self, day: int, night: int) -> str:
        return f"{day}" if day == night or not self.has_night else f"{day} (at night {night})"

    def _why(self) -> str:
        ahead = self.area.ahead_hours
        clearing = self._by_day_and_night(self.area.day_hours - ahead, self.area.night_hours - ahead)
        water = (
            f", and the water may come up to {ahead} hour{'' if ahead == 1 else 's'} before the sea is there"
            if ahead
            else ""
        )
        return (
            f"For lives, not for money: a chance of more than {100 * self.agreed_chance:g} % {self._danger.rstrip(',')}"
            f" ({self.area.basis})."
            f" Clearing the area takes up to {clearing} hours{water}."
        )


def danger_stream(area: str) -> str:
    """Variable of the forecast of danger to an area by all drivers together [1]: 1 = dangerous, 0 = not."""
    return "_".join(part for part in (DANGER, area.lower()) if part)


def _rounded(level: float) -> float:
    return round(level, 3) if np.isfinite(level) else NEVER


NEVER = 999.0
"""Level [m] that stands in for "not dangerous at any mapped level" in a protocol."""
