"""``sea_level_forecaster.safetensors``: the forecaster of a run, as numbers and text alone."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import safetensors.numpy
from pydantic import TypeAdapter
from safetensors import SafetensorError

from strandline.errors import InputError
from strandline.files import write_bytes
from strandline.observations.arrays import Floats
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.sea_level.surge.river_process import RiverProcess
from strandline.observations.sea_level.surge.weather_response import Column, WeatherResponse
from strandline.uncertainty.gauge_forecast.forecaster import GaugeForecaster
from strandline.uncertainty.large_residuals import LargeResiduals
from strandline.uncertainty.residual_forecaster import Fallback, ResidualForecaster

FORECASTER_FILE = "sea_level_forecaster.safetensors"
_COLUMNS = TypeAdapter(tuple[Column, ...])
_RESPONSE = ("mean", "covariance", "residual_covariance", "tide_shift", "logarithms")


def save_gauge_forecaster(folder: Path, forecaster: GaugeForecaster) -> None:
    """Write the residual's part; tide and mean sea level stand in the deployment."""
    residual = forecaster.residual
    arrays = {"covariance": residual.covariance, "errors": residual.errors, "tide_error": forecaster.tide_error,
              "amplitude": np.atleast_1d(residual.amplitude)}  # fmt: skip
    known = {
        "large": json.dumps({name: str(value) for name, value in asdict(residual.large).items()}),
        "columns": _add_response(arrays, "response", residual.response),
        "fallbacks": json.dumps([
            _add_response(arrays, f"fallback{number}", each.response) for number, each in enumerate(residual.fallbacks)
        ]),
        "rivers": json.dumps([
            {"name": each.name, "lowest": each.lowest, "mean": each.mean, "scale": each.scale,
             "columns": _add_response(arrays, f"river{number}", each.response)}
            for number, each in enumerate(forecaster.rivers)
        ]),
    }  # fmt: skip
    arrays |= {f"river{number}.covariance_alone": each.covariance for number, each in enumerate(forecaster.rivers)}
    errors = [("forecast_error", residual.forecast_error)]
    errors += [
        (f"fallback{number}.forecast_error", each.forecast_error) for number, each in enumerate(residual.fallbacks)
    ]
    arrays |= {name: error for name, error in errors if error is not None}
    contiguous = {name: np.ascontiguousarray(array, dtype=np.float64) for name, array in arrays.items()}
    write_bytes(folder / FORECASTER_FILE, safetensors.numpy.save(contiguous, known))


def _add_response(arrays: dict[str, Floats], name: str, response: WeatherResponse | None) -> str:
    """Add the numbers of a response to some arrays; its columns as text."""
    if response is None:
        return "[]"
    arrays |= {f"{name}.{part}": getattr(response, part) for part in _RESPONSE}
    return json.dumps([asdict(each) for each in response.columns])


def _response(arrays: Mapping[str, Floats], name: str, text: str) -> WeatherResponse | None:
    """That of `_add_response`."""
    columns = _COLUMNS.validate_json(text)
    return WeatherResponse(columns, *(arrays[f"{name}.{part}"] for part in _RESPONSE)) if columns else None


def load_gauge_forecaster(folder: Path, sea_level: SeaLevelModel, mean_sea_level: float) -> GaugeForecaster:
    """The forecaster that a run saved.

    Args:
        sea_level, mean_sea_level: of the run's deployment.

    Raises:
        InputError: there is none, or it is damaged.
    """
    path = folder / FORECASTER_FILE
    if not path.exists():
        raise InputError(path, "is not there", "run `strandline run` again: this run is of an older version")
    try:
        content = path.read_bytes()
        size = int.from_bytes(content[:8], "little")
        known = json.loads(content[8 : 8 + size])["__metadata__"]
        arrays = safetensors.numpy.load(content)
        if not all(np.isfinite(array).all() for array in arrays.values()):
            raise ValueError("a number is not finite")
        response = _response(arrays, "response", known["columns"])
        fallbacks = [_response(arrays, f"fallback{i}", text) for i, text in enumerate(json.loads(known["fallbacks"]))]
        rivers = tuple(
            RiverProcess(
                each["name"],
                each["lowest"],
                each["mean"],
                each["scale"],
                arrays[f"river{number}.covariance_alone"],
                _response(arrays, f"river{number}", each["columns"]),
            )
            for number, each in enumerate(json.loads(known["rivers"]))
        )
        tide_error = arrays["tide_error"]
        if len(tide_error) != len(sea_level.fitted.modes):
            raise ValueError("its tide is another one than that of deployment.nc")
        large = LargeResiduals(**{name: float(text) for name, text in json.loads(known["large"]).items()})
        residual = ResidualForecaster(
            arrays["covariance"], response, arrays.get("forecast_error"), arrays["amplitude"],
            arrays["errors"], large,
            tuple(
                Fallback(each, arrays.get(f"fallback{number}.forecast_error"))
                for number, each in enumerate(fallbacks)
                if each is not None
            ),
        )  # fmt: skip
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        what = f"is damaged or was written by another version ({type(error).__name__}: {error})"
        raise InputError(path, what, "run `strandline run` again") from error
    return GaugeForecaster(sea_level, mean_sea_level, tide_error, residual, rivers)
