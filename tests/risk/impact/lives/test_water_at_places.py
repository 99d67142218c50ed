"""Water at places: known levels, and ground that fits the sea of most years."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from strandline.risk.impact.lives.water_at_places import MARGIN, WaterAtPlaces

LEVELS = np.array([1.0, 2.0, 4.0])
GROUND = np.array([-1.0, 0.7, 0.95, 1.5])
KNOWN = np.zeros(4, dtype=bool)


def bathtub() -> WaterAtPlaces:
    return WaterAtPlaces.of(LEVELS, (np.maximum(LEVELS[None] - GROUND[:, None], 0.0), KNOWN), GROUND)


def test_in_the_sea_of_most_years_a_place_is_as_wet_as_its_map_says_but_never_deeper_than_is_lived_with() -> None:
    fitted = bathtub().lived_with(1.0, 2.0, 0.5)
    mapped = np.array([2.0, 0.3, 0.05, 0.0])
    allowed = [0.5 - MARGIN, mapped[1], 0.15 - MARGIN, 0.15 - MARGIN]
    np.testing.assert_allclose(fitted.at(3.0).most, allowed)
    np.testing.assert_allclose(fitted.at(4.0).most, np.array(allowed) + 1.0, err_msg="a higher sea is that much deeper")


@given(st.floats(-3, 3), st.floats(0, 6))
def test_fitting_never_adds_water(error: float, level: float) -> None:
    plain, fitted = bathtub(), bathtub().lived_with(1.0, error, 0.5)
    assert (fitted.at(level).most <= plain.at(level).most).all()
    assert (fitted.at(level).least <= fitted.at(level).most).all()
    assert (fitted.at(1.0 + error).most < 0.5).all()
