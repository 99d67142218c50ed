"""Published annual maxima: a table with one row a year."""

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.readers.formats.tables import read_table
from strandline.observations.readers.formats.units import to_si
from strandline.observations.region_file.data_sections import ExtremesSection
from strandline.observations.variables import VARIABLES


def read_annual_maxima(section: ExtremesSection) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Years (N,) and annual maxima (N,) [m, region datum]; years without a value are dropped.

    Raises:
        InputError: a missing column, a value that is not a number, no year with a maximum, or an implausible level.
    """
    table = read_table(section.path)
    years, maxima = table.numbers(section.year, ()), table.numbers(section.maximum, ())
    known = ~np.isnan(years) & ~np.isnan(maxima)
    if not known.any():
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
    return years[known], levels
