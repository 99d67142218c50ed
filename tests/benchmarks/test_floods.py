"""The benchmark on real chips: splits that cannot leak, views that hide what they should, scores that count right."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import table_of
from benchmarks.floods import methods, run
from benchmarks.floods.__main__ import main
from benchmarks.floods.baselines.unet import UNet
from benchmarks.floods.event_run import ABLATIONS
from benchmarks.floods.events import Event
from benchmarks.floods.methods import Budget, EventTask, SourceNetworks, TeacherWord
from benchmarks.floods.run import Folders, Plan, count_row_lists, run_fold, split_folds
from benchmarks.floods.scoring import Reference, choose_threshold, score
from benchmarks.floods.summary import summarise
from benchmarks.floods.views import SETTINGS, Views, draw_views
from benchmarks.record import Row
from strandline.distillation.adaptation.scene_student import SceneDistillation
from strandline.distillation.pretraining.scenes import fit_trees
from strandline.models.flood.scenes.networks import new_student, new_teacher
from strandline.models.flood.scenes.streams import SCENE_STREAMS
from tests.fixtures.chips import SIDE, SMALL, draw_chips, draw_event, write_zip


def drawn(count: int = 4, cloud: float = 0.3) -> Views:
    return draw_views(draw_event("a", count, 0).chips, cloud, np.random.default_rng(0))


def test_water_that_was_there_before_is_permanent_and_the_flood_is_not() -> None:
    views = drawn()
    rows, columns = np.mgrid[:SIDE, :SIDE]
    inside = (rows + columns < 18) & (rows > 0) & (columns > 0)
    assert not views.trained[:, inside].any()
    assert views.trained[:, rows + columns > 22].all()


def test_what_the_cloud_hides_cannot_reach_the_student() -> None:
    views = drawn()
    assert 1 - views.clear.mean() == pytest.approx(0.3, abs=0.01)
    hidden = ~views.clear.repeat(4, axis=1).repeat(4, axis=2)
    others = []
    for one, of_chip in zip(views.scenes, hidden, strict=True):
        image = one.scene.optical_after
        assert image is not None
        scene = replace(one.scene, optical_after=np.where(of_chip, np.float32(0.8), image))
        others.append(replace(one, scene=scene))
    for name in ("archive", "strict"):
        ours = views.student_samples(SETTINGS[name]).streams["optical_after"]
        theirs = Views(others, views.clear, views.points).student_samples(SETTINGS[name]).streams["optical_after"]
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
        assert not ours[1].numpy()[hidden].any()


def test_the_student_sees_no_radar_in_archive_and_no_optical_image_in_radar_only() -> None:
    views = drawn(2)
    kinds = {name: {one.split("_")[0] for one in views.student_samples(SETTINGS[name]).streams} for name in SETTINGS}
    assert kinds["archive"] == {"optical", "points"}
    assert set(views.student_samples(SETTINGS["strict"]).streams) == {"optical_after", "points"}
    assert kinds["radar_only"] == {"vv"}


def test_the_mask_reaches_the_student_at_its_eight_points_alone() -> None:
    views = drawn()
    assert (views.points.sum(axis=(1, 2)) == 8).all()
    value, seen = views.student_samples(SETTINGS["archive"]).streams["points"]
    np.testing.assert_array_equal(seen.numpy(), views.points)
    np.testing.assert_array_equal(value.numpy()[:, 0] > 0, views.truth & views.points)
    assert not value.numpy()[:, 0][~views.points].any()


def test_a_perfect_map_scores_one_and_neither_points_nor_permanent_water_count() -> None:
    views = drawn()
    perfect = views.truth.astype(np.float32)
    assert score(views, perfect, perfect > 0)["iou"] == 1.0
    uncounted = np.where(views.points | ~views.trained, 1 - perfect, perfect)
    assert score(views, uncounted, uncounted > 0)["iou"] == 1.0
    assert score(views, uncounted, uncounted > 0)["iou_raw"] < 1.0
    assert score(views, 1 - perfect, perfect == 0)["iou"] == 0.0


def test_the_threshold_is_the_one_that_parts_wet_from_dry() -> None:
    truth = np.arange(100) >= 60
    probability = np.linspace(0, 1, 100, dtype=np.float32)
    reference = Reference(probability[None, None], truth[None, None], np.ones((1, 1, 100), dtype=bool))
    assert choose_threshold([reference]) == pytest.approx(0.6)
    assert choose_threshold([]) == 0.5


def test_no_event_is_a_training_and_a_test_event_of_the_same_fold() -> None:
    one = draw_event("any", 1, 0).chips
    events = [Event(str(i), one * count) for i, count in enumerate((25, 30, 26, 40, 10, 27))]
    folds = split_folds(events, None, 3)
    tested = [event.name for fold in folds for event in fold.target]
    assert sorted(tested) == ["0", "1", "2", "3", "5"]  # the small one is for training only
    for fold in folds:
        names = {event.name for event in fold.source}
        assert names.isdisjoint(event.name for event in fold.target)
        assert names | {event.name for event in fold.target} == {event.name for event in events}
    assert [fold.name for fold in split_folds(events[:3], events[3:], 3)] == ["all"]


TINY = Plan(
    settings=("archive",), fractions=(0.05, 0.1, 1.0), seeds=1, control_seeds=1, control_fraction=0.05, folds=3,
    committee_steps=4, budget=Budget(student_steps=2, adaptation_steps=1, round_steps=1, rounds=1),
    config=SceneDistillation(),
)  # fmt: skip


@pytest.fixture
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_trees, "TREES", 20)
    monkeypatch.setattr(fit_trees, "BINS", 16)
    fewer = ("distilled_without_task", "distilled_without_soft_targets", "distilled_with_features")
    monkeypatch.setattr(run, "ABLATIONS", {name: ABLATIONS[name] for name in fewer})


@pytest.mark.usefixtures("few_trees")
def test_the_benchmark_runs_end_to_end_and_resumes_where_it_stopped(tmp_path: Path) -> None:
    source = [draw_event(str(i), 5, i, 100 * i, SMALL) for i in range(3)]
    fold = split_folds(source, [draw_event("target", 10, 9, 900, SMALL)], 3)[0]
    folders = Folders(tmp_path, TINY, {})
    rows: list[Row] = [row for found in run_fold(fold, TINY, folders, lambda _: None) for row in found]
    found = {str(row["method"]) for row in rows}
    assert {"committee", "committee_adapted", "member_trees_all", "distilled", "full_labels", "all_wet", "otsu"} < found
    assert {"labels_only", "pretrained", "pretrained_finetuned", "unet_finetuned", "boosted_trees"} < found
    assert {"self_training", "self_training_clear", "shuffled_teacher", "random_teacher"} < found
    assert {"distilled_without_task", "distilled_without_soft_targets", "distilled_with_features"} < found
    assert all(row["n_chips"] == 4 and 0 <= float(str(row["iou"])) <= 1 for row in rows)
    distilled = [row for row in rows if row["method"] == "distilled"]
    assert [row["label_fraction"] for row in distilled] == [1 / 6]  # both fractions are one chip, and no row is a copy
    scores = {str(row["method"]): float(str(row["iou"])) for row in rows}
    assert scores["member_trees_all"] > scores["all_wet"] + 0.2  # a flood as plain as this one
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    assert rows == [row for each in run_fold(fold, TINY, folders, lambda _: None) for row in each]
    assert written == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    summary = summarise(rows, TINY.fractions)
    assert summary["archive/0.05/retention"] == pytest.approx(scores["distilled"] / scores["committee_adapted"])
    json.dumps(summary)


@pytest.mark.usefixtures("few_trees")
def test_the_command_runs_on_unseen_chips(tmp_path: Path) -> None:
    write_zip(tmp_path / "source.zip", [(100 * i, draw_chips(100 * i, 4, i, SMALL)) for i in (1, 2)])
    write_zip(tmp_path / "target.zip", [(900, draw_chips(900, 5, 9, SMALL))])
    (tmp_path / "source.json").write_text("[[100, 199, 4], [200, 299, 4]]")
    (tmp_path / "target.json").write_text("[[900, 999, 5]]")
    files = {f"{whose}{kind}": f"{whose}{ending}" for whose in ("source", "target")
             for kind, ending in (("", ".zip"), ("-blocks", ".json"))}  # fmt: skip
    command = " ".join(f"--{name} {tmp_path / file}" for name, file in files.items())
    command += " --label-fractions 0.5 1 --seeds 1 --control-seeds 0 --effort 0.001 --settings radar_only --processes 1"
    main([*command.split(), "--work", str(tmp_path / "work"), "--out", str(tmp_path / "found.json")])
    rows = json.loads((tmp_path / "found.json").read_text())["rows"]
    assert {row["event"] for row in rows} == {"900-999"}
    assert {"committee", "distilled", "unet_finetuned"} < {row["method"] for row in rows}
    assert (tmp_path / "found.md").read_text(encoding="utf-8") == table_of(tmp_path / "found.json")


def test_only_headline_settings_run_on_every_seed() -> None:
    fold = split_folds([draw_event("0", 2, 0)], [draw_event("target", 2, 9, 900)], 3)[0]
    plan = Plan(**{**vars(TINY), "settings": tuple(SETTINGS), "seeds": 3})
    assert count_row_lists(fold, plan) == len(SETTINGS) + 2 * 2


def test_another_config_shares_networks_and_reads_no_old_row(tmp_path: Path) -> None:
    one = Folders(tmp_path, TINY, {})
    other = Folders(tmp_path, Plan(**{**vars(TINY), "config": SceneDistillation(soft=0.5)}), {})
    assert (one.committees, one.students) == (other.committees, other.students)
    assert one.rows != other.rows
    assert one.committees != Folders(tmp_path, TINY, {"source": "other"}).committees


def test_a_rejected_teacher_has_no_part_in_distillation() -> None:
    views, setting = drawn(6), SETTINGS["archive"]
    samples = views.student_samples(setting)
    networks = SourceNetworks(new_student(0), UNet(SCENE_STREAMS).eval(), samples, views[np.arange(3)])
    task = EventTask(views, np.array([1]), setting, 0, Budget(adaptation_steps=2))
    found = []
    for wrong in (0.0, 1.0):
        said = np.full(views.points.shape, wrong, dtype=np.float32)
        word = TeacherWord(said, 0.5, new_teacher(list(SCENE_STREAMS), 0))
        trained, weight = methods.distilled(networks, task, word, SceneDistillation(prior=0.0))
        assert weight.weight == 0.0
        found.append([weights.detach().numpy() for weights in trained.network.parameters()])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_chips_may_lie_under_clouds_of_different_size() -> None:
    views = draw_views(draw_event("a", 4, 0).chips, [0.0, 0.3, 0.6, 1.0], np.random.default_rng(0))
    np.testing.assert_allclose(1 - views.clear.mean(axis=(1, 2)), [0.0, 0.3, 0.6, 1.0], atol=0.01)
