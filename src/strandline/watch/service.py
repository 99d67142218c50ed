"""A watch that runs: the agent of a place, its store, and the clock that drives it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from strandline.distillation.training.loop import Progress
from strandline.errors import InputError
from strandline.pipeline.deployment import DEPLOYMENT_FILE, Deployment, load_deployment
from strandline.pipeline.study_area import StudyArea
from strandline.uncertainty.forecaster import Forecaster, load_forecaster
from strandline.watch.agent import Agent
from strandline.watch.assimilation.fit import (
    FIT_FILE,
    SeaLevelFit,
    StudentForecaster,
    fit,
    load_fit,
    save_fit,
)
from strandline.watch.assimilation.gauge_residuals import AFTER_THE_HOUR
from strandline.watch.assimilation.tide_cache import TideTable
from strandline.watch.decision_rules import AgentConfig
from strandline.watch.decisions import Decision
from strandline.watch.feeds.client import FeedClient
from strandline.watch.feeds.health import Expectation
from strandline.watch.feeds.replay import replay_tide_gauges
from strandline.watch.feeds.simulated_surge_service import SERVICE_DELAY, SURGE_SERVICE, SurgeService
from strandline.watch.store.audit.outbox import alerts_beside
from strandline.watch.store.errors import AlreadyDone, Busy
from strandline.watch.store.store import Store

STEP = timedelta(hours=1)
PATIENCE_S = 5.0
"""How long a step waits for whoever else is at work in the store [s]."""
GAUGE = Expectation(interval=STEP, delay=timedelta(minutes=5), silent_after=timedelta(hours=6))
SERVICE = Expectation(interval=timedelta(hours=6), delay=SERVICE_DELAY, silent_after=timedelta(hours=24))


@dataclass(frozen=True)
class Watch:
    """An agent with its store.

    Attributes:
        alerts: folder that confirmed drafts are delivered to.
    """

    agent: Agent
    store: Store
    alerts: Path

    def step(self, hour: datetime) -> list[Decision] | None:
        """One hour; ``None`` where it was done before.

        Raises:
            Busy: another agent acts on this store, and goes on to.
        """
        for attempt in Retrying(
            retry=retry_if_exception_type(Busy), stop=stop_after_delay(PATIENCE_S), wait=wait_fixed(0.2), reraise=True
        ):
            with attempt:  # somebody's confirmation is delivered in a moment
                self.store.deliver(self.alerts)  # what was committed before a crash
                try:
                    with self.store.step(hour) as step:
                        decisions = self.agent.step(step, self._confirmed)
                except AlreadyDone:
                    return None
        with suppress(Busy):  # whoever is at work delivers it
            self.store.deliver(self.alerts)
        return decisions

    def _confirmed(self, hour: datetime) -> frozenset[str]:
        return frozenset(alert.identifier for alert in self.store.read.alerts(hour, hour) if alert.confirmations)


def agent_config(
    deployment: Deployment, knowledge: SeaLevelFit, crews: int | None, tides: Mapping[str, TideTable]
) -> AgentConfig:
    """What the agent is told."""
    return AgentConfig(
        model=knowledge.model,
        spread_inflation=knowledge.spread_inflation,
        tides=tides,
        stakes=deployment.action_parameters,
        crews=crews,
    )


def load_or_fit(
    folder: Path,
    place: Callable[[], StudyArea],
    deployment: Deployment,
    forecaster: Forecaster,
    progress: Progress | None,
) -> SeaLevelFit:
    """The knowledge in ``folder``; learned and kept there where there is none, or one of an earlier run."""
    made_of = sha256((folder / DEPLOYMENT_FILE).read_bytes()).hexdigest()
    if (folder / FIT_FILE).exists():
        knowledge = load_fit(folder)
        if knowledge.deployment == made_of:
            return knowledge
    opened = place()
    service = SurgeService.of(opened, deployment)
    archives = {} if service is None else {SURGE_SERVICE: service.say}
    knowledge = replace(fit(opened, deployment, forecaster, archives, progress), deployment=made_of)
    save_fit(folder, knowledge)
    return knowledge


def open_watch(
    run: Path,
    place: StudyArea,
    feeds: Callable[[Mapping[str, TideTable]], Sequence[FeedClient]],
    address: str | Path,
    crews: int | None = None,
    progress: Progress | None = None,
) -> Watch:
    """The watch of a place whose run is finished.

    Args:
        run: folder of a finished `strandline run`; what the watch learns, its store and its alerts lie there too.
        feeds: opens the streams, given the gauges' tides, by which their readings are checked.
        address: of the store, a path or a URL.

    Raises:
        InputError: the run left no briefing or no forecaster.
        RefusedByTheory: the record is too short to learn from.
    """
    deployment, forecaster = load_deployment(run), load_forecaster(run)
    if place.observations.region.name != deployment.region.name:
        given = f"is about '{deployment.region.name}', not '{place.observations.region.name}'"
        raise InputError(run, given, "name the folder of this place's run")
    knowledge = load_or_fit(run, lambda: place, deployment, forecaster, progress)
    student = StudentForecaster(forecaster, place.observations, deployment)
    tides = {name: TideTable(tide.level) for name, tide in knowledge.tides.items()}
    config = agent_config(deployment, knowledge, crews, tides)
    agent = Agent(deployment, knowledge, config, tuple(feeds(tides)), student.say)
    return Watch(agent, Store.open(address), alerts_beside(address, run))


def replayed_feeds(
    place: StudyArea, deployment: Deployment, start: datetime, end: datetime, tides: Mapping[str, TideTable]
) -> list[FeedClient]:
    """The record's own gauges as they spoke; on a simulated coast a surge service beside them."""
    gauge = place.observations.require_gauge()
    first, last = (np.datetime64(moment, "ns") for moment in (start - timedelta(days=5), end + timedelta(days=1)))
    part = gauge.sel(time=slice(first, last))
    if part.sizes["time"] == 0:
        span = f"{gauge['time'].values[0]:.10} to {gauge['time'].values[-1]:.10}"
        raise InputError("replay", f"no reading between {start} and {end}", f"the record holds {span}")
    feeds = [FeedClient(each, GAUGE, tides.get(each.stream)) for each in replay_tide_gauges(part, GAUGE.delay)]
    service = SurgeService.of(place, deployment)
    return feeds if service is None else [*feeds, FeedClient(service.replay(start - timedelta(days=2), end), SERVICE)]


def hours_between(start: datetime, end: datetime) -> Iterator[datetime]:
    """Every full hour from ``start`` to ``end``."""
    hour = start
    while hour <= end:
        yield hour
        hour += STEP


def hours_as_they_come(
    now: Callable[[], datetime] = lambda: datetime.now(UTC).replace(tzinfo=None),
) -> Iterator[datetime]:
    """The last full hour, and then each as it passes; never ends."""
    hour = (now() - AFTER_THE_HOUR).replace(minute=0, second=0, microsecond=0)
    while True:
        yield hour
        hour += STEP
        while (wait := (hour + AFTER_THE_HOUR - now()).total_seconds()) > 0:
            time.sleep(min(wait, 60.0))


def paced(hours: Iterator[datetime], speed: float | None) -> Iterator[datetime]:
    """The same hours, each no sooner after the last than an hour over ``speed``; ``None`` = at once."""
    for number, hour in enumerate(hours):
        if number and speed is not None:
            time.sleep(STEP.total_seconds() / speed)
        yield hour
