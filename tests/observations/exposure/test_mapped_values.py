"""Buildings of a map: no money without a price, and with one a range that holds what is not known."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, Point

from strandline.errors import InputError
from strandline.observations.fetch.source import PlannedFile
from strandline.observations.fetch.sources.buildings.floor_area import section_of
from strandline.observations.readers.exposure.assets import read_all_assets, read_assets
from strandline.observations.region import Region
from strandline.observations.region_file.planning_section import PlanningSection
from strandline.observations.region_file.prices.greatest_damage import greatest_damage, value_of_mapped
from strandline.observations.region_file.surveys.exposure_sections import AssetsSection
from strandline.planning.exposure.notes import embankment_notes, value_notes

REGION = Region("Koyra", "EPSG:32645", (735000, 2465000, 745000, 2475000), 200.0, "EGM2008", (735050, 2465050), "asia")
PRESET = PlanningSection(preset="bangladesh")
AREAS = (0.85 * 60, 60.0, 120.0)


def write(path: Path, count: int = 40) -> AssetsSection:
    """Buildings with the columns that a fetch writes: every second use is stated."""
    rng = np.random.default_rng(0)
    low, likely, high = AREAS
    uses = np.array(["residential", "residential", "commercial", "school"])[np.arange(count) % 4]
    frame = gpd.GeoDataFrame(
        {"asset_id": [f"b{n}" for n in range(count)], "asset_class": uses, "class_is_stated": np.arange(count) % 4 > 0,
         "floor_area_low": low, "floor_area": likely, "floor_area_high": high},
        geometry=[Point(*each) for each in rng.uniform((735100, 2465100), (736900, 2466900), (count, 2))],
        crs=REGION.crs,
    )  # fmt: skip
    frame.to_file(path, engine="pyogrio")
    section = section_of(
        PlannedFile("overture-buildings", "b.gpkg", "https://x", "buildings"), 2026, "Overture", "ODbL"
    )
    return AssetsSection.model_validate(dict(section.values) | {"path": str(path)})


def test_without_a_price_buildings_are_counted_and_money_is_not(tmp_path: Path) -> None:
    section = write(tmp_path / "b.gpkg")
    found = read_all_assets([section], REGION).value
    assert found["value"].isna().all()
    assert "value_low" not in found
    assert value_notes(found, PRESET.money) == ()
    many = found["count"].notna()
    assert found.loc[many, "count"].sum() == 30
    assert (~many).sum() == 10, "schools are named one by one"
    assert found["floor_area"].sum() == pytest.approx(40 * 60)


def test_with_a_preset_the_value_is_a_range_that_holds_every_material_and_the_widest_of_uses(tmp_path: Path) -> None:
    section = write(tmp_path / "b.gpkg")
    one_by_one = read_assets(section, REGION, PRESET).value
    low, value, high = (one_by_one[name].to_numpy() for name in ("value_low", "value", "value_high"))
    assert ((low < value) & (value < high)).all()
    unstated, home = high[0] / low[0], high[1] / low[1]
    assert unstated > home > 4, "an unknown use is wider than a known one"
    exact = greatest_damage(PRESET.preset_of_country, PRESET.prices)  # type: ignore[arg-type]
    for material in ("masonry", "rural", "informal"):
        worth = 60 * exact["residential", material].total
        assert low[1] <= worth <= high[1]
    for use in ("residential", "commercial", "industrial"):
        assert low[0] <= 60 * exact[use, "rural"].total <= high[0]
    grouped = read_all_assets([section], REGION, PRESET).value
    for name, whole in (("value_low", low), ("value", value), ("value_high", high)):
        assert grouped[name].sum() == pytest.approx(whole.sum())
    (note,) = value_notes(grouped, PRESET.money)
    assert "40 mapped buildings" in note
    assert "between" in note.lower() or " to " in note


def test_a_stated_material_and_a_stated_price_narrow_the_range() -> None:
    prices, preset = PRESET.prices, PRESET.preset_of_country
    assert preset is not None
    any_material, masonry = (value_of_mapped(preset, prices, each)["residential"] for each in (None, "masonry"))
    assert any_material[0] < masonry[0] < masonry[2] <= any_material[2]


def test_bounds_of_a_floor_area_that_do_not_hold_it_are_refused(tmp_path: Path) -> None:
    section = write(tmp_path / "b.gpkg")
    columns = section.columns.model_copy(update={"floor_area_high": "floor_area_low"})
    with pytest.raises(InputError, match="lies outside its bounds"):
        read_assets(section.model_copy(update={"columns": columns}), REGION)


def test_embankments_of_a_map_are_told_with_what_a_survey_of_crests_would_bring() -> None:
    lines = gpd.GeoDataFrame(
        {"asset_class": ["embankment", "embankment", "road"], "crest": [np.nan, 4.2, np.nan]},
        geometry=[LineString([(0, 0), (3000, 0)]), LineString([(0, 0), (9, 0)]), LineString([(0, 0), (1, 1)])],
    )
    (note,) = embankment_notes(lines, "EGM2008")
    assert note.startswith("One embankment, 3.0 km")
    assert "No height is assumed" in note
    assert "survey of the crests (metres above EGM2008" in note
    assert embankment_notes(lines.iloc[1:], "EGM2008") == ()
    assert embankment_notes(lines.drop(columns="crest"), "EGM2008")[0].startswith("2 embankments, 3.0 km")
