"""From observations to tensors: absent is None, unseen is False, and the ground is read as the sea would walk on it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from benchmarks.delta.bathtub import connected_bathtub
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.batching import build_storm_batch, build_surge_batch
from strandline.models.terrain_features import sea_of, sill_of, terrain_features_of
from strandline.observations.observations import Observations
from strandline.observations.sea_level.forecast_window import CONTEXT_HOURS, LEADS
from strandline.observations.storms import Storm
from strandline.observations.variables import DEPTH_EDGES, as_variable
from tests.fixtures.batches import (
    HERE,
    HOUR,
    MEAN_SEA_LEVEL,
    REGION,
    bell,
    ground,
    hours,
    make_batch,
    make_gauge,
    make_observations,
    make_sea_level_model,
    make_terrain,
    scenes,
)

# --- the noun ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["gauge", "tide", "terrain", "radar", "climate", "surge"])
def test_a_number_that_is_none_is_refused(name: str, value: float) -> None:
    batch = make_batch()
    broken = getattr(batch, name).clone()
    broken.view(-1)[7] = value
    with pytest.raises(InputError, match=f"'{name}' holds NaN or infinity"):
        replace(batch, **{name: broken})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tide": torch.zeros(2, 96)}, r"'tide' is \(2, 96\); expected \(3, 96\)"),
        ({"gauge_seen": torch.ones(3, 3, 72)}, "masks are boolean"),
        ({"flood_valid": torch.ones(3, 16, 24, dtype=torch.uint8)}, "masks are boolean"),
        ({"radar_seen": None}, "'radar' lacks 'radar_seen'"),
        ({"optical": None}, "'optical' lacks 'optical'"),
        ({"tide": torch.zeros(3, 95)}, r"'tide' is \(3, 95\); expected \(3, 96\)"),
        ({"tide_error_modes": torch.zeros(3, 96, 15)}, r"'tide_error_modes' is \(3, 96, 15\)"),
        ({"residual_covariance": torch.zeros(3, 168)}, r"'residual_covariance' is \(3, 168\)"),
        (
            {"radar_seen": torch.ones(3, 16, 23, dtype=torch.bool)},
            r"'radar_seen' is \(3, 16, 23\); expected \(3, 16, 24\)",
        ),
        (
            {"gauge_seen": torch.ones(3, 2, 72, dtype=torch.bool)},
            r"'gauge_seen' is \(3, 2, 72\); expected \(3, 3, 72\)",
        ),
        ({"climate": torch.zeros(3, 6, 4)}, r"'climate' is \(3, 6, 4\); expected \(3, 6, 5\)"),
        ({"season": torch.zeros(3)}, r"'season' is \(3,\); expected \(3, 2\)"),
        ({"archive": torch.zeros(3, 2, 2, 16, 24), "archive_seen": torch.ones(3, 2) > 0}, "lacks 'archive_level'"),
        ({"climate_seen": torch.ones(3, 5, dtype=torch.bool)}, r"'climate_seen' is \(3, 5\); expected \(3, 6\)"),
        ({"surge_valid": torch.ones(3, 24, dtype=torch.bool)}, r"'surge_valid' is \(3, 24\); expected \(3, 25\)"),
        (
            {"in_situ": torch.zeros(3, 1, 8, 8), "in_situ_seen": torch.ones(3, 8, 8, dtype=torch.bool)},
            r"'in_situ' is \(3, 1, 8, 8\); expected \(3, 1, 16, 24\)",
        ),
    ],
)
def test_shapes_and_masks_that_do_not_fit_are_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        replace(make_batch(), **change)


def test_a_field_and_its_mask_are_returned_or_named_when_absent() -> None:
    batch = make_batch()
    assert batch.pair("radar") == (batch.radar, batch.radar_seen)
    assert batch.pair("flood_class") == (batch.flood_class, batch.flood_valid)
    with pytest.raises(InputError, match="has no 'radar'"):
        batch.without("radar").pair("radar")
    with pytest.raises(ValueError, match="'tide' has no mask"):
        batch.pair("tide")
    with pytest.raises(InputError, match="has no modality 'tide'"):
        batch.without("tide")


def test_land_is_known_ground_that_is_not_permanent_water() -> None:
    batch = make_batch()
    assert batch.terrain is not None
    assert torch.equal(batch.land, batch.terrain_seen & (batch.terrain[:, 2] == 0))


def test_parts_of_a_batch_join_to_the_whole() -> None:
    batch = make_batch(5)
    again = Batch.concatenate([batch[:2], batch[torch.tensor([2])], batch[3:]])
    for name, tensor in vars(batch).items():
        torch.testing.assert_close(getattr(again, name), tensor)
    assert [len(part) for part in (batch, batch[:2], again.without("radar"))] == [5, 2, 5]


def test_without_a_stream_there_is_no_tensor_of_it_and_the_tide_stays() -> None:
    batch = make_batch().without("radar", "optical", "gauge")
    assert batch.radar is batch.radar_seen is batch.optical is None
    assert not batch.gauge_seen.any()
    assert not batch.gauge.any()
    torch.testing.assert_close(batch.tide, make_batch().tide)


# --- the ground --------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), rows=st.integers(1, 5), columns=st.integers(1, 5))
def test_a_sill_is_the_lowest_level_that_joins_a_cell_to_the_sea(seed: int, rows: int, columns: int) -> None:
    """Brute force: raise the sea to every height in turn, and see what is joined over corners and faces of cells."""
    rng = np.random.default_rng(seed)
    elevation = rng.integers(-3, 5, (rows, columns)).astype(float)
    elevation[rng.random((rows, columns)) < 0.2] = np.nan
    sea = rng.random((rows, columns)) < 0.3
    expected = np.full(elevation.shape, np.nan)
    for level in np.unique(elevation[~np.isnan(elevation)])[::-1]:
        parts, _ = label(elevation <= level, structure=np.ones((3, 3)))
        joined = np.isin(parts, np.unique(parts[sea & (elevation <= level)])) & (parts > 0)
        expected[joined] = level
    np.testing.assert_array_equal(sill_of(elevation, sea), expected)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), level=st.floats(-1, 3))
def test_what_the_sea_can_walk_to_by_corners_holds_the_connected_bathtub(seed: int, level: float) -> None:
    """The bathtub passes faces alone, so that it lies within the sill's answer; on a slope they are equal."""
    rng = np.random.default_rng(seed)
    elevation = rng.normal(0.5, 1.5, (8, 8))
    water = elevation < -1.0
    flooded = connected_bathtub(elevation, water, level)
    sill = sill_of(elevation, water)
    assert (flooded <= ((sill < level) & (level - elevation >= DEPTH_EDGES[0]))).all()
    slope = np.tile(np.linspace(-2, 3, 8), (8, 1))
    by_sill = (sill_of(slope, slope < -1.0) < level) & (level - slope >= DEPTH_EDGES[0]) & (slope >= -1.0)
    np.testing.assert_array_equal(connected_bathtub(slope, slope < -1.0, level), by_sill)


def test_behind_a_dike_the_sill_is_the_gap_and_without_it_the_crest() -> None:
    elevation = ground()
    sill = sill_of(elevation, elevation < -1)
    assert sill[8, 3] == 0.3
    assert sill[5, 5] == elevation[5, 5]  # the plain rises above the gap
    closed = elevation.copy()
    closed[8, 3] = 3.0
    assert sill_of(closed, elevation < -1)[5, 5] == 3.0


def test_the_sea_is_the_water_at_the_sea_point_and_no_pond() -> None:
    elevation = ground()
    elevation[12, 12] = -2.0
    terrain = make_terrain(elevation)
    sea = sea_of(REGION, terrain)
    assert sea[:, :3].all()
    assert not sea[12, 12]
    with pytest.raises(InputError, match="lies on land"):
        sea_of(replace(REGION, sea_point=(501000.0, 5000850.0)), terrain)


def test_terrain_is_told_above_mean_sea_level_and_unknown_ground_is_unseen() -> None:
    land = terrain_features_of(REGION, make_terrain(), MEAN_SEA_LEVEL)
    channels, seen = land.channels, land.known
    elevation = ground()
    np.testing.assert_array_equal(seen.numpy(), ~np.isnan(elevation))
    np.testing.assert_allclose(channels[0][seen], (elevation - MEAN_SEA_LEVEL)[seen], rtol=1e-6)
    assert not channels[:, ~seen].any()
    np.testing.assert_allclose(channels[3, 5, 3:6], [0.1, 0.2, 0.3], rtol=1e-6)  # km


# --- gauges ------------------------------------------------------------------------------------------------------

ISSUE = np.array(["2020-01-10T06", "2020-01-11T18"], dtype="datetime64[ns]")


def changed_gauge(place: Observations, change: object) -> Observations:
    return replace(place, tide_gauge=change(place.require_gauge().copy(deep=True)))  # type: ignore[operator]


def test_the_surge_to_learn_is_the_observed_level_minus_the_tide() -> None:
    place = make_observations()
    batch = build_surge_batch(place, ISSUE, make_sea_level_model(), "survey")
    expected = [bell(issue + np.arange(LEADS) * HOUR, [np.datetime64("2020-01-10T06", "ns")]) for issue in ISSUE]
    assert batch.surge is not None
    assert batch.surge_valid is not None
    np.testing.assert_allclose(batch.surge, expected, atol=1e-6)
    assert batch.surge_valid.all()
    now = batch.gauge[:, :, -1] - batch.tide[:, None, CONTEXT_HOURS - 1]
    np.testing.assert_allclose(now, np.array(expected)[:, None, 0].repeat(2, 1), atol=1e-6)
    assert batch.terrain is batch.radar is batch.climate is None


def test_gaps_and_flagged_hours_never_become_values() -> None:
    def tear(gauge: xr.Dataset) -> xr.Dataset:
        gauge["water_level"][0, 200:210] = np.nan
        gauge["quality"][0, 220:224] = 2.0
        return gauge

    place = changed_gauge(make_observations(), tear)
    time = hours(40)
    batch = build_surge_batch(place, time[[225, 205]], make_sea_level_model(), "survey")
    gone = np.r_[200:210, 220:224]
    assert batch.surge is not None
    assert batch.surge_valid is not None
    for i, issue in enumerate((225, 205)):
        context = np.arange(issue - CONTEXT_HOURS + 1, issue + 1)
        np.testing.assert_array_equal(batch.gauge_seen[i, 0], ~np.isin(context, gone))
        assert not batch.gauge[i, 0][~batch.gauge_seen[i, 0]].any()
        assert batch.gauge_seen[i, 1].all()
        np.testing.assert_array_equal(batch.surge_valid[i], ~np.isin(issue + np.arange(LEADS), gone))
        assert not batch.surge[i][~batch.surge_valid[i]].any()


def test_a_network_sees_nothing_after_the_hour_of_issue() -> None:
    place = make_observations()
    later = changed_gauge(place, lambda g: g.assign(water_level=g["water_level"].where(g["time"] <= ISSUE[0], 5.0)))
    later.tide_gauge["water_level"].attrs = place.tide_gauge["water_level"].attrs  # type: ignore[index, union-attr]
    seen = [build_surge_batch(p, ISSUE[:1], make_sea_level_model(), "survey") for p in (place, later)]
    torch.testing.assert_close(seen[0].gauge, seen[1].gauge)
    assert not torch.equal(seen[0].surge, seen[1].surge)  # type: ignore[arg-type]


@pytest.mark.parametrize("issue", ["2020-01-01T05", "2020-02-09T22", "2021-01-01T00", "2020-01-05T00:30"])
def test_an_hour_that_the_record_does_not_cover_is_refused(issue: str) -> None:
    place = make_observations()
    with pytest.raises(InputError, match="does not cover"):
        build_surge_batch(place, np.array([issue], dtype="datetime64[ns]"), make_sea_level_model(), "survey")


def test_truth_is_not_made_up_where_there_is_none() -> None:
    place = make_observations()
    with pytest.raises(InputError, match="have no truth"):
        build_surge_batch(place, ISSUE, make_sea_level_model(), "truth")
    with pytest.raises(InputError, match="'tide_gauge' was not observed"):
        build_surge_batch(place.without("tide_gauge"), ISSUE, make_sea_level_model(), "survey")


# --- the other streams -------------------------------------------------------------------------------------------


def with_streams(place: Observations, **streams: xr.Dataset) -> Observations:
    return replace(place, provenance={**place.provenance, **dict.fromkeys(streams, HERE)}, **streams)


def climate(time: np.ndarray, east: float, north: float) -> xr.Dataset:
    dims, shape = ("time", "latitude", "longitude"), (time.size, 2, 2)
    return xr.Dataset(
        {
            "pressure": as_variable("pressure", dims, np.full(shape, 100300.0)),
            "wind_east": as_variable("wind_east", dims, np.full(shape, east)),
            "wind_north": as_variable("wind_north", dims, np.full(shape, north)),
        },
        {"time": time, "latitude": [45.0, 46.0], "longitude": [15.0, 16.0]},
    )


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
    place = with_streams(make_observations(), climate=climate(hours(40)[::6], *wind))
    place = replace(place, region=replace(REGION, sea_point=sea_point))
    batch = build_surge_batch(place, ISSUE, make_sea_level_model(), "survey")
    assert batch.climate is not None
    assert batch.climate_seen is not None
    assert batch.climate_seen.all()
    np.testing.assert_allclose(batch.climate[..., 0], -10.0, atol=1e-4)
    np.testing.assert_allclose(batch.climate[..., 1], onshore, atol=0.8)  # the sea point is not quite abeam
    speed = np.hypot(batch.climate[..., 1].numpy(), batch.climate[..., 2].numpy())
    np.testing.assert_allclose(speed, np.hypot(*wind), rtol=1e-5)
    np.testing.assert_allclose(batch.climate[..., 4], np.hypot(*wind), rtol=1e-5)


def test_days_without_weather_are_unseen() -> None:
    place = with_streams(make_observations(), climate=climate(hours(40)[: 24 * 10 : 6], 1.0, 2.0))
    batch = build_surge_batch(place, ISSUE[:1], make_sea_level_model(), "survey")
    assert batch.climate_seen is not None
    assert batch.climate is not None
    assert batch.climate_seen.tolist() == [
        [True, True, True, True, False, False]
    ]  # the 7th to the 12th; it ends on the 10th
    assert not batch.climate[0, 4:].any()
    assert batch.climate_hours is not None
    assert batch.climate_hours[0].tolist() == [-66.0, -42.0, -18.0, 6.0, 30.0, 54.0]


PEAK = np.datetime64("2020-01-10T06", "ns")
STORMS = [Storm(p - 72 * HOUR, p, p + 48 * HOUR, 1.7) for p in (PEAK, PEAK + 372 * HOUR)]


def test_a_scene_belongs_to_its_storm_and_the_first_after_the_peak_is_taken() -> None:
    reference = scenes([PEAK], vv=np.full((1, 16, 16), -11.0), vh=np.full((1, 16, 16), -17.0)).isel(scene=0, drop=True)
    levels = np.array([-20.0, -15.0, -5.0, -12.0])[:, None, None] * np.ones((4, 16, 16))
    levels[1, 0, 0] = np.nan
    time = [PEAK - 40 * HOUR, PEAK + 6 * HOUR, PEAK + 30 * HOUR, PEAK + 130 * HOUR]
    place = with_streams(make_observations(), sar=scenes(time, vv=levels, vh=levels - 5), sar_reference=reference)
    batch = build_storm_batch(place, STORMS, make_sea_level_model(), "survey")
    assert batch.radar is not None
    assert batch.radar_seen is not None
    assert not batch.radar_seen[1].any()  # no scene in the second storm's window
    assert not batch.radar[1].any()
    assert not batch.radar_seen[0, 0, 0]
    assert batch.radar[0, :, 5, 5].tolist() == [-15.0, -20.0, -11.0, -17.0]
    early = place.sar.isel(scene=[0])  # type: ignore[union-attr]
    only = build_storm_batch(replace(place, sar=early), STORMS, make_sea_level_model(), "survey")
    assert only.radar is not None
    assert only.radar[0, 0, 5, 5] == -20.0


def test_radar_without_its_dry_reference_is_refused() -> None:
    place = with_streams(make_observations(), sar=scenes([PEAK], vv=np.full((1, 16, 16), -11.0)))
    with pytest.raises(InputError, match="lacks VH or a dry reference"):
        build_storm_batch(place, STORMS, make_sea_level_model(), "survey")


def test_a_survey_becomes_depth_classes_and_what_was_not_surveyed_is_not_valid() -> None:
    depth = np.zeros((1, 16, 16))
    depth[0, 5, 4:9] = [0.14, 0.15, 0.5, 1.2, 1.5]
    depth[0, 6] = np.nan
    place = with_streams(make_observations(), flood_survey=scenes([PEAK], flood_depth=depth))
    batch = build_storm_batch(place, STORMS, make_sea_level_model(), "survey")
    assert batch.flood_class is not None
    assert batch.flood_valid is not None
    assert batch.flood_class[0, 5, 4:9].tolist() == [0, 1, 2, 3, 4]
    assert not batch.flood_valid[0, 6].any()
    assert not batch.flood_valid[0, 0, 13:].any()  # unknown ground
    assert not batch.flood_valid[1].any()


def test_a_silent_logger_does_not_hide_its_neighbours_reading() -> None:
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
    place = with_streams(make_observations(), in_situ=loggers)
    batch = build_storm_batch(place, STORMS, make_sea_level_model(), "survey")
    assert batch.in_situ is not None
    assert batch.in_situ_seen is not None
    assert batch.in_situ_seen.sum() == 1
    assert batch.in_situ[0, 0, 7, 5] == pytest.approx(0.7)


def test_optical_pixels_are_repeated_and_clouds_unseen() -> None:
    x, y = REGION.x.reshape(-1, 4).mean(1), REGION.y.reshape(-1, 4).mean(1)
    values = np.arange(16.0).reshape(1, 4, 4) / 20
    values[0, 0, 0] = np.nan
    names = ("green", "near_infrared", "shortwave_infrared")
    optical = xr.Dataset(
        {name: as_variable(name, ("scene", "y", "x"), values) for name in names},
        {"scene": [0], "time": ("scene", np.array([PEAK + HOUR])), "y": y, "x": x},
    )
    place = with_streams(make_observations(), optical=optical)
    batch = build_storm_batch(place, STORMS[:1], make_sea_level_model(), "survey")
    assert batch.optical is not None
    assert batch.optical_seen is not None
    np.testing.assert_allclose(batch.optical[0, 1, ::4, ::4].flatten()[1:], values.ravel()[1:], rtol=1e-6)
    assert (batch.optical[0, 0, 4:8, 4:8] == batch.optical[0, 0, 4, 4]).all()
    assert not batch.optical_seen[0, :4, :4].any()
    assert batch.optical_seen[0].sum() == 256 - 16
    with pytest.raises(InputError, match="shortwave_infrared"):
        build_storm_batch(
            replace(place, optical=optical.drop_vars("shortwave_infrared")),
            STORMS[:1],
            make_sea_level_model(),
            "survey",
        )


def test_assets_outside_the_grid_are_not_seen() -> None:
    place = make_observations()
    batch = build_storm_batch(place, STORMS, make_sea_level_model(), "survey")
    assert batch.asset_seen is not None
    assert batch.asset_cell is not None
    assert batch.asset_class is not None
    assert batch.asset_seen.tolist() == [[True, True, False]] * 2
    assert batch.asset_cell[0].tolist() == [[7, 4], [15, 15], [0, 0]]
    assert batch.asset_class[0].tolist() == [0, 1, 3]
    assert isinstance(batch, Batch)


def test_neighbours_are_told_about_their_own_mean() -> None:
    time = hours(40)
    place = replace(make_observations(), tide_gauge=make_gauge(time, np.zeros(time.size), neighbours=2))
    batch = build_surge_batch(place, ISSUE, make_sea_level_model(), "survey")
    torch.testing.assert_close(batch.gauge[:, 0], batch.gauge[:, 2], atol=1e-6, rtol=0)
