"""The speed benchmark: counted operations, met targets, and parts that keep the rows of the others."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks.record import Row
from benchmarks.speed import __main__ as benchmark
from benchmarks.speed import learning, networks, program
from benchmarks.speed.clock import matrix_product_rate, operations, timed
from benchmarks.speed.summary import COLUMNS


def test_operations_are_two_for_each_multiplication_and_attention_is_seen() -> None:
    convolution = nn.Conv2d(3, 8, 3, padding=1)
    image = torch.randn(2, 3, 16, 16)
    assert operations(lambda: convolution(image)) == 2 * 2 * 8 * 16 * 16 * 3 * 9
    attention = nn.MultiheadAttention(16, 4, batch_first=True).eval()
    tokens = torch.randn(1, 10, 16)
    projections, scores = 2 * 10 * 16 * 64, 2 * 2 * 10 * 10 * 16
    assert operations(lambda: attention(tokens, tokens, tokens, need_weights=False)) == projections + scores
    assert torch.backends.mha.get_fastpath_enabled()


def test_the_fastest_turn_counts_and_the_first_does_not() -> None:
    calls: list[int] = []
    took = timed(lambda: calls.append(1), 0.0, least=5)
    assert len(calls) == 6
    assert 0 < took.fastest <= took.median
    assert matrix_product_rate(0.01) > 1e8


def test_a_target_is_met_by_rate_or_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "BATCH", 1)
    monkeypatch.setattr(networks, "SIDE", 32)
    student, teacher = networks.scene_subjects()
    monkeypatch.setattr(networks, "coast_subjects", lambda: (replace(student, name="a"), replace(teacher, name="b")))
    monkeypatch.setattr(networks, "scene_subjects", lambda: (student, teacher))
    monkeypatch.setattr(networks, "committee_rows", lambda seconds: [])

    def rows(limit: float) -> dict[str, Row]:
        return {str(row["what"]): row for row in networks.rows_of(limit, 0.0)}

    slow_machine, fast_machine = rows(1e6), rows(1e18)
    what = "student of scenes, batch 1"
    assert slow_machine[what]["share_of_limit"] > 1 > fast_machine[what]["share_of_limit"] > 0
    assert fast_machine[what]["bar"] == "≤ 10"
    assert fast_machine["a over b"]["met"] is False  # both are small: nowhere near 20
    assert "bar" not in fast_machine["student of scenes over transformer of scenes, one look"]


def test_the_committee_is_timed_with_all_its_passes_against_the_student_from_the_same_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(networks, "SCENES", 1)
    monkeypatch.setattr(networks, "SIDE", 32)
    committee, student, ratio = networks.committee_rows(0.0)
    assert str(committee["note"]).startswith("6 passes of networks, 3 forests of trees")
    assert str(student["note"]).startswith("2 passes of networks, 0 forests of trees")
    assert ratio["value"] == pytest.approx(float(str(student["value"])) / float(str(committee["value"])))
    assert (ratio["bar"], ratio["met"]) == ("≥ 20", float(str(ratio["value"])) >= 20)


def test_commands_are_measured_and_failures_raise() -> None:
    spent = program.spend("-c", "bytearray(200_000_000)")
    assert spent.peak_mb > 190
    assert spent.cpu_s > 0
    assert spent.wall_s > 0
    with pytest.raises(RuntimeError, match=r"ended with 3: sorry"):
        program.spend("-c", "print('sorry'); raise SystemExit(3)")


def test_a_step_with_a_teacher_is_compared_with_the_bare_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "STEPS", 1)
    past = learning.load_exemplars()  # type: ignore[attr-defined]
    monkeypatch.setattr(learning, "load_exemplars", lambda: past[:2])
    bare, plain, features = learning.rows_of(1)
    assert bare["ratio"] is None if "ratio" in bare else True
    assert plain["ratio"] == pytest.approx(float(str(plain["value"])) / float(str(bare["value"])))
    assert features["peer"] == "bare student step"


def test_a_part_that_is_measured_again_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"what": "x", "value": 1.0, "unit": "s", "bar": "≤ 2", "met": True}
    monkeypatch.setattr(benchmark, "rows_of", lambda part, *_: [{**row, "what": part}])
    out = tmp_path / "speed.json"
    for parts in (["start", "quick"], ["start"]):
        monkeypatch.setattr(sys, "argv", ["speed", "--parts", *parts, "--out", str(out)])
        benchmark.main()
    record = json.loads(out.read_text())
    assert [row["what"] for row in record["rows"]] == ["start", "quick"]
    assert record["summary"] == {"start": True, "quick": True}
    assert set(COLUMNS) <= set(record["rows"][0])


def test_busy_processes_compute_while_the_block_runs_and_end_with_it() -> None:
    with program.busy_processes(2) as processes:
        time.sleep(0.5)
        assert [process.poll() for process in processes] == [None, None]
    assert all(process.returncode not in (None, 0) for process in processes), "killed, not ended by themselves"


def test_a_run_beside_busy_processes_is_compared_with_the_run_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent = iter([program.Spent(40.0, 48.0, 1.0), program.Spent(60.0, 50.0, 1.0), program.Spent(90.0, 90.0, 1.0)])
    monkeypatch.setattr(program, "spend", lambda *_: next(spent))
    alone, one, two = program.busy_rows(tmp_path)
    assert alone["value"] == 48.0
    assert (one["ratio"], one["met"]) == (pytest.approx(50 / 48), True)
    assert (two["ratio"], two["met"]) == (pytest.approx(90 / 48), False)
