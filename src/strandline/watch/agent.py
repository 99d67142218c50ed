"""The agent: each hour it polls its feeds, updates the belief, decides, and records all of it in the store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.pipeline.deployment import Deployment
from strandline.pipeline.deployment.protocol_in_force import ProtocolFile
from strandline.planning.actions import MONITORING
from strandline.planning.early_action.streams import History, Stream
from strandline.planning.early_action.trigger_constants import FLOODED_SHARE, NEIGHBOUR
from strandline.report.alerts.issuer import NO_ISSUER, Issuer
from strandline.risk.hazard.joint.zone_forecast import ZoneForecast
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, ResidualEnsemble
from strandline.uncertainty.assimilation.filter import PAST_HOURS, SeaBelief
from strandline.uncertainty.assimilation.fit import SeaLevelFit
from strandline.uncertainty.assimilation.forecast import forecast
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast
from strandline.uncertainty.assimilation.sea_state import REJECTED, with_forecasts, without_forecast
from strandline.uncertainty.gauge_forecast.guidance import FORECASTER, is_used
from strandline.watch.agent_state import AgentState, decode, encode, initial_state, update_belief
from strandline.watch.alerts.drafting import Confirmed, draft_messages, reasons_of_ends
from strandline.watch.assimilation.drained_land import drained_land
from strandline.watch.assimilation.gauge_residuals import latest_forecasts, own_readings, residuals_of
from strandline.watch.assimilation.land_danger import LOST_HOURS, NO_LAND, LandDanger, LandWatch
from strandline.watch.assimilation.particle_weights import draw_samples, weight_samples
from strandline.watch.clock import AFTER_THE_HOUR
from strandline.watch.decision_rules import AgentConfig, decide, hours_ahead, levels_of
from strandline.watch.decisions import Decision, ForecastRow
from strandline.watch.feeds.client import FeedClient
from strandline.watch.feeds.weather_readings import forecast_of_readings
from strandline.watch.readings import Health, Reading
from strandline.watch.store.step import Step

RECENT = timedelta(hours=96)
"""Window of readings that quality control and the own forecast use."""
WEATHER = ("pressure", "wind_east", "wind_north", "rain")
WEATHER_BEFORE, WEATHER_AHEAD = timedelta(hours=150), timedelta(hours=80)
"""Hours of weather that the own forecast rests on."""
QUANTILES = (0.05, 0.5, 0.95)
ZONE_LEADS = (6, 12, 24, HORIZON_HOURS)
"""Lead times by which the flooding of zones is forecast [h]."""
FLOODED_ZONE = 0.05
"""Flooded share of a zone's mapped land from which the zone counts as flooded [-]; an assumption."""
ForecastFunction = Callable[
    [np.datetime64, npt.NDArray[np.datetime64], Floats, xr.Dataset | None], ExternalForecast | None
]
"""Hour, times (T,) and levels (T,) of the own gauge up to it, and the weather of the streams → the own forecast."""


@dataclass(frozen=True, eq=False)
class Agent:
    """The agent of one site; between steps its state is in the store only.

    Attributes:
        feeds: its streams, each polled within a time limit.
        own_forecast: see `OwnForecast.forecast`; ``None`` = it is not used.
        issuer: of alerts.
        land: rain and rivers of the place; ``None`` = it has none.
        is_live: the hours are those that pass; alerts of a replay are exercises.
        protocol_file: that the protocol was read from; ``None`` = the run's own protocol.
    """

    deployment: Deployment
    fit: SeaLevelFit
    config: AgentConfig
    feeds: tuple[FeedClient, ...]
    own_forecast: ForecastFunction | None
    issuer: Issuer = NO_ISSUER
    is_live: bool = False
    protocol_file: ProtocolFile | None = None
    land: LandWatch | None = None

    def step(self, step: Step, confirmed: Confirmed) -> list[Decision]:
        """Run one step and add its results to ``step``; returns the decisions."""
        now = step.hour
        state = self._with_protocol(self._stored_state(step), step)
        since = pd.Timestamp(state.belief.hour).to_pydatetime()
        latest = now + RECENT  # a clock that is ahead by years must not fill every later step
        known = [*step.readings(now - RECENT, latest, "measured"), *step.readings(now, latest, "forecast")]
        new, health = poll_feeds(self.feeds, known, since + AFTER_THE_HOUR, now + AFTER_THE_HOUR)
        step.add_readings(new)
        usable = [reading for reading in (*known, *new) if reading.quality != "bad"]
        forecasts = latest_forecasts(usable, now, self.config.tide)
        residuals = residuals_of(new, known, now, self.config.tides)
        state = update_belief(state, np.datetime64(now, "h"), residuals, forecasts)
        has_new_weather = any(reading.variable in WEATHER for reading in new)
        weather = self._weather(step)
        state = self._with_own_forecast(state, usable, weather, has_new_weather=has_new_weather)
        scenes = [reading for reading in usable if reading.variable == FLOODED_SHARE]
        issued = forecast(state.sea, self.fit.sources, self.config.spread_inflation)
        levels, bounds = (levels_of(self.config, each) for each in (issued.chances, issued.bounds))
        state, land = self._with_land(state, levels, weather)
        state, decisions = decide(self.config, state, issued.chances, self._others(usable, scenes), land)
        sample_weight = weight_samples(
            self.deployment.response, self.deployment.zones.names, scenes, partial(self._highest_level, state.belief)
        )
        rows, risk = self._forecast_rows(levels, bounds, issued.chances, sample_weight, land.zones)
        decisions = [self.with_zones(decision, risk) for decision in _by_urgency(decisions)]
        decisions.append(_monitoring(state, decisions, now, land))
        step.add_health(_with_fallbacks([_mark_rejected(each, state) for each in health]))
        step.add_forecast(rows)
        ids = step.add_decisions(decisions)
        decided = state
        state, drafts = draft_messages(
            self.deployment, decisions, ids, levels, decided, confirmed, self.issuer, land, is_live=self.is_live
        )
        step.add_alerts(drafts)
        step.put_belief_state(encode(state))
        _log_changes(step, state, decisions)
        for name, why in reasons_of_ends(decided, state).items():
            step.log("decision", f"end {name}: {why}", {"action": name})
        return decisions

    def with_zones(self, decision: Decision, risk: "ZoneRisk") -> Decision:
        """The decision with the zones that its action protects and that are likely enough to need it, worst first.

        Zones rank by the people who may be in danger there; those whose people are unknown come first.
        Where an area is likely enough to be in danger, but none of its zones by itself, all of the area is named.
        """
        phase = next((one for one in self.config.phases if one.name == decision.action), None)
        protected = self.deployment.zones_of_phase.get(decision.action, ())
        if phase is None or not protected:
            return decision
        number = {name: at for at, name in enumerate(self.deployment.zones.names)}
        chance = risk.in_danger if phase.life_safety else risk.flooded
        agreed = self.config.agreed_chance
        likely = [name for name in protected if chance[number[name]] > agreed]
        if phase.life_safety and not likely and decision.change == "start":
            likely = list(protected)
        most = np.where(np.isnan(risk.people), np.inf, risk.people)
        ranked = sorted(likely, key=lambda name: (-most[number[name]], -chance[number[name]], name))
        return replace(decision, where=tuple(ranked))

    def _stored_state(self, step: Step) -> AgentState:
        stored = step.belief_state()
        if stored is not None:
            return decode(stored, self.config.model)
        return initial_state(self.config.model, np.datetime64(step.hour - RECENT, "h"))

    def _with_protocol(self, state: AgentState, step: Step) -> AgentState:
        """The state with the protocol in force; a change of it is logged, with the file's hash.

        Raises:
            InputError: an action is running that the protocol in force does not have: nobody would end it.
        """
        file = self.protocol_file
        digest = "" if file is None else file.digest
        if digest == state.protocol:
            return state
        known = {phase.name for phase in self.config.phases}
        lost = [name for name, phase in state.phases.items() if phase.active and name not in known]
        source = "the run's own protocol" if file is None else f"the protocol file {file.name}"
        if lost:
            what = f"{lost[0]} is running, and {source} has no such phase"
            raise InputError("protocol", what, "keep the phase until it has stopped, then remove it")
        step.log("protocol", f"follows {source}" + (f", SHA-256 {digest}" if digest else ""), {"sha256": digest})
        return replace(state, protocol=digest)

    def _with_own_forecast(
        self, state: AgentState, usable: Sequence[Reading], weather: xr.Dataset | None, *, has_new_weather: bool
    ) -> AgentState:
        """The state with the own forecast from the gauge's readings after its last rejection, and from the weather.

        A new reading gives a new forecast, and so does a new forecast of the weather where the gauge is silent or
        rejected. While neither comes the last one counts; when the gauge is rejected, none that rests on it does.
        """
        sea = state.sea
        if self.own_forecast is None or not is_used(self.fit.sources):
            return state
        if sea.last_own_rejection == sea.belief.hour:
            known, read = sea.forecasts.get(FORECASTER), sea.last_own_reading
            if known is not None and (read is None or known.hour > read) and not has_new_weather:
                return state  # it rests on the weather, and nothing new was heard
            sea = without_forecast(sea, FORECASTER)
        elif sea.last_own_reading != sea.belief.hour and not has_new_weather:
            return state
        time, level = own_readings(usable, self.config.model.sensors[0].stream, sea.last_own_rejection, sea.belief.hour)
        own = self.own_forecast(sea.belief.hour, time, level, weather)
        return replace(state, sea=sea if own is None else with_forecasts(sea, {FORECASTER: own}))

    def _with_land(
        self, state: AgentState, levels: Floats, weather: xr.Dataset | None
    ) -> tuple[AgentState, LandDanger]:
        """The state, and the danger by all drivers, of which it keeps when it was last known."""
        if self.land is None:
            return state, NO_LAND
        hour = state.belief.hour
        land = self.land.danger(self.deployment, hour, levels, weather)
        if not land.unwatched:
            return replace(state, land_known=hour), land
        known = state.land_known
        was_known = known is not None and bool(hour - known <= np.timedelta64(LOST_HOURS, "h"))
        return state, replace(land, was_known=was_known)

    def _weather(self, step: Step) -> xr.Dataset | None:
        """The weather forecast that a stream brought, as known now: of several that with the newest issue."""
        now = step.hour
        readings = step.readings(now - WEATHER_BEFORE, now + WEATHER_AHEAD, variables=WEATHER)
        by_stream: dict[str, list[Reading]] = {}
        for reading in readings:
            by_stream.setdefault(reading.stream, []).append(reading)
        longitude, latitude = self.deployment.region.sea_point_lonlat
        found = [forecast_of_readings(each, longitude, latitude, now) for each in by_stream.values()]
        return max(
            (each for each in found if each is not None), key=lambda each: each["issued"].values[-1], default=None
        )

    def _others(self, usable: Sequence[Reading], scenes: Sequence[Reading]) -> History:
        """What the protocol reads beside the forecast: the neighbouring gauge, and flood scenes of drained land."""
        protocol, of_phase = self.config.protocol, self.deployment.zones_of_phase
        drained = {} if protocol is None else drained_land(scenes, protocol, of_phase)
        return {**self._neighbour(usable), **drained}

    def _neighbour(self, usable: Sequence[Reading]) -> History:
        zeros = {gauge.name: gauge.zero for gauge in self.deployment.gauges}
        neighbours = [(name, zeros[name]) for name in list(self.config.tides)[1:2] if name in zeros]
        return neighbour_readings(usable, *neighbours[0]) if neighbours else {}

    def _highest_level(self, belief: SeaBelief, start: datetime, end: datetime) -> float | None:
        """Highest mean level [m, region datum] between two times of the last days; ``None`` = not in the belief."""
        last = int((belief.hour - np.datetime64(end, "h")) / np.timedelta64(1, "h"))
        first = int((belief.hour - np.datetime64(start, "h")) / np.timedelta64(1, "h"))
        ago = np.arange(max(last, 0), min(first, PAST_HOURS - 1) + 1)
        if ago.size == 0:
            return None
        tide = self.config.tide(belief.hour - ago.astype("timedelta64[h]"))
        return float(max(level + belief.residual(hours)[0] for level, hours in zip(tide, ago.tolist(), strict=True)))

    def _forecast_rows(
        self,
        levels: Floats,
        bounds: Floats,
        ensemble: ResidualEnsemble,
        sample_weight: Floats,
        zones: ZoneForecast | None,
    ) -> tuple[list[ForecastRow], "ZoneRisk"]:
        """Rows for the sea and every zone, and the risk of each zone within the horizon.

        Args:
            levels: (N, 49) members whose shares are chances; ``bounds``: (N, 49) those whose quantiles are bounds [m].
            zones: by all drivers; a zone's flooded share is the greater of theirs and the sea's, its damage the sea's.
        """
        time = [pd.Timestamp(moment).to_pydatetime() for moment in hours_ahead(ensemble.hour)]
        events = [phase.event for phase in self.config.phases if phase.event is not None]
        lowest = min((event.value for event in events), default=None)
        rows: list[ForecastRow] = []

        def add(variable: str, zone: str, lead: int, quantiles: Floats, probability: float | None) -> None:
            low, middle, high = quantiles.tolist()
            rows.append(ForecastRow(variable, zone, time[lead], float(lead), low, middle, high, probability))

        def over_lowest(level: Floats) -> float | None:
            return None if lowest is None else float((level >= lowest).mean())

        for lead, quantiles in enumerate(np.quantile(bounds, QUANTILES, axis=0).T):
            add("water_level", "", lead, quantiles, over_lowest(levels[:, lead]))
        samples = draw_samples(sample_weight, len(levels))
        flooded = np.zeros(len(self.deployment.zones))
        for lead in ZONE_LEADS:
            highest, highest_bound = (each[:, : lead + 1].max(axis=1) for each in (levels, bounds))  # (N,) each
            add("highest_water_level", "", lead, np.quantile(highest_bound, QUANTILES), over_lowest(highest))
            damage, bound = (self.deployment.response.at(each, samples) for each in (highest, highest_bound))  # (N, Z)
            wet, wet_bound = damage.flooded_share, bound.flooded_share
            if zones is not None:
                by_all = zones.greatest_share(lead)
                wet, wet_bound = np.fmax(wet, by_all), np.fmax(wet_bound, by_all)
            flooded = (wet >= FLOODED_ZONE).mean(axis=0)
            shares, damages = (np.quantile(each, QUANTILES, axis=0).T for each in (wet_bound, bound.damage))
            for number, name in enumerate(self.deployment.zones.names):
                if np.isfinite(shares[number, 0]):  # else none of the zone's land is mapped
                    add("flooded_share", name, lead, shares[number], float(flooded[number]))
                if np.isfinite(damages[number, 0]):
                    add("damage", name, lead, damages[number], None)
        in_danger = highest[:, None] >= self.deployment.response.dangerous_level[:, samples].T  # (N, Z)
        if zones is not None:
            in_danger |= zones.in_danger()
        return rows, ZoneRisk(flooded, in_danger.mean(axis=0), damage.people_in_danger_at_most.mean(axis=0))


@dataclass(frozen=True, eq=False)
class ZoneRisk:
    """Risk of each zone within the forecast, (Z,) each.

    Attributes:
        flooded, in_danger: probability [-] that it is flooded, or that dangerous depth is reached in it.
        people: mean number who may be in danger, everything unknown taken as harmful [-]; NaN = nobody is counted.
    """

    flooded: Floats
    in_danger: Floats
    people: Floats


def neighbour_readings(readings: Sequence[Reading], neighbour: str, zero: float) -> History:
    """Levels of the neighbouring gauge [m, its own zero], which decide without a forecast; empty without any.

    Args:
        zero: height of the neighbour's own zero [m, region datum].
    """
    levels = {
        reading.time: reading.value - zero
        for reading in readings
        if reading.stream == neighbour and reading.variable == "water_level"
    }
    return {NEIGHBOUR: Stream.of_readings(pd.Series(levels, dtype=float).sort_index(), "m")} if levels else {}


def poll_feeds(
    feeds: Sequence[FeedClient], known: Sequence[Reading], since: datetime, now: datetime
) -> tuple[list[Reading], list[Health]]:
    """New finite readings of all feeds, and the health of each feed.

    Args:
        known: readings of the last days, as stored.
        since, now: the readings became available between these times.
    """
    results = [feed.poll(since, now, [reading for reading in known if reading.stream == feed.stream]) for feed in feeds]
    new = [reading for result in results for reading in result.readings if np.isfinite(reading.value)]
    return new, [result.health for result in results]


def _by_urgency(decisions: Sequence[Decision]) -> list[Decision]:
    """Starts first, then running actions, stops and the rest; among these the order of the plan, lives first."""
    order = {"start": 0, "keep": 1, "stop": 2, "stay_off": 3}
    return sorted(decisions, key=lambda one: order[one.change])


def _monitoring(state: AgentState, decisions: Sequence[Decision], now: datetime, land: LandDanger) -> Decision:
    running = [one.action for one in decisions if one.change in ("start", "keep")]
    shifts = sorted(state.belief.moved.items(), key=lambda pair: -abs(pair[1]))
    mean, spread = state.belief.residual()
    nothing = f"no action is justified{' by what is known' if land.why else ''}"
    return Decision(
        at=now, action=MONITORING, change="keep", where=(), probability=None, expected_avoided_loss=None, cost=None,
        onset=None, is_degraded=not state.has_own_readings, needs_person=state.has_no_data,
        why=f"the sea is {mean:+.2f} m relative to its tide, standard deviation {spread:.2f} m; "
        + (f"running: {', '.join(running)}" if running else nothing)
        + (f"; {land.why}" if land.why else ""),
        moved_by=tuple(stream for stream, _ in shifts), would_change="nothing: monitoring never stops",
    )  # fmt: skip


def _mark_rejected(health: Health, state: AgentState) -> Health:
    """Set the condition to ``rejected`` if the belief holds the stream for broken."""
    probability = state.belief.broken().get(health.stream, 0.0)
    if probability < REJECTED or health.condition not in ("alive", "late"):
        return health
    note = f"The other streams and the tide contradict it ({probability:.0%} likely broken). {health.note}".strip()
    return replace(health, condition="rejected", note=note)


def _with_fallbacks(health: Sequence[Health]) -> list[Health]:
    """Name for each unusable stream the streams that are used instead; if there are none, climate and tide."""
    usable = [each.stream for each in health if each.condition in ("alive", "late")]
    fallback = ", ".join(usable) or "climate and tide"
    return [each if each.stream in usable else replace(each, fallback=fallback) for each in health]


def _log_changes(step: Step, state: AgentState, decisions: Sequence[Decision]) -> None:
    for decision in decisions:
        if decision.change in ("start", "stop"):
            step.log("decision", f"{decision.change} {decision.action}: {decision.why}", {"action": decision.action})
    if state.has_no_data:
        step.log("no_data", "No stream gives data; only climate and tide are left. A person must decide.")
