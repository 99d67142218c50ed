"""Shipped exemplars: round trip, coasts, and the consolidation terms built from them."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from benchmarks.forgetting.exemplars import exemplar_seeds, save_exemplars
from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.distillation.adaptation.recipe import Recipe
from strandline.distillation.continual.regularisers import QuadraticPenalty, Replay
from strandline.distillation.continual.replay import FILE, build_consolidation, load_exemplars
from strandline.distillation.pretraining.simulated_coasts import PretrainingConfig
from strandline.errors import InputError
from strandline.models.inference import student_inputs
from strandline.models.student import Student
from tests.fixtures.batches import make_batch

pytestmark = pytest.mark.slow


def test_a_hundredth_of_the_corpus_ships_with_its_truth() -> None:
    shipped, config = load_exemplars(), PretrainingConfig()
    assert len(shipped) == len(exemplar_seeds(config)) == 22
    assert len(shipped) / (config.coasts * config.storms) == pytest.approx(0.01, rel=0.03)
    assert shipped.radar is None
    assert shipped.flood_class is not None
    assert shipped.flood_valid is not None
    wet = (shipped.flood_class > 0) & shipped.flood_valid
    assert (wet.flatten(1).any(dim=1)).float().mean() > 0.8


def test_every_exemplar_is_of_a_pretraining_coast() -> None:
    seeds, config = exemplar_seeds(PretrainingConfig()), PretrainingConfig()
    assert len(set(seeds)) == len(seeds)
    assert all(config.first_seed <= seed < config.first_seed + config.coasts for seed in seeds)


def test_exemplars_are_read_back_as_they_were(tmp_path: Path) -> None:
    storms = student_inputs(make_batch(3, (16, 16)))
    with pytest.raises(InputError, match="does not exist"):
        load_exemplars(tmp_path)
    save_exemplars(tmp_path, storms.without("optical"))
    assert load_exemplars(tmp_path).optical is None
    save_exemplars(tmp_path, storms)
    again = load_exemplars(tmp_path)
    for name, tensor in vars(storms).items():
        found = getattr(again, name)
        assert (tensor is None) == (found is None)
        if tensor is not None:
            assert found.dtype == tensor.dtype
            torch.testing.assert_close(found, tensor, rtol=1e-3, atol=1e-3)


def test_exemplars_of_another_version_are_refused(tmp_path: Path) -> None:
    save_file({"storms.gauge": torch.zeros(1, 1, 72)}, tmp_path / FILE)
    with pytest.raises(InputError, match="of another version"):
        load_exemplars(tmp_path)


def test_replay_and_penalty_guard_what_is_trained_and_nothing_else() -> None:
    past, config, student = load_exemplars()[:2], DistillationConfig(samples=8), Student().eval()
    of = {
        all_weights: build_consolidation(
            student, past, replace(config, recipe=Recipe(all_weights=all_weights, ewc=300.0, replay=0.3))
        )
        for all_weights in (False, True)
    }
    assert of[False] == []
    replayed, penalty = of[True]
    assert isinstance(replayed, Replay)
    assert (replayed.past, replayed.samples, replayed.weight) == (past, 4, 0.3)
    assert isinstance(penalty, QuadraticPenalty)
    assert (penalty.name, penalty.strength) == ("ewc", 300.0)
    assert build_consolidation(student, past, replace(config, recipe=Recipe(all_weights=True))) == []
