"""Chips of data sets as events: floods that are never split between training and test."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from benchmarks.record import sha256
from strandline.observations.flood_scenes.read_scenes import read_labelled_scenes
from strandline.observations.flood_scenes.scene import LabelledScene, events_of

TRAINING_SHARE = 0.6
"""First part of an event, in the order of its chips: training pairs; the rest is the test."""


@dataclass(frozen=True)
class Event:
    """Chips of one flood, in order."""

    name: str
    chips: tuple[LabelledScene, ...]

    @property
    def pairs(self) -> int:
        """Number of training pairs."""
        return max(1, int(TRAINING_SHARE * len(self.chips)))


def read_events(path: Path, blocks: Path | None) -> list[Event]:
    """Events of a data set of labelled scenes, in the order of their first chips.

    Raises:
        InputError: as `read_labelled_scenes`.
    """
    return [Event(name, tuple(chips)) for name, chips in events_of(list(read_labelled_scenes(path, blocks))).items()]


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and digests of a folder's files."""
    if path.is_file():
        return sha256(path)
    files = [f"{file.relative_to(path)} {sha256(file)}" for file in sorted(path.rglob("*")) if file.is_file()]
    return hashlib.sha256("\n".join(files).encode()).hexdigest()
