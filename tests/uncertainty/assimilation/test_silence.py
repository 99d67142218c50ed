"""Blind is not calm: the spread of a forecast does not fall because nothing is heard."""

from itertools import pairwise

import numpy as np
import pytest

from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS
from strandline.uncertainty.assimilation.filter import Residual, SeaModel
from strandline.uncertainty.assimilation.forecast import forecast
from strandline.uncertainty.assimilation.gauge_model import own_sensor
from strandline.uncertainty.assimilation.sea_state import NO_DATA_HOURS, initial_sea_state, update_sea_state
from strandline.uncertainty.assimilation.spread_inflation import SpreadInflation
from strandline.uncertainty.assimilation.surge_process import SurgeProcess

START, HOUR = np.datetime64("2024-01-01T00", "h"), np.timedelta64(1, "h")
WITH_OWN, WITHOUT = np.linspace([1.0, 1.4], [1.6, 2.0], HORIZON_HOURS + 1, axis=1)
INFLATION = SpreadInflation(
    np.stack([np.broadcast_to(each, (2, 2, 2, each.size)) for each in (WITH_OWN, WITHOUT, WITHOUT)]), np.zeros((12, 2))
)


@pytest.mark.parametrize("rise", [0.0, 0.01, 0.03])
def test_neither_width_nor_the_chance_of_a_storm_level_falls_at_the_hour_at_which_data_run_out(rise: float) -> None:
    process = SurgeProcess(np.array([1.3, -0.34]), np.array([0.02, 0.1]), np.array([[0.98, 0.02], [0.02, 0.98]]))
    state = initial_sea_state(SeaModel(process, (own_sensor("own", process),)), START)
    for hour in range(1, 49):
        now = START + hour * HOUR
        state = update_sea_state(state, now, [Residual("own", now, max(0.0, rise * (hour - 36)))])
    widths, chances = [], []
    for hour in range(49, 49 + NO_DATA_HOURS + 24):
        state = update_sea_state(state, START + hour * HOUR, [])
        if hour < 49 + NO_DATA_HOURS - 6:
            continue
        issued = forecast(state, (), INFLATION)
        low, high = np.quantile(issued.bounds.residual, (0.05, 0.95), axis=0)
        widths.append(high - low)
        chances.append((issued.chances.residual.max(axis=1) >= 0.5).mean())
    narrowest = np.array([after / before for before, after in pairwise(widths)]).min(axis=0)
    assert (narrowest > 0.85).all(), "from hour to hour; before, it fell by half when data had been missing for a day"
    assert min(after - before for before, after in pairwise(chances)) > -0.05
