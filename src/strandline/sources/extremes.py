"""Annual maxima that others published: a table with one row a year."""

import numpy as np
import numpy.typing as npt

from strandline.config.streams import ExtremesSection
from strandline.errors import InputError
from strandline.sources.tables import read_table
from strandline.sources.units import to_si


def read_annual_maxima(section: ExtremesSection) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Years (N,) and highest level of each [m, region datum]; years without a value are left out.

    Raises:
        InputError: no such column, a value that is no number, or no year with a maximum.
    """
    table = read_table(section.path)
    years, maxima = table.numbers(section.year, ()), table.numbers(section.maximum, ())
    known = ~np.isnan(years) & ~np.isnan(maxima)
    if not known.any():
        raise InputError(section.path, "has no year with a maximum", "check the columns 'year' and 'maximum'")
    return years[known], to_si(maxima[known], section.unit) + section.datum_shift
