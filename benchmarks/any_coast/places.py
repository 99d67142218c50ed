"""The two places: a box on the map, the gauges that are near it, and the sea that the simulator gives them."""

from dataclasses import dataclass
from datetime import date

from strandline.observations.fetch.box import Box
from strandline.simulator.landscape.terrain import Side
from strandline.simulator.sea.tracks import Basin

STAND_IN = "simulated stand-in"
EDITION = 2
"""Of what the simulator makes of a place: another one is simulated anew."""
ABOUT = f"{STAND_IN} by strandline's own simulator, placed at a real box: no observation of the place"


@dataclass(frozen=True)
class Gauge:
    """A tide gauge, with the name and position of a real one.

    Attributes:
        number: by which its service knows it.
        constants: of TICON, for its tide; without the table, those of the basin.
        zero: mean sea level above its own zero [m].
    """

    number: int
    name: str
    longitude: float
    latitude: float
    constants: str
    zero: float


@dataclass(frozen=True)
class Place:
    """A place.

    Attributes:
        towns: of the gazetteer: name → latitude, longitude.
        seaward: side of the box that faces the sea.
        direction: that the coast faces [degrees from north].
        tide_scale: of the basin's constants, where the gauge's own are not at hand [-].
        cell_size: of the simulated terrain [m].
        years: of the gauges' record.
        storms, quiet: radar scenes at high sea, and at other times.
    """

    name: str
    title: str
    box: Box
    towns: dict[str, tuple[float, float]]
    basin: Basin
    seaward: Side
    direction: float
    tide_scale: float
    gauges: tuple[Gauge, ...]
    seed: int
    cell_size: float = 200.0
    years: int = 12
    storms: int = 12
    quiet: int = 12

    @property
    def tag(self) -> str:
        """A name for its folder: other settings have another one."""
        size = f"{self.box.east - self.box.west:.3f}"
        return f"{self.name}-{size}-{self.years}-{self.storms}-{self.seed}-{EDITION}"


KHULNA = Place(
    "khulna",
    "polders south of Khulna, Bangladesh",
    Box(89.20, 22.30, 89.49, 22.57),
    {"Koyra, Khulna Division, Bangladesh": (22.34, 89.30), "Dacope, Khulna Division, Bangladesh": (22.57, 89.51)},
    "bay_of_bengal",
    "south",
    190.0,
    0.5,
    (
        Gauge(134, "Hiron Point", 89.467, 21.783, "ticon/hiron_point-134a-bgd-uhslc_rq", 1.843),
        Gauge(139, "Khepupara", 89.833, 21.833, "ticon/khepupara-139a-bgd-uhslc_rq", 2.324),
    ),
    4100,
)
BEN_TRE = Place(
    "ben-tre",
    "Ba Tri and Thanh Phu, Ben Tre, Viet Nam",
    Box(106.50, 9.85, 106.77, 10.12),
    {"Ba Tri, Bến Tre, Việt Nam": (10.04, 106.59), "Thạnh Phú, Bến Tre, Việt Nam": (9.95, 106.52)},
    "mekong",
    "east",
    110.0,
    0.8,
    (Gauge(383, "Vung Tau", 107.072, 10.34, "ticon/vung_tau-383b-vnm-uhslc_rq", 2.716),),
    4200,
)
PLACES = {place.name: place for place in (KHULNA, BEN_TRE)}


def last_month(today: date) -> date:
    """The day on which the records end: the first of the month."""
    return today.replace(day=1)
