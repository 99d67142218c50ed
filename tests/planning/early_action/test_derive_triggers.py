"""Triggers of measures that cost money, derived from a damage curve that is a straight line."""

from dataclasses import replace

import numpy as np
import pytest

from strandline.errors import InputError
from strandline.planning.early_action.derive_triggers import (
    TriggeredAction,
    TriggerInputs,
    derive_triggers,
    join_protocol,
    money_phase,
)
from strandline.planning.early_action.neighbour_rule import NeighbourRule
from strandline.planning.measures import OperationalMeasure
from strandline.planning.quantity import Quantity
from strandline.risk.stage_damage.by_asset_class import StageDamageByClass
from tests.fixtures.hazards import RETURN_PERIODS, make_hazard

LEVELS = np.array([0.8, 1.6, 2.8])
SLOPE, SHARE = 100_000.0, 0.5
"""Damage [money] a metre above the lowest mapped level, and what acting avoids of it."""


def quantity(value: float, low: float | None = None, high: float | None = None) -> Quantity:
    return Quantity(value, value if low is None else low, value if high is None else high, "EUR", "made up")


def gates(cost: float, key: str = "gates", **more: object) -> OperationalMeasure:
    return replace(
        OperationalMeasure(
            key, "Close gates", ("residential",), (3.0, 24.0), "Execute", False, quantity(cost), quantity(SHARE)
        ),
        **more,
    )


def inputs(**more: object) -> TriggerInputs:
    homes = np.array([[0.9], [1.1]]) * SLOPE * (LEVELS - LEVELS[0])  # (N, P), SLOPE on average
    damage = StageDamageByClass(LEVELS, {"residential": homes, "industrial": 7 * homes})
    return replace(TriggerInputs(make_hazard(2), damage), **more)


def derived(*measures: OperationalMeasure, **more: object) -> tuple[list[TriggeredAction], list[str]]:
    return derive_triggers(inputs(**more), measures, np.random.default_rng(0))


def pays_from(cost: float, chance: float) -> float:
    """Lowest level [m] at which chance · avoidable loss exceeds the cost."""
    return LEVELS[0] + cost / (chance * SHARE * SLOPE)


def test_the_curve_and_the_levels_at_which_acting_pays_are_those_of_the_damage() -> None:
    cost, step = 10_000.0, (LEVELS[-1] - LEVELS[0]) / 200
    ((action,), left_out) = derived(gates(cost))
    assert left_out == []
    assert action.avoidable is not None
    levels, losses = action.avoidable
    np.testing.assert_allclose(losses, SHARE * SLOPE * (levels - LEVELS[0]), rtol=1e-9, atol=1e-6)
    assert (levels[0], levels[-1]) == (LEVELS[0], LEVELS[-1])
    (phase,) = action.phases
    assert phase.event is not None
    assert pays_from(cost, 1.0) <= phase.event.value <= pays_from(cost, 1.0) + step + 0.001
    cases = [case.removesuffix(".").split(" % for ") for case in phase.why.split("at a chance of ")[1].split(" or ")]
    assert [chance for chance, _ in cases] == ["80", "50", "20"]
    for chance, level in cases:
        lowest = pays_from(cost, float(chance) / 100)
        assert lowest - 0.005 <= float(level.removesuffix(" m")) <= lowest + step + 0.005
    assert action.avoided_loss is not None
    assert action.avoided_loss.mean == pytest.approx(cost / 0.8, abs=1.01 * SHARE * SLOPE * step), (
        "what decides at 80 %"
    )


def test_what_pays_at_every_mapped_level_may_pay_lower_still() -> None:
    ((action,), _) = derived(gates(0.01))
    assert "no lower level is mapped" not in action.phases[0].why, "nothing is damaged at the lowest"
    flat = StageDamageByClass(LEVELS, {"residential": np.full((2, 3), SLOPE)})
    ((action,), _) = derived(gates(10.0), damage=flat)
    assert action.phases[0].why.endswith("% for 0.80 m or lower (no lower level is mapped).")
    assert action.phases[0].event is not None
    assert action.phases[0].event.value == LEVELS[0]


def test_what_never_pays_is_left_out_with_its_cost_and_the_most_that_it_avoids() -> None:
    most = SHARE * SLOPE * (LEVELS[-1] - LEVELS[0])  # 100 000
    (triggered, (sentence,)) = derived(gates(0.81 * most))
    assert triggered == []
    assert "costs €81,000 an event and on average avoids €100,000 at most with a chance of 0.8" in sentence
    assert f"no trigger up to {RETURN_PERIODS[-1]:g}-year levels" in sentence
    assert len(derived(gates(0.79 * most))[0]) == 1


def test_only_the_classes_that_a_measure_protects_count() -> None:
    ((homes,), _) = derived(gates(1e4))
    ((works,), _) = derived(gates(1e4, classes=("industrial",)))
    assert homes.avoidable is not None
    assert works.avoidable is not None
    np.testing.assert_allclose(works.avoidable[1], 7 * homes.avoidable[1])


def test_a_measure_is_left_out_for_what_is_missing_and_refused_for_what_its_catalogue_lacks() -> None:
    assert derived(gates(1e4), damage=None)[1] == [
        "Close gates: not offered, because no asset has a known damage to compare its cost with."
    ]
    (triggered, (sentence,)) = derived(gates(1e4, needs=("river_discharge", "rain")))
    assert triggered == []
    assert "It rests on river discharge and rain, and no forecast of that is at hand here." in sentence
    assert len(derived(gates(1e4, needs=("rain",)), forecasts=("rain",))[0]) == 1
    for lacking in ("cost", "avoided_share"):
        with pytest.raises(InputError, match="states no cost or no avoided_share"):
            derived(replace(gates(1e4), **{lacking: None}))


def test_measures_are_taken_in_their_order_and_joined_to_one_protocol() -> None:
    triggered, left_out = derived(gates(1e4, "first"), gates(1e9, "never"), gates(2e4, "second"))
    assert [each.measure.key for each in triggered] == ["first", "second"]
    assert len(left_out) == 1
    protocol = join_protocol("Here", triggered)
    assert protocol is not None
    assert [phase.name for phase in protocol.phases] == ["first", "second"]
    assert set(protocol.indicators) == {
        f"{what}_{key}" for what in ("pays", "near", "left") for key in ("first", "second")
    }
    assert join_protocol("Here", []) is None


# --- the phase of a measure for money --------------------------------------------------------------------------------


CURVE = (np.array([1.0, 2.0]), np.array([0.0, 40_000.0]))


@pytest.mark.parametrize(
    ("window", "pays", "near", "left"),
    [
        ((3.0, 24.0), (3.0, 24.0), 6.0, 19.0),  # 3 h more, and then a tide of 13 h
        ((3.0, 5.0), (3.0, 5.0), 5.0, 19.0),  # never beyond its latest
        ((40.0, 72.0), (40.0, 48.0), 43.0, 48.0),  # nor beyond the forecast
    ],
)
def test_lead_windows_are_those_of_the_measure_within_the_forecast(
    window: tuple[float, float], pays: tuple[float, float], near: float, left: float
) -> None:
    phase, found = money_phase(gates(1e4, lead_window_hours=window), 1.4, CURVE)
    assert found["pays_gates"].lead_window_hours == pays
    assert found["near_gates"].lead_window_hours == (0.0, near)
    assert found["left_gates"].lead_window_hours == (0.0, left)
    assert phase.needed_hours == (window[0], window[0])
    assert phase.start == "pays_gates and near_gates"
    assert (phase.stop.when, phase.stop.for_hours) == ("not left_gates", 13)


def test_an_action_starts_above_its_cost_and_is_kept_up_above_half_of_it() -> None:
    _, found = money_phase(gates(8_000.0), 1.2, CURVE)
    pays, left = found["pays_gates"].loss, found["left_gates"].loss
    assert pays is not None
    assert left is not None
    assert (pays.cost, left.cost) == (8_000.0, 4_000.0)
    assert (pays.levels, pays.avoidable) == (left.levels, left.avoidable) == ((1.0, 2.0), (0.0, 40_000.0))


@pytest.mark.parametrize(("cost", "chance"), [(1_000.0, 0.05), (2_000.0, 0.1), (4_000.0, 0.2), (8_000.0, 0.2)])
def test_it_waits_only_while_the_event_is_less_likely_than_twice_cost_over_loss_or_a_fifth(
    cost: float, chance: float
) -> None:
    assert money_phase(gates(cost), 1.2, CURVE)[1]["near_gates"].probability == chance
    nothing = money_phase(gates(cost), 1.2, (CURVE[0], np.zeros(2)))[1]["near_gates"]
    assert nothing.probability == 0.2


def test_a_long_curve_is_written_at_few_rounded_levels_with_its_ends() -> None:
    levels = np.linspace(0.0, 4.0, 201)
    _, found = money_phase(gates(1e3), 1.2, (levels, 12_345.678 * levels))
    loss = found["pays_gates"].loss
    assert loss is not None
    assert len(loss.levels) == 41
    assert (loss.levels[0], loss.levels[-1]) == (0.0, 4.0)
    np.testing.assert_allclose(np.diff(loss.levels), 0.1, atol=1e-9)
    np.testing.assert_allclose(loss.avoidable, 12_345.678 * np.array(loss.levels), atol=0.5)
    assert all(value == round(value) for value in loss.avoidable)


def record(storms: int, ahead: int, read: int = 99) -> NeighbourRule:
    """A year in which the neighbour reads 2 m so many hours before each time that the own gauge reads 1.5 m.

    Args:
        read: the last so many storms are those in which anybody read the neighbour.
    """
    time = np.datetime64("2020-01-01", "ns") + np.arange(8766).astype("timedelta64[h]")
    own, neighbour = np.zeros(time.size), np.zeros(time.size)
    for storm in range(storms):
        own[300 * (storm + 1)], neighbour[300 * (storm + 1) - ahead] = 1.5, 2.0
    neighbour[: 300 * (storms - read) + 30] = np.nan
    return NeighbourRule(time, own, neighbour)


def test_a_neighbour_decides_where_its_readings_precede_the_water_by_what_acting_takes() -> None:
    rule = record(storms=6, ahead=5)
    phase, found = money_phase(gates(1e3), 1.2, CURVE, rule)
    assert phase.degraded.fallback == "neighbour_gates"
    assert found["neighbour_gates"].value == 2.0
    assert found["neighbour_gates"].lead_window_hours == (0.0, 0.0)
    for none, why in (
        (None, "nobody has looked"),
        (record(storms=6, ahead=5, read=4), "was read before 4 past floods"),
    ):
        phase, found = money_phase(gates(1e3), 1.2, CURVE, none, without_neighbour="nobody has looked")
        assert phase.degraded.fallback is None
        assert why in phase.degraded.no_fallback
        assert "neighbour_gates" not in found


def test_a_measure_without_a_cost_has_no_phase_for_money() -> None:
    with pytest.raises(InputError, match="states no cost"):
        money_phase(replace(gates(1e3), cost=None), 1.2, CURVE)
