"""Shipped exemplars: round trip, coasts, and the consolidation terms built from them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.forgetting.exemplars import exemplar_seeds, save_exemplars
from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.distillation.adaptation.recipe import Recipe
from strandline.distillation.continual.regularisers import QuadraticPenalty, Replay
from strandline.distillation.continual.replay import Exemplars, load_exemplars
from strandline.distillation.objective import Consolidation
from strandline.distillation.pretraining.simulated_coasts import PretrainingConfig
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.inference import student_inputs
from strandline.models.student import Student
from tests.fixtures.batches import make_batch


def test_a_hundredth_of_the_corpus_ships_with_its_truth() -> None:
    shipped, config = load_exemplars(), PretrainingConfig()
    assert len(shipped.storms) == len(exemplar_seeds(config)) == 22
    assert len(shipped.storms) / (config.coasts * config.storms) == pytest.approx(0.01, rel=0.03)
    assert len(shipped.windows) / (config.coasts * config.windows) == pytest.approx(0.01, rel=0.1)
    assert shipped.storms.radar is None
    assert shipped.storms.flood_class is not None
    assert shipped.storms.flood_valid is not None
    wet = (shipped.storms.flood_class > 0) & shipped.storms.flood_valid
    assert (wet.flatten(1).any(dim=1)).float().mean() > 0.8
    assert shipped.windows.terrain is None
    assert shipped.windows.surge is not None


def test_every_exemplar_is_of_a_pretraining_coast() -> None:
    seeds, config = exemplar_seeds(PretrainingConfig()), PretrainingConfig()
    assert len(set(seeds)) == len(seeds)
    assert all(config.first_seed <= seed < config.first_seed + config.coasts for seed in seeds)


def test_exemplars_are_read_back_as_they_were(tmp_path: Path) -> None:
    storms = student_inputs(make_batch(3, (16, 16)))
    with pytest.raises(InputError, match="does not exist"):
        load_exemplars(tmp_path)
    save_exemplars(tmp_path, Exemplars(storms, student_inputs(make_batch(2, (16, 16), seed=3)).without("optical")))
    again = load_exemplars(tmp_path)
    assert again.windows.optical is None
    for name, tensor in vars(storms).items():
        found = getattr(again.storms, name)
        assert (tensor is None) == (found is None)
        if tensor is not None:
            assert found.dtype == tensor.dtype
            torch.testing.assert_close(found, tensor, rtol=1e-3, atol=1e-3)


def test_replay_and_penalty_cover_what_is_trained_and_nothing_else() -> None:
    shipped, config, student = load_exemplars(), DistillationConfig(samples=8, windows=32), Student().eval()
    past = Exemplars(shipped.storms[:2], shipped.windows[:2])
    of = {
        all_weights: past.build_consolidation(student, replace(config, recipe=Recipe(all_weights=all_weights, ewc=ewc)))
        for all_weights, ewc in ((False, 0.0), (True, 300.0))
    }

    def replayed(parts: Sequence[Consolidation]) -> list[tuple[Batch, int, float]]:
        return [(part.past, part.samples, part.weight) for part in parts if isinstance(part, Replay)]

    assert replayed(of[False]) == [(past.windows, 16, 1.0)]
    assert len(of[False]) == 1
    assert replayed(of[True]) == [(past.storms, 4, 0.3), (past.windows, 16, 1.0)]
    (penalty,) = (part for part in of[True] if isinstance(part, QuadraticPenalty))
    assert (penalty.name, penalty.strength) == ("ewc", 300.0)
    assert past.build_consolidation(student, replace(config, windows=0)) == []
