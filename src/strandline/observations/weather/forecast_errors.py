"""Synthetic weather forecasts: analyses to which errors are added as they are published by lead."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Times
from strandline.observations.observations import Observations, Provenance
from strandline.observations.variables import as_variable
from strandline.observations.weather.issue_errors import BLOCK, Growth, IssueErrors, at_leads
from strandline.observations.weather.known_weather import HOUR, LONGEST_GAP, QUANTITIES

KILOMETRES_PER_DEGREE = 111.2
TRANSLATION = 36.0
"""[km h-1] Speed at which weather passes (10 m/s), which makes an error of place one of time where the analyses have a
single cell: an assumption, the order of the speed of a low and of a fast cyclone."""
MOST_OF_DEVIATION = 0.5
"""Most of what remains, as a share of the deviation of the weather itself [-]: where pressure varies little, as in the
tropics, forecasts err less. An assumption."""
SYNTHETIC = "analyses with errors as published by lead; no forecast that was issued"


@dataclass(frozen=True)
class WeatherSkill:
    """Errors of a service's forecasts of pressure and wind by lead, and its cycles.

    A forecast has the weather at a wrong place, which is also a wrong time, too strong or too weak, and errors without
    relation to it. All grow with lead. Those of one issue are of one draw: what is displaced is displaced for all leads
    in the same direction. Member 0 is the service's best estimate, the others scatter about it.

    Attributes:
        position: standard deviation of the displacement, eastwards and northwards each [km].
        amplitude: of the logarithm of the factor on the departure from the mean of 30 days [-].
        pressure, wind: of what remains, first-order noise along the leads [Pa], [m s-1] for each component; no more
            than ``MOST_OF_DEVIATION``.
        spread: of members about the best estimate, relative to its error [-].
        memory_hours: e-folding time of the errors between issues, and of what remains along the leads [h].
        members: M, of which the first is the best estimate.
        every_hours: between issues [h]; the first is at the midnight before the first analysis.
        lead_step, longest_lead: leads are 0, ``lead_step``, …, ``longest_lead`` [h]. The longest is a day more than
            three days, since at the hour of use a cycle is up to a day old.
        delay_hours: from the reference time of a cycle until it can be had [h].

    Source: position: mean errors of the warning centres for tropical cyclones, 2014–2019: 68, 121 and 178 km at 24, 48
        and 72 h in the North Atlantic, 80, 120 and 163 km in the North Indian Ocean, 85, 144 and 217 km in the western
        North Pacific (Tropical Storm Risk, table of tracker errors); here 78, 128 and 186 km, times √(2/π) for the
        deviation along an axis. Pressure and wind: with the errors of place, global forecasts err outside the tropics
        by about 0.7 hPa at one day and 2 to 3 hPa at three to four, the wind over sea by 1.5 to 3 m/s as a vector (WMO
        exchange of scores, e.g. Haiden et al. 2021, ECMWF Technical Memorandum 880): round numbers of that order.
        Amplitude, spread, memory and delay (ECMWF's open data and GFS come after 4 to 9 h) are assumptions.
    """

    position: Growth = ((0.0, 10.0), (24.0, 62.0), (48.0, 102.0), (72.0, 148.0), (96.0, 200.0))
    amplitude: Growth = ((0.0, 0.03), (24.0, 0.1), (48.0, 0.15), (96.0, 0.25))
    pressure: Growth = ((0.0, 30.0), (24.0, 50.0), (48.0, 90.0), (72.0, 150.0), (96.0, 220.0))
    wind: Growth = ((0.0, 0.5), (24.0, 0.9), (48.0, 1.2), (72.0, 1.6), (96.0, 2.0))
    spread: float = 0.8
    memory_hours: float = 24.0
    members: int = 3
    every_hours: int = 12
    lead_step: int = 3
    longest_lead: int = 96
    delay_hours: float = 7.0

    def __post_init__(self) -> None:
        for name in ("position", "amplitude", "pressure", "wind"):
            leads, sizes = np.array(getattr(self, name), dtype=float).T
            if not ((np.diff(leads) > 0).all() and (sizes >= 0).all() and np.isfinite(sizes).all()):
                what = f"{name} is {getattr(self, name)}"
                raise InputError("weather skill", what, "give ascending leads and errors of 0 or more")
        if not (self.spread >= 0 and self.memory_hours > 0 and self.members >= 1 and self.delay_hours >= 0):
            stated = f"spread {self.spread:g}, memory {self.memory_hours:g} h, {self.members} members"
            remedy = "give a spread of 0 or more, a memory above 0, a member or more and a delay of 0 or more"
            raise InputError("weather skill", f"{stated}, delay {self.delay_hours:g} h", remedy)
        if self.every_hours < 1 or self.longest_lead < 0 or self.lead_step < 1:
            stated = f"an issue every {self.every_hours} h for {self.longest_lead} h by {self.lead_step} h"
            raise InputError("weather skill", stated, "give 1 h or more, 0 h or more, and 1 h or more")

    @property
    def leads(self) -> Indices:
        """(L,) [h]."""
        return np.arange(0, self.longest_lead + 1, self.lead_step)


def with_synthetic_forecasts(
    observations: Observations,
    seed: int,
    skill: WeatherSkill | None = None,
    longitude: Floats | None = None,
    latitude: Floats | None = None,
) -> Observations:
    """The same place with forecasts that are made of its analyses, of provenance *simulated*.

    Raises:
        InputError: there are no analyses, or forecasts that were issued.
    """
    if observations.weather_forecast is not None:
        raise InputError("weather_forecast", "was issued by a service already", "leave these forecasts out first")
    forecast = synthetic_forecasts(observations.require("weather"), seed, skill, longitude, latitude)
    provenance = {**observations.provenance, "weather_forecast": Provenance("simulated", SYNTHETIC, "Apache-2.0")}
    return replace(observations, weather_forecast=forecast, provenance=provenance)


def synthetic_forecasts(
    weather: xr.Dataset,
    seed: int,
    skill: WeatherSkill | None = None,
    longitude: Floats | None = None,
    latitude: Floats | None = None,
    issues: Indices | None = None,
) -> xr.Dataset:
    """Modality ``weather_forecast`` made of analyses, as float32, with the attribute ``synthetic``.

    The errors of an issue depend only on the seed and its number, not on the other issues asked for.

    Args:
        weather: modality ``weather``. Where it has one cell, errors of place are errors of time.
        longitude, latitude: of the forecast's cells, ascending; those of the analyses when ``None``. The fewer, the
            smaller the result.
        issues: numbers of the issues, ascending; ``None`` = all within the record.

    Raises:
        InputError: an issue lies outside the record.
    """
    skill = skill or WeatherSkill()
    time = weather["time"].values
    first = time[0].astype("datetime64[D]").astype("datetime64[ns]")
    count = int((time[-1] - first) / HOUR) // skill.every_hours + 1
    wanted = np.arange(count) if issues is None else np.asarray(issues, dtype=np.int64)
    if ((wanted < 0) | (wanted >= count)).any() or (np.diff(wanted) <= 0).any():
        raise InputError("weather forecasts", f"issues are {issues}", f"give ascending numbers from 0 to {count - 1}")
    longitude = weather["longitude"].values if longitude is None else longitude
    latitude = weather["latitude"].values if latitude is None else latitude
    analyses = _Analyses.of(weather, longitude, latitude)
    issued, leads = first + wanted * skill.every_hours * HOUR, skill.leads
    errors = IssueErrors(3, 3, leads.size, skill.lead_step, skill.memory_hours, skill.every_hours, skill.members)
    shape = (wanted.size, leads.size, skill.members, latitude.size, longitude.size)
    values = np.empty((len(QUANTITIES), *shape), dtype=np.float32)
    for block in np.unique(wanted // BLOCK):
        row = np.flatnonzero(wanted // BLOCK == block)
        error = errors.of_block(seed, block)[:, wanted[row] % BLOCK]  # (3 + 3 L, n, 1 + M)
        about = skill.spread * error[..., 1:]
        about[..., 0] = 0.0  # the first member is the best estimate
        error = error[..., :1] + about
        values[:, row] = _forecast(analyses, issued[row], error, skill)
    dims = ("issued", "lead", "member", "latitude", "longitude")
    return xr.Dataset(
        {name: as_variable(name, dims, values[i]) for i, name in enumerate(QUANTITIES) if name in weather},
        {
            "issued": issued,
            "lead": leads,
            "member": np.arange(skill.members),
            "latitude": latitude,
            "longitude": longitude,
            "available": ("issued", issued + np.timedelta64(round(skill.delay_hours * 3600), "s")),
        },
        {"synthetic": SYNTHETIC},
    )


@dataclass(frozen=True, eq=False)
class _Analyses:
    """Fields at hours (T,) after the first, on nodes, and their means of 30 days at the cells of a forecast.

    Attributes:
        values: (V, T, Y, X); ``means``: (V, T, y, x); ``deviation``: from them (V, y, x).
        node_latitude, node_longitude: ascending (Y,), (X,) [degrees].
        latitude, longitude: of the cells (y,), (x,) [degrees].
    """

    time: Times
    values: npt.NDArray[np.floating]
    means: Floats
    deviation: Floats
    node_latitude: Floats
    node_longitude: Floats
    latitude: Floats
    longitude: Floats

    @classmethod
    def of(cls, weather: xr.Dataset, longitude: Floats, latitude: Floats) -> "_Analyses":
        ordered = weather.sortby(["latitude", "longitude"])
        time = ordered["time"].values
        shape = tuple(ordered.sizes[name] for name in ("time", "latitude", "longitude"))
        missing = np.full(shape, np.nan, dtype=np.float32)
        values = np.stack([ordered[name].values if name in ordered else missing for name in QUANTITIES])
        north = np.abs(ordered["latitude"].values - latitude[:, None]).argmin(axis=1)
        east = np.abs(ordered["longitude"].values - longitude[:, None]).argmin(axis=1)
        near = values[:, :, north[:, None], east].astype(float)
        table = pd.DataFrame(near.swapaxes(0, 1).reshape(time.size, -1), index=time)
        smooth = table.rolling("30D", center=True, min_periods=1).mean().to_numpy()
        means = smooth.reshape(time.size, len(QUANTITIES), latitude.size, longitude.size).swapaxes(0, 1)
        given = ~np.isnan(near)
        squares = np.where(given, (near - means) ** 2, 0.0).sum(axis=1)
        deviation = np.sqrt(squares / np.maximum(given.sum(axis=1), 1))
        nodes = ordered["latitude"].values, ordered["longitude"].values
        return cls(time, values, means, deviation, *nodes, latitude, longitude)

    def at(self, valid: Times, east: Floats, north: Floats, late: Floats) -> tuple[Floats, Floats]:
        """(V, n, L, M, y, x) the weather as it is elsewhere, and the mean of 30 days.

        Linear between nodes and between times that are at most ``LONGEST_GAP`` apart; beyond the nodes it is that of
        the outermost.

        Args:
            valid: (n, L) UTC.
            east, north: (n, L, M) by which the weather is displaced [km]; ``late``: by which it is late [h].
        """
        moment = valid[..., None] - (late * 3600e9).astype("timedelta64[ns]")
        after = np.clip(np.searchsorted(self.time, moment), 1, max(self.time.size - 1, 1))
        after = np.minimum(after, self.time.size - 1)
        before = np.maximum(after - 1, 0)
        apart = self.time[after] - self.time[before]
        share = (moment - self.time[before]) / np.maximum(apart, np.timedelta64(1, "ns"))
        known = (share >= 0) & (share <= 1) & (apart <= LONGEST_GAP)
        degrees_east = east / (KILOMETRES_PER_DEGREE * np.cos(np.deg2rad(self.latitude.mean())))
        row = _node(self.node_latitude, self.latitude - (north / KILOMETRES_PER_DEGREE)[..., None])  # (n, L, M, y)
        column = _node(self.node_longitude, self.longitude - degrees_east[..., None])  # (n, L, M, x)
        then = np.zeros((len(QUANTITIES), *moment.shape, self.latitude.size, self.longitude.size))
        for index, weight in ((before, 1 - share), (after, share)):
            for y, down in row:
                for x, across in column:
                    place = self.values[:, index[..., None, None], y[..., None], x[..., None, :]]
                    part = weight[..., None, None] * down[..., None] * across[..., None, :]
                    then += np.where(part > 0, part * place, 0.0)  # on a node an unknown neighbour does not matter
        return np.where(known[..., None, None], then, np.nan), self.means[:, np.where(share > 0.5, after, before)]


def _node(nodes: Floats, position: Floats) -> list[tuple[Indices, Floats]]:
    """Index and weight of the nodes on both sides of positions."""
    place = np.interp(position, nodes, np.arange(nodes.size, dtype=float))
    low = np.minimum(np.floor(place).astype(np.int64), max(nodes.size - 2, 0))
    return [(low, 1 - (place - low)), (np.minimum(low + 1, nodes.size - 1), place - low)]


def _forecast(analyses: _Analyses, issued: Times, error: Floats, skill: WeatherSkill) -> Floats:
    """(V, n, L, M, y, x) forecasts; ``error`` (3 + 3 L, n, M) are the draws of each member."""
    leads = skill.leads.astype(float)
    position, amplitude = (at_leads(each, leads)[:, None] for each in (skill.position, skill.amplitude))
    east, north = (position * draw[:, None] for draw in error[:2])  # (n, L, M) [km]
    still = np.zeros_like(east)
    if min(analyses.node_latitude.size, analyses.node_longitude.size) == 1:
        late, east, north = east / TRANSLATION, still, still
    else:
        late = still
    then, mean = analyses.at(issued[:, None] + skill.leads * HOUR, east, north, late)
    variance = np.full(skill.members, 1 + skill.spread**2)
    variance[0] = 1.0
    factor = np.exp(amplitude * error[2][:, None] - amplitude**2 * variance / 2)  # its mean is 1
    noise = error[3:].reshape(3, leads.size, -1, skill.members).swapaxes(1, 2)  # (V, n, L, M)
    size = np.stack([at_leads(each, leads) for each in (skill.pressure, skill.wind, skill.wind)])[..., None, None]
    size = np.minimum(size, MOST_OF_DEVIATION * analyses.deviation[:, None])[:, None, :, None]  # (V, 1, L, 1, y, x)
    return np.asarray(mean + factor[..., None, None] * (then - mean) + size * noise[..., None, None])
