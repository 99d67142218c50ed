"""A protocol that an officer has edited, checked against the run whose watch is to follow it."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import geopandas as gpd

from strandline.errors import InputError
from strandline.pipeline.deployment.deployment import Deployment, with_protocol
from strandline.planning.early_action.evacuation.area_triggers import NEVER, danger_stream
from strandline.planning.early_action.protocol import Indicator, Protocol
from strandline.planning.early_action.protocol_file import load_protocol
from strandline.planning.early_action.trigger_constants import FLOODED_SHARE, FORECAST, NEIGHBOUR
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS


@dataclass(frozen=True)
class ProtocolFile:
    """The file that a protocol was read from, and its SHA-256."""

    name: str
    digest: str


def follow_protocol(path: Path, deployment: Deployment, assets: gpd.GeoDataFrame) -> tuple[Deployment, ProtocolFile]:
    """Return the deployment with the protocol of a TOML file, and what the log has to keep of the file.

    Raises:
        InputError: the file is no protocol, or its protocol cannot run here: see ``faults_of``.
    """
    protocol = load_protocol(path)
    for fault in faults_of(protocol, path, deployment):
        raise fault
    chosen = with_protocol(deployment, protocol, assets, path)
    return chosen, ProtocolFile(path.name, sha256(path.read_bytes()).hexdigest())


def faults_of(protocol: Protocol, path: Path, deployment: Deployment) -> Iterator[InputError]:
    """Everything that keeps the watch of a run from following a protocol.

    A stream that the watch does not read, a lead beyond the forecast's reach, a condition that has to persist, a
    forecast without a chance or a loss, a level that no flood map of the run covers, or a phase that starts without a
    forecast.
    """
    streams = (FORECAST, NEIGHBOUR) if len(deployment.gauges) > 1 else (FORECAST,)
    for name, indicator in protocol.indicators.items():
        for what, remedy in _faults_of_indicator(indicator, streams, deployment):
            yield InputError(f"{path} [indicators.{name}]", what, remedy)
    for phase in protocol.phases:
        where = f"{path} [phase {phase.name}]"
        if not any(one.variable == FORECAST for one in protocol.indicators_of(phase.start).values()):
            remedy = f"use an indicator of {FORECAST} in 'start'"
            yield InputError(where, "starts without a forecast of the sea", remedy)
        if phase.event is not None and phase.event.variable == "water_level":
            for what, remedy in _faults_of_levels((phase.event.value,), deployment):
                yield InputError(f"{where} event", what, remedy)


def _faults_of_indicator(
    indicator: Indicator, streams: tuple[str, ...], deployment: Deployment
) -> Iterator[tuple[str, str]]:
    if indicator.variable.startswith(FLOODED_SHARE):
        return
    if indicator.variable not in streams:
        yield f"reads {indicator.variable}, which this watch does not have", f"use {' or '.join(streams)}"
        return
    areas = () if deployment.evacuation is None else deployment.evacuation.areas
    dangers = [danger_stream(area.name) for area in areas if area.all_drivers is not None]
    if indicator.danger is not None and indicator.danger not in dangers:
        known = f"use {' or '.join(dangers)}" if dangers else "remove 'danger': no map of this run shows rain or rivers"
        yield f"reads {indicator.danger}, which this watch does not have", known
    if indicator.unit != "m":
        yield f"is in {indicator.unit}, and the sea level is in m", "give the level in m"
    latest = max(indicator.lead_window_hours[1], (indicator.at_night_hours or (0.0, 0.0))[1])
    if latest > HORIZON_HOURS:
        yield (
            f"looks {latest:g} h ahead, and the forecast reaches {HORIZON_HOURS} h",
            f"end its lead window at {HORIZON_HOURS} h or earlier",
        )
    if indicator.persistence_hours:
        yield "has to persist, and the watch keeps no earlier forecasts", "use duration_hours within one forecast"
    if indicator.variable == FORECAST:
        if indicator.probability is None and indicator.loss is None:
            yield "states no chance, and the forecast is one of chances", "add 'probability' or 'loss'"
        yield from _faults_of_levels((indicator.value, *indicator.values), deployment)


def _faults_of_levels(levels: tuple[float, ...], deployment: Deployment) -> Iterator[tuple[str, str]]:
    lowest, highest = deployment.response.dry_level, float(deployment.response.levels.max())
    for level in levels:
        if level != NEVER and not lowest <= level <= highest:
            yield (
                f"names a level of {level:g} m, and this run knows what the sea does from {lowest:.2f} m, the mean high"
                f" water, to {highest:.2f} m",
                f"give metres above {deployment.region.vertical_datum}, within these",
            )
            return
