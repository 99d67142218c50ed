"""Confirmations by the solver, in a process of their own with low priority, one at a time; they can be cancelled."""

import multiprocessing
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal

from strandline.errors import StrandlineError
from strandline.files import write_bytes
from strandline.pipeline.run_folder.strategies import OutcomeRecord
from strandline.risk.works.geojson import DrawnWorks
from strandline.web.api.works.answers import Answer, Answers, key_of
from strandline.web.api.works.place import open_place
from strandline.web.run_folder import RunFolder

NICENESS = 15
"""Of the solver's process: the page and the watch come first."""
State = Literal["running", "done", "failed", "cancelled"]


@dataclass
class Confirmation:
    """A confirmation that runs, or ran.

    Attributes:
        key: also of its answer.
        progress: share done [-].
        why: it failed.
    """

    key: str
    run: str
    state: State = "running"
    progress: float = 0.0
    why: str = ""
    process: BaseProcess | None = None


class Confirmations:
    """The confirmation that runs, and the newest of those that ran."""

    def __init__(self, answers: Answers) -> None:
        self._answers, self._lock = answers, threading.Lock()
        self._found: dict[str, Confirmation] = {}

    def start(self, run: RunFolder, works: DrawnWorks) -> Confirmation | None:
        """Start a confirmation, or return the one of the same works; ``None`` = another one runs."""
        key = key_of(run, works, "solver")
        with self._lock:
            held = self._found.get(key)
            if held is not None and (held.state == "running" or self._answers.find(key) is not None):
                return held
            if any(each.state == "running" for each in self._found.values()):
                return None
            self._found = {key: Confirmation(key, run.id)}
            begun = self._found[key]
            reader, writer = multiprocessing.Pipe(duplex=False)
            given = (run.path, works.model_dump_json(), self._answers.raster_of(key), writer)
            begun.process = multiprocessing.get_context("spawn").Process(target=confirm, args=given, daemon=True)
            begun.process.start()
            writer.close()
        threading.Thread(target=self._follow, args=(begun, works, reader), daemon=True).start()
        return begun

    def find(self, key: str) -> Confirmation | None:
        """A confirmation by its key."""
        return self._found.get(key)

    def cancel(self, key: str) -> Confirmation | None:
        """End a confirmation that runs."""
        with self._lock:
            held = self._found.get(key)
            if held is not None and held.state == "running":
                held.state = "cancelled"
                if held.process is not None:
                    held.process.terminate()
        return held

    def _follow(self, begun: Confirmation, works: DrawnWorks, reader: Connection) -> None:
        """Take progress and answer from the process until it ends."""
        with reader, suppress(EOFError, OSError):
            while True:
                kind, content = reader.recv()
                if kind == "progress":
                    begun.progress = max(begun.progress, float(content))
                    continue
                with self._lock:
                    if begun.state == "running" and kind == "done":
                        outcome = OutcomeRecord.model_validate_json(content)
                        raster = self._answers.raster_of(begun.key)
                        self._answers.keep(Answer(begun.key, begun.run, works, outcome, raster))
                        begun.state, begun.progress = "done", 1.0
                    elif begun.state == "running":
                        begun.state, begun.why = "failed", str(content)
        if begun.process is not None:
            begun.process.join()
        with self._lock:
            if begun.state == "running":
                begun.state, begun.why = "failed", "the solver's process ended without an answer"


def confirm(folder: Path, works: str, raster: Path, writer: Connection) -> None:
    """Run the solver: the main function of the process."""
    os.nice(NICENESS)
    os.environ.update({"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})
    try:
        place = open_place(folder)
        outcome, water = place.try_works(
            DrawnWorks.model_validate_json(works), "solver", lambda share: writer.send(("progress", share))
        )
        write_bytes(raster, place.as_raster(water))
        writer.send(("done", OutcomeRecord.of(outcome).model_dump_json()))
    except StrandlineError as error:
        writer.send(("failed", getattr(error, "what", str(error))))
    finally:
        writer.close()
