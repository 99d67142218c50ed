"""The products of a run hold its results, and each is written whole or not at all."""

import errno
import json
import os
import resource
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from shapely import get_parts

import tests.fixtures.reports as coast
from strandline.errors import InputError
from strandline.files import write_atomically, write_text
from strandline.observations.fetch.credits.data_files import DataFile
from strandline.pipeline.run_folder.generations import NOT_ALWAYS
from strandline.pipeline.run_folder.media_types import MEDIA_TYPES
from strandline.report.catalogues.place_names import PLACE_NAMES_FILE
from strandline.report.findings import RunResults, SeaLevelRiseScenario
from strandline.report.page.narrative import beyond_maps_sentences, lead_answers
from strandline.report.page.page import render_page
from strandline.report.products import as_json, return_levels, summarise, write_products
from strandline.report.radar_scenes import RADAR_SCENES_FILE
from strandline.risk.stage_damage.annual_probability import annual_probability

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results() -> RunResults:
    return coast.results("simulated")


@pytest.fixture(scope="module")
def folder(results: RunResults, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    write_products(out, results)
    return out


def test_every_file_is_there_and_nothing_unfinished_beside_it(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == coast.PRODUCT_FILES


@pytest.mark.usefixtures("without_pictures")
def test_each_radar_scene_has_a_row_and_an_unknown_sea_is_empty_and_no_zero(folder: Path, results: RunResults) -> None:
    first, second = pd.read_csv(folder / "radar_scenes.csv").to_dict(orient="records")
    assert (first["time"], first["sea_level"], first["sea_level_sd"]) == ("2022-11-10T05:04:00Z", 0.61, 0.03)
    assert np.isnan(second["sea_level"])
    assert np.isnan(second["share_wet"])
    summary = json.loads((folder / "summary.json").read_text())["radar_scenes"]
    assert [scene["sea_level"] for scene in summary] == [0.61, None]
    assert RADAR_SCENES_FILE in MEDIA_TYPES  # of the files that the dashboard serves
    page = render_page(results)
    assert page.count("Radar scenes and the sea at their hour") == 1
    assert "Not used: the sea at its hour is unknown" in page
    assert "Radar scenes and" not in render_page(replace(results, radar_scenes=()))


def test_the_probability_raster_reads_back_unchanged(folder: Path, results: RunResults) -> None:
    region, expected = results.hazard.region, results.hazard.flood_probability
    with rasterio.open(folder / "flood_probability.tif") as raster:
        assert raster.crs == region.crs
        assert raster.transform == region.transform
        assert np.isnan(raster.nodata)
        assert raster.descriptions[-1] == "today, given the 100-year sea level"
        assert raster.tags()["PROVENANCE"] == "simulated"
        assert raster.tags(1)["UNIT"] == "1"
        assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        np.testing.assert_array_equal(raster.read(), expected)
        assert raster.read(1, masked=True).mask.sum() == np.isnan(expected[0]).sum() > 0


def test_a_probability_given_a_level_and_that_of_a_year_say_which_they_are(folder: Path, results: RunResults) -> None:
    for name in ("flood_probability", "flood_depth", "flooded", "flood_disagreement"):
        with rasterio.open(folder / f"{name}.tif") as raster:
            assert raster.tags()["QUANTITY"].endswith("given the T-year sea level")
            assert all(", given the " in band for band in raster.descriptions)
    with rasterio.open(folder / "annual_flood_probability.tif") as raster:
        assert raster.descriptions == ("today, in any one year, at least", "today, in any one year, at most")
        tags, bands = raster.tags(), raster.read()
    assert tags["UNIT"] == "1/yr"
    assert "given" not in tags["QUANTITY"]
    assert "integral over the yearly exceedance probability 1/T" in tags["METHOD"]
    expected = annual_probability(results.hazard.flood_probability, results.hazard.return_periods)
    np.testing.assert_allclose(bands, [expected.at_least, expected.at_most], rtol=1e-6)
    np.testing.assert_array_equal(np.isnan(bands[0]), np.isnan(results.hazard.flood_probability[0]))


@pytest.mark.parametrize("name", ["flood_extent", "epistemic_sd"])
def test_flood_extent_and_epistemic_sd_read_back_unchanged(folder: Path, results: RunResults, name: str) -> None:
    file = {"flood_extent": "flooded.tif", "epistemic_sd": "flood_disagreement.tif"}[name]
    with rasterio.open(folder / file) as raster:
        assert raster.descriptions[-1] == "today, given the 100-year sea level"
        np.testing.assert_array_equal(raster.read(), getattr(results.hazard, name))


def test_the_depth_raster_holds_the_quantiles_of_each_return_period(folder: Path, results: RunResults) -> None:
    with rasterio.open(folder / "flood_depth.tif") as raster:
        bands = raster.read()
        names, unit = raster.descriptions, raster.tags(1)["UNIT"]
    assert unit == "m"
    assert names[3:6] == tuple(f"today, given the 5-year sea level, p{quantile}" for quantile in (10, 50, 90))
    samples = np.sort(results.hazard.flood_depth[:, 1, 20, 10])  # (S,) of one cell; S = 24
    middle = (samples[11] + samples[12]) / 2
    assert bands[4, 20, 10] == pytest.approx(middle, abs=1e-6)
    assert np.isnan(bands[:, 0, 47]).all(), "the unsurveyed corner stays unknown"


def test_a_cell_unknown_in_one_sample_is_unknown(tmp_path: Path, results: RunResults) -> None:
    depth = results.hazard.flood_depth.copy()
    depth[7, :, 20, 10] = np.nan
    write_products(tmp_path, replace(results, hazard=replace(results.hazard, flood_depth=depth)))
    with rasterio.open(tmp_path / "flood_depth.tif") as raster:
        assert np.isnan(raster.read()[:, 20, 10]).all()


def test_assets_are_in_degrees_and_their_unknowns_are_null(folder: Path, results: RunResults) -> None:
    text = (folder / "assets.geojson").read_text()
    collection = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert "crs" not in collection, "RFC 7946 knows no other reference system"
    assert collection["provenance"] == "simulated"
    unknown = [f for f in collection["features"] if f["properties"]["expected_annual_damage_mean"] is None]
    assert len(unknown) == results.impact.unknown_assets == 1
    back = gpd.read_file(StringIO(text)).to_crs(results.hazard.region.crs)
    expected = results.impact.assets
    assert back.geometry.distance(expected.geometry, align=False).max() < 0.05
    rings = [part.exterior for part in get_parts(gpd.read_file(StringIO(text)).geometry) if part.geom_type == "Polygon"]
    assert rings
    assert all(ring.is_ccw for ring in rings), "RFC 7946: exterior rings run counter-clockwise"


def test_names_of_places_are_in_degrees_the_largest_first_with_whose_they_are(
    tmp_path: Path, results: RunResults
) -> None:
    file = DataFile("osm.gpkg", "place_names", "a fetch", "ODbL-1.0", "© OpenStreetMap contributors")
    cited = replace(results.observations, files=(file, replace(file, used_for="assets", licence="MIT")))
    places = coast.PLACES.to_crs(results.hazard.region.crs)
    write_products(tmp_path, replace(results, observations=cited, place_names=places))
    assert {path.name for path in tmp_path.iterdir()} == coast.PRODUCT_FILES | {PLACE_NAMES_FILE}
    assert {PLACE_NAMES_FILE} <= MEDIA_TYPES.keys() & set(NOT_ALWAYS)
    text = (tmp_path / PLACE_NAMES_FILE).read_text(encoding="utf-8")
    collection = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert (collection["licence"], collection["credits"]) == ("ODbL-1.0", ["© OpenStreetMap contributors"])
    town, hamlet = (each["properties"] for each in collection["features"])
    assert town == {"name": "সেলা", "kind": "town", "population": 4100.0, "name_en": "Sella"}
    assert hamlet == {"name": "Borgo", "kind": "hamlet", "population": None, "name_en": None}
    assert collection["features"][0]["geometry"]["coordinates"] == pytest.approx([12.835, 45.60], abs=1e-5)


def test_a_run_without_a_named_place_leaves_no_file_of_names(folder: Path, tmp_path: Path, results: RunResults) -> None:
    assert not (folder / PLACE_NAMES_FILE).exists()
    write_products(tmp_path, replace(results, place_names=coast.PLACES.iloc[:0]))
    assert not (tmp_path / PLACE_NAMES_FILE).exists()


def test_a_gap_is_an_empty_field_and_times_are_utc(folder: Path, results: RunResults) -> None:
    text = (folder / "surge.csv").read_text()
    assert text.splitlines()[0] == "issue_time,time,lead_h,p10,p50,p90,observed,tide"
    assert text.splitlines()[1].startswith("2022-11-21T18:00:00Z,2022-11-21T18:00:00Z,0.0000,")
    back = pd.read_csv(StringIO(text))
    assert back["observed"].isna().sum() == results.surge["observed"].isna().sum() > 0
    np.testing.assert_allclose(back["p50"], results.surge["p50"], atol=5e-5)


def test_return_levels_are_the_quantiles_of_the_samples(folder: Path, results: RunResults) -> None:
    table = pd.read_csv(folder / "return_levels.csv")
    assert table["return_period"].tolist() == list(coast.PERIODS)
    np.testing.assert_allclose(table["p50"], np.median(results.hazard.levels, axis=0), atol=5e-5)
    levels = return_levels(results.hazard)
    assert (levels["p10"] <= levels["p50"]).all()
    assert (levels["p50"] <= levels["p90"]).all()


def test_the_plan_names_its_proposal_its_scenarios_and_its_pathways(folder: Path) -> None:
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    assert plan["portfolio"]["kinds"] == ["home_raise"]
    assert [future["sea_level"] for future in plan["scenarios"]] == ["SSP1-1.9", "SSP1-1.9", "SSP5-8.5", "SSP5-8.5"]
    assert plan["pathways"]["steps"][1]["tipping_point"]["years"]["SSP5-8.5"] == [2045, 2055, 2065]
    assert "home_raise[1] raise_embankment[1] 80" in (folder / "pathways-sequence.txt").read_text(encoding="utf-8")
    text = (folder / "plan.md").read_text(encoding="utf-8")
    for part in (
        "Build together: **Raise homes",
        "Who: the owners",
        "Protects: 3 assets, 9 people",
        "4 of 4",
        "at 0.1 to 0.2 m of rise (2045 to 2090)",
        "0.4 to 0.8 m or more of rise (after 2100)",
        "0.2 m (limit 0.1 to 0.2 m)",
        "Amounts are in EUR in prices of 2010",
    ):
        assert part in text  # fmt: skip


def test_the_summary_holds_every_headline_number(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text(), parse_constant=lambda name: pytest.fail(name))
    assert summary["provenance"] == "simulated"
    assert {"teacher_iou", "student_iou", "labels_only_iou", "retention", "gap_closed"} <= set(summary["flood"])
    assert {"rmse", "coverage_90"} <= set(summary["surge"])
    assert {"mean", "standard_error", "p10", "p50", "p90", "draws"} <= set(summary["impact"]["expected_annual_damage"])
    assert (summary["plan"]["n_actions"], summary["plan"]["n_triggers"]) == (3, 1)
    assert summary["headlines"]["proposal_net_present_value"]["mean"] == 1.3e6
    assert summary["seconds"]["total"] == pytest.approx(sum(v for k, v in summary["seconds"].items() if k != "total"))
    assert summary["seeds"] == {"coast": 11, "student": 3}
    assert summary["commit"] == "0123abc"
    assert summary["flood"]["unknown_share"] == pytest.approx(90 / 1920)


def test_every_headline_has_its_error_its_unit_and_its_kinds_of_data(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    headlines = summary["headlines"]
    assert {"sea_level", "land_under_water", "expected_annual_damage", "forecast_error"} < set(headlines)
    for name, number in headlines.items():
        assert number["unit"], name
        assert number["provenance"] == ["simulated"], name
        if name != "forecast_error":
            assert number["standard_error"] > 0, name
            assert number["p10"] <= number["p50"] <= number["p90"], name
    table = summary["return_levels"][-1]
    assert headlines["sea_level"]["p50"] == pytest.approx(table["p50"]), "one number for one quantity"
    damage = {key: headlines["expected_annual_damage"][key] for key in summary["impact"]["expected_annual_damage"]}
    assert damage == summary["impact"]["expected_annual_damage"]


@pytest.mark.usefixtures("without_pictures")
def test_an_amount_from_seas_above_the_maps_is_called_at_least(results: RunResults) -> None:
    higher = replace(results.hazard, levels=results.hazard.levels + 0.5)
    future = SeaLevelRiseScenario(
        "in 2050", 0.5, "made up", higher, coast.amount(1.0e6, 2.0e6, 3.0e6), share_beyond_maps=0.4
    )
    bounded = replace(results, impact=replace(results.impact, share_beyond_maps=0.2), rise_scenarios=(future,))
    page = render_page(bounded).replace("\u00a0", " ")
    for part in (
        "Floods cost at least €",
        "at least €2.0 million",
        "20 % of it come from seas",
        "40 % of it come from",
    ):
        assert part in page
    negligible = replace(results, impact=replace(results.impact, share_beyond_maps=0.001))
    assert "at least" not in str(lead_answers(negligible, return_levels(negligible.hazard)))
    assert beyond_maps_sentences([0.001]) == []


@pytest.mark.usefixtures("without_pictures")
def test_the_layer_of_any_one_year_and_damage_start_at_the_same_level(tmp_path: Path, results: RunResults) -> None:
    often = replace(
        results.hazard,
        return_periods=(1.1,),
        **{name: getattr(results.hazard, name)[:, :1] for name in ("levels", "flood_depth")},
        **{name: getattr(results.hazard, name)[:1] for name in ("flood_probability", "flood_extent", "epistemic_sd")},
    )
    with_often = replace(results, frequent=often)
    assert f"below the {results.impact.frequent.return_period:g}-year level counts as dry" in render_page(with_often)
    write_products(tmp_path, with_often)
    with rasterio.open(tmp_path / "annual_flood_probability.tif") as raster:
        assert raster.tags()["RETURN_PERIODS"].startswith("1.1, 2")
        at_least, at_most = raster.read()
    wet = results.hazard.flood_probability[0] > 0.5
    assert (at_least[wet] > 0.45).all(), "a cell that floods at the 1.1-year level floods in ten of eleven years"
    assert (at_most[wet] <= 1.0 + 1e-6).all()


def test_one_simulated_source_makes_the_run_simulated() -> None:
    real = coast.results("real")
    assert summarise(real)["provenance"] == "real"
    mixed = replace(real, hazard=coast.hazard("simulated"))
    assert summarise(mixed)["provenance"] == "simulated"
    assert summarise(mixed)["provenance_of"] == {
        "flood": ["simulated"], "surge": ["real"], "levels": ["real"], "assets": ["real", "simulated"],
        "plan": ["real", "simulated"], "learning": ["real"],
    }  # fmt: skip


def test_what_is_undefined_is_null_in_json() -> None:
    assert as_json({"a": float("nan"), "b": (np.float64("inf"), np.int64(3), None, True)}) == {
        "a": None, "b": [None, 3, None, True],
    }  # fmt: skip


def test_results_without_the_columns_of_a_forecast_are_refused(results: RunResults) -> None:
    with pytest.raises(InputError, match=r"\['tide'\]"):
        replace(results, surge=results.surge.drop(columns="tide"))


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def break_off() -> None:
        with write_atomically(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("writes_that_fit", [0, 1, 3, 5, 8, 10])
def test_a_full_disk_names_the_file_and_leaves_whole_products_only(
    tmp_path: Path, results: RunResults, folder: Path, monkeypatch: pytest.MonkeyPatch, writes_that_fit: int
) -> None:
    true_fsync, calls = os.fsync, []

    def full_disk(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) > 2 * writes_that_fit:  # a file and its folder are forced to disk each time
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        true_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(
        InputError, match=r"(tif|csv|geojson|json|md|toml|txt): cannot be written \(No space left on device\)"
    ):
        write_products(tmp_path, results)
    monkeypatch.undo()
    left = {path.name for path in tmp_path.iterdir()}
    assert len(left) == writes_that_fit
    assert left <= coast.PRODUCT_FILES
    for name in left:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_a_real_limit_of_the_system_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(b"old")
    code = (
        "import sys; from pathlib import Path; from strandline.files import write_bytes\n"
        "from strandline.errors import StrandlineError\n"
        "try:\n    write_bytes(Path(sys.argv[1]), bytes(1_000_000))\n"
        "except StrandlineError as error:\n    print(error); sys.exit(2)\n"
    )
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # noqa: E731
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], preexec_fn=limit, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "large.bin: cannot be written (File too large)" in done.stdout
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["large.bin"]


@pytest.mark.usefixtures("without_pictures")
def test_a_sea_level_rise_scenario_adds_its_bands_and_a_row_on_the_page(tmp_path: Path, results: RunResults) -> None:
    higher = replace(results.hazard, levels=results.hazard.levels + 0.5)
    scenario = SeaLevelRiseScenario("in 2050", 0.5, "a made-up source", higher, coast.amount(1.0e6, 2.0e6, 3.0e6))
    with_scenario = replace(results, rise_scenarios=(scenario,))
    write_products(tmp_path, with_scenario)
    periods = len(results.hazard.return_periods)
    with rasterio.open(tmp_path / "flood_probability.tif") as raster:
        assert raster.count == 2 * periods
        assert raster.descriptions[periods] == "in 2050, given the 2-year sea level"
    page = render_page(with_scenario)
    assert "If the sea rises" in page
    assert "a made-up source" in page
    assert "If the sea rises" not in render_page(results)
    assert "land sinks" not in page


@pytest.mark.usefixtures("without_pictures")
def test_a_map_on_land_after_subsidence_says_so_in_its_layers_and_on_the_page(
    tmp_path: Path, results: RunResults
) -> None:
    name = "SSP2-4.5, 2060, land 0.68 m lower"
    sunk = SeaLevelRiseScenario(name, 0.93, "a made-up source", results.hazard, coast.amount(1.0e6, 2.0e6, 3.0e6), 0.68)
    with_scenario = replace(results, rise_scenarios=(sunk,))
    write_products(tmp_path, with_scenario)
    for file in ("flood_probability.tif", "flooded.tif", "flood_depth.tif"):
        with rasterio.open(tmp_path / file) as raster:
            assert f"{name}, given the 2-year sea level" in raster.descriptions[raster.count // 2]
    page = render_page(with_scenario)
    assert "Of it, land sinks" in page
    assert "levels count from the land of today" in page
