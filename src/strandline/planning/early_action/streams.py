"""Streams that indicators read: forecasts with their members, and readings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask, Reals, Times


@dataclass(frozen=True, eq=False)
class Stream:
    """Data of one source: forecasts, or readings, which are forecasts for the hour of their issue.

    Attributes:
        unit: of the values.
        issued: (N,) UTC, ascending.
        leads: (L,) [h], ascending; (0,) for readings.
        values: (N, L, M) for each issue, lead and member; NaN = missing. One member for a deterministic stream.
            Quantiles of equal weight may serve as members: a probability is then that of the likeliest lead.
        heard: (N,) whether any data had arrived shortly before the issue; ``None`` = always. An issue without data
            may show danger, but it never proves that there is none.
    """

    unit: str
    issued: Times
    leads: Reals
    values: Reals
    heard: Mask | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or self.values.shape[:2] != (self.issued.size, self.leads.size):
            shapes = f"{self.values.shape} values of {self.issued.size} issues and {self.leads.size} leads"
            raise InputError("stream", shapes, "give values as issue, lead, member")
        if not ((np.diff(self.issued) > np.timedelta64(0)).all() and (np.diff(self.leads) > 0).all()):
            raise InputError("stream", "its issues or leads are not in order", "sort them and remove duplicates")
        if self.heard is not None and self.heard.shape != self.issued.shape:
            raise InputError("stream", f"{self.heard.size} flags of {self.issued.size} issues", "give one for each")

    @property
    def is_heard(self) -> Mask:
        """(N,) whether any data had arrived shortly before the issue."""
        return np.ones(self.issued.size, dtype=bool) if self.heard is None else self.heard

    def only(self, issues: Mask) -> "Stream":
        """Some of the issues (N,)."""
        if issues.all():
            return self
        heard = None if self.heard is None else self.heard[issues]
        return Stream(self.unit, self.issued[issues], self.leads, self.values[issues], heard)

    def with_danger(self, danger: "Stream") -> "Stream":
        """The same forecast, infinitely high where a forecast by the same members shows danger by all drivers.

        Raises:
            InputError: it is of other issues, leads or members.
        """
        if danger.values.shape != self.values.shape or not np.array_equal(danger.issued, self.issued):
            what = f"danger is {danger.values.shape} and the forecast {self.values.shape}"
            raise InputError("stream", what, "give both for the same issues, leads and members")
        heard = [one.heard for one in (self, danger) if one.heard is not None]
        values = np.where(danger.values > 0, np.inf, self.values)
        return Stream(self.unit, self.issued, self.leads, values, np.all(heard, axis=0) if heard else None)

    @classmethod
    def of_readings(cls, readings: pd.Series, unit: str) -> "Stream":
        """A gauge's readings by UTC time, NaN = missing."""
        issued = np.asarray(readings.index, dtype="datetime64[ns]")
        return cls(unit, issued, np.zeros(1), readings.to_numpy(dtype=float)[:, None, None])


def forecast_stream(hour: np.datetime64, levels: Floats, is_heard: bool) -> Stream:
    """One issue of the ensemble (N, 49) [m, region datum] as a stream of a protocol."""
    issued = np.array([hour], dtype="datetime64[ns]")
    leads = np.arange(levels.shape[1], dtype=float)
    return Stream("m", issued, leads, levels.T[None], np.array([is_heard]))


def join_issues(streams: Sequence[Stream]) -> Stream:
    """Issues of one source, in their order, as one stream."""
    first = streams[0]
    heard = [one.is_heard for one in streams]
    issued, values = (np.concatenate([getattr(one, name) for one in streams]) for name in ("issued", "values"))
    return Stream(first.unit, issued, first.leads, values, np.concatenate(heard))


History = Mapping[str, Stream]
"""Variable → its stream; one that never reported is absent."""
