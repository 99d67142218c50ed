"""What is published of a region's sea, for the checks of its data sets against one another."""

from dataclasses import dataclass, replace

from strandline.observations.arrays import Floats
from strandline.observations.sea_level.harmonic_tide import TidalConstants


@dataclass(frozen=True, eq=False)
class Published:
    """What is published of the sea, beside the region's own readings.

    Attributes:
        constants, constants_from: of the tide, and their file; ``None`` = fitted to the record.
        years, maxima, maxima_from: annual maxima [m, region datum], and their file; ``None`` = none are published.
    """

    constants: TidalConstants | None = None
    constants_from: str = ""
    years: Floats | None = None
    maxima: Floats | None = None
    maxima_from: str = ""

    def joined(self, other: "Published") -> "Published":
        """With what ``other`` has and this lacks."""
        missing = {name: value for name, value in vars(other).items() if getattr(self, name) in (None, "")}
        return replace(self, **missing)
