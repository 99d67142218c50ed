"""Storage of an unfinished map: Zarr arrays on a disk or on any store that fsspec reaches."""

import hashlib
import json
import shutil
from collections.abc import Iterable
from typing import Any

import fsspec
import numpy as np
import numpy.typing as npt
import zarr
from fsspec.implementations.local import LocalFileSystem
from zarr.core.array_spec import ArrayConfig

from strandline.errors import InputError
from strandline.pipeline.maps.tiles import Tile, Tiling

GROUND = ("elevation", "sill", "distance", "water")
"""[m, region datum; m, region datum; km; 1 = permanent water], (H, W) each; NaN = unknown."""
GROUND_CHUNK = 512
UNFINISHED, METADATA_FILE = ".unfinished-map.zarr", "map.json"


def fingerprint(job: str) -> str:
    """Of everything that decides the numbers of a map."""
    return hashlib.sha256(job.encode()).hexdigest()


class MapStore:
    """The terrain features of a whole region, and its finished tiles.

    Every tile is a chunk of its own, and so is its mark, written after it; many may be written at once.

    Args:
        out: folder of the products, a path or a URL of fsspec.

    Raises:
        InputError: fsspec does not know the URL's protocol, or lacks the package for it.
    """

    def __init__(self, out: str) -> None:
        try:
            self.system, self.root = fsspec.url_to_fs(out)
        except (ImportError, ValueError) as error:
            raise InputError(
                out, f"cannot be reached ({error})", "name a folder, or a URL whose package is there"
            ) from error
        self.is_local = isinstance(self.system, LocalFileSystem)
        self.out = self.root if self.is_local else out.rstrip("/")  # workers run in other folders
        self._group: zarr.Group | None = None

    def __reduce__(self) -> tuple[type["MapStore"], tuple[str]]:
        return MapStore, (self.out,)

    def begin(self, job: str, tiling: Tiling, bands: int, depths: int = 0, *, resume: bool) -> bool:
        """Create the arrays, or open those of an interrupted job; returns whether the terrain is stored already.

        Args:
            job: everything that decides the numbers, as text.
            tiling: of the region; ``bands``: of each tile, and ``depths``: of all its samples and sea levels.

        Raises:
            InputError: the interrupted job was another one, or the folder cannot be written.
        """
        if self.system.exists(f"{self.root}/summary.json"):
            raise InputError(self.out, "holds a run, whose rasters have the same names", "name another --out")
        if resume and self.system.exists(f"{self.root}/{UNFINISHED}"):
            if self.group.attrs.get("job") != fingerprint(job):
                remedy = "leave --resume out, or name another --out"
                raise InputError(self.out, "belongs to a map with other settings", remedy)
            return bool(self.group.attrs.get("has_ground"))
        try:
            self.clear()
            group = zarr.open_group(self._url, mode="w", attributes={"job": fingerprint(job)})
            for name in GROUND:
                kind = "uint8" if name == "water" else "float32"
                group.create_array(name, shape=tiling.shape, chunks=(GROUND_CHUNK, GROUND_CHUNK), dtype=kind)
            whole = ArrayConfig(order="C", write_empty_chunks=True)
            for name, count in (("maps", bands), ("depths", depths)):
                if count:
                    shape, chunk = (*tiling.count, count, *tiling.size), (1, 1, count, *tiling.size)
                    group.create_array(name, shape=shape, chunks=chunk, dtype="float32", config=whole)
            group.create_array("is_finished", shape=tiling.count, chunks=(1, 1), dtype="bool")
        except OSError as error:
            raise InputError(self.out, f"cannot be written ({error})", "choose a folder with space") from error
        self._group = group
        return False

    def finished_map(self, job: str) -> dict[str, Any] | None:
        """Content of ``map.json``, if the job was finished here; ``None`` = it was not, or another one was."""
        path = f"{self.root}/{METADATA_FILE}"
        if not self.system.exists(path) or self.system.exists(f"{self.root}/{UNFINISHED}"):
            return None
        try:
            content = json.loads(self.system.cat_file(path))
        except ValueError:
            return None
        return content if isinstance(content, dict) and content.get("job") == fingerprint(job) else None

    @property
    def _url(self) -> str:
        return f"{self.out}/{UNFINISHED}"

    @property
    def group(self) -> zarr.Group:
        """The arrays."""
        if self._group is None:
            self._group = zarr.open_group(self._url, mode="r+")
        return self._group

    def array(self, name: str) -> Any:
        """One of ``GROUND``, ``people`` (H, W), ``is_finished``, ``maps``, ``depths``.

        Those of tiles are (tiles southwards, eastwards, bands, h, w).
        """
        return self.group[name]

    def finish_ground(self) -> None:
        """Mark all of ``GROUND`` as written."""
        self.group.update_attributes({"has_ground": True})

    def ground_in(self, window: tuple[slice, slice]) -> dict[str, npt.NDArray[Any]]:
        """Each of ``GROUND`` in a window."""
        return {name: np.asarray(self.array(name)[window]) for name in GROUND}

    def write(self, name: str, where: Any, values: npt.NDArray[np.generic]) -> None:
        """Write a part of an array.

        Raises:
            InputError: the store refuses it.
        """
        try:
            self.array(name)[where] = values
        except OSError as error:
            raise InputError(
                self.out, f"cannot be written ({error})", "free space, then continue with --resume"
            ) from error

    def put(self, tile: Tile, bands: npt.NDArray[np.float32], depths: npt.NDArray[np.float32] | None = None) -> None:
        """Write a tile's maps and depths (bands, h, w), then its mark."""
        if depths is not None:
            self.write("depths", (tile.row, tile.column), depths)
        self.write("maps", (tile.row, tile.column), bands)
        self.write("is_finished", (tile.row, tile.column), np.array(True))

    def get(self, tile: Tile, name: str = "maps") -> npt.NDArray[np.float32]:
        """(bands, h, w) of a finished tile: its ``maps``, or ``depths``."""
        return np.asarray(self.array(name)[tile.row, tile.column])

    def put_people(self, shape: tuple[int, int], strips: Iterable[tuple[slice, npt.NDArray[np.float64]]]) -> None:
        """Write the people in each cell of a region, strip by strip."""
        chunks = (GROUND_CHUNK, GROUND_CHUNK)
        self.group.create_array("people", shape=shape, chunks=chunks, dtype="float64", overwrite=True)
        for rows, people in strips:
            self.write("people", rows, people)

    def unfinished(self, tiles: Iterable[Tile]) -> list[Tile]:
        """Tiles that are not written completely."""
        is_finished = np.asarray(self.array("is_finished")[:])
        return [tile for tile in tiles if not is_finished[tile.row, tile.column]]

    def clear(self) -> None:
        """Remove the arrays."""
        self._group = None
        folder = f"{self.root}/{UNFINISHED}"
        if self.is_local:
            shutil.rmtree(folder, ignore_errors=True)
        elif self.system.exists(folder):
            self.system.rm(folder, recursive=True)
