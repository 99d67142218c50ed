"""Draft warnings of the plan's triggers for the forecast shown, for a person to confirm."""

import re

import numpy as np
import pandas as pd

from strandline.planning.early_action.protocol import Phase, Protocol
from strandline.planning.early_action.trigger_constants import FORECAST
from strandline.planning.early_action.triggers import replay
from strandline.report.alerts.area import area_of_cells
from strandline.report.alerts.cap import FloodWarning, rarity_of
from strandline.report.alerts.exceedance import exceedance_of_quantiles
from strandline.report.alerts.forecast_trace import ForecastTrace, as_stream, forecast_of_the_peak
from strandline.report.alerts.wording import Content, compose
from strandline.report.findings import RunResults
from strandline.report.products import return_levels

MIN_DRAFT_PROBABILITY = 0.05
"""Probability [-] from which a trigger gets its own draft."""
AREA_PROBABILITY = 0.33
"""Flood probability [-] from which a cell belongs to the warned area."""


def draft_warnings(results: RunResults) -> list[FloodWarning]:
    """Return one draft for each water-level phase that the forecast may trigger, by descending probability.

    Of a real place, only hours after the run count: a forecast of the past gives no draft. A simulated place gives an
    exercise about its past. Where no phase reaches a probability of 5 %, only the most likely one is drafted, so that
    there is a text to check; its certainty is *Unlikely*. A plan without such phases gets a draft for its most frequent
    return level.
    """
    trace = forecast_of_the_peak(rows_to_warn_of(results))
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


def rows_to_warn_of(results: RunResults) -> pd.DataFrame:
    """Return the rows of the surge forecast that a warning may be about: all of a simulation, else hours to come."""
    rows = results.surge
    return rows if results.provenance == "simulated" else rows[rows["time"] > results.run.started]


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
    hazard, provenance = results.hazard, results.provenance
    exceedance = exceedance_of_quantiles(trace.rows, level)
    if exceedance is not None and phase is not None:
        exceedance = exceedance.of_water(phase)
    if exceedance is None or exceedance.onset is None:
        return None
    issued = exceedance.issued
    middle = return_levels(hazard)["p50"].tolist()
    period = min(int(np.searchsorted(middle, level)), len(middle) - 1)
    land = results.observations.terrain["permanent_water"].to_numpy() != 1
    place, datum = hazard.region.name, hazard.region.vertical_datum
    subject = re.sub(r"[^a-z0-9]+", "-", f"{place} {phase.name if phase else 'water level'}".lower()).strip("-")
    response = phase.response if phase is not None and is_started else "Monitor"
    title = phase.name.replace("_", " ") if phase else ""
    content = Content(
        place,
        (),
        response,
        phase.name if phase else "",
        title,
        level,
        datum,
        exceedance,
        None,
        provenance == "simulated",
    )
    return FloodWarning(
        identifier=f"strandline-{subject}-{level:.2f}m-{issued:%Y%m%dT%H%M}",
        subject=subject,
        provenance=provenance,
        issued=issued,
        onset=exceedance.onset,
        expires=exceedance.latest_end,
        probability=exceedance.probability,
        is_lower_bound=exceedance.is_lower_bound,
        return_period=rarity_of(exceedance.height, middle, hazard.return_periods),
        response=response,
        texts=compose(content, results.issuer),
        areas=(area_of_cells(place, hazard.region, land & (hazard.flood_probability[period] >= AREA_PROBABILITY)),),
        parameters=(
            ("waterLevel", f"{level:.2f} m"),
            ("verticalDatum", datum),
            ("trigger", phase.name if phase else "most frequent return level"),
            ("triggerReached", "yes" if is_started else "no"),
        ),
    )
