"""Lives and fields on the page: people a year, deaths by district, and what salt does to fields."""

from collections.abc import Mapping

from strandline.planning.formatting import format_number_between, format_percent, format_years, pluralise
from strandline.risk.impact.fields import GIVEN_UP, RECOVERY_YEARS, FieldLosses
from strandline.risk.impact.lives.by_all_drivers import PeopleByAllDrivers
from strandline.risk.impact.lives.loss_of_life import LossOfLife
from strandline.risk.impact.lives.per_year import PeoplePerYear
from strandline.risk.people import People


def per_year_rows(loss: LossOfLife | None, together: PeopleByAllDrivers | None = None) -> tuple[PeoplePerYear, ...]:
    """Return people a year at the sea of today and at each future one; empty where nobody is counted.

    Today's by all drivers of floods come second, where they are mapped.
    """
    if loss is None:
        return ()
    return loss.per_year if together is None else (loss.per_year[0], together.per_year, *loss.per_year[1:])


def deaths_by_district(loss: LossOfLife | None) -> Mapping[str | None, People]:
    """Return who may die by night in each district; empty where nobody is counted, or no district is named."""
    return {} if loss is None else dict(loss.by_district)


def field_sentences(fields: FieldLosses | None, return_period: float) -> list[str]:
    """Return what sea water does to fields, at a return period [years] and a year."""
    if fields is None:
        return ["No field was surveyed, so what salt water does to harvests is unknown."]
    today, *later = fields.per_year
    low, high = RECOVERY_YEARS
    whole = pluralise(fields.fields, "surveyed field")
    sentences = [
        f"Of {whole}, {format_number_between(*fields.at_design)} are under sea water in a flood that comes about once"
        f" in {format_years(return_period)}, and {format_number_between(*today.fields)} in the highest flood of a year,"
        " on average.",
    ]
    if fields.hectares > 0:
        sentences.append(
            f"In hectares a year, of {fields.hectares:,.0f} with a known outline:"
            f" {format_number_between(*today.hectares)}."
        )
    else:
        sentences.append("How large they are is unknown: the survey gives points.")
    sentences += [
        f"A salted field bears less for {low:g} to {high:g} years, so that {format_number_between(*today.bear_less)}"
        f" fields bear less at any time: for the average field {format_number_between(*fields.salt_days)} days a year."
        f" After the tsunami of 2004 {format_percent(GIVEN_UP)} of the flooded fields"
        " were given up; the numbers here take none to be.",
        *(f"{each.name}: {format_number_between(*each.fields)} fields a year." for each in later),
    ]
    return sentences
