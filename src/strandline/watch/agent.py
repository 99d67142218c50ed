"""The agent: once an hour it hears its streams, moves its belief, decides, and puts all of it into the store."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from safetensors.numpy import load, save

from strandline.observations.arrays import Floats
from strandline.pipeline.deployment import Deployment
from strandline.planning.early_action.derive_triggers import PROBABILITY_FOR_LIVES
from strandline.watch.alerts import Confirmed, draft_messages
from strandline.watch.assimilation.ensemble import HORIZON_HOURS, Guidance, ResidualEnsemble
from strandline.watch.assimilation.filter import PAST_HOURS, SeaBelief, climatological_prior
from strandline.watch.assimilation.fit import STUDENT, SeaLevelFit
from strandline.watch.assimilation.forecast_guidance import NO_ARCHIVE, ExternalForecast, ForecastSource
from strandline.watch.assimilation.gauge_residuals import AFTER_THE_HOUR, latest_forecasts, own_readings, residuals_of
from strandline.watch.assimilation.particle_weights import draw_samples, weigh_samples
from strandline.watch.decision_rules import (
    REJECTED,
    ActionState,
    AgentConfig,
    AgentState,
    decide,
    forecast,
    hours_ahead,
    initial_state,
    levels_of,
    update_belief,
)
from strandline.watch.decisions import Decision, ForecastRow
from strandline.watch.feeds.client import FeedClient
from strandline.watch.readings import Health, Reading
from strandline.watch.store.step import Step

logger = logging.getLogger(__name__)
RECENT = timedelta(hours=96)
"""How far back readings are looked at: what the student and the checks at the door look back on."""
BOUNDS = (0.05, 0.5, 0.95)
BY_HOURS = (6, 12, 24, HORIZON_HOURS)
"""By when zones are told to flood [h]."""
FLOODED_ZONE = 0.05
"""Share of a zone's known land under water from which it counts as flooded [-]; an assumption."""
MONITORING = "continue_monitoring"
Student = Callable[[np.datetime64, npt.NDArray[np.datetime64], Floats], ExternalForecast | None]
"""An hour, and times and levels that the own gauge read up to it → what the student says."""


@dataclass(frozen=True, eq=False)
class Agent:
    """One place's agent; it keeps nothing between steps that is not in the store.

    Attributes:
        feeds: its streams, each asked within a bound of time.
        student: the place's own forecaster, see `StudentForecaster.say`; ``None`` = it does not advise.
    """

    deployment: Deployment
    knowledge: SeaLevelFit
    config: AgentConfig
    feeds: tuple[FeedClient, ...]
    student: Student | None

    def step(self, step: Step, confirmed: Confirmed) -> list[Decision]:
        """One step, all of it into ``step``; returns what was decided."""
        now = step.hour
        state = self._remember(step)
        since = pd.Timestamp(state.belief.hour).to_pydatetime()
        known = [*step.readings(now - RECENT, kind="measured"), *step.readings(now, kind="forecast")]
        new, health = poll_feeds(self.feeds, known, since + AFTER_THE_HOUR, now + AFTER_THE_HOUR)
        step.add_readings(new)
        usable = [reading for reading in (*known, *new) if reading.quality != "bad"]
        forecasts = latest_forecasts(usable, now, self.config.tide)
        readings = residuals_of(new, known, now, self.config.tides)
        state = update_belief(state, np.datetime64(now, "h"), readings, has_forecast=bool(forecasts))
        ensemble = forecast(self.config, state, self._consult(state, usable, forecasts))
        state, decisions = decide(self.config, state, ensemble)
        levels = levels_of(self.config, ensemble)
        scenes = [reading for reading in usable if reading.variable == "flooded_share"]
        ground = weigh_samples(
            self.deployment.response, self.deployment.zones.names, scenes, partial(self._highest, state.belief)
        )
        outlook, flooded = self._look_out(levels, ensemble, ground)
        decisions = [self._locate(decision, flooded) for decision in _by_urgency(decisions)]
        decisions.append(_monitoring(state, decisions, now))
        step.add_health(_with_fallbacks([_denied(each, state) for each in health]))
        step.add_forecast(outlook)
        names = step.add_decisions(decisions)
        state, drafts = draft_messages(self.deployment, decisions, names, levels, state, confirmed)
        step.add_alerts(drafts)
        step.put_belief_state(encode(state))
        _tell(step, state, decisions)
        return decisions

    def _remember(self, step: Step) -> AgentState:
        stored = step.belief_state()
        if stored is not None:
            return decode(stored, self.config)
        return initial_state(self.config, np.datetime64(step.hour - RECENT, "h"))

    def _consult(
        self, state: AgentState, usable: Sequence[Reading], forecasts: Mapping[str, ExternalForecast]
    ) -> list[Guidance]:
        """What others forecast, and the student, which reads the own gauge since it was last denied."""
        sources = {source.stream: source for source in self.knowledge.sources}
        guidance = []
        if self.student is not None and STUDENT in sources:
            time, level = own_readings(
                usable, self.config.model.sensors[0].stream, state.last_own_rejection, state.belief.hour
            )
            said = self.student(state.belief.hour, time, level)
            guidance.append(None if said is None else sources[STUDENT].guidance_from(said))
        guidance += [
            sources.get(stream, ForecastSource(stream, NO_ARCHIVE)).guidance_from(said)
            for stream, said in forecasts.items()
        ]
        return [given for given in guidance if given is not None]

    def _highest(self, belief: SeaBelief, start: datetime, end: datetime) -> float | None:
        """The highest sea [m, region datum] that is believed to have been between two times of the last days."""
        last = int((belief.hour - np.datetime64(end, "h")) / np.timedelta64(1, "h"))
        first = int((belief.hour - np.datetime64(start, "h")) / np.timedelta64(1, "h"))
        ago = np.arange(max(last, 0), min(first, PAST_HOURS - 1) + 1)
        if ago.size == 0:
            return None
        tide = self.config.tide(belief.hour - ago.astype("timedelta64[h]"))
        return float(max(level + belief.residual(hours)[0] for level, hours in zip(tide, ago.tolist(), strict=True)))

    def _look_out(
        self, levels: Floats, ensemble: ResidualEnsemble, ground: Floats
    ) -> tuple[list[ForecastRow], dict[str, float]]:
        """Rows for the sea and every zone, and each zone's chance to be flooded within two days."""
        time = [pd.Timestamp(moment).to_pydatetime() for moment in hours_ahead(ensemble.hour)]
        lowest = min((stake.level for stake in self.config.stakes), default=None)
        rows = []
        for lead, (low, middle, high) in enumerate(np.quantile(levels, BOUNDS, axis=0).T.tolist()):
            over = None if lowest is None else float((levels[:, lead] >= lowest).mean())
            rows.append(ForecastRow("water_level", "", time[lead], float(lead), low, middle, high, over))
        samples = draw_samples(ground, len(levels))
        flooded = np.zeros(len(self.deployment.zones))
        for by in BY_HOURS:
            highest = levels[:, : by + 1].max(axis=1)  # (N,)
            low, middle, high = np.quantile(highest, BOUNDS).tolist()
            over = None if lowest is None else float((highest >= lowest).mean())
            rows.append(ForecastRow("highest_water_level", "", time[by], float(by), low, middle, high, over))
            state = self.deployment.response.at(highest, samples)  # (N, Z)
            flooded = (state.flooded_share >= FLOODED_ZONE).mean(axis=0)
            shares, damages = (np.quantile(each, BOUNDS, axis=0).T for each in (state.flooded_share, state.damage))
            for number, name in enumerate(self.deployment.zones.names):
                low, middle, high = shares[number].tolist()
                if np.isfinite(low):  # else none of its land is known
                    chance = float(flooded[number])
                    rows.append(ForecastRow("flooded_share", name, time[by], float(by), low, middle, high, chance))
                low, middle, high = damages[number].tolist()
                if np.isfinite(low):
                    rows.append(ForecastRow("damage", name, time[by], float(by), low, middle, high))
        return rows, dict(zip(self.deployment.zones.names, flooded.tolist(), strict=True))

    def _locate(self, decision: Decision, flooded: Mapping[str, float]) -> Decision:
        """Where: the zones that it is for and that may be flooded."""
        meant = self.deployment.zones_of_action.get(decision.action, ())
        return replace(decision, where=tuple(name for name in meant if flooded[name] >= PROBABILITY_FOR_LIVES))


def encode(state: AgentState) -> bytes:
    """A mind as bytes, the same for the same."""
    belief = state.belief
    words = {
        "hour": str(belief.hour),
        "last_own_reading": str(state.last_own_reading),
        "last_reading": str(state.last_reading),
        "last_own_rejection": str(state.last_own_rejection),
        "moved": dict(sorted(belief.moved.items())),
        "actions": {
            name: [action.active, action.calm_hours, str(action.last_alert), action.certainty]
            for name, action in sorted(state.actions.items())
        },
    }
    text = np.frombuffer(json.dumps(words, sort_keys=True).encode("utf-8"), dtype=np.uint8)
    return save({"weight": belief.weight, "mean": belief.mean, "covariance": belief.covariance, "words": text})


def decode(stored: bytes, config: AgentConfig) -> AgentState:
    """The mind that ``encode`` was given."""
    arrays = load(stored)
    words = json.loads(arrays["words"].tobytes().decode("utf-8"))

    def hour(text: str) -> np.datetime64 | None:
        return None if text == "None" else np.datetime64(text, "h")

    now = hour(words["hour"])
    assert now is not None
    actions = {
        name: ActionState(active, calm, hour(last_alert), certainty)
        for name, (active, calm, last_alert, certainty) in words["actions"].items()
    }
    last_own_reading, last_reading, last_own_rejection = (
        hour(words[name]) for name in ("last_own_reading", "last_reading", "last_own_rejection")
    )
    state = AgentState(
        climatological_prior(config.model, now), last_own_reading, last_reading, last_own_rejection, actions
    )
    if arrays["mean"].shape != state.belief.mean.shape:
        return state  # the place's gauges have changed: the sea is learned anew, what runs goes on
    belief = SeaBelief(config.model, now, arrays["weight"], arrays["mean"], arrays["covariance"], words["moved"])
    return replace(state, belief=belief)


def _by_urgency(decisions: Sequence[Decision]) -> list[Decision]:
    """Starts before what runs, stops and the rest; the likelier first."""
    order = {"start": 0, "keep": 1, "stop": 2, "stay_off": 3}
    return sorted(decisions, key=lambda one: (order[one.change], -(one.probability or 0.0), one.action))


def _monitoring(state: AgentState, decisions: Sequence[Decision], now: datetime) -> Decision:
    running = [one.action for one in decisions if one.change in ("start", "keep")]
    moved = sorted(state.belief.moved.items(), key=lambda pair: -abs(pair[1]))
    mean, spread = state.belief.residual()
    return Decision(
        at=now, action=MONITORING, change="keep", where=(), probability=None, expected_avoided_loss=None, cost=None,
        onset=None, is_degraded=not state.has_own_readings, needs_person=state.has_no_data,
        why=f"the sea stands {mean:+.2f} m about its tide, give or take {spread:.2f} m; "
        + (f"running: {', '.join(running)}" if running else "no action is worth it"),
        moved_by=tuple(stream for stream, _ in moved), would_change="never: it goes on always",
    )  # fmt: skip


def _denied(health: Health, state: AgentState) -> Health:
    """The same, and denied where the belief holds the stream for broken."""
    chance = state.belief.broken().get(health.stream, 0.0)
    if chance < REJECTED or health.condition not in ("alive", "late"):
        return health
    note = f"The other streams and the tide speak against it (broken with {chance:.0%}). {health.note}".strip()
    return replace(health, condition="rejected", note=note)


def _with_fallbacks(health: Sequence[Health]) -> list[Health]:
    """Who speaks in the stead of each that does not; with nobody left, climate and tide do."""
    alive = [each.stream for each in health if each.condition in ("alive", "late")]
    instead = ", ".join(alive) or "climate and tide"
    return [each if each.stream in alive else replace(each, fallback=instead) for each in health]


def _tell(step: Step, state: AgentState, decisions: Sequence[Decision]) -> None:
    for decision in decisions:
        if decision.change in ("start", "stop"):
            step.log("decision", f"{decision.change} {decision.action}: {decision.why}", {"action": decision.action})
    if state.has_no_data:
        step.log("no_data", "No stream is heard; climate and tide are all that is left. A person decides.")


def poll_feeds(
    feeds: Sequence[FeedClient], known: Sequence[Reading], since: datetime, now: datetime
) -> tuple[list[Reading], list[Health]]:
    """New readings of all feeds, and how each of them does; what is no number is in its health alone.

    Args:
        known: readings of the last days, as they were taken before.
        since, now: the hours between which they became known.
    """
    answers = [feed.poll(since, now, [reading for reading in known if reading.stream == feed.stream]) for feed in feeds]
    said = [reading for answer in answers for reading in answer.readings if np.isfinite(reading.value)]
    return said, [answer.health for answer in answers]
