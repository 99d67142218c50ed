"""Tipping points against closed forms, consistent pathways, and map files for other programs."""

import re
from dataclasses import replace

import numpy as np
import pytest

from strandline.planning.exposure.land_damage import LandDamage
from strandline.planning.investment.pathways import LEAST_GAIN, Pathways, find_pathways
from strandline.planning.investment.scenarios import load_scenarios
from strandline.planning.investment.stage_damage_by_design import NOTHING, StageDamageByDesign, measure_sets
from strandline.planning.investment.tipping_points import TippingPoint, tipping_rises
from strandline.planning.quantity import Quantity
from strandline.report.figures.pathways_map import as_generator_files, draw_pathways
from strandline.report.figures.style import NARROW, WIDE
from strandline.report.plan.pathway_lines import format_tipping_point
from tests.fixtures.hazards import make_hazard
from tests.planning.investment.test_cost_benefit import ECONOMY, a_baseline, designs_of
from tests.planning.investment.test_design import built

pytestmark = pytest.mark.slow

HIGHER = (make_hazard(rise=0.5), make_hazard(rise=1.0))


@pytest.fixture(scope="module")
def pathways() -> Pathways:
    baseline = a_baseline(*HIGHER)
    designs = designs_of(baseline, price=0.2)
    found = find_pathways(designs, StageDamageByDesign.of(baseline, designs), load_scenarios(), ECONOMY)
    assert isinstance(found, Pathways)
    return found


def test_the_tipping_rise_is_where_a_line_crosses_the_objective() -> None:
    rises = np.linspace(0, 1, 11)
    annual = np.stack([100 + 50 * rises, 10 * rises, 300 + rises, 100 * (rises > 0.45)], axis=1)
    found = tipping_rises(rises, annual, np.array([120.0, 20.0, 100.0, 0.0]))
    assert found == pytest.approx([0.4, np.inf, 0.0, 0.4])


def test_the_present_situation_tips_at_once_and_every_step_moves_the_point(pathways: Pathways) -> None:
    by_order = {step.built: step for step in pathways.steps}
    assert by_order[()].tipping_point.rise[1] == 0.0
    assert len(pathways.steps) > 3
    for order, step in by_order.items():
        if order:
            before = by_order[order[:-1]]
            assert step.tipping_point.rise[1] >= before.tipping_point.rise[1] + LEAST_GAIN
            assert not before.tipping_point.is_beyond_maps
            assert step.cost.mean >= before.cost.mean
        assert step.tipping_point.rise[1] <= pathways.highest_rise
    assert set(pathways.ends) <= set(by_order)


def test_no_end_is_both_more_expensive_and_earlier_than_another(pathways: Pathways) -> None:
    by_order = {step.built: step for step in pathways.steps}
    ends = [by_order[end] for end in pathways.ends]
    assert [e.cost.mean for e in ends] == sorted(e.cost.mean for e in ends)
    assert [e.tipping_point.rise[1] for e in ends] == sorted(e.tipping_point.rise[1] for e in ends)


def test_a_faster_sea_tips_earlier_and_decisions_leave_the_lead_time(pathways: Pathways) -> None:
    for step in pathways.steps:
        years = [step.tipping_point.years[name][1] or 2101 for name in ("SSP1-2.6", "SSP2-4.5", "SSP5-8.5")]
        assert years == sorted(years, reverse=True)
        for name, decide in step.decide_by.items():
            before = next(each for each in pathways.steps if each.built == step.built[:-1])
            tip = before.tipping_point.years[name][1]
            assert (decide is None) == (tip is None)
            if decide is not None and decide > ECONOMY.start_year:
                assert decide < tip
    for post in pathways.signposts:
        assert post.decide_at <= post.tipping_at[1]


def test_every_pathway_begins_with_the_proposal() -> None:
    """Whatever is proposed: the plan once proposed five measures and its pathways began with a sixth."""
    baseline = a_baseline(*HIGHER)
    designs = designs_of(baseline, price=0.2)[:4]
    damage, kinds = StageDamageByDesign.of(baseline, designs), [each.measure.key for each in designs]
    for proposal in measure_sets(len(designs)):
        found = find_pathways(designs, damage, load_scenarios(), ECONOMY, proposal)
        assert isinstance(found, Pathways)
        proposed = tuple(kinds[i] for i in sorted(proposal))
        assert found.proposal == proposed
        for end in found.ends:
            first = found.pathway(end)[1]
            assert (first.added == proposed) or proposal == NOTHING
            assert all(len(step.added) == 1 for step in found.pathway(end)[2:])
        if proposal:
            (step,) = (each for each in found.steps if each.built == proposed)
            assert set(step.decide_by.values()) == {ECONOMY.start_year}
            assert draw_pathways(found).alt
            assert len(as_generator_files(found)[1].splitlines()) == len(found.steps) + 1


def test_a_tipping_point_is_a_range_of_rises_and_years() -> None:
    sea_levels = load_scenarios().sea_levels
    tips = np.linspace(0.1, 0.5, 101)

    def tipping(highest: float) -> TippingPoint:
        """Damage equals the rise, and each draw has its own objective."""
        rises = np.linspace(0.0, highest, 101)
        return TippingPoint.of(rises, np.repeat(rises[:, None], tips.size, axis=1), tips, sea_levels, 2025)

    point = tipping(1.0)
    assert point.rise == pytest.approx((0.14, 0.3, 0.46))
    for low, middle, high in point.years.values():
        assert low is None or middle is None or low < middle
        assert middle is None or high is None or middle < high
    assert point.first_year == point.years["SSP5-8.5 low confidence"][0]
    assert point.last_year == point.years["SSP1-1.9"][2]
    text = format_tipping_point(point)
    assert text.startswith("0.1 to 0.5 m of rise (20")
    assert text.endswith("to after 2100)")
    beyond = format_tipping_point(tipping(0.4))
    assert beyond.startswith("0.1 to 0.4 m or more of rise")


def test_a_stricter_objective_tips_earlier() -> None:
    damage = StageDamageByDesign.of(a_baseline(*HIGHER), [])
    scenarios = load_scenarios()

    def tip(share: float) -> float:
        objective = scenarios.objective.model_copy(update={"damage_share": share})
        found = find_pathways([], damage, replace(scenarios, objective=objective), ECONOMY)
        assert isinstance(found, Pathways)
        return found.steps[0].tipping_point.rise[1]

    tips = [tip(share) for share in (0.5, 1.0, 1.5, 2.0, 1e9)]
    assert tips[:2] == [0.0, 0.0]
    assert tips == sorted(tips)
    assert tips[2] < tips[3] < tips[4] == pytest.approx(1.0)


def test_rain_and_rivers_count_in_the_objective_and_in_what_is_left() -> None:
    """Damage of rain L stays as the sea rises: sea(rise) + L = share (sea + L) is sea(rise) = (share + (share - 1) L /
    sea) sea."""
    baseline = a_baseline(*HIGHER)
    damage, scenarios = StageDamageByDesign.of(baseline, []), load_scenarios()
    sea = float(damage.expected_annual_damage((NOTHING,), damage.levels[None])[NOTHING].mean())
    rain = 0.3 * sea
    of_asset = np.full((4, len(baseline.assets)), rain / len(baseline.assets))

    def tip(share: float, land: LandDamage | None = None) -> float:
        objective = scenarios.objective.model_copy(update={"damage_share": share})
        found = find_pathways([], damage, replace(scenarios, objective=objective), ECONOMY, land=land)
        assert isinstance(found, Pathways)
        return found.steps[0].tipping_point.rise[1]

    land = LandDamage(("sea", "rain"), of_asset, 1.0)
    assert tip(1.5, land) == pytest.approx(tip(1.5 + 0.5 * rain / sea), abs=1e-6)
    assert tip(1.5, land) > tip(1.5)
    assert tip(0.9, land) == 0.0


def test_a_measure_against_rain_makes_room_for_the_sea() -> None:
    baseline = a_baseline(*HIGHER)
    designs = [each for each in designs_of(baseline, price=0.2) if each.measure.key == "pumps"]
    damage = StageDamageByDesign.of(baseline, designs)
    of_asset = np.full((4, len(baseline.assets)), float(baseline.today.sum(axis=1).mean()) / len(baseline.assets))

    def tip(rain_share: float) -> float:
        land = LandDamage(("sea", "rain", "river"), of_asset, rain_share)
        found = find_pathways(designs, damage, load_scenarios(), ECONOMY, frozenset({0}), land)
        assert isinstance(found, Pathways)
        return next(each for each in found.steps if each.built == ("pumps",)).tipping_point.rise[1]

    assert tip(1.0) > tip(0.5) > tip(0.0)


def test_a_measure_that_hardly_moves_the_tipping_point_is_no_step() -> None:
    baseline = a_baseline(*HIGHER)
    slight, cheap = (Quantity(value, value, value, "", "assumption") for value in (0.002, 1e-3))
    weak = built("early_warning", baseline, unit_cost=cheap, effect={"avoided_share": slight})
    found = find_pathways([weak], StageDamageByDesign.of(baseline, [weak]), load_scenarios(), ECONOMY)
    assert isinstance(found, Pathways)
    assert [step.built for step in found.steps] == [()]
    assert found.ends == ()
    assert "current current 0" in as_generator_files(found)[1]
    assert draw_pathways(found).alt


def test_without_a_mapped_higher_sea_there_are_no_pathways() -> None:
    found = find_pathways([], StageDamageByDesign.of(a_baseline(), []), load_scenarios(), ECONOMY)
    assert found.startswith("There are no pathways: no sea-level rise is mapped")


def test_the_generator_can_read_the_files(pathways: Pathways) -> None:
    actions, sequences = as_generator_files(pathways)
    names = [re.fullmatch(r"(\w+)(\s+#[a-fA-F0-9]{8})", line).group(1) for line in actions.splitlines()]
    assert names[0] == "current"
    assert len(names) == len(set(names))
    tips: dict[str, int] = {}
    for line in (line for line in sequences.splitlines() if not line.startswith("# ")):
        found = re.fullmatch(r"(\w+(?:\[\d+\])?)\s+(\w+(?:\[\d+\])?)\s+(\d+)", line)
        start, end, tip = found.groups()
        assert {start.split("[")[0], end.split("[")[0]} <= set(names)
        assert end not in tips
        if tips:
            assert tips[start] < int(tip)
        else:
            assert start == end == "current"
        tips[end] = int(tip)
    assert len(tips) == len(pathways.steps)


def test_the_map_names_every_measure_and_describes_its_ends(pathways: Pathways) -> None:
    for width in (WIDE, NARROW):
        picture = draw_pathways(pathways, width)
        for kind in {kind for step in pathways.steps for kind in step.built}:
            assert pathways.titles[kind].split()[1] in picture.svg
        assert "SSP5-8.5" in picture.svg
        assert "sea-level rise" in picture.alt
