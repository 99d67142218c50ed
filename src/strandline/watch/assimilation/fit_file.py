"""``watch.json``: what the watch has fitted to a site's record."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from strandline.errors import InputError
from strandline.files import write_text
from strandline.uncertainty.assimilation.filter import SeaModel
from strandline.uncertainty.assimilation.fit import GaugeTide, SeaLevelFit
from strandline.uncertainty.assimilation.forecast_guidance import ForecastSource
from strandline.uncertainty.assimilation.gauge_model import Sensor
from strandline.uncertainty.assimilation.spread_inflation import NO_INFLATION, SpreadInflation
from strandline.uncertainty.assimilation.surge_process import SurgeProcess

FIT_FILE = "watch.json"
Numbers = tuple[float, ...]


def save_fit(folder: Path, fitted: SeaLevelFit) -> None:
    """Write ``watch.json``, whole or not at all."""
    write_text(folder / FIT_FILE, _FIELDS.dump_json(_to_fields(fitted), indent=1).decode("utf-8") + "\n")


def load_fit(folder: Path) -> SeaLevelFit:
    """Read ``watch.json``.

    Raises:
        InputError: it is damaged or of another version.
    """
    path = folder / FIT_FILE
    try:
        return _from_fields(_FIELDS.validate_json(path.read_bytes()))
    except (OSError, ValueError, TypeError, IndexError, RecursionError) as error:  # ValidationError is a ValueError
        why = str(error).splitlines()[0]  # pydantic lists every field
        what = f"is damaged or was written by another version ({why})"
        raise InputError(path, what, "delete it; the watch fits it again") from error


@dataclass(frozen=True)
class _Fields:
    coefficients: Numbers
    shocks: Numbers
    transition: tuple[Numbers, ...]
    sensors: tuple[tuple[str, int, float, float, Numbers, float, float], ...]
    tides: dict[str, GaugeTide]
    spread_factors: Numbers
    storm_bounds: Numbers
    sources: tuple[tuple[str, float | None, float | None], ...]  # without and with weather; None = not used
    notes: tuple[str, ...]
    deployment: str


_FIELDS = TypeAdapter(_Fields)


def _to_fields(fitted: SeaLevelFit) -> _Fields:
    process, inflation = fitted.model.process, fitted.spread_inflation
    return _Fields(
        coefficients=tuple(process.coefficients.tolist()),
        shocks=tuple(process.shocks.tolist()),
        transition=tuple(tuple(row) for row in process.transition.tolist()),
        sensors=tuple(
            (one.stream, one.ahead, one.gain, one.persistence, tuple(one.shocks.tolist()), one.zero, one.noise)
            for one in fitted.model.sensors
        ),
        tides=fitted.tides,
        spread_factors=tuple(inflation.factors.ravel().tolist()),
        storm_bounds=tuple(inflation.storm_bounds.ravel().tolist()),
        sources=tuple((one.stream, _or_none(one.inflation), _or_none(one.with_weather)) for one in fitted.sources),
        notes=fitted.notes,
        deployment=fitted.deployment,
    )


def _from_fields(fields: _Fields) -> SeaLevelFit:
    """The fit from the numbers of its file.

    Raises:
        ValueError: their number does not fit, or one is not finite.
    """
    numbers = (fields.coefficients, fields.shocks, *fields.transition, fields.spread_factors, fields.storm_bounds)
    if not np.isfinite(np.concatenate([np.array(each, dtype=float) for each in numbers])).all():
        raise ValueError("a number is not finite")
    process = SurgeProcess(np.array(fields.coefficients), np.array(fields.shocks), np.array(fields.transition))
    sensors = tuple(
        Sensor(stream, ahead, gain, persistence, np.array(shocks), zero, noise)
        for stream, ahead, gain, persistence, shocks, zero, noise in fields.sensors
    )
    return SeaLevelFit(
        SeaModel(process, sensors),
        fields.tides,
        SpreadInflation(
            np.array(fields.spread_factors).reshape(NO_INFLATION.factors.shape),
            np.array(fields.storm_bounds).reshape(NO_INFLATION.storm_bounds.shape),
        ),
        tuple(
            ForecastSource(stream, *(np.inf if each is None else each for each in inflations))
            for stream, *inflations in fields.sources
        ),
        fields.notes,
        fields.deployment,
    )


def _or_none(inflation: float) -> float | None:
    return inflation if np.isfinite(inflation) else None
