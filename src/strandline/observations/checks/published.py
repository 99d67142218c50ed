"""What is published of a region's sea and land, beside its own readings."""

from dataclasses import dataclass, replace

from strandline.observations.arrays import Floats
from strandline.observations.sea_level.harmonic_tide import TidalConstants
from strandline.observations.sea_level.projections import SeaLevelProjection
from strandline.observations.sea_level.subsidence import Subsidence


@dataclass(frozen=True, eq=False)
class AnnualMaxima:
    """Years (N,), ascending, and the highest level of each (N,) [m, region datum]."""

    years: Floats
    levels: Floats


@dataclass(frozen=True, eq=False)
class Published:
    """What is published of the sea, beside the region's own readings.

    Attributes:
        constants, constants_from: of the tide, and their file; ``None`` = fitted to the record.
        tide_size_error: deviation of ln(size) of that tide at the place [-]; ``None`` = its distance is unknown.
        maxima: of the sea, a year each; ``None`` = none are published.
        projections: of the sea at this coast; ``None`` = those of the global mean.
        subsidence: of its land; ``None`` = the land is taken as stable.
    """

    constants: TidalConstants | None = None
    constants_from: str = ""
    tide_size_error: float | None = None
    maxima: AnnualMaxima | None = None
    projections: tuple[SeaLevelProjection, ...] | None = None
    subsidence: Subsidence | None = None

    def joined(self, other: "Published") -> "Published":
        """With what ``other`` has and this lacks."""
        unknown = [
            name for name, value in vars(self).items() if value is None or (isinstance(value, str) and not value)
        ]
        missing = {name: getattr(other, name) for name in unknown}
        return replace(self, **missing)
