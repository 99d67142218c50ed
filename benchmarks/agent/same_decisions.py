"""The same decision from the replay of a protocol, from its hindcast and from the watch, hour by hour in storms."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.agent.caorle import END, START
from benchmarks.agent.coasts import GAUGES, Coast
from benchmarks.agent.methods import config_of, storm_peaks
from benchmarks.record import Row
from strandline.distillation.training.loop import Progress
from strandline.observations.arrays import Mask
from strandline.pipeline.deployment import Deployment
from strandline.pipeline.study_area import StudyArea
from strandline.planning.early_action.evacuation.area_triggers import AreaTriggers, WholeRegion
from strandline.planning.early_action.hindcast import HindcastData, forecast_findings
from strandline.planning.early_action.protocol import Protocol
from strandline.planning.early_action.streams import History, Stream, forecast_stream
from strandline.planning.early_action.trigger_constants import FORECAST
from strandline.planning.early_action.triggers import replay, replay_findings
from strandline.planning.measures import Fallback, OperationalMeasure
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, ResidualEnsemble
from strandline.uncertainty.assimilation.filter import Residual
from strandline.uncertainty.assimilation.fit import SeaLevelFit
from strandline.uncertainty.assimilation.forecast import forecast
from strandline.watch import agent as watch_agent
from strandline.watch.agent_state import AgentState, initial_state, update_belief
from strandline.watch.assimilation.land_danger import LandDanger
from strandline.watch.clock import hours_between
from strandline.watch.decision_rules import AgentConfig, decide, levels_of
from strandline.watch.decisions import Decision
from strandline.watch.feeds.recorded import replayed_feeds
from strandline.watch.service import open_watch

BEFORE, AFTER = 96, 60
"""Hours before and after a storm's peak that are compared."""


def rows_of_coast(coast: Coast, seed: int, storms: int, progress: Progress | None = None) -> list[Row]:
    """One row per storm: hours compared, starts, and hours at which the three do not agree."""
    protocol = _with_evacuation(config_of(coast).protocol, coast.event_level)
    peaks = storm_peaks(coast)[:storms]
    rows: list[Row] = []
    for number, peak in enumerate(peaks, start=1):
        part = slice(peak - BEFORE, peak + AFTER)
        by_watch, streams = _watch(coast, protocol, part)
        time = coast.time[part]
        found = replay(protocol, {FORECAST: _joined(streams)}, time)
        by_replay = {name: each.active for name, each in found.items()}
        data = _hindcast_data(coast, part)
        hindcast = replay_findings(protocol, forecast_findings(protocol, data, data.levels), time)
        by_hindcast = {name: each.active for name, each in hindcast.items()}
        rows.append(_row(f"storm {number} of {coast.name}", seed, by_watch, by_replay, by_hindcast))
        if progress is not None:
            progress(number / len(peaks))
    return rows


def row_of_region(study_area: StudyArea, deployment: Deployment, run: Path, store: Path) -> Row:
    """The watch of a region's record against the replay of its protocol on the forecasts that the watch made."""
    assert deployment.protocol is not None
    watch = open_watch(run, study_area, partial(replayed_feeds, study_area, deployment, START, END), store)
    streams: list[Stream] = []
    readings: list[History] = []
    active: dict[str, list[bool]] = {phase.name: [] for phase in deployment.protocol.phases}
    hours = list(hours_between(START, END))
    with _recorded(streams, readings):
        for hour in hours:
            decisions = {one.action: one.change for one in watch.step(hour) or []}
            for name, states in active.items():
                states.append(decisions[name] in ("start", "keep"))
    watch.store.close()
    time = np.array(hours, dtype="datetime64[ns]")
    found = replay(deployment.protocol, {FORECAST: _joined(streams), **readings[-1]}, time)
    by_watch = {name: np.array(states) for name, states in active.items()}
    return _row("Caorle, November 2022", None, by_watch, {name: each.active for name, each in found.items()}, None)


def _watch(coast: Coast, protocol: Protocol, part: slice) -> tuple[dict[str, Mask], list[Stream]]:
    config = AgentConfig(coast.model, coast.spread_inflation, config_of(coast).tides, protocol)
    hours = coast.time.astype("datetime64[h]")
    state = initial_state(config.model, hours[part.start])
    active: dict[str, list[bool]] = {phase.name: [] for phase in protocol.phases}
    streams = []
    for at in range(part.start, part.stop):
        readings = [
            Residual(name, hours[at], float(coast.residuals[number, at]))
            for number, name in enumerate(GAUGES)
            if np.isfinite(coast.residuals[number, at])
        ]
        state = update_belief(state, hours[at], readings)
        ensemble = forecast(state.sea, (), config.spread_inflation).chances
        streams.append(forecast_stream(hours[at], levels_of(config, ensemble), state.sea.is_heard))
        state, decisions = decide(config, state, ensemble)
        for one in decisions:
            active[one.action].append(one.change in ("start", "keep"))
    return {name: np.array(states) for name, states in active.items()}, streams


def _hindcast_data(coast: Coast, part: slice) -> HindcastData:
    tides = np.tile(coast.tide, (len(GAUGES), 1))
    return HindcastData(
        coast.time[part],
        (tides + coast.residuals)[:, part],
        tides[:, part],
        coast.tide[part.start : part.stop + HORIZON_HOURS],
        SeaLevelFit(coast.model, {}, coast.spread_inflation, (), ()),
        None,
        None,
        0.0,
    )


def _with_evacuation(protocol: Protocol | None, level: float) -> Protocol:
    """The protocol with an evacuation and its fallback."""
    assert protocol is not None
    measure = OperationalMeasure(
        "leave", "Leave", (), (12.0, 48.0), "Evacuate", True, None, None,
        fallback=Fallback("go_up", "Go up", "Shelter"),
    )  # fmt: skip
    lives = AreaTriggers(measure, WholeRegion((level, level + 0.2), 12, "benchmark"), False, 24.0, None)
    return protocol.model_copy(
        update={"phases": (*protocol.phases, *lives.phases), "indicators": {**protocol.indicators, **lives.indicators}}
    )


def _joined(streams: Sequence[Stream]) -> Stream:
    first = streams[0]
    return Stream(
        first.unit,
        np.concatenate([each.issued for each in streams]),
        first.leads,
        np.concatenate([each.values for each in streams]),
        np.concatenate([np.ones(1, dtype=bool) if each.heard is None else each.heard for each in streams]),
    )


@contextmanager
def _recorded(streams: list[Stream], readings: list[History]) -> Iterator[None]:
    """Keep the forecasts and readings on which a running watch decides."""

    def recording(
        config: AgentConfig, state: AgentState, ensemble: ResidualEnsemble, others: History, land: LandDanger
    ) -> tuple[AgentState, list[Decision]]:
        streams.append(forecast_stream(state.belief.hour, levels_of(config, ensemble), state.sea.is_heard))
        readings.append(others)
        return decide(config, state, ensemble, others, land)

    target: Callable[..., object] = recording
    with patch.object(watch_agent, "decide", target):
        yield


def _row(
    scenario: str,
    seed: int | None,
    by_watch: Mapping[str, Mask],
    by_replay: Mapping[str, Mask],
    by_hindcast: Mapping[str, Mask] | None,
) -> Row:
    watch = np.array(list(by_watch.values()))
    return {
        "scenario": scenario, "condition": "all", "policy": "strandline", "seed": seed, "hours": int(watch.shape[1]),
        "phases": len(by_watch), "phases_started": int(watch.any(axis=1).sum()),
        "differs_replay": int((watch != np.array(list(by_replay.values()))).sum()),
        "differs_hindcast": None
        if by_hindcast is None
        else int((watch != np.array(list(by_hindcast.values()))).sum()),
    }  # fmt: skip
