"""Waterlines recover simulated elevations, and keep the prior where nothing was mapped."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from strandline.distillation.waterlines.archive_streams import attach_archive, attach_whole_archive, sample_archive_mask
from strandline.distillation.waterlines.effective_elevation import (
    HIGHEST,
    LOWEST,
    PRIOR,
    RESPONSE,
    Prior,
    Response,
    depth_class_probability,
    log_likelihood,
    log_prior,
    thresholds,
)
from strandline.distillation.waterlines.flood_archive import (
    FloodArchive,
    build_archive,
    compute_waterlines,
    elevation_posterior,
    flood_probability,
    waterline_bounds,
)
from strandline.distillation.waterlines.peak_levels import TIDE_SD, peak_levels
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from tests.fixtures.batches import make_batch

SEED = st.integers(0, 10_000)


def simulated(seed: int, storms: int = 200, noise: float = 0.0) -> tuple[FloodArchive, Tensor]:
    """Maps drawn from the response itself on a known effective elevation (4, 6)."""
    generator = torch.Generator().manual_seed(seed)
    truth = 0.5 + 3 * torch.rand(4, 6, generator=generator)
    level = 4 * torch.rand(storms, generator=generator)
    chance = depth_class_probability(level[:, None, None] - truth, 0.0, RESPONSE)  # (E, H, W, K)
    classes = torch.multinomial(chance.flatten(0, 2), 1, generator=generator).reshape(storms, 4, 6)
    probability = torch.nn.functional.one_hot(classes, 5).float().movedim(-1, 1)
    read = level + noise * torch.randn(storms, generator=generator)
    nothing = torch.zeros(4, 6)
    return FloodArchive(probability, read, torch.full((storms,), max(noise, 0.01)), nothing, nothing.bool()), truth


def every(archive: FloodArchive) -> Tensor:
    return torch.ones(1, len(archive), dtype=torch.bool)


def test_many_maps_find_the_ground_and_their_interval_holds_it() -> None:
    inside, error = [], []
    for seed in range(8):
        archive, truth = simulated(seed, noise=0.1)
        low, middle, high, *_ = compute_waterlines(archive, every(archive))[0]
        error.append((middle - truth).abs().mean())
        inside.append(((truth > low - 0.15) & (truth < high + 0.15)).float().mean())
    assert torch.stack(error).mean() < 0.1
    assert torch.stack(inside).mean() > 0.8


def test_the_posterior_is_bayes_rule() -> None:
    archive, _ = simulated(3, storms=4)
    used = torch.tensor([[True, False, True, True]])
    cell = (2, 1)
    expected = log_prior(archive.elevation, archive.seen, archive.level, PRIOR).exp()[:, *cell]
    for storm in (0, 2, 3):
        height = archive.level[storm] - thresholds()
        table = depth_class_probability(height, archive.level_sd[storm], RESPONSE)
        expected = expected * table[:, archive.class_probability[storm, :, *cell].argmax()]
    torch.testing.assert_close(elevation_posterior(archive, used)[0, :, *cell], expected / expected.sum())


def test_a_level_that_is_less_known_is_the_average_over_levels() -> None:
    response = replace(RESPONSE, lapse=0.0)
    draws = torch.randn(200_000, generator=torch.Generator().manual_seed(0)) * 0.4
    averaged = depth_class_probability(0.2 + draws, 0.0, response).mean(0)
    torch.testing.assert_close(depth_class_probability(torch.tensor(0.2), 0.4, response), averaged, atol=3e-3, rtol=0)


@given(st.floats(-3, 3), st.floats(0, 1), st.floats(0, 0.5))
def test_classes_are_a_distribution_and_a_higher_sea_only_deepens(height: float, sd: float, lapse: float) -> None:
    response = Response((0.0, 0.1, 0.4, 0.6), 0.2, lapse)
    lower, upper = depth_class_probability(torch.tensor([height, height + 0.3], dtype=torch.float64), sd, response)
    assert float(lower.sum()) == pytest.approx(1)
    assert (lower >= -1e-12).all()
    assert (upper.flip(0).cumsum(0) >= lower.flip(0).cumsum(0) - 1e-9).all()


@settings(deadline=None, max_examples=20)
@given(SEED)
def test_maps_that_show_more_water_never_raise_the_ground(seed: int) -> None:
    archive, _ = simulated(seed, storms=1)
    wetter = archive.class_probability.clone()
    wetter[0] = torch.nn.functional.one_hot(torch.full((4, 6), 4), 5).float().movedim(-1, 0)
    wetter = replace(archive, class_probability=wetter)
    sure = replace(RESPONSE, lapse=0.0)  # with a lapse a middling depth may say more than a great one
    before, after = (elevation_posterior(maps, every(maps), sure)[0].cumsum(0) for maps in (archive, wetter))
    assert (after >= before - 1e-5).all()
    assert (compute_waterlines(wetter, every(archive))[0, 4] <= compute_waterlines(archive, every(archive))[0, 4]).all()


@settings(deadline=None, max_examples=20)
@given(SEED)
def test_a_storm_that_was_not_mapped_or_not_used_changes_nothing(seed: int) -> None:
    archive, _ = simulated(seed, storms=5)
    without = every(archive)
    without[0, 3] = False
    unmapped = archive.class_probability.clone()
    unmapped[3] = 0
    left_out = compute_waterlines(archive, without)
    torch.testing.assert_close(
        compute_waterlines(replace(archive, class_probability=unmapped), every(archive)), left_out
    )
    assert log_likelihood(unmapped, archive.level, archive.level_sd, RESPONSE)[3].abs().max() == 0


def test_an_uninformative_teacher_leaves_the_prior() -> None:
    archive, _ = simulated(0, storms=6)
    vague = replace(archive, class_probability=torch.full_like(archive.class_probability, 0.2))
    known = log_prior(archive.elevation, archive.seen, archive.level, PRIOR)
    torch.testing.assert_close(elevation_posterior(vague, every(archive))[0], known.softmax(0))


def test_bounds_are_those_of_the_waterline_method() -> None:
    probability = torch.zeros(4, 5, 1, 2)
    probability[[0, 1], 0] = 1.0  # dry at 1.0 and 1.5 m
    probability[[2, 3], 2] = 1.0  # wet at 2.0 and 2.5 m
    probability[:, :, 0, 1] = 0.0  # never mapped
    level = torch.tensor([1.0, 1.5, 2.0, 2.5])
    archive = FloodArchive(
        probability, level, torch.full((4,), 0.03), torch.zeros(1, 2), torch.ones(1, 2, dtype=torch.bool)
    )
    low, middle, high, dry, wet, frequency, depth, count = compute_waterlines(archive, every(archive))[0][:, 0]
    assert (float(dry[0]), float(wet[0]), float(frequency[0]), float(count[0])) == (1.5, 2.0, 0.5, 4.0)
    assert 1.5 <= low[0] <= middle[0] <= high[0] <= 2.3
    assert float(depth[0]) == pytest.approx(2.0)
    assert (float(dry[1]), float(wet[1]), float(frequency[1]), float(count[1])) == (
        LOWEST,
        pytest.approx(HIGHEST),
        0,
        0,
    )


def test_waterlines_are_open_where_a_cell_was_never_dry_or_never_wet() -> None:
    dry, wet, unknown = [0.9, 0.1], [0.2, 0.8], [0.0, 0.0]
    probability = torch.tensor([[dry, dry, unknown], [dry, wet, unknown], [wet, wet, unknown]])  # (E, cells, K)
    probability = probability.transpose(1, 2)[:, :, None]  # (E, K, 1, cells)
    level = torch.tensor([0.5, 1.0, 1.5])
    archive = FloodArchive(probability, level, 0 * level, torch.zeros(1, 3), torch.ones(1, 3, dtype=torch.bool))
    lowest, highest = waterline_bounds(archive, torch.tensor([[True, True, True], [False, False, True]]))
    nothing = torch.inf
    torch.testing.assert_close(lowest[:, 0], torch.tensor([[1.0, 0.5, -nothing], [-nothing, -nothing, -nothing]]))
    torch.testing.assert_close(highest[:, 0], torch.tensor([[1.5, 1.0, nothing], [1.5, 1.5, nothing]]))


def test_rows_may_be_drawn_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    archive, _ = simulated(5, storms=7)
    whole = compute_waterlines(archive, every(archive))
    monkeypatch.setattr("strandline.distillation.waterlines.flood_archive.LARGEST_TENSOR", 1)
    torch.testing.assert_close(compute_waterlines(archive, every(archive)), whole)


def test_ground_that_the_product_does_not_know_has_a_prior_of_its_own() -> None:
    level = torch.tensor([2.0])
    known = log_prior(
        torch.zeros(1, 2), torch.tensor([[True, False]]), level, Prior(2.0, 0.5, 0.5, 0.4, 0.0, 0.02)
    ).exp()
    torch.testing.assert_close(known.sum(0), torch.ones(1, 2))
    assert known[:, 0, 0].max() > 5 * known[:, 0, 1].max()


def test_archive_masks_never_hold_the_storm_itself_and_sometimes_only_lower_ones() -> None:
    generator = torch.Generator().manual_seed(0)
    level = torch.arange(6.0)
    own = torch.tensor([3]).repeat(400)
    used = sample_archive_mask(level, own, generator)
    assert not used[:, 3].any()
    share_without = (~used.any(1)).float().mean()
    assert 0.05 < share_without < 0.2
    lower_only = ~used[:, 4:].any(1) & used.any(1)
    assert 0.4 < lower_only.float().mean() < 0.75
    assert set(used.sum(1).tolist()) == set(range(6))


def test_a_peak_is_read_off_the_gauge_that_was_alive() -> None:
    batch = make_batch(4)
    tide = torch.zeros_like(batch.tide)
    gauge, seen = torch.zeros_like(batch.gauge), torch.zeros_like(batch.gauge_seen)
    seen[0] = seen[1, 1:] = True
    gauge[0, 0, 60], gauge[0, 1, 60] = 2.0, 3.0  # the own gauge is believed
    gauge[1, 1:, 60] = 1.5  # the own gauge is silent
    seen[2, 0, :50] = True  # silent at the peak, and so are the neighbours
    level, spread = peak_levels(replace(batch, tide=tide, gauge=gauge, gauge_seen=seen))
    assert level[0] == 2.0
    assert level[1] == pytest.approx(1.5)
    assert spread[0] < spread[1] < spread[2] == pytest.approx(TIDE_SD)
    assert spread[3] == pytest.approx(TIDE_SD)


def test_a_batch_has_the_archive_of_other_storms_and_the_student_predicts_with_and_without() -> None:
    batch = make_batch(3)
    torch.manual_seed(0)
    teacher, student = Teacher().eval(), Student().eval()
    with torch.no_grad():
        archive = build_archive(batch, teacher(batch))
        others = attach_archive(batch, archive, ~torch.eye(3, dtype=torch.bool))
        nothing = attach_archive(batch, archive, torch.zeros(3, 3, dtype=torch.bool))
        predictions = [
            student(view).flood_logits for view in (batch, nothing, others, attach_whole_archive(batch, archive))
        ]
    torch.testing.assert_close(predictions[0], predictions[1])
    assert not torch.allclose(predictions[0], predictions[2])
    assert not torch.allclose(predictions[2], predictions[3])
    assert others.without("archive", "waterlines").archive_level is None


def test_ground_below_mean_sea_level_is_found_from_scenes_at_a_low_sea() -> None:
    level = torch.linspace(-1.0, 1.0, 41)
    ground = torch.tensor([[-0.6, -0.2, 0.3]])
    wet = (level[:, None, None] > ground)[:, None].float()
    classes = torch.cat([1 - wet, (wet / 4).expand(-1, 4, -1, -1)], dim=1)
    seen = torch.ones(ground.shape, dtype=torch.bool)
    archive = FloodArchive(classes, level, torch.full((41,), 0.05), ground - 2.1, seen)
    posterior = elevation_posterior(archive, every(archive))[0]
    mean = (posterior * archive.grid[:, None, None]).sum(0)
    torch.testing.assert_close(mean, ground, atol=0.1, rtol=0)
    assert float(compute_waterlines(archive, every(archive))[0, :3].min()) >= LOWEST  # as the networks know it
    chance = flood_probability(archive, torch.tensor([-0.4, 0.1]), torch.tensor([0.05, 0.05]))
    assert (chance > 0.5).tolist() == [[[True, False, False]], [[True, True, False]]]
