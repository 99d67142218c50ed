"""A place that maps alone show: people have bounds, embankments no crest, and no product an amount of money."""

import json
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from shapely import LineString

import tests.fixtures.reports as coast
from strandline.observations.observations import Provenance
from strandline.observations.variables import as_variable
from strandline.planning.early_action.evacuation.clearance_time import EvacuationSettings
from strandline.planning.early_action.evacuation.evacuation_areas import find_evacuation_areas
from strandline.planning.exposure.notes import MAPPED_PEOPLE
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.scenarios import load_scenarios
from strandline.planning.measures import load_measures
from strandline.planning.plan import NO_VALUES, EarlyActionInputs, plan_adaptation
from strandline.report.consistency.gate import contradictions
from strandline.report.findings import RunResults
from strandline.report.page.narrative import lead_answers, population_sentences, unknown_assets_sentence
from strandline.report.page.tables import source_rows
from strandline.report.plan.markdown import plan_to_markdown
from strandline.report.products import return_levels, summarise
from strandline.risk.impact.impact import assess_impact
from strandline.risk.impact.population import assess_population
from strandline.risk.people import BASIS_OF_BOUNDS, MAP_FACTOR
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.risk.stage_damage.zones import find_zones

PEOPLE = 3.0
"""In each cell of land."""


def mapped_assets() -> gpd.GeoDataFrame:
    """The assets of the made-up coast as a map shows them, and an embankment along the dune."""
    region = coast.a_region()
    left, bottom, right, _ = region.bounds
    dyke = gpd.GeoDataFrame(
        {"asset_id": ["way/1"], "asset_class": ["embankment"], "survey_year": [2026], "is_mapped": [True]},
        geometry=[LineString([(left + 500, bottom + 950), (right - 500, bottom + 950)])], crs=region.crs,
    )  # fmt: skip
    shown = coast.assets().assign(value=np.nan, count=12.0, floor_area=700.0, is_mapped=True)
    return gpd.GeoDataFrame(pd.concat([shown, dyke], ignore_index=True), crs=region.crs)


@pytest.fixture(scope="module")
def results() -> RunResults:
    """The stages behind the maps of the made-up coast, with assets and people of maps."""
    made, rng = coast.results("real"), np.random.default_rng(0)
    terrain = made.observations.terrain
    land = (terrain["permanent_water"].to_numpy() < 0.5) & terrain["elevation"].notnull().to_numpy()  # noqa: PD004
    people = xr.Dataset(
        {"people": as_variable("people", ("y", "x"), np.where(land, PEOPLE, 0.0))},
        {name: terrain[name] for name in "yx"},
    )
    map_of = {name: Provenance("real", f"a map of {name} (2025)", "ODbL-1.0") for name in ("assets", "people")}
    observations = replace(
        made.observations, assets=mapped_assets(), people=people,
        provenance={**made.observations.provenance, **map_of},
    )  # fmt: skip
    hazard, assets, mapped = made.hazard, observations.surveyed_assets, observations.mapped_people
    impact = assess_impact(hazard, assets, "europe", rng)
    impact = replace(impact, population=assess_population([hazard], assets, 5, rng, people=mapped))
    zones = find_zones(observations, [hazard])
    response = StageDamageByZone.of(zones, [hazard], assets, 0.5, rng, mapped)
    water = terrain["permanent_water"].to_numpy() > 0.5
    areas = find_evacuation_areas(
        zones, response, hazard, impact.assets, water, EvacuationSettings(), people=mapped
    )  # fmt: skip
    plan = plan_adaptation(
        hazard, impact, budget=None, economy=Economy(0.03, 50, 2026), measures=load_measures(),
        scenarios=load_scenarios(), mean_sea_level=0.0, rng=rng, early_action=EarlyActionInputs(areas),
    )  # fmt: skip
    return replace(made, observations=observations, impact=impact, plan=plan)


def test_everybody_of_the_map_is_counted_between_bounds_in_plan_and_summary(results: RunResults) -> None:
    population, evacuation = results.impact.population, results.plan.evacuation
    assert population is not None
    assert evacuation is not None
    whole = float(results.observations.require("people")["people"].sum())
    assert population.residents.low <= whole / MAP_FACTOR * 1.01
    assert population.residents.high >= whole * MAP_FACTOR * 0.99
    assert 0 < population.exposed.high <= population.residents.high
    assert all(not area.people.is_unknown for area in evacuation.areas)
    assert sum(area.people.likely for area in evacuation.areas) <= 1.05 * whole


def test_no_text_of_a_mapped_place_states_an_amount_and_each_says_what_it_rests_on(results: RunResults) -> None:
    assert list(contradictions(results)) == []
    plan, impact = plan_to_markdown(results.plan), results.impact
    lead = dict(lead_answers(results, return_levels(results.hazard)))
    at_stake = unknown_assets_sentence(impact, results.plan.money)
    assert MAPPED_PEOPLE in plan
    assert BASIS_OF_BOUNDS in plan
    assert "One embankment, 3.8 km in all, has no known crest" in plan
    assert plan.index(NO_VALUES) < 1000, "at the top"
    assert "nobody stated what the assets are worth" in lead["What does it cost?"]
    assert "nobody stated a value" in at_stake
    assert "all of one class in one cell are one asset" in at_stake
    assert "by a map that spreads a census" in population_sentences(impact)[0]
    for text in (plan, *lead.values(), at_stake, *population_sentences(impact)):
        assert "€" not in text
        assert "nan" not in text.lower().split()
        assert "Floods cost" not in text


def test_sources_of_maps_are_named_with_year_and_licence_and_the_summary_says_who_counted(results: RunResults) -> None:
    rows = {row.name: row for row in source_rows(results)}
    assert rows["Map of people"].source == "a map of people (2025)"
    assert rows["Map of people"].licence == rows["Assets"].licence == "ODbL-1.0"
    assert rows["Assets"].span.startswith("mapped ")
    summary = json.loads(json.dumps(summarise(results)))
    assert summary["impact"]["people"]["counted_by"] == "map"
    assert summary["impact"]["expected_annual_damage"]["mean"] is None
