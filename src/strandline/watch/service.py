"""A running watch: the agent of a site and its store."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import xarray as xr
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from strandline.distillation.training.loop import Progress
from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.issued_levels import issued_levels
from strandline.pipeline.deployment import DEPLOYMENT_FILE, Deployment, load_deployment
from strandline.pipeline.deployment.protocol_in_force import follow_protocol
from strandline.pipeline.study_area import StudyArea
from strandline.uncertainty.assimilation.fit import ForecastFunction, SeaLevelFit
from strandline.uncertainty.gauge_forecast.forecaster import GaugeForecaster
from strandline.uncertainty.gauge_forecast.forecaster_file import load_gauge_forecaster
from strandline.uncertainty.gauge_forecast.guidance import newest_issues
from strandline.uncertainty.gauge_forecast.land_forecast import LandForecaster
from strandline.watch.agent import Agent
from strandline.watch.assimilation.fit import fit
from strandline.watch.assimilation.fit_file import FIT_FILE, load_fit, save_fit
from strandline.watch.assimilation.land_danger import LandWatch
from strandline.watch.assimilation.own_forecast import OwnForecast
from strandline.watch.assimilation.tide_cache import TideTable
from strandline.watch.clock import utc_now
from strandline.watch.decision_rules import AgentConfig
from strandline.watch.decisions import Decision
from strandline.watch.feeds.client import FeedClient
from strandline.watch.feeds.simulated_surge_service import SURGE_SERVICE, SurgeService
from strandline.watch.store.errors import AlreadyDone, Busy
from strandline.watch.store.store import Store

BUSY_TIMEOUT_S = 5.0
"""How long a step waits for another user of the store [s]."""


@dataclass(frozen=True)
class Watch:
    """An agent with its store.

    Attributes:
        alerts: folder for the drafts and the confirmed alerts.
        is_live: it follows this machine's clock; else it is a replay, which has a clock of its own.
    """

    agent: Agent
    store: Store
    alerts: Path
    is_live: bool = False

    def step(self, hour: datetime) -> list[Decision] | None:
        """Run one hour; ``None`` if it was done before. The store is verified first (``Store.refuse_damage``).

        Raises:
            Busy: another agent uses this store.
            Damaged: the store is not what the watch wrote, or its last step lies in the future of a live watch.
        """
        self.store.refuse_damage(self.alerts)
        for attempt in Retrying(
            retry=retry_if_exception_type(Busy),
            stop=stop_after_delay(BUSY_TIMEOUT_S),
            wait=wait_fixed(0.2),
            reraise=True,
        ):
            with attempt:  # the web server may be delivering a confirmed alert
                self.store.deliver(self.alerts)  # left over from a crash
                try:
                    with self.store.step(hour, is_live=self.is_live) as step:
                        decisions = self.agent.step(step, self._confirmed)
                except AlreadyDone:
                    return None
        with suppress(Busy):  # the other user of the store delivers them
            self.store.deliver(self.alerts)
        return decisions

    def _confirmed(self, hour: datetime) -> frozenset[str]:
        """The alerts of an hour that were issued: released by as many persons as the place needs."""
        return frozenset(alert.identifier for alert in self.store.read.alerts(hour, hour) if alert.release is not None)


def open_watch(
    run: Path,
    study_area: StudyArea,
    feeds: Callable[[Mapping[str, TideTable]], Sequence[FeedClient]],
    address: str | Path,
    crews: int | None = None,
    progress: Progress | None = None,
    *,
    is_live: bool = False,
    protocol: Path | None = None,
    read_rivers: Callable[[], xr.Dataset | None] | None = None,
) -> Watch:
    """Open the watch of a finished run.

    Args:
        run: folder of a finished `strandline run`; the fit, the store and the alerts are kept there too.
        feeds: opens the streams, given the gauges' tides for quality control.
        address: of the store, a path or a URL; it is verified before anything else is done.
        is_live: the watch follows this machine's clock.
        protocol: file to follow in place of the run's own protocol.
        read_rivers: reads the tables of the rivers again, at each hour; ``None`` = the record counts as it is.

    Raises:
        Damaged: the store is not what a watch wrote, or its last step lies in the future of a live watch.
        InputError: the run has no deployment or no forecaster, or is about another region; or its watch cannot follow
            the protocol.
        RefusedByTheory: the record is too short to fit.
    """
    store, alerts = Store.open_verified(address, run)
    if is_live:
        store.refuse_wrong_clock(utc_now().replace(minute=0, second=0, microsecond=0))
    deployment = load_deployment(run)
    forecaster = load_gauge_forecaster(run, deployment.sea_level, deployment.mean_sea_level)
    if study_area.observations.region.name != deployment.region.name:
        what = f"is about '{deployment.region.name}', not '{study_area.observations.region.name}'"
        raise InputError(run, what, "name the folder of this region's run")
    protocol_file = None
    if protocol is not None:
        assets = study_area.observations.surveyed_assets
        deployment, protocol_file = follow_protocol(protocol, deployment, assets)
    fitted = load_or_fit(run, lambda: study_area, deployment, forecaster, progress)
    own_forecast = OwnForecast(forecaster, study_area.observations)
    tides = {name: TideTable(tide.level) for name, tide in fitted.tides.items()}
    config = AgentConfig(fitted.model, fitted.spread_inflation, tides, deployment.protocol, crews)
    agent = Agent(
        deployment,
        fitted,
        config,
        tuple(feeds(tides)),
        own_forecast.forecast,
        study_area.issuer,
        is_live,
        protocol_file,
        _land(deployment, study_area, forecaster, read_rivers),
    )
    return Watch(agent, store, alerts, is_live)


def _land(
    deployment: Deployment,
    study_area: StudyArea,
    forecaster: GaugeForecaster,
    read_rivers: Callable[[], xr.Dataset | None] | None,
) -> LandWatch | None:
    """Rain and rivers of the place; ``None`` = the run knew none."""
    if not deployment.land:
        return None
    place = study_area.observations
    return LandWatch(
        LandForecaster.of(place, forecaster.rivers), place, read_rivers if place.river is not None else None
    )


def load_or_fit(
    folder: Path,
    study_area: Callable[[], StudyArea],
    deployment: Deployment,
    forecaster: GaugeForecaster,
    progress: Progress | None,
) -> SeaLevelFit:
    """The fit in ``folder``; made and kept there if there is none, or one of an earlier run."""
    digest = sha256((folder / DEPLOYMENT_FILE).read_bytes()).hexdigest()
    if (folder / FIT_FILE).exists():
        stored = load_fit(folder)
        if stored.deployment == digest:
            return stored
    opened = study_area()
    service = SurgeService.of(opened, deployment)
    archives = {**_issued(opened, deployment), **({} if service is None else {SURGE_SERVICE: service.forecasts})}
    fitted = replace(fit(opened, deployment, forecaster, archives, progress), deployment=digest)
    save_fit(folder, fitted)
    return fitted


def _issued(study_area: StudyArea, deployment: Deployment) -> dict[str, ForecastFunction]:
    """Service of the region file → its past forecasts; a stream of the same name is weighed by them."""
    issued = study_area.observations.surge_forecast
    if issued is None:
        return {}

    def tide(time: Times) -> Floats:
        return np.asarray(deployment.mean_sea_level + deployment.sea_level.tide(time))

    levels = {str(name): issued_levels(issued, str(name), tide) for name in issued["service"].values}
    return {name: partial(newest_issues, each, tide=tide) for name, each in levels.items()}
