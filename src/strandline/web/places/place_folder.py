"""The folder of the places: each place a folder with its region files, the fetched data, and the runs."""

import re
import shutil
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from strandline.errors import InputError
from strandline.files import write_text
from strandline.observations.region_file import refuse_paths_outside
from strandline.observations.region_file.toml_file import read_toml
from strandline.pipeline.run_folder.checkpoints import UNFINISHED

IS_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?", re.ASCII)
"""Of a place, and of a region file without its ``.toml``."""
LONGEST_KEY = 40
MOST_PLACES, MOST_FILES = 200, 100
"""Places of a server, and region files of a place: more are a mistake, or somebody who fills the disk."""
RUNS, JOBS, SCENARIOS = "runs", "jobs", "scenarios"
"""Folders within a place's."""


@dataclass(frozen=True)
class PlaceFolder:
    """One place: ``KEY.toml`` and the scenarios beside it, each with a folder for its run."""

    key: str
    folder: Path

    @property
    def files(self) -> list[str]:
        """Names of its region files without ``.toml``, the first one first."""
        names = sorted(
            path.stem for path in self.folder.glob("*.toml") if _is_own(path) and IS_KEY.fullmatch(path.stem)
        )
        return sorted(names, key=lambda name: name != self.key)

    @property
    def name(self) -> str:
        """As its region file has it; its key where that cannot be read."""
        try:
            region = read_toml(self.region_file(self.key)).get("region")
        except InputError:
            return self.key
        name = region.get("name") if isinstance(region, dict) else None
        return name if isinstance(name, str) and name.strip() else self.key

    def region_file(self, name: str) -> Path:
        """The path of one of its region files.

        Raises:
            InputError: there is none of this name, or it is a link.
        """
        path = self.folder / f"{name}.toml"
        if not IS_KEY.fullmatch(name) or not _is_own(path):
            raise InputError(
                f"place {self.key}", f"has no region file {name!r}", f"choose one of {', '.join(self.files)}"
            )
        return path

    def out(self, name: str) -> Path:
        """The folder of the run of a region file."""
        return self.folder / RUNS / name

    def is_unfinished(self, name: str) -> bool:
        """Whether an interrupted run of a region file has finished stages that it can go on from."""
        return any((self.out(name) / UNFINISHED).glob("*/*.stage"))


@dataclass(frozen=True)
class Places:
    """All places of a server."""

    folder: Path

    def all(self) -> list[PlaceFolder]:
        """By key."""
        found = (PlaceFolder(path.name, path) for path in sorted(self.folder.iterdir()) if path.is_dir())
        return [each for each in found if IS_KEY.fullmatch(each.key) and not each.folder.is_symlink() and each.files]

    def find(self, key: str) -> PlaceFolder | None:
        """A place by its key."""
        return next((each for each in self.all() if each.key == key), None)

    def create(self, name: str, text: str) -> PlaceFolder:
        """A new place with a region file.

        Args:
            name: of the place, from which its key is made.

        Raises:
            InputError: it is no TOML, a path in it leads out of the place's folder, or there are too many places.
        """
        if len(self.all()) >= MOST_PLACES:
            raise InputError("places", f"there are {MOST_PLACES} already", "remove folders that nobody needs")
        key = self._new_folder(key_of(name, "place"))
        place = PlaceFolder(key, self.folder / key)
        path = place.folder / f"{key}.toml"
        try:
            write_text(path, text)
            refuse_paths_outside(path)
        except InputError as error:
            shutil.rmtree(place.folder)
            raise InputError(error.where.replace(str(path), "region file"), error.what, error.remedy) from error
        return place

    def _new_folder(self, stem: str) -> str:
        for number in range(1, MOST_PLACES + 2):
            key = stem if number == 1 else f"{stem}-{number}"
            try:
                (self.folder / key).mkdir()
            except FileExistsError:
                continue
            except OSError as error:
                raise InputError(
                    "places", f"cannot be written ({error.strerror})", "free space, or mend its rights"
                ) from error
            return key
        raise InputError("places", f"too many are called {stem}", "choose another name")


def open_places(folder: Path) -> Places:
    """The places of a folder, which is made where it is missing.

    Raises:
        InputError: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(folder, f"cannot be written ({error.strerror})", "name another folder by --places") from error
    return Places(folder.resolve())


def key_of(name: str, otherwise: str) -> str:
    """A key from a name: its Latin letters and digits; ``otherwise`` where it has none."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_KEY].strip("-") or otherwise


def _is_own(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
