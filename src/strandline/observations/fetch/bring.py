"""Brings the files of a plan, one after the other; what has come is in the cache at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from strandline.errors import InputError
from strandline.files import Unwritable
from strandline.observations.fetch.cache import Cache, Request
from strandline.observations.fetch.plan import (
    Entry,
    Failure,
    FetchPlan,
    OpenDownloader,
    SeaLevelOf,
    explain,
    settle,
    unknown_sea_level,
)
from strandline.observations.fetch.source import CachedFile, checksum

Announce = Callable[[str], Callable[[float], None]]
"""Begins a stage; what it returns takes the fraction done."""
State = Literal["fetched", "in the cache", "over the budget", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of a file of a plan.

    Attributes:
        file: where it is there.
        failure: where it is not.
    """

    entry: Entry
    state: State
    file: CachedFile | None = None
    failure: Failure | None = None


def bring(
    plan: FetchPlan,
    cache: Cache,
    open_downloader: OpenDownloader,
    announce: Announce,
    sea_level_of: SeaLevelOf = unknown_sea_level,
) -> list[Outcome]:
    """Bring what a plan wants and the cache lacks.

    A file that fails ends nothing but itself. Of a source whose service gives no answer nothing more is asked, and
    nothing more at all once the disk is full. Estimated sizes may be wrong: the budget is kept all the same. Stand-ins
    are replaced by what the sea's level chooses, once the files before them are there.
    """
    left = plan.choice.budget
    outcomes: list[Outcome] = []
    full: Failure | None = None
    for name, group in groupby(plan.entries, key=lambda entry: entry.source.name):
        entries = list(group)
        if any(entry.is_stand_in for entry in entries) and full is None:
            there = [outcome.file for outcome in outcomes if outcome.file is not None]
            try:
                entries = settle(plan, entries[0].source, there, cache, open_downloader, sea_level_of)
            except Exception as error:  # noqa: BLE001 - what one source does must not end the others
                outcomes += [Outcome(entry, "failed", failure=explain(name, error)) for entry in entries]
                continue
        cache.remember(name, Request(plan.box, tuple(entry.file.name for entry in entries)))
        wanted = sum(entry.is_wanted for entry in entries)
        progress = announce(f"fetch {name}") if wanted and full is None else None
        silent = full
        done = 0
        for entry in entries:
            if not entry.is_wanted:
                state: State = "in the cache" if entry.cached else "over the budget"
                outcomes.append(Outcome(entry, state, entry.cached))
                continue
            if left is not None and left < (entry.file.size or 1):
                outcomes.append(Outcome(entry, "over the budget"))
                continue
            if silent is not None:
                outcomes.append(Outcome(entry, "failed", failure=Failure(name, silent.sentence, silent.may_pass)))
                continue
            report = _share(progress, entry, done, wanted)
            outcome, ends_all, ends_source = _bring_one(entry, cache, open_downloader, report, left)
            outcomes.append(outcome)
            full = outcome.failure if ends_all else full
            silent = outcome.failure if ends_all or ends_source else silent
            done += 1
            if progress is not None:
                progress(done / wanted)
            if left is not None and outcome.file is not None:
                left -= outcome.file.size
    return outcomes


def _bring_one(
    entry: Entry, cache: Cache, open_downloader: OpenDownloader, report: Callable[[int], None], left: float | None
) -> tuple[Outcome, bool, bool]:
    """What became of one file; whether nothing more can come at all, and whether not of this source."""
    source, planned = entry.source, entry.file
    to = cache.place(planned.name)
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        file = source.download(planned, to, open_downloader(source.name, report, left))
        if file.name != planned.name or file.size != to.stat().st_size or file.sha256 != checksum(to):
            what = f"describes '{planned.name}' otherwise than it lies on the disk"
            raise InputError(f"source '{source.name}'", what, "report it")
        cache.add(file)
    except Exception as error:  # noqa: BLE001 - what one source does must not end the others
        failure = explain(source.name, error)
        ends_all = isinstance(error, Unwritable | OSError)
        return Outcome(entry, "failed", failure=failure), ends_all, failure.may_pass
    return Outcome(entry, "fetched", file), False, False


def _share(progress: Callable[[float], None] | None, entry: Entry, done: int, wanted: int) -> Callable[[int], None]:
    """Turns the bytes of one file into the share of its source's files that has come."""

    def report(size: int) -> None:
        if progress is not None:
            share = min(size / entry.file.size, 1.0) if entry.file.size else 0.0
            progress((done + share) / wanted)

    return report


def usable(plan: FetchPlan, outcomes: list[Outcome]) -> Iterator[CachedFile]:
    """All files that the region can use, in the order of the plan; then those of sources that gave no answer."""
    yield from (outcome.file for outcome in outcomes if outcome.file is not None)
    yield from plan.remembered
