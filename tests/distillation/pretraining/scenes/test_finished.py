"""Finished parts of a job: made once, whole or absent."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from strandline.distillation.pretraining.scenes import finished
from strandline.distillation.pretraining.scenes.finished import FinishedParts


def test_a_part_is_made_once_and_read_again(tmp_path: Path) -> None:
    made: list[int] = []

    def train(network: nn.Linear) -> nn.Linear:
        made.append(1)
        with torch.no_grad():
            network.weight.fill_(3.0)
        return network

    first = FinishedParts(tmp_path / "new" / "folder").network("one", nn.Linear(2, 2), train)
    again = FinishedParts(tmp_path / "new" / "folder").network("one", nn.Linear(2, 2), train)
    assert made == [1]
    assert torch.equal(first.weight, again.weight)
    assert float(again.weight.detach().mean()) == 3.0
    assert not again.training


def test_a_killed_write_leaves_no_file_and_the_part_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, real = FinishedParts(tmp_path), save_file

    def killed(tensors: dict[str, Tensor], path: Path) -> None:
        real(tensors, path)
        path.write_bytes(path.read_bytes()[:20])
        raise KeyboardInterrupt

    monkeypatch.setattr(finished, "save_file", killed)
    with pytest.raises(KeyboardInterrupt):
        parts.tensors("one", lambda: {"a": torch.ones(4)})
    assert not (tmp_path / "one.safetensors").exists()
    monkeypatch.setattr(finished, "save_file", real)
    assert torch.equal(parts.tensors("one", lambda: {"a": torch.ones(4)})["a"], torch.ones(4))
    assert [path.name for path in tmp_path.iterdir()] == ["one.safetensors"]


def test_a_part_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> dict[str, Tensor]:
        raise RuntimeError("in between")

    with pytest.raises(RuntimeError, match="in between"):
        FinishedParts(tmp_path).tensors("one", fail)
    assert not list(tmp_path.iterdir())


def test_without_a_folder_nothing_is_kept() -> None:
    made: list[int] = []

    def make() -> dict[str, Tensor]:
        made.append(1)
        return {"a": torch.ones(1)}

    for _ in range(2):
        FinishedParts(None).tensors("one", make)
    assert made == [1, 1]
