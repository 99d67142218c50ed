"""A gate that closes on a gauge's reading and opens again; the smallest protocol there is."""

import numpy as np
import pandas as pd

from strandline.planning.protocol import DegradedRule, Event, Indicator, Phase, Protocol, StopRule
from strandline.planning.triggers import PhaseState, Stream, evaluate

START = pd.Timestamp("2024-01-01")


def reading(variable: str, value: float, operator: str = ">=", valid_hours: float = 1.0, **more: object) -> Indicator:
    entries = {"unit": "m", "lead_window_hours": (0, 0), "source": "a gauge made up for a test", **more}
    return Indicator(variable=variable, operator=operator, value=value, valid_hours=valid_hours, **entries)


def ahead(variable: str, value: float, probability: float | None, window: tuple[float, float], **more) -> Indicator:
    entries = {"operator": ">=", "unit": "m", "valid_hours": 6.0, "source": "a forecast made up for a test", **more}
    return Indicator(variable=variable, value=value, probability=probability, lead_window_hours=window, **entries)


def phase(start: str = "high", stop: str = "not left", for_hours: float = 4, fallback: str | None = "spare", **more):
    degraded = DegradedRule(
        after_hours=6, fallback=fallback, prior="act while the storm warning holds", decided_by="the duty officer"
    )
    entries = {"name": "close", "actions": ("close the gate",), "response": "Execute", **more}
    return Phase(start=start, stop=StopRule(when=stop, for_hours=for_hours), degraded=degraded, **entries)


def protocol(indicators: dict[str, Indicator], *phases: Phase) -> Protocol:
    return Protocol(
        title="a gate", source="made up", confirmed_by="the harbour master", indicators=indicators, phases=phases
    )


GATE = protocol(
    {"high": reading("sea", 1.5), "left": reading("sea", 1.2), "spare": reading("neighbour", 1.3)},
    phase(event=Event(variable="sea", operator=">=", value=1.5, unit="m")),
)


def readings(*values: float, unit: str = "m", start: pd.Timestamp = START) -> Stream:
    times = pd.date_range(start, periods=len(values), freq="h")
    return Stream.of_readings(pd.Series(values, index=times, dtype=float), unit)


def forecast(values: object, leads: object, issued: object = (START,), unit: str = "m") -> Stream:
    """From (N, L, M) values; fewer axes are put in front or behind where there is one issue or member."""
    array = np.asarray(values, dtype=float)
    if array.ndim == 1:
        array = array[None, :, None]
    return Stream(unit, np.array(issued, dtype="datetime64[ns]"), np.asarray(leads, dtype=float), array)


def state_after(of: Protocol = GATE, **history: Stream) -> PhaseState:
    """The first phase at the last issue of all."""
    last = max(pd.Timestamp(stream.issued[-1]) for stream in history.values())
    return evaluate(of, history, last)[of.phases[0].name]
