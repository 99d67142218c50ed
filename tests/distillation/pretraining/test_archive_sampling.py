"""Pre-training archives: whose maps a storm is given, and how a bad radar is made from a good one."""

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

EACH = 3


@pytest.fixture(scope="module")
def storms() -> Batch:
    """Two coasts of three storms; the second lies a metre higher, so that their maps cannot be confused."""
    lower = make_batch(EACH)
    assert lower.terrain is not None
    higher = replace(lower, terrain=lower.terrain + torch.tensor([1.0, 1.0, 0.0, 0.0])[:, None, None])
    return Batch.concatenate([lower, higher])


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    torch.manual_seed(0)
    return Teacher().eval()


@pytest.fixture
def recall(storms: Batch, teacher: Teacher) -> ArchiveSampler:
    word = predict(teacher, storms)
    return ArchiveSampler(storms, EACH, word, word)


def test_storms_remember_others_of_their_own_coast(recall: ArchiveSampler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FOREIGN_SHARE", 0.0)
    flooded = 1 - recall.well[:, 0].float()
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        index, batch = recall.draw(COASTS_PER_STEP, generator)
        assert batch.archive is not None
        assert batch.archive_seen is not None
        for storm, maps, seen in zip(index.tolist(), batch.archive, batch.archive_seen, strict=True):
            first = storm // EACH * EACH
            torch.testing.assert_close(maps[:, 0], flooded[first : first + EACH])
            assert not seen[storm - first]


def test_some_archives_are_of_another_coast(recall: ArchiveSampler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FOREIGN_SHARE", 1.0)
    index, batch = recall.draw(8 * COASTS_PER_STEP, torch.Generator().manual_seed(1))
    assert batch.archive is not None
    flooded = 1 - recall.well[:, 0].float()
    own = [
        torch.allclose(maps[:, 0], flooded[storm // EACH * EACH :][:EACH])
        for storm, maps in zip(index.tolist(), batch.archive, strict=True)
    ]
    assert not all(own)


def test_an_untaught_second_look_says_what_the_first_said_and_a_taught_one_does_not(
    recall: ArchiveSampler, teacher: Teacher
) -> None:
    again = recall.train_refinement(teacher).flood_logits
    assert again is not None
    assert recall.word.flood_logits is not None
    torch.testing.assert_close(again.softmax(1), recall.word.flood_logits.softmax(1), atol=1e-5, rtol=1e-4)
    torch.manual_seed(1)
    taught = Teacher().eval()
    taught.load_state_dict(teacher.state_dict())
    torch.nn.init.normal_(taught.refinement.map.head.weight, std=0.1)
    changed = recall.train_refinement(taught).flood_logits
    assert changed is not None
    assert not torch.allclose(changed.softmax(1), again.softmax(1), atol=1e-3)


def test_a_bad_radar_has_the_speckle_of_four_looks_and_no_reference() -> None:
    batch = make_batch(2)
    assert batch.radar_seen is not None
    size, generator = 40_000, torch.Generator().manual_seed(0)
    looks = torch.distributions.Gamma(12.0, 12.0)
    torch.manual_seed(0)
    power = looks.sample((1, 2, 200, size // 200))
    flat = {"terrain": torch.zeros(1, 4, 200, size // 200), "terrain_seen": torch.ones(1, 200, size // 200).bool()}
    radar = torch.cat([10 * power.log10(), torch.zeros_like(power)], dim=1)
    one = Batch(
        gauge=batch.gauge[:1], gauge_seen=batch.gauge_seen[:1], tide=batch.tide[:1], tide_error_modes=batch.tide_error_modes[:1],
        residual_covariance=batch.residual_covariance[:1], season=batch.season[:1],
        radar=radar, radar_seen=flat["terrain_seen"].clone(), **flat,
    )  # fmt: skip
    blurred = degrade_radar(one, generator)
    assert blurred.radar is not None
    linear = 10 ** (blurred.radar[:, :2] / 10)
    assert float(linear.mean()) == pytest.approx(1.0, abs=0.01)
    assert float(linear.var()) == pytest.approx(1 / 4, rel=0.03)
    torch.testing.assert_close(blurred.radar[0, 2:, 0, 0], torch.tensor(RADAR_CENTRE[2:]))


def test_coasts_of_different_numbers_of_storms_are_refused(storms: Batch, teacher: Teacher) -> None:
    word = predict(teacher, storms)
    with pytest.raises(InputError, match="6 storms; give maps of 4 storms of every coast"):
        ArchiveSampler(storms, 4, word, word)
