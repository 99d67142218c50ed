"""What can be done: measures as data, each number with its source."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import numpy as np
from scipy.special import ndtri

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.assets import ASSET_CLASSES
from strandline.planning.actions import Response


@dataclass(frozen=True)
class Quantity:
    """A number that is known within ``low`` to ``high`` (95 %), and whose it is."""

    value: float
    low: float
    high: float
    unit: str
    source: str

    @property
    def is_assumption(self) -> bool:
        """Whether any part of it is ours and not published."""
        return "assumption" in self.source.lower()

    def draw(self, n_samples: int, rng: np.random.Generator) -> Floats:
        """(S,) log-normal draws about ``value``; exact where the range is empty."""
        spread = np.log(self.high / self.low) / (2 * 1.96) if self.high > self.low > 0 else 0.0
        return np.asarray(self.value * np.exp(spread * ndtri(stratify(n_samples, rng))))

    def draw_evenly(self, n_samples: int, rng: np.random.Generator) -> Floats:
        """(S,) uniform draws from ``low`` to ``high``."""
        return np.asarray(self.low + (self.high - self.low) * stratify(n_samples, rng))


def stratify(n_samples: int, rng: np.random.Generator) -> Floats:
    """(S,) probabilities, one from each of S equal parts of 0 to 1, in random order.

    Some tens of samples then have the median and the spread that thousands would have.

    Source: McKay, Beckman & Conover (1979), Technometrics 21, 239-245: Latin hypercube sampling, one column.
    """
    return np.asarray((rng.permutation(n_samples) + rng.random(n_samples)) / n_samples)


@dataclass(frozen=True)
class LongTermMeasure:
    """Something that is built once and kept up.

    Attributes:
        key: kind of the action, e.g. ``raise_embankment``.
        effect: the numbers that say what it changes, by the names of ``EFFECTS``.
        unit_cost: [EUR 2010 per unit]; the unit is stated in it.
        upkeep_share: share of the investment paid each year [a-1].
        who: who builds it and keeps it up.
        classes: asset classes that it acts on; empty = all.
    """

    key: str
    title: str
    classes: tuple[str, ...]
    lead_time_days: Quantity
    lifetime_years: Quantity
    unit_cost: Quantity
    upkeep_share: Quantity
    effect: Mapping[str, Quantity]
    who: str


@dataclass(frozen=True)
class OperationalMeasure:
    """Something that is done when a flood is forecast.

    Attributes:
        lead_window_hours: earliest and latest lead time [h] at which starting it makes sense.
        response: what a warning asks people for, in the words of CAP 1.2.
        life_safety: done for lives, never weighed against money.
        cost: [EUR 2010 per event]; ``None`` for life safety.
        avoided_share: share of the event's damage to ``classes`` that it avoids [-]; ``None`` for life safety.
        crews: that it binds while it runs.
    """

    key: str
    title: str
    classes: tuple[str, ...]
    lead_window_hours: tuple[float, float]
    response: Response
    life_safety: bool
    cost: Quantity | None
    avoided_share: Quantity | None
    crews: int = 0


@dataclass(frozen=True)
class Measures:
    """A catalogue."""

    long_term: tuple[LongTermMeasure, ...]
    operational: tuple[OperationalMeasure, ...]


def load_measures(path: Path | None = None) -> Measures:
    """Read a catalogue of measures; the one in the package when no path is given.

    Raises:
        InputError: not TOML, a missing or unknown key, or a number without a source.
    """
    where = "the package's measures.toml" if path is None else str(path)
    file = resources.files("strandline.planning").joinpath("data/measures.toml") if path is None else path
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(where, f"is not TOML ({error})", "compare it with the package's measures.toml") from error
    except OSError as error:
        raise InputError(where, "cannot be read", "give a TOML file of measures") from error
    unknown = sorted(set(content) - {"long_term", "operational"})
    if unknown:
        raise InputError(where, f"unknown tables {unknown}", "known: long_term, operational")
    return Measures(
        tuple(_long_term(where, entry) for entry in content.get("long_term", [])),
        tuple(_operational(where, entry) for entry in content.get("operational", [])),
    )


EFFECTS: Mapping[str, tuple[str, ...]] = {
    "raise_embankment": ("design_return_period", "freeboard"),
    "home_raise": ("height",),
    "early_warning": ("avoided_share",),
    "mangrove_belt": ("attenuation", "width"),
    "floodgates": ("avoided_share",),
    "pumps": ("lowering",),
    "road_raise": ("height",),
    "retreat": ("avoided_share",),
    "shelters": ("capacity",),
}
"""Which numbers say what a long-term measure changes."""
ALONG_THE_SHORE = ("raise_embankment", "mangrove_belt")
"""Measures that may give their ``length`` [km]."""
FOR_LIVES = ("shelters",)
"""Long-term measures for lives, never weighed against money."""
_LONG_TERM = ("lead_time_days", "lifetime_years", "unit_cost", "upkeep_share")


def _long_term(where: str, entry: Mapping[str, Any]) -> LongTermMeasure:
    key = str(entry.get("key"))
    place = f"{where}: measure '{key}'"
    if key not in EFFECTS:
        raise InputError(place, "is not a long-term measure", f"known: {', '.join(EFFECTS)}")
    optional = ("length",) if key in ALONG_THE_SHORE else ()
    _check_keys(place, entry, ("who", *_LONG_TERM, *EFFECTS[key]), optional)
    numbers = {name: _quantity(f"{place}, {name}", entry[name]) for name in entry if isinstance(entry[name], dict)}
    effect = {name: number for name, number in numbers.items() if name not in _LONG_TERM}
    return LongTermMeasure(
        key=key,
        title=str(entry["title"]),
        classes=_classes(place, entry),
        lead_time_days=numbers["lead_time_days"],
        lifetime_years=numbers["lifetime_years"],
        unit_cost=numbers["unit_cost"],
        upkeep_share=numbers["upkeep_share"],
        effect=effect,
        who=str(entry["who"]),
    )


def _operational(where: str, entry: Mapping[str, Any]) -> OperationalMeasure:
    place = f"{where}: measure '{entry.get('key')}'"
    for_lives = bool(entry.get("life_safety", False))
    needed = ("lead_window_hours", "response", *(() if for_lives else ("cost", "avoided_share")))
    _check_keys(place, entry, needed, ("life_safety", "crews"))
    window = entry["lead_window_hours"]
    if not str(window.get("source", "")) or not 0 <= window.get("earliest", -1) <= window.get("latest", -1):
        raise InputError(place, "lead_window_hours is not complete", "give earliest, latest and source")
    response = next((known for known in get_args(Response) if known == entry["response"]), None)
    if response is None:
        raise InputError(
            place, f"response {entry['response']!r} is not CAP's", f"known: {', '.join(get_args(Response))}"
        )
    return OperationalMeasure(
        str(entry["key"]),
        str(entry["title"]),
        _classes(place, entry),
        (float(window["earliest"]), float(window["latest"])),
        response,
        for_lives,
        None if for_lives else _quantity(f"{place}, cost", entry["cost"]),
        None if for_lives else _quantity(f"{place}, avoided_share", entry["avoided_share"]),
        round(_quantity(f"{place}, crews", entry["crews"]).value) if "crews" in entry else 0,
    )


def _check_keys(place: str, entry: Mapping[str, Any], required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    known = {"key", "title", "classes", *required, *optional}
    missing, unknown = sorted({"title", *required} - set(entry)), sorted(set(entry) - known)
    if missing or unknown:
        raise InputError(place, f"missing {missing}, unknown {unknown}", f"known: {', '.join(sorted(known))}")


def _classes(place: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    classes = tuple(str(name) for name in entry.get("classes", ASSET_CLASSES))
    wrong = sorted(set(classes) - set(ASSET_CLASSES))
    if wrong:
        raise InputError(place, f"unknown classes {wrong}", f"known: {', '.join(ASSET_CLASSES)}")
    return classes


def _quantity(place: str, entry: Mapping[str, Any]) -> Quantity:
    source = str(entry.get("source", ""))
    if not source:
        raise InputError(place, "has no source", "cite one, or write 'assumption: …'")
    unknown = sorted(set(entry) - {"value", "low", "high", "factor", "unit", "source"})
    has_range = {"low", "high"} <= set(entry)
    if unknown or not (has_range or "value" in entry):
        raise InputError(place, f"unknown keys {unknown} or no value", "give value (and factor), or low and high")
    value = float(entry["value"]) if "value" in entry else (float(entry["low"]) + float(entry["high"])) / 2
    factor = float(entry.get("factor", 1.0))
    low, high = (float(entry["low"]), float(entry["high"])) if has_range else (value / factor, value * factor)
    if not 0 <= low <= value <= high:
        raise InputError(place, f"{low:g}, {value:g}, {high:g} are not 0 <= low <= value <= high", "order them")
    return Quantity(value, low, high, str(entry.get("unit", "")), source)
