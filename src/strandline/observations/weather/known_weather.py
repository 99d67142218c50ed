"""The weather that was known at an hour of issue: the only way from weather to a network, a forecast or a hindcast.

Past hours have the analysis, if it could be had by then, else the newest forecast that could. Coming hours have the
newest forecast that could be had, and never an analysis.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from strandline.observations.arrays import Floats, Indices, Mask, Times
from strandline.observations.observations import Observations

Steps = npt.NDArray[np.timedelta64]
QUANTITIES = ("pressure", "wind_east", "wind_north")
"""[Pa], [m s-1], [m s-1]"""
LONGEST_GAP = np.timedelta64(6, "h")
"""Between two values of one source; the time between them is interpolated."""
HOUR = np.timedelta64(1, "h")
_AT_ONCE = 1_000_000
"""Values that are looked up together."""


@dataclass(frozen=True, eq=False)
class KnownWeather:
    """Weather as it was known at B hours of issue, for H hours relative to each.

    Attributes:
        values: (B, H, M, V) of V quantities, or (B, H, M, P, V) at P places; members stay members, and an analysis is
            the same in each. NaN = not known by then.
        lead: (B, H) valid time minus the reference time of the newest forecast that was used [h]; 0 = an analysis of
            any quantity, NaN = nothing was known.
        available: (B, H) UTC, from when all that was used could be had; never after the issue. NaT = nothing was known.
    """

    values: Floats
    lead: Floats
    available: Times


def known_weather(
    observations: Observations, issue: Times, hours: Indices, quantities: tuple[str, ...] = QUANTITIES
) -> KnownWeather:
    """The weather at the region's sea point, in the nearest cell of each source, as (B, H, M, V).

    Args:
        observations: ``weather`` and ``weather_forecast``, either may be absent.
        issue: (B,) UTC.
        hours: (H,) relative to the issue; 0 and before it = past, above = coming.
        quantities: V names of variables.
    """
    longitude, latitude = observations.region.sea_point_lonlat
    known = known_weather_at(observations, issue, hours, np.array([longitude]), np.array([latitude]), quantities)
    return KnownWeather(known.values[:, :, :, 0], known.lead, known.available)


def known_weather_at(
    observations: Observations,
    issue: Times,
    hours: Indices,
    longitude: Floats,
    latitude: Floats,
    quantities: tuple[str, ...] = QUANTITIES,
) -> KnownWeather:
    """The weather at P places [degrees], each in the nearest cell of either source, as (B, H, M, P, V).

    Each quantity of an hour comes from the first source that gives any value of it there. Values are linear in time
    between two of the same source that are at most ``LONGEST_GAP`` apart.
    """
    issue = issue.astype("datetime64[ns]")
    analyses = _near(observations.weather, "time", issue, hours)
    forecasts = _near(observations.weather_forecast, "issued", issue, hours)
    members = 1 if forecasts is None else forecasts.sizes["member"]
    sources = (
        None if analyses is None else _analyses(analyses, longitude, latitude, quantities),
        None if forecasts is None else _forecasts(forecasts, longitude, latitude, quantities),
    )
    size = hours.size * members * longitude.size * len(quantities)
    parts = [
        _known(sources, part, hours, (members, longitude.size, len(quantities)))
        for part in np.array_split(issue, max(1, -(-issue.size * size // _AT_ONCE)))
    ]
    return KnownWeather(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("values", "lead", "available"))
    )


def _near(source: xr.Dataset | None, time: str, issue: Times, hours: Indices) -> xr.Dataset | None:
    """The part of a source that may count for some hours about the issues, and one more time at either end.

    Of forecasts it is that about each issue, since storms of years have hours of forecasts.
    """
    if source is None or not issue.size or not hours.size:
        return source
    reach = 0 if time == "time" else int(source["lead"].values[-1])
    first = issue + (min(int(hours.min()), 0) - reach) * HOUR - LONGEST_GAP
    last = issue + max(int(hours.max()), 0) * HOUR + LONGEST_GAP
    at = source[time].values.astype("datetime64[ns]")
    starts, ends = np.maximum(np.searchsorted(at, first) - 1, 0), np.searchsorted(at, last) + 1
    if time == "time":
        return source.isel({time: slice(starts.min(), ends.max())})
    about = np.zeros(at.size, dtype=bool)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        about[start:end] = True
    return source.isel({time: np.flatnonzero(about)})


@dataclass(frozen=True, eq=False)
class _Source:
    """Values at some steps after each of N reference times, and when each could be had.

    Attributes:
        reference: (N,) UTC.
        step: (L,) ascending, from the reference.
        values: (N, L, M, P, V); NaN = not given.
        available: (N,) UTC, when all steps of a reference could be had; ``None`` = each by itself, after ``delay``.
        delay: of a step's value.
        offers: (V,) quantities that the source has at all.
    """

    reference: Times
    step: Steps
    values: npt.NDArray[np.floating]
    available: Times | None
    delay: np.timedelta64
    offers: Mask

    def at(self, row: Indices, moment: Steps) -> tuple[Floats, Indices]:
        """(Q, M, P, V) values of references ``row`` (Q,) at times after them, and the index of the last step used."""
        last = self.step.size - 1
        above = np.searchsorted(self.step, moment)
        on_step = self.step[np.minimum(above, last)] == moment
        inside = (above <= last) & (on_step | (above > 0))
        low, high = np.where(on_step, above, above - 1), np.clip(above, 0, last)
        before = self.values[row, np.clip(low, 0, last)].astype(float)
        after = self.values[row, high].astype(float)
        share = _share(moment, self.step[np.clip(low, 0, last)], self.step[high])[:, None, None, None]
        values = np.where(inside[:, None, None, None], before + share * (after - before), np.nan)
        last_used = np.broadcast_to(high[:, None, None, None], values.shape).copy()
        gap = self.step[high] - self.step[np.clip(low, 0, last)] > LONGEST_GAP
        values[gap] = np.nan
        has_holes = np.flatnonzero(inside & ~gap & np.isnan(values[..., self.offers]).any(axis=(1, 2, 3)))
        if has_holes.size:
            values[has_holes], last_used[has_holes] = self._across_holes(
                row[has_holes], moment[has_holes], low[has_holes], above[has_holes]
            )
        return values, last_used

    def _across_holes(self, row: Indices, moment: Steps, low: Indices, high: Indices) -> tuple[Floats, Indices]:
        """The same for steps of which some values are not given: between the nearest that are."""
        last = self.step.size - 1
        low, high = self._nearest_given(row, low, -1), self._nearest_given(row, high, 1)
        given = (low >= 0) & (high <= last)
        low, high = np.clip(low, 0, last), np.clip(high, 0, last)
        first, second = self._take(row, low), self._take(row, high)
        share = _share(moment[:, None, None, None], self.step[low], self.step[high])
        near = self.step[high] - self.step[low] <= LONGEST_GAP
        return np.where(given & near, first + share * (second - first), np.nan), high

    def _nearest_given(self, row: Indices, start: Indices, direction: int) -> Indices:
        """(Q, M, P, V) index of the nearest step from ``start`` on that is given; beyond ``LONGEST_GAP`` any."""
        last = self.step.size - 1
        shape = (row.size, *self.values.shape[2:])
        index = np.broadcast_to(start[:, None, None, None], shape).copy()
        origin = self.step[np.clip(start, 0, last)][:, None, None, None]
        while True:
            within = (index >= 0) & (index <= last)
            inside = np.clip(index, 0, last)
            near = np.abs(self.step[inside] - origin) <= LONGEST_GAP
            missing = within & near & np.isnan(self._take(row, inside))
            if not missing.any():
                return index
            index[missing] += direction

    def _take(self, row: Indices, index: Indices) -> Floats:
        member, place, quantity = np.ogrid[tuple(slice(size) for size in self.values.shape[2:])]
        return np.asarray(self.values[row[:, None, None, None], index, member, place, quantity], dtype=float)


def _share(moment: Steps, low: Steps, high: Steps) -> Floats:
    """How far a moment lies between two steps, 0 to 1."""
    return np.asarray((moment - low) / np.maximum(high - low, np.timedelta64(1, "ns")))


def _known(
    sources: tuple[_Source | None, _Source | None], issue: Times, hours: Indices, each: tuple[int, int, int]
) -> KnownWeather:
    analyses, forecasts = sources
    shape = (issue.size, hours.size)
    valid = (issue[:, None] + hours * HOUR).reshape(-1)  # (Q,)
    at_issue = np.repeat(issue, hours.size)
    values = np.full((valid.size, *each), np.nan)
    filled = np.zeros((valid.size, each[2]), dtype=bool)
    lead, available = np.full(valid.size, np.nan), np.full(valid.size, np.datetime64("NaT", "ns"))

    past = np.flatnonzero(valid <= at_issue)
    if analyses is not None and past.size:
        found, last = analyses.at(np.zeros(past.size, dtype=np.int64), valid[past] - analyses.reference[0])
        had = analyses.reference[0] + analyses.step[last] + analyses.delay  # (Q, 1, P, V)
        given = ~np.isnan(found) & (had <= at_issue[past, None, None, None])
        values[past] = np.where(given, found, np.nan)
        filled[past] = given.any(axis=(1, 2))
        any_given = filled[past].any(axis=1)
        latest = np.where(given, had, analyses.reference[0]).max(axis=(1, 2, 3))
        lead[past[any_given]], available[past[any_given]] = 0.0, latest[any_given]

    if forecasts is not None and forecasts.available is not None:
        waiting = np.flatnonzero((forecasts.offers & ~filled).any(axis=1))
        row = np.searchsorted(forecasts.reference, np.minimum(valid, at_issue)[waiting], side="right") - 1
        while waiting.size:
            after = valid[waiting] - forecasts.reference[row]
            reached = (row >= 0) & (after <= forecasts.step[-1])  # earlier issues reach less far still
            waiting, row, after = waiting[reached], row[reached], after[reached]
            had = forecasts.available[row] <= at_issue[waiting]
            found, _ = forecasts.at(row[had], after[had])
            use, taken = waiting[had], ~np.isnan(found).all(axis=(1, 2)) & ~filled[waiting[had]]  # (n, V)
            values[use] = np.where(taken[:, None, None], found, values[use])
            filled[use] |= taken
            any_taken = taken.any(axis=1)
            use, issued = use[any_taken], forecasts.available[row[had][any_taken]]
            available[use] = np.fmax(available[use], issued)
            lead[use] = np.where(np.isnan(lead[use]), after[had][any_taken] / HOUR, lead[use])
            left = (forecasts.offers & ~filled[waiting]).any(axis=1)
            waiting, row = waiting[left], row[left] - 1
    return KnownWeather(values.reshape(*shape, *values.shape[1:]), lead.reshape(shape), available.reshape(shape))


def _analyses(weather: xr.Dataset, longitude: Floats, latitude: Floats, quantities: tuple[str, ...]) -> _Source:
    time = weather["time"].values.astype("datetime64[ns]")
    delay = np.timedelta64(round(float(weather["available_after_h"]) * 3600e9), "ns")
    values = _at_places(weather, ("time",), longitude, latitude, quantities)[None, :, None]  # (1, T, 1, P, V)
    return _Source(time[:1], time - time[0], values, None, delay, _offers(weather, quantities))


def _forecasts(forecast: xr.Dataset, longitude: Floats, latitude: Floats, quantities: tuple[str, ...]) -> _Source:
    return _Source(
        forecast["issued"].values.astype("datetime64[ns]"),
        forecast["lead"].values * HOUR.astype("timedelta64[ns]"),
        _at_places(forecast, ("issued", "lead", "member"), longitude, latitude, quantities),
        forecast["available"].values.astype("datetime64[ns]"),
        np.timedelta64(0, "ns"),
        _offers(forecast, quantities),
    )


def _offers(dataset: xr.Dataset, quantities: tuple[str, ...]) -> Mask:
    return np.array([name in dataset for name in quantities])


def _at_places(
    dataset: xr.Dataset, dims: tuple[str, ...], longitude: Floats, latitude: Floats, quantities: tuple[str, ...]
) -> npt.NDArray[np.floating]:
    """(…, P, V) values in the cell nearest to each place; NaN where a quantity is not in the data set."""
    east = np.abs((dataset["longitude"].values - longitude[:, None] + 180.0) % 360.0 - 180.0).argmin(axis=1)
    north = np.abs(dataset["latitude"].values - latitude[:, None]).argmin(axis=1)
    shape = (*(dataset.sizes[dim] for dim in dims), longitude.size)
    layers = [
        dataset[name].transpose(*dims, "latitude", "longitude").values[..., north, east]
        if name in dataset
        else np.full(shape, np.nan, dtype=np.float32)
        for name in quantities
    ]
    return np.stack(layers, axis=-1)
