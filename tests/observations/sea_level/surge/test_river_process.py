"""A river of known hydrograph: its response to rain is recovered, and what its readings let expect is a closed form."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view

from strandline.errors import RefusedByTheory
from strandline.observations.sea_level.surge.residual_process import predict_residual, weights_of_readings
from strandline.observations.sea_level.surge.river_process import RATING_POWER, READ, RiverProcess, fit_river_process
from tests.fixtures.river_mouth import RISE, UNIT_HYDROGRAPH, flow, rain
from tests.fixtures.windy_gauge import HOURS

pytestmark = pytest.mark.slow

TRAINED = 3600
ISSUES = np.arange(TRAINED + 200, HOURS - 100, 13)


@pytest.fixture(scope="module")
def river() -> RiverProcess:
    return fit_river_process("made up", flow()[:TRAINED], rain()[:TRAINED], is_stage=False)


def known(values: np.ndarray) -> np.ndarray:
    return sliding_window_view(values, READ)[ISSUES - READ + 1].copy()


def around(values: np.ndarray) -> np.ndarray:
    return sliding_window_view(values, 222)[ISSUES - READ + 1].copy()


def test_the_unit_hydrograph_is_recovered(river: RiverProcess) -> None:
    assert river.response is not None
    by_lag = river.response.by_lag[0, ::-1][6:] * river.scale / river.response.columns[0].scale  # lags from 0 h on
    true = np.zeros(by_lag.size)
    true[: UNIT_HYDROGRAPH.size] = 100 * RISE / 4 * UNIT_HYDROGRAPH
    assert by_lag.sum() == pytest.approx(true.sum(), rel=0.1)
    assert np.corrcoef(by_lag[:48], true[:48])[0, 1] > 0.95
    assert abs(int(by_lag.argmax()) - 12) <= 4


def test_known_rain_halves_the_error_a_day_ahead(river: RiverProcess) -> None:
    truth = around(flow())
    wet, _ = river.expect(known(flow()), around(rain()))
    blind, _ = replace(river, response=None).expect(known(flow()), around(rain()))
    at = READ - 1 + 24
    assert np.std(wet[:, at] - truth[:, at]) < 0.5 * np.std(blind[:, at] - truth[:, at])


def test_what_was_read_is_expected_and_old_readings_are_less_sure(river: RiverProcess) -> None:
    mean, doubt = river.expect(known(flow()), around(rain()))
    np.testing.assert_allclose(mean[:, 72:READ], known(flow())[:, 72:], atol=0.02 * river.scale)
    assert (doubt[:, : READ + 66] == 0).all(), "later hours would need rain of more than three days ahead"
    gone, doubts = known(flow()), []
    for hours in (3, 30, 60):
        gone[:, -hours:] = np.nan
        mean, doubt = river.expect(gone, around(rain()))
        assert np.isfinite(mean).all()
        doubts.append(doubt[:, READ + 5].mean())
    assert 0 < doubts[0] < doubts[1] < doubts[2]
    gone[:, -72:] = np.nan
    assert np.isnan(river.expect(gone, around(rain()))[0]).all(), "a river that is silent for three days is not known"


def test_unknown_rain_adds_doubt_and_dry_is_what_readings_alone_say(river: RiverProcess) -> None:
    assert river.response is not None
    unknown = around(rain())
    unknown[:, READ:] = np.nan
    assert (river.expect(known(flow()), unknown)[1][:, READ + 24] > 0).all()
    one, two = around(rain()), around(np.roll(rain(), 40))
    expected = [river.expect(known(flow()), each)[0] for each in (one, two, 0.5 * (one + two))]
    np.testing.assert_allclose(expected[2], 0.5 * (expected[0] + expected[1]), atol=1e-6 * river.scale)
    mean = np.full_like(one, river.response.columns[0].mean)
    np.testing.assert_allclose(river.expect(known(flow()), river.dry(one))[0], river.expect(known(flow()), mean)[0])


def test_the_weights_of_readings_with_gaps_give_the_conditional_mean_and_deviation(river: RiverProcess) -> None:
    rng = np.random.default_rng(0)
    own, seen = rng.standard_normal((6, 72)), rng.random((6, 72)) < 0.7
    weights, deviation = weights_of_readings(seen, river.covariance, 150)
    mean, spread = predict_residual(
        torch.from_numpy(own),
        torch.from_numpy(seen),
        torch.from_numpy(river.covariance).expand(6, -1),
        torch.zeros(6, 150, 0, dtype=torch.float64),
    )
    np.testing.assert_allclose(np.einsum("mc,mch->mh", own * seen, weights), mean, atol=1e-7)
    np.testing.assert_allclose(deviation, spread, atol=1e-7)


def test_a_level_is_a_flow_by_its_rating() -> None:
    stage = 2.0 + (flow() / 50) ** (1 / RATING_POWER)
    found = fit_river_process("made up", stage[:TRAINED], None, is_stage=True)
    assert found.lowest == pytest.approx(stage[:TRAINED].min())
    np.testing.assert_allclose(found.flow(np.array([found.lowest - 1, found.lowest, found.lowest + 8.0])), [0, 0, 32.0])
    assert np.corrcoef(found.flow(stage), flow())[0, 1] > 0.95


@pytest.mark.parametrize("readings", [np.full(500, 3.0), np.full(500, np.nan)])
def test_readings_that_never_differ_are_refused(readings: np.ndarray) -> None:
    with pytest.raises(RefusedByTheory, match="made up"):
        fit_river_process("made up", readings, None, is_stage=False)
