"""The cache of a data folder: fetched files, and a manifest that states of each what it is, whose, and its checksum."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from strandline.errors import InputError
from strandline.files import exclusive_use, write_text
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.source import CACHE_FOLDER, CachedFile, PlannedFile, RegionSection, checksum
from strandline.observations.readers.formats.file_limits import read_limited

MANIFEST = "manifest.json"
"""Its name within the cache."""
_VERSION = 1
_LARGEST_MANIFEST = 64 << 20


@dataclass(frozen=True)
class Request:
    """What a source had for a box when it was last asked.

    Attributes:
        names: of the files.
    """

    box: Box
    names: tuple[str, ...]


@dataclass
class Cache:
    """The files of one data folder. Only files that came whole are in it.

    Attributes:
        folder: of the files.
        files: name → file; kept in the manifest.
        requests: name of a source → what it had; also kept there, so that a fetch without a net finds its files.
        damaged: names of files whose content is no longer what was fetched; they were removed.
    """

    folder: Path
    files: dict[str, CachedFile] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)

    def place(self, name: str) -> Path:
        """Where a file lies."""
        return self.folder / name

    def whole_of(self, planned: PlannedFile) -> CachedFile | None:
        """A planned file that is there from the same host: what a stand-in gave is not what a service has."""
        file = self.whole(planned.name)
        same = file is None or urlsplit(file.url).hostname == urlsplit(planned.url).hostname
        return file if same else None

    def whole(self, name: str) -> CachedFile | None:
        """A file that is there with the content that was fetched; one with another content is removed.

        Raises:
            InputError: the disk fails.
        """
        if (file := self.files.get(name)) is None:
            return None
        path = self.place(name)
        try:
            if path.is_file() and path.stat().st_size == file.size and checksum(path) == file.sha256:
                return file
            if path.exists():
                self.damaged.append(name)
                path.unlink()
        except OSError as error:
            raise InputError(path, f"cannot be read ({error.strerror})", "check the disk, or remove it") from error
        del self.files[name]
        return None

    def add(self, file: CachedFile) -> None:
        """Enter a file that has come."""
        self.files[file.name] = file
        self._save()

    def remember(self, source: str, request: Request) -> None:
        """Keep what a source has for a box."""
        self.requests[source] = request
        self._save()

    def known(self, source: str, box: Box) -> list[CachedFile]:
        """Whole files that a source brought for this very box when it was last asked."""
        request = self.requests.get(source)
        if request is None or request.box != box:
            return []
        return [file for name in request.names if (file := self.whole(name)) is not None]

    def _save(self) -> None:
        content = {
            "version": _VERSION,
            "files": [_plain(asdict(file)) for _, file in sorted(self.files.items())],
            "requests": {
                source: {"box": request.box.bounds, "names": request.names}
                for source, request in sorted(self.requests.items())
            },
        }
        write_text(self.folder / MANIFEST, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def open_cache(data: Path) -> Iterator[Cache]:
    """The cache of a data folder, for one fetch at a time.

    Raises:
        InUse: another fetch fills it.
        InputError: it cannot be written, or its manifest is damaged.
    """
    folder = data / CACHE_FOLDER
    if folder.is_symlink():
        raise InputError(folder, "is a link", "remove it, or give another --data")
    with exclusive_use(folder, "another fetch fills it", "wait for its end, or give another --data"):
        yield _load(folder)


def read_manifest(data: Path) -> dict[str, CachedFile]:
    """Name → file of a data folder's cache, unchecked; empty where nothing was fetched.

    Raises:
        InputError: the manifest is damaged.
    """
    return _load(data / CACHE_FOLDER).files


def _load(folder: Path) -> Cache:
    path = folder / MANIFEST
    if not path.exists():
        return Cache(folder)
    try:
        content = json.loads(read_limited(path, _LARGEST_MANIFEST))
        if content["version"] != _VERSION:
            raise InputError(path, f"is of version {content['version']}", "update strandline, or remove the folder")
        files = [_cached_file(entry) for entry in content["files"]]
        requests = {
            str(source): Request(Box(*map(float, entry["box"])), tuple(map(str, entry["names"])))
            for source, entry in content["requests"].items()
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        what = f"is not what a fetch wrote ({type(error).__name__})"
        raise InputError(path, what, "remove it: the files are then fetched again") from error
    return Cache(folder, {file.name: file for file in files}, requests)


def _cached_file(entry: Mapping[str, Any]) -> CachedFile:
    """Raises: ValueError, TypeError, KeyError: it is no entry of a manifest."""
    values = dict(_typed(entry))
    section = values.pop("section")
    if section is not None:
        section = RegionSection(**{**section, "comments": tuple(section["comments"])})
    return CachedFile(**{**values, "notes": tuple(values["notes"])}, section=section)


def _plain(value: Any) -> Any:
    """A value for JSON; times become tables with the key ``$time`` or ``$date``."""
    if isinstance(value, datetime):
        return {"$time": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _typed(value: Any) -> Any:
    """The opposite of ``_plain``; sequences are lists."""
    if isinstance(value, dict):
        if value.keys() == {"$time"}:
            return datetime.fromisoformat(value["$time"])
        if value.keys() == {"$date"}:
            return date.fromisoformat(value["$date"])
        return {key: _typed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_typed(each) for each in value]
    return value
