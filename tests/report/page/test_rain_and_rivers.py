"""What the report says of floods by all drivers: areas, parts, damage, and what else counts the sea alone."""

from dataclasses import replace

import numpy as np

from strandline.observations.region_file.prices.money import EUR_2010
from strandline.report.page.rain_and_rivers import all_driver_sentences, in_words
from strandline.risk.expectation import Expectation
from strandline.risk.hazard.hazard import NO_EMBANKMENT_COUNTS
from strandline.risk.hazard.joint.driver_floods import DriverFloods
from tests.fixtures.batches import REGION


def floods() -> DriverFloods:
    """100 cells of 1 ha that flood in every second year: 20 ha as usual, 20 by the sea and 10 by rain."""
    chance = np.zeros(REGION.shape, dtype=np.float32)
    chance[:10, :10] = 0.5
    shares = np.stack([0.4 * chance, 0.2 * chance])
    money = Expectation.of(np.array([1e6, 3e6]), 2)
    return DriverFloods(
        REGION, ("sea", "rain"), chance, 0.5 * chance, 1.5 * chance, 0.8 * chance, shares, money, money, 12.0, 240,
        np.array([[1e5, 2e5], [3e5, 0.0]], dtype=np.float32),
    )  # fmt: skip


def test_areas_and_parts_are_those_of_the_maps() -> None:
    text = " ".join(all_driver_sentences(floods(), EUR_2010)).replace("\u202f", " ").replace("\xa0", " ")
    assert "the sea and rain, alone and together" in text
    assert "On average 50 ha of land floods in a year (25 to 75 ha); by the sea alone it would be 40 ha" in text
    assert "20 ha of it floods though nothing is higher than usual" in text
    assert "67 % comes from the sea, 33 % comes from rain" in text
    assert "evacuations start by all of them while their forecasts arrive" in text
    assert "The plan counts the damage and the lives by all of them" in text
    assert "All other maps and tables of this report count the sea alone where they do not say otherwise" in text
    assert "rough guide" in text
    assert "To the damage a year by the sea alone they add €300,000" in text
    assert NO_EMBANKMENT_COUNTS in text


def test_without_a_survey_no_damage_is_stated() -> None:
    text = " ".join(all_driver_sentences(replace(floods(), damage_of_land=None), EUR_2010))
    assert "damage a year" not in text


def test_drivers_are_named_in_words() -> None:
    assert in_words(("sea", "rain", "river")) == "the sea, rain and the river"
