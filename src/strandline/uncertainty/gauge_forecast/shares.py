"""What each driver brings to the residual that is expected: an exact sum, since every answer is linear."""

from collections.abc import Iterator

import numpy as np

from strandline.observations.arrays import Floats, Mask
from strandline.observations.sea_level.surge.surge_forecast import is_driven
from strandline.observations.sea_level.surge.weather_response import WeatherResponse, driver_of
from strandline.uncertainty.residual_forecaster import CONTEXT_HOURS, LONGEST_LEAD, ResidualForecaster, Situation


def answered_by(forecaster: ResidualForecaster, situation: Situation) -> Iterator[tuple[WeatherResponse, Mask]]:
    """Each response with the (N, 73) hours that it answers; the readings alone answer the others."""
    waiting = np.ones((len(situation), LONGEST_LEAD + 1), dtype=bool)
    for each in forecaster.responses if situation.weather is not None else ():
        part = situation.of_columns(forecaster.columns_of(each.response))
        assert part.weather is not None
        known = is_driven(each.response, part.weather)[:, CONTEXT_HOURS - 1 :] & waiting
        waiting &= ~known
        yield each.response, known


def shares_of(forecaster: ResidualForecaster, situation: Situation, dry: Situation) -> dict[str, Floats]:
    """(N, 73) parts of the expected residual [m] by ``tide`` (what its fit missed), drivers and ``readings``.

    Args:
        dry: the same situation, with the flow of rivers as their readings alone let expect it. What rivers bring beyond
            it is of the rain.
    """
    mean, _ = forecaster.moments(situation)
    first = CONTEXT_HOURS - 1
    drivers = ["weather", "rain", "river"]
    columns = () if forecaster.response is None else forecaster.response.columns
    has_rain = any(driver_of(column) == "river" for column in columns) and dry is not situation
    present = {driver_of(column) for column in columns} | ({"rain"} if has_rain else set())
    found = {name: np.zeros(mean.shape) for name in ("tide", *(name for name in drivers if name in present))}
    answered = np.zeros(mean.shape, dtype=bool)
    for response, hours in answered_by(forecaster, situation):
        at = forecaster.columns_of(response)
        answer, by_readings = (_answers(response, each.of_columns(at))[:, first:] for each in (situation, dry))
        for number, column in enumerate(response.columns):
            found[driver_of(column)] += np.where(hours, by_readings[..., number], 0.0)
            if driver_of(column) == "river" and has_rain:
                found["rain"] += np.where(hours, answer[..., number] - by_readings[..., number], 0.0)
        found["tide"] += np.where(hours, (situation.tide_modes @ response.tide_shift)[:, first:], 0.0)
        answered |= hours
    if forecaster.response is not None:
        shift = (situation.tide_modes @ forecaster.response.tide_shift)[:, first:]
        found["tide"] += np.where(answered, 0.0, shift)
    found["readings"] = mean - sum(found.values())
    return found


def _answers(response: WeatherResponse, situation: Situation) -> Floats:
    """(N, 144, C) mean answer of the members to each column; what is not known counts as its mean, as in a forecast."""
    assert situation.weather is not None
    scaled = response.scaled(situation.weather)
    unknown = np.array(np.isnan(scaled).any(axis=2))
    filled = np.where(unknown[:, :, None], 0.0, scaled)
    return response.answer_by_column(filled.mean(axis=2))
