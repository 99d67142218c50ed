"""The program of a job's process: it checks, fetches or runs a place, and reports line by line on standard output.

A job lives no longer than who started it: when its standard input closes, it ends itself with all its children.
"""

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from strandline.errors import InputError, StrandlineError, require_extra
from strandline.files import exclusive_use
from strandline.observations.region_file import refuse_paths_outside
from strandline.web.places.time_left import FIRST_RUN

NICENESS = 10
"""Of the process: the page and the watch come first."""
Tell = Callable[[str, object], None]
Announce = Callable[[str], Callable[[float], None]]
DIFFERENCE = 0.005
"""Of two shares that are reported one after the other [-]."""


def main() -> None:
    """Do the job that standard input describes, as one line of JSON."""
    os.nice(NICENESS)
    reported = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no report
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    do(job, reported)


def do(job: Mapping[str, Any], reported: TextIO) -> None:
    """Do a job; the last line is what came of it, or why nothing did."""
    lock = threading.Lock()

    def tell(kind: str, content: object) -> None:
        with lock:
            reported.write(json.dumps([kind, content], allow_nan=False) + "\n")
            reported.flush()

    path = Path(job["region_file"])
    try:
        with exclusive_use(path.parents[1], "another job of these places runs", "wait for it, or cancel it"):
            refuse_paths_outside(path)
            tell("done", JOBS[job["kind"]](path, job, tell))
    except InputError as error:
        tell("failed", {"where": _plain(error.where, path), "what": error.what, "remedy": error.remedy})
    except StrandlineError as error:
        tell("failed", {"where": "", "what": _plain(str(error), path), "remedy": ""})
    except Exception as error:  # noqa: BLE001 - whatever it is, the person who waits must hear of it
        traceback.print_exc()
        tell("failed", {"where": "", "what": f"a fault of Strandline itself ({type(error).__name__})",
                        "remedy": "the log of the job in the place's folder says more"})  # fmt: skip


def _check(path: Path, job: Mapping[str, Any], tell: Tell) -> object:
    """What is there, what is missing, what that costs, and whether it can be run."""
    from strandline.observations.checks.inventory.views import inventory_to_json
    from strandline.observations.readers.formats.reading_process import reading_process
    from strandline.pipeline.study_area.verdict import examine

    tell("stage", "look at the data")
    found = examine(path, None, reading_process())
    streams = [] if found.inventory is None else inventory_to_json(found.inventory)["streams"]
    return json.loads(_plain(json.dumps({"verdict": found.verdict.to_json(), "streams": streams}), path))


def _look(path: Path, job: Mapping[str, Any], tell: Tell) -> object:
    """What a fetch would bring; only catalogues are asked."""
    return _fetch(path, job, tell, is_wanted=False)


def _bring(path: Path, job: Mapping[str, Any], tell: Tell) -> object:
    """Fetch what was looked at."""
    return _fetch(path, job, tell, is_wanted=True)


def _fetch(path: Path, job: Mapping[str, Any], tell: Tell, *, is_wanted: bool) -> object:
    require_extra("fetch", "fetch", "httpx", "tomlkit", "pystac_client")
    from strandline.observations.fetch import registry
    from strandline.observations.fetch.source import FetchChoice
    from strandline.pipeline.study_area.new_place.fetch_data import open_fetch

    mirrors = os.environ.get("STRANDLINE_MIRRORS")
    others = registry.Mirrors({}) if mirrors is None else registry.read_mirrors(Path(mirrors))
    choice = FetchChoice(frozenset(job["sources"]), budget_mb=job["budget_mb"])
    announce = _announcer(tell)
    with open_fetch(path, None, choice, registry.with_mirrors(others, registry.SOURCES)) as opened:
        plan = opened.plan(announce)
        offers: dict[str, dict[str, Any]] = {}
        for entry in plan.entries:
            source = entry.source
            offer = offers.setdefault(
                source.name,
                {"source": source.name, "kind": source.kind, "licence": source.licence, "files": 0, "bytes": 0,
                 "is_size_known": True, "there": 0, "over_budget": 0},
            )  # fmt: skip
            offer["files"] += entry.is_wanted
            offer["bytes"] += (entry.file.size or 0) if entry.is_wanted else 0
            offer["is_size_known"] &= entry.file.size is not None or not entry.is_wanted
            offer["there"] += entry.cached is not None
            offer["over_budget"] += not entry.is_in_budget
        found: dict[str, Any] = {
            "offers": list(offers.values()), "empty": list(plan.empty),
            "failures": [each.sentence for each in plan.failures],
        }  # fmt: skip
        if not is_wanted:
            return found
        weights = {f"fetch {name}": offer["bytes"] for name, offer in offers.items() if offer["bytes"]}
        tell("weights", {"weights": weights, "restored": []})
        fetched = opened.bring(plan, announce)
    came = sum(outcome.file is not None for outcome in fetched.outcomes)
    return {
        **found, "came": came, "added": list(fetched.completion.added), "kept": list(fetched.completion.kept),
        "failures": [each.sentence for each in fetched.failures],
    }  # fmt: skip


def _run(path: Path, job: Mapping[str, Any], tell: Tell) -> object:
    """From observations to the report; goes on from the stages that an interrupted run has finished."""
    from strandline.pipeline import jobs
    from strandline.pipeline.run_folder.checkpoints import UNFINISHED
    from strandline.pipeline.run_folder.generations import open_run

    out, resume = Path(job["out"]), bool(job["resume"])
    restored = [each.stem for each in (out / UNFINISHED).glob("*/*.stage")] if resume else []
    tell("weights", {"weights": _measured(out) or dict(FIRST_RUN), "restored": restored})
    jobs.run(path, out, resume=resume, announce=_announcer(tell))
    open_run(out)
    return {}


JOBS: Mapping[str, Callable[[Path, Mapping[str, Any], Tell], object]] = {
    "check": _check, "look": _look, "fetch": _bring, "run": _run,
}  # fmt: skip


def _measured(out: Path) -> dict[str, float]:
    """[s] Of each stage of the newest run of this place, in ``out`` or beside it; empty = there is none."""
    summaries = sorted(out.parent.glob("*/summary.json"), key=lambda each: (each.parent == out, each.stat().st_mtime))
    for path in reversed(summaries):
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            seconds = json.loads(path.read_text(encoding="utf-8"))["seconds"]
            return {str(name): float(value) for name, value in seconds.items() if name != "total"}
    return {}


def _announcer(tell: Tell) -> Announce:
    """What takes the stages and their progress, and tells them where they change."""

    def announce(stage: str) -> Callable[[float], None]:
        tell("stage", stage)
        last = 0.0

        def progress(share: float) -> None:
            nonlocal last
            if abs(share - last) >= DIFFERENCE:
                last = share
                tell("progress", share)

        return progress

    return announce


def _plain(text: str, region_file: Path) -> str:
    """A text without the paths of this machine."""
    return text.replace(str(region_file), region_file.name).replace(f"{region_file.parent}/", "")


def _end_with_the_server() -> None:
    """Wait until standard input closes, then end this process and its children."""
    while os.read(0, 1):  # not by `sys.stdin`: its lock would be held when the interpreter ends
        pass
    os.killpg(0, signal.SIGKILL)
