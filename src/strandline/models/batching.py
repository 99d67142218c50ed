"""Build batches from observations: one sample a storm, or one an hour of issue.

Nothing is filled: a missing scene, a cell under cloud and an hour without a reading stay masked.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from torch import Tensor

from strandline.errors import InputError, RefusedByTheory
from strandline.models.batch import CLIMATE_DAYS, FLOOD_ISSUE, OPTICAL_CHANNELS, Batch
from strandline.models.terrain_features import terrain_features_of
from strandline.observations.arrays import Mask, Times
from strandline.observations.exposure.assets import curve_index
from strandline.observations.observations import Observations
from strandline.observations.region import Region
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.variables import DEPTH_EDGES
from strandline.observations.weather.daily_weather import daily_weather
from strandline.observations.weather.known_rivers import between_readings, known_rivers, river_delays, river_readings
from strandline.observations.weather.land_drivers import hourly_discharge, hourly_rain, known_rain
from strandline.observations.weather.storms import Split, Storm

Targets = Literal["survey", "truth"]
FLOOD_SHOWN = np.timedelta64(26, "h")
"""After a storm's peak: two tides. The teacher was trained on scenes of 2 to 14 h; where the gauge was silent, the peak
that was read lies up to a tide beside the true one."""
LEAST_RIVER_HOURS = 30
"""Readings of a river by an issue whose mean is one: a month of daily means; an assumption."""


def build_storm_batch(
    observations: Observations, storms: Sequence[Storm], sea_level: SeaLevelModel, targets: Targets
) -> Batch:
    """One sample a storm, issued 12 h after its peak, with every modality that was observed.

    Args:
        observations: of the study area; a tide gauge is required.
        storms: B windows; an image belongs to the storm whose window holds its time, a radar scene to the storm whose
            flood it shows (`shows_flood`).
        sea_level: its tide is that of the own gauge.
        targets: ``survey``: flood surveys; ``truth`` (simulated floods only): the simulator's depth and damage, for
            pre-training on other coasts and for scoring.

    Raises:
        InputError: no tide gauge, a record that does not cover the hours before an issue, or no truth.
    """
    if targets == "truth" and observations.truth is None:
        raise InputError("observations", "have no truth", "only simulated floods have; use targets='survey'")
    region, mean_sea_level = observations.region, float(observations.require_gauge()["mean_sea_level"].values[0])
    parts = storm_gauge_part(observations, storms, sea_level) | scene_part(observations, storms)
    parts |= inflow_of_the_past(observations, np.array([storm.peak + FLOOD_ISSUE for storm in storms]))
    if observations.has_survey:  # the networks' damage states replace those of an outdated survey alone
        parts |= asset_part(observations, len(storms))
    batch = terrain_features_of(region, observations.terrain, mean_sea_level).attach_to(Batch(**parts))
    labels: dict[str, Tensor] = {}
    depth_source = observations.flood_survey if targets == "survey" else observations.truth
    if depth_source is not None:
        depth = _scene_of(depth_source["flood_depth"], storms)
        valid = ~np.isnan(depth)
        labels["flood_class"] = torch.from_numpy(np.digitize(np.where(valid, depth, 0.0), DEPTH_EDGES))
        labels["flood_valid"] = torch.from_numpy(valid) & batch.require("terrain_seen")
    on_grid = batch.asset_seen
    if targets == "truth" and on_grid is not None and depth_source is not None and "damage_state" in depth_source:
        state = _scene_of(depth_source["damage_state"], storms)
        labels["damage_state"] = torch.from_numpy(np.where(np.isnan(state), 0, state).astype(np.int64))
        labels["damage_valid"] = torch.from_numpy(~np.isnan(state)) & on_grid
    return replace(batch, **labels)


def build_scene_batch(
    observations: Observations, times: Times, peaks: Times, sea_level: SeaLevelModel, *, read: bool
) -> Batch:
    """One sample a radar scene, as of a storm that peaked shortly before; hours outside the record are not seen.

    Args:
        times: (B,) of the scenes, as in the ``sar`` modality.
        peaks: (B,) hour of the highest sea before each.
        read: whether the gauge's levels are readings; those of an assumed sea are not seen.
    """
    gauge = observations.require_gauge()
    if not read:
        silent = gauge.assign(water_level=gauge["water_level"].where(np.zeros(gauge["water_level"].shape, dtype=bool)))
        observations = replace(observations, tide_gauge=silent)
    shown = [Storm(time, peak, time, float("nan")) for time, peak in zip(times, peaks, strict=True)]
    parts = _gauge_part(observations, peaks + FLOOD_ISSUE, sea_level, beyond_record=True)
    parts["radar"], parts["radar_seen"] = _radar(observations, shown)
    mean_sea_level = float(gauge["mean_sea_level"].values[0])
    return terrain_features_of(observations.region, observations.terrain, mean_sea_level).attach_to(Batch(**parts))


def shows_flood(storm: Storm, times: Times) -> Mask:
    """Mask of the times at which radar shows a storm's flood: within ``FLOOD_SHOWN`` after its peak.

    An earlier scene shows the land before the flood.
    """
    return storm.contains(times) & (times >= storm.peak) & (times <= storm.peak + FLOOD_SHOWN)


def storm_gauge_part(
    observations: Observations, storms: Sequence[Storm], sea_level: SeaLevelModel
) -> dict[str, Tensor]:
    """The fields of a batch of storms that need no grid: gauges, tide and climate."""
    return _gauge_part(observations, np.array([storm.peak + FLOOD_ISSUE for storm in storms]), sea_level)


def scene_part(observations: Observations, storms: Sequence[Storm]) -> dict[str, Tensor]:
    """The fields of a batch of storms from scenes: radar, optical images and loggers, as far as observed."""
    parts: dict[str, Tensor] = {}
    if observations.sar is not None:
        parts["radar"], parts["radar_seen"] = _radar(observations, storms)
    if observations.optical is not None:
        parts["optical"], parts["optical_seen"] = _optical(observations.region, observations.optical, storms)
    if observations.in_situ is not None:
        parts["in_situ"], parts["in_situ_seen"] = _in_situ(observations.region, observations.in_situ, storms)
    return parts


def build_gauge_batch(observations: Observations, issue: Times, sea_level: SeaLevelModel) -> Batch:
    """One sample an hour of issue (B,), without grids: gauges, tide and climate."""
    return Batch(**_gauge_part(observations, issue, sea_level))


def _gauge_part(
    observations: Observations, issue: Times, sea_level: SeaLevelModel, *, beyond_record: bool = False
) -> dict[str, Tensor]:
    gauge = observations.require_gauge()
    time = gauge["time"].values
    mean = gauge["mean_sea_level"].values[:, None]
    level = np.where(gauge["quality"].values == 0, gauge["water_level"].values, np.nan) - mean  # (S, T)
    hours = np.arange(1 - CONTEXT_HOURS, 1)
    wanted = issue[:, None] + hours.astype("timedelta64[h]")  # (B, 72)
    position = np.searchsorted(time, wanted)
    inside = (position < time.size) & (time[np.minimum(position, time.size - 1)] == wanted)
    position = np.where(inside, position, 0)
    context = level[:, position].swapaxes(0, 1)  # (B, S, 72)
    seen = ~np.isnan(context) & inside[:, None]
    if not inside.all() and not beyond_record:
        raise InputError(
            "tide_gauge",
            f"the record {time[0]} to {time[-1]} does not cover {np.sort(wanted[~inside])[0]}",
            "choose hours of issue 3 days after its start or later",
        )
    year = (issue - issue.astype("datetime64[Y]")) / np.timedelta64(365, "D")
    parts = {
        "gauge": _float(np.where(seen, context, 0.0)),
        "gauge_seen": torch.from_numpy(seen),
        "tide": _float(sea_level.tide(wanted)),
        "season": _float(np.stack([np.sin(2 * np.pi * year), np.cos(2 * np.pi * year)], axis=1)),
    }
    if observations.weather is not None or observations.weather_forecast is not None:
        parts |= _weather(observations, issue)
    return parts | _inflow(observations, issue, wanted)


def _inflow(observations: Observations, issue: Times, wanted: Times) -> dict[str, Tensor]:
    """Rain and discharge at the hours (B, 72), as far as each was known at the hour of issue; nothing without both."""
    sources, river = (observations.weather, observations.weather_forecast), observations.river
    rains = any(source is not None and "rain" in source for source in sources)
    if not rains and river is None:
        return {}
    found = np.full((*wanted.shape, 2), np.nan)
    if rains:
        found[..., 0] = known_rain(observations, issue, np.arange(1 - CONTEXT_HOURS, 1))
    if river is not None:
        found[..., 1] = _known_discharge(observations, issue)
    seen = ~np.isnan(found)
    return {"inflow": _float(np.where(seen, found, 0.0)), "inflow_seen": torch.from_numpy(seen)}


def inflow_of_the_past(observations: Observations, until: Times) -> dict[str, Tensor]:
    """Rain and discharge of the 72 hours until (B,), by all that is known of them by now; nothing without both.

    A storm's map is made when its scenes are there and its rain was analysed; a forecast knows what was known by then.
    """
    wanted = until[:, None] + np.arange(1 - CONTEXT_HOURS, 1).astype("timedelta64[h]")  # (B, 72)
    hours, place = np.unique(wanted, return_inverse=True)
    rain, river = hourly_rain(observations, hours), observations.river
    flow = None if river is None else hourly_discharge(observations, river["time"].values)
    if rain is None and flow is None:
        return {}
    found = np.full((*wanted.shape, 2), np.nan)
    if rain is not None:
        found[..., 0] = rain[place.reshape(wanted.shape)]
    if flow is not None and river is not None:
        ratio = flow.sum(axis=0) / np.nanmean(flow, axis=1).sum()
        position = np.searchsorted(river["time"].values, wanted)
        inside = (position < ratio.size) & (river["time"].values[np.minimum(position, ratio.size - 1)] == wanted)
        found[..., 1] = np.where(inside, np.log(ratio.clip(1e-3))[np.where(inside, position, 0)], np.nan)
    seen = ~np.isnan(found)
    return {"inflow": _float(np.where(seen, found, 0.0)), "inflow_seen": torch.from_numpy(seen)}


def _known_discharge(observations: Observations, issue: Times) -> npt.NDArray[np.float64]:
    """(B, 72) logarithm of the discharge of all rivers over its mean, both by what was known at the issue.

    NaN where it was not known, or with less than ``LEAST_RIVER_HOURS`` of readings by then.
    """
    river = observations.require("river")
    readings, is_stage = river_readings(river)
    if is_stage.all():
        return np.full((issue.size, CONTEXT_HOURS), np.nan)
    known = known_rivers(observations, issue, np.arange(1 - CONTEXT_HOURS, 1))[..., ~is_stage]
    flow = np.apply_along_axis(between_readings, 1, known).sum(axis=2)  # (B, 72)
    seen = np.isfinite(readings[~is_stage])
    totals, counts = np.cumsum(np.where(seen, readings[~is_stage], 0.0), axis=1), np.cumsum(seen, axis=1)  # (R, T)
    time = river["time"].values
    mean = np.zeros(issue.size)
    for total, count, delay in zip(totals, counts, river_delays(river)[~is_stage], strict=True):
        last = np.searchsorted(time, issue - delay, side="right") - 1
        enough = (last >= 0) & (count[last] >= LEAST_RIVER_HOURS)
        mean += np.where(enough, total[last] / np.maximum(count[last], 1), np.nan)
    return np.asarray(np.log((flow / np.maximum(mean, 1e-6)[:, None]).clip(1e-3)))


def _weather(observations: Observations, issue: npt.NDArray[np.datetime64]) -> dict[str, Tensor]:
    """Days of weather, as far as each was known at the hour of issue."""
    daily = daily_weather(observations, issue, CLIMATE_DAYS)
    return {
        "climate": _float(daily.values), "climate_seen": torch.from_numpy(daily.seen),
        "climate_hours": _float(daily.hours),
    }  # fmt: skip


def _flood_scene_of(array: xr.DataArray, storms: Sequence[Storm]) -> npt.NDArray[np.float64]:
    """(B, …) the first scene that shows each storm's flood; NaN without any."""
    chosen = np.full((len(storms), *array.shape[1:]), np.nan)
    for i, storm in enumerate(storms):
        if (shown := np.flatnonzero(shows_flood(storm, array["time"].values))).size:
            chosen[i] = array.values[shown[0]]
    return chosen


def _scene_of(array: xr.DataArray, storms: Sequence[Storm]) -> npt.NDArray[np.float64]:
    """(B, …) the first scene in each storm's window from the peak on, else the last before it; NaN without any."""
    time = array["time"].values
    chosen = np.full((len(storms), *array.shape[1:]), np.nan)
    for i, storm in enumerate(storms):
        inside = np.flatnonzero(storm.contains(time))
        after = inside[time[inside] >= storm.peak]
        if inside.size:
            chosen[i] = array.values[after[0] if after.size else inside[-1]]
    return chosen


def _stack_seen(channels: npt.NDArray[np.float64]) -> tuple[Tensor, Tensor]:
    """(B, C, H, W) with zeros where unobserved, and (B, H, W) where every channel is observed."""
    seen = np.asarray(~np.isnan(channels).any(axis=1))
    return _float(np.where(seen[:, None], channels, 0.0)), torch.from_numpy(seen)


def _radar(observations: Observations, storms: Sequence[Storm]) -> tuple[Tensor, Tensor]:
    sar, reference = observations.sar, observations.sar_reference
    if sar is None or reference is None or "vh" not in sar or "vh" not in reference:
        raise InputError("sar", "lacks VH or a dry reference", "give both polarisations and a dry-season mean")
    during = [_flood_scene_of(sar[name], storms) for name in ("vv", "vh")]
    before = [np.broadcast_to(reference[name].values, during[0].shape) for name in ("vv", "vh")]
    return _stack_seen(np.stack(during + before, axis=1))


def _optical(region: Region, optical: xr.Dataset, storms: Sequence[Storm]) -> tuple[Tensor, Tensor]:
    half_pixel = float(np.abs(np.diff(optical["x"].values)).max()) * 0.501  # [m], with a margin against rounding
    on_grid = optical.reindex(y=region.y, x=region.x, method="nearest", tolerance=half_pixel)
    missing = [name for name in OPTICAL_CHANNELS if name not in optical]
    if missing:
        raise InputError("optical", f"lacks {missing}", f"the networks need {', '.join(OPTICAL_CHANNELS)}")
    return _stack_seen(np.stack([_scene_of(on_grid[name], storms) for name in OPTICAL_CHANNELS], axis=1))


def _in_situ(region: Region, in_situ: xr.Dataset, storms: Sequence[Storm]) -> tuple[Tensor, Tensor]:
    depth = _scene_of(in_situ["flood_depth"], storms)  # (B, points)
    rows, columns = region.cells_of(in_situ["x"].values, in_situ["y"].values)
    on_grid = np.full((len(storms), 1, *region.shape), np.nan)
    # a gap must not overwrite the reading of another logger in the same cell
    storm, point = np.nonzero(~np.isnan(depth) & (rows >= 0))
    on_grid[storm, 0, rows[point], columns[point]] = depth[storm, point]
    return _stack_seen(on_grid)


def asset_part(observations: Observations, count: int) -> dict[str, Tensor]:
    """The asset fields of a batch of ``count`` samples."""
    assets = observations.require_assets()
    points = assets.geometry.representative_point()
    rows, columns = observations.region.cells_of(points.x.to_numpy(), points.y.to_numpy())
    seen = rows >= 0
    cell = np.stack([np.where(seen, rows, 0), np.where(seen, columns, 0)], axis=1)
    classes = np.array([curve_index(name) for name in assets["asset_class"]])
    return {
        "asset_cell": torch.from_numpy(cell).expand(count, -1, -1).clone(),
        "asset_class": torch.from_numpy(classes).expand(count, -1).clone(),
        "asset_seen": torch.from_numpy(seen).expand(count, -1).clone(),
    }


def _float(values: npt.NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def free_hours(observations: Observations, split: Split) -> Times:
    """Every hour of the gauge's record with a whole context before it that lies in no withheld window.

    Raises:
        RefusedByTheory: there is none.
    """
    time = observations.require_gauge()["time"].values
    first = np.searchsorted(time, time - np.timedelta64(CONTEXT_HOURS - 1, "h"))
    free = np.arange(time.size) - first == CONTEXT_HOURS - 1
    for start, end in split.withheld:
        free &= (time < start) | (time > end)
    if not free.any():
        raise RefusedByTheory(
            f"calibration and test storms cover the whole record of '{observations.region.name}'; "
            "give a longer record or hold out less"
        )
    return np.asarray(time[free])
