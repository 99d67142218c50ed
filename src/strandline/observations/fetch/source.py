"""What a source of public data is: it says what it has for a box, and brings it.

A new source is one frozen dataclass of this protocol and one line in ``registry.py``.
"""

import datetime
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.fetch.box import Box

if TYPE_CHECKING:  # a run reads manifests without the extra
    from strandline.observations.fetch.downloader import Downloader

SourceKind = Literal[
    "terrain",
    "land_cover",
    "radar",
    "optical",
    "gauge",
    "tide",
    "storms",
    "weather",
    "river",
    "sea_level_rise",
    "buildings",
    "roads",
    "people",
    "return_levels",
    "place_names",
]
Needs = Literal["nothing", "key", "login", "file"]
"""What a source asks of the user: nothing, a key, a login, or a file that only the user can get."""
SeaLevelAt: TypeAlias = Callable[[npt.NDArray[np.datetime64]], Floats]
"""The sea's level [m, any datum] at some times (UTC); NaN = unknown."""
TomlValue: TypeAlias = (
    "str | bool | int | float | datetime.datetime | datetime.date | Sequence[TomlValue] | Mapping[str, TomlValue]"
)
"""A value of a region file. Times of scenes are dates there, not strings: give aware ``datetime`` in UTC."""
CACHE_FOLDER = "fetched"
"""Folder of the cache within the data folder; the paths in a region file start with it."""
TELL_SEA_LEVEL: tuple[SourceKind, ...] = ("gauge", "tide")
CHOSEN_BY_SEA_LEVEL: tuple[SourceKind, ...] = ("radar",)
"""Kinds whose files tell the sea's level, and kinds whose files are chosen by it; the first come before the second."""
_SECRETS = ("sig", "signature", "token", "key", "apikey", "api_key", "password", "credential")
_PIECE = 1 << 20


@dataclass(frozen=True)
class FetchChoice:
    """What the user asks for.

    Attributes:
        only: names or kinds of sources; empty = all that need nothing.
        since: scenes and readings from this day on; ``None`` = as each source sees fit.
        max_cloud: of an optical scene [%].
        budget_mb: of all downloads together [MB]; ``None`` = no limit.
        files: source that needs a file of the user → that file, or the folder that holds it.
        sea_level: by which radar scenes of a high sea are preferred; ``None`` = unknown, the newest ones are taken.
        sea_level_follows: whether files of this very fetch will tell it: as many scenes are then planned as will be
            chosen by it.
    """

    only: frozenset[str] = frozenset()
    since: datetime.date | None = None
    max_cloud: float = 20.0
    budget_mb: float | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    sea_level: SeaLevelAt | None = None
    sea_level_follows: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.max_cloud <= 100:
            raise InputError("--max-cloud", f"{self.max_cloud:g} is no share", "give 0 to 100 [%]")
        if self.budget_mb is not None and not self.budget_mb > 0:
            raise InputError("--budget-mb", f"{self.budget_mb:g} MB", "give a size above 0, or leave it out")

    @property
    def budget(self) -> float | None:
        """Of all downloads together [bytes]."""
        return None if self.budget_mb is None else self.budget_mb * 1e6


@dataclass(frozen=True)
class PlannedFile:
    """A file that a source can bring. Nothing of it was downloaded yet.

    Attributes:
        source: name of the source.
        name: its path within the cache, with ``/``; another request (box, period) gives another name.
        url: where it comes from, for people and the manifest; unsigned, since it is kept.
        what: content in a few words, as "elevation of 22-23 N, 89-90 E".
        size: [bytes]; ``None`` = not known before the download.
        is_estimate: whether ``size`` is one.
        date: of what it shows.
        details: what the source needs to know again in ``download``: a station, an asset, a body; kept in no file.
    """

    source: str
    name: str
    url: str
    what: str
    size: int | None = None
    is_estimate: bool = True
    date: datetime.date | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_name(self.source, self.name)
        if secret := secret_in(self.url):
            what = f"plans an address with {secret}, which would be kept"
            raise InputError(f"source '{self.source}'", what, "sign it in 'download', not in 'plan'")

    @property
    def region_path(self) -> str:
        """Its path in a region file."""
        return f"{CACHE_FOLDER}/{self.name}"


@dataclass(frozen=True)
class RegionSection:
    """A section of the region file that a fetched file fills.

    Attributes:
        table: its name, as "terrain", "weather.station" or "tide_gauge".
        values: key → value; a file's own path is ``PlannedFile.region_path``. Of several files of one source with the
            same table, lists are joined and other values must agree.
        is_repeated: whether it is one of several ``[[table]]``.
        comments: lines above it: each choice that was made, and why.
    """

    table: str
    values: Mapping[str, TomlValue]
    is_repeated: bool = False
    comments: tuple[str, ...] = ()


@dataclass(frozen=True)
class CachedFile:
    """A file that was downloaded whole and checked.

    Attributes:
        name: its path within the cache.
        url: where it came from, unsigned.
        size: [bytes]
        sha256: of its content.
        fetched: when (UTC).
        date: of what it shows.
        section: what it fills in the region file, if anything.
        notes: what a user must know: a distance, a doubt, a limit of the licence; one sentence each.
    """

    source: str
    name: str
    url: str
    what: str
    licence: str
    attribution: str
    size: int
    sha256: str
    fetched: datetime.datetime
    date: datetime.date | None = None
    section: RegionSection | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_name(self.source, self.name)

    @property
    def region_path(self) -> str:
        """Its path in a region file."""
        return f"{CACHE_FOLDER}/{self.name}"

    def to_section(self) -> RegionSection | None:
        """What it fills in the region file."""
        return self.section


class Source(Protocol):
    """A source of public data.

    A source is a frozen dataclass. Its ``address`` has a default, the publisher's own; another one may stand in for it
    (a mirror, or a server on this machine: ``registry.with_mirrors``).

    Attributes:
        name: short, as "copernicus-glo30"; unique.
        address: root of its service; empty where it has none, since the file is the user's.
        licence: as its publisher states it, with an SPDX name where there is one.
        attribution: the sentence that its publisher asks for.
        needs: what the user must have; a source that needs something is asked only if ``--only`` names it.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> SourceKind: ...  # noqa: D102
    @property
    def address(self) -> str: ...  # noqa: D102
    @property
    def licence(self) -> str: ...  # noqa: D102
    @property
    def attribution(self) -> str: ...  # noqa: D102
    @property
    def needs(self) -> Needs: ...  # noqa: D102

    def plan(self, box: Box, choice: FetchChoice, client: "Downloader") -> list[PlannedFile]:
        """What there is for a box: asks catalogues only. Empty where it has nothing there.

        Raises:
            FeedError, InputError: the catalogue does not answer, or the user must do something first.
        """
        ...

    def download(self, planned: PlannedFile, to: Path, client: "Downloader") -> CachedFile:
        """Bring one planned file to ``to``, by ``client.download`` or within ``write_atomically(to)``.

        Raises:
            FeedError, InputError: it cannot be had; ``to`` does not exist then.
        """
        ...


@dataclass(frozen=True)
class Simulated:
    """A source whose data is simulated, as in an exercise: what it brings says so, from the manifest on."""

    source: Source

    @property
    def name(self) -> str:
        """Of the source that it stands for."""
        return self.source.name

    @property
    def kind(self) -> SourceKind:
        """Likewise."""
        return self.source.kind

    @property
    def address(self) -> str:
        """Where the simulated data comes from."""
        return self.source.address

    @property
    def licence(self) -> str:
        """Of the source that it stands for."""
        return self.source.licence

    @property
    def attribution(self) -> str:
        """That nobody observed this."""
        return f"SIMULATED, in the place of {self.source.name}"

    @property
    def needs(self) -> Needs:
        """What the source that it stands for needs."""
        return self.source.needs

    def plan(self, box: Box, choice: FetchChoice, client: "Downloader") -> list[PlannedFile]:
        """What there is for a box."""
        return self.source.plan(box, choice, client)

    def download(self, planned: PlannedFile, to: Path, client: "Downloader") -> CachedFile:
        """Bring a file, with a section that says that it is simulated."""
        file = self.source.download(planned, to, client)
        section = file.section
        if section is not None and "source" in section.values:
            section = replace(section, values={**section.values, "simulated": True})
        return replace(file, attribution=self.attribution, section=section)


def _check_name(source: str, name: str) -> None:
    """Check that a file lies within the cache, and visibly.

    Raises:
        InputError: it does not.
    """
    parts = name.split("/")
    if not all(parts) or any(part.startswith(".") for part in parts) or "\\" in name or not name.isprintable():
        raise InputError(f"source '{source}'", f"names a file {name!r}", "name a path within the cache")


def cached(
    source: Source,
    planned: PlannedFile,
    to: Path,
    section: RegionSection | None = None,
    *,
    notes: Sequence[str] = (),
    date: datetime.date | None = None,
) -> CachedFile:
    """Describe a file that was just brought to ``to``: its size and checksum are taken from the disk."""
    return CachedFile(
        source=source.name, name=planned.name, url=planned.url, what=planned.what, licence=source.licence,
        attribution=source.attribution, size=to.stat().st_size, sha256=checksum(to),
        fetched=datetime.datetime.now(datetime.UTC).replace(microsecond=0, tzinfo=None),
        date=date or planned.date, section=section, notes=tuple(notes),
    )  # fmt: skip


def with_box(box: Box, **details: str) -> dict[str, str]:
    """Details of a plan, with its box."""
    return {"box": json.dumps(box.bounds), **details}


def box_of(planned: PlannedFile) -> Box:
    """The box of a plan."""
    return Box(*json.loads(planned.details["box"]))


def checksum(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def secret_in(url: str) -> str | None:
    """What in an address is a secret, if anything: a password, or a parameter that signs it."""
    before, _, query = url.partition("?")
    if "@" in before.partition("://")[2].partition("/")[0]:
        return "a login"
    for parameter in query.partition("#")[0].split("&"):
        name = parameter.partition("=")[0].lower()
        if name in _SECRETS or name.startswith(("x-amz-", "x-goog-")):
            return f"the parameter '{name}'"
    return None
