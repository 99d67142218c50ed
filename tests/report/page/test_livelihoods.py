"""Lives and fields on the page: what a mayor reads, and that nothing is told where nothing is known."""

from dataclasses import replace

import numpy as np
import pytest

import tests.fixtures.reports as coast
from strandline.planning.early_action.evacuation.lives import lives_a_year, lives_sentences, what_lives_rest_on
from strandline.report.consistency.gate import contradictions
from strandline.report.page.page import render_page
from strandline.report.plan.markdown import plan_to_markdown
from strandline.report.products import summarise
from strandline.risk.impact.fields import FieldLosses, SaltedFields
from strandline.risk.impact.lives.by_all_drivers import AddedPeople, PeopleByAllDrivers
from strandline.risk.impact.lives.loss_of_life import METHOD, LossOfLife
from strandline.risk.impact.lives.per_year import PeoplePerYear
from strandline.risk.impact.population import DistrictPopulation, PopulationImpact
from strandline.risk.people import People
from tests.fixtures.people import by_sea
from tests.report.page.test_rain_and_rivers import floods

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
def test_page_plan_and_summary_state_all_drivers_beside_the_sea_alone() -> None:
    results, (population, loss) = coast.results("real"), by_sea()
    population = replace(
        population, districts=(DistrictPopulation("harbour", population.residents, 0, population.exposed, {}),)
    )
    loss = replace(loss, by_district=(("harbour", loss.by_night),))
    more = np.tile([[200.0, 200, 300], [20, 30, 200], [1, 2, 100]], (2, 1, 1))
    period = results.hazard.return_periods[-1]
    together = PeopleByAllDrivers.of(("sea", "rain"), population, loss, AddedPeople(period, more / 10, more))
    together = replace(together, cut_off={"shelter": People(50, 500, 1100)})
    impact = replace(results.impact, population=population, loss_of_life=loss, by_all_drivers=together)
    notes = (lives_a_year(loss, together),)
    lives, method = lives_sentences(loss, period, together), what_lives_rest_on(loss, together)
    plan = replace(results.plan, lives=lives, lives_rest_on=method, rain_and_rivers=notes)
    results = replace(results, impact=impact, plan=plan)
    page, document = text_of(render_page(results)), plan_to_markdown(plan)
    flood = f"In a flood of the sea or heavy rain that comes about once in {period:g} years"
    for text in (page, document):
        assert f"{flood}, between 3 and 400 people may die if it comes by night and nobody leaves" in text
        assert "By the sea alone it would be between 2 and 300 by night" in text
        assert "between 21 and 70 people have water at home in the highest flood of a year on average" in text
        assert "By the sea alone it is between 1 and 40, between 0 and 20, and between 0 and 9, in this order" in text
        assert "how fast it rises is unknown, so the upper numbers take it to rise as fast as any on record" in text
    assert f"{flood}, between 300 and 1,100 people may have water at home" in page.split("<nav")[0]
    assert "without a road to any shelter between 50 and 1,100" in page
    assert '<th scope="row">today, with rain</th><td class="n" data-label="Water at home">21 to 70</td>' in page
    assert "years, by the sea alone</caption>" in page
    found = summarise(replace(results, by_driver=floods()))["all_drivers"]["people"]  # type: ignore[index,call-overload]
    assert found["by_night"] == {"low": 3, "likely": together.by_night.likely, "high": 400}
    assert list(contradictions(results)) == []
    (other,) = contradictions(replace(results, plan=replace(plan, lives=lives_sentences(loss, period))))
    assert other == "Who may die is not the same in the plan and in the impact."
    fewer = replace(impact, by_all_drivers=replace(together, in_danger=People(0, 0, 0)))
    assert any("in dangerous depth by the sea alone" in each for each in contradictions(replace(results, impact=fewer)))


@pytest.mark.usefixtures("without_pictures")
def test_where_nobody_is_counted_no_number_of_dead_stands_anywhere() -> None:
    results = coast.results("real")
    assert results.impact.loss_of_life is None
    page = text_of(render_page(results))
    assert "may die" not in page
    assert "People a year" not in page
    assert "No field was surveyed, so what salt water does to harvests is unknown." in page
    assert "may die" not in plan_to_markdown(results.plan)
