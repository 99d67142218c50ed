"""Published annual maxima: a table with one row a year."""

import numpy as np

from strandline.errors import InputError
from strandline.observations.checks.annual_maxima import doubts_about_maxima
from strandline.observations.checks.findings import Checked, Finding
from strandline.observations.checks.published import AnnualMaxima
from strandline.observations.checks.times import REMEDY, implausible_years
from strandline.observations.readers.formats.tables import read_table
from strandline.observations.readers.formats.units import to_si
from strandline.observations.region_file.data_sections import ExtremesSection
from strandline.observations.variables import VARIABLES


def read_annual_maxima(section: ExtremesSection) -> Checked[AnnualMaxima]:
    """The years that have a maximum; how many rows have none is a finding.

    Raises:
        InputError: a missing column, a value that is not a number, no year with a maximum, a year that repeats or
            cannot be one of a record, or an implausible level.
    """
    table = read_table(section.path)
    years, maxima = table.numbers(section.year, ()), table.numbers(section.maximum, ())
    table.refuse(~np.isnan(years) & implausible_years(years), [section.year], "cannot be the year of a maximum", REMEDY)
    table.refuse(
        np.isnan(years) & ~np.isnan(maxima), [section.maximum], "has no year", "give the year of every maximum"
    )
    known = np.flatnonzero(~np.isnan(years) & ~np.isnan(maxima))
    if not known.size:
        raise InputError(section.path, "has no year with a maximum", "check the columns 'year' and 'maximum'")
    levels = to_si(maxima[known], section.unit) + section.datum_shift
    level = VARIABLES["water_level"]
    wrong = np.flatnonzero((levels < level.low) | (levels > level.high))
    if wrong.size:
        raise InputError(
            section.path,
            f"the maximum of {years[known][wrong[0]]:g} is {levels[wrong[0]]:g} m in unit '{section.unit}'",
            "check unit and offset_to_region_datum",
        )
    order = np.argsort(years[known], kind="stable")
    years, levels = years[known][order], levels[order]
    repeated = np.flatnonzero(np.diff(years) == 0)
    if repeated.size:
        raise InputError(section.path, f"year {years[repeated[0]]:.0f} occurs twice", "keep one maximum a year")
    findings = list(doubts_about_maxima(years, levels, str(section.path)))
    if known.size < len(table.frame):
        what = f"{known.size} of {len(table.frame)} years have a maximum and are kept"
        findings.append(Finding(str(section.path), what, "fill in the others, if they are known"))
    return Checked(AnnualMaxima(years, levels), tuple(findings))
