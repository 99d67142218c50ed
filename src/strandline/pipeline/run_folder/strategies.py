"""Strategies that people save beside a run: drawn works with what they do, each in a file of its own.

They are no products of the run: a new run leaves them as they are. Each names the run on whose ground it was tried, so
that numbers of another run are never compared with its own.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from strandline.errors import InputError
from strandline.files import write_text
from strandline.pipeline.run_folder.lock import refuse_link
from strandline.risk.works.geojson import DrawnWorks
from strandline.risk.works.outcome import Outcome

FOLDER = "strategies"
"""Of a run's folder."""
MOST_STRATEGIES = 100
LARGEST_FILE = 2_000_000
"""[bytes]"""
_PLAIN = r"^[^\x00-\x1f\x7f]+$"
Name: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=_PLAIN, strip_whitespace=True)]
Person: TypeAlias = Annotated[
    str, StringConstraints(min_length=2, max_length=120, pattern=_PLAIN, strip_whitespace=True)
]
Note: TypeAlias = Annotated[str, StringConstraints(max_length=2000)]
Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False)] | None


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Amount(_Record):
    """An expected amount; null = unknown."""

    mean: Number
    standard_error: Number
    p10: Number
    p50: Number
    p90: Number
    draws: int


class Count(_Record):
    """People, with bounds; null = unknown."""

    low: Number
    likely: Number
    high: Number


class ChangeRecord(_Record):
    """Before and after; amounts per year."""

    damage_before: Amount
    damage_after: Amount
    avoided: Amount
    people_before: Count
    people_after: Count
    unknown_assets: int


class ZoneRecord(_Record):
    """Of one zone, today; areas [m2] at the rarest return period."""

    zone: str
    change: ChangeRecord
    flooded_before: float
    flooded_after: float
    unknown: float
    verdict: Literal["gains", "loses", "same", "unknown"]


class FutureRecord(_Record):
    """At a future sea; rise [m]."""

    name: str
    rise: float
    change: ChangeRecord


class OutcomeRecord(_Record):
    """What works do, by one of the two methods; level [m, region datum]."""

    method: Literal["still water", "solver"]
    level: float
    return_period: float
    futures: tuple[FutureRecord, ...]
    zones: tuple[ZoneRecord, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """The record of an outcome; what is not finite is unknown."""
        return cls.model_validate(_plain(outcome))


class Strategy(_Record):
    """A strategy: works, who saved them, and what they do."""

    format: Literal["strandline strategy 1"] = "strandline strategy 1"
    name: Name
    author: Person
    note: Note = ""
    saved: datetime
    """UTC"""
    run: str
    """When the run began on whose ground it was tried."""
    money: str
    cost: float
    works: DrawnWorks
    still_water: OutcomeRecord
    solver: OutcomeRecord | None = None
    """null = not confirmed"""


def save_strategy(folder: Path, strategy: Strategy) -> str:
    """Write a strategy beside a run, in place of a former one of the same name; return the key of its file.

    Raises:
        InputError: there are too many, a link lies in the way, or the file cannot be written.
    """
    key, home = key_of(strategy.name), folder / FOLDER
    refuse_link(home)
    path = home / f"{key}.json"
    refuse_link(path)
    if not path.exists() and home.is_dir() and len(list(home.glob("*.json"))) >= MOST_STRATEGIES:
        raise InputError("strategies", f"are {MOST_STRATEGIES} already", "remove files from the folder strategies")
    write_text(path, strategy.model_dump_json(indent=2) + "\n")
    return key


def load_strategies(folder: Path) -> tuple[dict[str, Strategy], tuple[str, ...]]:
    """Key → strategy, the newest first, and the names of files that are none."""
    home, found, damaged = folder / FOLDER, dict[str, Strategy](), []
    refuse_link(home)
    for path in sorted(home.glob("*.json"))[:MOST_STRATEGIES]:
        try:
            found[path.stem] = load_strategy(folder, path.stem)
        except InputError:
            damaged.append(path.name)
    newest = sorted(found.items(), key=lambda each: each[1].saved, reverse=True)
    return dict(newest), tuple(damaged)


def load_strategy(folder: Path, key: str) -> Strategy:
    """Read a strategy.

    Raises:
        InputError: there is none of this key, or its file is damaged.
    """
    path = folder / FOLDER / f"{key}.json"
    refuse_link(path.parent)
    refuse_link(path)
    if not re.fullmatch(r"[a-z0-9-]{1,60}", key) or not path.is_file():
        raise InputError("strategies", f"none is called {key!r}", "name one of the list")
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError("it is too large")
        return Strategy.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError, RecursionError) as error:
        raise InputError(path, f"is no strategy ({type(error).__name__})", "save it again") from error


def key_of(name: str) -> str:
    """The name of a strategy's file: its Latin letters and digits, and a digest of the whole name."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    return f"{plain}-{hashlib.sha256(name.encode('utf-8')).hexdigest()[:8]}".strip("-")


def _plain(value: Any) -> Any:
    """A value for JSON: classes as objects, what is not finite as ``None``."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
