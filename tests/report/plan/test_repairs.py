"""Repairs in the products: a table for people, stretches for maps, and no word of them where nothing is sampled."""

import json
from dataclasses import replace

import pytest

import tests.fixtures.reports as coast
from strandline.planning.exposure.repairs import plan_repairs
from strandline.planning.investment.discounting import Economy
from strandline.planning.measures import load_measures
from strandline.report.page.page import render_page
from strandline.report.plan.markdown import plan_to_markdown
from strandline.report.plan.repairs import COLUMNS, stretches_geojson
from strandline.risk.breaches.repair import Repair
from strandline.risk.breaches.stretches import find_stretches
from strandline.risk.expectation import Expectation
from tests.fixtures import polders

pytestmark = pytest.mark.slow

MUCH = Expectation(1e9, 0.0, 1e9, 1e9, 1e9, 400)


def repairs(count: int = 1) -> list[Repair]:
    (stretch,) = find_stretches(polders.dikes([polders.SMALL], [1.6]), polders.REGION)
    cases = {"good": 0.0, "fair": 1e7, "poor": 2e7}
    avoided = Expectation(1e7, 1e6, 0.0, 1e7, 2e7, 40)
    return [Repair(replace(stretch, line=f"dike {n}"), 0.25, avoided, cases, 3.0) for n in range(count)]


def test_the_plan_lists_the_first_ten_and_says_how_many_more_there_are() -> None:
    found = plan_repairs(repairs(12), load_measures(), Economy(0.03, 50, 2025), MUCH)
    plan = replace(coast.results("real").plan, stretches=found.stretches)
    text = plan_to_markdown(plan)
    section = text.split("## Embankments, stretch by stretch")[1].split("\n## ")[0]
    assert section.count("| km 0.0–1.2 of the embankment") == 10
    assert "2 more are in embankments.geojson" in section
    assert "nobody tested these embankments" in section
    header, _, first, *_ = [line for line in section.splitlines() if line.startswith("|")]
    assert header.count("|") == first.count("|") == len(COLUMNS) + 1
    assert "| 0.25 |" in first


def test_a_plan_without_sampled_breaches_has_no_such_section() -> None:
    assert "stretch by stretch" not in plan_to_markdown(coast.results("real").plan)


def test_the_stretches_are_drawn_where_they_lie_in_the_order_of_the_plan() -> None:
    given = repairs(2)
    found = plan_repairs(given, load_measures(), Economy(0.03, 50, 2025), MUCH)
    plan = replace(coast.results("real").plan, stretches=found.stretches)
    collection = json.loads(stretches_geojson(plan, given, polders.REGION.crs))
    first, second = collection["features"]
    assert [each["properties"]["rank"] for each in (first, second)] == [1, 2]
    assert first["properties"]["line"] == "dike 0"
    assert first["properties"]["avoided_damage"] == 1e7
    west, south = first["geometry"]["coordinates"][0]
    assert polders.REGION.bounds_lonlat[0] < west < polders.REGION.bounds_lonlat[2]
    assert polders.REGION.bounds_lonlat[1] < south < polders.REGION.bounds_lonlat[3]
    assert set(collection["units"]) < set(first["properties"])


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize("sampled", [True, False])
def test_the_page_shows_the_table_where_there_is_one(sampled: bool) -> None:
    results = coast.results("real")
    found = plan_repairs(repairs() if sampled else [], load_measures(), Economy(0.03, 50, 2025), MUCH)
    page = render_page(replace(results, plan=replace(results.plan, stretches=found.stretches)))
    assert ("Embankments, stretch by stretch" in page) is sampled
    assert ("km 0.0–1.2 of the embankment dike 0" in page) is sampled
