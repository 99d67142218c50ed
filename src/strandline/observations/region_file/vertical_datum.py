"""Vertical datums: what the heights of a file are measured from, and what leads them to the region's datum."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from strandline.errors import InputError
from strandline.observations.region_file.values import Section

Kind = Literal["mean sea level", "geoid model", "chart datum", "local"]
KINDS = ("mean sea level", "geoid model", "chart datum", "local")
LARGEST_OFFSET = 15.0
"""[m] Between a local zero and any other: chart datum lies at most some 8 m below mean sea level (Bay of Fundy), mean
sea level within 2 m of a geoid model. What is larger is a height of the geoid above the ellipsoid, or centimetres."""
MEAN_SEA_LEVEL_ON_GEOID = 0.5
"""[m] ASSUMPTION: deviation of mean sea level from a geoid model's zero at a coast, where no grid of mean dynamic
topography was given."""
ELLIPSOID = (
    "heights above an ellipsoid are refused, since the sea stands up to 100 m above or below it; convert them with"
    " a geoid model (gdalwarp -s_srs EPSG:4979 -t_srs EPSG:4326+3855), and state that model as"
    ' { name = "EGM2008", kind = "geoid model" }'
)
UNTYPED = (
    "a datum has a name and a kind; write"
    ' { name = "…", kind = "…" } with kind one of ' + ", ".join(KINDS) + ", and 'epoch = [first year, last year]' for a"
    " mean sea level"
)
DATUM_KEY = "vertical_datum"
_FORMER_KEY = "datum_shift"
_LEVEL_STREAMS = ("file", "noaa_coops", "ioc", "erddap", "json")


class VerticalDatum(Section):
    """The zero of heights.

    Attributes:
        name: as its authority spells it, such as ``EGM2008`` or ``Hon Dau 1992``.
        kind: mean sea level over the years of ``epoch``, a geoid model, a chart datum (some low water), or local (a
            national or harbour zero, whose height against the sea is known by levelling alone).
        epoch: first and last year of a mean sea level.
    """

    name: Annotated[str, Field(min_length=2, max_length=120)]
    kind: Kind
    epoch: tuple[int, int] | None = None

    @model_validator(mode="before")
    @classmethod
    def _refuse_ellipsoid(cls, table: Any) -> Any:
        if isinstance(table, dict) and table.get("kind") == "ellipsoid":
            raise ValueError(ELLIPSOID)
        return table

    @model_validator(mode="after")
    def _whole(self) -> "VerticalDatum":
        if self.kind == "mean sea level" and self.epoch is None:
            raise ValueError("a mean sea level is that of some years; add 'epoch = [first year, last year]'")
        if self.kind != "mean sea level" and self.epoch is not None:
            raise ValueError(f"a {self.kind} datum has no epoch; leave 'epoch' out")
        if self.epoch is not None and not 1800 <= self.epoch[0] <= self.epoch[1] <= 2100:
            raise ValueError(f"epoch {list(self.epoch)} is not a span of years; write [first year, last year]")
        return self

    def __str__(self) -> str:
        return self.name if self.epoch is None else f"{self.name} {self.epoch[0]}-{self.epoch[1]}"


def _typed(value: object) -> object:
    if isinstance(value, str):
        raise ValueError(UNTYPED)
    return value


def _typed_or_region(value: object) -> object:
    return None if value == "region" else _typed(value)


RegionDatum = Annotated[VerticalDatum, BeforeValidator(_typed)]
FileDatum = Annotated[VerticalDatum | None, BeforeValidator(_typed_or_region)]
"""Of a file's heights; ``None`` (``"region"`` in the file) is the region's own."""


class HeightOffset(Section):
    """What is added to a file's heights to reach the region's datum.

    Attributes:
        metres: the offset [m].
        uncertainty: its standard deviation [m].
        source: of the offset: a benchmark, a tide table, a grid of mean dynamic topography, or an assumption.
    """

    metres: Annotated[float, Field(allow_inf_nan=False)]
    uncertainty: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)]
    source: Annotated[str, Field(min_length=3)]

    @model_validator(mode="after")
    def _plausible(self) -> "HeightOffset":
        if abs(self.metres) > LARGEST_OFFSET:
            raise ValueError(
                f"an offset of {self.metres:g} m leads from no datum of heights to another; give metres, and convert"
                " ellipsoidal heights with a geoid model first"
            )
        return self


class OptionalHeights(Section):
    """The datum of a file that may hold heights."""

    vertical_datum: FileDatum = None
    offset_to_region_datum: HeightOffset | None = None

    @model_validator(mode="after")
    def _one_offset(self) -> "OptionalHeights":
        if self.vertical_datum is None and self.offset_to_region_datum is not None:
            raise ValueError(
                "heights above the region's own datum need no offset; leave 'offset_to_region_datum' out, or name the"
                " datum of the file"
            )
        if self.vertical_datum is not None and self.offset_to_region_datum is None:
            raise ValueError(
                f"nothing leads from '{self.vertical_datum}' to the region's datum; add 'offset_to_region_datum ="
                ' { metres = …, uncertainty = …, source = "…" }\' (docs/concepts/datums.md says where to find it)'
            )
        return self

    @property
    def states_datum(self) -> bool:
        """Whether the file names the datum of its heights."""
        return "vertical_datum" in self.model_fields_set

    @property
    def datum_shift(self) -> float:
        """What is added to the file's heights to reach the region's datum [m]."""
        return 0.0 if self.offset_to_region_datum is None else self.offset_to_region_datum.metres

    @property
    def datum_uncertainty(self) -> float:
        """Standard deviation of ``datum_shift`` [m]."""
        return 0.0 if self.offset_to_region_datum is None else self.offset_to_region_datum.uncertainty


class Heights(OptionalHeights):
    """The datum of a file that holds heights; it must be stated."""

    @model_validator(mode="after")
    def _stated(self) -> "Heights":
        if not self.states_datum:
            raise ValueError(
                "the datum of its heights is not stated; add 'vertical_datum = \"region\"' if they are above the"
                " region's datum, else 'vertical_datum = { name = \"…\", kind = \"…\" }' and 'offset_to_region_datum ="
                ' { metres = …, uncertainty = …, source = "…" }\''
            )
        return self


def demand_datums(path: Path, raw: dict[str, Any]) -> None:
    """Refuse a file whose heights have no typed datum, with every line that is to be written.

    Raises:
        InputError: a section with heights states no datum, or states it by a key of version 0.2.
    """
    lines = list(_missing(raw))
    if lines:
        what = (
            f"{len(lines)} {'place does' if len(lines) == 1 else 'places do'} not state what heights are measured from"
        )
        remedy = "write there (docs/concepts/datums.md explains kinds and offsets):\n  " + "\n  ".join(lines)
        raise InputError(path, what, remedy)


def _missing(raw: dict[str, Any]) -> Iterator[str]:
    region = raw.get("region")
    if isinstance(region, dict) and isinstance(region.get("vertical_datum"), str):
        name = "".join(letter if letter.isprintable() else "?" for letter in region["vertical_datum"][:120])
        name = name.replace('"', "'")
        yield (
            f'[region] vertical_datum = {{ name = "{name}", kind = "mean sea level", epoch = [first year, last year] }}'
            ' (or kind = "geoid model", "chart datum", "local", without epoch)'
        )
    for place, section in _sections_with_heights(raw):
        if _FORMER_KEY in section or "vertical_datum" not in section:
            yield f"{place} {_lines_for(section.get(_FORMER_KEY))}"
    weather = raw.get("weather")
    if isinstance(weather, dict) and "sea_level_datum_shift" in weather:
        yield f"[weather.sea_level] {_lines_for(weather['sea_level_datum_shift'], 'sea_level_datum_shift')}"


def _sections_with_heights(raw: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and table of each section whose file holds heights."""
    for name in ("terrain", "extremes", "return_levels"):
        if isinstance(raw.get(name), dict):
            yield f"[{name}]", raw[name]
    for name in ("tide_gauge", "surge_forecast", "stream"):
        tables = raw.get(name)
        for table in tables if isinstance(tables, list) else []:
            if isinstance(table, dict) and (name == "tide_gauge" or _holds_levels(table)):
                yield f"[[{name}]] {str(table.get('name', '?'))[:80]!r}", table
    assets = raw.get("assets")
    for table in assets if isinstance(assets, list) else [assets]:
        columns = table.get("columns") if isinstance(table, dict) else None
        if isinstance(table, dict) and isinstance(columns, dict) and ("crest" in columns or "toe" in columns):
            yield "[assets]", table


def _holds_levels(stream: dict[str, Any]) -> bool:
    return stream.get("kind") in _LEVEL_STREAMS or stream.get("variable") == "water_level_forecast"


def _lines_for(shift: object, former: str = _FORMER_KEY) -> str:
    value = str(shift)[:30]
    instead = "" if shift is None else f" (in place of {former} = {value})"
    if shift is None or shift == 0:
        return (
            f'vertical_datum = "region"{instead}, where its heights are above the region\'s datum; else its own datum'
            " and 'offset_to_region_datum' (where to find it: docs/concepts/datums.md, \"Where offsets come from\")"
        )
    return (
        'vertical_datum = { name = "…", kind = "…" } and'
        f' offset_to_region_datum = {{ metres = {value}, uncertainty = …, source = "…" }}{instead}'
    )
