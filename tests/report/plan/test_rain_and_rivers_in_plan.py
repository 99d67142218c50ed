"""The plan of a place with rain and rivers: its first page, its caveats, and areas that the sea never endangers."""

import math
from dataclasses import replace

import tests.fixtures.reports as coast
from strandline.planning.early_action.evacuation.all_drivers import AllDrivers
from strandline.planning.early_action.evacuation.area_triggers import AreaTriggers
from strandline.planning.early_action.evacuation.clearance_time import ClearanceTime
from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationArea, EvacuationAreas
from strandline.planning.early_action.evacuation.frequency import Frequency
from strandline.planning.early_action.hindcast import untested_caveat
from strandline.planning.early_action.protocol import Night, Protocol
from strandline.planning.measures import Fallback, OperationalMeasure
from strandline.planning.plan_schema import plan_to_json
from strandline.report.plan.evacuation_table import about_areas, evacuation_rows
from strandline.report.plan.markdown import plan_to_markdown
from strandline.risk.people import UNKNOWN

CLEARANCE = ClearanceTime((4, 5, 6), (4, 5, 6), (), UNKNOWN)
MEASURE = OperationalMeasure(
    "evacuate_low_lying_areas", "Evacuate", (), (6, 48.0), "Evacuate", True, None, None,
    fallback=Fallback("go_up", "Go up", "Shelter"),
)  # fmt: skip


def by_rain_alone() -> EvacuationArea:
    return EvacuationArea(
        "A", ("A1",), (math.inf,) * 4, math.inf, Frequency(0.0), UNKNOWN, CLEARANCE, None,
        AllDrivers(("sea", "rain"), 0.2),
    )  # fmt: skip


def with_rain() -> Protocol:
    triggers = AreaTriggers(MEASURE, by_rain_alone(), False, None, None)
    return Protocol(title="a", source="b", confirmed_by="c", indicators=triggers.indicators, phases=triggers.phases)


def test_the_first_page_states_the_damage_by_all_drivers_and_the_part_of_the_sea() -> None:
    plan = coast.a_plan()
    more = replace(plan, damage_by_all_drivers=coast.amount(2e6, 4e6, 6e6), rain_and_rivers=("Rain counts here.",))
    text, before = plan_to_markdown(more), plan_to_markdown(plan)
    assert "floods by the sea, rain and rivers cost about **€4.0 million" in text
    assert "Of it the sea alone brings" in text
    assert "Rain counts here." in text.split("## ")[0]
    assert "floods cost about" in before
    assert "the sea alone brings" not in before


def test_an_area_that_the_sea_never_endangers_has_no_level_and_says_what_endangers_it() -> None:
    area = by_rain_alone()
    evacuation = EvacuationAreas((area,), (), Night(begins=20, ends=5), "night")
    (row,) = evacuation_rows(evacuation, with_rain())
    text = " ".join((*row.cells, *about_areas(evacuation), area.basis))
    assert row.cells[1].startswith("none; with heavy rain: at least")
    assert "inf" not in text
    assert "999" not in text
    assert "in danger by rain or rivers alone" in text
    assert "when the chance" not in row.cells[2]


def test_the_plan_says_that_its_triggers_were_not_tested_before_rain() -> None:
    plan = replace(coast.a_plan(), protocol=with_rain())
    assert any("could not be tested" in caveat for caveat in plan.caveats)
    assert untested_caveat(coast.a_plan().protocol) == ""
    assert not any("rain" in caveat for caveat in coast.a_plan().caveats)


def test_the_json_of_such_a_plan_has_no_infinite_number() -> None:
    area = by_rain_alone()
    evacuation = EvacuationAreas((area,), (), Night(begins=20, ends=5), "night")
    found = plan_to_json(replace(coast.a_plan(), evacuation=evacuation))
    assert found["evacuation"]["areas"][0]["level"] is None
    assert found["evacuation"]["areas"][0]["all_drivers"]["per_year"] == 0.2
