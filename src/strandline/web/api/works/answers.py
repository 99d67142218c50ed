"""Answers that a server holds: what works do, and a raster of the water, for as long as they are among the newest."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from strandline.files import write_bytes
from strandline.pipeline.run_folder.strategies import OutcomeRecord
from strandline.risk.works.geojson import DrawnWorks
from strandline.risk.works.trial_water import Method
from strandline.web.api.works.place import open_place
from strandline.web.run_folder import RunFolder

KEPT = 12
"""Answers of each server; a raster has some 100 kB."""


@dataclass(frozen=True)
class Answer:
    """What works do in a run.

    Attributes:
        raster: of the water, ``TrialSite.as_raster``.
    """

    key: str
    run: str
    works: DrawnWorks
    outcome: OutcomeRecord
    raster: Path


class Answers:
    """The newest answers; one is made at a time."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="strandline-works-")
        self._kept: OrderedDict[str, Answer] = OrderedDict()
        self._turn, self._lock = threading.Lock(), threading.Lock()

    def raster_of(self, key: str) -> Path:
        """Where the raster of an answer lies."""
        return Path(self._folder.name) / f"{key}.tif"

    def find(self, key: str) -> Answer | None:
        """An answer, if it is still held."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def at_once(self, run: RunFolder, works: DrawnWorks) -> Answer:
        """The answer of still water."""
        key = key_of(run, works, "still water")

        def make() -> Answer:
            place = open_place(run.path)
            outcome, water = place.try_works(works, "still water")
            write_bytes(self.raster_of(key), place.as_raster(water))
            return Answer(key, run.id, works, OutcomeRecord.of(outcome), self.raster_of(key))

        return self._once(key, make)

    def keep(self, answer: Answer) -> None:
        """Hold an answer, and let the oldest go."""
        with self._lock:
            self._kept[answer.key] = answer
            while len(self._kept) > KEPT:
                _, dropped = self._kept.popitem(last=False)
                dropped.raster.unlink(missing_ok=True)

    def _once(self, key: str, make: Callable[[], Answer]) -> Answer:
        with self._turn:
            found = self.find(key)
            if found is None:
                found = make()
                self.keep(found)
        return found


def key_of(run: RunFolder, works: DrawnWorks, method: Method) -> str:
    """A key that changes with works, method and run."""
    edition = run.file_version("products.json") if (run.path / "products.json").is_file() else ""
    text = f"{run.id}\n{edition}\n{method}\n{works.model_dump_json()}"
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:24]
