"""The map of a printed page: chance of a flood, the zones, and the letters of the areas; no other text is on it."""

import io
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from strandline.errors import InputError
from strandline.report.alerts.catalogue import name_of_zone
from strandline.report.documents.document import Key, Map
from strandline.report.documents.key_findings import KeyFindings
from strandline.report.documents.language import Language
from strandline.report.figures.ground import WATER, ground_colours
from strandline.report.figures.maps import HATCH, PROBABILITY_COLOURS, PROBABILITY_EDGES
from strandline.report.figures.style import MAP_INK, SEA, UNKNOWN, as_rgb, new_axes, round_length, style_rc
from strandline.report.products import GROUND_FILE, band_name

DPI = 200
WIDTH = 4.2
"""[inch]"""
CHANCES, ZONES = "flood_probability.tif", "zones.geojson"


def chance_map(run: Path, findings: KeyFindings, language: Language, zone: str | None = None) -> Map:
    """Draw the chance of 0.15 m of water in the flood that the plan prepares for.

    Args:
        run: folder of a finished run.
        zone: the one to show, with what lies around it; ``None`` = the whole place.

    Raises:
        InputError: a product of the run is missing.
    """
    text = language.text
    period = language.number(findings.return_period)
    caption = text(
        "Chance of 15 cm of water or more when the sea reaches its level of once in {years} years.", years=period
    )
    if zone is None:
        caption += " " + text("Letters name the areas below.")
    classes = (
        text("unlikely, 5–33 %"), text("as likely as not, 33–66 %"), text("likely, 66–90 %"),
        text("very likely, over 90 %"),
    )  # fmt: skip
    legend = [Key(colour, label) for colour, label in zip(PROBABILITY_COLOURS, classes, strict=True)]
    legend += [Key(UNKNOWN, text("unknown – not “dry”"), hatched=True), Key(SEA, text("water"))]
    called = name_of_zone(zone or "", findings.place_names, language.code)
    alternative = text("Map of {place}.", place=findings.place) if zone is None else text("Map of {zone}.", zone=called)
    return Map(_draw(run, findings.return_period, zone), f"{alternative} {caption}", caption, tuple(legend))


@style_rc()
def _draw(run: Path, period: float, zone: str | None) -> bytes:
    try:
        with rasterio.open(run / CHANCES) as source:
            chance = source.read(1 + source.descriptions.index(band_name("today", period)))
            crs, bounds = source.crs, source.bounds
        with rasterio.open(run / GROUND_FILE) as source:
            ground = source.read(1)
        zones = gpd.read_file(run / ZONES).to_crs(crs)
    except (OSError, ValueError, rasterio.errors.RasterioError) as error:
        raise InputError(run, f"has no map of the chance of a flood ({error})", "run `strandline run` again") from error
    image, is_land = ground_colours(ground), ground != WATER  # also where it belongs to no zone
    for colour, least in zip(PROBABILITY_COLOURS, PROBABILITY_EDGES, strict=False):
        image[is_land & (chance >= least)] = as_rgb(colour)
    unknown = is_land & np.isnan(chance)
    image[unknown] = as_rgb(UNKNOWN)
    height = WIDTH * float(np.clip(chance.shape[0] / chance.shape[1], 0.5, 1.3))
    figure, axes = new_axes(WIDTH, height)
    extent = (bounds.left, bounds.right, bounds.bottom, bounds.top)
    axes.imshow(image, extent=extent, interpolation="none", zorder=0)
    if unknown.any():
        axes.contourf(unknown[::-1].astype(float), levels=[0.5, 1.5], colors="none", hatches=[HATCH], extent=extent)
    zones.boundary.plot(ax=axes, color=MAP_INK, linewidth=0.5, alpha=0.6)
    if zone is None:
        _letter(axes, zones)
    else:
        here = zones[zones["zone"] == zone]
        here.boundary.plot(ax=axes, color="#ffffff", linewidth=4)
        here.boundary.plot(ax=axes, color="#b3261e", linewidth=2)
    axes.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[], xlabel="", ylabel="")
    axes.set_aspect("equal")
    _scale_bar(axes, extent)
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=DPI)
    return written.getvalue()


def _letter(axes: Axes, zones: gpd.GeoDataFrame) -> None:
    """The letter of its area in each zone that has one."""
    for area, shape in zip(zones["evacuation_area"], zones.geometry, strict=True):
        if isinstance(area, str) and area:
            largest = max(getattr(shape, "geoms", [shape]), key=lambda part: part.area)
            point = largest.representative_point()
            axes.text(point.x, point.y, area, ha="center", va="center", fontsize=9, fontweight="bold", color=MAP_INK,
                      zorder=9, path_effects=[withStroke(linewidth=3, foreground="#ffffff")])  # fmt: skip


def _scale_bar(axes: Axes, extent: Sequence[float]) -> None:
    left, right, bottom, top = extent
    length = round_length(0.3 * (right - left))
    x, y = left + 0.04 * (right - left), bottom + 0.04 * (top - bottom)
    axes.plot([x, x + length], [y, y], color=MAP_INK, linewidth=2.5, solid_capstyle="butt", zorder=9,
              path_effects=[withStroke(linewidth=5, foreground="#ffffff")])  # fmt: skip
    label = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.text(x, y + 0.02 * (top - bottom), label, fontsize=8, color=MAP_INK, zorder=9,
              path_effects=[withStroke(linewidth=3, foreground="#ffffff")])  # fmt: skip
