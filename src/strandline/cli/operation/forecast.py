"""``strandline forecast``: the water level of the next three days, from what is known now or was known then."""

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strandline.cli.console import StageDisplay, note, print_json, print_result, warn
from strandline.cli.operation.map import utc_of
from strandline.cli.options import AsJson, DataFolder, FinishedRun, RegionPath
from strandline.errors import InputError, require_extra

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from rich.table import Table

    from strandline.observations.arrays import Floats, Mask, Times
    from strandline.observations.region_file import RegionFile
    from strandline.pipeline.deployment import Deployment
    from strandline.pipeline.study_area import StudyArea
    from strandline.report.alerts.exceedance import AlertLevel
    from strandline.report.alerts.level_forecast import LevelForecast, OperationalForecast
    from strandline.report.findings import LeadSkill
    from strandline.uncertainty.gauge_forecast.forecaster import GaugeForecaster
    from strandline.uncertainty.gauge_forecast.forecaster import LevelForecast as Issued
    from strandline.watch.feeds.latest import LatestSea

SHOWN_EVERY = 6
"""Step of the table on the screen [h]."""
BEFORE_THE_END = timedelta(days=4)
"""Before the end of the built-in delta's record, so that its weather is forecast for all of the three days."""


def forecast(
    region: RegionPath = None,
    run: FinishedRun = Path("runs/demo"),
    data: DataFolder = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="Forecast as it would have been issued then, from what was known by then; UTC, as 2022-11-21T06:00.",
            show_default="now, with what the streams answer; of the built-in delta four days before its record ends",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for table, plot and JSON.", show_default="forecast in --run")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Forecast the water level 0 to 72 hours ahead: high waters, their range, and the levels that matter here.

    It is no warning: `strandline watch` decides on the plan's actions, by this forecast and all other streams.
    """
    from strandline.report.alerts.level_forecast import sentences_of, warnings_of
    from strandline.report.alerts.level_forecast_files import as_plain, write_forecast

    with StageDisplay() as announce:
        announce("open the place")
        region_file, area, deployment = _open(region, data, run)
        announce("read what is known")
        sea = _known(region_file, area, deployment, at)
        announce("forecast")
        found = _forecast(run, region_file, area, deployment, sea)
        folder = out or run / "forecast"
        write_forecast(folder, found, sea.time, sea.level)
    for each in sea.health:
        if each.condition not in ("alive", "late"):
            warn(f"stream '{each.stream}': {each.note}")
    for line in warnings_of(found):
        warn(line)
    if as_json:
        print_json(as_plain(found))
        return
    print_result(f"{found.place}, issued {found.issued:%Y-%m-%d %H:%M} UTC, levels in m above {found.datum}")
    for line in sentences_of(found):
        print_result(line)
    for table in _tables(found):
        print_result(table)
    note(f"forecast: {folder}")


def _open(region: Path | None, data: Path | None, run: Path) -> "tuple[RegionFile | None, StudyArea, Deployment]":
    from strandline.observations.readers.formats.reading_process import reading_process
    from strandline.observations.region_file import load_region_file
    from strandline.pipeline.deployment import load_deployment
    from strandline.pipeline.run_folder.generations import open_run
    from strandline.pipeline.study_area import built_in_sea, open_study_area

    open_run(run)
    deployment = load_deployment(run)
    region_file = None if region is None else load_region_file(region, data)
    if region_file is None:
        area = built_in_sea(min(deployment.region.shape))
    else:
        area = open_study_area(region_file, reading_process())
    if area.observations.region.name != deployment.region.name:
        what = f"is about '{deployment.region.name}', not '{area.observations.region.name}'"
        raise InputError(run, what, "name the folder of this region's run")
    return region_file, area, deployment


def _known(
    region_file: "RegionFile | None", area: "StudyArea", deployment: "Deployment", at: str | None
) -> "LatestSea":
    """What is known at the hour of issue."""
    import numpy as np

    from strandline.watch.clock import utc_now
    from strandline.watch.feeds.latest import known_by_record, known_by_streams

    if at is not None:
        hour = utc_of(at, "write 2022-11-21T06:00 (UTC), or 2022-11-21T07:00+01:00").astype("datetime64[h]")
        if hour > np.datetime64(utc_now(), "ns"):
            raise InputError("--at", f"{at} lies in the future", "leave it out to forecast from now on")
        return known_by_record(area, hour)
    if region_file is None:
        return known_by_record(area, area.own_level[0][-1] - np.timedelta64(BEFORE_THE_END))
    if not region_file.stream:
        return known_by_record(area, np.datetime64(utc_now().replace(minute=0, second=0, microsecond=0), "ns"))
    require_extra("forecast", "watch", "httpx", "tenacity", "pybreaker", "pystac_client")
    from strandline.watch.feeds.registry import open_feeds

    def tide(time: "Times") -> "Floats":
        return np.asarray(deployment.mean_sea_level + deployment.sea_level.tide(time))

    feeds = open_feeds(region_file, {deployment.gauges[0].name: tide})
    return known_by_streams(area, deployment, feeds, utc_now())


def _forecast(
    run: Path, region_file: "RegionFile | None", area: "StudyArea", deployment: "Deployment", sea: "LatestSea"
) -> "LevelForecast":
    import numpy as np
    import pandas as pd

    from strandline.report.alerts.exceedance import LEVELS, alert_levels
    from strandline.report.alerts.level_forecast import SHOWN, LevelForecast, WithoutGauge
    from strandline.uncertainty.gauge_forecast.drivers import river_age
    from strandline.uncertainty.gauge_forecast.forecaster import LEADS
    from strandline.uncertainty.gauge_forecast.forecaster_file import load_gauge_forecaster
    from strandline.uncertainty.gauge_forecast.plausibility import BEFORE_H, doubt_of

    forecaster = load_gauge_forecaster(run, deployment.sea_level, deployment.mean_sea_level)
    issued = pd.Timestamp(sea.hour)
    hours = issued + pd.to_timedelta(LEADS, unit="h")
    return_levels = np.median(deployment.return_levels, axis=0)
    pairs = list(zip(deployment.return_periods, return_levels.tolist(), strict=True))

    def forecast_by(read: "Mask") -> "tuple[Issued, pd.DataFrame, tuple[AlertLevel, ...]]":
        found = forecaster.forecast(np.array([sea.hour]), sea.time[read], sea.level[read], sea.observations, LEVELS)
        rows = pd.DataFrame(
            {
                "issue_time": issued, "time": hours, "lead_h": LEADS,
                **{name: found.quantiles[share][0] for name, share in SHOWN.items()},
                "observed": _observed(area, sea, hours), "tide": found.tide[0], "knows_weather": found.knows_weather[0],
                **_land_and_shares(forecaster, found, sea, read),
            }
        )  # fmt: skip
        quantiles = np.stack([found.quantiles[share][0] for share in LEVELS], axis=1)
        return found, rows, alert_levels(rows, quantiles, deployment.protocol, pairs)

    found, rows, levels = forecast_by(np.ones(sea.time.size, dtype=bool))
    doubt = doubt_of(forecaster, sea.hour, sea.time, sea.level, sea.observations)
    trusted, without_gauge = np.ones(sea.time.size, dtype=bool), None
    if doubt is not None:
        trusted = sea.time <= sea.hour - np.timedelta64(BEFORE_H, "h")
        without_gauge = WithoutGauge(doubt, *forecast_by(trusted)[1:])
    return LevelForecast(
        place=deployment.region.name,
        datum=deployment.region.vertical_datum,
        issued=issued,
        is_simulated=deployment.is_simulated or _is_simulated(area),
        rows=rows,
        readings=int(found.readings[0]),
        reading_age=None if np.isnan(found.age[0]) else float(found.age[0]),
        weather_source=sea.weather_source,
        weather_issued=None if sea.weather_issued is None else pd.Timestamp(sea.weather_issued),
        levels=levels,
        skill=_skill(run),
        is_fitted=_is_fitted(area, deployment, sea.hour),
        operational=_operational(region_file, deployment, sea, trusted, pairs),
        without_gauge=without_gauge,
        land=forecaster.land,
        river_age=river_age(sea.observations, sea.hour, forecaster.rivers),
    )


def _land_and_shares(
    forecaster: "GaugeForecaster", found: "Issued", sea: "LatestSea", read: "Mask"
) -> "dict[str, Floats | Mask]":
    """Columns of what is known of river and rain, and of the parts of the level where any driver is known."""
    import numpy as np

    from strandline.uncertainty.gauge_forecast.drivers import knows_rain

    issue = np.array([sea.hour])
    columns: dict[str, Floats | Mask] = {}
    if forecaster.land:
        columns = {"knows_land": found.knows_land[0], "knows_rain": knows_rain(sea.observations, issue)[0]}
    if found.knows_weather.any() or found.knows_land.any():
        shares = forecaster.shares(issue, sea.time[read], sea.level[read], sea.observations)
        columns |= {f"share_{name}": values[0] for name, values in shares.items()}
    return columns


def _operational(
    region_file: "RegionFile | None",
    deployment: "Deployment",
    sea: "LatestSea",
    trusted: "Mask",
    return_levels: "Sequence[tuple[float, float]]",
) -> "tuple[OperationalForecast, ...]":
    """What each service of the region file forecasts for the same hours, corrected by the trusted readings."""
    import numpy as np

    from strandline.observations.sea_level.issued_levels import issued_levels
    from strandline.report.alerts.level_forecast import operational_forecast

    issued = sea.observations.surge_forecast

    def tide(time: "Times") -> "Floats":
        return np.asarray(deployment.mean_sea_level + deployment.sea_level.tide(time))

    if issued is None:
        return ()
    sections, gauges = (region_file.surge_forecast, region_file.tide_gauge[:1]) if region_file else ((), ())
    levelled = {section.name for section in sections for own in gauges if section.is_levelled_to(own)}
    return tuple(
        operational_forecast(
            service, issued_levels(issued, service, tide), sea.time[trusted], sea.level[trusted], sea.hour,
            deployment.protocol, return_levels, has_same_zero=service in levelled,
        )
        for service in issued["service"].values.tolist()
    )  # fmt: skip


def _observed(area: "StudyArea", sea: "LatestSea", hours: "pd.DatetimeIndex") -> "Floats":
    """What the gauge read in these hours, where its record reaches so far: to be seen beside the forecast."""
    import numpy as np
    import pandas as pd

    time, level = area.own_level
    read = pd.concat([pd.Series(sea.level, pd.DatetimeIndex(sea.time)), pd.Series(level, pd.DatetimeIndex(time))])
    read = read[~read.index.duplicated()]
    return np.asarray(read.reindex(hours), dtype=np.float64)


def _is_fitted(area: "StudyArea", deployment: "Deployment", hour: "np.datetime64") -> bool:
    """Whether an hour lies in the part of the record that the forecaster was fitted to."""
    time = area.own_level[0]
    return bool(time[0] <= hour <= time[-1]) and not any(start <= hour <= end for start, end in deployment.withheld)


def _is_simulated(area: "StudyArea") -> bool:
    known = area.observations.provenance
    return any(
        known[name].kind == "simulated" for name in ("tide_gauge", "weather", "weather_forecast") if name in known
    )


def _skill(run: Path) -> "tuple[LeadSkill, ...]":
    """As the run measured it; empty where it could not."""
    from pydantic import TypeAdapter

    from strandline.report.findings import LeadSkill

    rows = json.loads((run / "summary.json").read_text(encoding="utf-8"))["surge"].get("by_lead") or []
    known = [{name: float("nan") if value is None else value for name, value in row.items()} for row in rows]
    return TypeAdapter(tuple[LeadSkill, ...]).validate_python(known)


def _tables(found: "LevelForecast") -> "list[Table]":
    from rich.table import Table

    from strandline.report.alerts.exceedance import chance_of

    rows, high = found.rows, found.high_waters.index
    hours = Table(title="Water level (m), high waters marked ▲", title_justify="left", box=None)
    doubted = found.without_gauge
    beside_hours = () if doubted is None else ("if the gauge is wrong",)
    land = (found.land,) if found.land else ()
    for name in ("UTC", "lead (h)", "expected", "90 % range", *beside_hours, "tide alone", "weather", *land):
        hours.add_column(name, justify="left" if name == "UTC" else "right", no_wrap=True)
    for at in sorted({*range(0, len(rows), SHOWN_EVERY), *high.tolist()}):
        row = rows.iloc[at]
        hours.add_row(
            f"{row['time']:%a %d %b %H:%M}{' ▲' if at in high else ''}", f"{row['lead_h']}", f"{row['p50']:.2f}",
            f"{row['p05']:.2f} … {row['p95']:.2f}",
            *(() if doubted is None else (f"{doubted.rows['p50'].iloc[at]:.2f}",)),
            f"{row['tide']:.2f}", "yes" if row["knows_weather"] else "no",
            *("yes" if row["knows_land"] else "no" for _ in land),
        )  # fmt: skip
    levels = Table(title="Levels that matter here, within 72 h", title_justify="left", box=None)
    beside = [(f"chance by {each.service}", each.levels, each.is_whole) for each in found.operational if each.levels]
    if doubted is not None:
        beside.insert(0, ("chance if the gauge is wrong", doubted.levels, bool(doubted.rows["knows_weather"].all())))
    for name in ("level", "m", "chance", "from (UTC)", *(name for name, _, _ in beside)):
        levels.add_column(name, justify="left" if name == "level" else "right", no_wrap=name != "level")
    for number, each in enumerate(found.levels):
        first = None if each.exceedance is None or each.is_unlikely else each.exceedance.earliest
        from_when = "–" if first is None else f"{first:%a %d %b %H:%M}"
        others = [chance_of(of_other[number], knows_all=is_whole) for _, of_other, is_whole in beside]
        levels.add_row(
            each.name, f"{each.level:.2f}", chance_of(each, knows_all=found.knows_all_weather), from_when, *others
        )
    return [hours, levels]
