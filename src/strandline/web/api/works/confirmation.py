"""Confirmations by the solver, in a process of their own with low priority, one at a time; they can be cancelled."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from strandline.errors import StrandlineError
from strandline.files import write_bytes
from strandline.pipeline.run_folder.strategies import OutcomeRecord
from strandline.risk.works.geojson import DrawnWorks
from strandline.web.api.works.answers import Answer, Answers, key_of
from strandline.web.api.works.place import open_place
from strandline.web.run_folder import RunFolder

NICENESS = 10
"""Of the solver's process: the page and the watch come first."""
_PROGRAM = f"import sys; from {__name__} import confirm; confirm(sys.argv[1], sys.argv[2], sys.stdin, sys.stdout)"
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
    process: subprocess.Popen[str] | None = None


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
            command = [sys.executable, "-c", _PROGRAM, str(run.path), str(self._answers.raster_of(key))]
            begun.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
                env={**os.environ, "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
        threading.Thread(target=self._follow, args=(begun, begun.process, works), daemon=True).start()
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

    def _follow(self, begun: Confirmation, process: "subprocess.Popen[str]", works: DrawnWorks) -> None:
        """Take progress and answer from the process until it ends."""
        assert process.stdin is not None
        assert process.stdout is not None
        with process:
            process.stdin.write(works.model_dump_json())
            process.stdin.close()
            for line in process.stdout:
                kind, content = json.loads(line)
                if kind == "progress":
                    begun.progress = max(begun.progress, float(content))
                    continue
                with self._lock:
                    if begun.state == "running" and kind == "done":
                        outcome = OutcomeRecord.model_validate(content)
                        raster = self._answers.raster_of(begun.key)
                        self._answers.keep(Answer(begun.key, begun.run, works, outcome, raster))
                        begun.state, begun.progress = "done", 1.0
                    elif begun.state == "running":
                        begun.state, begun.why = "failed", str(content)
        with self._lock:
            if begun.state == "running":
                begun.state, begun.why = "failed", "the solver's process ended without an answer"


def confirm(folder: str, raster: str, given: TextIO, reported: TextIO) -> None:
    """Run the solver: the main function of the process. It ends where nobody takes its progress any more.

    Args:
        given: the works as JSON.
        reported: one line of JSON each for progress, and for the answer or the reason why there is none.
    """
    os.nice(NICENESS)

    def tell(kind: str, content: object) -> None:
        reported.write(json.dumps([kind, content]) + "\n")
        reported.flush()

    try:
        place = open_place(Path(folder))
        works = DrawnWorks.model_validate_json(given.read())
        outcome, water = place.try_works(works, "solver", lambda share: tell("progress", share))
        write_bytes(Path(raster), place.as_raster(water))
        tell("done", OutcomeRecord.of(outcome).model_dump(mode="json"))
    except StrandlineError as error:
        tell("failed", getattr(error, "what", str(error)))
