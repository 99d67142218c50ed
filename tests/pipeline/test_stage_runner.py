"""Stages draw from streams of their own, and a folder belongs to one run at a time."""

from pathlib import Path

import pytest

from strandline.errors import InputError
from strandline.pipeline.run_folder.checkpoints import Checkpoints
from strandline.pipeline.run_folder.lock import one_run_at_a_time
from strandline.pipeline.stage_runner import StageContext, StageRunner, random_stream


def draw(context: StageContext, count: int) -> list[float]:
    return [float(value) for value in context.rng.random(count)]


def run_stages(folder: Path, *names: str) -> dict[str, list[float]]:
    runner = StageRunner(Checkpoints(folder, "job", resume=False), 7, lambda _: None)
    return {name: runner(name, draw, 3) for name in names}


def test_a_stage_that_is_inserted_changes_no_other_stages_draws(tmp_path: Path) -> None:
    before = run_stages(tmp_path / "a", "observe", "calibrate", "plan")
    after = run_stages(tmp_path / "b", "observe", "map the river", "calibrate", "plan")
    assert {name: after[name] for name in before} == before
    assert len({tuple(values) for values in after.values()}) == 4, "every stage has a stream of its own"


def test_a_stream_depends_on_seed_and_name_alone() -> None:
    assert random_stream(1, "plan").random() == random_stream(1, "plan").random()
    assert random_stream(1, "plan").random() != random_stream(2, "plan").random()


def test_a_stored_stage_is_not_run_again(tmp_path: Path) -> None:
    first = run_stages(tmp_path, "plan")["plan"]
    runner = StageRunner(Checkpoints(tmp_path, "job", resume=True), 7, lambda _: None)

    def refuse(_: StageContext) -> list[float]:
        raise AssertionError("the stage ran twice")

    assert runner("plan", refuse) == first
    assert set(runner.seconds) == {"plan"}


def test_a_stage_gets_the_progress_of_its_announcement(tmp_path: Path) -> None:
    reported: list[tuple[str, float]] = []
    runner = StageRunner(
        Checkpoints(tmp_path, "job", resume=False), 7, lambda name: lambda done: reported.append((name, done))
    )

    def stage(context: StageContext) -> None:
        assert context.progress is not None
        context.progress(0.5)

    runner("distil", stage)
    assert reported == [("distil", 0.5)]


def test_two_runs_into_one_folder_are_refused(tmp_path: Path) -> None:
    with one_run_at_a_time(tmp_path):
        other = one_run_at_a_time(tmp_path)
        with pytest.raises(InputError, match="another run is writing into it"):
            other.__enter__()


def test_a_folder_is_free_after_a_failed_run(tmp_path: Path) -> None:
    def fail() -> None:
        with one_run_at_a_time(tmp_path):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with one_run_at_a_time(tmp_path):
        pass
