"""What return levels rest on where the sea was never read."""

from strandline.risk.hazard.cyclones.cyclone_passages import NEAR
from strandline.risk.hazard.levels.cyclone_coast import years_between
from strandline.risk.hazard.levels.sampled_levels import Fact, LevelBasis, level_with_range
from strandline.risk.hazard.without_record import AssumedExtremes


def describe_assumed(found: AssumedExtremes, mean: float, return_periods: tuple[float, ...], tide: str) -> LevelBasis:
    """Summary, method and facts of levels that rest on no reading.

    Args:
        mean: assumed mean sea level [m, region datum].
        tide: where the tide is from, as a sentence.
    """
    rarest = level_with_range(mean + found.levels[:, -1])
    summary = (
        f"No reading of the sea was given. About once in {return_periods[-1]:g} years it may reach"
        f" {rarest}: what other coasts have, which nothing here confirms. Where lives depend on it,"
        " prepare for the upper number, and read a gauge."
    )
    small, usual, large = found.spread
    cyclones = {
        "by the basin": (
            f"Cyclones strike this coast, one in {years_between(found.cyclones_a_year)} within {NEAR:g} km, and its"
            f" rare levels rest on {found.simulated_from}, over a plain shelf that was not observed."
        ),
        "no tracks": "No cyclone tracks were given; where cyclones strike, rare levels may be higher still.",
    }.get(found.separation, "Cyclones pass, and their surges were not read: a heavier tail of all storms holds them.")
    method = (
        f"Levels rest on what surges do on other coasts: the spread of high waters about the tide is {usual:.2f} m"
        f" there ({small:.2f} to {large:.2f} m, 8 in 10 chance). {tide} {cyclones}"
    )
    facts: dict[str, Fact] = {
        "method": "prior of other coasts",
        "record_years": 0.0,
        "spread_of_skew_surges_m": found.spread,
        "cyclones_from_other_storms": found.separation,
        "causes": "cyclones and other storms" if found.separation == "by the basin" else "one population",
    }
    return LevelBasis(summary, method, facts)
