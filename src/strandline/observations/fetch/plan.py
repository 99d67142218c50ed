"""What a fetch would bring: asks the catalogues, and compares with the cache and the budget."""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from strandline.errors import StrandlineError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.cache import Cache
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.source import CachedFile, FetchChoice, PlannedFile, Source
from strandline.observations.fetch.transfer.http import NoAnswer

_log = logging.getLogger(__name__)
_LOGIN = re.compile(r"(https?://)[^\s/@?]*@")
_QUERY = re.compile(r"(\S*[\w/])\?[^\s'\")]*=[^\s'\")]*")
OpenDownloader = Callable[[str, Callable[[int], None], float | None], Downloader]
"""Opens the connections of a source: its name, what is given the bytes of a file that are there, and the most bytes of
one file."""


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
    """

    source: Source
    file: PlannedFile
    cached: CachedFile | None = None
    is_in_budget: bool = True

    @property
    def is_wanted(self) -> bool:
        """Whether it is to be downloaded."""
        return self.cached is None and self.is_in_budget


@dataclass(frozen=True)
class FetchPlan:
    """All that a fetch would bring, source by source.

    Attributes:
        empty: names of sources that have nothing for this box and choice.
        remembered: files of sources that could not be asked, from an earlier fetch for the same box.
    """

    box: Box
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
) -> FetchPlan:
    """Ask every source what it has; nothing is downloaded.

    A source that cannot be asked ends nothing: its failure is listed, with the files that it brought before.
    """
    entries: list[Entry] = []
    failures: list[Failure] = []
    empty: list[str] = []
    remembered: list[CachedFile] = []
    for number, source in enumerate(sources):
        progress(number / len(sources))
        try:
            files = source.plan(box, choice, open_downloader(source.name, lambda size: None, None))
        except Exception as error:  # noqa: BLE001 - what one source does must not end the others
            failures.append(explain(source.name, error))
            remembered += cache.known(source.name, box)
            continue
        if not files:
            empty.append(source.name)
        entries += [Entry(source, file, cache.whole(file.name)) for file in files]
    progress(1.0)
    return FetchPlan(
        box, tuple(_within_budget(entries, choice.budget_mb)), tuple(failures), tuple(empty), tuple(remembered)
    )


def _within_budget(entries: Sequence[Entry], budget_mb: float | None) -> list[Entry]:
    """What fits, in the order of the sources; a smaller file may fit after one that does not."""
    if budget_mb is None:
        return list(entries)
    left = budget_mb * 1e6
    kept = []
    for entry in entries:
        size = 0 if entry.cached else entry.file.size or 0
        fits = size <= left
        left -= size if fits else 0
        kept.append(Entry(entry.source, entry.file, entry.cached, is_in_budget=fits))
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
