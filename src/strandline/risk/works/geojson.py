"""Drawn works as GeoJSON (RFC 7946): longitude and latitude, with kind, cost and what each kind needs as properties."""

from typing import Annotated, Any, Literal, TypeAlias

import shapely
from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag
from pyproj import Transformer
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from strandline.errors import InputError
from strandline.observations.region import Region
from strandline.risk.works.drawn import (
    MANGROVES,
    Embankment,
    Gap,
    Gate,
    MangroveBelt,
    Pump,
    RetreatZone,
    Shelter,
    Work,
)

MOST_WORKS = 40
MOST_POINTS = 400
"""Of all works together."""
Longitude: TypeAlias = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude: TypeAlias = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Position: TypeAlias = tuple[Longitude, Latitude]
Cost: TypeAlias = Annotated[float, Field(ge=0, le=1e13, allow_inf_nan=False)]
Label: TypeAlias = Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LineShape(_Closed):
    """A line; it is closed where it ends where it begins."""

    type: Literal["LineString"]
    coordinates: Annotated[tuple[Position, ...], Field(min_length=2, max_length=MOST_POINTS)]


class PointShape(_Closed):
    """A point."""

    type: Literal["Point"]
    coordinates: Position


class PolygonShape(_Closed):
    """A polygon without holes."""

    type: Literal["Polygon"]
    coordinates: tuple[Annotated[tuple[Position, ...], Field(min_length=4, max_length=MOST_POINTS)]]


class LineProperties(_Closed):
    """Of an embankment or a raised road; crest [m, region datum], cost [money], stated by who draws."""

    kind: Literal["embankment", "raised_road"]
    crest: Annotated[float, Field(ge=-20, le=60, allow_inf_nan=False)]
    cost: Cost = 0.0
    name: Label = ""


class GapProperties(_Closed):
    """Of a gap; width [m]."""

    kind: Literal["gap"]
    width: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]
    cost: Cost = 0.0
    name: Label = ""


class GateProperties(_Closed):
    """Of a gate; area of its opening [m2], sea at which it is shut [m, region datum]."""

    kind: Literal["gate"]
    area: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]
    closes_at: Annotated[float, Field(ge=-20, le=60, allow_inf_nan=False)]
    cost: Cost = 0.0
    name: Label = ""


class PumpProperties(_Closed):
    """Of a pump; capacity [m3 s-1]."""

    kind: Literal["pump"]
    capacity: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]
    cost: Cost = 0.0
    name: Label = ""


class ShelterProperties(_Closed):
    """Of a shelter; room [people]."""

    kind: Literal["shelter"]
    room: Annotated[int, Field(gt=0, le=1_000_000)]
    cost: Cost = 0.0
    name: Label = ""


class ZoneProperties(_Closed):
    """Of a retreat zone or a mangrove belt."""

    kind: Literal["retreat_zone", "mangrove_belt"]
    cost: Cost = 0.0
    name: Label = ""


class LineFeature(_Closed):
    """An embankment or a raised road."""

    type: Literal["Feature"]
    geometry: LineShape
    properties: LineProperties


PointProperties: TypeAlias = Annotated[
    GapProperties | GateProperties | PumpProperties | ShelterProperties, Field(discriminator="kind")
]


class PointFeature(_Closed):
    """A gap or a gate in the drawn lines, a pump, or a shelter."""

    type: Literal["Feature"]
    geometry: PointShape
    properties: PointProperties


class ZoneFeature(_Closed):
    """A retreat zone or a mangrove belt."""

    type: Literal["Feature"]
    geometry: PolygonShape
    properties: ZoneProperties


_SHAPES = {"embankment": "line", "raised_road": "line", "retreat_zone": "zone", "mangrove_belt": "zone"}
_SHAPES |= dict.fromkeys(("gap", "gate", "pump", "shelter"), "point")


def _kind_of(value: Any) -> str | None:
    """Which feature is meant, so that a fault is reported of this one alone."""
    properties = value.get("properties") if isinstance(value, dict) else getattr(value, "properties", None)
    kind = properties.get("kind") if isinstance(properties, dict) else getattr(properties, "kind", None)
    return _SHAPES.get(str(kind))


AnyFeature: TypeAlias = Annotated[
    Annotated[LineFeature, Tag("line")] | Annotated[PointFeature, Tag("point")] | Annotated[ZoneFeature, Tag("zone")],
    Discriminator(
        _kind_of,
        custom_error_type="unknown_kind",
        custom_error_message=f"kind is none of {', '.join(sorted(_SHAPES))}",
    ),
]


class DrawnWorks(_Closed):
    """A feature collection of drawn works."""

    type: Literal["FeatureCollection"]
    features: Annotated[tuple[AnyFeature, ...], Field(max_length=MOST_WORKS)]

    @property
    def cost(self) -> float:
        """Of all works together [money]."""
        return sum(each.properties.cost for each in self.features)


def read_works(drawn: DrawnWorks, region: Region) -> tuple[Work, ...]:
    """The works on the region's grid.

    Raises:
        InputError: too many points, a shape that crosses itself, or one that lies outside the region.
    """
    if sum(shapely.get_num_coordinates(_shape(each.geometry)) for each in drawn.features) > MOST_POINTS:
        raise InputError("works", f"have more than {MOST_POINTS} points", "draw fewer")
    to_region = Transformer.from_crs("EPSG:4326", region.crs, always_xy=True)
    return tuple(_work(number, each, to_region, region) for number, each in enumerate(drawn.features, start=1))


def _work(number: int, drawn: LineFeature | PointFeature | ZoneFeature, to_region: Transformer, region: Region) -> Work:
    where = f"work {number} ({drawn.properties.kind.replace('_', ' ')})"
    shape = shapely.transform(_shape(drawn.geometry), to_region.transform, interleaved=False)
    if not (shapely.is_valid(shape) and shapely.intersects(shape, shapely.box(*region.bounds))):
        raise InputError(where, "crosses itself, or lies outside the region", "draw it within the map")
    match drawn.properties, shape:
        case LineProperties(kind=kind, crest=crest), LineString():
            if shape.length == 0:
                raise InputError(where, "has no length", "draw two different points")
            return Embankment(shape, crest, kind)
        case GapProperties(width=width), Point():
            return Gap(shape, width)
        case GateProperties(area=area, closes_at=level), Point():
            return Gate(shape, area, level)
        case PumpProperties(capacity=capacity), Point():
            return Pump(shape, capacity)
        case ShelterProperties(room=room), Point():
            return Shelter(shape, room)
        case ZoneProperties(kind=kind), Polygon():
            if shape.area == 0:
                raise InputError(where, "has no area", "draw three different points")
            return RetreatZone(shape) if kind == "retreat_zone" else _belt(where, shape, region)
    raise AssertionError  # the models allow no other pair


def _belt(where: str, area: Polygon, region: Region) -> MangroveBelt:
    southernmost, northernmost = MANGROVES
    latitude = region.centre_lonlat[1]
    if not southernmost <= latitude <= northernmost:
        raise InputError(where, f"is at latitude {latitude:.0f}°", "mangroves do not grow there: draw something else")
    return MangroveBelt(area)


def _shape(geometry: LineShape | PointShape | PolygonShape) -> BaseGeometry:
    plain: Any = geometry.coordinates
    kinds: dict[str, Any] = {"LineString": LineString, "Point": Point, "Polygon": lambda rings: Polygon(rings[0])}
    found: BaseGeometry = kinds[geometry.type](plain)
    return found
