"""Weather forecasts at one place as readings of a stream, and back."""

from collections.abc import Iterable
from datetime import datetime

import numpy as np
import xarray as xr

from strandline.observations.readers.weather_forecasts.assemble import HOUR, VARIABLES, Rows, assemble
from strandline.watch.feeds.replay import Replay
from strandline.watch.readings import Reading


def readings_of_forecast(stream: str, forecast: xr.Dataset, longest_lead: int, lead_step: int = 1) -> list[Reading]:
    """One reading for each issue, lead, member and variable that is given, by issue and valid time.

    ``pressure`` [Pa], ``wind_east`` and ``wind_north`` [m s-1], ``rain`` [mm h-1].

    Args:
        forecast: of one place, (issued, lead, member, 1, 1).
        longest_lead: [h]
        lead_step: leads that are no multiple of it are left out [h].
    """
    lead = forecast["lead"]
    near = forecast.sel(lead=(lead <= longest_lead) & (lead % lead_step == 0)).isel(latitude=0, longitude=0)
    issues = near["issued"].values.astype("datetime64[us]").tolist()
    valid = (near["issued"].values[:, None] + near["lead"].values * HOUR).astype("datetime64[us]").tolist()
    members = near["member"].values.tolist()
    readings = []
    for name in VARIABLES:
        if name not in near:
            continue
        values = near[name].transpose("issued", "lead", "member").values.astype(float)
        readings += [
            Reading(stream, name, valid[issue][lead], issues[issue], float(values[issue, lead, member]),
                    member=members[member])
            for issue, lead, member in np.argwhere(~np.isnan(values)).tolist()
        ]  # fmt: skip
    return sorted(readings, key=lambda reading: (reading.issued, reading.time, reading.variable, reading.member))


def replay_weather_forecast(stream: str, forecast: xr.Dataset, longest_lead: int) -> Replay:
    """A recorded forecast of one place, of which each issue is withheld until it was available."""
    readings = readings_of_forecast(stream, forecast, longest_lead)
    moments = dict(zip(
        forecast["issued"].values.astype("datetime64[us]").tolist(),
        forecast["available"].values.astype("datetime64[us]"), strict=True,
    ))  # fmt: skip
    available = np.array([moments[reading.issued] for reading in readings], dtype="datetime64[us]")
    return Replay.in_order(stream, readings, available)


def forecast_of_readings(
    readings: Iterable[Reading], longitude: float, latitude: float, known_at: datetime
) -> xr.Dataset | None:
    """The ``weather_forecast`` of one stream as it was known at a time; ``None`` = nothing was.

    Bad readings are left out; of repeats the last one counts. What is known at ``known_at`` was available by then.

    Args:
        readings: of one stream, known at ``known_at``, newest revision last.
        known_at: naive UTC.
    """
    usable = {
        (one.variable, one.issued, one.time, one.member): one
        for one in readings
        if one.variable in VARIABLES and one.issued <= known_at and one.issued <= one.time
    }
    good = [one for one in usable.values() if one.quality != "bad"]
    if not good:
        return None
    rows = []
    for name in VARIABLES:
        own = [one for one in good if one.variable == name]
        if own:
            issued = np.array([one.issued for one in own], dtype="datetime64[ns]")
            lead = (np.array([one.time for one in own], dtype="datetime64[ns]") - issued) / HOUR
            values = np.array([one.value for one in own])[:, None, None]
            member = np.array([one.member for one in own], dtype=np.int64)
            rows.append(Rows(name, issued, np.round(lead).astype(np.int64), member, values))
    moment = np.datetime64(known_at, "ns")
    return assemble(
        rows, np.array([latitude]), np.array([longitude]), lambda issues: np.full(issues.shape, moment),
        f"stream '{good[0].stream}'",
    )  # fmt: skip
