"""The kernels benchmark: equal rules for all kernels, theory where it exists, and a tiny run of the whole."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.floods import run as floods_run
from benchmarks.floods.events import Event
from benchmarks.floods.methods import Budget
from benchmarks.kernels import chips, concentration
from benchmarks.kernels.__main__ import main
from benchmarks.kernels.methods import ALIGNMENTS, CONTROL, WEIGHTS, chosen_weights, entries
from benchmarks.kernels.pictures import draw_concentration
from benchmarks.kernels.speed import pennylane_pairs, pennylane_states
from benchmarks.kernels.summary import difference, scores_of, summarise
from benchmarks.record import Row, finished_rows
from strandline.distillation.adaptation.scene_student import SceneDistillation
from strandline.distillation.alignment.quantum_kernels import uniform_angle_moments, zz_kernel
from strandline.distillation.pretraining.scenes.train_committee import CommitteeConfig
from tests.fixtures.chips import SMALL, draw_chips, draw_event, write_zip


def row(kernel: str, site: int, score: float, **more: object) -> Row:
    head = {"task": "delta", "test": "normal", "kernel": kernel, "seed": 0, "site": site, "score": score}
    return {**head, "weight": 0.3, "bandwidth": None, "seconds": 1.0, **more}  # type: ignore[dict-item]


def test_each_kernel_gets_the_best_mean_weight_and_the_lowest_of_equal_ones() -> None:
    scores = {("rbf", 0.1): (0.5, 0.5), ("rbf", 0.3): (0.9, 0.2), ("rbf", 1.0): (0.4, 0.4),
              ("cosine", 0.1): (0.2, 0.2), ("cosine", 1.0): (0.2, 0.2)}  # fmt: skip
    rows = [row(kernel, site, score, weight=weight)
            for (kernel, weight), both in scores.items() for site, score in enumerate(both)]  # fmt: skip
    rows.append(row(CONTROL, 0, 0.99, weight=0.0))
    assert chosen_weights(rows) == {"rbf": 0.3, "cosine": 0.1}


def test_every_kernel_is_tried_equally_often_and_the_control_once() -> None:
    tried = entries(None)
    assert tried[0] == (None, 0.0)
    assert [name for name, _ in tried].count(None) == 1
    assert {name: sum(other == name for other, _ in tried) for name in ALIGNMENTS} == dict.fromkeys(
        ALIGNMENTS, len(WEIGHTS)
    )
    assert entries({"rbf": 0.3}) == [(None, 0.0), ("rbf", 0.3)]


def test_finished_rows_are_not_computed_again(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> list[Row]:
        made.append(1)
        return [{"score": 0.5}]

    assert finished_rows(tmp_path / "some" / "rows.json", make) == finished_rows(tmp_path / "some" / "rows.json", make)
    assert made == [1]


def test_every_event_is_mapped_by_networks_that_were_trained_without_it_the_smallest_first(tmp_path: Path) -> None:
    one = draw_event("any", 1, 0).chips
    events = [Event(str(i), one * count) for i, count in enumerate((25, 30, 26, 40, 10, 12))]
    held_out = chips.trainings_of(events, 1.0, tmp_path, {}, lambda _: None)
    assert [event.name for event, _ in held_out] == ["0", "2", "1", "3"]  # the small ones are for training only
    for event, training in held_out:
        assert len(training._chips) == sum(len(other.chips) for other in events) - len(event.chips)


def test_networks_of_chips_are_those_of_the_floods_benchmark(tmp_path: Path) -> None:
    """Equal steps and data give equal folders, whatever else is asked for."""
    event = draw_event("a", 25, 0)
    ((_, training),) = chips.trainings_of([event], 1.0, tmp_path, {"source": "x"}, lambda _: None)
    steps, budget = floods_run.shortened(1.0)
    plan = floods_run.Plan(("archive",), (0.01, 1.0), 5, 1, 0.05, floods_run.FOLDS, steps, budget, SceneDistillation())
    theirs, ours = floods_run.Folders(tmp_path, plan, {"source": "x"}), training._folders
    assert (ours.committees, ours.students) == (theirs.committees, theirs.students)
    assert (steps, budget) == (CommitteeConfig().steps, Budget())
    assert floods_run.shortened(1e-9) == (2, Budget(1, 1, 1, 1))


def test_a_difference_is_paired_and_tuning_rows_are_not_reported() -> None:
    rows = [row(kernel, site, site / 10 + gain) for site in range(4) for kernel, gain in (("none", 0.0), ("rbf", 0.02))]
    rows += [row("quantum_zz", site, site / 10 - 0.01) for site in range(4)]
    rows.append(row("rbf", 9, 0.9, test="tuning"))
    found = scores_of(rows, "delta", "normal")
    assert difference(found["rbf"], found["none"]) == pytest.approx((0.02, 0.02, 0.02))
    summary = summarise(rows)
    assert summary["delta normal rbf"] == pytest.approx(0.17)
    assert summary["delta normal quantum_zz − rbf high"] == pytest.approx(-0.03)
    assert not any("tuning" in name for name in summary)


def test_angles_concentrate_as_in_theory_and_tuning_never_lowers_the_agreement(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(3, 80, 8, generator=generator)
    probabilities = (3 * hidden[..., :2]).softmax(dim=-1)
    rows = list(concentration.rows_of({"patches": hidden}, probabilities, 0, (2, 6)))
    spread = {(r["kernel"], r["points"], r["qubits"]): r["score"] for r in rows}
    for qubits in (2, 6):
        expected = uniform_angle_moments(qubits)[1] ** 0.5
        assert spread["quantum_angle", "independent", qubits] == pytest.approx(expected, rel=0.1)
    assert spread["quantum_zz", "independent", 6] < 0.5 * spread["quantum_zz", "independent", 2]
    agreement = {(r["kernel"], r["points"], r["qubits"]): r.get("agreement") for r in rows}
    for kernel, points, qubits in agreement:
        if points == "features, tuned":
            tuned, fixed = agreement[kernel, points, qubits], agreement[kernel, "features, fixed", qubits]
            assert tuned >= fixed - 1e-6  # type: ignore[operator]
    draw_concentration(rows, tmp_path / "concentration.png")
    assert (tmp_path / "concentration.png").stat().st_size > 0


def test_both_matrices_of_pennylane_equal_ours() -> None:
    points = 2 * np.pi * torch.rand(3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ours = zz_kernel(points).numpy()
    for theirs in (pennylane_pairs(points.numpy()), pennylane_states(points.numpy())):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


def test_the_whole_benchmark_runs_and_resumes(
    simulated_coasts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.kernels.methods.WEIGHTS", (0.3,))
    few_alignments = ("cosine", "rbf", "quantum_zz")
    for module in ("methods", "pictures", "summary"):
        monkeypatch.setattr(f"benchmarks.kernels.{module}.ALIGNMENTS", few_alignments)
    for name, few in (("TREES", 3), ("BINS", 8)):
        monkeypatch.setattr(f"strandline.distillation.pretraining.scenes.fit_trees.{name}", few)
    for module in (floods_run, chips):
        monkeypatch.setattr(module, "FOLDS", 2)
    monkeypatch.setattr(floods_run, "LEAST_CHIPS", 4)
    events = [(100 * i, draw_chips(100 * i, count, i, SMALL)) for i, count in enumerate((5, 4), start=1)]
    write_zip(tmp_path / "chips.zip", events)
    (tmp_path / "blocks.json").write_text("[[100, 199, 5], [200, 299, 4]]")
    command = (
        f"--parts delta floods --coasts 1 --tuning-coasts 1 --tuning-events 1 --seeds 1 --events 8 "
        f"--years 1 --size 32 --steps 1 --effort 0.0005 --chips {tmp_path / 'chips.zip'} "
        f"--chips-blocks {tmp_path / 'blocks.json'} --cache {simulated_coasts} --work {tmp_path / 'work'} "
        f"--pictures {tmp_path / 'pictures'} --out {tmp_path / 'kernels.json'}"
    ).split()
    main(command)
    first = json.loads((tmp_path / "kernels.json").read_text())
    assert {"task", "kernel", "seed", "score", "seconds"} <= set(first["rows"][-1])
    for task in ("delta", "floods"):
        tried = [r for r in first["rows"] if r["task"] == task]
        assert {r["kernel"] for r in tried if r["test"] != "tuning"} == {CONTROL, *few_alignments}
    assert "| kernel | IoU |" in (tmp_path / "kernels.md").read_text()
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {"kernels.png"}
    main(command)
    assert json.loads((tmp_path / "kernels.json").read_text())["rows"] == first["rows"]
