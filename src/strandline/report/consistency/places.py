"""Places: an action names only what was surveyed or mapped."""

from collections.abc import Iterator

from strandline.planning.plan import Plan
from strandline.report.consistency.agreement import is_same
from strandline.risk.impact.impact import Impact

LEVEL_STEP = 0.001
"""To which the level of a trigger is rounded [m]."""


def places_are_known(plan: Plan, impact: Impact) -> Iterator[str]:
    """Actions name assets and zones that exist, a zone is in one evacuation area, and its trigger has its level."""
    areas = () if plan.evacuation is None else plan.evacuation.areas
    phases = () if plan.protocol is None else plan.protocol.phases
    zones = [name for area in areas for name in area.zones]
    for name in sorted({name for name in zones if zones.count(name) > 1}):
        yield f"The zone {name!r} is in two evacuation areas."
    known = {*impact.assets["asset_id"].astype(str), *zones, *(name for phase in phases for name in phase.where)}
    for action in plan.actions:
        unknown = [name for name in action.where if name not in known]
        if unknown:
            yield f"{action.title} names {unknown[0]!r}, which is no asset and no zone of this place."
    for area in areas:
        for phase in phases:
            if phase.event is not None and phase.where == area.zones:
                stated = phase.event.value
                if abs(stated - area.level) > LEVEL_STEP and not is_same(stated, area.level):
                    yield (
                        f"Evacuation area {area.name} is in danger from {area.level:.2f} m, but its trigger"
                        f" {phase.label!r} is for {stated:.2f} m."
                    )
