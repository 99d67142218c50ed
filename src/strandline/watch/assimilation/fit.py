"""What the watch learns from a place's record before it starts: how its sea goes on, and what each gauge says of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr
from pydantic import TypeAdapter, ValidationError

from strandline.distillation.training.loop import Progress
from strandline.errors import InputError, RefusedByTheory
from strandline.files import write_text
from strandline.models.batching import build_surge_batch
from strandline.models.inference import student_inputs
from strandline.observations.arrays import Floats, Times
from strandline.observations.observations import Observations
from strandline.observations.sea_level.forecast_window import CONTEXT_HOURS, LEADS
from strandline.observations.sea_level.harmonic_tide import TidalConstants, fit_tide, predict_tide
from strandline.observations.sea_level.residual_process import autocovariance
from strandline.observations.storms import Window
from strandline.pipeline.deployment import Deployment
from strandline.pipeline.study_area import StudyArea
from strandline.uncertainty.forecaster import Forecaster
from strandline.watch.assimilation.ensemble import Guidance
from strandline.watch.assimilation.filter import SeaModel
from strandline.watch.assimilation.forecast_guidance import ExternalForecast, ForecastSource, fit_error_inflation
from strandline.watch.assimilation.gauge_model import Sensor, fit_sensor, own_sensor
from strandline.watch.assimilation.spread_inflation import (
    AFTER_HOURS,
    BEFORE_HOURS,
    NO_INFLATION,
    WARM_HOURS,
    SpreadInflation,
    fit_spread_inflation,
    follow_storm,
    what_followed,
)
from strandline.watch.assimilation.surge_process import SurgeProcess, fit_surge_process

FIT_FILE = "watch.json"
STUDENT = "student"
"""Name under which the place's own forecaster advises."""
ForecastFunction = Callable[[np.datetime64], ExternalForecast | None]
"""What someone forecasts at an hour; ``None`` = nothing."""
Z_90 = 1.645
"""Half-width of a normal distribution's 90 % interval, in standard deviations."""


@dataclass(frozen=True)
class GaugeTide:
    """A gauge's tide and the level about which it swings [m, region datum]."""

    constants: TidalConstants
    mean: float

    def level(self, time: Times) -> Floats:
        """Water level without weather [m, region datum]."""
        return self.mean + predict_tide(self.constants, time)


@dataclass(frozen=True, eq=False)
class SeaLevelFit:
    """What was learned.

    Attributes:
        tides: gauge → its tide, in the order of the model's sensors.
        advisers: those whose forecasts are heeded, and how far.
        notes: what could not be learned, in plain sentences.
        briefing: SHA-256 of the ``deployment.nc`` that it goes with; of another run it is learned anew.
    """

    model: SeaModel
    tides: dict[str, GaugeTide]
    spread_inflation: SpreadInflation
    sources: tuple[ForecastSource, ...]
    notes: tuple[str, ...]
    deployment: str = ""


def fit(
    place: StudyArea,
    deployment: Deployment,
    forecaster: Forecaster,
    archives: Mapping[str, ForecastFunction] | None = None,
    progress: Progress | None = None,
) -> SeaLevelFit:
    """From the record of a place, without the windows that were held out.

    Process and gauges are learned from hours that the run's own learning saw. How wide a belief must be, and how far
    the student is to be heeded, is learned from storms that calibrated or tested it, which it never learned from.

    Args:
        archives: stream → what it forecast in the past.

    Raises:
        RefusedByTheory: the own gauge's record is too short.
    """
    time, levels = place.hourly_levels
    known = ~_within(time, deployment.withheld)
    notes: list[str] = []
    own_tide = GaugeTide(
        deployment.sea_level.fitted.constants, deployment.sea_level.fitted.mean + deployment.mean_sea_level
    )
    tides = {deployment.gauges[0].name: own_tide}
    residuals = [levels[0] - own_tide.level(time)]
    learned = np.where(known, residuals[0], np.nan)
    process = fit_surge_process(learned, autocovariance(learned))
    sensors = [own_sensor(deployment.gauges[0].name, process)]
    for site, level in zip(deployment.gauges[1:], levels[1:], strict=True):
        try:
            fitted = fit_tide(time[known], level[known], site.latitude, name=site.name, source=f"record of {site.name}")
            tide = GaugeTide(fitted.constants, fitted.mean)
            residual = level - tide.level(time)
            sensors.append(fit_sensor(site.name, learned, np.where(known, residual, np.nan), process))
        except RefusedByTheory as refusal:
            notes.append(f"'{site.name}' is not heard: {refusal}.")
            continue
        tides[site.name] = tide
        residuals.append(residual)
    model = SeaModel(process, tuple(sensors))
    student = StudentForecaster(forecaster, place.observations, deployment)
    held_out = _within(time, place.held_out)
    own = np.where(held_out, np.nan, levels[0])
    voices = {STUDENT: lambda hour: student.say(hour, *_heard_before(time, own, hour)), **(archives or {})}
    peaks = _peaks(time, own, deployment.withheld, place.held_out)
    seen = np.where(held_out, np.nan, np.array(residuals))  # (S, T) the days about a storm may reach into a window
    try:
        sources, spread_inflation = fit_forecast_weights(model, time, seen, peaks, voices, progress)
    except RefusedByTheory as refusal:
        notes.append(f"How wide the belief must be could not be learned ({refusal}); it is as wide as the model says.")
        sources, spread_inflation = (), NO_INFLATION
    return SeaLevelFit(model, tides, spread_inflation, sources, tuple(notes))


def fit_forecast_weights(
    model: SeaModel,
    time: Times,
    residuals: Floats,
    peaks: Sequence[int],
    voices: Mapping[str, ForecastFunction],
    progress: Progress | None = None,
) -> tuple[tuple[ForecastSource, ...], SpreadInflation]:
    """How far each voice is to be heeded, one after the other, and how wide the belief must then be.

    Args:
        time: (T,) UTC, hourly; ``residuals``: (S, T) [m] of the model's gauges, NaN = not read.
        peaks: positions of storms that no voice has learned from.

    Raises:
        RefusedByTheory: too few storms.
    """
    tell: Progress = (lambda done: None) if progress is None else progress
    drawn = []
    for number, peak in enumerate(peaks, start=1):
        drawn += follow_storm(model, time, residuals, peak, lambda hour: ())
        tell(number / (3 * len(peaks)))
    came = [what_followed(residuals[0], at) for at, _ in drawn]
    beliefs = [ensemble for _, ensemble in drawn]
    said = {name: {ensemble.hour: voice(ensemble.hour) for ensemble in beliefs} for name, voice in voices.items()}
    sources: list[ForecastSource] = []
    for name in voices:
        words = [said[name][ensemble.hour] for ensemble in beliefs]
        past = [
            (ensemble, word, truth)
            for ensemble, word, truth in zip(beliefs, words, came, strict=True)
            if word is not None
        ]
        source = fit_error_inflation(name, past)
        sources.append(source)
        given = [None if word is None else source.guidance_from(word) for word in words]
        beliefs = [
            ensemble if guidance is None else ensemble.assimilating(guidance)
            for ensemble, guidance in zip(beliefs, given, strict=True)
        ]

    def counsel(hour: np.datetime64) -> list[Guidance]:
        words = ((source, said[source.stream].get(hour)) for source in sources)
        given = [source.guidance_from(word) for source, word in words if word is not None]
        return [guidance for guidance in given if guidance is not None]

    spread_inflation = fit_spread_inflation(
        model, time, residuals, peaks, counsel, lambda done: tell((1 + 2 * done) / 3)
    )
    return tuple(sources), spread_inflation


@dataclass(frozen=True, eq=False)
class StudentForecaster:
    """The place's calibrated student as one who forecasts."""

    forecaster: Forecaster
    observations: Observations
    deployment: Deployment

    def say(self, hour: np.datetime64, time: Times, level: Floats) -> ExternalForecast | None:
        """What it says after the own gauge's readings (C,) [m, region datum] of three days up to ``hour``.

        ``None`` where nothing was read: then it knows no more than the climate.
        """
        hour = hour.astype("datetime64[ns]")
        hours = hour + np.arange(1 - CONTEXT_HOURS, LEADS).astype("timedelta64[h]")
        heard = np.full(hours.size, np.nan)
        position = np.searchsorted(hours, time)
        inside = (position < hours.size) & (hours[np.minimum(position, hours.size - 1)] == time) & (time <= hour)
        heard[position[inside]] = level[inside]
        if np.isnan(heard).all():
            return None
        gauge = self.observations.require_gauge()
        own = gauge.isel(station=[0])
        recent = xr.Dataset(
            {
                "water_level": own["water_level"]
                .isel(time=0, drop=True)
                .expand_dims(time=hours)
                .T.copy(data=heard[None]),
                "quality": (("station", "time"), np.isnan(heard)[None].astype(np.uint8), own["quality"].attrs),
            },
            {**{name: own[name] for name in own.coords if name != "time"}, "time": hours},
        )
        seen = replace(self.observations, tide_gauge=recent, climate=None, truth=None)
        batch = student_inputs(build_surge_batch(seen, np.array([hour]), self.deployment.sea_level, "survey"))
        forecast = self.forecaster.predict(batch)
        low, high = self.forecaster.surge_interval(forecast, 0.9)
        return ExternalForecast(np.arange(LEADS), forecast.surge_mean[0], (high[0] - low[0]) / (2 * Z_90))


def save_fit(folder: Path, knowledge: SeaLevelFit) -> None:
    """Write ``watch.json``, whole or not at all."""
    write_text(folder / FIT_FILE, _WORDS.dump_json(_to_words(knowledge), indent=1).decode("utf-8") + "\n")


def load_fit(folder: Path) -> SeaLevelFit:
    """Read ``watch.json``.

    Raises:
        InputError: it is damaged or of another version.
    """
    path = folder / FIT_FILE
    try:
        return _from_words(_WORDS.validate_json(path.read_bytes()))
    except (OSError, ValidationError) as error:
        why = str(error).splitlines()[0]  # pydantic lists every field
        raise InputError(path, f"cannot be read ({why})", "delete it; the watch learns it anew") from error


Numbers = tuple[float, ...]


@dataclass(frozen=True)
class _Words:
    coefficients: Numbers
    shocks: Numbers
    transition: tuple[Numbers, ...]
    sensors: tuple[tuple[str, int, float, float, Numbers, float], ...]
    tides: dict[str, GaugeTide]
    heard: Numbers
    unheard: Numbers
    sources: tuple[tuple[str, float | None], ...]
    notes: tuple[str, ...]
    deployment: str


_WORDS = TypeAdapter(_Words)


def _to_words(knowledge: SeaLevelFit) -> _Words:
    process, spread_inflation = knowledge.model.process, knowledge.spread_inflation
    return _Words(
        coefficients=tuple(process.coefficients.tolist()),
        shocks=tuple(process.shocks.tolist()),
        transition=tuple(tuple(row) for row in process.transition.tolist()),
        sensors=tuple(
            (one.stream, one.ahead, one.gain, one.memory, tuple(one.shocks.tolist()), one.noise)
            for one in knowledge.model.sensors
        ),
        tides=knowledge.tides,
        heard=tuple(spread_inflation.with_own_gauge.tolist()),
        unheard=tuple(spread_inflation.unheard.tolist()),
        sources=tuple((one.stream, one.inflation if np.isfinite(one.inflation) else None) for one in knowledge.sources),
        notes=knowledge.notes,
        deployment=knowledge.deployment,
    )


def _from_words(words: _Words) -> SeaLevelFit:
    process = SurgeProcess(np.array(words.coefficients), np.array(words.shocks), np.array(words.transition))
    sensors = tuple(
        Sensor(stream, ahead, gain, memory, np.array(shocks), noise)
        for stream, ahead, gain, memory, shocks, noise in words.sensors
    )
    return SeaLevelFit(
        SeaModel(process, sensors),
        words.tides,
        SpreadInflation(np.array(words.heard), np.array(words.unheard)),
        tuple(
            ForecastSource(stream, np.inf if inflation is None else inflation) for stream, inflation in words.sources
        ),
        words.notes,
        words.deployment,
    )


def _within(time: Times, windows: Sequence[Window]) -> npt.NDArray[np.bool_]:
    inside = np.zeros(time.size, dtype=bool)
    for start, end in windows:
        inside |= (time >= start) & (time <= end)
    return inside


def _peaks(time: Times, level: Floats, withheld: Sequence[Window], held_out: Sequence[Window]) -> list[int]:
    """Positions of the highest level of each withheld storm that no held-out window touches, with room about it."""
    found = []
    for start, end in withheld:
        if any(start <= until and since <= end for since, until in held_out):
            continue
        inside = np.flatnonzero((time >= start) & (time <= end) & np.isfinite(level))
        if inside.size:
            peak = int(inside[np.argmax(level[inside])])
            if BEFORE_HOURS + WARM_HOURS <= peak < time.size - AFTER_HOURS:
                found.append(peak)
    return sorted(set(found))


def _heard_before(time: Times, level: Floats, hour: np.datetime64) -> tuple[Times, Floats]:
    """The readings of the three days up to ``hour``."""
    last = int(np.searchsorted(time, hour.astype("datetime64[ns]"), side="right"))
    first = max(last - CONTEXT_HOURS, 0)
    known = np.isfinite(level[first:last])
    return time[first:last][known], level[first:last][known]
