"""Reader of a SFINCS input folder.

Source: the SFINCS manual, "Input files" (sfincs.inp and the binary .ind, .msk and .dep). Rows of the grids count
SFINCS' ``n`` upwards, columns its ``m``; the grid may be rotated.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
import xarray as xr

from benchmarks.physics.walled_faces import faces_crossed
from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.local_inertia import Scheme
from strandline.simulator.hydrodynamics.structures import Gate, Pump, Structure
from strandline.simulator.hydrodynamics.subgrid import FaceTables, SubgridTables
from strandline.simulator.hydrodynamics.walls import Walls


@dataclass(frozen=True)
class SfincsCase:
    """One SFINCS model, and the water levels that SFINCS computed.

    Attributes:
        basin: bed, roughness, open cells, river cells, thin dams, pumps and culverts, and subgrid tables.
        mean_bed: (H, W) [m]; that of the basin, or the mean ground of a subgrid model, which maps are drawn above.
        forcing: sea by inverse-distance weights of the boundary points, rivers and rain; time since the start.
        initial_level: [m].
        scheme: dry depth as the SFINCS run had it, the rest our own defaults; SFINCS' θ = 1 leans on its viscosity
            and advection, which this solver does without.
        station_cell: (N, 2) row and column of the observation points.
        station_time: (S,) [s].
        station_level: (S, N) SFINCS' levels, NaN where it was dry [m].
        greatest_level: (H, W) SFINCS' ``zsmax``, NaN where dry or outside; None where it was not written.
        greatest_until: time to which it is the greatest [s]: SFINCS writes it at intervals.
    """

    basin: Basin
    mean_bed: Floats
    forcing: Forcing
    initial_level: float
    scheme: Scheme
    station_cell: npt.NDArray[np.int64]
    station_time: Floats
    station_level: Floats
    greatest_level: Floats | None
    greatest_until: float

    def until(self, end: float) -> Forcing:
        """The forcing to a time [s]."""
        kept = self.forcing.time < end

        def cut(values: Floats) -> Floats:
            flat = values[0].reshape(len(kept), -1)
            last = [np.interp(end, self.forcing.time, column) for column in flat.T]
            return np.concatenate([flat[kept], [last]])[None]

        given = self.forcing
        return replace(
            given,
            time=np.append(given.time[kept], end),
            level=cut(given.level),
            discharge=None if given.discharge is None else cut(given.discharge),
            rain=None if given.rain is None else cut(given.rain),
        )


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
    x, y = _centres(settings, rows, columns)
    rain_time, rain, rain_weight = _rain(folder, settings, x, y)
    time = np.unique(np.concatenate([sea[:, 0], rivers[:, 0], rain_time, [begin, spun_up, end]]))
    time = time[(time >= begin) & (time <= end)]
    start = float(settings["zsini"])
    level = start + (_resampled(sea, time) - start) * np.clip((time - begin) / (spun_up - begin), 0.0, 1.0)[:, None]

    size = float(settings["dx"])
    distance = np.hypot(x[None] - points[:, 0, None, None], y[None] - points[:, 1, None, None])
    weight = 1.0 / np.maximum(distance, 1e-3)
    with xr.open_dataset(folder / "sfincs_his.nc", engine="scipy") as history:
        moments = (history["time"].values - np.datetime64(_iso(settings["tstart"]))) / np.timedelta64(1, "s")
        levels = history["point_zs"].values.astype(float)
    greatest, until = None, end - begin
    if (folder / "sfincs_map.nc").exists():
        with xr.open_dataset(folder / "sfincs_map.nc", engine="scipy") as map_:
            greatest = np.where(mask > 0, map_["zsmax"].values[0].astype(float), np.nan)
            until = float(
                (map_["timemax"].values[0] - np.datetime64(_iso(settings["tstart"]))) / np.timedelta64(1, "s")
            )
    tables = None
    if "sbgfile" in settings:
        tables = _subgrid(folder / settings["sbgfile"], size, row, column, (rows, columns))
    return SfincsCase(
        basin=Basin(
            bed=bed if tables is None else tables.bottom,
            roughness=roughness,
            cell_size=size,
            open_boundary=mask == 2,
            inflow_cells=tuple(map(tuple, _cells(sources, settings).tolist())),
            walls=_thin_dams(folder, settings, bed),
            structures=_drainage(folder, settings),
            subgrid=tables,
        ),
        mean_bed=bed,
        forcing=Forcing(
            time - begin,
            level[None],
            level_weight=weight / weight.sum(axis=0),
            discharge=_resampled(rivers, time)[None],
            rain=_resampled(np.column_stack([rain_time, rain]), time)[None] if rain.size else None,
            rain_weight=rain_weight,
        ),
        initial_level=start,
        scheme=Scheme(dry_depth=float(settings["huthresh"])),
        station_cell=_cells(stations, settings),
        station_time=moments,
        station_level=levels,
        greatest_level=greatest,
        greatest_until=until,
    )


def _rain(folder: Path, settings: dict[str, str], x: Floats, y: Floats) -> tuple[Floats, Floats, Floats | None]:
    """Times [s], rates at the points of a regular grid (T, P) [m s-1] and their bilinear weights (P, H, W).

    SFINCS holds a rate until the next one; here that is a step of one second.
    """
    if "netamprfile" not in settings:
        return np.zeros(0), np.zeros((0, 0)), None
    with xr.open_dataset(folder / settings["netamprfile"]) as file:
        field = file["Precipitation"].sortby("y").sortby("x")
        mm_per_hour = np.maximum(field.values, 0.0)  # packing leaves values just below 0
        rates = mm_per_hour.reshape(len(field["time"]), -1) / 1000.0 / 3600.0
        moments = (field["time"].values - np.datetime64(_iso(settings["tref"]))) / np.timedelta64(1, "s")
        east, north = field["x"].values, field["y"].values
    times = np.ravel(np.column_stack([moments[:-1], moments[1:] - 1.0]))
    i, j = np.searchsorted(north, y) - 1, np.searchsorted(east, x) - 1
    up, right = (y - north[i]) / (north[i + 1] - north[i]), (x - east[j]) / (east[j + 1] - east[j])
    weight = np.zeros((len(north), len(east), *x.shape))
    at = np.indices(x.shape)
    for rise, run, share in (
        (0, 0, (1 - up) * (1 - right)), (0, 1, (1 - up) * right), (1, 0, up * (1 - right)), (1, 1, up * right),
    ):  # fmt: skip
        weight[i + rise, j + run, *at] += share
    return times, np.repeat(rates[:-1], 2, axis=0), weight.reshape(-1, *x.shape)


def _thin_dams(folder: Path, settings: dict[str, str], bed: Floats) -> Walls:
    """Walls that nothing overflows, on the faces that the lines of ``thdfile`` part."""
    if "thdfile" not in settings:
        return Walls()
    lines = (folder / settings["thdfile"]).read_text().splitlines()
    found: list[npt.NDArray[np.int64]] = []
    while lines:
        count = int(lines[1].split()[0])
        points = np.array([list(map(float, line.split())) for line in lines[2 : 2 + count]])
        found.append(np.stack(faces_crossed(_positions(points, settings).tolist(), bed.shape)[:3]))
        lines = lines[2 + count :]
    face, row, column = np.unique(np.concatenate(found, axis=1), axis=1)
    return Walls(face, row, column, np.full(len(face), np.inf))


def _drainage(folder: Path, settings: dict[str, str]) -> tuple[Structure, ...]:
    """Pumps (type 1) and culverts (type 2: Q = parameter · √Δη) of ``drnfile``.

    Source: the SFINCS manual, "Drainage structures".
    """
    if "drnfile" not in settings:
        return ()
    found: list[Structure] = []
    for x1, y1, x2, y2, kind, size, *_ in np.loadtxt(folder / settings["drnfile"], ndmin=2):
        first, second = (tuple(cell) for cell in _cells(np.array([[x1, y1], [x2, y2]]), settings).tolist())
        if kind not in (1, 2):
            raise InputError(folder / settings["drnfile"], f"drainage of type {kind:g}", "this reader knows 1 and 2")
        found.append(
            Pump(first, second, size) if kind == 1 else Gate(first, second, size / math.sqrt(2 * Scheme().gravity))
        )
    return tuple(found)


def _subgrid(path: Path, size: float, row: Indices, column: Indices, shape: tuple[int, int]) -> SubgridTables:
    """SFINCS' own subgrid tables; faces are listed by cell, first that to the next column, then to the next row."""
    with xr.open_dataset(path) as file:
        table = {name: file[name].values.astype(float) for name in file.data_vars}

    def cells(values: Floats) -> Floats:
        found = np.full((*shape, *values.shape[1:]), np.nan)
        found[row, column] = values
        return found

    is_cell = np.zeros(np.add(shape, 1), dtype=bool)
    is_cell[row, column] = True
    has = np.column_stack([is_cell[row, column + 1], is_cell[row + 1, column]]).ravel()
    number = np.where(has, np.cumsum(has) - 1, -1).reshape(-1, 2)  # of the faces (to the next column, to the next row)

    def faces(which: int) -> FaceTables:
        at = number[:, which] >= 0
        i, j = row[at] + which, column[at] + 1 - which  # the cell to whose west or north they lie
        values = {}
        for name in ("zmin", "zmax", "havg", "nrep"):
            source = table[f"uv_{name}"][number[at, which]]
            values[name] = np.full((*shape, *source.shape[1:]), np.nan)
            values[name][i, j] = source
        return FaceTables(values["zmin"], values["zmax"], values["havg"], values["nrep"])

    return SubgridTables(cells(table["z_level"]), cells(table["z_volmax"] / size**2), faces(0), faces(1))


def _positions(points: Floats, settings: dict[str, str]) -> Floats:
    """Row and column (N, 2) of points (N, 2) [m]; a cell's centre is at its indices plus one half."""
    angle, size = np.deg2rad(float(settings["rotation"])), float(settings["dx"])
    x, y = points[:, 0] - float(settings["x0"]), points[:, 1] - float(settings["y0"])
    along, across = np.cos(angle) * x + np.sin(angle) * y, -np.sin(angle) * x + np.cos(angle) * y
    return np.asarray(np.stack([across, along], axis=1) / size)


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
    return np.floor(_positions(points, settings)).astype(np.int64)


def _resampled(table: Floats, time: Floats) -> Floats:
    """(T', 1 + N) of time and values → (T, N), linear in between."""
    return np.stack([np.interp(time, table[:, 0], table[:, k]) for k in range(1, table.shape[1])], axis=1)
