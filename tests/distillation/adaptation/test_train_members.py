"""Members that are trained in processes are those that are trained here one after the other."""

import time
from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from strandline.distillation.adaptation import train_members as module
from strandline.distillation.adaptation.baselines import untrained_students
from strandline.distillation.adaptation.distil_student import DistillationConfig, DistillationData
from strandline.distillation.adaptation.recipe import AMORTISED
from strandline.distillation.adaptation.train_members import (
    PROCESSES,
    MemberTraining,
    MemberTrainings,
    train_members,
)
from strandline.errors import InputError
from tests.fixtures.batches import make_batch

pytestmark = pytest.mark.slow


def test_members_do_not_depend_on_the_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    data = DistillationData(make_batch(4, (16, 16)))
    config = DistillationConfig(replace(AMORTISED.without_teacher(all_weights=True)), steps=2, samples=2)
    monkeypatch.setattr(module, "FEWEST_STEPS", 1)
    monkeypatch.setattr(module, "LOOK_EVERY", 0.05)
    one = untrained_students(2, (16, 16), 0)
    two = deepcopy(one)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setenv(PROCESSES, "1")
    alone = train_members(MemberTraining(one, data, config, 3))
    monkeypatch.setenv(PROCESSES, "2")
    seen: list[float] = []
    apart = train_members(MemberTraining(two, data, config, 3), seen.append)
    torch.set_num_threads(threads)
    assert apart == alone
    for first, second in zip(one, two, strict=True):
        assert not second.training
        for here, there in zip(first.parameters(), second.parameters(), strict=True):
            assert torch.equal(here, there)
    assert not torch.equal(next(one[0].parameters()), next(one[1].parameters()))
    assert seen == sorted(seen)


def test_trainings_go_on_beside_their_caller_and_end_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.05)
    monkeypatch.setenv(PROCESSES, "2")
    data = DistillationData(make_batch(4, (16, 16)))
    config = DistillationConfig(AMORTISED.without_teacher(all_weights=True), steps=100_000, samples=2)
    with MemberTrainings([MemberTraining(untrained_students(2, (16, 16), 0), data, config, 3)]) as trainings:
        trainings.start()
        while not sum(trainings._shares):
            assert not any(each.done() for each in trainings._running)
            time.sleep(0.05)
        running = trainings._running
    assert all(isinstance(each.exception(), InterruptedError) for each in running)


def test_results_of_several_trainings_are_kept_apart() -> None:
    data = DistillationData(make_batch(4, (16, 16)))
    config = DistillationConfig(AMORTISED.without_teacher(all_weights=True), steps=1, samples=2)
    each = [MemberTraining(untrained_students(count, (16, 16), 0), data, config, 3) for count in (2, 1)]
    first, second = MemberTrainings(each).finish()
    assert (len(first), len(second)) == (2, 1)
    assert second[0] == first[0]


def test_a_training_that_fails_in_a_process_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEWEST_STEPS", 1)
    monkeypatch.setenv(PROCESSES, "2")
    data = DistillationData(make_batch(4, (16, 16)))
    training = MemberTraining(
        untrained_students(2, (16, 16), 0), data, DistillationConfig(replace(AMORTISED, soft=1.0), 2), 0
    )
    with pytest.raises(InputError, match="no teacher's predictions"):
        train_members(training)


@pytest.mark.parametrize("stated", ["two", "0", "-1", ""])
def test_a_number_of_processes_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, stated: str) -> None:
    monkeypatch.setenv(PROCESSES, stated)
    with pytest.raises(InputError, match="STRANDLINE_PROCESSES: is"):
        MemberTrainings([])
