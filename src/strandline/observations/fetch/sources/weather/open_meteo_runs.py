"""The cycle that an answer of Open-Meteo is of, by the service's model metadata."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

HOURLY = ("pressure_msl", "wind_speed_10m", "wind_direction_10m", "precipitation")
"""Variables that are asked for."""
SETTLED_AFTER = timedelta(minutes=10)
"""From a cycle's arrival until all servers have it. Source: https://open-meteo.com/en/docs/model-updates."""


@dataclass(frozen=True)
class ModelRun:
    """A cycle of a model, naive UTC.

    Attributes:
        issued: its reference time.
        available: when the service had it.
        interval: from one cycle to the next.
    """

    issued: datetime
    available: datetime
    interval: timedelta

    @property
    def delay(self) -> timedelta:
        """From the reference time until the service had it."""
        return self.available - self.issued


def run_path(model: str) -> str:
    """Path of a model's metadata, after the service's address."""
    return f"/data/{model}/static/meta.json"


def parse_run(found: Any) -> ModelRun | None:
    """The newest cycle that metadata states; ``None`` = it states none that can be.

    Source: https://open-meteo.com/en/docs/model-updates: ``last_run_initialisation_time``,
    ``last_run_availability_time`` (seconds since 1970, UTC) and ``update_interval_seconds``.
    """
    try:
        issued, available = (
            datetime.fromtimestamp(int(found[f"last_run_{name}_time"]), UTC).replace(tzinfo=None)
            for name in ("initialisation", "availability")
        )
        interval = timedelta(seconds=int(found["update_interval_seconds"]))
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
    is_possible = issued <= available and timedelta(hours=1) <= interval <= timedelta(days=1)
    return ModelRun(issued, available, interval) if is_possible else None


def run_of_answer(before: ModelRun | None, after: ModelRun | None, now: datetime) -> tuple[datetime, datetime, bool]:
    """Issue and availability of an answer, and whether its cycle is known.

    It is known where the metadata states one and the same cycle before and after, which all servers have. Otherwise the
    answer counts as issued in the hour of the request and available at the request.

    Args:
        before, after: what the metadata stated before and after the answer.
        now: time of the request, naive UTC.
    """
    if before is not None and before == after and before.available + SETTLED_AFTER <= now:
        return before.issued, before.available, True
    return now.replace(minute=0, second=0, microsecond=0), now.replace(microsecond=0), False
