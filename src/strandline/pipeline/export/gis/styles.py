"""Styles for QGIS in the report's colours: rules of the vector layers, classes of the rasters."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from strandline.observations.exposure.assets import EMBANKMENT_CONDITIONS, UNKNOWN_CONDITION
from strandline.pipeline.export.gis.columns import Column, column_of
from strandline.pipeline.export.gis.layers import Layer
from strandline.pipeline.export.gis.quantities import ColourClasses
from strandline.pipeline.export.gis.rasters import ScenarioRaster
from strandline.report.figures.map_lines import FAILURE_PROBABILITY, LINES
from strandline.report.figures.maps import DAMAGE_COLOURS, DAMAGE_LABELS
from strandline.report.figures.style import BLUE, GREY, MAP_INK, MUTED, UNKNOWN, VERMILION

Pattern = Literal["solid", "no", "dash", "dot", "b_diagonal"]
UNKNOWN_MARK = "#b9bec2"
"""Of an asset whose damage is unknown, as in the report."""
_CONDITION_COLOURS = {"good": MUTED, "fair": DAMAGE_COLOURS[2], "poor": DAMAGE_COLOURS[3], UNKNOWN_CONDITION: MAP_INK}


@dataclass(frozen=True)
class Symbol:
    """How a feature is drawn.

    Attributes:
        colour: of a fill, a marker's inside, or a line.
        pattern: of a fill or a line.
        outline: of a fill or a marker; of a line its casing. Empty = none.
        width: of the outline or the line [mm].
        size: of a marker [mm].
    """

    kind: Literal["marker", "line", "fill"]
    colour: str
    pattern: Pattern = "solid"
    outline: str = MAP_INK
    outline_pattern: Pattern = "solid"
    width: float = 0.2
    size: float = 2.0
    shape: str = "circle"


@dataclass(frozen=True)
class Rule:
    """Features that are drawn alike; ``condition``: an expression of QGIS, empty = all."""

    label: str
    condition: str
    symbol: Symbol

    @property
    def key(self) -> str:
        """Identifier that is the same in every run."""
        return f"{{{uuid5(NAMESPACE_URL, f'strandline/{self.label}/{self.condition}')}}}"


@dataclass(frozen=True)
class VectorStyle:
    """Rules of a layer; ``labelled_by``: expression of its labels, empty = none."""

    rules: tuple[Rule, ...]
    labelled_by: str = ""


def vector_style(layer: str) -> VectorStyle:
    """The style of a layer of the GeoPackage."""
    return _STYLES[layer]()


def vector_qml(layer: Layer, columns: Mapping[str, Column]) -> str:
    """The style file of a layer, with readable field names."""
    return _template("vector.qml.jinja", style=vector_style(layer.name), fields=readable_fields(layer, columns))


def raster_qml(raster: ScenarioRaster) -> str:
    """The style file of a raster."""
    return _template("raster.qml.jinja", raster=raster)


def readable_fields(layer: Layer, columns: Mapping[str, Column]) -> list[tuple[str, str]]:
    """The fields of a layer with what people read instead of their names."""
    names = [str(name) for name in layer.frame.columns if name != layer.frame.geometry.name]
    return [(name, column_of(name, columns).alias) for name in names]


def rgba(colour: str, opacity: int = 255) -> str:
    """A colour ``#rrggbb`` as QGIS writes it: red, green, blue and opacity, 0–255."""
    return ",".join(str(int(colour[start : start + 2], 16)) for start in (1, 3, 5)) + f",{opacity}"


def upper_bounds(classes: ColourClasses) -> list[tuple[str, str, int, str]]:
    """Greatest value, colour, opacity and label of each class, from what lies below the first.

    QGIS counts a value that equals a bound to the class below it, and the report to the one above: the bounds lie
    between the edge and the next lower number in the single precision of the rasters.
    """
    edges = np.asarray(classes.edges, dtype=np.float32)
    below = (edges.astype(float) + np.nextafter(edges, np.float32(0)).astype(float)) / 2
    bounds = [f"{bound:.12g}" for bound in below]
    shown = zip([*bounds[1:], "inf"], classes.colours, classes.labels, strict=True)
    return [(bounds[0], "#ffffff", 0, classes.below), *((bound, colour, 255, label) for bound, colour, label in shown)]


def _template(name: str, **values: object) -> str:
    return templates().get_template(name).render(values) + "\n"


@cache
def templates() -> Environment:
    """The templates of the styles and of the project."""
    environment = Environment(
        loader=PackageLoader(__package__), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.globals.update(rgba=rgba, upper_bounds=upper_bounds, unknown=UNKNOWN, ink=MAP_INK)
    return environment


def _by_damage(kind: Literal["marker", "fill"]) -> VectorStyle:
    states = [
        Rule(f"damage {label}", f"\"damage_state\" = '{label}'", Symbol(kind, colour, size=1.8 + 0.25 * number))
        for number, (label, colour) in enumerate(zip(DAMAGE_LABELS, DAMAGE_COLOURS, strict=True))
    ]
    unknown = Symbol(kind, UNKNOWN_MARK, pattern="b_diagonal" if kind == "fill" else "solid", shape="cross2")
    return VectorStyle((*states, Rule("damage unknown – not “none”", "ELSE", unknown)))


def _asset_lines() -> VectorStyle:
    rules: list[Rule] = []
    for line in LINES:
        classes = ", ".join(f"'{name}'" for name in line.classes)
        own = f'"asset_class" IN ({classes})'
        chance = f'"{line.column}"'
        conditions = (
            (f"{own} AND {chance} < {FAILURE_PROBABILITY}", f"{own} AND {chance} >= {FAILURE_PROBABILITY}",
             f"{own} AND {chance} IS NULL")
            if line.column else (own,)
        )  # fmt: skip
        for condition, (label, colour, dashes) in zip(conditions, line.styles, strict=True):
            pattern: Pattern = "solid" if dashes == "-" else "dot" if dashes == ":" else "dash"
            casing = MAP_INK if line.column else ""
            symbol = Symbol("line", colour, pattern, outline=casing, width=0.35 * line.width)
            rules.append(Rule(label, condition, symbol))
    return VectorStyle((*rules, Rule("other asset", "ELSE", Symbol("line", GREY, outline="", width=0.4))))


def _embankments() -> VectorStyle:
    rules = [
        Rule(
            f"condition {name}",
            "ELSE" if name == UNKNOWN_CONDITION else f"\"condition\" = '{name}'",
            Symbol("line", _CONDITION_COLOURS[name], "dash" if name == UNKNOWN_CONDITION else "solid", "", width=0.9),
        )
        for name in (*EMBANKMENT_CONDITIONS, UNKNOWN_CONDITION)
    ]
    return VectorStyle(tuple(rules))


def _outlined(label: str, colour: str, width: float, outline: Pattern, labelled_by: str) -> VectorStyle:
    symbol = Symbol("fill", colour, "no", outline=colour, outline_pattern=outline, width=width)
    return VectorStyle((Rule(label, "", symbol),), labelled_by)


def _zones() -> VectorStyle:
    known = Symbol("fill", MUTED, "no", outline=MUTED, width=0.26)
    unmapped = Symbol("fill", MUTED, "b_diagonal", outline=MUTED, width=0.26)
    return VectorStyle(
        (
            Rule("zone, part of it without a flood map", '"unknown_share" > 0 OR "unknown_share" IS NULL', unmapped),
            Rule("zone", "ELSE", known),
        ),
        '"zone"',
    )


def _place_names() -> VectorStyle:
    dot = Symbol("marker", MAP_INK, outline="#ffffff", size=1.2)
    return VectorStyle((Rule("town or village", "", dot),), '"name"')


_STYLES = {
    "place_names": _place_names,
    "assets_points": lambda: _by_damage("marker"),
    "assets_areas": lambda: _by_damage("fill"),
    "assets_lines": _asset_lines,
    "embankments": _embankments,
    "draft_warnings": lambda: _outlined("draft warning, not sent", VERMILION, 0.5, "dash", ""),
    "evacuation_areas": lambda: _outlined("area evacuated together", BLUE, 0.8, "solid", "'Area ' || \"area\""),
    "zones": _zones,
}
