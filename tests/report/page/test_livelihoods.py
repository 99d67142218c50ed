"""Lives and fields on the page: what a mayor reads, and that nothing is told where nothing is known."""

from dataclasses import replace

import pytest

import tests.fixtures.reports as coast
from strandline.planning.early_action.evacuation.lives import lives_sentences, what_lives_rest_on
from strandline.report.page.page import render_page
from strandline.report.plan.markdown import plan_to_markdown
from strandline.report.products import summarise
from strandline.risk.impact.fields import FieldLosses, SaltedFields
from strandline.risk.impact.lives.loss_of_life import METHOD, LossOfLife
from strandline.risk.impact.lives.per_year import PeoplePerYear
from strandline.risk.impact.population import DistrictPopulation, PopulationImpact
from strandline.risk.people import People

LOSS = LossOfLife(
    in_danger=People(10, 500, 900),
    by_night=People(4, 40, 320),
    on_average=People(7, 41, 170),
    by_day=People(0, 40, 320),
    warned=People(0, 12, 280),
    by_district=(("harbour", People(4, 40, 310)), (None, People(0, 0, 9))),
    per_year=(
        PeoplePerYear("today", People(3, 9, 41), People(0.5, 2, 17), People(0.01, 0.2, 2.6)),
        PeoplePerYear("SSP2-4.5 in 2100", People(30, 90, 410), People(5, 20, 170), People(0.1, 2, 26)),
    ),
    breach_anywhere=False,
    houses_may_be_weak=True,
)
FIELDS = FieldLosses(
    40, 120.0, (3.2, 21.9), (SaltedFields("today", (0.41, 3.12), (1.0, 9.0), (0.2, 9.4)),
                             SaltedFields("SSP2-4.5 in 2100", (2.0, 12.0), (6.0, 36.0), (1.0, 36.0))),
)  # fmt: skip


def text_of(page: str) -> str:
    return " ".join(page.replace("\u00a0", " ").split())


@pytest.mark.usefixtures("without_pictures")
def test_page_plan_and_summary_state_who_may_die_and_what_a_year_brings() -> None:
    results = coast.results("real")
    counts = (People(800, 900, 1200), 0, People(100, 600, 950), {})
    people = PopulationImpact(*counts, (DistrictPopulation("harbour", *counts), DistrictPopulation(None, *counts)))
    impact = replace(results.impact, population=people, loss_of_life=LOSS, fields=FIELDS)
    period = results.hazard.return_periods[-1]
    results = replace(
        results,
        impact=impact,
        plan=replace(results.plan, lives=lives_sentences(LOSS, period), lives_rest_on=what_lives_rest_on(LOSS)),
    )
    page = text_of(render_page(results))
    assert "between 4 and 320 people may die if it comes by night and nobody leaves; by day between 0 and 320" in page
    assert (
        "between 4 and 320 people may die by night if nobody leaves (on average between 7 and 170)"
        in page.split("<nav")[0]
    ), "the summary tells it"
    assert 'data-label="May die by night">4 to 310' in page
    assert 'data-label="May die by night">0 to 9' in page
    assert 'data-label="In dangerous depth">0.5 to 17' in page
    assert 'data-label="May die">0.01 to 2.6' in page
    assert "Do not count on it" in page
    assert METHOD in page
    assert "Of 40 surveyed fields, between 3.2 and 22 are under sea water" in page
    assert "for the average field between 1.8 and 86 days a year" in page
    plan = plan_to_markdown(results.plan)
    assert "between 4 and 320 people may die" in plan.split("## ")[0]
    assert METHOD in plan
    summary = summarise(results)["impact"]
    assert summary["loss_of_life"]["by_night"] == {"low": 4, "likely": 40, "high": 320}  # type: ignore[index,call-overload]
    assert summary["fields"]["fields"] == 40  # type: ignore[index,call-overload]


@pytest.mark.usefixtures("without_pictures")
def test_where_nobody_is_counted_no_number_of_dead_stands_anywhere() -> None:
    results = coast.results("real")
    assert results.impact.loss_of_life is None
    page = text_of(render_page(results))
    assert "may die" not in page
    assert "People a year" not in page
    assert "No field was surveyed, so what salt water does to harvests is unknown." in page
    assert "may die" not in plan_to_markdown(results.plan)
