"""Jobs of the places: one at a time, each a process in a session of its own, which can be cancelled and resumed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, JsonValue, ValidationError

from strandline.errors import InputError
from strandline.files import write_text
from strandline.web.places import worker
from strandline.web.places.place_folder import JOBS, PlaceFolder
from strandline.web.places.time_left import TimeLeft
from strandline.web.watch_view import Clock

Kind = Literal["check", "look", "fetch", "run"]
State = Literal["running", "done", "failed", "cancelled", "interrupted"]
PATIENCE_S = 3.0
"""How long a cancelled job may take to end by itself [s]; then it is killed."""
_PROGRAM = f"from {worker.__name__} import main; main()"


class JobFault(BaseModel):
    """Why a job failed."""

    where: str
    what: str
    remedy: str


class Job(BaseModel):
    """A job that runs, or the last one of its kind.

    Attributes:
        person: who started it.
        began, ended: naive UTC.
        stage_share, share: of the stage, and of all, that is done [-]; ``None`` = unknown.
        seconds_left: [s]; ``None`` = unknown.
        result: of a check, or a fetch.
    """

    place: str
    file: str
    kind: Kind
    person: str
    began: datetime
    ended: datetime | None = None
    state: State = "running"
    stage: str = ""
    stage_share: float | None = None
    share: float | None = None
    seconds_left: float | None = None
    fault: JobFault | None = None
    result: JsonValue = None


class Jobs:
    """The job that runs, and what became of the last ones, which is kept in the folders of their places."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._running: _Running | None = None

    def start(
        self, place: PlaceFolder, file: str, kind: Kind, person: str, options: Mapping[str, JsonValue]
    ) -> Job | None:
        """Start a job for one of a place's region files; ``None`` = another one runs, or is still ending.

        Raises:
            InputError: there is no such region file, or the process cannot be started.
        """
        path, before = place.region_file(file), self._running
        if before is not None and not before.has_gone():  # waits, and lets others start or be refused meanwhile
            return None
        with self._lock:
            if self._running is not before:
                return None
            job = Job(place=place.key, file=file, kind=kind, person=person, began=self._clock())
            description = {"kind": kind, "region_file": str(path), "out": str(place.out(file)), **options}
            self._running = _Running(job, _record_of(place, file, kind), description, self._clock)
            return self._running.seen()

    def find(self, place: PlaceFolder, file: str, kind: Kind) -> Job | None:
        """The last job of a kind; one that neither runs nor ended was interrupted with its server."""
        running = self._running
        if running is not None and (running.job.place, running.job.file, running.job.kind) == (place.key, file, kind):
            return running.seen()
        try:
            job = Job.model_validate_json(_record_of(place, file, kind).read_bytes())
        except (OSError, ValidationError):
            return None
        return job.model_copy(update={"state": "interrupted", "seconds_left": None}) if job.state == "running" else job

    def running(self) -> Job | None:
        """The job that runs."""
        running = self._running
        return running.seen() if running is not None and running.job.state == "running" else None

    def cancel(self, place: PlaceFolder) -> Job | None:
        """End the job of a place and everything that it has started; ``None`` = none runs there."""
        running = self._running
        if running is None or running.job.place != place.key or running.job.state != "running":
            return None
        running.end("cancelled")
        return running.seen()

    def close(self) -> None:
        """End the job, as the server does; it can be resumed."""
        if self._running is not None and self._running.job.state == "running":
            self._running.end("interrupted")


class _Running:
    """A process and what it reports."""

    def __init__(self, job: Job, record: Path, description: Mapping[str, Any], clock: Clock) -> None:
        self.job, self._record, self._clock = job, record, clock
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._left = TimeLeft({})
        self._outcome: dict[str, Any] = {}
        self._keep()
        try:
            with record.with_suffix(".log").open("wb") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                    text=True, encoding="utf-8", start_new_session=True,
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                )  # fmt: skip
        except OSError as error:
            record.unlink(missing_ok=True)
            raise InputError(
                "job", f"cannot be started ({error.strerror})", "free memory and space, then again"
            ) from error
        assert self._process.stdin is not None
        with suppress(
            BrokenPipeError
        ):  # it ended at once, which is reported below; its input stays open while this lives
            self._process.stdin.write(json.dumps(description) + "\n")
            self._process.stdin.flush()
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        threading.Thread(target=self._wait, args=(reader,), daemon=True).start()

    def seen(self) -> Job:
        """The job as it stands now."""
        with self._lock:
            if self.job.state != "running":
                return self.job.model_copy()
            return self.job.model_copy(
                update={"share": self._left.share, "seconds_left": self._left.left(time.monotonic())}
            )

    def has_gone(self) -> bool:
        """Whether nothing of it is left that writes, after some patience with one that was asked to end."""
        return self._ended.wait(0 if self.seen().state == "running" else 2 * PATIENCE_S)

    def end(self, state: State) -> None:
        """End the process and its children, and wait until they are gone."""
        with self._lock:
            if self.job.state == "running":
                self.job.state = state
        self._signal(signal.SIGTERM)
        if not self._ended.wait(PATIENCE_S):
            self._signal(signal.SIGKILL)
            self._ended.wait(PATIENCE_S)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole session, unless its first process is gone and its number may be another's."""
        with self._lock, suppress(ProcessLookupError):
            if not self._ended.is_set():
                os.killpg(self._process.pid, number)

    def _wait(self, reader: threading.Thread) -> None:
        """When the first process ends, however it does, end its children, and settle what became of the job."""
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        self._signal(signal.SIGKILL)
        reader.join()
        with self._lock:
            status = self._process.wait()
            self.job.ended, self.job.seconds_left, self.job.stage_share = self._clock(), None, None
            if self.job.state == "running":
                what = f"its process ended without an answer ({status})"
                fault = JobFault(where="", what=what, remedy="free memory, then resume")
                self.job = self.job.model_copy(update=self._outcome or {"state": "failed", "fault": fault})
            self._keep()
            self._ended.set()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                assert pipe is not None
                pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            kind, content = json.loads(line)
            with self._lock:
                if self.job.state == "running":
                    self._take(kind, content)

    def _take(self, kind: str, content: Any) -> None:
        if kind == "weights":
            self._left = TimeLeft(content["weights"], content["restored"])
        elif kind == "stage":
            self._left.begin(content, time.monotonic())
            self.job.stage, self.job.stage_share = content, None
            self._keep()
        elif kind == "progress":
            self._left.progress(content)
            self.job.stage_share = content
        elif kind == "done":
            self._outcome = {"state": "done", "result": content, "share": 1.0}
        elif kind == "failed":
            self._outcome = {"state": "failed", "fault": JobFault.model_validate(content)}

    def _keep(self) -> None:
        write_text(self._record, self.job.model_dump_json(indent=2))


def _record_of(place: PlaceFolder, file: str, kind: Kind) -> Path:
    return place.folder / JOBS / f"{file}.{kind}.json"
