"""NetCDF files and Zarr folders: opened, loaded, and searched by what CF says a variable is."""

import warnings
from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np
import xarray as xr

from strandline.errors import InputError

_ENGINES = {b"CDF": "scipy", b"\x89HD": "h5netcdf"}
_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RuntimeError,
    AssertionError,
    OverflowError,
    MemoryError,
    ImportError,
)
"""What scipy, h5py, zarr and xarray raise on files that are cut off or scrambled (ImportError: an odd calendar)."""


def open_fields(path: Path) -> xr.Dataset:
    """A NetCDF file or Zarr folder with decoded times; nothing is loaded yet.

    Raises:
        InputError: missing, empty, another format, cut off, or with times that cannot be decoded.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a file's odd metadata warns of is refused further on, or harmless
            if path.is_dir():
                store: xr.Dataset = xr.open_zarr(path, chunks=None, consolidated=False)
                return store
            with path.open("rb") as file:
                magic = file.read(3)
            if magic not in _ENGINES:
                raise InputError(path, "is not a NetCDF file", "give NetCDF 3 or 4, or a Zarr folder")
            if _ENGINES[magic] == "h5netcdf":
                with h5py.File(path, "r") as file5:  # h5netcdf leaves a half-open file behind where this fails
                    dict(file5.attrs)
            return xr.open_dataset(path, engine=_ENGINES[magic])
    except FileNotFoundError as error:
        raise InputError(path, "does not exist or is not a Zarr folder", "check the path") from error
    except _BROKEN as error:
        raise InputError(path, f"cannot be read ({error})", "download it again; is it whole?") from error


def load(dataset: xr.Dataset | xr.DataArray, path: Path) -> None:
    """Read the values into memory.

    Raises:
        InputError: the file is cut off or scrambled.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset.load()
    except _BROKEN as error:
        raise InputError(path, f"cannot be read to its end ({error})", "download it again; is it whole?") from error


def find_variable(dataset: xr.Dataset, standard_names: Iterable[str], names: Iterable[str]) -> xr.DataArray | None:
    """The variable or coordinate with one of these CF standard names, else with one of these names."""
    wanted = set(standard_names)
    for name in dataset.variables:
        if dataset[name].attrs.get("standard_name") in wanted:
            return dataset[name]
    there = {str(name).lower(): name for name in dataset.variables}
    for name in names:
        if name.lower() in there:
            return dataset[there[name.lower()]]
    return None


def times_of(dataset: xr.Dataset, path: Path) -> xr.DataArray:
    """The time coordinate as UTC ``datetime64[ns]``, to the second (files that count days in floats are off by less).

    Raises:
        InputError: there is none, it is on a calendar that no clock keeps, or it repeats or goes backwards.
    """
    time = find_variable(dataset, ("time",), ("time", "valid_time"))
    if time is None:
        raise InputError(path, "has no time coordinate", "name it 'time', with units such as 'hours since …'")
    load(time, path)
    if not np.issubdtype(time.dtype, np.datetime64):
        raise InputError(
            path, f"has times of type {time.dtype}", "give them units 'hours since …' and a standard calendar"
        )
    if bool(time.isnull().any()):
        raise InputError(path, "has times that are missing", "drop those readings")
    utc = time.astype("datetime64[ns]").dt.round("s").rename(time.name)
    backwards = np.flatnonzero(np.diff(utc.values.reshape(-1)) <= np.timedelta64(0))
    if backwards.size:
        first = utc.values.reshape(-1)[backwards[0] : backwards[0] + 2]
        raise InputError(
            f"{path} time {backwards[0] + 1}",
            f"{first[1].astype('datetime64[s]')} does not come after {first[0].astype('datetime64[s]')} "
            f"({backwards.size} such times)",
            "sort the times and drop repeats",
        )
    return utc
