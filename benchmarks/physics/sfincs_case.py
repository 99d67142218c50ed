"""Reader of a SFINCS input folder.

Source: the SFINCS manual, "Input files" (sfincs.inp and the binary .ind, .msk and .dep). Rows of the grids count
SFINCS' ``n`` upwards, columns its ``m``; the grid may be rotated.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.simulator.hydrodynamics.inundation import Basin
from strandline.simulator.hydrodynamics.local_inertia import Scheme


@dataclass(frozen=True)
class SfincsCase:
    """One SFINCS model, and the water levels that SFINCS computed.

    Attributes:
        basin: bed, roughness, open cells, river cells.
        time: (T,) seconds since the start of the run.
        boundary_level: (1, T, G) [m].
        boundary_weight: (G, H, W) inverse-distance weights of the boundary points [-].
        discharge: (1, T, R) [m3 s-1].
        initial_level: [m].
        scheme: dry depth as the SFINCS run had it, the rest our own defaults; SFINCS' θ = 1 leans on its viscosity
            and advection, which this solver does without.
        station_cell: (N, 2) row and column of the observation points.
        station_time: (S,) [s].
        station_level: (S, N) SFINCS' levels, NaN where it was dry [m].
        greatest_level: (H, W) SFINCS' ``zsmax``, NaN where dry or outside; None where it was not written.
    """

    basin: Basin
    time: Floats
    boundary_level: Floats
    boundary_weight: Floats
    discharge: Floats
    initial_level: float
    scheme: Scheme
    station_cell: npt.NDArray[np.int64]
    station_time: Floats
    station_level: Floats
    greatest_level: Floats | None


def read_sfincs_case(folder: Path) -> SfincsCase:
    """Read ``sfincs.inp`` and the files that it names.

    Raises:
        InputError: a keyword or file that this reader needs is missing.
    """
    settings = _settings(folder / "sfincs.inp")
    columns, rows = int(settings["mmax"]), int(settings["nmax"])
    indices = np.fromfile(folder / settings["indexfile"], dtype=np.int32)
    column, row = np.divmod(indices[1 : 1 + indices[0]] - 1, rows)
    bed = np.full((rows, columns), np.nan)
    if (folder / settings["depfile"]).exists():
        bed[row, column] = np.fromfile(folder / settings["depfile"], dtype=np.float32)
    else:  # a subgrid model keeps its mean elevation for maps only
        with rasterio.open(folder / "gis" / "dep.tif") as raster:
            bed[row, column] = raster.read(1)[row, column]
    mask = np.zeros((rows, columns), dtype=np.uint8)
    mask[row, column] = np.fromfile(folder / settings["mskfile"], dtype=np.uint8)
    bed[mask == 0] = np.nan
    roughness = np.where(
        bed >= float(settings["rgh_lev_land"]), float(settings["manning_land"]), float(settings["manning_sea"])
    )

    points = np.loadtxt(folder / settings["bndfile"], ndmin=2)
    sea = np.loadtxt(folder / settings["bzsfile"], ndmin=2)
    rivers = np.loadtxt(folder / settings["disfile"], ndmin=2)
    sources = np.loadtxt(folder / settings["srcfile"], ndmin=2)
    stations = np.loadtxt(folder / settings["obsfile"], ndmin=2, usecols=(0, 1))
    begin, end = (_seconds(settings[name], settings["tref"]) for name in ("tstart", "tstop"))
    spun_up = begin + float(settings["tspinup"])
    time = np.unique(np.concatenate([sea[:, 0], rivers[:, 0], [begin, spun_up, end]]))
    time = time[(time >= begin) & (time <= end)]
    start = float(settings["zsini"])
    level = start + (_resampled(sea, time) - start) * np.clip((time - begin) / (spun_up - begin), 0.0, 1.0)[:, None]

    size = float(settings["dx"])
    x, y = _centres(settings, rows, columns)
    distance = np.hypot(x[None] - points[:, 0, None, None], y[None] - points[:, 1, None, None])
    weight = 1.0 / np.maximum(distance, 1e-3)
    with xr.open_dataset(folder / "sfincs_his.nc", engine="scipy") as history:
        moments = (history["time"].values - np.datetime64(_iso(settings["tstart"]))) / np.timedelta64(1, "s")
        levels = history["point_zs"].values.astype(float)
    greatest = None
    if (folder / "sfincs_map.nc").exists():
        with xr.open_dataset(folder / "sfincs_map.nc", engine="scipy") as map_:
            greatest = np.where(mask > 0, map_["zsmax"].values[0].astype(float), np.nan)
    return SfincsCase(
        basin=Basin(
            bed=bed,
            roughness=roughness,
            cell_size=size,
            open_boundary=mask == 2,
            inflow_cells=tuple(map(tuple, _cells(sources, settings).tolist())),
        ),
        time=time - begin,
        boundary_level=level[None],
        boundary_weight=weight / weight.sum(axis=0),
        discharge=_resampled(rivers, time)[None],
        initial_level=start,
        scheme=Scheme(dry_depth=float(settings["huthresh"])),
        station_cell=_cells(stations, settings),
        station_time=moments,
        station_level=levels,
        greatest_level=greatest,
    )


def _settings(path: Path) -> dict[str, str]:
    if not path.exists():
        raise InputError(path, "no such file", "name a SFINCS input folder")
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    settings = {key.strip(): value.strip() for key, value in pairs}
    if settings.get("inputformat") != "bin" or settings["dx"] != settings["dy"]:
        raise InputError(path, "not a regular SFINCS grid of square cells in binary files", "use inputformat = bin")
    return settings


def _iso(moment: str) -> str:
    return f"{moment[:4]}-{moment[4:6]}-{moment[6:8]}T{moment[9:11]}:{moment[11:13]}:{moment[13:15]}"


def _seconds(moment: str, reference: str) -> float:
    return float((np.datetime64(_iso(moment)) - np.datetime64(_iso(reference))) / np.timedelta64(1, "s"))


def _centres(settings: dict[str, str], rows: int, columns: int) -> tuple[Floats, Floats]:
    angle, size = np.deg2rad(float(settings["rotation"])), float(settings["dx"])
    along, across = np.meshgrid((np.arange(columns) + 0.5) * size, (np.arange(rows) + 0.5) * size)
    x = float(settings["x0"]) + np.cos(angle) * along - np.sin(angle) * across
    y = float(settings["y0"]) + np.sin(angle) * along + np.cos(angle) * across
    return x, y


def _cells(points: Floats, settings: dict[str, str]) -> npt.NDArray[np.int64]:
    """Row and column of the cells that hold points (N, 2) [m]."""
    angle, size = np.deg2rad(float(settings["rotation"])), float(settings["dx"])
    x, y = points[:, 0] - float(settings["x0"]), points[:, 1] - float(settings["y0"])
    along = np.cos(angle) * x + np.sin(angle) * y
    across = -np.sin(angle) * x + np.cos(angle) * y
    return np.floor(np.stack([across, along], axis=1) / size).astype(np.int64)


def _resampled(table: Floats, time: Floats) -> Floats:
    """(T', 1 + N) of time and values → (T, N), linear in between."""
    return np.stack([np.interp(time, table[:, 0], table[:, k]) for k in range(1, table.shape[1])], axis=1)
