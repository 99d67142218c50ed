"""The fit to a site's record: usable gauges are fitted, and what cannot be fitted is noted."""

from dataclasses import replace

import numpy as np
import pytest

from strandline.errors import RefusedByTheory
from strandline.pipeline.deployment import Deployment, GaugeSite
from strandline.pipeline.study_area import StudyArea
from strandline.uncertainty.assimilation.fit import SeaLevelFit
from strandline.uncertainty.assimilation.spread_inflation import NO_INFLATION
from strandline.uncertainty.forecaster import Forecaster
from strandline.watch.assimilation.fit import fit
from tests.fixtures.batches import MEAN_SEA_LEVEL, bell, hours, make_gauge, make_observations
from tests.fixtures.watches import a_deployment

TIME = hours(60)
UNUSED = Forecaster((), 1.0, 0.5, 0.5, None)


def fit_record(neighbours: int, known_hours: int) -> SeaLevelFit:
    """Fit to two months of the own gauge and its neighbours; of the last one only the first hours are fitted."""
    rng = np.random.default_rng(0)
    surge = np.convolve(rng.normal(0, 0.05, TIME.size + 23), np.full(24, 0.3), "valid")
    gauge = make_gauge(TIME, bell(TIME, list(TIME[200::300])) + surge, neighbours)
    gauge["water_level"][-1, known_hours:] = np.nan
    study_area = StudyArea(replace(make_observations(60), tide_gauge=gauge))
    deployment: Deployment = a_deployment()
    sites = tuple(GaugeSite(f"gauge {i}", 15.0, 45.2, MEAN_SEA_LEVEL) for i in range(1 + neighbours))
    return fit(study_area, replace(deployment, gauges=sites), UNUSED)


def test_a_gauge_with_a_record_is_fitted_and_one_without_is_noted() -> None:
    fitted = fit_record(2, 100)
    assert [sensor.stream for sensor in fitted.model.sensors] == ["gauge 0", "gauge 1"]
    assert list(fitted.tides) == ["gauge 0", "gauge 1"]
    assert fitted.model.sensors[1].gain == pytest.approx(1.0, abs=0.1)
    assert fitted.model.sensors[1].ahead == 0
    note = next(note for note in fitted.notes if "gauge 2" in note)
    assert note.startswith("'gauge 2' is not used: ")


def test_without_a_storm_there_is_no_forecast_source_and_no_inflation() -> None:
    fitted = fit_record(1, TIME.size)
    (note,) = fitted.notes
    assert note.startswith("The spread of the forecast could not be calibrated (")
    assert fitted.sources == ()
    np.testing.assert_array_equal(fitted.spread_inflation.factors, NO_INFLATION.factors)
    assert (fitted.spread_inflation.storm_bounds[:, 1] > 0).all()  # of the record's highest levels


def test_an_own_gauge_with_few_readings_is_refused() -> None:
    with pytest.raises(RefusedByTheory, match="too few to separate calm from storm; give 500"):
        fit_record(0, 300)
