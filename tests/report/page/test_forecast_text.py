"""What the report says of the forecast that it shows, and of the width of its range."""

from dataclasses import replace

import pandas as pd
import pytest

from strandline.report.alerts.forecast_trace import ForecastTrace
from strandline.report.findings import SurgeScores
from strandline.report.page.forecast_text import forecast_sentences, range_sentence, range_verdict

SCORES = SurgeScores(0.09, 0.99, 6336, coverage_90_in_storms=0.97, storms=8, peaks_above=1, peaks_below=0)


def a_trace(reading: float) -> ForecastTrace:
    """A forecast of 1.36 to 1.83 m at its peak, 24 hours ahead."""
    issue = pd.Timestamp("2026-07-15T08:00")
    time = pd.date_range(issue, periods=25, freq="h")
    p50 = pd.Series(range(25)) / 24 * 1.59
    rows = pd.DataFrame({"time": time, "p10": p50 - 0.23, "p50": p50, "p90": p50 + 0.24, "observed": p50})
    rows.loc[24, "observed"] = reading
    return ForecastTrace(rows, issue, None)


@pytest.mark.parametrize(
    ("reading", "verdict"),
    [(1.93, "this forecast failed, it would have warned of too little"), (1.6, "within the range of that hour")],
)
def test_a_reading_above_the_range_is_called_a_failure(reading: float, verdict: str) -> None:
    text = " ".join(forecast_sentences(a_trace(reading), SCORES)).replace("\u00a0", " ")
    assert verdict in text
    assert ("failed" in text) == (reading > 1.83)


def test_the_reader_learns_how_often_forecasts_fail_in_storms_and_how_this_one_was_chosen() -> None:
    text = " ".join(forecast_sentences(a_trace(1.93), SCORES)).replace("\u00a0", " ")
    assert "of the highest readings of 8 storms that the model was not trained on, 1 lay above the range" in text
    assert "it was not chosen by its forecast" in text
    assert "8 storms" not in " ".join(forecast_sentences(a_trace(1.93), SurgeScores(0.1, 0.9, 10)))


@pytest.mark.parametrize(
    ("whole", "stormy", "words"),
    [
        (0.99, 0.97, "in the stormiest tenth of the hours: it is wider than needed."),
        (0.99, 0.80, "it is wider than needed in all hours together, and too narrow in storms."),
        (0.91, None, "contained 91 %: it is about as wide as it should be."),
        (0.70, 0.60, "it is too narrow."),
    ],
)
def test_the_width_of_the_range_is_judged_in_words_in_storms_apart(
    whole: float, stormy: float | None, words: str
) -> None:
    found = range_sentence(replace(SCORES, coverage_90=whole, coverage_90_in_storms=stormy)).replace("\u00a0", " ")
    assert words in found
    assert "calibrated" not in found


def test_a_range_that_is_too_narrow_in_storms_is_called_so_whatever_it_holds_on_calm_days() -> None:
    """A tile said "95 %: wider than needed" of a range that held 58 % of the stormiest hours."""
    verdict = range_verdict(replace(SCORES, coverage_90=0.95, coverage_90_in_storms=0.58)).replace("\u00a0", " ")
    assert verdict == "too narrow in storms (58 %)"
    assert range_verdict(replace(SCORES, coverage_90=0.99, coverage_90_in_storms=0.97)) == "wider than needed"
    assert range_verdict(replace(SCORES, coverage_90=0.5, coverage_90_in_storms=None)) == "too narrow"
