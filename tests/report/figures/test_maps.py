"""Maps: unknown cells stay unknown, classes are readable without colour."""

import re

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from matplotlib.text import Annotation
from shapely import Point

import tests.fixtures.reports as coast
from strandline.report.figures.ground import hillshade
from strandline.report.figures.maps import (
    ANNUAL_LABELS,
    DAMAGE_COLOURS,
    PROBABILITY_COLOURS,
    UNKNOWN_ASSET,
    draw_scale_and_north,
    map_annual,
    map_flood,
    middle_damage_state,
    name_places,
)
from strandline.report.figures.style import WIDE, as_rgb, new_axes
from strandline.risk.stage_damage.annual_probability import annual_probability

pytestmark = pytest.mark.slow


def the_map(probability: np.ndarray) -> str:
    terrain = coast.observations("real").terrain
    return map_flood(coast.a_region(), terrain, probability, 100.0, coast.impact().assets).svg


def test_the_north_arrow_is_seen_on_the_darkest_cells() -> None:
    figure, axes = new_axes(6.0, 6.0)
    draw_scale_and_north(axes, coast.a_region())
    arrow = axes.texts[-1]
    assert isinstance(arrow, Annotation)
    assert arrow.arrow_patch is not None
    assert arrow.arrow_patch.get_path_effects(), "dark on dark without a halo"
    figure.clear()


def test_only_unknown_cells_are_hatched() -> None:
    probability = coast.hazard_arrays()[2][-1]
    assert 'id="unknown-cells"' in the_map(probability)
    assert "unknown – not “dry”" in the_map(probability)
    everywhere_known = np.where(np.isnan(probability), 0.0, probability).astype(np.float32)
    assert 'id="unknown-cells"' not in the_map(everywhere_known)


def test_the_map_of_a_year_and_those_of_a_level_say_which_they_are() -> None:
    terrain, probability = coast.observations("real").terrain, coast.hazard_arrays()[2]
    annual = annual_probability(probability, coast.PERIODS).at_least
    yearly = map_annual(coast.a_region(), terrain, annual)
    assert "in any one year" in yearly.svg
    assert all(label in yearly.svg for label in ANNUAL_LABELS)
    assert 'id="unknown-cells"' in yearly.svg
    assert "when the sea reaches its 100-year level" in the_map(probability[-1])


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
    assert middle_damage_state(assets)[0] == UNKNOWN_ASSET


@given(st.lists(st.floats(0.01, 1.0), min_size=5, max_size=5))
def test_an_asset_counts_as_damaged_if_and_only_if_damage_has_an_even_chance(weights: list[float]) -> None:
    states = np.array(weights) / sum(weights)
    assume(abs(states[1:].sum() - 0.5) > 1e-9)
    assets = coast.impact().assets.iloc[:1].assign(**{f"damage_state_{k}": states[k] for k in range(5)})
    assert (middle_damage_state(assets)[0] > 0) == (states[1:].sum() >= 0.5)


def test_a_map_names_the_largest_places_in_english_and_none_over_another() -> None:
    region = coast.a_region()
    x, y = coast.PLACES.to_crs(region.crs).geometry[0].coords[0]
    places = gpd.GeoDataFrame(
        {
            "name": ["সেলা", "Too near", "বন্দর", "Bến Tre", "Outside"],
            "name_en": ["Sella", None, None, None, None],
        },
        geometry=[Point(x, y), Point(x + 30, y), Point(x, y + 900), Point(x + 1500, y), Point(x + 50_000, y)],
        crs=region.crs,
    )
    figure, axes = new_axes(WIDE, WIDE)
    name_places(axes, region, places, WIDE)
    assert [text.get_text() for text in axes.texts] == ["Sella", "Bến Tre"], (
        "the others overlap one, are in a script that the font does not hold, or lie off the map"
    )
    figure.clear()
    terrain, probability = coast.observations("real").terrain, coast.hazard_arrays()[2][-1]
    bare, named = (map_flood(region, terrain, probability, 100.0, None, places=each).svg for each in (None, places))
    assert len(named) > len(bare)
