"""`strandline watch`: from the command line to a running watch, and its output."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path

from pydantic import TypeAdapter

from strandline.distillation.training.loop import Announce
from strandline.errors import InputError, StrandlineError
from strandline.observations.readers.formats.reading_process import ReadingProcess, reading_process
from strandline.observations.readers.gauges.rivers import read_rivers
from strandline.observations.region_file import load_region_file
from strandline.pipeline.deployment import load_deployment
from strandline.pipeline.run_folder.generations import open_run
from strandline.pipeline.study_area import built_in_study_area, open_study_area
from strandline.planning.actions import MONITORING
from strandline.planning.early_action.protocol_file import load_protocol
from strandline.watch.assimilation.tide_cache import TideTable
from strandline.watch.clock import hours_as_they_pass, hours_between, paced
from strandline.watch.decisions import Decision
from strandline.watch.feeds.client import FeedClient
from strandline.watch.feeds.files.foreign_files import FEED_LIMITS, ForeignFiles
from strandline.watch.feeds.files.quarantine import QUARANTINE_FILE, Quarantine
from strandline.watch.feeds.recorded import replayed_feeds
from strandline.watch.feeds.registry import open_feeds
from strandline.watch.service import Watch, open_watch

MAX_ZONES = 6
"""Most zones named in a line on the screen; the store has all."""
_DECISIONS = TypeAdapter(Sequence[Decision] | None)


@dataclass(eq=False)
class WatchedPlace:
    """One of several places: what fails here is reported and tried again at the next hour, and the others go on.

    Attributes:
        name: of its region file.
        open: opens its watch.
    """

    name: str
    open: Callable[[], Watch]
    _watch: Watch | None = None

    def watch(self) -> Watch | Exception:
        """Its watch, opened where it is not, or what went wrong."""
        if self._watch is None:
            try:
                self._watch = self.open()
            except Exception as error:  # noqa: BLE001 - what one place does must not end the watch of the others
                return error
        return self._watch

    def step(self, hour: datetime) -> Sequence[Decision] | Exception | None:
        """The decisions of an hour, ``None`` if it was done before, or what went wrong."""
        watch = self.watch()
        if isinstance(watch, Exception):
            return watch
        try:
            return watch.step(hour)
        except Exception as error:  # noqa: BLE001 - as above
            self._watch = None  # it is opened again, and its store verified
            watch.store.close()
            return error


def prepare(
    region: Path | None,
    data: Path | None,
    run: Path,
    store: str | None,
    replay: str | None,
    speed: float | None,
    announce: Announce,
    *,
    once: bool,
    protocol: Path | None = None,
) -> tuple[Watch, Iterator[datetime]]:
    """A watch that is ready to start, and its hours: of a replay, or as they pass.

    Without a region file it is the watch of the built-in delta, which has no streams and can only be replayed.

    Args:
        protocol: file to follow in place of the run's own protocol; it is read before anything else is opened.
    """
    if replay is None and region is None:
        raise InputError("watch", "the built-in delta has no streams", "give --replay FROM/TO, or a region file")
    span = None if replay is None else _span(replay)
    return _open(region, data, run, store, span, announce, protocol), _hours(span, speed, once=once)


def prepare_several(
    regions: Sequence[Path],
    data: Path | None,
    runs: Path,
    replay: str | None,
    speed: float | None,
    announce: Announce,
    *,
    once: bool,
) -> tuple[tuple[WatchedPlace, ...], Iterator[datetime]]:
    """Several places in one process, which are not opened yet, and their hours.

    Args:
        runs: folder with the finished run of each, named as its region file without the ending.

    Raises:
        InputError: two files of one name, or ``replay`` is no span.
    """
    names = [region.stem for region in regions]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(
            "region files", f"several are named {doubled[0]}", "give each a name of its own: so is its run"
        )
    span = None if replay is None else _span(replay)
    places = (
        WatchedPlace(each.stem, partial(_open, each, data, runs / each.stem, None, span, announce, None))
        for each in regions
    )
    return tuple(places), _hours(span, speed, once=once)


def _hours(span: tuple[datetime, datetime] | None, speed: float | None, *, once: bool) -> Iterator[datetime]:
    hours = hours_as_they_pass() if span is None else paced(hours_between(*span), speed)
    return islice(hours, 1) if once else hours


def _open(
    region: Path | None,
    data: Path | None,
    run: Path,
    store: str | None,
    span: tuple[datetime, datetime] | None,
    announce: Announce,
    protocol: Path | None,
) -> Watch:
    if protocol is not None:
        load_protocol(protocol)
    open_run(run)
    deployment = load_deployment(run)
    region_file = None if region is None else load_region_file(region, data)
    announce("open the study area")
    if region_file is None:
        rows, columns = deployment.region.shape
        study_area = built_in_study_area(min(rows, columns), announce("simulate the study area"))
    else:
        study_area = open_study_area(region_file, reading_process())
    feeds: Callable[[Mapping[str, TideTable]], list[FeedClient]]
    if span is not None:
        feeds = partial(replayed_feeds, study_area, deployment, *span)
    else:
        assert region_file is not None  # a live watch has one
        quarantine = Quarantine(run / QUARANTINE_FILE)
        feeds = partial(open_feeds, region_file, files=ForeignFiles(ReadingProcess(FEED_LIMITS), quarantine))
    crews = None if region_file is None or region_file.planning is None else region_file.planning.crews
    rivers = None if region_file is None or span is not None else partial(read_rivers, region_file.river)
    progress = announce("fit the sea-level model")
    address = store or run / "watch.db"
    return open_watch(
        run, study_area, feeds, address, crews, progress, is_live=span is None, protocol=protocol, read_rivers=rivers
    )


def screen_lines(hour: datetime, decisions: Sequence[Decision] | Exception | None) -> Iterator[str]:
    """The lines for the screen: starts and stops of actions, and a status line at noon and midnight."""
    if isinstance(decisions, Exception):
        yield f"{hour:%Y-%m-%d %H:%M}  NOT WATCHED, tried again at the next hour: {_message(decisions)}"
        return
    without_data = next((one for one in decisions or () if one.needs_person), None)
    if without_data is not None:
        yield f"{hour:%Y-%m-%d %H:%M}  NO DATA: {without_data.why}"
        return
    for decision in decisions or ():
        if decision.change in ("start", "stop"):
            zones = ", ".join(decision.where[:MAX_ZONES])
            more = f" and {len(decision.where) - MAX_ZONES} more zones" if len(decision.where) > MAX_ZONES else ""
            where = f" in {zones}{more}" if zones else ""
            yield f"{hour:%Y-%m-%d %H:%M}  {decision.change.upper()} {decision.action}{where}: {decision.why}"
        elif decision.action == MONITORING and hour.hour % 12 == 0:
            yield f"{hour:%Y-%m-%d %H:%M}  {decision.why}"


def hour_to_json(hour: datetime, decisions: Sequence[Decision] | Exception | None) -> dict[str, object]:
    """An hour with its decisions as plain values; ``null`` if the hour was done before, and with what went wrong."""
    if isinstance(decisions, Exception):
        return {"hour": hour.isoformat(), "decisions": None, "error": _message(decisions)}
    return {"hour": hour.isoformat(), "decisions": _DECISIONS.dump_python(decisions, mode="json")}


def _message(error: Exception) -> str:
    """One line; errors of the package say what, where and what would be right."""
    kind = "" if isinstance(error, StrandlineError) else f"{type(error).__name__}: "
    return " ".join(f"{kind}{error}".split())


def _span(text: str) -> tuple[datetime, datetime]:
    """Two times as FROM/TO; a date means its midnight UTC."""
    try:
        start, end = (datetime.fromisoformat(part) for part in text.split("/"))
    except ValueError as error:
        raise InputError(
            "--replay", f"{text!r} is no span ({error})", "write FROM/TO, as 2022-11-20/2022-11-24"
        ) from error
    if start.tzinfo or end.tzinfo or not start < end:
        raise InputError("--replay", f"{text!r} is empty or has a zone", "write FROM/TO in UTC without a zone")
    return start, end
