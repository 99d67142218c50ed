"""The section ``[planning]``: in which money and over which years a plan counts, what measures cost, and who acts."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from strandline.errors import InputError
from strandline.observations.region_file.prices.money import EUR_2010, MoneyUnit, PriceBasis
from strandline.observations.region_file.prices.preset import (
    Currency,
    ExchangeRate,
    Figure,
    Horizon,
    Index,
    Preset,
    PresetName,
    Rate,
    Year,
    load_preset,
)
from strandline.observations.region_file.values import DataPath, Section

HourOfDay = Annotated[float, Field(ge=0, le=24)]
MeasureKey = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
FacilityName = Annotated[str, Field(min_length=1, max_length=60)]
LARGEST_BUDGET = 1e13
"""[EUR 2010]; more than any country spends in a year."""


class PlanningSection(Section):
    """``budget`` for measures and ``crews`` for emergencies, where there is a limit; money and costs; and what is known
    of evacuation, in place of the built-in assumptions.

    Every amount in the region file and in the survey of assets is in ``currency``, in prices of ``price_year``;
    without them, and without a ``preset``, in EUR of 2010. A preset of a country gives currency, price year, price
    index, exchange rates, discount rate, horizon and costs of measures, each with its source; any key here takes
    precedence. ``price_index`` maps years to an index on any base; ``exchange_rates`` are units of ``currency`` for one
    unit of another.

    ``measures`` names a catalogue of measures in place of the package's, ``scenarios`` a file of scenarios;
    ``measure.KEY.NUMBER`` replaces one number of a measure, ``leave_out`` removes measures. ``existing`` names what the
    place has already, such as floodgates: it is operated in an emergency and not proposed to be built; what is not
    named there is never operated.

    ``agreed_chance`` [-] of a dangerous sea, above which people are called, is for a place to agree on.
    ``clearance_hours`` [h] replaces the estimate of how long an area takes to clear. ``share_on_foot`` of the people
    [-] have no vehicle. ``night_hours`` are the local hours between which people sleep, by the time zone of [warnings]
    where one is stated, else by the longitude. ``drainage_hours`` [h] is the time in which flooded land drains: the
    all-clear waits for it after the sea has fallen, and without it for a person.
    """

    preset: PresetName | None = None
    currency: Currency | None = None
    price_year: Year | None = None
    price_index: dict[Year, Index] = Field(default_factory=dict)
    exchange_rates: tuple[ExchangeRate, ...] = ()
    discount_rate: Rate | None = None
    horizon_years: Horizon | None = None
    budget: Annotated[float, Field(ge=0, le=1e18)] | None = None
    measures: DataPath | None = None
    scenarios: DataPath | None = None
    measure: dict[MeasureKey, dict[str, Figure]] = Field(default_factory=dict)
    leave_out: tuple[MeasureKey, ...] = ()
    existing: tuple[FacilityName, ...] | None = None
    crews: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    agreed_chance: Annotated[float, Field(ge=0.01, le=0.9)] | None = None
    clearance_hours: Annotated[float, Field(gt=0, le=120)] | None = None
    people_per_vehicle: Annotated[float, Field(ge=1, le=100)] | None = None
    share_on_foot: Annotated[float, Field(ge=0, le=1)] | None = None
    night_hours: tuple[HourOfDay, HourOfDay] = (22.0, 6.0)
    drainage_hours: Annotated[float, Field(gt=0, le=8766)] | None = None

    @model_validator(mode="after")
    def _of_one_money(self) -> Self:
        if self.preset is None and (self.currency is None) != (self.price_year is None):
            raise ValueError("'currency' and 'price_year' belong together; add the other one, or choose a preset")
        try:
            in_euros = 1 / self.prices.factor(EUR_2010)
        except InputError as error:
            raise ValueError(f"{error.what}; {error.remedy}") from error
        if self.budget is not None and self.budget * in_euros > LARGEST_BUDGET:
            raise ValueError(f"budget {self.budget:g} {self.money} is no budget of a coast; correct its unit")
        return self

    @property
    def preset_of_country(self) -> Preset | None:
        """What ``preset`` names."""
        return None if self.preset is None else load_preset(self.preset)

    @property
    def money(self) -> MoneyUnit:
        """Of every amount in the region file, the survey of assets and the plan."""
        base = EUR_2010 if self.preset is None else load_preset(self.preset).money
        return MoneyUnit(self.currency or base.currency, self.price_year or base.price_year)

    @property
    def prices(self) -> PriceBasis:
        """What converts other amounts to ``money``; index and rates of a preset hold for its own currency only."""
        index: Mapping[int, float] = {}
        rates: Mapping[tuple[str, int], float] = {}
        preset = self.preset_of_country
        if preset is not None and preset.currency == self.money.currency:
            index, rates = preset.price_index.values, preset.rates
        stated = {(each.currency, each.year): each.rate for each in self.exchange_rates}
        return PriceBasis(self.money, {**index, **self.price_index}, {**rates, **stated})
