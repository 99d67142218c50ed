"""Scenarios of sea-level rise, storminess and development in which measures are appraised, with their sources."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.region_file.toml_file import describe_errors, read_toml
from strandline.observations.region_file.values import Section

SHIPPED = Path(__file__).parents[1] / "data" / "scenarios.toml"
BASELINE_YEAR = 2005.0
"""The middle of 1995-2014, the IPCC's reference period of sea-level rise."""
LAST_YEAR = 2100
LIKELY, VERY_LIKELY = 0.954, 1.645
"""Standard normal quantiles of 83 %, where the IPCC's likely range ends, and of 95 %, beyond which no projection has
medium confidence."""
Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class SeaLevel:
    """A scenario of sea-level rise: low, median and high [m] above 1995-2014, in 2050 and in 2100."""

    name: str
    in_2050: tuple[float, float, float]
    in_2100: tuple[float, float, float]
    source: str

    def rise(self, years: Floats, start_year: float, deviates: Floats) -> Floats:
        """(S, T) rise [m] since ``start_year``, of S standard normal deviates of the scenario.

        The rise is the parabola through the baseline year and the two stated years. A deviate moves both years by the
        same quantile of two half-normal distributions that match the likely range, no further than 5 to 95 %.

        Raises:
            InputError: a year after 2100, where the scenario ends.
        """
        if np.max(years, initial=start_year) > LAST_YEAR:
            raise InputError(
                f"scenario '{self.name}'", f"does not reach the year {np.max(years):.0f}", f"stay within {LAST_YEAR}"
            )
        middle, end = (_quantile(stated, deviates) for stated in (self.in_2050, self.in_2100))  # (S,) each
        near, far = 2050 - BASELINE_YEAR, LAST_YEAR - BASELINE_YEAR
        bend = (end / far - middle / near) / (far - near)
        slope = middle / near - bend * near

        def above_baseline(year: npt.ArrayLike) -> Floats:
            span = np.asarray(year, dtype=float) - BASELINE_YEAR
            return np.asarray(slope[:, None] * span + bend[:, None] * span**2)

        return above_baseline(years) - above_baseline([start_year])

    def year_of(self, rise: float, start_year: int) -> int | None:
        """The first year in which the median rise [m] since ``start_year`` is reached; ``None`` = not until 2100."""
        years = np.arange(start_year, LAST_YEAR + 1)
        reached = self.rise(years.astype(float), start_year, np.zeros(1))[0] >= rise
        return int(years[reached.argmax()]) if reached.any() else None


class Storminess(Section):
    """Relative change of the height of return levels above mean sea level by 2100 [-]."""

    name: Text
    change_by_2100: Annotated[float, Field(gt=-1, lt=1)]
    source: Text


class Development(Section):
    """Growth rate of the value exposed to floods [a-1]."""

    name: Text
    growth_per_year: Annotated[float, Field(gt=-0.1, lt=0.1)]
    source: Text


class Objective(Section):
    """Greatest acceptable expected annual damage while the sea rises, as a share of today's [-]."""

    damage_share: Annotated[float, Field(gt=0)]
    source: Text


@dataclass(frozen=True)
class Scenario:
    """One combination of sea-level rise, storminess and development."""

    sea_level: SeaLevel
    storminess: Storminess
    development: Development

    @property
    def name(self) -> str:
        """The three names in a row."""
        return f"{self.sea_level.name}, {self.storminess.name}, {self.development.name}"


@dataclass(frozen=True)
class Scenarios:
    """All scenarios: every combination of the three parts; and the objective to keep."""

    sea_levels: tuple[SeaLevel, ...]
    storminess: tuple[Storminess, ...]
    developments: tuple[Development, ...]
    objective: Objective

    def __iter__(self) -> Iterator[Scenario]:
        return (Scenario(*parts) for parts in product(self.sea_levels, self.storminess, self.developments))

    @property
    def sources(self) -> dict[str, str]:
        """Name of each part → its source."""
        return {
            **{each.name: each.source for each in self.sea_levels},
            **{each.name: each.source for each in self.storminess},
            **{each.name: each.source for each in self.developments},
        }

    def __len__(self) -> int:
        return len(self.sea_levels) * len(self.storminess) * len(self.developments)


_COMPARE = "for comparison only"
AS_TODAY = Scenario(
    SeaLevel("no rise", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), _COMPARE),
    Storminess(name="storms as today", change_by_2100=0.0, source=_COMPARE),
    Development(name="values as today", growth_per_year=0.0, source=_COMPARE),
)
"""Nothing changes: only for comparison."""


class _File(Section):
    sea_level: Annotated[tuple[str, ...], Field(min_length=1)]
    storminess: Annotated[tuple[Storminess, ...], Field(min_length=1)]
    development: Annotated[tuple[Development, ...], Field(min_length=1)]
    objective: Objective


def load_scenarios(path: Path = SHIPPED) -> Scenarios:
    """Read the scenarios; without a path, those in the package.

    Raises:
        InputError: not TOML, an unknown or missing key, a number without a source, or an unknown sea-level scenario.
    """
    try:
        content = _File.model_validate(read_toml(path))
    except ValidationError as error:
        raise describe_errors(path, _File, error)[0] from error
    known = _sea_levels()
    unknown = [name for name in content.sea_level if name not in known]
    if unknown:
        raise InputError(f"{path}: sea_level", f"{unknown} are not known", f"known: {', '.join(known)}")
    sea_levels = tuple(known[name] for name in content.sea_level)
    return Scenarios(sea_levels, content.storminess, content.development, content.objective)


def _sea_levels() -> Mapping[str, SeaLevel]:
    text = resources.files("strandline.observations").joinpath("data/sea_level_rise.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    rise = {
        (row["scenario"], row["year"]): (float(row["low"]), float(row["median"]), float(row["high"])) for row in rows
    }
    source = "IPCC AR6 WG1 table 9.9, global mean, median and likely range"
    names = dict.fromkeys(row["scenario"] for row in rows)
    return {name: SeaLevel(name, rise[name, "2050"], rise[name, "2100"], source) for name in names}


def _quantile(bounds: tuple[float, float, float], deviates: Floats) -> Floats:
    low, median, high = bounds
    spread = np.where(deviates > 0, high - median, median - low) / LIKELY
    return np.asarray(median + np.clip(deviates, -VERY_LIKELY, VERY_LIKELY) * spread)
