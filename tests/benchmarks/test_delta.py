"""The delta benchmark from coast to record on a tiny case, and properties of its parts."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.delta import methods, recipes, trees
from benchmarks.delta.__main__ import main
from benchmarks.delta.cases import Case, split_storms
from benchmarks.delta.coasts import (
    SimulatedCoast,
    bathtub_iou,
    difficulty_of,
    simulate,
    simulate_with_clear_views,
)
from benchmarks.delta.methods import Budget
from benchmarks.delta.outages import CONDITIONS, Condition, apply_outage
from benchmarks.delta.scoring import score
from benchmarks.delta.summary import summarise
from benchmarks.delta.trees import Cells, Trees
from strandline.distillation.adaptation.recipe import Recipe
from strandline.models.teacher import Teacher
from strandline.models.weights.load_weights import load_students

EVENTS, YEARS, SIZE = 8, 1.0, 32


@pytest.fixture(scope="module")
def coast(simulated_coasts: Path) -> SimulatedCoast:
    return simulate(500, EVENTS, YEARS, SIZE, simulated_coasts)


@pytest.fixture(scope="module")
def case(coast: SimulatedCoast) -> Case:
    return split_storms(coast, 0)


def test_a_cached_coast_equals_the_simulated_one(coast: SimulatedCoast, simulated_coasts: Path) -> None:
    again = simulate(500, EVENTS, YEARS, SIZE, simulated_coasts)
    for name, tensor in vars(coast.storms).items():
        if tensor is not None:
            assert torch.equal(tensor, getattr(again.storms, name))
    assert np.array_equal(coast.level, again.level)
    assert difficulty_of(coast) == difficulty_of(again)
    assert not torch.equal(coast.under_bad_radar().storms.radar, coast.storms.radar)


def test_no_test_storm_and_no_extreme_storm_is_a_training_storm(case: Case) -> None:
    assert not set(case.training) & set(case.tests["normal"])
    assert not case.coast.extreme[case.training].any()
    assert set(case.tests["high"]) <= set(case.tests["normal"])
    assert set(case.training) | set(case.tests["normal"]) | set(case.tests["extreme"]) == set(range(EVENTS))


def test_a_clear_view_is_the_same_scene_without_a_cloud(coast: SimulatedCoast, simulated_coasts: Path) -> None:
    _, (optical, seen) = simulate_with_clear_views(500, EVENTS, YEARS, SIZE, simulated_coasts)
    cloudy, cloudy_seen = coast.storms.pair("optical")
    assert seen.all()
    assert 0 < cloudy_seen.float().mean() < 0.6
    both = cloudy_seen[:, None].expand_as(cloudy)
    torch.testing.assert_close(optical[both], cloudy[both])


def test_labels_of_a_smaller_fraction_are_among_those_of_a_larger_one(case: Case) -> None:
    masks = [case.labels(fraction) for fraction in (0.0, 0.01, 0.05, 0.1, 1.0)]
    assert not masks[0].any()
    for fewer, more in pairwise(masks):
        assert not (fewer & ~more).any()


def test_a_label_fraction_is_the_share_of_the_surveyed_land_cells_that_it_is_called(case: Case) -> None:
    surveyed = case.coast.surveyed[torch.from_numpy(case.training)] & case.coast.land
    assert torch.equal(case.labels(1.0), surveyed)
    for fraction in (0.01, 0.05, 0.1):
        labels = case.storms(fraction).flood_valid
        assert labels is not None
        assert not (labels & ~surveyed).any()
        assert int(labels.sum()) == round(fraction * int(surveyed.sum()))


def test_the_own_archive_needs_no_teacher_no_radar_and_no_label(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Teacher, batch: object) -> None:
        raise AssertionError("the teacher was called")

    monkeypatch.setattr(Teacher, "forward", refuse)
    own = methods.own_data(case)
    assert own.training.radar is None
    assert own.training.flood_valid is not None
    assert not own.training.flood_valid.any()
    assert own.archive is not None
    reading = methods.distilled(own, Budget(), case.seed)
    storms = case.test_storms("normal")
    blind = methods.without_archive(load_students()[:1])
    assert np.abs(reading(storms) - blind(storms)).max() > 0.01  # it is read
    with pytest.raises(AssertionError, match="the teacher was called"):
        methods.adaptation_data(case, Teacher())


def test_an_archive_with_surveys_holds_the_label_where_there_is_one_and_the_own_map_elsewhere(case: Case) -> None:
    storms = case.storms(0.1)
    own = methods.with_labels(methods.own_data(case), storms)
    surveyed = methods.with_surveys(own)
    assert own.archive is not None
    assert surveyed.archive is not None
    classes, labelled = storms.pair("flood_class")
    maps = surveyed.archive.class_probability.movedim(1, -1)
    assert torch.equal(maps.argmax(-1)[labelled], classes[labelled])
    torch.testing.assert_close(maps[~labelled], own.archive.class_probability.movedim(1, -1)[~labelled])


def test_the_truth_scores_one_and_its_opposite_zero(case: Case) -> None:
    index = case.tests["normal"]
    truth = case.coast.storms.flood_class[torch.from_numpy(index)]
    certain = torch.nn.functional.one_hot(truth, 5).float().movedim(-1, 1).numpy()
    perfect = score(case, "normal", certain, 0.5)
    assert (perfect.iou, perfect.macro_f1, perfect.ece) == (1.0, 1.0, 0.0)
    wrong = np.zeros_like(certain)
    wrong[:, 0], wrong[:, 1] = truth.numpy() > 0, truth.numpy() == 0
    assert score(case, "normal", wrong, 0.5).iou == 0.0


def test_bathtub_scores_lie_between_zero_and_one_and_improve_on_true_terrain(coast: SimulatedCoast) -> None:
    every = np.arange(EVENTS)
    assert 0 <= bathtub_iou(coast, every, "product", connected=True) <= 1
    assert bathtub_iou(coast, every, "true", connected=True) > bathtub_iou(coast, every, "product", connected=False)


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_an_outage_hides_its_share_of_its_streams_and_nothing_else(coast: SimulatedCoast, condition: Condition) -> None:
    remaining = apply_outage(coast.storms, condition, torch.Generator().manual_seed(0))
    streams = ("gauge", "optical", "in_situ") if condition.stream == "all" else (condition.stream,)
    for name in ("gauge", "optical", "in_situ"):
        before, after = getattr(coast.storms, f"{name}_seen"), getattr(remaining, f"{name}_seen")
        assert not (after & ~before).any()
        if name not in streams:
            assert torch.equal(before, after)
        elif condition.share == 1:
            assert not after.any()
        elif not condition.partial:
            lost = (before.flatten(1).any(1) & ~after.flatten(1).any(1)).float().mean()
            assert lost == pytest.approx(condition.share, abs=0.3)
    assert torch.equal(remaining.radar, coast.storms.radar)


def test_a_summary_of_known_rows() -> None:
    def row(method: str, coast: int, iou: float, regime: str = "standard") -> dict[str, object]:
        return {
            "test": "normal", "coast": coast, "label_fraction": 0.05, "seed": 0, "method": method, "outage": "none",
            "iou": iou, "regime": regime,
        }  # fmt: skip

    rows = [
        row(method, coast, iou + 0.01 * coast)
        for coast in range(6)
        for method, iou in (("teacher", 0.8), ("distilled", 0.7), ("pretrained_finetuned", 0.5), ("labels_only", 0.2))
    ]
    rows += [row("teacher", coast, 0.3, "bad_radar") for coast in range(6)]  # must not reach the gate
    summary = summarise(rows, [{"elevation_error": 1.2, "bathtub_product": 0.35}])
    assert summary["normal 0.05 retention"] == pytest.approx(0.725 / 0.825)
    assert summary["normal 0.05 gap closed"] == pytest.approx(2 / 3)
    assert summary["normal 0.05 distilled − pretrained_finetuned low"] == pytest.approx(0.2)
    assert summary["gate elevation_error holds"] is True
    assert summary["gate bathtub_product holds"] is False
    assert summary["gate teacher holds"] is True


def test_a_method_without_labels_counts_at_every_fraction_and_the_best_of_all_fair_ones_is_chosen() -> None:
    def row(method: str, fraction: float, coast: int, seed: int, iou: float) -> dict[str, object]:
        return {
            "test": "normal", "coast": coast, "label_fraction": fraction, "seed": seed, "method": method,
            "outage": "none", "iou": iou, "regime": "standard",
        }  # fmt: skip

    rows = []
    for coast in range(2):
        for seed in range(3):
            shift = 0.1 * coast + 0.01 * seed
            rows += [row("teacher", 0.0, coast, seed, 0.8 + shift), row("teacher_first_pass", 0.0, coast, seed, 0.75)]
            rows += [
                row("distilled", 0.05, coast, seed, 0.6 + shift),
                row("pretrained", 0.0, coast, seed, 0.55 + shift),
            ]
            rows += [row("self_archive", 0.05, coast, seed, 0.5 + shift)]
            rows += [row("self_archive_clear", 0.0, coast, seed, 0.9)]  # has views that the student has not
        rows += [row("boosted_trees", 0.05, coast, 2, 0.3 + 0.1 * coast + 0.02)]  # one seed, paired with the same
    summary = summarise(rows, [{"elevation_error": 1.2}])
    assert summary["normal 0.05 best without teacher"] == "pretrained"
    assert summary["normal 0.05 distilled − pretrained"] == pytest.approx(0.05)
    assert summary["normal 0.05 distilled − boosted_trees"] == pytest.approx(0.3)
    assert summary["normal 0.05 distilled − boosted_trees high"] == pytest.approx(0.3)
    assert summary["normal 0.05 retention"] == pytest.approx(0.66 / 0.86)
    assert summary["normal 0.05 retention of the unadapted teacher"] == pytest.approx(0.66 / 0.75)
    assert summary["normal 0.05 gap closed"] == pytest.approx(0.05 / 0.25)


def test_the_whole_benchmark_runs_and_resumes(
    simulated_coasts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(trees.SETTINGS, "max_bins", 8)
    monkeypatch.setattr(recipes, "STEPS", 1)
    monkeypatch.setattr(recipes, "ARTICLE", Recipe("article", archive=False, replay=0.0))
    command = (
        f"--coasts 1 --events {EVENTS} --years {YEARS} --size {SIZE} --seeds 1 --label-fractions 0 0.05 --steps 1 "
        f"--scratch-steps 1 --unet-steps 1 --ceiling-rounds 0 --tree-rounds 2 --outages 1 --replay-coasts 1 "
        f"--source-coasts 2 --cache {simulated_coasts} --out {tmp_path / 'delta.json'}"
    ).split()
    main(command)
    first = json.loads((tmp_path / "delta.json").read_text())
    assert first["provenance"] == "simulated"
    methods = {row["method"] for row in first["rows"]}
    assert methods >= {
        "teacher", "distilled", "labels_only", "pretrained", "pretrained_finetuned", "self_training", "full_labels",
        "shuffled_teacher", "random_teacher", "analog", "bathtub", "bathtub_connected", "bathtub_connected_true",
        "distilled_no_waterlines", "distilled_no_archive", "distilled_no_archive_and_waterlines",
        "distilled_no_refinement", "teacher_first_pass", "self_archive", "survey_archive", "self_archive_clear",
        "self_training_clear", "boosted_trees", "unet_finetuned", "recipe_amortised", "article",
        "article_without_task_loss",
    }  # fmt: skip
    assert {row["outage"] for row in first["rows"]} == {"none", str(CONDITIONS[0])}
    assert {row["regime"] for row in first["rows"]} == {"standard", "bad_radar"}
    assert {"test", "coast", "label_fraction", "seed", "method", "outage", "iou", "macro_f1", "ece"} <= set(
        first["rows"][0]
    )
    unlabelled = [
        row for row in first["rows"] if row["method"] in ("teacher", "pretrained") and row["test"] == "normal"
    ]
    assert 0.05 not in {row["label_fraction"] for row in unlabelled}  # no label trains them: it would be a copy
    assert "| test | regime | method |" in (tmp_path / "delta.md").read_text()
    main(command)
    assert json.loads((tmp_path / "delta.json").read_text())["rows"] == first["rows"]


def test_trees_follow_the_place_where_it_contradicts_the_other_coasts() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 3)).astype(np.float32)
    source = Cells(features, features[:, 0] > 0)
    place = Cells(features.copy(), features[:, 0] < 0)
    for local, expected in ((None, source.flooded), (place, place.flooded)):  # a local cell weighs more than another
        fitted = Trees(source, local, rounds=20, seed=0)
        assert (fitted.probability(features) > 0.5).mean() == pytest.approx(expected.mean(), abs=0.1)
        assert ((fitted.probability(features) > 0.5) == expected).mean() > 0.95
