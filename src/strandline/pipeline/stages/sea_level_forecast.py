"""The stages that fit the forecaster of the own gauge and try it on the storms that were held out."""

import numpy as np

from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.weather.land_drivers import discharging_rivers, has_rain
from strandline.observations.weather.storms import Split, Storm
from strandline.pipeline.scores.forecasts import SurgeTable, forecast_storms
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.study_area import StudyArea, own_mean_sea_level
from strandline.uncertainty.gauge_forecast.fit import NeighbourRecord, fit_gauge_forecaster
from strandline.uncertainty.gauge_forecast.forecaster import GaugeForecaster


def fit_forecaster(_: StageContext, area: StudyArea, split: Split, sea_level: SeaLevelModel) -> GaugeForecaster:
    """The forecaster of the own gauge, fitted to the hours that were not held out."""
    time, levels = area.hourly_levels
    for start, end in split.withheld:
        levels[:, (time >= start) & (time <= end)] = np.nan
    return fit_to_record(area, sea_level, time, levels)


def fit_to_record(area: StudyArea, sea_level: SeaLevelModel, time: Times, levels: Floats) -> GaugeForecaster:
    """The forecaster of the own gauge from levels of all gauges (S, T) [m, region datum]; NaN = not to be used."""
    gauge = area.observations.require_gauge()
    neighbours = [
        NeighbourRecord(str(name), float(latitude), level)
        for name, latitude, level in zip(gauge["station"].values, gauge["latitude"].values, levels, strict=True)
    ][1:]
    return fit_gauge_forecaster(area.observations, sea_level, own_mean_sea_level(area), time, levels[0], neighbours)


def forecast_held_out(_: StageContext, forecaster: GaugeForecaster, area: StudyArea, split: Split) -> SurgeTable:
    """Forecasts through the test storms, from what was known then."""
    time, levels = area.hourly_levels
    of_land = has_rain(area.observations) or discharging_rivers(area.observations) is not None
    storms = storms_of_the_sea(split) if of_land else split.test
    return forecast_storms(forecaster, area.observations, time, levels[0], storms)


def storms_of_the_sea(split: Split) -> tuple[Storm, ...]:
    """Test storms that peak no lower than half of all storms of the record; without any, all test storms.

    The sea of a storm of rain or of a river may be calm, and easy to forecast.
    """
    every = (*split.training, *split.calibration, *split.test)
    middle = float(np.median([storm.peak_level for storm in every]))
    return tuple(storm for storm in split.test if storm.peak_level >= middle) or split.test
