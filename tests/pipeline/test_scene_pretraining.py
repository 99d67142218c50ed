"""The job that trains the networks of `strandline map`: what it writes is what it trained, and says what it is."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from strandline.distillation.pretraining.scenes import fit_trees, pretrain_scenes
from strandline.distillation.pretraining.scenes.finished import FinishedParts
from strandline.errors import InputError
from strandline.models.weights.load_scene_weights import load_committee, load_scene_student
from strandline.observations.flood_scenes.scene import FloodScene, LabelledScene
from strandline.pipeline import jobs

pytestmark = pytest.mark.slow

SIDE = 32


def lake(name: str, event: str, seed: int) -> LabelledScene:
    """A scene whose water is dark in both bands of radar and in infrared."""
    rng = np.random.default_rng(seed)
    wet = np.broadcast_to(np.arange(SIDE) > rng.integers(8, 24), (SIDE, SIDE))
    noise = rng.normal(0, 1, (2, SIDE, SIDE))
    before = (np.array([-9.0, -15.0])[:, None, None] + noise).astype(np.float32)
    after = np.where(wet, before - 10, before).astype(np.float32)
    dry, water = np.array([0.10, 0.35, 0.25]), np.array([0.12, 0.05, 0.03])
    images = [
        (np.where(there, water[:, None, None], dry[:, None, None]) + 0.01 * rng.normal(size=(3, SIDE, SIDE)))
        for there in (np.zeros_like(wet), wet)
    ]
    clear, flooded = (image.astype(np.float32) for image in images)
    scene = FloodScene(20.0, before, after, "dB", clear, flooded)
    return LabelledScene(name, event, scene, wet.astype(np.int8), "water")


@pytest.fixture(scope="module")
def scenes() -> list[LabelledScene]:
    return [lake(f"{event}-{i}", event, 10 * number + i) for number, event in enumerate("abcd") for i in range(2)]


@pytest.fixture(scope="module")
def trained(scenes: list[LabelledScene], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with networks of two steps."""
    out = tmp_path_factory.mktemp("scenes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrain_scenes, "TILE", SIDE)
        patch.setattr(fit_trees, "TREES", 3)
        patch.setattr(fit_trees, "BINS", 8)
        patch.setattr(jobs, "simulated_scenes", lambda seed: iter(scenes))
        jobs.pretrain_scenes(out, ["simulated"], None, 0, lambda _: None, effort=0.001)
    return out


def test_the_committee_that_is_written_is_the_one_that_maps(scenes: list[LabelledScene], trained: Path) -> None:
    committee = load_committee(trained)
    names = {member.name for member in committee.members}
    assert {"transformer_all", "transformer_radar", "trees_optical", "thresholds_radar", "student"} <= names
    assert set(committee.stackings) == {"radar+optical", "radar", "optical", "hidden"}
    mapped = load_committee(trained).map(scenes[0].scene)
    assert mapped.probability.shape == (SIDE, SIDE)
    assert np.isfinite(mapped.probability).all()
    assert load_scene_student(trained).feature_width > 0
    card = json.loads((trained / "scenes.json").read_text())
    assert card["command"] == "strandline pretrain --scenes simulated"
    assert card["data"] == {"simulated": "8 scenes"}
    assert not (trained / "unfinished").exists()


def test_changed_weights_are_refused(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "scenes.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="SHA-256"):
        load_committee(tmp_path)


def test_parts_of_another_job_are_not_resumed(tmp_path: Path) -> None:
    FinishedParts(tmp_path).claim("seed 0")
    FinishedParts(tmp_path).claim("seed 0")
    with pytest.raises(InputError, match="another job"):
        FinishedParts(tmp_path).claim("seed 1")


def test_scenes_too_small_for_a_chip_are_refused(
    scenes: list[LabelledScene], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "simulated_scenes", lambda seed: iter(scenes))
    with pytest.raises(InputError, match="give larger scenes"):
        jobs.pretrain_scenes(tmp_path, ["simulated"], None, 0, lambda _: None, effort=0.002)


def test_what_saw_simulated_scenes_alone_is_held_by_thresholds_of_the_real_image(trained: Path) -> None:
    committee = load_committee(trained)
    untrained = {key: stacking.untrained for key, stacking in committee.stackings.items()}
    assert untrained == {
        "radar+optical": "untrained_all", "radar": "untrained_radar", "optical": "untrained_optical", "hidden": "",
    }  # fmt: skip
