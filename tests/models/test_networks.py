"""Teacher and student: they take whatever exists, and what is masked does not exist."""

from dataclasses import replace
from itertools import chain, combinations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.models.batch import Batch
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_io import shares_seen
from strandline.models.inference import predict, student_inputs
from strandline.models.layers import channels_last, gelu, masked_mean, pad_to_patches
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.surge_encoder import peak_of
from strandline.models.teacher import Teacher
from tests.fixtures.batches import make_batch

STREAMS = ("terrain", "optical", "in_situ", "gauge")


def awake(network: nn.Module) -> nn.Module:
    """Every parameter away from zero, so that no zero-initialised part hides a leak."""
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=draw)
    return network.eval()


@pytest.fixture(scope="module")
def student() -> Student:
    torch.manual_seed(0)
    return awake(Student())  # type: ignore[return-value]


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    torch.manual_seed(0)
    return awake(Teacher())  # type: ignore[return-value]


def outputs(word: Prediction) -> dict[str, Tensor]:
    said = {name: value for name, value in vars(word).items() if isinstance(value, Tensor)}
    return said | {f"feature {name}": value for name, value in word.features.items()}


def subsets() -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(STREAMS, size) for size in range(len(STREAMS) + 1)))


@pytest.mark.parametrize("absent", subsets(), ids=lambda names: "-".join(names) or "nothing")
def test_the_student_answers_with_any_streams(student: Student, absent: tuple[str, ...]) -> None:
    batch = student_inputs(make_batch(2)).without(*absent)
    word = predict(student, batch)
    assert all(torch.isfinite(value).all() for value in outputs(word).values())
    assert word.surge_mean.shape == word.surge_scale.shape == (2, 25)
    assert (word.surge_scale > 0).all()
    if "terrain" in absent:
        assert word.flood_logits is None
        assert word.damage_logits is None
        assert set(word.features) == {"global"}
    else:
        assert word.flood_logits is not None
        assert word.damage_logits is not None
        assert word.flood_logits.shape == (2, 5, 16, 24)
        assert word.damage_logits.shape == (2, 5, 5)
        assert word.features["global"].shape == (2, 72)
        assert word.features["patches"].shape == (2, 2 * 3, 72)


@pytest.mark.parametrize(
    "absent", [(), ("radar",), ("climate",), ("optical", "in_situ"), ("radar", "climate", "gauge")]
)
def test_the_teacher_answers_with_any_streams(teacher: Teacher, absent: tuple[str, ...]) -> None:
    word = predict(teacher, make_batch(2).without(*absent))
    assert all(torch.isfinite(value).all() for value in outputs(word).values())
    assert word.flood_logits is not None
    assert word.flood_logits.shape == (2, 5, 16, 24)
    assert word.features["patches"].shape == (2, 6, teacher.feature_width)
    assert word.features["global"].shape == (2, teacher.feature_width)


def scribbled(batch: Batch) -> Batch:
    """The same batch with other numbers behind every mask."""
    draw = torch.Generator().manual_seed(9)
    changes = {}
    for name in ("gauge", "terrain", "radar", "optical", "in_situ", "climate", "surge"):
        values, seen = getattr(batch, name), getattr(batch, f"{name}_{'valid' if name == 'surge' else 'seen'}")
        if values is None:
            continue
        if name in ("terrain", "radar", "optical", "in_situ"):
            seen = seen[:, None].expand_as(values)
        elif name == "climate":
            seen = seen[..., None].expand_as(values)
        changes[name] = torch.where(seen, values, 50 * torch.randn(values.shape, generator=draw))
    assert batch.flood_class is not None
    assert batch.flood_valid is not None
    changes["flood_class"] = torch.where(batch.flood_valid, batch.flood_class, 4)
    return replace(batch, **changes)


@pytest.mark.parametrize("kind", ["student", "teacher"])
def test_what_stands_behind_a_mask_changes_no_output(kind: str, request: pytest.FixtureRequest) -> None:
    network = request.getfixturevalue(kind)
    batch = make_batch(2, seed=4)
    before, after = outputs(predict(network, batch)), outputs(predict(network, scribbled(batch)))
    for name, value in before.items():
        torch.testing.assert_close(
            after[name], value, rtol=1e-4, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize("kind", ["student", "teacher"])
@pytest.mark.parametrize("stream", ["gauge", "optical", "in_situ", "terrain"])
def test_what_is_seen_does_change_the_answer(kind: str, stream: str, request: pytest.FixtureRequest) -> None:
    network = request.getfixturevalue(kind)
    batch = make_batch(2, seed=4)
    assert batch.gauge_seen[:, 0].any()
    changed = replace(batch, **{stream: getattr(batch, stream) * 1.5})
    before, after = predict(network, batch), predict(network, changed)
    assert before.flood_logits is not None
    assert after.flood_logits is not None
    assert (before.flood_logits - after.flood_logits).abs().max() > 1e-4


def test_a_stream_that_is_nowhere_seen_and_one_that_is_absent_are_near(student: Student) -> None:
    """Absent and all-masked differ in nothing that the student can read."""
    batch = student_inputs(make_batch(2))
    assert batch.optical is not None
    assert batch.optical_seen is not None
    dark = replace(batch, optical=torch.zeros_like(batch.optical), optical_seen=torch.zeros_like(batch.optical_seen))
    absent = batch.without("optical")
    torch.testing.assert_close(
        predict(student, dark).flood_logits, predict(student, absent).flood_logits, rtol=1e-4, atol=1e-4
    )


def test_the_student_listens_to_its_own_gauge_alone(student: Student, teacher: Teacher) -> None:
    batch = make_batch(2)
    louder = replace(batch, gauge=batch.gauge * torch.tensor([1.0, 3.0, 3.0])[None, :, None])
    torch.testing.assert_close(outputs(predict(student, batch)), outputs(predict(student, louder)))
    assert not torch.allclose(predict(teacher, batch).surge_mean, predict(teacher, louder).surge_mean, atol=1e-4)


@pytest.mark.parametrize("shape", [(60, 44), (8, 8), (9, 17)])
@pytest.mark.parametrize("kind", ["student", "teacher"])
def test_any_grid_fits(kind: str, shape: tuple[int, int], request: pytest.FixtureRequest) -> None:
    word = predict(request.getfixturevalue(kind), make_batch(1, shape))
    assert word.flood_logits is not None
    assert word.flood_logits.shape == (1, 5, *shape)
    assert word.features["patches"].shape[1] == -(-shape[0] // 8) * -(-shape[1] // 8)
    assert all(torch.isfinite(value).all() for value in outputs(word).values())


@pytest.mark.parametrize("kind", ["student", "teacher"])
def test_an_answer_is_the_same_twice_and_in_any_company(kind: str, request: pytest.FixtureRequest) -> None:
    network = request.getfixturevalue(kind)
    batch = make_batch(5)
    whole, again, chunks = predict(network, batch), predict(network, batch), predict(network, batch, chunk=2)
    torch.testing.assert_close(outputs(whole), outputs(again), rtol=0, atol=0)
    torch.testing.assert_close(outputs(whole), outputs(chunks), rtol=1e-4, atol=1e-5)
    index = torch.tensor([3, 0])
    alone = outputs(predict(network, batch[index]))
    torch.testing.assert_close(outputs(whole[index]), alone, rtol=1e-4, atol=1e-5)
    joined = Prediction.concatenate([whole[torch.tensor([0, 1])], whole[torch.tensor([2, 3, 4])]])
    torch.testing.assert_close(outputs(joined), outputs(whole), rtol=0, atol=0)


def test_the_student_is_small_and_its_place_starts_blank() -> None:
    torch.manual_seed(0)
    nowhere = Student()
    torch.manual_seed(0)
    somewhere = Student(site_shape=(16, 24))
    assert sum(parameter.numel() for parameter in nowhere.parameters()) <= 1_000_000
    assert somewhere.site_memory is not None
    somewhere.load_state_dict(nowhere.state_dict() | {"site_memory": somewhere.site_memory})
    batch = student_inputs(make_batch(2))
    torch.testing.assert_close(predict(nowhere, batch).flood_logits, predict(somewhere, batch).flood_logits)


def test_the_peak_is_the_highest_reading_but_never_below_the_tide() -> None:
    batch = make_batch(4)
    highest = batch.gauge[:, 0].masked_fill(~batch.gauge_seen[:, 0], -99.0).amax(1)
    of_tide = batch.tide[:, :72].amax(1)
    torch.testing.assert_close(peak_of(batch), torch.maximum(highest, of_tide))
    torch.testing.assert_close(peak_of(batch.without("gauge")), of_tide)
    assert (peak_of(replace(batch, gauge=batch.gauge - 100 * batch.gauge_seen)) >= of_tide).all()


def test_a_masked_mean_is_over_what_was_seen_and_zero_where_nothing_was() -> None:
    streams = [torch.tensor([1.0, 2.0, 3.0]), torch.tensor([3.0, 5.0, 9.0])]
    weights = [torch.tensor([1.0, 0.0, 0.0]), torch.tensor([1.0, 0.5, 0.0])]
    torch.testing.assert_close(masked_mean(streams, weights), torch.tensor([2.0, 5.0, 0.0]))


def test_shares_of_blocks_are_what_pooling_would_say() -> None:
    masks = (torch.rand(2, 3, 16, 24, generator=torch.Generator().manual_seed(0)) < 0.02).float()
    shares = shares_seen(masks, 8, sparse=[1])
    torch.testing.assert_close(shares[:, [0, 2]], F.avg_pool2d(masks, 8)[:, [0, 2]])
    torch.testing.assert_close(shares[:, 1], F.max_pool2d(masks, 8)[:, 1])
    assert 0 < float(shares[:, 1].mean()) < 1


def test_activation_is_the_same_however_channels_lie() -> None:
    grid = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(gelu(grid), F.gelu(grid))
    last = gelu(channels_last(grid))
    torch.testing.assert_close(last, F.gelu(grid))
    assert last.is_contiguous(memory_format=torch.channels_last)


def test_padding_reaches_the_next_patch_and_adds_zeros() -> None:
    padded = pad_to_patches(torch.ones(1, 2, 9, 16))
    assert padded.shape == (1, 2, 16, 16)
    assert padded.sum() == 2 * 9 * 16


@pytest.mark.parametrize("availability", [False, True])
def test_what_is_seen_can_change_how_a_map_is_read(availability: bool) -> None:
    network = awake(DenseCNN({"radar": 1, "optical": 1}, 2, width=8, availability=availability))
    with torch.no_grad():
        for silent in (*network.embed.parameters(), *network.flags.parameters()):  # type: ignore[union-attr]
            silent.zero_()
    grid, everywhere, nowhere = torch.ones(1, 1, 16, 16), torch.ones(1, 16, 16) > 0, torch.zeros(1, 16, 16) > 0
    both = network({"radar": (grid, everywhere), "optical": (grid, everywhere)}).logits
    one = network({"radar": (grid, everywhere), "optical": (0 * grid, nowhere)}).logits
    assert torch.equal(both, one) != availability
