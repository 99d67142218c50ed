"""What a plan counts with: money, discount rate, horizon, measures and scenarios, from [planning] and its preset."""

from dataclasses import dataclass

from strandline.observations.region_file.planning_section import PlanningSection
from strandline.observations.region_file.prices.money import EUR_2010, MoneyUnit
from strandline.planning.facilities import check_existing
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.scenarios import Scenarios, load_scenarios
from strandline.planning.measures import SHIPPED, Figures, Measures, load_measures

DISCOUNT_RATE, HORIZON_YEARS = 0.03, 50
"""Where neither the region file nor a preset states them."""
SOURCE = "European Commission (2014), Guide to Cost-Benefit Analysis of Investment Projects, section 2.8"
STATED = "stated in the region file"


@dataclass(frozen=True)
class PlanningSettings:
    """The user's choices, completed by the preset of a country and by the package.

    Attributes:
        money: of every amount.
        budget: for investments [in ``money``]; ``None`` = no limit.
        measures: with every amount in ``money``.
        existing: facilities that the place has already; ``None`` = not stated.
        basis: what the money, the rate, the horizon and the costs rest on, in sentences.
    """

    money: MoneyUnit
    budget: float | None
    discount_rate: float
    horizon_years: int
    measures: Measures
    scenarios: Scenarios
    basis: tuple[str, ...]
    existing: tuple[str, ...] | None = None

    def economy(self, start_year: int) -> Economy:
        """Money, discount rate and horizon from a calendar year on."""
        return Economy(self.discount_rate, self.horizon_years, start_year, self.money)


def read_planning_settings(section: PlanningSection) -> PlanningSettings:
    """The settings of a plan. The user's keys come first, then the preset's, then the package's.

    Raises:
        InputError: a measure, number, facility or file that does not exist, or an amount that cannot be converted.
    """
    preset, measures = section.preset_of_country, read_catalogue(section)
    check_existing(load_measures(section.measures or SHIPPED), section.existing)
    rate, years = _rate(section), _years(section)
    return PlanningSettings(
        money=section.money,
        budget=section.budget,
        discount_rate=rate[0],
        horizon_years=years[0],
        measures=measures.in_prices(section.prices),
        scenarios=load_scenarios() if section.scenarios is None else load_scenarios(section.scenarios),
        basis=(
            f"Amounts are {section.money.in_words}{'' if preset is None else f', with the costs of {preset.title}'}.",
            f"Discount rate of {100 * rate[0]:g} % a year: {rate[1]}.",
            f"Horizon of {years[0]} years: {years[1]}.",
            *_conversion(section),
        ),
        existing=section.existing,
    )


def read_catalogue(section: PlanningSection) -> Measures:
    """The measures of a plan, each number in the money that it was published in.

    Numbers of a preset hold for the package's catalogue; the user's catalogue stands alone.

    Raises:
        InputError: a measure, a number or a file that does not exist.
    """
    preset = section.preset_of_country
    of_preset: Figures = {} if preset is None or section.measures is not None else preset.measure
    figures = {
        key: {**of_preset.get(key, {}), **section.measure.get(key, {})}
        for key in dict.fromkeys((*of_preset, *section.measure))
    }
    return load_measures(section.measures or SHIPPED, figures).without(section.leave_out)


def _rate(section: PlanningSection) -> tuple[float, str]:
    """The discount rate and its source."""
    if section.discount_rate is not None:
        return section.discount_rate, STATED
    preset = section.preset_of_country
    if preset is not None:
        return preset.discount_rate.value, preset.discount_rate.source
    return DISCOUNT_RATE, SOURCE


def _years(section: PlanningSection) -> tuple[int, str]:
    """The horizon and its source."""
    if section.horizon_years is not None:
        return section.horizon_years, STATED
    preset = section.preset_of_country
    if preset is not None:
        return preset.horizon_years.value, preset.horizon_years.source
    return HORIZON_YEARS, SOURCE


def _conversion(section: PlanningSection) -> list[str]:
    """How amounts of other years and currencies were converted."""
    if section.money == EUR_2010:
        return []
    preset = section.preset_of_country
    of_preset = preset is not None and preset.currency == section.money.currency and not section.price_index
    source = preset.price_index.source if preset is not None and of_preset else STATED
    return [
        "Costs of other currencies and years are exchanged at the rate of their year and inflated by the price index of"
        f" {section.money.currency}: {source}."
    ]
