"""Scenarios of sea-level rise, storminess and development in which measures are appraised, with their sources."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from strandline.errors import InputError
from strandline.observations.region_file.toml_file import describe_errors, first_of, read_toml
from strandline.observations.region_file.values import Section
from strandline.observations.sea_level.projections import LAST_YEAR, SeaLevelProjection, global_projections
from strandline.observations.sea_level.subsidence import STABLE, SinkingRate

SHIPPED = Path(__file__).parents[1] / "data" / "scenarios.toml"
Text = Annotated[str, Field(min_length=1)]


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

    sea_level: SeaLevelProjection
    storminess: Storminess
    development: Development

    @property
    def name(self) -> str:
        """The three names in a row."""
        return f"{self.sea_level.name}, {self.storminess.name}, {self.development.name}"


@dataclass(frozen=True)
class Scenarios:
    """All scenarios: every combination of the three parts; and the objective to keep.

    Attributes:
        sinking_source: of the land's sinking in all of them; empty = the land is taken as stable.
    """

    sea_levels: tuple[SeaLevelProjection, ...]
    storminess: tuple[Storminess, ...]
    developments: tuple[Development, ...]
    objective: Objective
    sinking_source: str = ""

    def __iter__(self) -> Iterator[Scenario]:
        return (Scenario(*parts) for parts in product(self.sea_levels, self.storminess, self.developments))

    @property
    def sources(self) -> dict[str, str]:
        """Name of each part → its source."""
        return {
            **{each.name: each.source for each in self.sea_levels},
            **{each.name: each.source for each in self.storminess},
            **{each.name: each.source for each in self.developments},
            **({"subsidence": self.sinking_source} if self.sinking_source else {}),
        }

    def __len__(self) -> int:
        return len(self.sea_levels) * len(self.storminess) * len(self.developments)

    def at_coast(
        self, regional: Sequence[SeaLevelProjection], sinking: SinkingRate = STABLE, sinking_source: str = ""
    ) -> "Scenarios":
        """The same with the sea and the land of a place.

        Args:
            regional: projections of its sea, in the place of the global ones; empty = none.
            sinking: of its land; ``sinking_source``: of that rate.

        Raises:
            InputError: subsidence beside projections that hold it.
        """
        sea_levels = tuple(each.on_sinking_land(sinking) for each in regional or self.sea_levels)
        return replace(self, sea_levels=sea_levels, sinking_source=sinking_source)


_COMPARE = "for comparison only"
AS_TODAY = Scenario(
    SeaLevelProjection("no rise", (LAST_YEAR,), (0.0,), (0.0,), (0.0,), _COMPARE),
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
        raise first_of(describe_errors(path, _File, error)) from error
    known = {each.name: each for each in global_projections()}
    unknown = [name for name in content.sea_level if name not in known]
    if unknown:
        raise InputError(f"{path}: sea_level", f"{unknown} are not known", f"known: {', '.join(known)}")
    seas = tuple(known[name] for name in content.sea_level)
    return Scenarios(seas, content.storminess, content.development, content.objective)
