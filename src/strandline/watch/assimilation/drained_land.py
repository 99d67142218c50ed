"""Flood scenes as streams of the protocol: what shows that an evacuated area has drained."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd

from strandline.planning.early_action.protocol import Protocol
from strandline.planning.early_action.streams import History, Stream
from strandline.planning.early_action.trigger_constants import FLOODED_SHARE
from strandline.watch.readings import Reading


def drained_land(
    scenes: Sequence[Reading], protocol: Protocol, zones_of_phase: Mapping[str, tuple[str, ...]]
) -> History:
    """Variable of an area → the greatest flooded share [-] of its zones in each scene that shows all of them.

    Args:
        scenes: readings of ``flooded_share`` by zone.
        zones_of_phase: phase → its zones; one without zones has no stream.
    """
    by_time: dict[datetime, dict[str, float]] = defaultdict(dict)
    for scene in scenes:
        by_time[scene.time][scene.place] = scene.value
    history: dict[str, Stream] = {}
    for phase in protocol.phases:
        zones = zones_of_phase.get(phase.name, ())
        if phase.stop.drained is None or not zones:
            continue
        shares = {
            time: max(shown[zone] for zone in zones)
            for time, shown in sorted(by_time.items())
            if shown.keys() >= set(zones)
        }
        for indicator in protocol.indicators_of(phase.stop.drained).values():
            if shares and indicator.variable.startswith(FLOODED_SHARE):
                history[indicator.variable] = Stream.of_readings(pd.Series(shares, dtype=float), "1")
    return history
