"""The compound benchmark runs from coasts to a record, and its finished rows are kept."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import table_of
from benchmarks.compound import __main__ as command
from benchmarks.compound import run
from benchmarks.compound.summary import summarise
from benchmarks.delta.coasts import simulate

TINY = ["--coasts", "1", "--seeds", "1", "--events", "9", "--years", "3", "--size", "32", "--members", "1"]


def test_the_benchmark_runs_and_keeps_finished_rows(
    simulated_coasts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "compound.json"
    command.main([*TINY, "--cache", str(simulated_coasts), "--out", str(out)])
    record = json.loads(out.read_text(encoding="utf-8"))
    methods = {row["method"] for row in record["rows"]}
    assert methods == {
        "teacher",
        "distilled",
        "distilled_blind",
        "self_archive",
        "pretrained",
        "analog",
        "analog_by_level",
    }
    assert {row["driver"] for row in record["rows"]} >= {"all", "rain"}
    unseen = {row["method"] for row in record["rows"] if row["regime"] == run.UNSEEN}
    assert unseen == methods - {"teacher"}
    assert record["summary"]["scenes, all: retention"] > 0.5
    assert (tmp_path / "compound.md").read_text(encoding="utf-8") == table_of(tmp_path / "compound.json")

    def refuse(*_: object) -> None:
        raise AssertionError("a finished coast was run again")

    monkeypatch.setattr(run, "rows_of", refuse)
    command.main([*TINY, "--cache", str(simulated_coasts), "--out", str(out)])


def test_every_storm_belongs_to_one_driver(simulated_coasts: Path) -> None:
    coast = simulate(run.TARGETS, 9, 3.0, 32, simulated_coasts, compound=True)
    parts = run.by_driver(coast, np.arange(9))
    assert parts["all"].all()
    assert (np.stack([parts[name] for name in ("rain", "river", "sea")]).sum(axis=0) == 1).all()


def test_a_summary_pairs_methods_by_coast_and_seed() -> None:
    rows = [
        {"coast": coast, "seed": seed, "regime": run.SEEN, "method": method, "driver": "all", "storms": 4,
         "iou": iou + 0.1 * coast}
        for coast in (0, 1)
        for seed in (0, 1)
        for method, iou in {"teacher": 0.8, "distilled": 0.6, "distilled_blind": 0.5, "self_archive": 0.4,
                            "pretrained": 0.3, "analog": 0.2, "analog_by_level": 0.2}.items()
    ]  # fmt: skip
    found = summarise(rows)
    assert found["scenes, all: retention"] == pytest.approx(0.65 / 0.85)
    assert found["scenes, all: distilled − distilled_blind"] == pytest.approx(0.1)
    assert found["scenes, all: distilled − distilled_blind low"] == pytest.approx(0.1)
    assert found["scenes, all: storms"] == 16
