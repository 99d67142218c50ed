"""Teacher and student: any subset of modalities, and no influence of masked values."""

from dataclasses import replace
from itertools import chain, combinations

import pytest
import torch
from torch import Tensor

from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.encoders.gauges import peak_of
from strandline.models.inference import predict, student_inputs
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from tests.fixtures.batches import make_batch, perturb

STREAMS = ("optical", "in_situ", "gauge")


@pytest.fixture(scope="module")
def student() -> Student:
    torch.manual_seed(0)
    return perturb(Student())  # type: ignore[return-value]


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    torch.manual_seed(0)
    return perturb(Teacher())  # type: ignore[return-value]


def outputs(prediction: Prediction) -> dict[str, Tensor]:
    tensors = {name: value for name, value in vars(prediction).items() if isinstance(value, Tensor)}
    return tensors | {f"feature {name}": value for name, value in prediction.features.items()}


def subsets() -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(STREAMS, size) for size in range(len(STREAMS) + 1)))


@pytest.mark.parametrize("absent", subsets(), ids=lambda names: "-".join(names) or "nothing")
def test_the_student_predicts_from_any_streams(student: Student, absent: tuple[str, ...]) -> None:
    batch = student_inputs(make_batch(2)).without(*absent)
    prediction = predict(student, batch)
    assert all(torch.isfinite(value).all() for value in outputs(prediction).values())
    assert prediction.flood_logits.shape == (2, 5, 16, 24)
    assert prediction.damage_logits is not None
    assert prediction.damage_logits.shape == (2, 5, 5)
    assert prediction.features["global"].shape == (2, 72)
    assert prediction.features["patches"].shape == (2, 2 * 3, 72)


@pytest.mark.parametrize("kind", ["student", "teacher"])
def test_without_terrain_there_is_nothing_to_predict(kind: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(InputError, match="has no 'terrain'"):
        predict(request.getfixturevalue(kind), make_batch(2).without("terrain"))


@pytest.mark.parametrize(
    "absent", [(), ("radar",), ("climate",), ("optical", "in_situ"), ("radar", "climate", "gauge")]
)
def test_the_teacher_predicts_from_any_streams(teacher: Teacher, absent: tuple[str, ...]) -> None:
    prediction = predict(teacher, make_batch(2).without(*absent))
    assert all(torch.isfinite(value).all() for value in outputs(prediction).values())
    assert prediction.flood_logits.shape == (2, 5, 16, 24)
    assert prediction.features["patches"].shape == (2, 6, teacher.feature_width)
    assert prediction.features["global"].shape == (2, teacher.feature_width)


def with_noise_behind_masks(batch: Batch) -> Batch:
    """The same batch with other numbers behind every mask."""
    draw = torch.Generator().manual_seed(9)
    changes = {}
    for name in ("gauge", "terrain", "radar", "optical", "in_situ", "climate"):
        values, seen = getattr(batch, name), getattr(batch, f"{name}_seen")
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
def test_masked_values_change_no_output(kind: str, request: pytest.FixtureRequest) -> None:
    network = request.getfixturevalue(kind)
    batch = make_batch(2, seed=4)
    before, after = outputs(predict(network, batch)), outputs(predict(network, with_noise_behind_masks(batch)))
    for name, value in before.items():
        torch.testing.assert_close(
            after[name], value, rtol=1e-4, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize("kind", ["student", "teacher"])
@pytest.mark.parametrize("stream", ["gauge", "optical", "in_situ", "terrain"])
def test_observed_values_change_the_output(kind: str, stream: str, request: pytest.FixtureRequest) -> None:
    network = request.getfixturevalue(kind)
    batch = make_batch(2, seed=4)
    assert batch.gauge_seen[:, 0].any()
    changed = replace(batch, **{stream: getattr(batch, stream) * 1.5})
    before, after = predict(network, batch), predict(network, changed)
    assert (before.flood_logits - after.flood_logits).abs().max() > 1e-4


def test_a_fully_masked_stream_equals_an_absent_one(student: Student) -> None:
    """Absent and all-masked differ in nothing that the student can read."""
    batch = student_inputs(make_batch(2))
    assert batch.optical is not None
    assert batch.optical_seen is not None
    dark = replace(batch, optical=torch.zeros_like(batch.optical), optical_seen=torch.zeros_like(batch.optical_seen))
    absent = batch.without("optical")
    torch.testing.assert_close(
        predict(student, dark).flood_logits, predict(student, absent).flood_logits, rtol=1e-4, atol=1e-4
    )


def test_the_student_uses_its_own_gauge_alone(student: Student, teacher: Teacher) -> None:
    batch = make_batch(2)
    changed = replace(batch, gauge=batch.gauge * torch.tensor([1.0, 3.0, 3.0])[None, :, None])
    torch.testing.assert_close(outputs(predict(student, batch)), outputs(predict(student, changed)))
    assert not torch.allclose(predict(teacher, batch).flood_logits, predict(teacher, changed).flood_logits, atol=1e-4)


@pytest.mark.parametrize("shape", [(60, 44), (8, 8), (9, 17)])
@pytest.mark.parametrize("kind", ["student", "teacher"])
def test_any_grid_fits(kind: str, shape: tuple[int, int], request: pytest.FixtureRequest) -> None:
    prediction = predict(request.getfixturevalue(kind), make_batch(1, shape))
    assert prediction.flood_logits.shape == (1, 5, *shape)
    assert prediction.features["patches"].shape[1] == -(-shape[0] // 8) * -(-shape[1] // 8)
    assert all(torch.isfinite(value).all() for value in outputs(prediction).values())


@pytest.mark.parametrize("kind", ["student", "teacher"])
def test_a_prediction_is_reproducible_and_independent_of_the_other_samples(
    kind: str, request: pytest.FixtureRequest
) -> None:
    network = request.getfixturevalue(kind)
    batch = make_batch(5)
    whole, again, chunks = predict(network, batch), predict(network, batch), predict(network, batch, chunk=2)
    torch.testing.assert_close(outputs(whole), outputs(again), rtol=0, atol=0)
    torch.testing.assert_close(outputs(whole), outputs(chunks), rtol=1e-4, atol=1e-5)
    index = torch.tensor([3, 0])
    subset = outputs(predict(network, batch[index]))
    torch.testing.assert_close(outputs(whole[index]), subset, rtol=1e-4, atol=1e-5)
    joined = Prediction.concatenate([whole[torch.tensor([0, 1])], whole[torch.tensor([2, 3, 4])]])
    torch.testing.assert_close(outputs(joined), outputs(whole), rtol=0, atol=0)


def test_the_student_is_small_and_its_site_memory_starts_from_zero() -> None:
    torch.manual_seed(0)
    without = Student()
    torch.manual_seed(0)
    with_memory = Student(site_shape=(16, 24))
    assert sum(parameter.numel() for parameter in without.parameters()) <= 1_000_000
    assert with_memory.site_memory is not None
    with_memory.load_state_dict(without.state_dict() | {"site_memory": with_memory.site_memory})
    batch = student_inputs(make_batch(2))
    torch.testing.assert_close(predict(without, batch).flood_logits, predict(with_memory, batch).flood_logits)


def test_the_peak_is_the_highest_reading_but_never_below_the_tide() -> None:
    batch = make_batch(4)
    highest = batch.gauge[:, 0].masked_fill(~batch.gauge_seen[:, 0], -99.0).amax(1)
    of_tide = batch.tide.amax(1)
    torch.testing.assert_close(peak_of(batch), torch.maximum(highest, of_tide))
    torch.testing.assert_close(peak_of(batch.without("gauge")), of_tide)
    assert (peak_of(replace(batch, gauge=batch.gauge - 100 * batch.gauge_seen)) >= of_tide).all()
