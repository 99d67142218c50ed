"""What a place has already is operated and not built a second time; what it has not is built and never operated."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.region_file import load_region_file
from strandline.observations.region_file.planning_section import PlanningSection
from strandline.pipeline.study_area.study_area import BUILT_IN_FACILITIES
from strandline.planning.facilities import facilities_of, measures_here
from strandline.planning.measures import load_measures
from strandline.planning.settings import read_planning_settings
from strandline.report.plan.cost_tables import cost_tables

CATALOGUE = load_measures()
FACILITIES = facilities_of(CATALOGUE)


@given(existing=st.none() | st.sets(st.sampled_from(FACILITIES)).map(tuple))
def test_nothing_is_both_operated_and_proposed_to_be_built(existing: tuple[str, ...] | None) -> None:
    here = measures_here(CATALOGUE, existing)
    operated = {each.facility for each in here.measures.operational} - {""}
    built = {each.facility for each in here.measures.long_term} - {""}
    assert not operated & built
    assert operated <= set(existing or ())
    assert built == set(FACILITIES) - set(existing or ())
    assert all(each in here.measures.long_term for each in CATALOGUE.long_term if not each.facility)
    assert all(each in here.measures.operational for each in CATALOGUE.operational if not each.facility)


def test_where_nothing_is_stated_one_line_names_the_actions_and_the_key_to_set() -> None:
    (line,) = measures_here(CATALOGUE, None).left_out
    assert line.startswith("Close floodgates, Activate pumps: not offered")
    assert 'existing = ["floodgates", "pumping stations"] in [planning]' in line
    assert measures_here(CATALOGUE, ()).left_out == ()


def test_what_exists_is_said_not_to_be_considered_again() -> None:
    (line,) = measures_here(CATALOGUE, ("floodgates",)).left_out
    assert line == "Build floodgates: not considered, because the place has them already."


def test_a_facility_that_no_measure_knows_is_refused_with_those_known() -> None:
    with pytest.raises(InputError, match=r"\[planning.existing\].*'gates'.*known: .*floodgates"):
        read_planning_settings(PlanningSection(existing=("gates",)))
    both = PlanningSection(existing=("floodgates",), leave_out=("floodgates", "close_floodgates"))
    assert read_planning_settings(both).existing == ("floodgates",), "left out, but no mistake"


def test_the_built_in_delta_operates_its_floodgates_and_pumps() -> None:
    here = measures_here(CATALOGUE, BUILT_IN_FACILITIES)
    assert {"close_floodgates", "activate_pumps"} <= {each.key for each in here.measures.operational}
    assert not {"floodgates", "pumps"} & {each.key for each in here.measures.long_term}


def test_caorle_states_the_pumps_that_drain_its_land() -> None:
    planning = load_region_file(Path("examples/caorle.toml")).planning
    assert planning is not None
    assert planning.existing == ("pumping stations",)


def test_the_costs_of_a_place_say_what_it_has() -> None:
    text = "\n".join(cost_tables(PlanningSection(existing=("floodgates",))))
    assert "states what the place has: floodgates." in text
    assert "not stated here" in "\n".join(cost_tables(PlanningSection()))
