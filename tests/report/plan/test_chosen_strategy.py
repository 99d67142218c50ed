"""The choice of a person stands once in the written plan and report, by name and time, and brings no markup."""

import math
import re
from dataclasses import replace

import pytest

import tests.fixtures.reports as coast
from strandline.observations.region_file.prices.money import EUR_2010
from strandline.planning.actions import ChosenStrategy
from strandline.report.page.page import render_page
from strandline.report.plan.chosen_strategy import HEADING, choice_sentences, state_in_plan, state_in_report
from strandline.report.plan.markdown import plan_to_markdown
from strandline.risk.expectation import Expectation

BEFORE, AFTER = (Expectation(mean, 0.0, 0.5 * mean, mean, 2 * mean, 100) for mean in (3e6, 1e6))
CHOSEN = ChosenStrategy(
    "Ring", "Ada Vento", "Bo Lund", "2026-03-01T12:30:00Z", "solver", 2e6, BEFORE, AFTER, BEFORE, ("marsh", "old town"),
    "strategies/ring.json", "0" * 64,
)  # fmt: skip


def test_a_choice_says_who_chose_what_and_when_what_it_does_and_who_loses() -> None:
    text = " ".join(choice_sentences(CHOSEN, EUR_2010))
    assert "Bo Lund chose the strategy “Ring” of Ada Vento on 1 March 2026, 12:30 UTC." in text
    assert "Expected damage a year, today: €3.0 million (€1.5 million to €6.0 million) without it, €1.0 million" in text
    assert "Zones that lose by it: marsh, old town." in text
    assert "this plan does not propose it" in text
    nothing = Expectation(math.nan, math.nan, math.nan, math.nan, math.nan, 0)
    unknown = replace(CHOSEN, damage_after=nothing, losing_zones=())
    said = " ".join(choice_sentences(unknown, EUR_2010))
    assert "unknown with it" in said
    assert "No zone that is known loses by it." in said


def test_the_written_plan_states_the_last_choice_alone_and_is_otherwise_as_it_was() -> None:
    plan = coast.results("real").plan
    without = plan_to_markdown(plan)
    assert "chose the strategy" not in without
    first = state_in_plan(without, replace(CHOSEN, name="Wall"), plan.money)
    second = state_in_plan(first, CHOSEN, plan.money)
    assert second == plan_to_markdown(replace(plan, chosen_strategy=CHOSEN))
    assert (second.count(HEADING), second.count("“Wall”")) == (1, 0)
    assert second.replace(second[second.index(HEADING) : second.index("## What to do, most")], "") == without


@pytest.mark.parametrize("name", ["<script>x</script>", "a](javascript:x)", "\x1b[2J", "x\\1 & y"])
def test_a_name_brings_no_markup_into_plan_or_report(name: str) -> None:
    chosen, plan = replace(CHOSEN, name=name), coast.results("real").plan
    text = state_in_plan(plan_to_markdown(plan), chosen, plan.money)
    page = state_in_report('<p id="chosen-strategy" hidden></p>', chosen, plan.money)
    assert "Ada Vento" in page
    assert not re.search(r"<|\]\(|\x1b", text)
    assert not re.search(r"<|\x1b", page[len('<p id="chosen-strategy">') : -len("</p>")])


@pytest.mark.usefixtures("without_pictures")
def test_a_report_is_the_same_whether_the_choice_was_known_or_put_in() -> None:
    results = coast.results("real")
    without = render_page(results)
    assert '<p id="chosen-strategy" hidden></p>' in without
    known = render_page(replace(results, plan=replace(results.plan, chosen_strategy=CHOSEN)))
    put_in = state_in_report(state_in_report(without, replace(CHOSEN, name="Wall"), EUR_2010), CHOSEN, EUR_2010)
    assert "Bo Lund chose the strategy “Ring”" in known
    assert put_in == known
