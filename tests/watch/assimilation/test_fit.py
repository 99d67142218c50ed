"""What the watch learns of a place: gauges that tell of its sea are heard, and what cannot be learned is said."""

from dataclasses import replace

import numpy as np
import pytest

from strandline.errors import RefusedByTheory
from strandline.pipeline.deployment import Deployment, GaugeSite
from strandline.pipeline.study_area import StudyArea
from strandline.uncertainty.forecaster import Forecaster
from strandline.watch.assimilation.fit import SeaLevelFit, fit
from strandline.watch.assimilation.spread_inflation import NO_INFLATION
from tests.fixtures.batches import MEAN_SEA_LEVEL, bell, hours, make_gauge, make_place
from tests.fixtures.watches import a_deployment

TIME = hours(60)
NEVER_ASKED = Forecaster((), {}, 1.0, 0.5, 0.5, None)


def learned(neighbours: int, known_hours: int) -> SeaLevelFit:
    """From two months of the own gauge, of its neighbours, and of the last of them only so many hours."""
    rng = np.random.default_rng(0)
    weather = np.convolve(rng.normal(0, 0.05, TIME.size + 23), np.full(24, 0.3), "valid")
    gauge = make_gauge(TIME, bell(TIME, list(TIME[200::300])) + weather, neighbours)
    gauge["water_level"][-1, known_hours:] = np.nan
    place = StudyArea(replace(make_place(60), tide_gauge=gauge))
    deployment: Deployment = a_deployment()
    sites = tuple(GaugeSite(f"gauge {i}", 15.0, 45.2, MEAN_SEA_LEVEL) for i in range(1 + neighbours))
    return fit(place, replace(deployment, gauges=sites), NEVER_ASKED)


def test_a_gauge_that_tells_of_the_sea_is_heard_and_one_that_was_hardly_read_is_named() -> None:
    known = learned(2, 100)
    assert [sensor.stream for sensor in known.model.sensors] == ["gauge 0", "gauge 1"]
    assert list(known.tides) == ["gauge 0", "gauge 1"]
    assert known.model.sensors[1].gain == pytest.approx(1.0, abs=0.1)
    assert known.model.sensors[1].ahead == 0
    note = next(note for note in known.notes if "gauge 2" in note)
    assert note.startswith("'gauge 2' is not heard: ")


def test_without_a_storm_to_learn_from_nobody_advises_and_the_belief_stays_as_wide_as_its_model() -> None:
    known = learned(1, TIME.size)
    (note,) = known.notes
    assert note.startswith("How wide the belief must be could not be learned (")
    assert known.sources == ()
    assert known.spread_inflation == NO_INFLATION


def test_an_own_gauge_that_was_hardly_read_is_refused() -> None:
    with pytest.raises(RefusedByTheory, match="cannot tell calm from storm; 500 can"):
        learned(0, 300)
