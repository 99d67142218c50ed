"""The evacuation areas as Markdown: who lives there, from which sea it is dangerous, and how long leaving takes."""

import math

from strandline.planning.early_action.evacuation.clearance_time import Hours
from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationArea, EvacuationAreas
from strandline.planning.formatting import format_metres, format_people

COLUMNS = (
    "area", "zones", "people", "dangerous from a sea of", "about once in", "hours to clear by day", "by night",
    "walkers without a place in a shelter, with the areas before",
)  # fmt: skip


def evacuation_lines(evacuation: EvacuationAreas | None) -> list[str]:
    """The table of areas, what it rests on, and the zones that no flood map covers; nothing without zones."""
    if evacuation is None:
        return []
    lines = ["## Evacuation areas", ""]
    if evacuation.areas:
        lines += [
            "Area A is in danger first. Plan with the first number of hours, the longest; an area and those before it"
            " are cleared together. Hours begin with the decision.",
            "",
            f"| {' | '.join(COLUMNS)} |",
            f"|{'---|' * len(COLUMNS)}",
            *(f"| {' | '.join(_cells(area))} |" for area in evacuation.areas),
            "",
            "What the hours rest on:",
            "",
            *_assumptions(evacuation.areas),
        ]
    else:
        lines += ["No zone is known to become dangerous at any mapped sea level."]
    if evacuation.unknown_zones:
        names = ", ".join(evacuation.unknown_zones)
        lines += ["", f"**No flood map, so a person on the spot decides:** {names}. Unknown does not mean safe."]
    return [*lines, ""]


def _cells(area: EvacuationArea) -> tuple[str, ...]:
    places = area.clearance.without_shelter
    return (
        area.name,
        ", ".join(area.zones),
        format_people(area.people) if area.people[2] != 0 else "no home is surveyed",
        format_metres(area.level),
        f"{area.return_period:.0f} years" if math.isfinite(area.return_period) else "longer than the maps cover",
        _hours(area.clearance.day),
        _hours(area.clearance.night),
        "unknown" if places is None else format_people(places),
    )


def _hours(hours: Hours) -> str:
    low, likely, high = hours
    return f"**{high}**" if low == high else f"**{high}** (likely {likely}, at best {low})"


def _assumptions(areas: tuple[EvacuationArea, ...]) -> list[str]:
    """Each sentence once, with the areas that it holds for where it does not hold for all."""
    holders: dict[str, list[str]] = {}
    for area in areas:
        for sentence in area.clearance.assumptions:
            holders.setdefault(sentence, []).append(area.name)
    return [
        f"- {sentence}" if len(names) == len(areas) else f"- {', '.join(names)}: {sentence}"
        for sentence, names in holders.items()
    ]
