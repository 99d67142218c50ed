"""The forgetting benchmark from coast to record on a tiny case, and its summary of known rows."""

import json
from pathlib import Path

import pytest

from benchmarks.forgetting import methods, run
from benchmarks.forgetting.__main__ import main
from benchmarks.forgetting.summary import chosen_strengths, summarise
from strandline.distillation.continual.replay import load_exemplars


def row(name: str, method: str, strength: float, gain: float, loss: float, coast: int = 0) -> dict[str, object]:
    return {
        "set": name, "coast": coast, "seed": 0, "method": method, "strength": strength,
        "local_before": 0.5, "local_after": 0.5 + gain, "others_before": 0.6, "others_after": 0.6 - loss,
    }  # fmt: skip


TUNING = [
    row("tuning", "free", 0.0, 0.10, 0.20),
    row("tuning", "ewc", 1.0, 0.098, 0.15),
    row("tuning", "ewc", 10.0, 0.091, 0.05),
    row("tuning", "ewc", 100.0, 0.05, 0.0),
    row("tuning", "replay", 1.0, 0.08, 0.0),
    row("tuning", "replay", 2.0, 0.07, 0.0),
]


def test_the_strength_that_forgets_least_is_chosen_among_those_that_keep_the_gain() -> None:
    assert chosen_strengths(TUNING) == {"ewc": 10.0, "replay": 1.0}


def test_a_summary_of_known_rows() -> None:
    test = [
        row("test", method, strength, gain * (1 + coast), loss * (1 + coast), coast)
        for coast in range(3)
        for method, strength, gain, loss in (
            ("free", 0.0, 0.10, 0.20), ("ewc", 10.0, 0.095, 0.02), ("ewc", 1.0, 0.1, 0.2), ("replay", 1.0, 0.08, 0.02),
        )
    ]  # fmt: skip
    found = summarise([*TUNING, *test])
    assert found["test free gain"] == pytest.approx(0.2)
    assert found["ewc strength"] == 10.0
    assert found["ewc share of free gain"] == pytest.approx(0.95)
    assert found["ewc share of free loss"] == pytest.approx(0.1)
    assert found["ewc holds"] is True
    assert found["replay holds"] is False


def test_the_whole_benchmark_runs_and_resumes(
    simulated_coasts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (
        "--coasts 2 --tuning-coasts 0 --events 8 --years 1 --size 32 --seeds 1 --label-fraction 0.5 --steps 1 "
        f"--cache {simulated_coasts} --work {tmp_path} --picture {tmp_path / 'frontier.png'} "
        f"--out {tmp_path / 'forgetting.json'}"
    ).split()
    strengths = {method: of[:1] for method, of in methods.STRENGTHS.items()}
    monkeypatch.setattr(methods, "STRENGTHS", strengths)
    shipped = load_exemplars()
    monkeypatch.setattr(methods, "load_exemplars", lambda: shipped[:2])
    main(command)
    first = json.loads((tmp_path / "forgetting.json").read_text())
    assert first["provenance"] == "simulated"
    assert {row["method"] for row in first["rows"]} == set(strengths)
    assert (tmp_path / "frontier.png").exists()
    monkeypatch.setattr(run, "fine_tune", None)  # every row is finished
    main(command)
    assert json.loads((tmp_path / "forgetting.json").read_text())["rows"] == first["rows"]
