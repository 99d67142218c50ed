"""What stands on the coast, who lives there, and what its places are called: sections of a region file."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from strandline.observations.exposure.assets import ASSET_CLASSES
from strandline.observations.region_file.values import Band, DataPath, NoData, ObservationYear, Section, Sourced
from strandline.observations.region_file.vertical_datum import OptionalHeights


def _known_class(name: str) -> str:
    if name not in ASSET_CLASSES:
        raise ValueError(f"'{name}' is not an asset class; choose one of {', '.join(ASSET_CLASSES)}")
    return name


AssetClass = Annotated[str, AfterValidator(_known_class)]
ValuePerArea = Annotated[float, Field(gt=0, le=1e12)]
"""[money of [planning] per m2]"""
Building = Literal["masonry", "rural", "informal"]
"""Of what a building is made, which decides how much of it water can damage."""


class AssetColumns(Section):
    """Columns of a file of assets; the value is ``value``, or ``floor_area`` [m2] × ``value_per_m2``, or × the greatest
    damage of the preset of [planning]; in the money of [planning].

    ``building`` is masonry, rural or informal, for the preset's greatest damage; where it is not stated, masonry in a
    survey and any of them on a map. ``floor_area_low`` and ``floor_area_high`` bound the floor area of a map, and
    ``class_is_stated`` tells whether somebody stated the class, or it was taken for a home.

    ``name`` is what people call it; ids are printed where there is none. An empty cell of ``people``,
    ``operation_threshold`` [m of water], ``crest`` and ``toe`` of an embankment [m, the survey's datum], its
    ``condition`` (good, fair, poor or unknown) or ``places`` in a shelter is unknown.
    """

    asset_class: str | None = None
    asset_id: str | None = None
    name: str | None = None
    value: str | None = None
    floor_area: str | None = None
    floor_area_low: str | None = None
    floor_area_high: str | None = None
    class_is_stated: str | None = None
    building: str | None = None
    survey_year: str | None = None
    district: str | None = None
    people: str | None = None
    operation_threshold: str | None = None
    crest: str | None = None
    toe: str | None = None
    condition: str | None = None
    places: str | None = None


class AssetsSection(Sourced, OptionalHeights):
    """Assets of one file (GeoJSON, GeoPackage, GeoParquet). Without any the section is left out, and no money stated.

    Its datum is that of the crests and toes of embankments, and is stated where columns.crest or columns.toe is named.

    ``kind`` is a *survey*, in which somebody stated what each asset is worth, or a *map*, which shows what stands where
    and how large it is, and whose values are bounds at best. ``classes`` maps the file's labels to asset classes;
    ``asset_class`` and ``survey_year`` hold for every asset where the file has no such column.
    """

    kind: Literal["survey", "map"] = "survey"
    path: DataPath
    columns: AssetColumns = AssetColumns()
    classes: dict[str, AssetClass] = Field(default_factory=dict)
    asset_class: AssetClass | None = None
    value_per_m2: ValuePerArea | None = None
    building: Building | None = None
    survey_year: ObservationYear | None = None

    @model_validator(mode="before")
    @classmethod
    def _surveyed(cls, given: object) -> object:
        if isinstance(given, dict) and "lattice" in given:
            raise ValueError(
                "a lattice is invented, and a plan on invented assets would state money that nobody surveyed; give a"
                " survey as 'path', or leave out [assets]"
            )
        return given

    @model_validator(mode="after")
    def _complete(self) -> "AssetsSection":
        if self.survey_year is None and self.columns.survey_year is None:
            raise ValueError("the year of the survey is missing; add 'survey_year' or columns.survey_year")
        if self.states_datum != (self.columns.crest is not None or self.columns.toe is not None):
            raise ValueError(
                "columns.crest or columns.toe and 'vertical_datum' belong together, since crests are heights; add"
                " 'vertical_datum = \"region\"' if they are above the region's datum, or leave both out"
            )
        if self.columns.asset_class is None and self.asset_class is None:
            raise ValueError("the class of the assets is missing; add 'asset_class' or columns.asset_class")
        if self.kind == "survey" and self.columns.value is None and self.columns.floor_area is None:
            raise ValueError(
                "the value of the assets is missing; add columns.value, or columns.floor_area and 'value_per_m2', or"
                ' kind = "map" where nobody surveyed what they are worth'
            )
        return self


def _as_tables(given: object) -> object:
    return [given] if isinstance(given, dict) else given


AssetsSections = Annotated[tuple[AssetsSection, ...], BeforeValidator(_as_tables)]
"""``[[assets]]`` for each file; where there is one, ``[assets]`` will do."""


class PeopleSection(Sourced):
    """A map of people: a raster of persons in each cell, as GHS-POP or WorldPop, of a ``year``.

    Used where no survey of assets counts people.
    """

    path: DataPath
    year: ObservationYear
    band: Band = 1
    nodata: NoData | None = None


Language = Annotated[str, Field(pattern="^[a-z]{2,3}$")]
"""ISO 639."""


class PlaceNameColumns(Section):
    """Columns of a file of places: the name in the local script, and those in other languages (``name_in``).

    ``kind`` is one of OpenStreetMap's (city, town, village, hamlet, …), and ``population`` who lives there; larger
    places are named first. An empty cell is unknown.
    """

    name: str = "name"
    kind: str | None = None
    population: str | None = None
    name_in: dict[Language, str] = Field(default_factory=dict)


class PlaceNamesSection(Sourced):
    """Names of towns and villages (GeoJSON, GeoPackage, GeoParquet): points, or areas. No number rests on them."""

    path: DataPath
    columns: PlaceNameColumns = PlaceNameColumns()
