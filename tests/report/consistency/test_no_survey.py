"""A place that nobody surveyed: actions for lives, and no amount of money in any product."""

import json
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import tests.fixtures.reports as coast
from strandline.planning.early_action.evacuation.clearance_time import EvacuationSettings
from strandline.planning.early_action.evacuation.evacuation_areas import find_evacuation_areas
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.scenarios import load_scenarios
from strandline.planning.measures import load_measures
from strandline.planning.plan import NO_SURVEY, EarlyActionInputs, plan_adaptation
from strandline.planning.plan_schema import check_plan
from strandline.report.findings import RunResults
from strandline.report.report import write_report
from strandline.risk.impact.impact import assess_impact
from strandline.risk.impact.population import assess_population
from strandline.risk.sensitivity import analyse_sensitivity
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.risk.stage_damage.zones import find_zones

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results() -> RunResults:
    """The stages behind the maps of the made-up coast, as if nobody had surveyed it."""
    made, rng = coast.results("real"), np.random.default_rng(0)
    sources = {name: entry for name, entry in made.observations.provenance.items() if name != "assets"}
    observations = replace(made.observations, assets=None, provenance=sources)
    hazard, assets = made.hazard, observations.surveyed_assets
    impact = assess_impact(hazard, assets, "europe", rng)
    assert analyse_sensitivity(hazard, assets, "europe", 20.0) is None
    assert assess_population([hazard], assets, len(hazard.return_periods) - 1, rng) is None
    zones = find_zones(observations, [hazard])
    response = StageDamageByZone.of(zones, [hazard], assets, 0.5, rng)
    water = observations.terrain["permanent_water"].to_numpy() > 0.5
    areas = find_evacuation_areas(zones, response, hazard, impact.assets, water, EvacuationSettings())
    plan = plan_adaptation(
        hazard, impact, budget=None, economy=Economy(0.03, 50, 2026), measures=load_measures(),
        scenarios=load_scenarios(), mean_sea_level=0.0, rng=rng, early_action=EarlyActionInputs(areas),
        basis=("Amounts are EUR in prices of 2010.",),
    )  # fmt: skip
    return replace(made, observations=observations, impact=impact, plan=plan)


@pytest.fixture(scope="module")
def folder(results: RunResults, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    write_report(out, results)
    return out


def test_lives_are_planned_for_by_the_land_that_floods(results: RunResults) -> None:
    plan = results.plan
    assert [action.kind for action in plan.actions] == ["evacuate_low_lying_areas", "continue_monitoring"]
    assert plan.evacuation is not None
    assert plan.evacuation.areas
    assert plan.n_triggers == 2 * len(plan.evacuation.areas)
    assert {action.cost for action in plan.actions} == {None}
    assert plan.notes[0] == plan.without_money == NO_SURVEY


def test_a_place_without_a_survey_gets_actions_for_lives_and_no_amount_in_any_product(folder: Path) -> None:
    for name in ("plan.md", "protocol.toml", "report.html"):
        text = (folder / name).read_text(encoding="utf-8")
        shown = " ".join(text_of(text)) if name.endswith("html") else text
        assert "€" not in shown, name
        assert "EUR" not in shown, name
        assert NO_SURVEY in shown or name == "protocol.toml"
        assert "nan" not in shown.lower().split()
    assert (folder / "plan.md").read_text(encoding="utf-8").index(NO_SURVEY) < 1000, "at the top"
    impact = json.loads((folder / "summary.json").read_text())["impact"]
    assert impact["expected_annual_damage"]["mean"] is None
    assert impact["n_assets"] == 0
    assert json.loads((folder / "assets.geojson").read_text())["features"] == []
    assert check_plan(folder / "plan.json") == []


def text_of(page: str) -> Iterator[str]:
    """The text that a reader of a page sees."""
    parts: list[str] = []
    parser = HTMLParser()
    parser.handle_data = parts.append  # type: ignore[method-assign]
    parser.feed(page)
    return (" ".join(part.split()) for part in parts)
