"""The times of the water in plan, page, maps and file: short rows, and nothing unknown that reads as safe."""

import io
import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationAreas
from strandline.planning.early_action.protocol import Night
from strandline.planning.plan_schema import plan_to_json
from strandline.report.figures.time_maps import map_arrival, map_standing
from strandline.report.page.page import render_page
from strandline.report.plan.flood_times_table import MOST_ZONES, flood_times_csv, time_lines, time_rows
from strandline.report.plan.markdown import plan_to_markdown
from strandline.risk.timing.by_cell import TimeMap
from strandline.risk.timing.by_zone import ZoneTime
from strandline.risk.timing.simulated_floods import BEFORE_HOURS
from tests.fixtures import reports as coast

pytestmark = pytest.mark.slow

ROWS = (
    ZoneTime("quay", 10.0, 1.5, True, None, None, None, False),
    ZoneTime("hill", 100.0, 2.0, True, None, None, None, False),
    ZoneTime("market", 100.0, 2.0, True, -1.0, 2.0, 9.0, False),
    ZoneTime("fog", 100.0, 2.0, False, None, None, None, False),
    ZoneTime("quay", 100.0, 2.0, True, -4.0, 0.0, 51.0, True),
    ZoneTime("flats", 100.0, 2.0, True, -float(BEFORE_HOURS), -6.0, 30.0, False),
)


def test_rows_are_of_the_rarest_sea_and_the_first_in_danger_comes_first_the_unknown_not_last() -> None:
    plan = replace(coast.a_plan(), flood_times=ROWS)
    assert time_rows(plan) == [
        ("flats", "18 hours before, or sooner", "from 6 hours before", "up to 30 hours"),
        ("quay", "from 4 hours before", "with the highest sea", "no end seen"),
        ("fog", "unknown", "unknown", "unknown"),
        ("market", "from 1 hour before", "from 2 hours after", "up to 9 hours"),
        ("hill", "in no simulated storm", "in no simulated storm", "–"),
    ]
    evacuation = EvacuationAreas((), (), Night(begins=20, ends=5), "night", {"fog": {"": "Borgo"}})
    assert time_rows(replace(plan, evacuation=evacuation))[2][0] == "fog (around Borgo)"
    assert time_rows(replace(plan, evacuation=evacuation))[1][0] == "quay"


def test_the_plan_has_the_table_and_names_how_many_zones_it_leaves_to_the_file() -> None:
    plan = replace(coast.a_plan(), flood_times=ROWS)
    text = plan_to_markdown(plan)
    assert "## When the water comes, and how long it stands" in text
    assert "does not mean safe" in text
    assert "more zones" not in text
    many = tuple(replace(ROWS[2], zone=f"zone {number}") for number in range(MOST_ZONES + 3))
    assert "3 more zones are in flood_times.csv" in "\n".join(time_lines(replace(plan, flood_times=many)))
    assert time_lines(coast.a_plan()) == []
    written = json.loads(json.dumps(plan_to_json(plan), allow_nan=False))["flood_times"]
    assert written[3]["is_known"] is False
    assert written[4]["wet_from"] == -4.0


def test_the_file_holds_every_zone_and_leaves_no_hour_for_what_is_unknown() -> None:
    read = pd.read_csv(io.StringIO(flood_times_csv(ROWS)))
    assert list(read["zone"]) == [row.zone for row in ROWS]
    assert read.loc[~read["is_known"], ["wet_from", "dangerous_from", "hours_wet"]].isna().all(axis=None)
    assert read["hours_wet"].max() == 51.0


@pytest.mark.usefixtures("without_pictures")
def test_a_page_without_times_says_that_they_are_unknown() -> None:
    assert "both are unknown" in render_page(coast.results("real"))


def test_the_page_shows_the_times(draw_only: Callable[..., None]) -> None:
    draw_only(map_arrival, map_standing)
    plain = coast.results()
    shape = plain.hazard.region.shape
    times = TimeMap(100.0, np.full(shape, -2.0), np.full(shape, np.inf), np.zeros(shape, dtype=bool))
    page = render_page(replace(plain, plan=replace(plain.plan, flood_times=ROWS), flood_times=times))
    assert "When the sea reaches 2.0" in page
    assert "18 hours before, or sooner" in page
    assert "flood_times.csv" in page


def test_maps_tell_dry_from_unknown_and_late_from_never() -> None:
    found = coast.results()
    region, terrain = found.hazard.region, found.observations.terrain
    shape = region.shape
    nothing = TimeMap(100.0, np.full(shape, np.inf), np.zeros(shape), np.zeros(shape, dtype=bool))
    late = replace(nothing, arrives=np.full(shape, 40.0), stands=np.full(shape, 5.0))
    unknown = replace(nothing, arrives=np.full(shape, np.nan), stands=np.full(shape, np.nan))
    for draw in (map_arrival, map_standing):
        pictures = {name: draw(region, terrain, each) for name, each in
                    (("dry", nothing), ("late", late), ("unknown", unknown))}  # fmt: skip
        assert len({picture.svg for picture in pictures.values()}) == 3
        assert 'id="unknown-cells"' in pictures["unknown"].svg
