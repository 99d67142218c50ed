"""What a plan says in words: places with names, relative years, and reasons that do not contradict each other."""

import re
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point

import tests.fixtures.reports as coast
from strandline.planning.exposure.notes import frequent_notes
from strandline.planning.formatting import format_wait, is_name
from strandline.planning.investment.design import MOST_DISTRICTS, count_by_district
from strandline.planning.investment.shelters import ExistingShelters
from strandline.planning.measures import load_measures
from strandline.report.page.tables import name_of_asset
from strandline.report.plan.pathway_lines import describe_choice, describe_pathway, describe_sequence
from strandline.report.plan.phase_text import describe_phases
from strandline.report.plan.proposal import describe_where, where_of
from strandline.report.products import measures_at
from strandline.risk.impact.impact import FrequentDamage

HOMES = ["A0006", "A0007", "A0008"]


def assets(**columns: list[object]) -> gpd.GeoDataFrame:
    count = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(columns, geometry=[Point(0, 0)] * count)


@given(st.lists(st.sampled_from(["quay", "polder 05", None, "hill", "a", "b", "c", "d"]), min_size=1))
def test_every_asset_is_counted_in_one_district(districts: list[str | None]) -> None:
    text = count_by_district(assets(district=list(districts)))
    if all(each is None for each in districts):
        assert text == ""
        return
    assert sum(int(part.split()[0]) for part in text.split(", ")) == len(districts)
    assert len(text.split(", ")) <= MOST_DISTRICTS + 1


def test_where_is_said_in_districts_and_the_ids_are_in_the_file() -> None:
    plan = coast.a_plan()
    home = next(each for each in plan.actions if each.kind == "home_raise")
    text = describe_where(replace(home, where=("A0006", "A0007"), places="2 in polder 05"), None)
    assert text == "2 in polder 05; marked in assets.geojson (column *measures*)"
    assert "A0006" not in describe_where(replace(home, where=("A0006",)), None)
    assert where_of(("Harbour school",)) == "Harbour school", "a name may be said"
    assert measures_at(plan, pd.Series(["building-012", "elsewhere"])) == ["Raise homes where it pays", None]


def test_an_id_is_no_name_and_stands_in_brackets() -> None:
    assert not any(map(is_name, HOMES))
    assert not is_name("lattice_0168")
    assert all(map(is_name, ("Harbour school", "Pump house 3", "Waterworks")))
    assert name_of_asset(pd.Series({"asset_id": "A0007", "district": "polder 05"})) == "polder 05 (A0007)"
    assert name_of_asset(pd.Series({"asset_id": "Market hall", "district": "polder 05"})) == "Market hall"
    assert name_of_asset(pd.Series({"asset_id": "A0007", "district": None})) == "A0007"
    assert (
        name_of_asset(pd.Series({"asset_id": "way/7", "name": "Koyra College", "district": "Koyra"})) == "Koyra College"
    )
    assert name_of_asset(pd.Series({"asset_id": "way/7", "name": None, "district": None})) == "way/7"


@pytest.mark.parametrize(
    ("years", "words"), [(0.49, "6 months"), (1.0, "1 year"), (2.999, "3 years"), (10, "10 years")]
)
def test_a_wait_is_said_without_a_calendar_year(years: float, words: str) -> None:
    assert format_wait(years) == words


def test_no_measure_is_decided_in_a_year_of_the_simulated_record() -> None:
    for measure in load_measures().long_term:
        assert measure.when.startswith("decide now; works about ")
        assert not re.search(r"20\d\d", measure.when)


def test_the_warning_service_says_that_it_does_not_rest_on_the_forecast_at_hand() -> None:
    """It was a no-regret measure in a plan whose first line said that no forecast was in time."""
    service = next(each for each in load_measures().long_term if each.key == "early_warning")
    assert "not on the forecast at hand" in service.rests_on


def test_shelters_that_may_be_lost_hold_nobody_and_the_plan_says_so() -> None:
    survey = assets(asset_class=["shelter"] * 3, out_of_service=[0.1, 0.6, np.nan], places=[300.0, 300.0, 300.0])
    found = ExistingShelters.of(survey)
    assert (found.count, found.usable, found.places) == (3, 1, 300.0)
    assert found.in_words.startswith("Besides 300 places in 1 of the 3 shelters of the survey; 2 may be out of service")
    assert "none of them is known to stay in service" in ExistingShelters.of(survey.assign(out_of_service=0.6)).in_words
    for of_unknown_size in (survey.assign(places=np.nan), survey.drop(columns="places")):
        assert "nobody stated the places of those that stay in service" in ExistingShelters.of(of_unknown_size).in_words
    assert ExistingShelters.of(survey.iloc[:0]).in_words == ""


def test_a_rule_that_is_the_same_is_written_once_and_then_referred_to() -> None:
    protocol = coast.a_protocol(1.18)
    (phase,) = protocol.phases
    again = phase.model_copy(update={"name": "go_up", "title": "Go up"})
    first, second = describe_phases(protocol.model_copy(update={"phases": (phase, again)}))
    assert second.failure == f"as for *{first.label}*."
    assert second.stop == f"as for *{first.label}*"
    assert len(first.failure) > len(second.failure)


def test_a_single_pathway_says_why_there_is_no_other() -> None:
    pathways = coast.some_pathways()
    assert describe_choice(pathways) == "", "there are two"
    last = pathways.ends[-1:]
    assert "nothing has to follow it" in describe_choice(replace(pathways, ends=last))
    assert "no other sequence" in describe_choice(replace(pathways, ends=pathways.ends[:1]))


def test_two_steps_within_one_range_of_rises_do_not_repeat_it() -> None:
    pathways = coast.some_pathways()
    first, second = pathways.steps[1:]
    third = replace(
        second, built=(*second.built, "retreat"), added=("retreat",), tipping_point=second.tipping_point, late_years=0.0
    )
    close = replace(second, tipping_point=replace(first.tipping_point, rise=(0.1, 0.21, 0.24)))
    titles = {**pathways.titles, "retreat": "Move homes"}
    three = replace(pathways, titles=titles, steps=(pathways.steps[0], first, close, third))
    text = describe_sequence(three, third.built)
    assert text.count("0.1 to 0.2 m of rise") == 1
    assert text.endswith("; then, at a higher rise within that range, **Move homes**")


def test_a_pathway_begins_with_the_proposal_and_says_how_long_the_limit_is_missed() -> None:
    text = describe_pathway(coast.some_pathways(), ("home_raise",), coast.a_plan().money)
    assert text.startswith("first **the proposal** (until it works, damage may exceed the limit for 1 year)")
    assert "late" not in text


def test_a_second_flood_within_a_year_is_said_to_be_in_no_number() -> None:
    """Fifteen floods in four years, each of millions, stood beside a smaller damage a year."""
    notes = frequent_notes(FrequentDamage(1.1, 210_000.0), coast.a_plan().money)
    assert any("A second flood within a year is in no number" in note for note in notes)
    assert frequent_notes(FrequentDamage(1.1, 0.0), coast.a_plan().money) == ()
