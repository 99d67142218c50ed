"""Draft warnings of the plan's triggers for the forecast shown, for a person to confirm."""

import re

import numpy as np
import pandas as pd

from strandline.planning.early_action.protocol import Phase, Protocol
from strandline.planning.early_action.trigger_constants import FORECAST
from strandline.planning.early_action.triggers import replay
from strandline.planning.formatting import format_expression, format_metres, format_percent, format_time
from strandline.report.alerts.area import warned_polygon
from strandline.report.alerts.cap import FloodWarning, rarity_of
from strandline.report.alerts.forecast_trace import (
    ForecastTrace,
    as_stream,
    exceedance_probability,
    forecast_of_the_peak,
)
from strandline.report.findings import RunResults
from strandline.report.products import return_levels

MIN_DRAFT_PROBABILITY = 0.05
"""Probability [-] from which a trigger gets its own draft."""
AREA_PROBABILITY = 0.33
"""Flood probability [-] from which a cell belongs to the warned area."""


def draft_warnings(results: RunResults) -> list[FloodWarning]:
    """Return one draft for each water-level phase that the forecast may trigger, by descending probability.

    Where none reaches a probability of 5 %, only the most likely one is drafted, so that there is a text to check; its
    certainty is *Unlikely*. A plan without such phases gets a draft for its most frequent return level.
    """
    trace = forecast_of_the_peak(results.surge)
    if trace is None:
        return []
    protocol = results.plan.protocol
    phases = [] if protocol is None else [phase for phase in protocol.phases if _is_high_water_phase(phase)]
    started = set() if protocol is None else _started(protocol, trace)
    drafts = [
        _draft(results, trace, phase.event.value, phase, phase.name in started) for phase in phases if phase.event
    ]
    if not phases:
        drafts = [_draft(results, trace, float(return_levels(results.hazard)["p50"].iloc[0]), None, False)]
    known = sorted((draft for draft in drafts if draft is not None), key=lambda draft: -draft.probability)
    return [draft for draft in known if draft.probability >= MIN_DRAFT_PROBABILITY] or known[:1]


def _is_high_water_phase(phase: Phase) -> bool:
    event = phase.event
    return event is not None and (event.variable, event.unit, event.operator[0]) == ("water_level", "m", ">")


def _started(protocol: Protocol, trace: ForecastTrace) -> set[str]:
    """Return the phases that this forecast alone starts."""
    stream = as_stream(trace)
    clock = np.unique(stream.issued)
    return {name for name, replayed in replay(protocol, {FORECAST: stream}, clock).items() if replayed.active.any()}


def _draft(
    results: RunResults, trace: ForecastTrace, level: float, phase: Phase | None, is_started: bool
) -> FloodWarning | None:
    """Return the draft for ``level`` [m]; ``None`` where the forecast gives no probability."""
    rows, hazard = trace.rows, results.hazard
    probability = exceedance_probability(rows, level)  # (T,)
    if np.isnan(probability).all():
        return None
    greatest = float(np.max(probability[~np.isnan(probability)]))
    during = rows["time"][probability >= greatest / 2]
    issued = trace.issue_time
    if issued is None:
        issued = pd.Timestamp(during.iloc[0]) - pd.Timedelta(hours=trace.lead_h or 0.0)
    middle = return_levels(hazard)["p50"].tolist()
    period = min(int(np.searchsorted(middle, level)), len(middle) - 1)
    land = results.observations.terrain["permanent_water"].to_numpy() != 1
    area = hazard.region.name
    slug = re.sub(r"[^a-z0-9]+", "-", f"{area} {phase.name if phase else 'water level'}".lower()).strip("-")
    when = format_time(pd.Timestamp(during.iloc[0]))
    return FloodWarning(
        identifier=f"strandline-{slug}-{level:.2f}m-{issued:%Y%m%dT%H%M}",
        subject=slug,
        provenance=results.provenance,
        issued=issued,
        onset=pd.Timestamp(during.iloc[0]),
        expires=pd.Timestamp(during.iloc[-1]) + pd.Timedelta(hours=1),
        probability=greatest,
        return_period=rarity_of(max(level, float(rows["p50"].max())), middle, hazard.return_periods),
        event="Coastal flood",
        headline=f"{area}: chance of {format_percent(greatest)} that the sea rises above {format_metres(level)},"
        f" first on {when}",
        description=(
            f"The water level may exceed {format_metres(level)} above {hazard.region.vertical_datum}; the chance is "
            f"{format_percent(greatest)} in the most likely hour. The area shown is where the flood map for the "
            f"{hazard.return_periods[period]:g}-year level gives a chance of {format_percent(AREA_PROBABILITY)} or "
            "more. Areas without data are not in it; they may flood as well."
        ),
        instruction=_instruction(results.plan.protocol, phase, is_started),
        response=phase.response if phase is not None and is_started else "Monitor",
        area=area,
        polygon=warned_polygon(hazard.region, land & (hazard.flood_probability[period] >= AREA_PROBABILITY)),
        parameters=(
            ("waterLevel", f"{level:.2f} m"),
            ("verticalDatum", hazard.region.vertical_datum),
            ("provenance", results.provenance),
            ("trigger", phase.name if phase else "most frequent return level"),
            ("triggerReached", "yes" if is_started else "no"),
        ),
    )


def _instruction(protocol: Protocol | None, phase: Phase | None, is_started: bool) -> str:
    if protocol is None or phase is None:
        return "Confirm the forecast before anything is done."
    stop, degraded, indicators = phase.stop, phase.degraded, protocol.indicators
    first = "Confirm the forecast first. Then" if is_started else "The trigger is not reached: monitor. If it is"
    return (
        f"{first}: {'; '.join(phase.actions)}. {phase.why} "
        f"Stand down when this has held for {stop.for_hours:g} hours: {format_expression(stop.when, indicators)}. "
        f"Without readings for {degraded.after_hours:g} hours: {degraded.prior}; {degraded.decided_by} decides."
    )
