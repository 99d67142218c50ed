"""Which warnings the plan's triggers would give for the forecast at hand, as drafts for a person to confirm."""

import re

import numpy as np
import pandas as pd

from strandline.planning.triggers import Trigger
from strandline.report.alerts import FloodWarning, rarity_of
from strandline.report.area import warned_polygon
from strandline.report.facts import Findings
from strandline.report.forecast import ForecastTrace, exceedance_probability, forecast_of_the_peak
from strandline.report.products import return_levels
from strandline.report.words import metres, moment, percent

WORTH_A_DRAFT = 0.05
"""Chance [-] from which a trigger gets a draft of its own."""
IN_THE_AREA = 0.33
"""Flood probability [-] from which a cell belongs to the warned area."""


def draft_warnings(findings: Findings) -> list[FloodWarning]:
    """One draft for each water-level trigger that the shown forecast may set off, the likeliest first.

    Where none reaches a chance of 5 %, the likeliest alone is drafted, so that there is a text to check; its certainty
    says *Unlikely*. A plan without such triggers gets a draft for its most frequent return level.
    """
    trace = forecast_of_the_peak(findings.surge)
    if trace is None:
        return []
    triggers = [trigger for trigger in findings.plan.triggers if _is_about_water_level(trigger)]
    drafts = [_draft(findings, trace, trigger.value, trigger) for trigger in triggers] or [
        _draft(findings, trace, float(return_levels(findings.hazard)["p50"].iloc[0]), None)
    ]
    known = sorted((draft for draft in drafts if draft is not None), key=lambda draft: -draft.probability)
    return [draft for draft in known if draft.probability >= WORTH_A_DRAFT] or known[:1]


def _is_about_water_level(trigger: Trigger) -> bool:
    return "water_level" in trigger.indicator and trigger.unit == "m" and trigger.operator in (">", ">=")


def _draft(findings: Findings, trace: ForecastTrace, level: float, trigger: Trigger | None) -> FloodWarning | None:
    """The draft for ``level`` [m]; ``None`` where the forecast gives no probability."""
    rows, hazard = trace.rows, findings.hazard
    chance = exceedance_probability(rows, level)  # (T,)
    if np.isnan(chance).all():
        return None
    greatest = float(np.max(chance[~np.isnan(chance)]))
    during = rows["time"][chance >= greatest / 2]
    issued = trace.issue_time
    if issued is None:
        issued = pd.Timestamp(during.iloc[0]) - pd.Timedelta(hours=trace.lead_h or 0.0)
    middle = return_levels(hazard)["p50"].tolist()
    scene = min(int(np.searchsorted(middle, level)), len(middle) - 1)
    land = findings.observations.terrain["permanent_water"].to_numpy() != 1
    place = hazard.region.name
    slug = re.sub(r"[^a-z0-9]+", "-", f"{place} {trigger.name if trigger else 'water level'}".lower()).strip("-")
    when = moment(pd.Timestamp(during.iloc[0]))
    return FloodWarning(
        identifier=f"strandline-{slug}-{level:.2f}m-{issued:%Y%m%dT%H%M}",
        provenance=findings.provenance,
        issued=issued,
        onset=pd.Timestamp(during.iloc[0]),
        expires=pd.Timestamp(during.iloc[-1]) + pd.Timedelta(hours=1),
        probability=greatest,
        return_period=rarity_of(max(level, float(rows["p50"].max())), middle, hazard.return_periods),
        event="Coastal flood",
        headline=f"{place}: chance of {percent(greatest)} that the sea passes {metres(level)}, first on {when}",
        description=(
            f"The water level may pass {metres(level)} above {hazard.region.vertical_datum}; the chance is "
            f"{percent(greatest)} in the likeliest hour. The area drawn is where the flood map for the "
            f"{hazard.return_periods[scene]:g}-year level gives {percent(IN_THE_AREA)} or more. Cells without data are "
            "not in it; they may flood as well."
        ),
        instruction=_instruction(trigger),
        area=place,
        polygon=warned_polygon(hazard.region, land & (hazard.flood_probability[scene] >= IN_THE_AREA)),
        parameters=(
            ("waterLevel", f"{level:.2f} m"),
            ("verticalDatum", hazard.region.vertical_datum),
            ("provenance", findings.provenance),
            ("trigger", trigger.name if trigger else "most frequent return level"),
        ),
    )


def _instruction(trigger: Trigger | None) -> str:
    if trigger is None:
        return "Confirm the forecast before anything is done."
    stop, degraded = trigger.stop, trigger.degraded
    return (
        f"Confirm the forecast first. Then: {trigger.action.replace('_', ' ')}. {trigger.why} "
        f"Stand down when the level has stayed below {metres(stop.value)} for {stop.hours:g} hours. "
        f"If no reading comes for {degraded.after_hours:g} hours: {degraded.prior}; {degraded.decided_by} decides."
    )
