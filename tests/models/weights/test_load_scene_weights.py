"""The committee of the package: small enough, complete, and no other than its card says."""

import json

import numpy as np

from strandline.models.flood.scenes.committee import HIDDEN
from strandline.models.weights.load_scene_weights import CARD, load_committee
from strandline.models.weights.load_weights import SHIPPED
from strandline.observations.flood_scenes.scene import FloodScene
from tests.fixtures.lakes import optical_of

LARGEST = 16e6


def test_the_weights_of_the_package_take_16_mb_at_most() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.glob("*.safetensors")) <= LARGEST


def test_the_committee_of_the_package_saw_simulated_floods_alone_and_answers_for_every_sensor() -> None:
    card = json.loads((SHIPPED / CARD).read_text(encoding="utf-8"))
    assert card["command"] == "strandline pretrain --scenes simulated"
    assert all(event.startswith("simulated ") for event in card["events"])
    committee = load_committee()
    names = {member.name for member in committee.members}
    assert set(committee.stackings) == {"radar+optical", "radar", "optical", HIDDEN}
    assert all(set(stacking.asked) <= names for stacking in committee.stackings.values())


def test_water_under_a_cloud_is_inferred_from_around_and_far_from_any_sight_it_is_not() -> None:
    wet = np.zeros((64, 192), bool)
    wet[:, :32] = True
    optical = optical_of(wet)
    optical[:, 16:28, 10:22] = np.nan  # in the water
    optical[:, :, 100:] = np.nan
    found = load_committee().map(FloodScene(20.0, optical_before=optical_of(np.zeros_like(wet)), optical_after=optical))
    assert found.inferred is not None
    assert (found.probability[18:26, 12:20] > 0.5).mean() > 0.9
    assert found.inferred[16:28, 10:22].all()
    assert not found.shown[16:28, 10:22].any()
    assert (found.probability[:, 100:130] < 0.5).mean() > 0.9
    assert np.isnan(found.probability[:, 140:]).all()
