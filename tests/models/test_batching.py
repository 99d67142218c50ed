"""From observations to batches: an absent modality is None, an unobserved value is masked."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.batching import build_gauge_batch, build_storm_batch
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS
from strandline.observations.variables import as_variable
from strandline.observations.weather.storms import Storm
from tests.fixtures.batches import (
    HERE,
    HOUR,
    REGION,
    bell,
    hours,
    make_gauge,
    make_observations,
    make_sea_level_model,
    scenes,
)
from tests.fixtures.weather import make_forecast, make_weather

ISSUE = np.array(["2020-01-10T06", "2020-01-11T18"], dtype="datetime64[ns]")


def changed_gauge(observations: Observations, change: object) -> Observations:
    return replace(observations, tide_gauge=change(observations.require_gauge().copy(deep=True)))  # type: ignore[operator]


def test_level_above_tide_is_the_surge_at_every_hour_up_to_the_issue() -> None:
    observations = make_observations()
    batch = build_gauge_batch(observations, ISSUE, make_sea_level_model())
    context = [issue + np.arange(1 - CONTEXT_HOURS, 1) * HOUR for issue in ISSUE]
    expected = np.array([bell(time, [np.datetime64("2020-01-10T06", "ns")]) for time in context])
    above = batch.gauge - batch.tide[:, None]
    np.testing.assert_allclose(above, expected[:, None].repeat(2, 1), atol=1e-6)
    assert batch.terrain is batch.radar is batch.climate is None


def test_gaps_and_flagged_hours_never_become_values() -> None:
    def remove_hours(gauge: xr.Dataset) -> xr.Dataset:
        gauge["water_level"][0, 200:210] = np.nan
        gauge["quality"][0, 220:224] = 2.0
        return gauge

    observations = changed_gauge(make_observations(), remove_hours)
    time = hours(40)
    batch = build_gauge_batch(observations, time[[225, 205]], make_sea_level_model())
    removed = np.r_[200:210, 220:224]
    for i, issue in enumerate((225, 205)):
        context = np.arange(issue - CONTEXT_HOURS + 1, issue + 1)
        np.testing.assert_array_equal(batch.gauge_seen[i, 0], ~np.isin(context, removed))
        assert not batch.gauge[i, 0][~batch.gauge_seen[i, 0]].any()
        assert batch.gauge_seen[i, 1].all()


def test_inputs_hold_nothing_after_the_hour_of_issue() -> None:
    observations = make_observations()
    later = changed_gauge(
        observations, lambda g: g.assign(water_level=g["water_level"].where(g["time"] <= ISSUE[0], 5.0))
    )
    later.tide_gauge["water_level"].attrs = observations.tide_gauge["water_level"].attrs  # type: ignore[index, union-attr]
    seen = [build_gauge_batch(p, ISSUE[:1], make_sea_level_model()) for p in (observations, later)]
    torch.testing.assert_close(seen[0].gauge, seen[1].gauge)


@pytest.mark.parametrize("issue", ["2020-01-01T05", "2020-02-10T00", "2021-01-01T00", "2020-01-05T00:30"])
def test_an_hour_that_the_record_does_not_cover_is_refused(issue: str) -> None:
    observations = make_observations()
    with pytest.raises(InputError, match="does not cover"):
        build_gauge_batch(observations, np.array([issue], dtype="datetime64[ns]"), make_sea_level_model())


def test_missing_truth_and_a_missing_gauge_are_refused() -> None:
    observations = make_observations()
    with pytest.raises(InputError, match="have no truth"):
        build_storm_batch(observations, STORMS, make_sea_level_model(), "truth")
    with pytest.raises(InputError, match="'tide_gauge' was not observed"):
        build_gauge_batch(observations.without("tide_gauge"), ISSUE, make_sea_level_model())


def with_streams(observations: Observations, **streams: xr.Dataset) -> Observations:
    return replace(observations, provenance={**observations.provenance, **dict.fromkeys(streams, HERE)}, **streams)


def steady(east: float, north: float) -> dict[str, object]:
    return {"pressure": 100300.0, "wind_east": east, "wind_north": north}


@pytest.mark.parametrize(
    ("sea_point", "wind", "onshore"),
    [
        ((500050.0, 5000850.0), (10.0, 0.0), 10.0),  # sea in the west, wind towards the east
        ((500050.0, 5000850.0), (-10.0, 0.0), -10.0),
        ((500050.0, 5000850.0), (0.0, 10.0), 0.0),
        ((500850.0, 5000050.0), (0.0, 10.0), 10.0),  # sea in the south
        ((500850.0, 5001550.0), (0.0, -7.0), 7.0),  # sea in the north
    ],
)
def test_wind_is_onshore_where_it_blows_from_the_sea(
    sea_point: tuple[float, float], wind: tuple[float, float], onshore: float
) -> None:
    observations = with_streams(
        make_observations(),
        weather=make_weather(hours(40)[::6], steady(*wind)),
        weather_forecast=make_forecast(hours(40)[::24], np.arange(0, 97, 6), steady(*wind)),
    )
    observations = replace(observations, region=replace(REGION, sea_point=sea_point))
    batch = build_gauge_batch(observations, ISSUE, make_sea_level_model())
    assert batch.climate is not None
    assert batch.climate_seen is not None
    assert batch.climate_seen.all()
    np.testing.assert_allclose(batch.climate[..., 0], -10.0, atol=1e-4)
    np.testing.assert_allclose(batch.climate[..., 1], onshore, atol=0.8)  # the sea point is not quite abeam
    speed = np.hypot(batch.climate[..., 1].numpy(), batch.climate[..., 2].numpy())
    np.testing.assert_allclose(speed, np.hypot(*wind), rtol=1e-5)
    np.testing.assert_allclose(batch.climate[..., 4], np.hypot(*wind), rtol=1e-5)


def test_days_that_were_not_known_at_the_hour_of_issue_are_masked() -> None:
    weather = make_weather(hours(40)[::6], steady(1.0, 2.0), delay=5.0)
    observations = with_streams(make_observations(), weather=weather)
    issue = np.array(["2020-01-10T06", "2020-01-10T04", "2020-01-11T18"], dtype="datetime64[ns]")
    batch = build_gauge_batch(observations, issue, make_sea_level_model())
    assert batch.climate_seen is not None
    assert batch.climate is not None
    # the hours of a day up to 23 UTC need the analysis of midnight, which comes at 5 UTC
    assert batch.climate_seen.tolist() == [[True] * 3 + [False] * 3, [True] * 2 + [False] * 4, [True] * 3 + [False] * 3]
    assert not batch.climate[0, 3:].any()
    assert batch.climate_hours is not None
    assert batch.climate_hours[0].tolist() == [-66.0, -42.0, -18.0, 6.0, 30.0, 54.0]


def test_a_day_of_weather_is_the_mean_of_its_hours_and_members_and_its_extremes_are_those_around() -> None:
    hour = np.arange(0, 97, 3)
    member = np.array([-4.0, 4.0])[None, None, :, None, None]
    pressure = 100_000.0 + 10.0 * hour[None, :, None, None, None] + member + [[0.0, 0.0], [-300.0, 0.0]]
    wind = steady(3.0, 4.0) | {"pressure": pressure, "wind_east": 3.0 + np.array([[0.0, 9.0], [0.0, 0.0]])}
    forecast = make_forecast(hours(40)[24 * 8 : 24 * 9 : 24], hour, wind, members=2)
    observations = with_streams(make_observations(), weather_forecast=forecast)
    issue = np.array(["2020-01-09T07"], dtype="datetime64[ns]")
    batch = build_gauge_batch(observations, issue, make_sea_level_model())
    assert batch.climate_seen is not None
    assert batch.climate is not None
    assert batch.climate_seen[0].tolist() == [False] * 3 + [True] * 3
    mean = (100_000.0 + 10.0 * (24.0 * np.arange(3) + 11.5)) / 100 - 1013.0  # hours 0 to 23 of each day
    np.testing.assert_allclose(batch.climate[0, 3:, 0], mean, atol=1e-3)
    np.testing.assert_allclose(batch.climate[0, 3:, 3], mean - 3.0, atol=1e-3)
    np.testing.assert_allclose(batch.climate[0, 3:, 4], np.hypot(12.0, 4.0), rtol=1e-5)


@pytest.mark.slow
@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_no_weather_that_came_after_the_issue_changes_a_batch(seed: int) -> None:
    rng = np.random.default_rng(seed)
    delay = float(rng.choice([0.0, 6.0, 120.0]))
    issue = hours(40)[[200 + int(rng.integers(48))]]

    def drawn(shape: tuple[int, ...]) -> dict[str, object]:
        return {name: level + rng.normal(size=shape) for name, level in steady(1.0, 2.0).items()}

    weather = make_weather(hours(40)[::3], drawn((320, 1, 1)), delay)
    forecast = make_forecast(hours(40)[::12], np.arange(0, 97, 6), drawn((80, 17, 1, 1, 1)))
    later_weather, later_forecast = weather.copy(deep=True), forecast.copy(deep=True)
    late = weather["time"].values + np.timedelta64(int(delay), "h") > issue[0]
    coming = forecast["available"].values > issue[0]
    for name, values in drawn((1,)).items():
        later_weather[name].values[late] = values
        later_forecast[name].values[coming] = values
    batches = [
        build_gauge_batch(
            with_streams(make_observations(), weather=a, weather_forecast=b), issue, make_sea_level_model()
        )
        for a, b in ((weather, forecast), (later_weather, later_forecast))
    ]
    for name, tensor in vars(batches[0]).items():
        if tensor is not None:
            torch.testing.assert_close(tensor, getattr(batches[1], name), rtol=0, atol=0)
    assert batches[0].climate_seen.any()


PEAK = np.datetime64("2020-01-10T06", "ns")
STORMS = [Storm(p - 72 * HOUR, p, p + 48 * HOUR, 1.7) for p in (PEAK, PEAK + 372 * HOUR)]


def test_a_scene_belongs_to_its_storm_and_the_first_after_the_peak_is_taken() -> None:
    reference = scenes([PEAK], vv=np.full((1, 16, 16), -11.0), vh=np.full((1, 16, 16), -17.0)).isel(scene=0, drop=True)
    levels = np.array([-20.0, -15.0, -5.0, -12.0])[:, None, None] * np.ones((4, 16, 16))
    levels[1, 0, 0] = np.nan
    time = [PEAK - 40 * HOUR, PEAK + 6 * HOUR, PEAK + 30 * HOUR, PEAK + 130 * HOUR]
    observations = with_streams(
        make_observations(), sar=scenes(time, vv=levels, vh=levels - 5), sar_reference=reference
    )
    batch = build_storm_batch(observations, STORMS, make_sea_level_model(), "survey")
    assert batch.radar is not None
    assert batch.radar_seen is not None
    assert not batch.radar_seen[1].any()  # no scene in the second storm's window
    assert not batch.radar[1].any()
    assert not batch.radar_seen[0, 0, 0]
    assert batch.radar[0, :, 5, 5].tolist() == [-15.0, -20.0, -11.0, -17.0]
    dry_or_late = observations.sar.isel(scene=[0, 2])  # type: ignore[union-attr]
    none = build_storm_batch(replace(observations, sar=dry_or_late), STORMS, make_sea_level_model(), "survey")
    assert none.radar_seen is not None
    assert not none.radar_seen.any()  # one shows the land before the flood, one more than 26 h after its peak


def test_radar_without_its_dry_reference_is_refused() -> None:
    observations = with_streams(make_observations(), sar=scenes([PEAK], vv=np.full((1, 16, 16), -11.0)))
    with pytest.raises(InputError, match="lacks VH or a dry reference"):
        build_storm_batch(observations, STORMS, make_sea_level_model(), "survey")


def test_a_survey_becomes_depth_classes_and_unsurveyed_cells_are_not_valid() -> None:
    depth = np.zeros((1, 16, 16))
    depth[0, 5, 4:9] = [0.14, 0.15, 0.5, 1.2, 1.5]
    depth[0, 6] = np.nan
    observations = with_streams(make_observations(), flood_survey=scenes([PEAK], flood_depth=depth))
    batch = build_storm_batch(observations, STORMS, make_sea_level_model(), "survey")
    assert batch.flood_class is not None
    assert batch.flood_valid is not None
    assert batch.flood_class[0, 5, 4:9].tolist() == [0, 1, 2, 3, 4]
    assert not batch.flood_valid[0, 6].any()
    assert not batch.flood_valid[0, 0, 13:].any()  # unknown ground
    assert not batch.flood_valid[1].any()


def test_a_gap_of_one_logger_does_not_hide_the_reading_of_another() -> None:
    loggers = xr.Dataset(
        {"flood_depth": as_variable("flood_depth", ("scene", "point"), np.array([[0.7, np.nan, 0.2]]))},
        {
            "scene": [0],
            "point": [0, 1, 2],
            "time": ("scene", np.array([PEAK])),
            "x": ("point", [500520.0, 500580.0, 0.0]),
            "y": ("point", [5000850.0, 5000850.0, 0.0]),
        },
    )
    observations = with_streams(make_observations(), in_situ=loggers)
    batch = build_storm_batch(observations, STORMS, make_sea_level_model(), "survey")
    assert batch.in_situ is not None
    assert batch.in_situ_seen is not None
    assert batch.in_situ_seen.sum() == 1
    assert batch.in_situ[0, 0, 7, 5] == pytest.approx(0.7)


def test_optical_pixels_are_repeated_and_clouds_masked() -> None:
    x, y = REGION.x.reshape(-1, 4).mean(1), REGION.y.reshape(-1, 4).mean(1)
    values = np.arange(16.0).reshape(1, 4, 4) / 20
    values[0, 0, 0] = np.nan
    names = ("green", "near_infrared", "shortwave_infrared")
    optical = xr.Dataset(
        {name: as_variable(name, ("scene", "y", "x"), values) for name in names},
        {"scene": [0], "time": ("scene", np.array([PEAK + HOUR])), "y": y, "x": x},
    )
    observations = with_streams(make_observations(), optical=optical)
    batch = build_storm_batch(observations, STORMS[:1], make_sea_level_model(), "survey")
    assert batch.optical is not None
    assert batch.optical_seen is not None
    np.testing.assert_allclose(batch.optical[0, 1, ::4, ::4].flatten()[1:], values.ravel()[1:], rtol=1e-6)
    assert (batch.optical[0, 0, 4:8, 4:8] == batch.optical[0, 0, 4, 4]).all()
    assert not batch.optical_seen[0, :4, :4].any()
    assert batch.optical_seen[0].sum() == 256 - 16
    with pytest.raises(InputError, match="shortwave_infrared"):
        build_storm_batch(
            replace(observations, optical=optical.drop_vars("shortwave_infrared")),
            STORMS[:1],
            make_sea_level_model(),
            "survey",
        )


def test_networks_see_no_asset_that_a_map_alone_shows() -> None:
    observations = make_observations()
    assets = observations.require_assets()
    mapped = replace(observations, assets=assets.assign(is_mapped=True))
    assert not mapped.has_survey
    assert build_storm_batch(mapped, STORMS, make_sea_level_model(), "survey").asset_seen is None
    one_surveyed = replace(observations, assets=assets.assign(is_mapped=[True, False, True]))
    assert build_storm_batch(one_surveyed, STORMS, make_sea_level_model(), "survey").asset_seen is not None


def test_assets_outside_the_grid_are_masked() -> None:
    observations = make_observations()
    batch = build_storm_batch(observations, STORMS, make_sea_level_model(), "survey")
    assert batch.asset_seen is not None
    assert batch.asset_cell is not None
    assert batch.asset_class is not None
    assert batch.asset_seen.tolist() == [[True, True, False]] * 2
    assert batch.asset_cell[0].tolist() == [[7, 4], [15, 15], [0, 0]]
    assert batch.asset_class[0].tolist() == [0, 1, 3]
    assert isinstance(batch, Batch)


def test_levels_of_neighbours_are_relative_to_their_own_mean() -> None:
    time = hours(40)
    observations = replace(make_observations(), tide_gauge=make_gauge(time, np.zeros(time.size), neighbours=2))
    batch = build_gauge_batch(observations, ISSUE, make_sea_level_model())
    torch.testing.assert_close(batch.gauge[:, 0], batch.gauge[:, 2], atol=1e-6, rtol=0)
