"""What return levels rest on that are published: annual maxima, or a list of levels."""

from collections.abc import Sequence

import numpy as np

from strandline.observations.arrays import Floats
from strandline.risk.hazard.extremes import ReturnLevelFit, maxima_at_epoch
from strandline.risk.hazard.levels.highest_reading import HighestReading
from strandline.risk.hazard.levels.sampled_levels import Fact, LevelBasis, level_with_range, zero_sentences
from strandline.risk.hazard.return_levels import PublishedLevels, levels_of
from strandline.risk.hazard.short_maxima import needs_prior


def describe_published(
    fit: ReturnLevelFit,
    tails: Sequence[ReturnLevelFit],
    return_periods: tuple[float, ...],
    year: float,
    zero_error: float = 0.0,
    zero: Floats | float = 0.0,
) -> LevelBasis:
    """Summary, method and facts of levels from published annual maxima.

    Args:
        fit: on the sea of ``year`` (`return_levels.at_year`); ``tails``: samples of it (`return_levels.sample_tails`).
        zero_error: deviation of the record's zero from the terrain's [m].
        zero: (S,) its error in each sample [m].
    """
    raised = maxima_at_epoch(fit)
    risen = not np.isnan(fit.reference_year)
    top = int(raised.argmax())
    rate = np.array([tail.exceedances_a_year(float(raised[top])) for tail in tails])
    when = f"{fit.years[top]:.0f}, at the sea of {year:.0f}"
    highest = HighestReading(float(raised[top]), when, rate, fit.record_years)
    sentences = [
        f"A GEV distribution fitted to {fit.record_years:.0f} years of {fit.source}"
        + (
            ", too few to speak alone: they update what is known of other coasts."
            if needs_prior(fit.record_years, return_periods[-1])
            else "."
        ),
        f"Their rise of {1000 * fit.trend:.1f} mm a year was taken out and carried on; levels are those of {year:.0f}."
        if risen
        else "No rise of the sea was taken out of them; they were raised to the sea of"
        f" {year:.0f} by the rise of the global mean (IPCC AR6 WG1).",
        "Storms of all causes are one population, because annual maxima do not state theirs.",
        *zero_sentences(zero_error),
    ]
    facts: dict[str, Fact] = {
        "method": "published annual maxima",
        "zero_error_m": zero_error,
        "record_years": fit.record_years,
        "epoch": year,
        "mean_sea_level_trend_m_per_year": fit.trend if risen else None,
        "mean_sea_level_trend_from": "the record" if risen else "the global mean",
        "causes": "one population",
        **highest.facts,
    }
    return LevelBasis(
        highest.summary(levels_of(tails, return_periods)[:, -1] + zero, return_periods[-1]), " ".join(sentences), facts
    )


def describe_list(published: PublishedLevels, samples: Floats, return_periods: tuple[float, ...]) -> LevelBasis:
    """Summary, method and facts of a published list of levels.

    Args:
        samples: (S,) of the rarest level [m, region datum].
    """
    summary = (
        f"About once in {return_periods[-1]:g} years the sea reaches {level_with_range(samples)}, as published; no"
        " reading here was compared with it. Where lives depend on it, prepare for the upper number."
    )
    method = (
        f"Levels are those of {published.source}, from {published.periods[0]:g} to {published.periods[-1]:g} years."
    )
    if not published.states_bounds:
        method += " It states no bounds; the range is assumed, and wide."
    if return_periods[-1] > published.periods[-1] or return_periods[0] < published.periods[0]:
        method += " Levels beyond are carried on along the logarithm of the period, and are wider."
    facts: dict[str, Fact] = {
        "method": "published return levels",
        "record_years": 0.0,
        "states_bounds": published.states_bounds,
        "causes": "as published",
    }
    return LevelBasis(summary, method, facts)
