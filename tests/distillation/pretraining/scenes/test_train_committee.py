"""The committee's training: halves of floods, and what joins which members."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.distillation.pretraining.scenes.finished import FinishedParts
from strandline.distillation.pretraining.scenes.train_committee import (
    CommitteeConfig,
    CommitteeTraining,
    fit_stackings,
    split_events,
)
from strandline.models.flood.scenes.committee import Committee
from strandline.models.flood.scenes.members import NetworkMember
from strandline.models.flood.scenes.networks import new_teacher
from strandline.models.flood.scenes.streams import RADAR_STREAMS
from strandline.observations.arrays import Mask, Reals
from strandline.observations.flood_scenes.scene import FloodScene, LabelledScene

pytestmark = pytest.mark.slow


def said(seed: int, names: str, unknown: str = "") -> tuple[dict[str, Reals], Mask]:
    """What members say about a flood; those in ``unknown`` do not answer."""
    rng = np.random.default_rng(seed)
    wet = rng.random(200) < 0.4
    answers = {name: np.where(wet, 0.8, 0.2) + 0.1 * rng.random(200) for name in names.split()}
    return {name: np.full(200, np.nan) if name in unknown.split() else map_ for name, map_ in answers.items()}, wet


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1, max_size=4), st.integers(1, 200), min_size=2, max_size=12))
def test_every_event_is_in_one_half_and_large_ones_are_in_both(sizes: dict[str, int]) -> None:
    one, other = split_events(sizes)
    assert sorted(one + other) == sorted(sizes)
    assert abs(len(one) - len(other)) <= 1
    first, second = sorted(sizes, key=lambda name: (-sizes[name], name))[:2]
    assert (first in one) != (second in one)


ALL = "transformer_all trees_all transformer_radar thresholds_radar trees_optical"


def test_members_are_joined_by_the_sensors_that_they_answer_to() -> None:
    floods = [said(0, ALL), said(1, ALL, "transformer_all trees_all trees_optical"), said(2, ALL)]
    found = fit_stackings([each for each, _ in floods], [wet for _, wet in floods])
    assert {name: set(stacking.members) for name, stacking in found.items()} == {
        "radar+optical": set(ALL.split()),
        "radar": {"transformer_radar", "thresholds_radar"},
        "optical": {"trees_optical"},
    }


def test_a_flood_that_some_members_never_learned_to_map_joins_the_others_alone() -> None:
    """One half of the floods may have no optical image: members trained on it are fewer."""
    few = "transformer_all trees_all transformer_radar thresholds_radar"
    for order in (1, -1):
        floods = [said(0, few), said(1, ALL)][::order]
        found = fit_stackings([each for each, _ in floods], [wet for _, wet in floods])
        assert set(found) == {"radar+optical", "radar", "optical"}
        assert "trees_optical" in found["radar+optical"].members


def test_a_committee_that_continues_starts_from_the_weights_of_another() -> None:
    """A learning rate of almost nothing leaves them where they were."""
    scenes = [lake(event, seed) for seed, event in enumerate("abc")]
    config = CommitteeConfig(steps=1, width=16, depth=1, skip=8, batch=2, learning_rate=1e-9)
    network = new_teacher(RADAR_STREAMS, 5, width=16, depth=1, skip=8)
    start = Committee((NetworkMember("transformer_radar", network, RADAR_STREAMS),), {})
    for first, same in ((start, True), (None, False)):
        training = CommitteeTraining(config, 0, FinishedParts(None), lambda _: lambda _: None, first)
        (found,) = [m for m in training.train_members(scenes, 1, "") if m.name == "transformer_radar"]
        assert isinstance(found, NetworkMember)
        ours, theirs = (each.state_dict()["cls"].numpy() for each in (found.network, network))
        assert np.allclose(ours, theirs, atol=1e-6) == same


def lake(event: str, seed: int) -> LabelledScene:
    """A scene of radar alone, dark where it is wet."""
    rng = np.random.default_rng(seed)
    wet = np.broadcast_to(np.arange(32) > rng.integers(8, 24), (32, 32))
    before = (np.array([-9.0, -15.0])[:, None, None] + rng.normal(0, 1, (2, 32, 32))).astype(np.float32)
    after = np.where(wet, before - 10, before).astype(np.float32)
    return LabelledScene(event, event, FloodScene(20.0, before, after, "dB"), wet.astype(np.int8), "water")
