"""Data-parallel processes take the steps that one process would take with all samples."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from strandline.distillation.training import data_parallel
from strandline.errors import InputError
from tests.fixtures.batches import make_batch
from tests.fixtures.data_parallel import TINY, pretrain


def test_a_single_process_shares_nothing() -> None:
    batch = make_batch(3)
    weight = torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.tensor([1.0, 2.0])
    with data_parallel.process_group("cpu"):
        assert (data_parallel.world_size(), data_parallel.rank()) == (1, 0)
        assert data_parallel.local_batch(batch) is batch
        data_parallel.average_gradients([weight])
        data_parallel.barrier()
        state = torch.get_rng_state()
        data_parallel.seed_process(0)
        assert torch.equal(torch.get_rng_state(), state)
    torch.testing.assert_close(weight.grad, torch.tensor([1.0, 2.0]))


def test_samples_are_shared_evenly_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_parallel, "world_size", lambda: 2)
    shares = []
    for rank in (0, 1):
        monkeypatch.setattr(data_parallel, "rank", lambda rank=rank: rank)
        shares += data_parallel.local_indices(6).tolist()
    assert sorted(shares) == list(range(6))
    with pytest.raises(InputError, match="2 processes share 5 samples"):
        data_parallel.local_indices(5)


@pytest.mark.slow
def test_two_processes_train_like_one_with_all_samples_and_one_of_them_writes(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    subprocess.run(
        [sys.executable, str(root / "tests" / "fixtures" / "data_parallel.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *filter(None, sys.path)])},
        check=True,
        capture_output=True,
        timeout=600,  # it hangs only if the processes never meet; a busy machine is slow
    )
    together, alone = json.loads((tmp_path / "curves.json").read_text()), pretrain(tmp_path / "alone")
    assert [len(curve) for curve in alone] == [
        TINY.teacher_steps, TINY.refinement_steps, TINY.student_steps, TINY.snapshot_steps,
    ]  # fmt: skip
    for ours, theirs in zip(together, alone, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
    ours, theirs = (sorted((tmp_path / name).iterdir()) for name in ("networks", "alone"))
    assert [path.name for path in ours] == ["student.json", "student.safetensors", "teacher.safetensors"]
    for path, same in zip(ours[1:], theirs[1:], strict=True):
        weights, expected = load_file(path), load_file(same)
        assert weights.keys() == expected.keys()
        # Adam makes a step of a gradient's sign, which rounding may turn where there is next to no gradient
        apart = torch.cat([((weights[name] - expected[name]).abs() > 1e-4).flatten() for name in weights])
        assert apart.float().mean() < 0.02, path.name
