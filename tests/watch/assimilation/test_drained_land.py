"""Flood scenes show that an evacuated area has drained, if they show all of it, after the water."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from strandline.planning.early_action.evacuation.area_water import AreaWater
from strandline.planning.early_action.trigger_constants import FLOODED_SHARE, SCENE_HOURS, STOP_HOURS
from strandline.report.plan.phase_text import describe_stop
from strandline.watch.assimilation.drained_land import drained_land
from strandline.watch.decision_rules import decide
from strandline.watch.readings import Reading
from tests.watch.test_decision_rules import (
    CLEARANCE,
    EVACUATE,
    ensemble_of,
    evacuation,
    levels_of_peaks,
    make_config,
    next_hour,
    protocol_of,
    state_with_readings,
)

ZONES = {EVACUATE: ("polder", "harbour"), "go_up": ("polder", "harbour")}


def scene(time: datetime, **shares: float) -> list[Reading]:
    return [Reading("radar", FLOODED_SHARE, time, time, share, zone) for zone, share in shares.items()]


def test_a_scene_counts_where_it_shows_every_zone_and_by_the_wettest_of_them() -> None:
    noon = datetime(2024, 1, 1, 12)
    scenes = [
        *scene(noon + timedelta(hours=6), polder=0.02, harbour=0.3),
        *scene(noon, polder=0.0, harbour=0.01),
        *scene(noon + timedelta(hours=8), polder=0.0),
    ]
    history = drained_land(scenes, protocol_of(evacuation()), ZONES)
    np.testing.assert_array_equal(history[FLOODED_SHARE].values.ravel(), [0.01, 0.3])
    assert drained_land(scenes, protocol_of(evacuation()), {}) == {}
    assert drained_land([], protocol_of(evacuation()), ZONES) == {}


@pytest.mark.parametrize(
    ("seen_before_the_end", "share", "expected"),
    [(1, 0.0, "stop"), (1, 0.2, "keep"), (SCENE_HOURS + 4, 0.0, "keep"), (None, 0.0, "keep")],
)
def test_an_evacuation_ends_once_a_scene_after_the_water_shows_dry_land(
    seen_before_the_end: int | None, share: float, expected: str
) -> None:
    """A wet scene, none, or one of before the water leaves the all-clear to a person."""
    storm, flood, calm = levels_of_peaks((CLEARANCE, 2.5)), levels_of_peaks((0, 2.5)), levels_of_peaks((5, 0.0))
    config = make_config(evacuation())
    assert config.protocol is not None
    state = state_with_readings(config)
    state, _ = decide(config, state, ensemble_of(state, storm))
    state, _ = decide(config, next_hour(state), ensemble_of(next_hour(state), flood))
    end = state.belief.hour + np.timedelta64(STOP_HOURS + 1, "h")
    scenes: list[Reading] = []
    if seen_before_the_end is not None:
        time = (end - np.timedelta64(seen_before_the_end, "h")).astype("datetime64[s]").item()
        scenes = scene(time, polder=share, harbour=share)
    history = drained_land(scenes, config.protocol, ZONES)
    while state.belief.hour < end:
        state, decisions = decide(config, next_hour(state), ensemble_of(next_hour(state), calm), history)
    evacuate = next(one for one in decisions if one.action == EVACUATE)
    assert evacuate.change == expected
    assert evacuate.needs_person == (expected == "keep")


def test_a_dry_scene_before_the_simulated_end_is_shown_to_a_person_and_ends_nothing_by_itself() -> None:
    storm, flood, calm = levels_of_peaks((CLEARANCE, 2.5)), levels_of_peaks((0, 2.5)), levels_of_peaks((5, 0.0))
    config = make_config(evacuation(), water=AreaWater(0, 3, 30, has_no_end=False))
    assert config.protocol is not None
    state = state_with_readings(config)
    state, _ = decide(config, state, ensemble_of(state, storm))
    state, _ = decide(config, next_hour(state), ensemble_of(next_hour(state), flood))
    changes = {}
    for hour in range(1, 32):
        state = next_hour(state)
        time = (state.belief.hour - np.timedelta64(1, "h")).astype("datetime64[s]").item()
        history = drained_land(scene(time, polder=0.0, harbour=0.0), config.protocol, ZONES)
        state, decisions = decide(config, state, ensemble_of(state, calm), history)
        evacuate = next(one for one in decisions if one.action == EVACUATE)
        changes[hour] = (evacuate.change, evacuate.needs_person)
    assert changes[STOP_HOURS] == ("keep", False)
    assert all(changes[hour] == ("keep", True) for hour in range(STOP_HOURS + 1, 30))
    assert changes[30] == ("stop", False)


def test_a_dry_scene_proves_nothing_while_the_sea_may_still_stand_at_the_level() -> None:
    """A chance of 7 % now keeps the land wet, though it is too small to keep the evacuation up."""
    storm = levels_of_peaks((CLEARANCE, 2.5))
    maybe = levels_of_peaks(*[(0, 2.5)] * 7, *[(5, 0.0)] * 93)
    config = make_config(evacuation())
    assert config.protocol is not None
    state = state_with_readings(config)
    state, _ = decide(config, state, ensemble_of(state, storm))
    for _ in range(STOP_HOURS + 4):
        state = next_hour(state)
        seen = (state.belief.hour - np.timedelta64(6, "h")).astype("datetime64[s]").item()
        history = drained_land(scene(seen, polder=0.0, harbour=0.0), config.protocol, ZONES)
        state, decisions = decide(config, state, ensemble_of(state, maybe), history)
        assert next(one for one in decisions if one.action == EVACUATE).change == "keep"


def test_the_plan_says_in_plain_words_what_ends_an_evacuation() -> None:
    protocol = protocol_of(evacuation())
    text = describe_stop(protocol.phases[0], protocol)
    assert "a flood scene of the last 12 hours shows all of the area, and at most 5 % of every zone under water" in text
    assert "or when a person has seen that the land is dry" in text
    assert "flooded share" not in text


@pytest.mark.parametrize(
    ("drainage_hours", "says"), [(None, "proposes no all-clear"), (12.0, "contradicts"), (48.0, "")]
)
def test_the_plan_says_how_simulated_water_bears_on_the_all_clear(drainage_hours: float | None, says: str) -> None:
    protocol = protocol_of(evacuation(), drainage_hours=drainage_hours, water=AreaWater(0, 3, 30, has_no_end=False))
    text = describe_stop(protocol.phases[0], protocol)
    assert ("up to 30 hours" in text) == bool(says)
    assert says in text
