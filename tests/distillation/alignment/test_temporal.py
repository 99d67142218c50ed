"""Alignment in time: unseen days and their order have no effect, and hours attend to what was seen near them."""

import pytest
import torch

from strandline.distillation.alignment.temporal import TemporalAlignment, TokenAlignment
from strandline.errors import InputError


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def alignment() -> TemporalAlignment:
    torch.manual_seed(0)
    return TemporalAlignment(8, 5)


def test_the_result_is_a_mean_of_the_teachers_features(alignment: TemporalAlignment) -> None:
    teacher = normal(3, 6, 5)
    days = torch.arange(6.0).expand(3, -1) * 24
    aligned = alignment(normal(3, 49, 8), torch.arange(49.0).expand(3, -1), teacher, days, torch.ones(3, 6) > 0)
    assert aligned.shape == (3, 49, 5)
    assert (aligned <= teacher.amax(dim=1, keepdim=True) + 1e-5).all()
    assert (aligned >= teacher.amin(dim=1, keepdim=True) - 1e-5).all()


def test_constant_teacher_features_are_returned_unchanged(alignment: TemporalAlignment) -> None:
    teacher = normal(1, 1, 5).expand(2, 4, 5)
    aligned = alignment(normal(2, 7, 8), 50 * normal(2, 7), teacher, 50 * normal(2, 4, seed=1), torch.ones(2, 4) > 0)
    torch.testing.assert_close(aligned, teacher[:, :1].expand(-1, 7, -1))


def test_the_order_of_the_teachers_days_does_not_matter(alignment: TemporalAlignment) -> None:
    student, hours, teacher, days = normal(2, 9, 8), 30 * normal(2, 9), normal(2, 6, 5), 60 * normal(2, 6)
    seen = torch.tensor([[1, 1, 0, 1, 1, 0], [0, 1, 1, 1, 0, 1]]) > 0
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    there = alignment(student, hours, teacher, days, seen)
    torch.testing.assert_close(there, alignment(student, hours, teacher[:, order], days[:, order], seen[:, order]))


def test_unseen_days_and_other_samples_change_nothing(alignment: TemporalAlignment) -> None:
    student, hours, teacher, days = normal(2, 9, 8), 30 * normal(2, 9), normal(2, 6, 5), 60 * normal(2, 6)
    seen = torch.tensor([[1, 1, 0, 1, 0, 0], [1, 1, 1, 1, 1, 1]]) > 0
    there = alignment(student, hours, teacher, days, seen)
    alone = alignment(student[:1], hours[:1], teacher[:1, [0, 1, 3]], days[:1, [0, 1, 3]], seen[:1, [0, 1, 3]])
    torch.testing.assert_close(there[:1], alone)


def test_before_training_the_nearest_day_has_the_largest_weight() -> None:
    alignment = TemporalAlignment(8, 6)
    for parameter in alignment.parameters():
        parameter.data.zero_()
    days = torch.arange(6.0)[None] * 24
    aligned = alignment(normal(1, 6, 8), days, torch.eye(6)[None, :, :], days, torch.ones(1, 6) > 0)
    assert aligned.argmax(dim=-1).tolist() == [[0, 1, 2, 3, 4, 5]]


def test_a_sample_without_a_teacher_time_is_refused(alignment: TemporalAlignment) -> None:
    with pytest.raises(InputError, match="1 samples have no teacher time"):
        alignment(normal(2, 3, 8), normal(2, 3), normal(2, 4, 5), normal(2, 4), torch.tensor([[1] * 4, [0] * 4]) > 0)


@pytest.mark.slow
def test_a_student_that_already_sees_what_the_teacher_sees_can_reach_no_distance() -> None:
    """One teacher token for all hours: a head that returns it has distance 0, and training finds such a head."""
    torch.manual_seed(0)
    teacher = {"tokens": normal(1, 1, 6).expand(4, 2, -1), "token_hours": torch.tensor([[-24.0, 0.0]]).expand(4, -1)}
    teacher["tokens_seen"] = torch.ones(4, 2, dtype=torch.bool)
    student = {"tokens": normal(4, 3, 5), "token_hours": -torch.arange(3.0).expand(4, -1)}
    student["tokens_seen"] = torch.ones(4, 3, dtype=torch.bool)
    alignment = TokenAlignment(5, 6)
    optimiser = torch.optim.Adam(alignment.parameters(), lr=0.01)
    first = float(alignment(student, teacher).mean().detach())
    for _ in range(200):
        optimiser.zero_grad()
        alignment(student, teacher).mean().backward()
        optimiser.step()
    assert float(alignment(student, teacher).mean().detach()) < 0.05 < first
