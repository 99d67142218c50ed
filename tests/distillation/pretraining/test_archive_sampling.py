"""Archives of pre-training samples, and degraded radar."""

from dataclasses import replace

import pytest
import torch

from strandline.distillation.pretraining import archive_sampling as module
from strandline.distillation.pretraining.archive_sampling import COASTS_PER_STEP, ArchiveSampler, degrade_radar
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.flood.inputs import RADAR_CENTRE
from strandline.models.inference import predict
from strandline.models.teacher import Teacher
from tests.fixtures.batches import make_batch

STORMS_PER_COAST = 3


@pytest.fixture(scope="module")
def storms() -> Batch:
    """Two coasts of three storms; the second lies a metre higher, so that their maps cannot be confused."""
    lower = make_batch(STORMS_PER_COAST)
    assert lower.terrain is not None
    higher = replace(lower, terrain=lower.terrain + torch.tensor([1.0, 1.0, 0.0, 0.0])[:, None, None])
    return Batch.concatenate([lower, higher])


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    torch.manual_seed(0)
    return Teacher().eval()


@pytest.fixture
def sampler(storms: Batch, teacher: Teacher) -> ArchiveSampler:
    prediction = predict(teacher, storms)
    return ArchiveSampler(storms, STORMS_PER_COAST, prediction, prediction)


def test_an_archive_holds_other_storms_of_the_same_coast(
    sampler: ArchiveSampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FOREIGN_SHARE", 0.0)
    flooded = 1 - sampler.probability[:, 0].float()
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        index, batch = sampler.draw(COASTS_PER_STEP, generator)
        assert batch.archive is not None
        assert batch.archive_seen is not None
        for storm, maps, seen in zip(index.tolist(), batch.archive, batch.archive_seen, strict=True):
            first = storm // STORMS_PER_COAST * STORMS_PER_COAST
            torch.testing.assert_close(maps[:, 0], flooded[first : first + STORMS_PER_COAST])
            assert not seen[storm - first]


def test_some_archives_are_of_another_coast(sampler: ArchiveSampler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FOREIGN_SHARE", 1.0)
    index, batch = sampler.draw(8 * COASTS_PER_STEP, torch.Generator().manual_seed(1))
    assert batch.archive is not None
    flooded = 1 - sampler.probability[:, 0].float()
    own = [
        torch.allclose(maps[:, 0], flooded[storm // STORMS_PER_COAST * STORMS_PER_COAST :][:STORMS_PER_COAST])
        for storm, maps in zip(index.tolist(), batch.archive, strict=True)
    ]
    assert not all(own)


def test_an_untrained_refinement_head_changes_nothing_and_a_trained_one_does(
    sampler: ArchiveSampler, teacher: Teacher
) -> None:
    again = sampler.predict_second_pass(teacher, "cpu").flood_logits
    assert again is not None
    torch.testing.assert_close(again.softmax(1), sampler.prediction.flood_logits.softmax(1), atol=1e-5, rtol=1e-4)
    torch.manual_seed(1)
    trained = Teacher().eval()
    trained.load_state_dict(teacher.state_dict())
    torch.nn.init.normal_(trained.refinement.map.head.weight, std=0.1)
    changed = sampler.predict_second_pass(trained, "cpu").flood_logits
    assert changed is not None
    assert not torch.allclose(changed.softmax(1), again.softmax(1), atol=1e-3)


def test_a_degraded_radar_has_the_speckle_of_four_looks_and_no_reference() -> None:
    batch = make_batch(2)
    assert batch.radar_seen is not None
    size, generator = 40_000, torch.Generator().manual_seed(0)
    looks = torch.distributions.Gamma(12.0, 12.0)
    torch.manual_seed(0)
    power = looks.sample((1, 2, 200, size // 200))
    flat = {"terrain": torch.zeros(1, 4, 200, size // 200), "terrain_seen": torch.ones(1, 200, size // 200).bool()}
    radar = torch.cat([10 * power.log10(), torch.zeros_like(power)], dim=1)
    one = Batch(
        gauge=batch.gauge[:1], gauge_seen=batch.gauge_seen[:1], tide=batch.tide[:1],
        season=batch.season[:1],
        radar=radar, radar_seen=flat["terrain_seen"].clone(), **flat,
    )  # fmt: skip
    degraded = degrade_radar(one, generator)
    assert degraded.radar is not None
    linear = 10 ** (degraded.radar[:, :2] / 10)
    assert float(linear.mean()) == pytest.approx(1.0, abs=0.01)
    assert float(linear.var()) == pytest.approx(1 / 4, rel=0.03)
    torch.testing.assert_close(degraded.radar[0, 2:, 0, 0], torch.tensor(RADAR_CENTRE[2:]))


def test_coasts_of_different_numbers_of_storms_are_refused(storms: Batch, teacher: Teacher) -> None:
    prediction = predict(teacher, storms)
    with pytest.raises(InputError, match="6 storms; give maps of 4 storms of every coast"):
        ArchiveSampler(storms, 4, prediction, prediction)
