"""Damage from depth: closed forms and invariants; unknown never becomes zero."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from shapely import LineString, Point

from strandline.errors import InputError
from strandline.risk.impact.impact import assess_impact
from strandline.risk.impact.survey_age import states_where_outdated
from strandline.risk.stage_damage.damage_chain import damage_ratios, draw_curve_deviates
from strandline.risk.stage_damage.damage_draws import DamageDraws
from strandline.risk.stage_damage.expected_annual_damage import frequency_weights
from strandline.risk.stage_damage.exposure import asset_shares, overlay_exposure
from strandline.risk.stage_damage.protection import Protection
from strandline.risk.stage_damage.vulnerability import damage_ratio
from tests.fixtures.hazards import REGION, RETURN_PERIODS, make_assets, make_hazard


def test_log_linear_rule_gives_delft_fiats_number() -> None:
    assert frequency_weights(RETURN_PERIODS) @ [0, 5, 12, 30, 60, 100] == pytest.approx(5.27, abs=0.005)


def test_log_linear_rule_equals_numerical_integration_over_frequency() -> None:
    periods, damages = (2.0, 7.0, 40.0, 300.0), [1.0, 3.0, 20.0, 21.0]
    value, _ = integrate.quad(
        lambda f: np.interp(np.log(1 / f), np.log(periods), damages), 1 / 300, 1 / 2, points=[1 / 7, 1 / 40], limit=200
    )
    assert frequency_weights(periods) @ damages == pytest.approx(value + 21 / 300, rel=1e-8)


def test_trapezoid_rule_in_closed_form() -> None:
    assert frequency_weights((2, 10), "trapezoid") @ [0, 10] == pytest.approx((0.5 - 0.1) * 5 + 0.1 * 10)
    with pytest.raises(InputError, match="known: log_linear, trapezoid"):
        frequency_weights((2, 10), "simpson")  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.lists(st.floats(1.5, 500), min_size=1, max_size=7, unique=True), st.sampled_from(["log_linear", "trapezoid"]))
def test_constant_damage_occurs_as_often_as_the_first_return_period(periods: list[float], rule) -> None:
    # Also: weights are never negative, so that more damage at any return period never means less a year.
    ascending = tuple(sorted(periods))
    if min(np.diff(ascending), default=1) < 1e-3:
        return
    weights = frequency_weights(ascending, rule)
    assert weights.sum() == pytest.approx(1 / ascending[0])
    assert (weights >= -1e-12).all()


def test_return_periods_out_of_order_are_refused() -> None:
    with pytest.raises(InputError, match="do not ascend"):
        frequency_weights((10, 2))


def test_shares_follow_area_and_length_and_sum_to_one() -> None:
    shares = asset_shares(make_assets(), REGION).toarray()
    assert shares.sum(axis=1) == pytest.approx(1.0)
    height, width = REGION.shape
    field = shares[2, :-1].reshape(height, width)
    assert field[5:7, 1:3] == pytest.approx(0.25)
    road = shares[3, :-1].reshape(height, width)
    assert road[2, 1:6] == pytest.approx([0.125, 0.25, 0.25, 0.25, 0.125])
    assert shares[5, -1] == 1.0


def test_a_line_along_a_cell_edge_still_counts_once_and_a_half_outside_line_is_half_unknown() -> None:
    assets = make_assets().iloc[[3, 3]].copy()
    assets["geometry"] = [LineString([(100, 300), (300, 300), (300, 450)]), LineString([(900, 250), (1100, 250)])]
    shares = asset_shares(assets, REGION).toarray()
    assert shares.sum(axis=1) == pytest.approx(1.0)
    assert shares[1, -1] == pytest.approx(0.5)
    ratio = damage_ratios(make_hazard().flood_depth[0], overlay_exposure(assets, REGION), "europe", np.zeros(6))
    assert np.isfinite(ratio[0]).all()
    assert np.isnan(ratio[1]).all()


def test_a_point_takes_the_damage_of_its_cell() -> None:
    hazard, assets = make_hazard(), make_assets()
    ratio = damage_ratios(hazard.flood_depth[3], overlay_exposure(assets, REGION), "europe", np.zeros(6))
    depth = hazard.flood_depth[3, :, 3, 1]
    assert ratio[0] == pytest.approx(damage_ratio(depth, "residential", "europe"))


def test_assets_on_unknown_cells_or_without_value_are_counted_and_never_zero() -> None:
    impact = assess_impact(make_hazard(), make_assets(), "europe", np.random.default_rng(0))
    table = impact.assets.set_index("asset_id")
    for name in ("hidden", "outside"):
        row = table.loc[name].drop(["asset_class", "value", "survey_year", "geometry"]).astype(float)
        assert row.isna().all()
    assert np.isnan(table.loc["priceless", "expected_annual_damage_mean"])
    assert table.loc["priceless", "damage_state_0"] < 1.0
    assert impact.unknown_assets == 3
    assert impact.unknown_value == 1.3e6


def test_the_total_is_nan_when_no_asset_is_known() -> None:
    impact = assess_impact(make_hazard(), make_assets().iloc[[4, 5, 6]], "europe", np.random.default_rng(0))
    assert np.isnan(impact.expected_annual_damage.mean)
    assert np.isnan(impact.frequent.at_most)
    assert impact.unknown_assets == 3


def test_bounds_are_ordered_and_damage_states_are_probabilities() -> None:
    impact = assess_impact(make_hazard(), make_assets(), "europe", np.random.default_rng(0))
    total = impact.expected_annual_damage
    assert 0 < total.p10 < total.p50 < total.p90
    assert total.p10 < total.mean < total.p90
    known = impact.assets[impact.assets["damage_state_0"].notna()]
    assert known[[f"damage_state_{k}" for k in range(5)]].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert known["expected_annual_damage_mean"].iloc[0] > known["expected_annual_damage_mean"].iloc[1]


def test_without_spread_the_chain_gives_the_closed_form() -> None:
    hazard = make_hazard(samples=1)
    assets = make_assets().iloc[[0]]
    samples = DamageDraws((hazard,), overlay_exposure(assets, REGION), "europe", np.zeros((1, 6))).annual_damage()
    damages = 200e3 * damage_ratio(hazard.flood_depth[0, :, 3, 1], "residential", "europe")
    assert samples[0, 0] == pytest.approx(frequency_weights(RETURN_PERIODS) @ damages)


def test_the_curve_error_is_shared_within_a_class() -> None:
    hazard, assets = make_hazard(samples=400), make_assets().iloc[[0, 0, 7]].copy()
    still = replace(hazard, flood_depth=np.repeat(hazard.flood_depth[:1], 400, axis=0))
    deviates = draw_curve_deviates(400, np.random.default_rng(1))
    still = replace(still, levels=np.repeat(hazard.levels[:1], 400, axis=0))
    samples = DamageDraws((still,), overlay_exposure(assets, REGION), "europe", deviates).annual_damage()
    correlation = np.corrcoef(samples.T)
    assert correlation[0, 1] == pytest.approx(1.0)
    assert abs(correlation[0, 2]) < 0.15


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.floats(0.0, 2.0))
def test_a_higher_sea_never_means_less_damage(rise: float) -> None:
    hazard, exposure = make_hazard(samples=3), overlay_exposure(make_assets(), REGION)
    higher = replace(hazard, flood_depth=hazard.flood_depth + np.float32(rise))
    deviates = draw_curve_deviates(3, np.random.default_rng(2))
    now = DamageDraws((hazard,), exposure, "europe", deviates).annual_damage()
    then = DamageDraws((higher,), exposure, "europe", deviates).annual_damage()
    known = ~np.isnan(now)
    assert np.array_equal(known, ~np.isnan(then))
    assert (then[known] >= now[known] - 1e-6).all()


def test_an_embankment_keeps_lower_seas_out_but_not_rarer_ones_and_not_the_unknown() -> None:
    hazard, exposure = make_hazard(samples=1), overlay_exposure(make_assets(), REGION)
    deviates = np.zeros((1, 6))
    draws = DamageDraws((hazard,), exposure, "europe", deviates)
    behind = draws.annual_damage([Protection(crest=99.0)])
    worst = damage_ratios(hazard.flood_depth[0], exposure, "europe", deviates[0])[:, -1] * exposure.value
    assert behind[0, :4] == pytest.approx(worst[:4] / 100)
    assert np.isnan(behind[0, 4])
    today, low = draws.annual_damage(), draws.annual_damage([Protection(crest=-9.0)])
    assert low[0] == pytest.approx(today[0], nan_ok=True)


def test_raised_homes_and_warnings_act_on_their_classes_only() -> None:
    hazard, exposure = make_hazard(samples=1), overlay_exposure(make_assets(), REGION)
    deviates = np.zeros((1, 6))
    draws = DamageDraws((hazard,), exposure, "europe", deviates)
    today = draws.annual_damage()[0]
    raised = Protection(raised={"residential": 9.0})
    lifted = draws.annual_damage([raised])[0]
    assert lifted[0] == 0.0
    assert lifted[2] == today[2]
    warned = Protection(avoided_share={"commercial": 0.3})
    with_warning = draws.annual_damage([warned])[0]
    assert with_warning[7] == pytest.approx(0.7 * today[7])
    assert with_warning[0] == today[0]
    with pytest.raises(InputError, match="shares lie in 0 to 1"):
        Protection(avoided_share={"commercial": 1.3})


def test_the_students_damage_states_replace_the_curves_where_the_flood_is_known() -> None:
    own = np.full((8, 5), np.nan)
    own[[0, 4]] = [0.1, 0.2, 0.3, 0.4, 0.0]  # a house, and a shop on the unknown cell
    plain = assess_impact(make_hazard(), make_assets(), "europe", np.random.default_rng(0))
    with_states = assess_impact(make_hazard(), make_assets(), "europe", np.random.default_rng(0), own_states=own)
    states = [f"damage_state_{k}" for k in range(5)]
    assert with_states.assets[states].iloc[0].tolist() == own[0].tolist()
    assert with_states.assets[states].iloc[7].tolist() == plain.assets[states].iloc[7].tolist()
    assert with_states.assets[states].iloc[4].isna().all()
    assert with_states.assets["state_source"].fillna("").tolist() == ["student", *["curve"] * 3, "", "", *["curve"] * 2]
    assert with_states.expected_annual_damage == plain.expected_annual_damage
    with pytest.raises(InputError, match=r"own_states: have shape \(1, 5\)"):
        assess_impact(make_hazard(), make_assets(), "europe", np.random.default_rng(0), own_states=own[:1])


def test_the_students_states_are_used_where_the_survey_is_outdated_and_its_curves_were_in_training() -> None:
    assets = make_assets().assign(survey_year=[2015] * 3 + [2016] + [2026] * 4)
    predicted = np.random.default_rng(1).dirichlet(np.ones(5), (6, 8))  # (R, A, 5)
    hazard = replace(make_hazard(), damage_states=predicted)
    own = states_where_outdated(hazard, assets, 2026, 50.0, "asia")
    assert own is not None
    np.testing.assert_array_equal(own[:3], predicted[4, :3])
    assert np.isnan(own[3:]).all()  # ten years old is not more than ten
    assert states_where_outdated(hazard, assets, 2026, 50.0, "europe") is None
    assert states_where_outdated(make_hazard(), assets, 2026, 50.0, "asia") is None


def test_wrong_assets_and_periods_are_refused() -> None:
    hazard, rng = make_hazard(), np.random.default_rng(0)
    with pytest.raises(InputError, match="200 is not in the hazard"):
        assess_impact(hazard, make_assets(), "europe", rng, design_return_period=200)
    with pytest.raises(InputError, match="reproject"):
        assess_impact(hazard, make_assets().to_crs("EPSG:32632"), "europe", rng)
    with pytest.raises(InputError, match="columns \\['value'\\] are missing"):
        assess_impact(hazard, make_assets().drop(columns="value"), "europe", rng)
    negative = make_assets()
    negative.loc[0, "value"] = -1.0
    with pytest.raises(InputError, match="negative or infinite"):
        assess_impact(hazard, negative, "europe", rng)
    empty = make_assets()
    empty.loc[0, "geometry"] = Point()
    with pytest.raises(InputError, match="no geometry"):
        assess_impact(hazard, empty, "europe", rng)


def test_a_hazard_with_wrong_shapes_or_negative_depths_is_refused() -> None:
    hazard = make_hazard()
    with pytest.raises(InputError, match=r"need \(S, R, H, W\)"):
        replace(hazard, flood_depth=hazard.flood_depth[:, :3])
    with pytest.raises(InputError, match="negative depths"):
        replace(hazard, flood_depth=hazard.flood_depth - 1)
    with pytest.raises(InputError, match="not ascending"):
        replace(hazard, return_periods=RETURN_PERIODS[::-1])
    with pytest.raises(InputError, match="leaves 0 to 1"):
        replace(hazard, flood_probability=hazard.flood_probability + 1)
    with pytest.raises(InputError, match="flood_probability is"):
        replace(hazard, flood_probability=hazard.flood_probability[:, :3])
    with pytest.raises(InputError, match="gaps"):
        replace(hazard, levels=hazard.levels * np.nan)
    with pytest.raises(InputError, match="N a multiple of 20 samples"):
        replace(hazard, drawn_levels=np.ones((30, 6)))
