"""Few annual maxima, and published lists of levels."""

import numpy as np
import pytest
from scipy import stats

from strandline.errors import InputError
from strandline.risk.hazard.return_levels import PublishedLevels, levels_of
from strandline.risk.hazard.short_maxima import draw_posterior, fit_annual_maxima, needs_prior, sample_posterior

pytestmark = pytest.mark.slow


def maxima(count: int, seed: int) -> np.ndarray:
    return np.asarray(stats.genextreme.rvs(0.05, 1.5, 0.15, count, random_state=seed))


def test_two_six_and_nine_annual_maxima_give_a_hundred_year_level_whose_range_holds_the_truth() -> None:
    truth = stats.genextreme.isf(0.01, 0.05, 1.5, 0.15)
    for count in (2, 6, 9):
        inside, widths = 0, []
        for seed in range(30):
            years = np.arange(2000.0, 2000.0 + count)
            fit = fit_annual_maxima(maxima(count, seed), years, source="a harbour", trend=False)
            tails = sample_posterior(fit, 200, np.random.default_rng(seed))
            low, high = np.quantile(levels_of(tails, (10.0, 100.0))[:, 1], [0.05, 0.95])
            inside += low <= truth <= high
            widths.append(high - low)
        assert inside >= 24, count
    assert np.median(widths) < 1.5


def test_a_long_list_needs_no_prior_and_a_short_one_or_a_rare_level_does() -> None:
    assert not needs_prior(25.0, 100.0)
    assert needs_prior(24.0, 100.0)
    assert needs_prior(9.0, 10.0)
    with pytest.raises(InputError, match="a single annual maximum"):
        fit_annual_maxima(np.array([1.0]), np.array([2000.0]), source="a harbour", trend=False)


def test_the_posterior_of_many_maxima_is_their_likelihood() -> None:
    location, scale, _ = draw_posterior(maxima(400, 1), 300, np.random.default_rng(0))
    assert np.median(location) == pytest.approx(1.5, abs=0.04)
    assert np.median(scale) == pytest.approx(0.15, abs=0.03)


def listed(**changes: object) -> PublishedLevels:
    given = {
        "periods": np.array([2.0, 10.0, 100.0]), "levels": np.array([1.0, 1.4, 2.0]), "low": None, "high": None,
        "chance": 0.9, "epoch": None, "source": "a model of the world",
    }  # fmt: skip
    return PublishedLevels(**{**given, **changes})  # type: ignore[arg-type]


def test_a_published_list_keeps_its_levels_and_bounds() -> None:
    rng = np.random.default_rng(0)
    bounded = listed(low=np.array([0.9, 1.2, 1.5]), high=np.array([1.1, 1.7, 3.0]))
    found = bounded.sample((10.0, 100.0), 0.0, 2020.0, 8000, rng)
    np.testing.assert_allclose(np.quantile(found, [0.05, 0.5, 0.95], axis=0)[:, 1], [1.5, 2.0, 3.0], atol=0.05)
    assert (np.diff(found, axis=1) >= 0).all()


def test_a_list_without_bounds_is_wide_and_wider_beyond_its_periods() -> None:
    found = listed().sample((100.0, 1000.0), 0.0, 2020.0, 4000, np.random.default_rng(0))
    widths = np.diff(np.quantile(found, [0.05, 0.95], axis=0), axis=0)[0]
    assert 1.4 < widths[0] < 1.9
    assert widths[1] > 1.3 * widths[0]
