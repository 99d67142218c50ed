"""Breaches: documentation, maps, damage and plan say one thing about them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from geopandas.testing import assert_geodataframe_equal
from rasterio.io import MemoryFile

import tests.fixtures.reports as coast
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.scenarios import load_scenarios
from strandline.planning.measures import load_measures
from strandline.planning.plan import plan_adaptation
from strandline.planning.plan_schema import plan_to_json
from strandline.report.products import as_cog, write_all_drivers
from strandline.risk.hazard.hazard import BREACHES, NO_EMBANKMENT_COUNTS
from strandline.risk.hazard.joint.driver_floods import DriverFloods
from strandline.risk.impact.impact import assess_impact
from tests.fixtures.hazards import make_assets, make_hazard

ROOT = Path(__file__).parents[2]
PAGES = sorted(ROOT.glob("docs/concepts/*.md"))


def test_the_documentation_states_of_breaches_what_the_products_state() -> None:
    page = (ROOT / "docs/concepts/risk.md").read_text(encoding="utf-8")
    assert BREACHES in " ".join(page.split())


def test_no_asset_of_a_run_has_a_breach_that_its_flood_map_lacks() -> None:
    walls = make_assets().assign(asset_class="embankment", crest=1.0)
    table = assess_impact(make_hazard(samples=2), walls, "europe", np.random.default_rng(0)).assets
    assert not [name for name in table.columns if "breach" in name]
    assert (table["crest"] == 1.0).all()


@pytest.mark.parametrize("crest", [None, np.nan, 99.0])
def test_an_unknown_crest_stays_unknown_and_no_crest_moves_a_number(crest: float | None) -> None:
    walls = make_assets().assign(asset_class="embankment")
    surveyed = walls if crest is None else walls.assign(crest=crest)
    plain, found = (
        assess_impact(make_hazard(samples=2), each, "europe", np.random.default_rng(0)) for each in (walls, surveyed)
    )
    assert found.expected_annual_damage == plain.expected_annual_damage
    assert_geodataframe_equal(found.assets.drop(columns="crest", errors="ignore"), plain.assets)
    assert ("crest" in found.assets) == (crest is not None)
    written = [
        feature["properties"].get("crest") for feature in json.loads(found.assets.to_json(na="null"))["features"]
    ]
    assert set(written) == {99.0 if crest == 99.0 else None}
    plans = [
        plan_adaptation(
            make_hazard(samples=2), each, budget=None, economy=Economy(0.03, 50, 2025), measures=load_measures(),
            scenarios=load_scenarios(), mean_sea_level=0.0, rng=np.random.default_rng(0),
        )
        for each in (plain, found)
    ]  # fmt: skip
    first, second = (plan_to_json(plan) for plan in plans)
    notes = [one.pop("notes") for one in (first, second)]  # which name the embankments whose crest is unknown
    assert first == second
    assert (notes[0] == notes[1]) == (crest != 99.0)


def test_every_raster_states_what_is_in_it_of_breaches() -> None:
    hazard = coast.hazard("real")
    content = as_cog(hazard, hazard.flood_probability[:1], ["today"], "1", "probability")
    with MemoryFile(content) as file, file.open() as raster:
        assert raster.tags()["BREACHES"] == BREACHES


def test_the_map_of_all_drivers_claims_no_sampled_breach(tmp_path: Path) -> None:
    hazard = replace(coast.hazard("real"), breaches="Breaches are sampled.")
    none = np.zeros(hazard.region.shape, dtype=np.float32)
    floods = DriverFloods(
        hazard.region, ("sea", "rain"), none, none, none, none, np.stack([none] * 2), None, None, 12.0, 240
    )
    write_all_drivers(tmp_path / "all.tif", hazard, floods)
    with rasterio.open(tmp_path / "all.tif") as raster:
        assert raster.tags()["BREACHES"] == NO_EMBANKMENT_COUNTS


def test_the_plan_states_what_is_in_it_of_breaches() -> None:
    hazard, rng = make_hazard(samples=2), np.random.default_rng(0)
    impact = assess_impact(hazard, make_assets().iloc[4:5], "europe", rng)  # of unknown damage: nothing to appraise
    plan = plan_adaptation(
        hazard, impact, budget=None, economy=Economy(0.03, 50, 2025), measures=load_measures(),
        scenarios=load_scenarios(), mean_sea_level=0.0, rng=rng,
    )  # fmt: skip
    assert plan.notes.count(BREACHES) == 1


@pytest.mark.parametrize("word", ["likely breached", "breach_per_year", "breach_probability"])
def test_no_page_promises_a_breach_of_a_named_embankment(word: str) -> None:
    assert not [page.name for page in PAGES if word in page.read_text(encoding="utf-8")]
