"""Gauges, weather, storms and names of a place, as their services answer."""

import csv
import gzip
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.any_coast.places import ABOUT, STAND_IN, Gauge, Place
from benchmarks.any_coast.protocols.data_service import DataService, Reply
from benchmarks.any_coast.sea import MEAN_SEA_LEVEL, TRACKS, PlaceSea
from strandline.observations.fetch.sources.weather.ibtracs import basin_of

_JSON = "application/json"
_IBTRACS = ("SID", "SEASON", "BASIN", "NAME", "ISO_TIME", "LAT", "LON", "WMO_WIND", "WMO_PRES", "USA_WIND", "USA_PRES")
_NO_RECORD = "Error: Your query produced no matching results."
_FAR = {"id": "1612340", "name": "Honolulu", "lat": 21.3033, "lng": -157.8645}


def serve_tables(service: DataService, place: Place, sea: PlaceSea, records: Mapping[int, pd.Series]) -> None:
    """Add all tables to a service.

    Args:
        records: number of a gauge → its readings [m above its zero] by time (UTC).
    """
    _serve_gauges(service, place, records)
    _serve_weather(service, place, sea)
    found = [
        {"display_name": f"{name} ({STAND_IN} of its data)", "lat": str(latitude), "lon": str(longitude),
         "addresstype": "town", "osm_type": "node"}
        for name, (latitude, longitude) in place.towns.items()
    ]  # fmt: skip

    def named(asked: dict[str, str]) -> Reply:
        wanted = asked.get("q", "").lower()
        return Reply(json.dumps([each for each in found if wanted in each["display_name"].lower()]), kind=_JSON)

    service.routes["/search"] = named


def records_of(place: Place, sea: PlaceSea, years: int | None = None, step: float = 0.0) -> dict[int, pd.Series]:
    """Readings of the gauges above their own zeros, with noise and gaps [m].

    Args:
        years: of the record, to its end; ``None`` = all.
        step: by which the second half of the first gauge stands too high [m], as after a move of its staff.
    """
    rng = np.random.default_rng([place.seed, 6])
    records = {}
    for number, gauge in enumerate(place.gauges):
        level = sea.level[number] - MEAN_SEA_LEVEL + gauge.zero + 0.01 * rng.standard_normal(sea.time.size)
        for start in rng.integers(0, sea.time.size, 4 * place.years):
            level[start : start + 1 + int(rng.exponential(30.0))] = np.nan
        if years is not None:
            level[: -round(years * 8766)] = np.nan
        if number == 0:
            known = np.flatnonzero(np.isfinite(level))
            level[known[known.size // 2] :] += step
        records[gauge.number] = pd.Series(level, pd.DatetimeIndex(sea.time)).dropna()
    return records


def serve_storms(service: DataService, place: Place, sea: PlaceSea, data: Path | None) -> None:
    """The basin's file of IBTrACS: the published fixes, or without the table those of the simulated sea."""
    basin = basin_of(*place.box.centre)
    assert basin is not None
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_IBTRACS)
    writer.writerow([" ", "Year", " ", " ", " ", "degrees_north", "degrees_east", "kts", "mb", "kts", "mb"])
    writer.writerows(_simulated_fixes(sea, basin) if data is None else _published_fixes(data / TRACKS, basin))
    service.reply(f"/ibtracs.{basin}.list.v04r01.csv", Reply(out.getvalue()))


def _published_fixes(path: Path, basin: str) -> list[tuple[object, ...]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [
            (row["track_id"], row["season"], row["basin"], "UNNAMED", row["time"], row["lat"], row["lon"],
             row["wind"], row["slp"], row["wind"], row["slp"])
            for row in csv.DictReader(file)
            if row["basin"] == basin
        ]  # fmt: skip


def _simulated_fixes(sea: PlaceSea, basin: str) -> list[tuple[object, ...]]:
    fixes = sea.fixes
    time = pd.DatetimeIndex(fixes["time"].values)
    wind, pressure = fixes["maximum_wind"].values / 0.514444, fixes["central_pressure"].values / 100
    return [
        (fixes["storm"].values[i], time[i].year, basin, STAND_IN.upper(), time[i], f"{fixes['latitude'].values[i]:.2f}",
         f"{fixes['longitude'].values[i]:.2f}", *2 * (f"{wind[i]:.0f}", f"{pressure[i]:.0f}"))
        for i in range(len(time))
    ]  # fmt: skip


def _serve_gauges(service: DataService, place: Place, records: Mapping[int, pd.Series]) -> None:
    """UHSLC and IOC have the place's gauges, CO-OPS one that is far away."""
    present = [gauge for gauge in place.gauges if gauge.number in records]
    names = {gauge.number: f"{gauge.name} ({STAND_IN})" for gauge in present}

    def feature(gauge: Gauge) -> dict[str, object]:
        first, last = (str(records[gauge.number].index[end].date()) for end in (0, -1))
        span = {"oldest": first, "latest": last}
        properties = {"uhslc_id": gauge.number, "name": names[gauge.number], "fd_span": span, "rq_span": {}}
        where = {"type": "Point", "coordinates": [gauge.longitude % 360, gauge.latitude]}
        return {"type": "Feature", "properties": properties, "geometry": where}

    features = {"type": "FeatureCollection", "description": ABOUT, "features": [feature(each) for each in present]}
    service.reply("/data/meta.geojson", Reply(json.dumps(features), kind="application/geo+json"))

    def tabledap(asked: dict[str, str]) -> Reply:
        number, since = re.search(r"uhslc_id=(\d+)", asked[""]), re.search(r"time>=([\w:.-]+)", asked[""])
        record = None if number is None else records.get(int(number[1]))
        if record is None:
            return Reply(_NO_RECORD, 404, "text/plain")
        chosen = record if since is None else record[_instant(since[1]) :]
        rows = [f"{at:%Y-%m-%dT%H:%M:%SZ},{1000 * metres:.0f},{number[1]}0" for at, metres in chosen.items()]  # type: ignore[index]
        return Reply("\n".join(["time,sea_level,record_id", "UTC,millimeters,", *rows]) + "\n")

    service.routes["/erddap/tabledap/global_hourly_fast.csv"] = tabledap

    def ioc(asked: dict[str, str]) -> Reply:
        if asked.get("query") == "stationlist":
            listed = [
                {"Code": f"s{gauge.number}", "Location": names[gauge.number], "Lat": str(gauge.latitude),
                 "Lon": str(gauge.longitude), "date_created": str(records[gauge.number].index[0]),
                 "lasttime": str(records[gauge.number].index[-1]), "UTCOffset": "0"}
                for gauge in present
            ]  # fmt: skip
            return Reply(json.dumps(listed), kind=_JSON)
        record = records.get(int(asked.get("code", "s0")[1:]))
        chosen = [] if record is None else record[asked["timestart"] : asked["timestop"]].items()
        rows = [{"slevel": round(metres, 3), "stime": f"{at:%F %T}", "sensor": "rad"} for at, metres in chosen]
        return Reply(json.dumps(rows), kind=_JSON)

    service.routes["/service.php"] = ioc
    service.reply("/mdapi/prod/webapi/stations.json", Reply(json.dumps({"count": 1, "stations": [_FAR]}), kind=_JSON))


def _instant(text: str) -> pd.Timestamp:
    """A time of an ERDDAP constraint, which its client gives as text or seconds since 1970."""
    at = pd.Timestamp(float(text), unit="s") if re.fullmatch(r"[\d.]+", text) else pd.Timestamp(text)
    return at.tz_localize(None)


def _serve_weather(service: DataService, place: Place, sea: PlaceSea) -> None:
    """Archive, forecast, ensemble and river of Open-Meteo; hours outside the record are NaN, as where a model ends."""
    pressure, east, north = sea.weather
    speed, direction = np.hypot(east, north), np.rad2deg(np.arctan2(-east, -north)) % 360
    hourly = pd.DataFrame(
        {
            "pressure_msl (hPa)": pressure / 100,
            "wind_speed_10m (m/s)": speed,
            "wind_direction_10m (°)": direction,
            "precipitation (mm)": 0.0,  # the floods of the place are of the sea alone
        },
        pd.DatetimeIndex(sea.time),
    ).round(1)
    daily = pd.DataFrame({"river_discharge (m³/s)": sea.discharge}, pd.DatetimeIndex(sea.time)).resample("D").mean()
    longitude, latitude = (round(4 * each) / 4 for each in place.box.centre)
    where = (
        "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n"
        f"{latitude},{longitude},2.0,0,GMT,GMT\n\n"
    )

    def table(values: pd.DataFrame) -> Reply:
        return Reply(where + values.to_csv(index_label="time", na_rep="NaN", date_format="%Y-%m-%dT%H:%M"))

    def archive(asked: dict[str, str]) -> Reply:
        span = pd.date_range(asked["start_date"], f"{asked['end_date']} 23:00", freq="h")
        return table(hourly.reindex(span))

    def river(asked: dict[str, str]) -> Reply:
        found = daily.round(1).reindex(pd.date_range(asked["start_date"], asked["end_date"]))
        return Reply(where + found.to_csv(index_label="time", na_rep="NaN", date_format="%Y-%m-%d"))

    def forecast(asked: dict[str, str], members: int = 0) -> Reply:
        """Of the same days of the record's last year: there is no weather to come in a simulated stand-in."""
        span = pd.date_range(asked["start_date"], f"{asked['end_date']} 23:00", freq="h")
        back = (span[0] - hourly.index[-1]).ceil("D") + pd.Timedelta("365D")
        found = hourly.reindex(span - back).set_axis(span)
        more = {
            f"{variable}_member{member:02d} ({unit}": found[f"{variable} ({unit}"] + 0.1 * member
            for member in range(1, members + 1)
            for variable, _, unit in (str(column).partition(" (") for column in hourly.columns)
        }
        return table(found.assign(**more))

    service.routes |= {
        "/v1/archive": archive, "/v1/flood": river, "/v1/forecast": forecast,
        "/v1/ensemble": lambda asked: forecast(asked, 5),
    }  # fmt: skip
