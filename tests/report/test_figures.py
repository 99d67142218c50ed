"""Figures: unknown stays unknown, gaps stay gaps, and the numbers behind the pictures are right."""

import itertools
import re
import subprocess
import sys
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

import tests.fixtures.reports as coast
from strandline.report.alerts.forecast_trace import exceedance_probability, forecast_of_the_peak
from strandline.report.figures.charts import draw_learning, draw_return_levels, draw_surge, gaps_of
from strandline.report.figures.map_lines import drawn_as_line
from strandline.report.figures.maps import (
    DAMAGE_COLOURS,
    PROBABILITY_COLOURS,
    UNKNOWN_ASSET,
    hillshade,
    map_flood,
    most_likely_state,
)
from strandline.report.figures.style import NARROW, WIDE, as_rgb, round_length
from strandline.report.page.narrative import skill_sentences


def the_map(probability: np.ndarray) -> str:
    terrain = coast.observations("real").terrain
    return map_flood(coast.a_region(), terrain, probability, 100.0, coast.impact().assets).svg


def observed_line(svg: str) -> str:
    found = re.search(r'<g id="observed">\s*<path d="([^"]*)"', svg)
    assert found
    return found.group(1)


def test_unknown_cells_are_hatched_and_only_they() -> None:
    probability = coast.hazard_arrays()[2][-1]
    assert 'id="unknown-cells"' in the_map(probability)
    assert "unknown – not “dry”" in the_map(probability)
    everywhere_known = np.where(np.isnan(probability), 0.0, probability).astype(np.float32)
    assert 'id="unknown-cells"' not in the_map(everywhere_known)


def test_maps_read_without_colour() -> None:
    """Classes grow darker step by step (relative luminance of WCAG 2.2); water, as light as one of them, is hatched."""
    for colours in (PROBABILITY_COLOURS, DAMAGE_COLOURS):
        channels = np.array([as_rgb(colour) for colour in colours])
        light = ((channels + 0.055) / 1.055) ** 2.4 @ [0.2126, 0.7152, 0.0722]
        contrasts = (light[:-1] + 0.05) / (light[1:] + 0.05)
        assert (contrasts > 1.25).all(), contrasts
    assert 'id="permanent-water"' in the_map(coast.hazard_arrays()[2][-1])


def test_an_unknown_cell_does_not_look_like_a_dry_one() -> None:
    probability = coast.hazard_arrays()[2][-1]
    dry = np.where(np.isnan(probability), 0.0, probability).astype(np.float32)
    picture = re.compile(r'xlink:href="data:image/png;base64,[^"]*"')
    assert picture.findall(the_map(probability))[0] != picture.findall(the_map(dry))[0]


def test_a_map_is_the_same_twice() -> None:
    probability = coast.hazard_arrays()[2][-1]
    assert the_map(probability) == the_map(probability)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_observed_line_breaks_at_every_gap_and_each_gap_is_shaded(width: float) -> None:
    trace = forecast_of_the_peak(coast.surge_forecast())
    assert trace is not None
    gauge = coast.observations("real").require_gauge()
    history = gauge["water_level"].isel(station=0).to_series()
    svg = draw_surge(trace, history, "datum", width=width).svg
    assert len(re.findall(r'id="gap-\d+"', svg)) == 2
    assert observed_line(svg).count("M") == 3, "two gaps part the line into three"


def test_hours_that_the_record_lacks_are_gaps_too() -> None:
    trace = forecast_of_the_peak(coast.surge_forecast())
    assert trace is not None
    time = pd.date_range("2022-11-19", "2022-11-21T18:00", freq="h")
    history = pd.Series(0.3, index=time).drop(time[10:15])
    svg = draw_surge(trace, history, "datum").svg
    assert len(re.findall(r'id="gap-\d+"', svg)) == 3, "before the record, within it, and in the forecast"


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_gaps_hold_every_missing_hour_once(missing: list[bool]) -> None:
    time = pd.date_range("2020-01-01", periods=len(missing), freq="h")
    gaps = gaps_of(pd.Series(np.where(missing, np.nan, 1.0), index=time))
    assert sum((last - first) // pd.Timedelta(hours=1) + 1 for first, last in gaps) == sum(missing)
    assert all(later[0] - earlier[1] > pd.Timedelta(hours=1) for earlier, later in itertools.pairwise(gaps))


def test_the_forecast_shown_is_the_earliest_for_the_highest_level() -> None:
    trace = forecast_of_the_peak(coast.surge_forecast())
    assert trace is not None
    assert trace.issue_time == coast.ISSUE
    assert len(trace.rows) == 49


def test_a_table_of_one_fixed_lead_is_shown_around_its_peak() -> None:
    first_issue = coast.surge_forecast().iloc[:49]
    table = first_issue.assign(lead_h=12.0, issue_time=first_issue["time"] - pd.Timedelta(hours=12))
    trace = forecast_of_the_peak(table)
    assert trace is not None
    assert trace.issue_time is None
    assert trace.lead_h == 12.0
    assert len(trace.rows) == 49


def test_a_forecast_without_any_level_is_no_forecast() -> None:
    table = coast.surge_forecast()
    assert forecast_of_the_peak(table.iloc[:0]) is None
    assert forecast_of_the_peak(table.assign(observed=np.nan, p50=np.nan)) is None


@settings(deadline=None)
@given(st.floats(-3, 3), st.floats(0.01, 2), st.floats(0.01, 2))
def test_the_chance_to_exceed_a_quantile_is_what_the_quantile_says(middle: float, below: float, above: float) -> None:
    rows = pd.DataFrame({"p10": [middle - below], "p50": [middle], "p90": [middle + above]})
    for level, chance in ((middle - below, 0.9), (middle, 0.5), (middle + above, 0.1)):
        assert exceedance_probability(rows, level)[0] == pytest.approx(chance, abs=1e-6)


def test_an_unknown_quantile_gives_an_unknown_chance_and_a_sure_one_a_sure_chance() -> None:
    rows = pd.DataFrame({"p10": [np.nan, 1.0], "p50": [1.0, 1.0], "p90": [2.0, 1.0]})
    assert np.isnan(exceedance_probability(rows, 1.5)[0])
    assert exceedance_probability(rows, 1.5)[1] == 0.0
    assert exceedance_probability(rows, 0.5)[1] == 1.0


@pytest.mark.parametrize("colours", [PROBABILITY_COLOURS, DAMAGE_COLOURS])
def test_classes_darken_step_by_step_so_that_they_read_in_grey(colours: tuple[str, ...]) -> None:
    grey = [float(as_rgb(colour) @ [0.2126, 0.7152, 0.0722]) for colour in colours]
    assert np.all(np.diff(grey) < -0.08)


def test_the_light_comes_from_the_north_west() -> None:
    down, right = np.mgrid[0:9, 0:9].astype(float)
    assert (hillshade(right + down, 1.0) > 0.9).all(), "ground that faces north-west is bright"
    assert (hillshade(-right - down, 1.0) < 0.1).all()
    assert (hillshade(np.zeros((9, 9)), 1.0) == 0.5).all()


def test_an_asset_with_one_unknown_state_is_unknown() -> None:
    assets = coast.impact().assets
    assets.loc[0, "damage_state_3"] = np.nan
    assert most_likely_state(assets)[0] == UNKNOWN_ASSET


def test_roads_and_embankments_are_lines_by_what_becomes_of_them() -> None:
    assets, region = coast.impact().assets, coast.a_region()
    left, bottom, *_ = region.bounds
    kinds = ["road", "bridge", "road", "embankment", "embankment", "road"]
    shapes = [LineString([(left, bottom + 500 * i), (left + 900, bottom + 500 * i)]) for i in range(1, 6)]
    more = gpd.GeoDataFrame(
        {
            "asset_class": kinds,
            "out_of_service": [0.2, 0.5, np.nan, np.nan, np.nan, 0.1],
            "breach": [np.nan] * 3 + [0.1, 0.9, np.nan],
            **{f"damage_state_{state}": 0.2 for state in range(5)},
        },
        geometry=[*shapes, Point(left, bottom)],  # the last is a road surveyed as a point
        crs=assets.crs,
    )
    all_assets = pd.concat([assets, more], ignore_index=True)
    assert drawn_as_line(all_assets)[-6:].tolist() == [True] * 5 + [False]
    probability = coast.hazard_arrays()[2][-1]
    svg = map_flood(region, coast.observations("real").terrain, probability, 100.0, all_assets).svg
    for word in ("road, open (1)", "road, likely closed (1)", "road, unknown (1)", "embankment, holds (1)",
                 "embankment, likely breached (1)"):  # fmt: skip
        assert word in svg
    assert "embankment, unknown" not in svg
    marks = sum(int(count) for count in re.findall(r"asset, damage \w+ \((\d+)\)", svg))
    assert marks == len(assets) + 1
    assert "road, open" not in the_map(probability)


@settings(deadline=None)
@given(st.floats(1e-3, 1e6))
def test_the_scale_bar_is_round_and_never_too_long(longest: float) -> None:
    length = round_length(longest)
    assert length <= longest * (1 + 1e-6)
    assert length > longest / 2.51
    assert f"{length:.0e}"[0] in "125"


def test_the_record_ends_where_the_shading_begins_and_every_maximum_is_drawn() -> None:
    levels = pd.DataFrame({"return_period": coast.PERIODS, "p10": 1.0, "p50": 1.2, "p90": 1.5})
    maxima = np.linspace(0.5, 1.5, 22)
    picture = draw_return_levels(levels, maxima, 1.0, "datum")
    assert "longer than the record" in picture.svg
    assert "22 observed maxima" in picture.alt
    assert "longer than the record" not in draw_return_levels(levels, np.repeat(maxima, 5), 1.0, "datum").svg


def test_numbers_stand_beside_the_learning_bars() -> None:
    scores = coast.results().learning
    svg = draw_learning(scores).svg
    assert all(f">{value:.2f}<" in svg for value in (scores.teacher_iou, scores.student_iou, scores.labels_only_iou))


def test_a_useless_teacher_is_called_useless() -> None:
    scores = replace(coast.results().learning, student_iou=0.41, labels_only_iou=0.44, gap_closed=None)
    words = " ".join(skill_sentences(scores))
    assert "did not help" in words
    assert "undefined" in words
    assert "did not help" not in " ".join(skill_sentences(coast.results().learning))


@pytest.mark.slow
def test_figures_leave_pyplot_and_its_global_state_alone() -> None:
    code = "import sys, strandline.report.page.page; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
