"""The benchmark on real chips: splits that cannot leak, views that hide what they should, scores that count right."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks.floods import methods
from benchmarks.floods.__main__ import main
from benchmarks.floods.chips import LAYERS, Chips, Event, read_events
from benchmarks.floods.methods import Budget, DistillationConfig, EventTask, SourceNetworks, TeacherPredictions
from benchmarks.floods.run import Plan, ResultCache, count_row_lists, run_fold, split_folds
from benchmarks.floods.scoring import Reference, choose_threshold, score
from benchmarks.floods.summary import summarise
from benchmarks.floods.training import Source, predict
from benchmarks.floods.views import SETTINGS, draw_views, student_inputs, teacher_inputs
from benchmarks.record import Row
from strandline.errors import InputError
from tests.fixtures.chips import SIDE, draw_chips, write_zip


def test_a_zip_and_a_folder_hold_the_same_chips(tmp_path: Path) -> None:
    chips = draw_chips(1, 3, 0)
    write_zip(tmp_path / "chips.zip", [chips])
    with zipfile.ZipFile(tmp_path / "chips.zip") as archive:
        archive.extractall(tmp_path / "folder")
    (tmp_path / "blocks.json").write_text("[[1, 2, 2], [3, 9, 1]]")
    for path in (tmp_path / "chips.zip", tmp_path / "folder"):
        events = read_events(path, tmp_path / "blocks.json")
        assert [event.name for event in events] == ["1-2", "3-9"]
        for layer in LAYERS:
            np.testing.assert_array_equal(getattr(events[0].chips, layer), getattr(chips, layer)[:2])


@pytest.mark.parametrize(
    ("blocks", "leave_out", "message"),
    [
        ("[[1, 2, 2], [2, 3, 2]]", "", "overlaps another"),
        ("[[1, 2, 2], [7, 9, 3]]", "", "holds no chip"),
        ("[[1, 3, 3]]", "s2_after/0002.png", "has no s2_after/0002.png"),
    ],
)
def test_blocks_and_layers_that_do_not_fit_are_refused(
    tmp_path: Path, blocks: str, leave_out: str, message: str
) -> None:
    write_zip(tmp_path / "chips.zip", [draw_chips(1, 3, 0)], leave_out)
    (tmp_path / "blocks.json").write_text(blocks)
    with pytest.raises(InputError, match=message):
        read_events(tmp_path / "chips.zip", tmp_path / "blocks.json")


def test_water_that_was_there_before_is_permanent_and_the_flood_is_not() -> None:
    chips = draw_chips(1, 4, 0)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    inside = (rows + columns < 18) & (rows > 0) & (columns > 0)
    assert chips.permanent_water[:, inside].all()
    assert not chips.permanent_water[:, rows + columns > 22].any()


def test_what_the_cloud_hides_cannot_reach_the_student() -> None:
    chips = draw_chips(1, 4, 0)
    views = draw_views(chips, 0.3, np.random.default_rng(0))
    assert 1 - views.clear.mean() == pytest.approx(0.3, abs=0.01)
    hidden = ~views.clear.repeat(4, axis=1).repeat(4, axis=2)
    other = Chips(
        chips.ids, chips.s1_before, chips.s1_after, chips.s2_before,
        np.where(hidden[..., None], np.uint8(200), chips.s2_after), chips.mask,
    )  # fmt: skip
    for name in ("archive", "strict"):
        one = student_inputs(views, SETTINGS[name])["s2_after"]
        same = student_inputs(type(views)(other, views.clear, views.points, views.water), SETTINGS[name])["s2_after"]
        for a, b in zip(one, same, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
        assert not one[1].numpy()[hidden].any()


def test_the_student_sees_no_radar_in_archive_and_no_optical_image_in_radar_only() -> None:
    views = draw_views(draw_chips(1, 2, 0), 0.3, np.random.default_rng(0))
    assert set(student_inputs(views, SETTINGS["archive"])) == {"s2_before", "s2_after", "in_situ"}
    assert set(student_inputs(views, SETTINGS["strict"])) == {"s2_after", "in_situ"}
    assert set(student_inputs(views, SETTINGS["radar_only"])) == {"s1_before", "s1_after"}


def test_the_mask_reaches_the_student_at_its_eight_points_alone() -> None:
    chips = draw_chips(1, 4, 0)
    views = draw_views(chips, 0.3, np.random.default_rng(0))
    assert (views.points.sum(axis=(1, 2)) == 8).all()
    value, seen = student_inputs(views, SETTINGS["archive"])["in_situ"]
    np.testing.assert_array_equal(seen.numpy(), views.points)
    np.testing.assert_array_equal(value.numpy()[:, 0] > 0, chips.mask & views.points)
    assert not value.numpy()[:, 0][~views.points].any()


def test_a_perfect_map_scores_one_and_neither_points_nor_permanent_water_count() -> None:
    chips = draw_chips(1, 4, 0)
    views = draw_views(chips, 0.3, np.random.default_rng(0))
    perfect = chips.mask.astype(np.float32)
    assert score(views, perfect, 0.5)["iou"] == 1.0
    uncounted = np.where(views.points | views.water, 1 - perfect, perfect)
    assert score(views, uncounted, 0.5)["iou"] == 1.0
    assert score(views, uncounted, 0.5)["iou_raw"] < 1.0
    assert score(views, 1 - perfect, 0.5)["iou"] == 0.0


def test_the_threshold_is_the_one_that_parts_wet_from_dry() -> None:
    truth = np.arange(100) >= 60
    probability = np.linspace(0, 1, 100, dtype=np.float32)
    reference = Reference(probability[None, None], truth[None, None], np.ones((1, 1, 100), dtype=bool))
    assert choose_threshold([reference]) == pytest.approx(0.6)
    assert choose_threshold([]) == 0.5


def test_no_event_is_a_training_and_a_test_event_of_the_same_fold() -> None:
    events = [Event(str(i), draw_chips(100 * i, count, i)) for i, count in enumerate((25, 30, 26, 40, 10, 27))]
    folds = split_folds(events, None, 3)
    tested = [event.name for fold in folds for event in fold.target]
    assert sorted(tested) == ["0", "1", "2", "3", "5"]  # the small one is for training only
    for fold in folds:
        names = {event.name for event in fold.source}
        assert names.isdisjoint(event.name for event in fold.target)
        assert names | {event.name for event in fold.target} == {event.name for event in events}
    assert [fold.name for fold in split_folds(events[:3], events[3:], 3)] == ["all"]


TINY = Plan(
    settings=("archive",), fractions=(0.05, 0.5, 1.0), seeds=1, control_seeds=1, control_fraction=0.05, folds=3,
    budget=Budget(teacher_steps=40, student_steps=4, adaptation_steps=1, scratch_steps=1), config=DistillationConfig(),
)  # fmt: skip


@pytest.mark.slow
def test_the_benchmark_runs_end_to_end_and_resumes_where_it_stopped(tmp_path: Path) -> None:
    source = [Event(str(i), draw_chips(100 * i, 8, i)) for i in range(2)]
    fold = split_folds(source, [Event("target", draw_chips(900, 10, 9))], 3)[0]
    work = ResultCache(tmp_path, TINY, {})
    rows: list[Row] = [row for found in run_fold(fold, TINY, work, lambda _: None) for row in found]
    methods = {str(row["method"]) for row in rows}
    assert {
        "teacher",
        "teacher_adapted",
        "labels_only",
        "pretrained",
        "pretrained_finetuned",
        "self_training",
    } < methods
    assert {"distilled", "full_labels", "shuffled_teacher", "random_teacher", "all_wet", "otsu"} < methods
    assert {"distilled_without_task", "distilled_without_diagnosis"} < methods
    assert all(row["n_chips"] == 4 and 0 <= float(str(row["iou"])) <= 1 for row in rows)
    teacher = next(float(str(row["iou"])) for row in rows if row["method"] == "teacher")
    wet = next(float(str(row["iou"])) for row in rows if row["method"] == "all_wet")
    assert teacher > wet + 0.2  # forty steps are enough for a flood as plain as this one
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    assert rows == [row for found in run_fold(fold, TINY, work, lambda _: None) for row in found]
    assert written == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    summary = summarise(rows)
    assert float(str(summary["archive/0.05/retention"])) == pytest.approx(
        next(float(str(row["iou"])) for row in rows if row["method"] == "distilled" and row["label_fraction"] == 0.05)
        / teacher
    )
    json.dumps(summary)


@pytest.mark.slow
def test_the_command_runs_on_unseen_chips(tmp_path: Path) -> None:
    source, target = [draw_chips(100 * i, 6, i) for i in (1, 2)], draw_chips(900, 6, 9)
    write_zip(tmp_path / "source.zip", source)
    write_zip(tmp_path / "target.zip", [target])
    (tmp_path / "source.json").write_text("[[100, 199, 6], [200, 299, 6]]")
    (tmp_path / "target.json").write_text("[[900, 999, 6]]")
    files = {f"{whose}{kind}": f"{whose}{ending}" for whose in ("source", "target")
             for kind, ending in (("", ".zip"), ("-blocks", ".json"))}  # fmt: skip
    command = " ".join(f"--{name} {tmp_path / file}" for name, file in files.items())
    command += " --label-fractions 0.5 1 --seeds 1 --effort 0.001 --settings radar_only --processes 1"
    main([*command.split(), "--work", str(tmp_path / "work"), "--out", str(tmp_path / "found.json")])
    rows = json.loads((tmp_path / "found.json").read_text())["rows"]
    assert {row["event"] for row in rows} == {"900-999"}
    assert {"teacher", "distilled", "full_labels"} < {row["method"] for row in rows}
    assert "--target target.zip" in (tmp_path / "found.md").read_text()


def test_only_headline_settings_run_on_every_seed() -> None:
    fold = split_folds([Event("0", draw_chips(0, 8, 0))], [Event("target", draw_chips(900, 10, 9))], 3)[0]
    plan = Plan(**{**vars(TINY), "settings": tuple(SETTINGS), "seeds": 3})
    assert count_row_lists(fold, plan) == len(SETTINGS) + 2 * 2


def test_another_config_shares_networks_and_reads_no_old_row(tmp_path: Path) -> None:
    one = ResultCache(tmp_path, TINY, {})
    other = ResultCache(tmp_path, Plan(**{**vars(TINY), "config": DistillationConfig(soft=0.5)}), {})
    assert one.networks == other.networks
    assert one.scores != other.scores
    assert one.networks != ResultCache(tmp_path, TINY, {"source": "other"}).networks


def test_with_a_rejected_teacher_distillation_equals_fine_tuning() -> None:
    views = draw_views(draw_chips(1, 6, 0), 0.3, np.random.default_rng(0))
    setting, budget = SETTINGS["archive"], Budget(adaptation_steps=2)
    source = Source(views, student_inputs(views, setting), 3)
    networks = SourceNetworks(source, source, methods.new_teacher(0), methods.new_student(0), views[:3])
    task = EventTask(views, np.array([1]), setting, 0, budget)
    config = DistillationConfig(prior=0.0, adapted=False)
    teacher_predictions = TeacherPredictions(predict(networks.teacher, views, teacher_inputs), None)
    distilled, teacher_weight = methods.distilled(networks, task, teacher_predictions, config)
    fine_tuned = methods.fine_tuned(networks, task)
    assert teacher_weight.weight == 0.0
    assert distilled.threshold(setting) == fine_tuned.threshold(setting)
    for ours, theirs in zip(distilled.network.parameters(), fine_tuned.network.parameters(), strict=True):
        np.testing.assert_array_equal(ours.detach().numpy(), theirs.detach().numpy())


def test_chips_may_lie_under_clouds_of_different_size() -> None:
    views = draw_views(draw_chips(1, 4, 0), np.array([0.0, 0.3, 0.6, 1.0]), np.random.default_rng(0))
    np.testing.assert_allclose(1 - views.clear.mean(axis=(1, 2)), [0.0, 0.3, 0.6, 1.0], atol=0.01)
