"""The mapped quantities of a run: their files, names, units and colours. A new one is one row here."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from strandline.observations.variables import DEPTH_EDGES
from strandline.pipeline.run_folder.bands import Band
from strandline.report.figures.maps import (
    ANNUAL_EDGES,
    ANNUAL_LABELS,
    EPISTEMIC_SD_EDGES,
    EPISTEMIC_SD_LABELS,
    PROBABILITY_COLOURS,
    PROBABILITY_EDGES,
    PROBABILITY_LABELS,
)


@dataclass(frozen=True)
class ColourClasses:
    """Classes of a map in the report's colours; lower values are transparent, and unknown cells grey.

    Attributes:
        edges: lower edge of each class, ascending.
        below: label of lower values.
    """

    edges: tuple[float, ...]
    colours: tuple[str, ...]
    labels: tuple[str, ...]
    below: str


@dataclass(frozen=True)
class Quantity:
    """One mapped quantity.

    Attributes:
        name: of the run's raster, without ``.tif``, and of the variable in NetCDF.
        title: for people.
        condition: under which all bands hold; each band says its own.
        unit: as UDUNITS writes it.
        standard_name: of the CF conventions; empty = their table has none.
        cell_methods: of the CF conventions.
    """

    name: str
    title: str
    condition: str
    unit: str
    classes: ColourClasses
    standard_name: str = ""
    cell_methods: str = ""

    @property
    def long_name(self) -> str:
        """Title and condition."""
        return f"{self.title}, {self.condition}"

    def shown_band(self, bands: Sequence[Band]) -> int:
        """Index of the band that a map shows first: the rarest sea, the upper bound or percentile."""
        order = [(each.return_period or 0.0, each.percentile or 0, each.bound == "at most") for each in bands]
        return max(range(len(order)), key=order.__getitem__)


_GIVEN = "given the sea level of a return period"
_NOT_SAFE = "not “safe”"
CHANCE = ColourClasses(PROBABILITY_EDGES[:-1], PROBABILITY_COLOURS, PROBABILITY_LABELS, f"below 5 %, {_NOT_SAFE}")
ANNUAL = ColourClasses(ANNUAL_EDGES[:-1], PROBABILITY_COLOURS, ANNUAL_LABELS, f"below 1 % a year, {_NOT_SAFE}")
DISAGREEMENT = ColourClasses(EPISTEMIC_SD_EDGES[:-1], PROBABILITY_COLOURS, EPISTEMIC_SD_LABELS, "below 5 points")
DEPTH = ColourClasses(
    DEPTH_EDGES,
    PROBABILITY_COLOURS,
    (*(f"{low:g}–{high:g} m" for low, high in pairwise(DEPTH_EDGES)),
     f"{DEPTH_EDGES[-1]:g} m or more"),
    f"below {DEPTH_EDGES[0]:g} m, {_NOT_SAFE}",
)  # fmt: skip
EXTENT = ColourClasses((0.5,), PROBABILITY_COLOURS[-1:], ("classified as flooded",), f"not classified, {_NOT_SAFE}")
QUANTITIES = (
    Quantity(
        "annual_flood_probability",
        "Chance of 0.15 m of water or more",
        "in any one year",
        "year-1",
        ANNUAL,
        cell_methods="area: mean",
    ),
    Quantity(
        "flood_probability",
        "Chance of 0.15 m of water or more",
        _GIVEN,
        "1",
        CHANCE,
        cell_methods="area: mean",
    ),
    Quantity(
        "flood_depth",
        "Greatest depth of water above ground",
        _GIVEN,
        "m",
        DEPTH,
        standard_name="flood_water_thickness",
        cell_methods="area: mean time: maximum (of a flood)",
    ),
    Quantity("flooded", "Land classified as flooded", _GIVEN, "1", EXTENT),
    Quantity(
        "flood_disagreement", "How far the models disagree on the chance of a flood", _GIVEN, "1", DISAGREEMENT,
    ),
)  # fmt: skip
ALL_DRIVERS = Quantity(
    "annual_flood_probability_all_drivers",
    "Chance of 0.15 m of water or more",
    "by sea, rain and rivers in any one year",
    "year-1",
    ANNUAL,
    cell_methods="area: mean",
)
"""Where rain or a river is mapped; its bands are those of ``write_all_drivers``."""
