"""The file of the ground on which works are tried: NetCDF-4, compressed."""

from pathlib import Path

import h5py
import numpy as np
import xarray as xr
from pydantic import TypeAdapter, ValidationError

from strandline.errors import InputError
from strandline.files import write_atomically
from strandline.observations.arrays import Floats
from strandline.observations.region import Region
from strandline.pipeline.deployment.deployment_file import BROKEN
from strandline.risk.works.trial_ground import TrialFuture, TrialGround

TRIAL_GROUND_FILE = "trial_ground.nc"
FORMAT = "strandline trial ground 1"
ARRAYS = {
    "bed": (("row", "column"), "m"),
    "surface": (("row", "column"), "m"),
    "land": (("row", "column"), "1"),
    "open_sea": (("row", "column"), "1"),
    "roughness": (("row", "column"), "s m-1/3"),
    "levels": (("draw", "return_period"), "m"),
    "storms": (("storm", "hour"), "m"),
    "set_up": (("storm",), "m"),
    "curve_deviates": (("draw", "curve"), "1"),
}
"""Variable → its dimensions and unit."""
PEOPLE = "people"
_REGION, _FUTURES = TypeAdapter(Region), TypeAdapter(tuple[TrialFuture, ...])


def save_trial_ground(folder: Path, ground: TrialGround) -> None:
    """Write ``trial_ground.nc``, whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    arrays = {name: (dims, _small(getattr(ground, name)), {"units": unit}) for name, (dims, unit) in ARRAYS.items()}
    if ground.people is not None:
        arrays[PEOPLE] = (("row", "column"), _small(ground.people), {"units": "1"})
    attributes = {
        "format": FORMAT,
        "region": _REGION.dump_json(ground.region).decode("utf-8"),
        "futures": _FUTURES.dump_json(ground.futures).decode("utf-8"),
        "mean_sea_level": ground.mean_sea_level,
        "return_periods": np.asarray(ground.return_periods),
    }
    content = xr.Dataset(arrays, attrs=attributes)
    packed = {name: {"zlib": True, "complevel": 4} for name in arrays}
    with write_atomically(folder / TRIAL_GROUND_FILE) as temporary:
        content.to_netcdf(temporary, engine="h5netcdf", encoding=packed)


def load_trial_ground(folder: Path) -> TrialGround:
    """Read the ``trial_ground.nc`` that a run left in ``folder``.

    Raises:
        InputError: there is none, or it is damaged, or of another version.
    """
    path, remedy = folder / TRIAL_GROUND_FILE, "run `strandline run` again"
    if not path.is_file():
        what = "is missing: the run is of an older version, or its ground is not connected with the open sea"
        raise InputError(path, what, remedy)
    try:
        with h5py.File(path, "r") as file:  # fails here before h5netcdf leaves a half-open file
            dict(file.attrs)
        content = xr.load_dataset(path, engine="h5netcdf")
        if content.attrs.get("format") != FORMAT:
            raise InputError(path, f"is no '{FORMAT}'", remedy)
        value = {name: content[name].transpose(*dims).values for name, (dims, _) in ARRAYS.items()}
        finite = ("levels", "storms", "set_up", "curve_deviates", "roughness")
        if not all(np.isfinite(value[name]).all() for name in finite):
            raise ValueError("it holds values that are not finite")
        return TrialGround(
            region=_REGION.validate_json(str(content.attrs["region"])),
            futures=_FUTURES.validate_json(str(content.attrs["futures"])),
            mean_sea_level=float(content.attrs["mean_sea_level"]),
            return_periods=tuple(float(each) for each in np.atleast_1d(content.attrs["return_periods"])),
            land=value.pop("land").astype(bool),
            open_sea=value.pop("open_sea").astype(bool),
            people=content[PEOPLE].values.astype(np.float64) if PEOPLE in content else None,
            **{name: each.astype(np.float64) for name, each in value.items()},
        )
    except (*BROKEN, ValidationError) as error:
        raise InputError(path, f"cannot be read ({error})", remedy) from error


def _small(values: Floats) -> Floats:
    """Single precision is a hundredth of a millimetre of ground."""
    return np.asarray(values, dtype=np.int8 if values.dtype == bool else np.float32)
