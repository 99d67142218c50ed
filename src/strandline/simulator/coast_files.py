"""A simulated coast as a folder of NetCDF, GeoPackage and JSON files."""

import json
import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from strandline.errors import InputError
from strandline.observations.observations import MODALITIES, Observations, Provenance
from strandline.observations.region import Region

_FORMAT = "strandline coast 1"


def save_coast(observations: Observations, path: Path) -> None:
    """Write ``coast.json``, one NetCDF file per modality, ``truth.nc`` and ``assets.gpkg`` into a new folder.

    The folder is written atomically.

    Raises:
        InputError: ``path`` exists already or cannot be written.
    """
    if path.exists():
        raise InputError(path, "exists already", "choose a new folder or remove it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    except OSError as error:
        raise InputError(path, f"cannot be written ({error})", "choose a folder with space and permission") from error
    try:
        datasets = dict(observations.modalities())
        if observations.truth is not None:
            datasets["truth"] = observations.truth
        for name, dataset in datasets.items():
            _encoded(dataset).to_netcdf(draft / f"{name}.nc", engine="h5netcdf")
        if observations.assets is not None:
            observations.assets.to_file(draft / "assets.gpkg", driver="GPKG", layer="assets")
        description = {
            "format": _FORMAT,
            "region": asdict(observations.region),
            "provenance": {name: asdict(item) for name, item in observations.provenance.items()},
            "modalities": sorted(datasets),
        }
        (draft / "coast.json").write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
        os.chmod(draft, 0o755)
        draft.rename(path)
    except OSError as error:
        raise InputError(path, f"cannot be written ({error})", "choose a folder with space and permission") from error
    finally:
        if draft.exists():
            shutil.rmtree(draft)


def load_coast(path: Path) -> Observations:
    """Read a folder that ``save_coast`` wrote.

    Raises:
        InputError: the folder is not a saved coast, or a file is missing or unreadable.
    """
    header = path / "coast.json"
    try:
        description = json.loads(header.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            header, f"cannot be read ({error})", "give a folder that `strandline simulate` wrote"
        ) from error
    if not isinstance(description, dict) or description.get("format") != _FORMAT:
        raise InputError(header, "does not describe a coast", f"it needs 'format': '{_FORMAT}'")
    region = description["region"]
    datasets = {name: _read(path / f"{name}.nc") for name in description["modalities"]}
    assets = path / "assets.gpkg"
    truth = datasets.pop("truth", None)
    unknown = sorted(set(datasets) - set(MODALITIES))
    if unknown:
        raise InputError(
            header, f"unknown modalities {unknown}", f"simulate the coast again; known: {', '.join(sorted(MODALITIES))}"
        )
    return Observations(
        region=Region(**{**region, "bounds": tuple(region["bounds"]), "sea_point": tuple(region["sea_point"])}),
        provenance={name: Provenance(**item) for name, item in description["provenance"].items()},
        assets=gpd.read_file(assets, layer="assets") if assets.exists() else None,
        truth=truth,
        findings=(),
        files=(),
        waves=None,
        **datasets,
    )


def _encoded(dataset: xr.Dataset) -> xr.Dataset:
    """A copy with compressed values, booleans as bytes and times as whole seconds since 1970."""
    stored = dataset.copy()
    for name, array in stored.variables.items():
        if array.dtype == np.bool_:
            stored[name] = array.astype(np.int8)
        if np.issubdtype(array.dtype, np.datetime64):
            stored[name].encoding = {"units": "seconds since 1970-01-01", "dtype": "int64"}
        elif array.dtype.kind == "f" and array.ndim > 0:
            stored[name].encoding = {"zlib": True, "complevel": 4}
    return stored


def _read(path: Path) -> xr.Dataset:
    try:
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            loaded = dataset.load()
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be read ({error})", "simulate the coast again") from error
    for name in loaded.coords:
        if np.issubdtype(loaded[name].dtype, np.datetime64):
            loaded = loaded.assign_coords(
                {name: (loaded[name].dims, pd.DatetimeIndex(loaded[name].values).as_unit("ns"))}
            )
        elif loaded[name].dtype == object:
            loaded = loaded.assign_coords({name: (loaded[name].dims, loaded[name].values.astype(str))})
    if "breached" in loaded:
        loaded["breached"] = loaded["breached"].astype(bool)
    return loaded
