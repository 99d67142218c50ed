"""Joining of members fitted to floods: what it recovers, and how far few labels move it."""

import numpy as np
import pytest

from strandline.distillation.pretraining.scenes.fit_stacking import (
    FEW_LABELS,
    best_threshold,
    fit_recalibration,
    fit_stacking,
    mean_overlap,
    qualities_with_labels,
    threshold_with_labels,
)
from strandline.models.flood.scenes.stacking import Recalibration, Stacking
from strandline.observations.arrays import Floats, Mask

Flood = tuple[Floats, Mask]


def draw_flood(seed: int, cells: int = 2000) -> Flood:
    """True probabilities, and what they became."""
    rng = np.random.default_rng(seed)
    probability = rng.beta(0.6, 0.9, cells).clip(0.01, 0.99)
    return probability, rng.random(cells) < probability


def distorted(probability: Floats, slope: float, shift: float) -> Floats:
    """As a member says it whose recalibration is ``slope`` and ``shift``."""
    odds = (np.log(probability / (1 - probability)) - shift) / slope
    return 1 / (1 + np.exp(-odds))


def test_many_floods_recover_a_known_recalibration_and_one_stays_near_no_change() -> None:
    floods = [draw_flood(seed) for seed in range(200)]
    said = [distorted(probability, 1.8, 0.6) for probability, _ in floods]
    labels = [wet for _, wet in floods]
    many = fit_recalibration(said, labels, strength=0.1)
    assert (many.slope, many.shift) == (pytest.approx(1.8, abs=0.15), pytest.approx(0.6, abs=0.08))
    one = fit_recalibration(said[:1], labels[:1])
    assert abs(one.slope - 1) < 0.3
    assert abs(one.shift) < 0.15
    assert fit_recalibration(said[:1], labels[:1], strength=1e6) == Recalibration(
        pytest.approx(1, abs=1e-4), pytest.approx(0, abs=1e-4)
    )


def test_the_fit_is_a_maximum_of_the_penalised_likelihood() -> None:
    probability, wet = draw_flood(0)
    said = distorted(probability, 1.5, -0.4)
    found = fit_recalibration([said], [wet])

    def penalised(slope: float, shift: float) -> float:
        p = Recalibration(slope, shift).apply(said)
        return float(np.log(np.where(wet, p, 1 - p)).mean() - ((slope - 1) ** 2 + shift**2))

    best = penalised(found.slope, found.shift)
    for step in (0.02, -0.02):
        assert penalised(found.slope + step, found.shift) < best
        assert penalised(found.slope, found.shift + step) < best


def test_a_flood_counts_once_however_many_cells_it_has() -> None:
    (few, few_wet), (many, many_wet) = draw_flood(0, 500), draw_flood(1, 500)
    once = fit_recalibration([few, many], [few_wet, many_wet])
    often = fit_recalibration([few, np.tile(many, 9)], [few_wet, np.tile(many_wet, 9)])
    assert (once.slope, once.shift) == (pytest.approx(often.slope, abs=1e-6), pytest.approx(often.shift, abs=1e-6))


def test_the_member_that_is_sharp_in_a_flood_decides_there_where_that_is_what_helps() -> None:
    """In each flood one of two members sees and the other is in doubt; the exponent finds out which."""
    said, labels = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        wet = rng.random(800) < 0.4
        sees = np.where(wet, 0.9, 0.1)
        doubts = np.clip(0.5 + 0.25 * rng.standard_normal(800), 0.05, 0.95)
        said.append({"a": sees, "b": doubts} if seed % 2 else {"a": doubts, "b": sees})
        labels.append(wet)
    found = fit_stacking(said, labels)
    maps = [found.join(of_flood, found.qualities(of_flood)) for of_flood in said]
    equal = Stacking(found.members)
    plain = [equal.join(of_flood, equal.qualities(of_flood)) for of_flood in said]
    assert mean_overlap(maps, labels, 0.5) > mean_overlap(plain, labels, best_threshold(plain, labels))
    assert found.exponent > 0


def test_members_that_agree_are_joined_plainly() -> None:
    floods = [draw_flood(seed, 500) for seed in range(4)]
    found = fit_stacking([{"a": p, "b": p} for p, _ in floods], [wet for _, wet in floods])
    assert found.exponent == 0.0
    assert found.weights({"a": 0.3, "b": 0.9}) == {"a": 0.5, "b": 0.5}


def test_the_threshold_of_few_labels_shrinks_to_the_one_without() -> None:
    wet = np.arange(400) % 2 == 0
    maps = [np.where(wet, 0.75, 0.65)]  # any threshold between is right
    of_chip = best_threshold(maps, [wet])
    assert 0.65 < of_chip <= 0.75
    strength = int(FEW_LABELS)
    found = [threshold_with_labels(0.3, maps * count, [wet] * count) for count in (1, strength, 800)]
    assert 0.3 < found[0] < found[1] < found[2] < of_chip
    middle = np.log(of_chip / (1 - of_chip)) / 2 + np.log(0.3 / 0.7) / 2
    assert found[1] == pytest.approx(1 / (1 + np.exp(-middle)))  # so many labels weigh as much as none
    assert found[2] == pytest.approx(of_chip, abs=0.01)


def test_a_flood_without_a_labelled_scene_keeps_threshold_and_qualities() -> None:
    assert threshold_with_labels(0.37, [], []) == 0.37
    assert qualities_with_labels(Stacking({"a": Recalibration()}), {"a": 0.6}, [], [], 0.5) == {"a": 0.6}


def test_qualities_are_means_of_what_is_expected_and_what_is_measured() -> None:
    stacking = Stacking({"right": Recalibration(), "wrong": Recalibration()})
    wet = np.array([True, True, False, False])
    said = {"right": np.where(wet, 0.9, 0.1), "wrong": np.where(wet, 0.1, 0.9)}
    found = qualities_with_labels(stacking, {"right": 0.5, "wrong": 0.5}, [said] * 2, [wet] * 2, 0.5)
    total = FEW_LABELS + 2
    assert found == pytest.approx({"right": (FEW_LABELS * 0.5 + 2) / total, "wrong": FEW_LABELS * 0.5 / total})


def test_a_flat_maximum_gives_the_middle_threshold() -> None:
    wet = np.array([True, False])
    assert best_threshold([np.array([0.95, 0.05])], [wet]) == pytest.approx(0.5, abs=0.02)
