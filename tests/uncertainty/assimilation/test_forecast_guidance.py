"""How far a forecast counts, without and with a forecast of the weather."""

import numpy as np
import pytest

from strandline.observations.sea_level.harmonic_tide import fit_tide
from strandline.uncertainty.assimilation.fit import GaugeRecord, GaugeTide, fit_sea_level
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast, ForecastSource

EVERY, STORMS = 300, 10
HOURS = np.arange(EVERY * STORMS)
TIME = np.datetime64("2001-01-01", "ns") + HOURS.astype("timedelta64[h]")
TIDE = 0.5 * np.cos(2 * np.pi * HOURS / 12.42)
LEADS = np.arange(0, 49, 3)


@pytest.mark.slow
def test_a_source_counts_for_more_where_it_knows_the_weather() -> None:
    """Without the weather it says what the last reading says; with it, it knows the residual to within 5 cm."""
    rng = np.random.default_rng(3)
    residual = np.convolve(rng.normal(0, 0.03, HOURS.size), np.exp(-np.arange(80) / 10.0), mode="same")
    peaks = list(range(EVERY // 2, HOURS.size, EVERY))
    for peak in peaks:
        residual += rng.uniform(0.5, 1.0) * np.exp(-(((HOURS - peak) / 8.0) ** 2))

    def by_reading(hours: np.ndarray) -> list[ExternalForecast | None]:
        at = np.searchsorted(TIME, hours)
        return [
            ExternalForecast(TIME[now].astype("datetime64[h]"), LEADS, faded, np.full(LEADS.size, 0.25))
            for now, faded in zip(at, residual[at, None] * np.exp(-LEADS / 8.0), strict=True)
        ]

    def by_weather(hours: np.ndarray) -> list[ExternalForecast | None]:
        return [
            ExternalForecast(
                TIME[now].astype("datetime64[h]"),
                LEADS,
                np.interp(now + LEADS, HOURS, residual),
                np.full(LEADS.size, 0.05),
                knows_weather=True,
            )
            for now in np.searchsorted(TIME, hours)
        ]

    tide = fit_tide(TIME, TIDE, 10.0, name="own", source="made up")
    every = np.ones(HOURS.size, dtype=bool)
    fitted = fit_sea_level(
        TIME,
        [GaugeRecord("own", 10.0, TIDE + residual)],
        GaugeTide(tide.constants, tide.mean),
        every,
        peaks,
        every,
        {"forecaster": by_reading},
        from_own_gauge=("forecaster",),
        with_weather={"forecaster": by_weather},
    )
    assert fitted.notes == ()
    (source,) = fitted.sources
    assert source.with_weather <= 1.0
    assert source.inflation >= 2 * source.with_weather


def test_an_error_is_inflated_lead_by_lead_by_what_was_known_of_the_weather() -> None:
    now = np.datetime64("2001-02-01T00", "h")
    told = ExternalForecast(now, np.array([3, 24]), np.zeros(2), np.full(2, 0.1), np.array([True, False]))
    guidance = ForecastSource("forecaster", 3.0, 0.5).guidance_from(told, now)
    assert guidance is not None
    np.testing.assert_allclose(np.sqrt(np.diag(guidance.error)), [0.05, 0.3])
    only_informed = ForecastSource("forecaster", np.inf, 0.5).guidance_from(told, now)
    assert only_informed is not None
    assert only_informed.leads.tolist() == [3]
    assert ForecastSource("forecaster", np.inf, np.inf).guidance_from(told, now) is None
