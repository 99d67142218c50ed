"""Presets of countries: prices, rates and costs from named sources, which a region file chooses and overrides."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from strandline.observations.region_file.prices.money import MoneyUnit
from strandline.observations.region_file.toml_file import describe_errors, first_of, read_toml
from strandline.observations.region_file.values import Section

PresetName = Literal["bangladesh", "italy", "netherlands", "vietnam"]
PRESETS: tuple[PresetName, ...] = get_args(PresetName)
Text = Annotated[str, Field(min_length=1)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
"""ISO 4217 code."""
Year = Annotated[int, Field(ge=1990, le=2100)]
Index = Annotated[float, Field(gt=0, le=1e9)]
Amount = Annotated[float, Field(ge=0, le=1e18)]
Rate = Annotated[float, Field(ge=-0.05, le=0.2)]
"""Real discount rate [a-1]."""
Horizon = Annotated[int, Field(ge=5, le=100)]
"""[a]"""


class Figure(Section):
    """One number with its range, its unit and its source, as in the catalogue of measures.

    ``factor``: the 95 % range is value / factor to value × factor; or ``low`` and ``high``. An amount of money states
    ``currency`` and ``price_year``; its ``unit`` is then what it is paid for, such as *km and metre of height*.
    """

    value: Amount | None = None
    low: Amount | None = None
    high: Amount | None = None
    factor: Annotated[float, Field(ge=1, le=1000)] | None = None
    unit: Text | None = None
    currency: Currency | None = None
    price_year: Year | None = None
    source: Text

    @property
    def bounds(self) -> tuple[float, float, float]:
        """Low, value and high."""
        if self.low is not None and self.high is not None:
            return self.low, (self.low + self.high) / 2 if self.value is None else self.value, self.high
        value, factor = self.value or 0.0, self.factor or 1.0
        return value / factor, value, value * factor

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.low is None) != (self.high is None) or (self.value is None and self.low is None):
            raise ValueError("a figure has a value, or low and high; give value (and factor), or low and high")
        low, value, high = self.bounds
        if not low <= value <= high:
            raise ValueError(f"{low:g} to {high:g} does not hold {value:g}; order them")
        if self.factor is not None and self.low is not None:
            raise ValueError("a figure has a factor or a range; leave one out")
        if (self.currency is None) != (self.price_year is None):
            raise ValueError("an amount of money states 'currency' and 'price_year'; add the other one")
        return self


class ExchangeRate(Section):
    """Units of the plan's currency for one unit of ``from``, mean of a ``year``."""

    currency: Currency = Field(alias="from")
    year: Year
    rate: Annotated[float, Field(gt=0, le=1e9)]
    source: Text


class PriceIndex(Section):
    """Price index by year, on any base."""

    values: dict[Year, Index]
    source: Text


class SourcedRate(Section):
    """A discount rate [a-1] and its source; ``low`` and ``high``: what others use, to compare."""

    value: Rate
    low: Rate
    high: Rate
    source: Text


class SourcedYears(Section):
    """A horizon [a] and its source."""

    value: Horizon
    source: Text


class Preset(Section):
    """What a country's file holds.

    Attributes:
        country: ISO 3166 alpha-3 code.
        measure: key of a measure → name of a number → the number, in place of the catalogue's.
        construction_cost: asset class → cost of building [per m2 of floor], for the greatest damage.
    """

    title: Text
    country: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    currency: Currency
    price_year: Year
    discount_rate: SourcedRate
    horizon_years: SourcedYears
    price_index: PriceIndex
    exchange_rates: tuple[ExchangeRate, ...]
    measure: dict[str, dict[str, Figure]]
    construction_cost: dict[str, Figure]

    @property
    def money(self) -> MoneyUnit:
        """Of a plan that states no other."""
        return MoneyUnit(self.currency, self.price_year)

    @property
    def rates(self) -> Mapping[tuple[str, int], float]:
        """Currency and year → units of the preset's currency for one of it."""
        return {(each.currency, each.year): each.rate for each in self.exchange_rates}


@cache
def load_preset(name: PresetName) -> Preset:
    """A preset of the package.

    Raises:
        InputError: its file was damaged.
    """
    with resources.as_file(resources.files(__package__).joinpath(f"presets/{name}.toml")) as path:
        try:
            return Preset.model_validate(read_toml(path))
        except ValidationError as error:
            raise first_of(describe_errors(path, Preset, error)) from error
