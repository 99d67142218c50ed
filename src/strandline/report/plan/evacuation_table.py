"""The evacuation areas as one short row each: when to move, how long it takes, who, where to, and else what."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from strandline.planning.early_action.evacuation.clearance_time import Hours
from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationArea, EvacuationAreas
from strandline.planning.early_action.evacuation.frequency import Frequency
from strandline.planning.early_action.hindcast import Hindcast
from strandline.planning.early_action.protocol import Phase, Protocol
from strandline.planning.early_action.trigger_constants import PROBABILITY_FOR_LIVES
from strandline.planning.early_action.verification import Verification
from strandline.planning.formatting import format_metres, format_people
from strandline.report.alerts.catalogue import name_of_zone
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS

COLUMNS = (
    "area", "dangerous from a sea of", "start to move", "hours to clear by day", "by night", "people", "where to",
    "with less time left",
)  # fmt: skip
TOO_LONG = "no forecast reaches so far: a person decides on the weather service's warnings"
INTRODUCTION = (
    "Area A is in danger first. Plan with the first number of hours, the longest; an area and those before it are"
    " cleared together. Hours begin with the decision. Clearance ends before the"
    " water may come. The zones are drawn in zones.geojson."
)


@dataclass(frozen=True)
class EvacuationRow:
    """An area in words, one cell for each of ``COLUMNS``."""

    cells: tuple[str, ...]


def evacuation_rows(evacuation: EvacuationAreas, protocol: Protocol | None) -> list[EvacuationRow]:
    """Return a row for each area."""
    return [_row(area, protocol) for area in evacuation.areas]


def evacuation_lines(
    evacuation: EvacuationAreas | None, protocol: Protocol | None = None, hindcasts: Sequence[Hindcast] = ()
) -> list[str]:
    """Return the table as Markdown, how often each area would be called, and its basis; nothing without zones."""
    if evacuation is None:
        return []
    lines = ["## Evacuation areas", ""]
    if evacuation.areas:
        lines += [
            INTRODUCTION,
            "",
            f"| {' | '.join(COLUMNS)} |",
            f"|{'---|' * len(COLUMNS)}",
            *(f"| {' | '.join(row.cells)} |" for row in evacuation_rows(evacuation, protocol)),
            "",
            *(f"- {sentence}" for sentence in about_areas(evacuation)),
            "",
            *_bullets("How often people would be called:", call_sentences(evacuation, protocol, hindcasts)),
            *_bullets("What the hours rest on:", _assumptions(evacuation.areas)),
        ]
    else:
        lines += ["No zone is known to become dangerous at any mapped sea level.", ""]
    if evacuation.unknown_zones:
        names = zones_in_words(evacuation, evacuation.unknown_zones)
        lines += [f"**No flood map, so a person on the spot decides:** {names}. Unknown does not mean safe.", ""]
    return lines


def zones_in_words(evacuation: EvacuationAreas, zones: Sequence[str]) -> str:
    """Zones for readers, separated by commas."""
    return ", ".join(name_of_zone(zone, evacuation.place_names) for zone in zones)


def about_areas(evacuation: EvacuationAreas) -> list[str]:
    """Return the zones of each area, how often it is in danger and who finds no shelter, and the hours of the night."""
    night = evacuation.night
    return [
        *(sentence for area in evacuation.areas for sentence in (_about(evacuation, area), _water(area))),
        f"Night: {evacuation.local_night} ({night.begins:02d}:00 to {night.ends:02d}:00 UTC, in whole hours).",
    ]


def call_sentences(evacuation: EvacuationAreas, protocol: Protocol | None, hindcasts: Sequence[Hindcast]) -> list[str]:
    """Return how often each area would have been called in the hindcast with all gauges; nothing without one."""
    results = {one.phase: one.result for one in hindcasts if one.condition == "all gauges work"}
    sentences = []
    for area in evacuation.areas:
        calls = [
            f"{each.label.split(':')[0].lower()}: {_calls(results[each.name])}"
            for each in _phases_of(area, protocol)
            if each.name in results
        ]
        if calls:
            sentences.append(f"Area {area.name}, {'; '.join(calls)}.")
    if not sentences:
        return []
    years = max(result.years for result in results.values())
    return [
        *sentences,
        f"Counted in {years:.1f} years of record with the forecast at hand. Every false call costs trust: agree with"
        f" the people on the {100 * _agreed(protocol):g} % before the first one.",
    ]


def _calls(result: Verification) -> str:
    """``called 3 times (…): 1 in time, 2 without a flood; 6 of 7 floods without help in time``."""
    floods = result.hits + result.misses
    missed = "" if not floods else f"; in time before {result.hits} of {floods} flood{'' if floods == 1 else 's'}"
    if result.calls == 0:
        return f"never called{missed}"
    times = "once" if result.calls == 1 else f"{result.calls} times"
    kinds = (
        (result.calls_in_time, "in time"),
        (result.late_calls, "too late"),
        (result.false_alarms, "without a flood"),
        (result.unverified, "that could not be checked"),
    )
    parts = ", ".join(f"{count} {what}" for count, what in kinds if count)
    often = Frequency(result.calls / result.years).in_words
    return f"called {times} ({often}): {parts}{missed}"


def _agreed(protocol: Protocol | None) -> float:
    return PROBABILITY_FOR_LIVES if protocol is None else protocol.agreed_chance


def _row(area: EvacuationArea, protocol: Protocol | None) -> EvacuationRow:
    phases = _phases_of(area, protocol)
    moves = [phase for phase in phases if phase.instead_of is None and phase.needed_hours[0] > 0]
    fallback = next((phase.actions[0].lower() for phase in phases if phase not in moves), "a person decides")
    day, night = area.day_hours, area.night_hours
    window = f"{day} to {HORIZON_HOURS} hours from now" + (
        "" if day == night else f" (at night {night} to {HORIZON_HOURS})"
    )
    start = f"more than {100 * _agreed(protocol):g} % chance of dangerous water {window}"
    return EvacuationRow(
        (
            area.name,
            _dangerous_from(area),
            start if moves else TOO_LONG if phases else "a person decides: the plan has no trigger for it",
            _hours(area.clearance.day),
            _hours(area.clearance.night),
            format_people(area.people, in_table=True) if area.people.high != 0 else "no home is surveyed",
            area.clearance.where_to or "no refuge is known",
            fallback,
        )
    )


def _dangerous_from(area: EvacuationArea) -> str:
    """The sea's level and how often it comes, and how often all drivers bring such danger."""
    by_sea = f"about {format_metres(area.level)} ({area.frequency.in_words})" if math.isfinite(area.level) else "none"
    if area.all_drivers is None:
        return by_sea
    return f"{by_sea}; with {area.all_drivers.others}: {area.all_drivers.how_often}"


def _phases_of(area: EvacuationArea, protocol: Protocol | None) -> list[Phase]:
    """The phases for the lives of the area, those to move first."""
    phases = () if protocol is None else protocol.phases
    return [phase for phase in phases if phase.life_safety and phase.where == area.zones]


def _about(evacuation: EvacuationAreas, area: EvacuationArea) -> str:
    without = format_people(area.clearance.without_shelter)
    zones = zones_in_words(evacuation, area.zones)
    walkers = "walkers without a place in a shelter, together with the areas before it"
    return f"Area {area.name}: {zones}; {walkers}: {without}."


def _water(area: EvacuationArea) -> str:
    """How early the water may come and how long it may stand, by simulated floods."""
    if not math.isfinite(area.level):
        return (
            f"Area {area.name} is in danger by rain or rivers alone: when their water comes and how long it stands was"
            " not simulated, and both are unknown."
        )
    if area.water is None:
        return f"When the water comes to area {area.name} and how long it stands was not simulated: both are unknown."
    ahead, stands = area.water.ahead_hours, area.water.standing_in_words
    comes = (
        f"may come up to {ahead} hour{'' if ahead == 1 else 's'} before the sea passes that level"
        if ahead
        else "comes when the sea passes that level, or later"
    )
    others = ""
    if area.all_drivers is not None:
        others = f" Water of {area.all_drivers.others} may come sooner and stand longer: it was not simulated."
    doubt = "" if area.water.storms else " (an allowance: no simulated storm shows it)"
    return f"Water in area {area.name} {comes}{doubt}. It may stand {stands} after the sea has fallen below it.{others}"


def _hours(hours: Hours) -> str:
    low, likely, high = hours
    return f"**{high}**" if low == high else f"**{high}** (likely {likely}, at best {low})"


def _bullets(title: str, sentences: Sequence[str]) -> list[str]:
    return [title, "", *(f"- {sentence}" for sentence in sentences), ""] if sentences else []


def _assumptions(areas: tuple[EvacuationArea, ...]) -> list[str]:
    """Each sentence once, with the areas that it holds for where it does not hold for all."""
    holders: dict[str, list[str]] = {}
    for area in areas:
        for sentence in area.clearance.assumptions:
            holders.setdefault(sentence, []).append(area.name)
    return [
        sentence if len(names) == len(areas) else f"{', '.join(names)}: {sentence}"
        for sentence, names in holders.items()
    ]
