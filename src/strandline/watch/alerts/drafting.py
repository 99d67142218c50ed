"""Drafts of alerts for the agent's decisions; nothing is sent until a person confirms it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.pipeline.deployment import Deployment
from strandline.planning.early_action.indicators import has_uncertain_value
from strandline.planning.early_action.protocol import Indicator, Phase, Protocol
from strandline.planning.early_action.trigger_constants import FORECAST
from strandline.report.alerts.area import WarnedArea, area_around, area_of_region
from strandline.report.alerts.cap import (
    ACT_BEFORE,
    CALL,
    SEVERITIES,
    FloodWarning,
    Reference,
    as_cap,
    certainty_of,
    rarity_of,
    severity_of,
)
from strandline.report.alerts.catalogue import code_of, name_of_zone
from strandline.report.alerts.exceedance import Exceedance, exceedance_of_members
from strandline.report.alerts.issuer import NOBODY, Issuer
from strandline.report.alerts.wording import UNSURE, Basis, Call, Content, compose, response_to, withdraw
from strandline.watch.agent_state import AgentState, AlertState
from strandline.watch.assimilation.land_danger import NO_LAND, LandDanger
from strandline.watch.decisions import Decision
from strandline.watch.store.records import AlertDraft

ALL_CLEAR = "all-clear"
"""Call of a message that ends a warning."""
SOONER = np.timedelta64(3, "h")
"""How much sooner people must act than the last message says, for a new one; an assumption."""
SEVERE = 10.0
"""Return period [a] from which a warning is *Severe* (``severity_of``)."""
Confirmed = Callable[[datetime], frozenset[str]]
"""Hour → identifiers of the alerts of that hour that persons have released."""


def draft_messages(
    deployment: Deployment,
    decisions: Sequence[Decision],
    ids: Sequence[str],
    levels: Floats,
    state: AgentState,
    confirmed: Confirmed,
    issuer: Issuer,
    land: LandDanger = NO_LAND,
    *,
    is_live: bool,
) -> tuple[AgentState, list[AlertDraft]]:
    """Draft the alerts of one step; returns them with the state that records them.

    An alert is drafted when a phase starts, an update when there is news (``_is_news``), and a cancellation when it
    stops. A message that no person has confirmed was never issued: it is neither updated nor cancelled, a new alert is
    drafted. Where the all-clear waits for a person, the cancellation is drafted, and the phase ends once it is
    confirmed.

    Args:
        ids: of the decisions in the store.
        levels: (N, 49) forecast sea levels [m, region datum].
        land: danger by all drivers.
        is_live: the hours are those that pass; a replay drafts exercises.
    """
    protocol = deployment.protocol
    if protocol is None:
        return state, []
    of_name = {phase.name: phase for phase in protocol.phases}
    late = _late_phases(protocol, state)
    phases, alerts = dict(state.phases), dict(state.alerts)
    drafts = []
    for decision, decision_id in zip(decisions, ids, strict=True):
        name = decision.action
        if name not in of_name or decision.change == "stay_off":
            continue
        phase, last = of_name[name], alerts.get(name, AlertState())
        issued = _issued_hours(deployment, decision, last, confirmed)
        is_ending = decision.change == "stop" or phases[name].awaits_all_clear
        is_ended = last.call == ALL_CLEAR and issued[-1:] == last.hours[-1:]
        if is_ending and (is_ended or not issued):
            phases[name] = phases[name].cleared(state.belief.hour)
            alerts.pop(name, None)
            continue
        if is_ended:
            last, issued = AlertState(), ()
        where = _zones_to_warn(deployment, decision, last, issued, is_ending=is_ending)
        content = _content(deployment, state, decision, phase, levels, where, land)
        call = _call(content, phase, is_late=name in late, is_repeated=bool(issued))
        content = replace(content, call=call, is_exercise=content.is_exercise or not is_live)
        new = _record(deployment, content, last, issuer, is_ending=is_ending)
        if not _is_news(last, new):
            continue
        message = replace(_alert(deployment, decision, content, issuer), is_replay=not is_live)
        if issued:
            message = _follow_up(message, issued, issuer, is_ending=is_ending)
        drafts.append(AlertDraft(as_cap(message, issuer), decision_id))
        alerts[name] = new
        if decision.change == "stop":
            alerts.pop(name)
    return replace(state, phases=phases, alerts=alerts), drafts


def reasons_of_ends(before: AgentState, after: AgentState) -> dict[str, str]:
    """Phase → why it ended in ``draft_messages``, for the log; these ends are no decision of the protocol."""
    reasons = {}
    for name, phase in before.phases.items():
        if not phase.active or after.phases[name].active:
            continue
        if before.alerts.get(name, AlertState()).call == ALL_CLEAR:
            reasons[name] = "a person has given the all-clear"
        else:
            reasons[name] = (
                "the sea has receded, and no person had confirmed its warning, so that none is cancelled; if people"
                " have moved, a person decides when they return"
            )
    return reasons


def _issued_hours(
    deployment: Deployment, decision: Decision, last: AlertState, confirmed: Confirmed
) -> tuple[np.datetime64, ...]:
    """Hours of the messages since the phase started that a person has confirmed."""
    subject = _subject(deployment, decision)
    times = [pd.Timestamp(hour) for hour in last.hours]
    is_issued = [_identifier(subject, time) in confirmed(time.to_pydatetime()) for time in times]
    return tuple(hour for hour, issued in zip(last.hours, is_issued, strict=True) if issued)


def _zones_to_warn(
    deployment: Deployment,
    decision: Decision,
    last: AlertState,
    issued: Sequence[np.datetime64],
    *,
    is_ending: bool,
) -> tuple[str, ...]:
    """The zones at risk, and those already warned, whom an update must not drop; empty = the whole place."""
    if not issued:
        return decision.where
    if is_ending or not last.zones:
        return last.zones
    wanted = {*last.zones, *decision.where}
    return tuple(name for name in deployment.zones.names if name in wanted)


def _content(
    deployment: Deployment,
    state: AgentState,
    decision: Decision,
    phase: Phase,
    levels: Floats,
    where: tuple[str, ...],
    land: LandDanger,
) -> Content:
    assert deployment.protocol is not None
    hours = np.datetime64(decision.at, "h") + np.arange(levels.shape[1]).astype("timedelta64[h]")  # (T,)
    forecast = _forecast_of(deployment.protocol, phase)
    thresholds, dangerous = forecast.values or (forecast.value,), land.members(forecast.danger)
    stop = phase.stop
    drainage = stop.drainage_hours or stop.standing_hours or 0.0
    stands = pd.Timedelta(hours=drainage)
    exceedance = exceedance_of_members(hours, levels, thresholds, stands, dangerous).of_water(phase)
    has_danger = exceedance.probability > 0 and forecast.danger in land.drivers
    basis: Basis = "own_gauge" if not decision.is_degraded else "other_streams" if state.sea.is_heard else "climate"
    return Content(
        place=deployment.region.name,
        areas=where,
        call=phase.response,
        action=phase.action or phase.name,
        title=phase.label,
        level=float(np.median(thresholds)) if phase.event is None else phase.event.value,
        datum=deployment.region.vertical_datum,
        exceedance=exceedance,
        basis=basis,
        is_exercise=deployment.is_simulated,
        drivers=land.drivers[str(forecast.danger)] if has_danger else (),
        unwatched=land.unwatched if phase.life_safety else (),
        level_is_uncertain=has_uncertain_value(forecast),
        place_names={} if deployment.evacuation is None else deployment.evacuation.place_names,
    )


def _forecast_of(protocol: Protocol, phase: Phase) -> Indicator:
    """The indicator of the forecast that starts a phase, of which levels and danger are those of its event."""
    for indicator in protocol.indicators_of(phase.start).values():
        if indicator.variable == FORECAST:
            return indicator
    raise InputError(f"phase '{phase.name}'", "does not start on the forecast sea level", f"name {FORECAST}")


def _late_phases(protocol: Protocol, state: AgentState) -> set[str]:
    """The phases that run beside their fallback, and those fallbacks: some people have left, the others cannot."""
    running = {name for name, phase in state.phases.items() if phase.active}
    pairs = ((phase.name, phase.instead_of.phase) for phase in protocol.phases if phase.instead_of is not None)
    return {name for pair in pairs if running.issuperset(pair) for name in pair}


def _call(content: Content, phase: Phase, *, is_late: bool, is_repeated: bool) -> Call:
    """What people are asked for: after the water to wait, beside a running fallback not to set out any more."""
    if is_repeated and content.exceedance.probability < UNSURE:
        return "Receding"
    return "Late" if is_late else phase.response


def _record(
    deployment: Deployment, content: Content, last: AlertState, issuer: Issuer, *, is_ending: bool
) -> AlertState:
    """What the next step needs of a message with this content."""
    exceedance = content.exceedance
    return AlertState(
        hours=(*last.hours, np.datetime64(exceedance.issued, "h")),
        call=ALL_CLEAR if is_ending else content.call,
        certainty=certainty_of(exceedance.probability),
        severity=severity_of(_return_period(deployment, content)),
        zones=content.areas,
        starts=None if exceedance.earliest is None else np.datetime64(exceedance.earliest, "h"),
        expires=np.datetime64(exceedance.latest_end, "h"),
        sender=issuer.sender,
    )


def _is_news(last: AlertState, new: AlertState) -> bool:
    """Whether there is no message yet, or it is wrong by now.

    It is wrong where the call or the certainty is another, the sea rises higher, a zone is not in it, people must act
    sooner, or it runs out before the next hour. One in nobody's name could not be confirmed: it is drafted anew once
    the region file names an issuer.
    """
    if not last.hours or last.expires is None or (last.call, last.certainty) != (new.call, new.certainty):
        return True
    is_graver = SEVERITIES.index(new.severity) > SEVERITIES.index(last.severity)
    is_wider = bool(last.zones) and not set(new.zones) <= set(last.zones)
    is_sooner = new.starts is not None and (last.starts is None or last.starts - new.starts >= SOONER)
    runs_out = last.expires <= new.hours[-1] + np.timedelta64(1, "h")
    has_issuer_now = last.sender == NOBODY != new.sender
    return bool(is_graver or is_wider or is_sooner or runs_out or has_issuer_now)


def _alert(deployment: Deployment, decision: Decision, content: Content, issuer: Issuer) -> FloodWarning:
    exceedance = content.exceedance
    subject = _subject(deployment, decision)
    return FloodWarning(
        identifier=_identifier(subject, exceedance.issued),
        subject=subject,
        provenance="simulated" if deployment.is_simulated else "real",
        issued=exceedance.issued,
        onset=exceedance.onset or exceedance.issued,
        expires=exceedance.latest_end,
        probability=exceedance.probability,
        return_period=_return_period(deployment, content),
        response=response_to(content.call),
        texts=compose(content, issuer),
        areas=_areas(deployment, content, issuer),
        knows_rarity=not content.is_of_land,
        parameters=(
            *((("drivers", " ".join(content.drivers)),) if content.drivers else ()),
            *((("notWatched", " ".join(content.unwatched)),) if content.unwatched else ()),
            *(() if content.is_of_danger else (("waterLevel", f"{content.level:.2f} m"),)),
            ("verticalDatum", content.datum),
            *(() if content.is_of_land else (("peakOfEvent", f"{exceedance.height:.2f} m"),)),
            ("trigger", decision.action),
            (CALL, content.call),
            *_act_before(exceedance),
        ),
    )


def _act_before(exceedance: Exceedance) -> tuple[tuple[str, str], ...]:
    """Before when to act, in UTC, for the short messages; none = at once."""
    if exceedance.earliest is None or exceedance.earliest <= exceedance.issued:
        return ()
    return ((ACT_BEFORE, f"{exceedance.earliest:%Y-%m-%dT%H:%M:%S}-00:00"),)


def _follow_up(
    message: FloodWarning, issued: Sequence[np.datetime64], issuer: Issuer, *, is_ending: bool
) -> FloodWarning:
    """The message as an update or a cancel of all that were issued since the phase started."""
    times = [pd.Timestamp(hour) for hour in issued]
    replaces = tuple(Reference(issuer.sender, _identifier(message.subject, time), time) for time in times)
    if not is_ending:
        return replace(message, message="Update", replaces=replaces)
    texts = withdraw(message.texts, message.areas)
    return replace(message, message="Cancel", response="AllClear", replaces=replaces, texts=texts)


def _return_period(deployment: Deployment, content: Content) -> float:
    """Of the highest level if the event happens [a]; of danger by rain or rivers, whose rarity is not known, at least
    that of a severe event.

    Source: CAP 1.2, section 3.2.2: *Severe* is a significant threat to life or property.
    """
    levels = np.median(deployment.return_levels, axis=0).tolist()
    rarity = rarity_of(content.exceedance.height, levels, deployment.return_periods)
    return max(rarity, SEVERE) if content.is_of_land else rarity


def _areas(deployment: Deployment, content: Content, issuer: Issuer) -> tuple[WarnedArea, ...]:
    """The zones, or the whole region where none is named."""
    zones, region = deployment.zones, deployment.region
    if not content.areas:
        return (area_of_region(region.name, region),)
    areas = [area_around(name, zones.outlines[zones.names.index(name)], region.cell_size) for name in content.areas]
    return tuple(
        replace(
            area,
            called={code_of(each): name_of_zone(area.name, content.place_names, each) for each in issuer.languages},
        )
        if area.name in content.place_names
        else area
        for area in areas
    )


def _subject(deployment: Deployment, decision: Decision) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"{deployment.region.name} {decision.action}".lower()).strip("-")


def _identifier(subject: str, issued: pd.Timestamp) -> str:
    return f"strandline-{subject}-{issued:%Y%m%dT%H%M}"
