"""Danger by all drivers at an hour: what the streams let expect of rain and rivers, read from the run's own maps."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask
from strandline.observations.observations import Observations, Provenance
from strandline.pipeline.deployment import Deployment
from strandline.planning.early_action.evacuation.all_drivers import in_words
from strandline.planning.early_action.evacuation.area_triggers import danger_stream
from strandline.planning.early_action.streams import Stream
from strandline.risk.hazard.joint.zone_forecast import ZoneForecast, forecast_zones
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS
from strandline.uncertainty.gauge_forecast.land_forecast import LandForecaster

logger = logging.getLogger(__name__)
_FED = Provenance("real", "streams of the region file")
LOST_HOURS = 2 * HORIZON_HOURS
"""Hours after rain and rivers were last known in which a running action for lives does not end by the sea alone [h]."""


@dataclass(frozen=True, eq=False)
class LandDanger:
    """What is known at an hour of floods by rain and rivers.

    Attributes:
        streams: variable of an area's danger → its forecast by the members of the sea's.
        drivers: the same variable → the drivers that bring the danger within the forecast, as far as there is any.
        unwatched: drivers whose floods cannot be seen coming now.
        why: of that, in a sentence without a capital and a full stop; empty = all are watched.
        zones: of every zone; ``None`` = no driver but the sea is mapped here.
        was_known: whether all drivers are known, or were in the last ``LOST_HOURS``.
    """

    streams: Mapping[str, Stream] = field(default_factory=dict)
    drivers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unwatched: tuple[str, ...] = ()
    why: str = ""
    zones: ZoneForecast | None = None
    was_known: bool = False

    def members(self, variable: str | None) -> Mask | None:
        """(N, 49) which members are dangerous by all drivers; ``None`` = nothing is known of that."""
        if variable is None or variable not in self.streams:
            return None
        return np.asarray(self.streams[variable].values[0].T > 0)


NO_LAND = LandDanger()
"""Of a place where no rain and no river is known."""


@dataclass(frozen=True, eq=False)
class LandWatch:
    """Rain and rivers of a place.

    Attributes:
        observations: whose rain and rivers count, as they were known at an hour.
        read_again: reads the tables of the rivers, which grow; ``None`` = the record counts as it is.
    """

    forecaster: LandForecaster
    observations: Observations
    read_again: Callable[[], xr.Dataset | None] | None = None

    def danger(
        self, deployment: Deployment, hour: np.datetime64, levels: Floats, weather: xr.Dataset | None
    ) -> LandDanger:
        """Danger to each evacuation area.

        Args:
            levels: (N, 49) forecast sea levels [m, region datum].
            weather: ``weather_forecast`` that the streams brought, as known at the hour; ``None`` = that of the
                observations.
        """
        floods = deployment.zone_floods
        if floods is None:
            missing = in_words(deployment.land)
            return LandDanger(
                unwatched=deployment.land, why=f"floods of {missing} are not watched: no map of this run shows them"
            )
        place = self._with_new_readings()
        if weather is not None and "rain" in weather:
            known = {**place.provenance, "weather_forecast": _FED}
            place = replace(place, weather_forecast=weather, provenance=known)
        land = self.forecaster.forecast(place, hour.astype("datetime64[ns]"))
        zones = forecast_zones(floods, levels, land)
        unmapped = {
            name: "no map of this run shows its floods" for name in deployment.land if name not in floods.drivers
        }
        absent = {name: "none is known" for name in floods.drivers[1:] if name not in deployment.land}
        unknown = {**absent, **{name: why for name, why in land.unknown.items() if name in floods.drivers}, **unmapped}
        streams, drivers = {}, {}
        issued = np.array([hour], dtype="datetime64[ns]")
        areas = () if deployment.evacuation is None else deployment.evacuation.areas
        for area in areas:
            if area.all_drivers is None:
                continue
            numbers = np.array([deployment.zones.names.index(name) for name in area.zones])
            dangerous, variable = zones.dangerous(numbers), danger_stream(area.name)
            leads = np.arange(levels.shape[1], dtype=float)
            streams[variable] = Stream("1", issued, leads, dangerous.T[None].astype(float))
            threshold = np.quantile(area.levels, 0.5, method="higher")
            drivers[variable] = zones.brought_by(numbers, levels >= threshold)
        return LandDanger(streams, drivers, tuple(unknown), _why(unknown), zones, not unknown)

    def _with_new_readings(self) -> Observations:
        """The place with its rivers as their tables stand now; a table that cannot be read leaves them grow old."""
        if self.read_again is None:
            return self.observations
        try:
            return replace(self.observations, river=self.read_again())
        except InputError as error:
            logger.warning("the rivers were not read again: %s", error)
            return self.observations


def _why(unknown: Mapping[str, str]) -> str:
    if not unknown:
        return ""
    reasons = "; ".join(f"of {in_words((name,))} {why}" for name, why in unknown.items())
    return f"floods of {in_words(tuple(unknown))} are not watched now: {reasons}"
