"""Fields under sea water: shares in closed form, bounds, outlines, and what the report says."""

import geopandas as gpd
import numpy as np
import pytest
from shapely import Point, box

from strandline.observations.observations import Provenance
from strandline.observations.region import Region
from strandline.pipeline.run_folder.value_files import decode, encode
from strandline.report.page.livelihoods import field_sentences
from strandline.risk.hazard.hazard import FutureHazard, Hazard
from strandline.risk.impact.fields import RECOVERY_YEARS, FieldLosses, SaltedFields, assess_fields
from strandline.risk.stage_damage.annual_probability import annual_probability

EDGE, SAMPLES = 10, 20
PERIODS = (2.0, 10.0, 100.0)
REGION = Region("Saltfield", "EPSG:32633", (0, 0, 1000.0, 1000.0), 100.0, "mean sea level", (50, 50), "asia")


def hazard(depth_west: float = 9.0, unknown_east: bool = False, extra: float = 0.0) -> Hazard:
    """The west half deep under water at every level, or drier; the east a hill that stays dry, or unknown."""
    levels = np.tile(np.array([1.0, 2.0, 3.0]) + extra, (SAMPLES, 1))
    depth = np.zeros((SAMPLES, 3, EDGE, EDGE), dtype=np.float32)
    depth[..., : EDGE // 2] = depth_west
    if unknown_east:
        depth[..., EDGE // 2 :] = np.nan
    wet = (depth >= 0.15).mean(axis=0, dtype=np.float32)
    wet = np.where(np.isnan(depth).any(axis=0), np.nan, wet).astype(np.float32)
    return Hazard(REGION, PERIODS, levels, depth, wet, wet.round(), 0 * wet, {"terrain": Provenance("simulated", "")})


def survey(*shapes: object, kind: str = "agriculture") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"asset_id": [f"f{n}" for n in range(len(shapes))], "asset_class": kind, "value": 1e3, "survey_year": 2020},
        geometry=list(shapes), crs=REGION.crs,
    )  # fmt: skip


HILL = np.full((EDGE, EDGE), 99.0)


def assessed(maps: Hazard, fields: gpd.GeoDataFrame, **given: object) -> FieldLosses:
    found = assess_fields([maps], fields, 2, np.random.default_rng(0), ground=HILL, **given)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_a_field_half_in_deep_water_counts_half() -> None:
    found = assessed(hazard(), survey(box(300, 0, 700, 500)))
    assert (found.fields, found.hectares) == (1, pytest.approx(20))
    np.testing.assert_allclose(found.at_design, (0.5, 0.5))
    (today,) = found.per_year
    whole = annual_probability(np.full(3, 0.5), PERIODS)
    np.testing.assert_allclose(today.fields, (float(whole.at_least), float(whole.at_most)))
    np.testing.assert_allclose(today.hectares, 20 * np.array(today.fields))


def test_unknown_ground_counts_as_dry_and_as_salted() -> None:
    found = assessed(hazard(unknown_east=True), survey(Point(150, 150), Point(850, 150)))
    np.testing.assert_allclose(found.at_design, (1, 2))


def test_no_field_is_salted_in_the_sea_of_most_years_and_higher_seas_count_from_there() -> None:
    levels, low = np.tile(np.array([1.0, 2.0, 3.0]), (SAMPLES, 1)), np.full((EDGE, EDGE), 0.5)

    def bathtub(sea: np.ndarray, periods: tuple[float, ...]) -> Hazard:
        depth = np.maximum(sea[..., None, None] - low, 0).astype(np.float32)
        wet = (depth >= 0.15).mean(axis=0, dtype=np.float32)
        return Hazard(REGION, periods, sea, depth, wet, wet, 0 * wet, {"terrain": Provenance("simulated", "")})

    often, fields = bathtub(levels[:, :1] - 0.1, (1.1,)), survey(Point(150, 150))
    known = assess_fields([bathtub(levels, PERIODS)], fields, 2, np.random.default_rng(0), ground=low, frequent=often)
    assert known is not None
    np.testing.assert_allclose(known.at_design, (1, 1))
    assert known.per_year[0].fields[1] < 0.75, "in the sea of ten of eleven years it is dry"
    assert known.per_year[0].fields[0] > 0


def test_points_have_no_hectares_and_the_report_says_so() -> None:
    found = assessed(hazard(), survey(Point(150, 150), Point(850, 150)))
    assert found.hectares == 0
    assert "How large they are is unknown" in " ".join(field_sentences(found, 100))
    drawn = assessed(hazard(), survey(box(0, 0, 200, 200)))
    assert "hectares a year" in " ".join(field_sentences(drawn, 100))


def test_no_more_fields_bear_less_than_there_are() -> None:
    (today,) = assessed(hazard(), survey(Point(150, 150))).per_year
    assert today.bear_less[0] == pytest.approx(today.fields[0] * RECOVERY_YEARS[0])
    assert today.bear_less[1] == 1, "three times as many fields as there are would be salted in three years"


def test_dry_fields_are_none_and_a_higher_sea_salts_no_fewer() -> None:
    fields = survey(Point(150, 150))
    dry = assessed(hazard(0.0), fields, futures=[FutureHazard("2100", 0.5, "assumed", hazard(9.0, extra=0.5))])
    today, later = dry.per_year
    assert today.fields[0] == 0
    assert later.fields[0] >= today.fields[0]
    assert later.fields[1] > 0
    assert "2100:" in " ".join(field_sentences(dry, 100))


def test_only_fields_count_and_without_any_the_report_says_that_harvests_are_unknown() -> None:
    assert assess_fields([hazard()], survey(Point(1, 1), kind="school"), 2, np.random.default_rng(0)) is None
    (told,) = field_sentences(None, 100)
    assert "unknown" in told


def test_field_losses_are_kept_between_stages() -> None:
    found = assessed(hazard(), survey(Point(150, 150)))
    assert decode(encode(found)) == found


def test_a_field_that_always_bears_less_does_so_on_every_day_of_the_year() -> None:
    always = SaltedFields("today", (1.0, 2.0), (0.0, 0.0), (1.0, 4.0))
    assert FieldLosses(4, 0.0, (1.0, 4.0), (always,)).salt_days == pytest.approx((365.25 / 4, 365.25))
