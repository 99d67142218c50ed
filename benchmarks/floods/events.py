"""Chips of data sets as events: floods that are never split between training and test."""

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


def digests_of(path: Path, blocks: Path | None, name: str = "source") -> dict[str, str]:
    """SHA-256 of a data set and of its blocks, by which networks trained on it are found again."""
    found = {name: sha256(path)}
    return found if blocks is None else {**found, f"{name}_blocks": sha256(blocks)}
