"""NetCDF files and Zarr folders; variables are found by their CF attributes."""

import warnings
from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.checks.times import FIRST_STORABLE, LAST_STORABLE
from strandline.observations.readers.formats.file_limits import check_file

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
"""Exceptions of scipy, h5py, zarr and xarray on truncated or corrupt files (ImportError: unsupported calendar)."""


def open_fields(path: Path) -> xr.Dataset:
    """Open a NetCDF file or Zarr folder with decoded times; values are loaded lazily.

    Raises:
        InputError: missing, empty, in another format, truncated, or with times that cannot be decoded.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # faulty metadata is harmless or raises an error later
            if path.is_dir():
                store: xr.Dataset = xr.open_zarr(path, chunks=None, consolidated=False)
                return store
            if path.exists():
                check_file(path)  # opening a pipe would wait for its writer
            with path.open("rb") as file:
                magic = file.read(3)
            if magic not in _ENGINES:
                raise InputError(path, "is not a NetCDF file", "give NetCDF 3 or 4, or a Zarr folder")
            if _ENGINES[magic] == "h5netcdf":
                with h5py.File(path, "r") as file5:  # fails here before h5netcdf leaves a half-open file
                    dict(file5.attrs)
            return xr.open_dataset(path, engine=_ENGINES[magic])
    except FileNotFoundError as error:
        raise InputError(path, "does not exist or is not a Zarr folder", "check the path") from error
    except _BROKEN as error:
        raise InputError(path, f"cannot be read ({error})", "the file may be incomplete: download it again") from error


def load(dataset: xr.Dataset | xr.DataArray, path: Path) -> None:
    """Read the values into memory.

    Raises:
        InputError: the file is truncated or corrupt.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset.load()
    except _BROKEN as error:
        raise InputError(
            path, f"cannot be read to its end ({error})", "the file may be incomplete: download it again"
        ) from error


def find_variable(dataset: xr.Dataset, standard_names: Iterable[str], names: Iterable[str]) -> xr.DataArray | None:
    """The variable or coordinate with one of these CF standard names, otherwise with one of these names."""
    wanted = set(standard_names)
    for name in dataset.variables:
        if dataset[name].attrs.get("standard_name") in wanted:
            return dataset[name]
    available = {str(name).lower(): name for name in dataset.variables}
    for name in names:
        if name.lower() in available:
            return dataset[available[name.lower()]]
    return None


def times_of(dataset: xr.Dataset, path: Path) -> xr.DataArray:
    """The time coordinate as UTC ``datetime64[ns]``, rounded to the second.

    Raises:
        InputError: there is none, it has a non-standard calendar, or it repeats or decreases.
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
        raise InputError(path, "has missing times", "drop those readings")
    years = time.dt.year
    if bool(((years < FIRST_STORABLE) | (years > LAST_STORABLE)).any()):
        what = f"has times from the year {int(years.min())} to {int(years.max())}"
        raise InputError(path, what, "check the units of its time coordinate, such as 'hours since …'")
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
