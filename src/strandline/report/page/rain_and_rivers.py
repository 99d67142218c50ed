"""What the report says of floods by rain and rivers, beside those of the sea."""

from strandline.observations.region_file.prices.money import MoneyUnit
from strandline.planning.formatting import format_area, format_area_between, format_mean, format_percent
from strandline.risk.expectation import Expectation
from strandline.risk.hazard.hazard import NO_EMBANKMENT_COUNTS
from strandline.risk.hazard.joint.driver_floods import DriverFloods

NAMES = {"sea": "the sea", "rain": "rain", "river": "the river"}
LEAST_PART = 0.005
"""Part of the flooded area below which a driver counts as bringing none of it [-]."""


def in_words(names: tuple[str, ...]) -> str:
    """``the sea, rain and the river``."""
    words = [NAMES[name] for name in names]
    return f"{', '.join(words[:-1])} and {words[-1]}"


def all_driver_sentences(floods: DriverFloods, money: MoneyUnit) -> list[str]:
    """How much floods in a year by all drivers, which part each brings, and the damage."""
    whole, parts = floods.area(floods.chance), [floods.area(each) for each in floods.shares]
    by_sea, together = floods.area(floods.by_sea), in_words(floods.drivers)
    low, high = floods.area(floods.low), floods.area(floods.high)
    sentences = [
        f"This map counts floods by {together}, alone and together. It rests on {floods.record_years:.0f} years in"
        f" which all were observed, with {floods.events} events; floods that are rarer than the record is long are"
        " extrapolated.",
        f"On average {format_area(whole)} of land floods in a year ({format_area_between(low, high)}); by the sea alone"
        f" it would be {format_area(by_sea)}.",
    ]
    total = sum(max(part, 0.0) for part in parts)
    if total > 0:
        shares = [
            f"{format_percent(part / total)} comes from {NAMES[name]}"
            for name, part in zip(floods.drivers, parts, strict=True)
            if part / total >= LEAST_PART
        ]
        usual = max(whole - total, 0.0)
        often = f"{format_area(usual)} of it floods though nothing is higher than usual. Of the rest, "
        sentences.append(
            f"{often if usual >= LEAST_PART * whole else 'Of it, '}{', '.join(shares)}. Where two come together, each"
            " counts for what it adds. These parts are a rough guide: on simulated coasts maps of floods that no"
            " image showed overlapped with the truth by 0.59 where it rained, 0.47 by the sea and 0.31 by rivers."
        )
    if floods.damage_of_land is not None:
        added = floods.damage_of_land.sum(axis=1).astype(float)
        sentences.append(
            f"To the damage a year by the sea alone they add {format_mean(Expectation.of(added, len(added)), money)};"
            " what is not known of ground and assets is left out."
        )
    sentences.append(NO_EMBANKMENT_COUNTS)
    sentences.append(
        "The plan counts the damage and the lives by all of them, and evacuations start by all of them while their"
        " forecasts arrive. All other maps and tables of this report count the sea alone where they do not say"
        " otherwise."
    )
    return sentences
