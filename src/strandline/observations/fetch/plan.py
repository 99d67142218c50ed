"""What a fetch would bring: asks the catalogues, and compares with the cache and the budget."""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from strandline.errors import StrandlineError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.cache import Cache
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.source import (
    CHOSEN_BY_SEA_LEVEL,
    TELL_SEA_LEVEL,
    CachedFile,
    FetchChoice,
    PlannedFile,
    SeaLevelAt,
    Source,
)
from strandline.observations.fetch.transfer.http import NoAnswer

_log = logging.getLogger(__name__)
_LOGIN = re.compile(r"(https?://)[^\s/@?]*@")
_QUERY = re.compile(r"(\S*[\w/])\?[^\s'\")]*=[^\s'\")]*")
OpenDownloader = Callable[[str, Callable[[int], None], float | None], Downloader]
"""Opens the connections of a source: its name, what is given the bytes of a file that are there, and the most bytes of
one file."""
SeaLevelOf = Callable[[Sequence[CachedFile]], SeaLevelAt | None]
"""The sea's level as these files and the region file tell it."""


def unknown_sea_level(files: Sequence[CachedFile]) -> SeaLevelAt | None:
    """No file tells the sea's level."""
    return None


@dataclass(frozen=True)
class Failure:
    """What could not be had.

    Attributes:
        sentence: what, where and what to do.
        may_pass: whether the same request may succeed later.
    """

    source: str
    sentence: str
    may_pass: bool


@dataclass(frozen=True)
class Entry:
    """A file of a plan.

    Attributes:
        cached: the file in the cache, if it is there whole.
        is_in_budget: whether it is to be downloaded, if it is not.
        is_stand_in: whether it stands for one of the same size that is chosen once the sea's level has come.
    """

    source: Source
    file: PlannedFile
    cached: CachedFile | None = None
    is_in_budget: bool = True
    is_stand_in: bool = False

    @property
    def is_wanted(self) -> bool:
        """Whether it is to be downloaded."""
        return self.cached is None and self.is_in_budget


@dataclass(frozen=True)
class FetchPlan:
    """All that a fetch would bring, source by source.

    Attributes:
        choice: by which it was made.
        empty: names of sources that have nothing for this box and choice.
        remembered: files of sources that could not be asked, from an earlier fetch for the same box.
    """

    box: Box
    choice: FetchChoice
    entries: tuple[Entry, ...]
    failures: tuple[Failure, ...] = ()
    empty: tuple[str, ...] = ()
    remembered: tuple[CachedFile, ...] = ()

    @property
    def size(self) -> int:
        """Of all that is to be downloaded, as far as it is known [bytes]."""
        return sum(entry.file.size or 0 for entry in self.entries if entry.is_wanted)

    @property
    def count(self) -> int:
        """Files to be downloaded."""
        return sum(entry.is_wanted for entry in self.entries)

    @property
    def unknown(self) -> int:
        """Files to be downloaded whose size nobody states."""
        return sum(entry.is_wanted and entry.file.size is None for entry in self.entries)


def plan_fetch(
    box: Box,
    choice: FetchChoice,
    sources: Sequence[Source],
    cache: Cache,
    open_downloader: OpenDownloader,
    progress: Callable[[float], None] = lambda done: None,
    sea_level_of: SeaLevelOf = unknown_sea_level,
) -> FetchPlan:
    """Ask every source what it has; nothing is downloaded.

    A source that cannot be asked ends nothing: its failure is listed, with the files that it brought before. What is
    chosen by the sea's level is planned by the files that are there; while others that tell it are still to come, it
    is planned by number and size alone, as stand-ins that ``bring`` replaces.

    Args:
        sources: those that tell the sea's level first, as in the registry.
    """
    entries: list[Entry] = []
    failures: list[Failure] = []
    empty: list[str] = []
    remembered: list[CachedFile] = []
    for number, source in enumerate(sources):
        progress(number / len(sources))
        asked, follows = choice, False
        if source.kind in CHOSEN_BY_SEA_LEVEL:
            asked, follows = _with_sea_level(choice, entries, remembered, sea_level_of)
        try:
            files = source.plan(box, asked, open_downloader(source.name, lambda size: None, None))
        except Exception as error:  # noqa: BLE001 - what one source does must not end the others
            failures.append(explain(source.name, error))
            remembered += cache.known(source.name, box)
            continue
        if not files:
            empty.append(source.name)
        entries += [Entry(source, file, cache.whole_of(file), is_stand_in=follows) for file in files]
    progress(1.0)
    return FetchPlan(
        box, choice, tuple(_within_budget(entries, choice.budget)), tuple(failures), tuple(empty), tuple(remembered)
    )


def _with_sea_level(
    choice: FetchChoice, entries: Sequence[Entry], remembered: Sequence[CachedFile], sea_level_of: SeaLevelOf
) -> tuple[FetchChoice, bool]:
    """The choice with what tells the sea's level already, and whether more is to come."""
    telling = [entry for entry in entries if entry.source.kind in TELL_SEA_LEVEL]
    if any(entry.cached is None for entry in telling):
        return replace(choice, sea_level=None, sea_level_follows=True), True
    there = [entry.cached for entry in telling if entry.cached is not None]
    return replace(choice, sea_level=sea_level_of([*there, *remembered])), False


def settle(
    plan: FetchPlan,
    source: Source,
    there: Sequence[CachedFile],
    cache: Cache,
    open_downloader: OpenDownloader,
    sea_level_of: SeaLevelOf,
) -> list[Entry]:
    """The files of a source that was planned by stand-ins, chosen by what has come, within the size that was announced.

    Raises:
        FeedError, InputError: its catalogue does not answer any more.
    """
    announced = sum(entry.file.size or 0 for entry in plan.entries if entry.source is source and entry.is_wanted)
    choice = replace(plan.choice, sea_level=sea_level_of([*there, *plan.remembered]), sea_level_follows=False)
    files = source.plan(plan.box, choice, open_downloader(source.name, lambda size: None, None))
    return _within_budget([Entry(source, file, cache.whole_of(file)) for file in files], announced)


def _within_budget(entries: Sequence[Entry], budget: float | None) -> list[Entry]:
    """What fits into so many bytes, in the order of the sources; a smaller file may fit after one that does not."""
    if budget is None:
        return list(entries)
    left = budget
    kept = []
    for entry in entries:
        size = 0 if entry.cached else entry.file.size or 0
        fits = size <= left
        left -= size if fits else 0
        kept.append(replace(entry, is_in_budget=fits))
    return kept


def explain(source: str, error: Exception) -> Failure:
    """An error of a source in one sentence, without signatures.

    Errors of Strandline speak for themselves; others come from a client library, whose text may hold an address.
    """
    if isinstance(error, StrandlineError):
        return Failure(source, without_queries(str(error)), may_pass=isinstance(error, NoAnswer))
    _log.debug("source '%s'", source, exc_info=error)
    text = without_queries(" ".join(str(error).split()))[:200]
    what = f"source '{source}': {type(error).__name__}{f' ({text})' if text else ''}"
    return Failure(source, f"{what}; try again, or leave it out by --only", may_pass=True)


def without_queries(text: str) -> str:
    """A text whose addresses have neither queries nor logins: these may hold a key."""
    return _QUERY.sub(r"\1?…", _LOGIN.sub(r"\1", text))
