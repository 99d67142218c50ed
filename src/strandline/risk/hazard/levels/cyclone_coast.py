"""What the extremes of a cyclone coast rest on, in words."""


def cyclone_coast_sentence(source: str) -> str:
    """One sentence on simulated storms; ``source`` says what they are."""
    return f"Cyclones strike this coast, and its rare levels rest on {source}, as well as on what was read here."


def years_between(a_year: float) -> str:
    """The mean time between two of so many a year [a-1], in words."""
    years = 1.0 / max(a_year, 1e-9)
    if years < 1.5:
        return f"{max(round(12 * years), 1)} months"
    return f"{years:.1f} years" if years < 10 else f"{years:.0f} years"
