"""`strandline watch`: from the command line to a running watch, and its output."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path

from pydantic import TypeAdapter

from strandline.distillation.training.loop import Announce
from strandline.errors import InputError
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
        hours = paced(hours_between(*span), speed)
    else:
        assert region_file is not None  # refused above
        quarantine = Quarantine(run / QUARANTINE_FILE)
        feeds = partial(open_feeds, region_file, files=ForeignFiles(ReadingProcess(FEED_LIMITS), quarantine))
        hours = hours_as_they_pass()
    crews = None if region_file is None or region_file.planning is None else region_file.planning.crews
    rivers = None if region_file is None or span is not None else partial(read_rivers, region_file.river)
    progress = announce("fit the sea-level model")
    address = store or run / "watch.db"
    watch = open_watch(
        run, study_area, feeds, address, crews, progress, is_live=span is None, protocol=protocol, read_rivers=rivers
    )
    return watch, islice(hours, 1) if once else hours


def screen_lines(hour: datetime, decisions: Sequence[Decision] | None) -> Iterator[str]:
    """The lines for the screen: starts and stops of actions, and a status line at noon and midnight."""
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


def hour_to_json(hour: datetime, decisions: Sequence[Decision] | None) -> dict[str, object]:
    """An hour with its decisions as plain values; ``null`` if the hour was done before."""
    return {"hour": hour.isoformat(), "decisions": _DECISIONS.dump_python(decisions, mode="json")}


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
