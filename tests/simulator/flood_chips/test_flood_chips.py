"""Simulated flood scenes on cells of 10 and 20 m: contrasts, speckle and confusion as real ones have them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.observations.flood_scenes.scene import DRY, WET, LabelledScene
from strandline.simulator.flood_chips.flood import draw_flood, permanent_depth, receded
from strandline.simulator.flood_chips.landscape import Cover, draw_climate, draw_landscape, smooth_noise
from strandline.simulator.flood_chips.radar_images import Weather, mean_power, speckle
from strandline.simulator.flood_chips.scenes import SceneConfig, scaled_by_image, simulate_flood_scenes
from strandline.simulator.flood_chips.surface import Surface, draw_surfaces

pytestmark = pytest.mark.slow

SMALL = SceneConfig(chips=2, cells=64, relative=0.0, filtered=0.0)
THRESHOLD = -13.45
"""[dB] A published global threshold of VV for open water."""


@pytest.fixture(scope="module")
def chips() -> list[LabelledScene]:
    return [chip for seed in range(12) for chip in simulate_flood_scenes(seed, SMALL)]


def test_the_same_seed_gives_the_same_chips_and_another_seed_others(chips: list[LabelledScene]) -> None:
    again, other = simulate_flood_scenes(3, SMALL), simulate_flood_scenes(4, SMALL)
    for mine, theirs in zip(chips[6:8], again, strict=True):
        assert mine.scene.layers.keys() == theirs.scene.layers.keys()
        for name, layer in mine.scene.layers.items():
            np.testing.assert_array_equal(layer, theirs.scene.layers[name])
        np.testing.assert_array_equal(mine.label, theirs.label)
    assert not np.array_equal(again[0].scene.radar_after, other[0].scene.radar_after)
    assert not np.array_equal(again[0].scene.radar_after, again[1].scene.radar_after)


def test_backscatter_of_land_and_water_lies_where_real_chips_have_it(chips: list[LabelledScene]) -> None:
    """Medians of land in eight Sen1Floods11 chips: VV −11.1 to −7.8, VH −16.9 to −14.3 dB; of water −20.3 to −10."""
    medians: dict[int, list[np.ndarray]] = {DRY: [], WET: []}
    for chip in chips:
        for state, found in medians.items():
            if (chip.label == state).sum() > 200:
                found.append(np.median(chip.scene.radar_after[:, chip.label == state], axis=1))
    land, water = np.array(medians[DRY]), np.array(medians[WET])
    assert -11.5 < np.median(land[:, 0]) < -7.5
    assert -17.5 < np.median(land[:, 1]) < -13.5
    assert ((land[:, 0] > -20) & (land[:, 0] < -4)).all()
    assert -23.0 < np.median(water[:, 0]) < -13.0
    assert -30.0 < np.median(water[:, 1]) < -19.0
    assert np.ptp(water[:, 0]) > 4.0, "wind and plants make waters unlike each other"


def test_a_threshold_of_decibels_is_neither_useless_nor_enough(chips: list[LabelledScene]) -> None:
    scores = []
    for chip in chips:
        wet, dark = chip.label == WET, chip.scene.radar_after[0] < THRESHOLD
        if wet.any():
            scores.append((wet & dark).sum() / (wet | dark).sum())
    assert 0.2 < np.mean(scores) < 0.65
    assert np.min(scores) < 0.35
    assert np.max(scores) > 0.5


def test_dry_ground_is_sometimes_as_dark_as_water(chips: list[LabelledScene]) -> None:
    dark = [float((chip.scene.radar_after[0] < THRESHOLD)[chip.label == DRY].mean()) for chip in chips]
    assert np.mean(dark) > 0.03
    assert max(dark) > 0.2


@pytest.mark.parametrize(("looks", "width"), [(4.4, 1.15), (6.1, 0.7)])
def test_speckle_has_its_looks_and_the_correlation_of_its_point_response(looks: float, width: float) -> None:
    factor = speckle((400, 400), looks, width, np.random.default_rng(0))
    assert factor.mean() == pytest.approx(1.0, abs=0.01)
    assert 1.0 / factor.var() == pytest.approx(looks, rel=0.05)
    neighbours = np.corrcoef(factor[:, 1:].ravel(), factor[:, :-1].ravel())[0, 1]
    assert neighbours == pytest.approx(np.exp(-1 / (2 * width**2)), abs=0.06)


def test_water_stays_where_it_always_was_and_a_flood_only_adds_to_it() -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        landscape = draw_landscape(draw_climate(rng), (48, 48), 10.0, rng)
        flood = draw_flood(landscape, rng)
        assert (flood[landscape.water] > 0).all()
        assert np.isfinite(flood).all()
        fallen = receded(flood, landscape, 0.5)
        assert (fallen <= flood).all()
        assert (fallen >= permanent_depth(landscape)).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 3.0), st.floats(0.1, 3.0))
def test_more_wind_never_darkens_water_and_deeper_water_hides_more_crops(seed: int, depth: float, more: float) -> None:
    rng = np.random.default_rng(seed)
    landscape = draw_landscape(draw_climate(rng), (24, 24), 20.0, rng)
    surface, _ = draw_surfaces(landscape, 0.2, rng)
    flat = replace(landscape, elevation=np.zeros((24, 24)), water=np.zeros((24, 24), bool))
    crops = Surface(np.full((24, 24), Cover.CROP), np.full((24, 24), 1.0), surface.brightness, surface.green)

    def power(wind: float, depth: float) -> np.ndarray:
        weather = Weather(wind=wind, gusts=0.5, moisture=0.0, noise=-25.0, bounce=0.0)
        same = np.random.default_rng(seed)
        return mean_power(flat, crops, np.full((24, 24), depth), weather, 35.0, 0.0, same)

    assert (power(4.0 + more, depth) >= power(4.0, depth)).all()
    calm = power(3.0, depth).mean(), power(3.0, depth + more).mean()
    assert calm[1] <= calm[0] * (1 + 1e-9)


def test_images_scaled_one_by_one_keep_their_order_and_lose_their_decibels(chips: list[LabelledScene]) -> None:
    chip = scaled_by_image(chips[0])
    assert chip.scene.radar_unit == "relative"
    vv, before = chip.scene.radar_after[0], chips[0].scene.radar_after[0]
    assert (vv.min(), vv.max()) == (0.0, pytest.approx(254 / 255))
    assert np.isnan(chip.scene.radar_after[1]).all()
    order = np.argsort(before.ravel())
    assert (np.diff(vv.ravel()[order]) >= 0).all()


def test_smooth_noise_keeps_its_variance_at_every_length() -> None:
    rng = np.random.default_rng(1)
    for length in (0.7, 2.0, 5.0, 12.0):
        spread = np.mean([smooth_noise((96, 96), length, rng).std() for _ in range(20)])
        assert 0.6 < spread < 1.1
