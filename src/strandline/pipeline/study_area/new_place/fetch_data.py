"""A fetch for a region file: what it would bring, and then bringing it; for the command line and the web."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from strandline.errors import require_extra
from strandline.observations.fetch.completion import Completion, complete, completed
from strandline.observations.fetch.source import CachedFile, FetchChoice, SeaLevelAt
from strandline.observations.readers.sea_point import FoundSea
from strandline.observations.region_file.toml_file import read_toml
from strandline.pipeline.study_area.new_place.sea_point import write_sea_point

if TYPE_CHECKING:
    from strandline.observations.fetch.bring import Announce, Outcome
    from strandline.observations.fetch.plan import Failure, FetchPlan
    from strandline.observations.fetch.source import Source


@dataclass(frozen=True)
class Fetched:
    """What a fetch has brought.

    Attributes:
        files: that can be used.
        completion: what the region file gained by them.
        sea: the point that was written into it; ``None`` = it had one, or no sea was found.
        damaged: names of files in the cache that were not what had been fetched any more.
    """

    plan: "FetchPlan"
    outcomes: "list[Outcome]"
    files: tuple[CachedFile, ...]
    completion: Completion
    sea: FoundSea | None
    damaged: tuple[str, ...]

    @property
    def failures(self) -> "list[Failure]":
        """What did not come."""
        return [*self.plan.failures, *(each.failure for each in self.outcomes if each.failure is not None)]


@dataclass(frozen=True)
class DataFetch:
    """A fetch that is open: first ``plan``, then, once somebody agrees, ``bring``."""

    plan: "Callable[[Announce], FetchPlan]"
    bring: "Callable[[FetchPlan, Announce], Fetched]"


@contextmanager
def open_fetch(
    region: Path, data: Path | None, choice: FetchChoice, sources: "Sequence[Source]"
) -> Iterator[DataFetch]:
    """Open cache and connections of a fetch for a region file; nothing is asked before ``plan``.

    Args:
        data: folder of the cache, which the file's paths start from; ``None`` = the file's own.

    Raises:
        InputError: the file states no box, a source does not exist, or an optional package is missing.
    """
    require_extra("fetch", "fetch", "httpx", "tomlkit", "pystac_client")
    import httpx

    from strandline.observations.fetch import registry
    from strandline.observations.fetch.box import box_of_region
    from strandline.observations.fetch.bring import bring, usable
    from strandline.observations.fetch.cache import open_cache
    from strandline.observations.fetch.downloader import TIMEOUT, Downloader, DownloadLimits
    from strandline.observations.fetch.plan import plan_fetch
    from strandline.observations.fetch.raster_access.high_sea import sea_level_of_region

    folder, box, stated = region.parent if data is None else data, box_of_region(region), read_toml(region)
    asked = registry.chosen(choice, sources)

    def sea_level_of(files: Sequence[CachedFile]) -> SeaLevelAt | None:
        return sea_level_of_region(completed(stated, files), folder, *box.centre)

    def open_downloader(source: str, progress: Callable[[int], None], most: float | None) -> Downloader:
        limits = DownloadLimits()
        if most is not None:
            limits = DownloadLimits(size=min(limits.size, max(int(most), 1)))
        return Downloader(source, web, limits=limits, progress=progress)

    def make_plan(announce: "Announce") -> "FetchPlan":
        return plan_fetch(box, choice, asked, cache, open_downloader, announce("ask the catalogues"), sea_level_of)

    def bring_all(plan: "FetchPlan", announce: "Announce") -> Fetched:
        outcomes = bring(plan, cache, open_downloader, announce, sea_level_of)
        files = tuple(usable(plan, outcomes))
        done = complete(region, files) if files else Completion()
        sea = write_sea_point(region, data) if files else None
        return Fetched(plan, outcomes, files, done, sea, tuple(cache.damaged))

    agent = {"User-Agent": f"strandline/{version('strandline')}"}
    with open_cache(folder) as cache, httpx.Client(timeout=TIMEOUT, headers=agent) as web:
        yield DataFetch(make_plan, bring_all)
