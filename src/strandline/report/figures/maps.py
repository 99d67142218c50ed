"""Maps: flood probability, unknown cells, and assets by damage state."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter
from rasterio.features import shapes

from strandline.observations.arrays import Floats, Indices, Mask, SingleFloats
from strandline.observations.exposure.place_names import names_in
from strandline.observations.region import Region
from strandline.report.figures.ground import ground_colours, ground_of
from strandline.report.figures.map_lines import draw_lines, drawn_as_line
from strandline.report.figures.style import (
    MAP_INK,
    MUTED,
    NARROW,
    PAPER,
    SEA,
    UNKNOWN,
    WIDE,
    Picture,
    as_picture,
    as_rgb,
    new_axes,
    new_figure,
    round_length,
    style_axes,
    style_rc,
)

PROBABILITY_EDGES = (0.05, 0.33, 0.66, 0.90, 1.0)
PROBABILITY_LABELS = ("unlikely, 5–33 %", "as likely as not, 33–66 %", "likely, 66–90 %", "very likely, over 90 %")
"""Terms and limits of the IPCC's calibrated language (Mastrandrea et al. 2010); the lowest class begins at 5 %."""
PROBABILITY_COLOURS = ("#a9cde9", "#5b9fd0", "#2266a8", "#082a5e")
"""Pale to deep blue, one way: readable in grey and without colour vision, and apart from land, sea and unknown."""
DAMAGE_LABELS = ("none", "slight", "moderate", "extensive", "complete")
DAMAGE_COLOURS = ("#ffffff", "#fdcc8a", "#fc8d59", "#d7301f", "#7f0000")
"""ColorBrewer's OrRd: readable without colour vision, darker = worse; the marks also grow."""
UNKNOWN_ASSET = 5
EVEN_CHANCE = 0.5
"""Chance [-] from which an asset counts as damaged, as a cell does as flooded."""
EPISTEMIC_SD_EDGES = (0.05, 0.10, 0.20, 0.30, 0.51)
EPISTEMIC_SD_LABELS = ("5–10 points", "10–20 points", "20–30 points", "over 30 points")
ANNUAL_EDGES = (0.01, 0.04, 0.20, 0.50, 1.0)
ANNUAL_LABELS = ("1–4 % a year", "4–20 % a year", "20–50 % a year", "over 50 % a year")
"""Classes of the annual probability [a-1]: once in 100, 25, 5 and 2 years."""
HATCH = "////"
WATER_HATCH = "---"
"""In grey, the sea is nearly as light as the lowest class of probability."""
MAX_VECTOR_MARKS = 600
MOST_NAMES = 10
"""Places that a map names; half of them on a phone."""


@style_rc()
def map_flood(
    region: Region,
    terrain: xr.Dataset,
    probability: SingleFloats,
    return_period: float,
    assets: gpd.GeoDataFrame | None,
    width: float = WIDE,
    places: gpd.GeoDataFrame | None = None,
) -> Picture:
    """Draw the probability (H, W) of 0.15 m of water or more at one return period, and the assets by damage state.

    Unknown cells are hatched. Roads are lines styled by whether they are open, embankments plain lines.

    Args:
        places: named ones, the largest first, of which some are named.
    """
    figure, axes = new_axes(width, map_height(region, width) + 1.05 + (1.25 if width >= WIDE else 1.85))
    _draw_ground(axes, region, terrain, probability, most_columns=640 if width >= WIDE else 400)
    marks = [] if assets is None else _draw_assets(axes, region, assets, scale=np.sqrt(width / WIDE))
    if places is not None:
        name_places(axes, region, places, width)
    between = " " if width >= WIDE else "\n"
    axes.set_title(
        f"Chance of 0.15 m of water or more{between}when the sea reaches its {return_period:g}-year level",
        loc="left", pad=8,
    )  # fmt: skip
    draw_scale_and_north(axes, region)
    label_coordinates(axes, region)
    columns = 3 if width >= WIDE else 2 if marks else 1
    add_legend(figure, [*class_handles(PROBABILITY_LABELS), *marks], columns, width)
    unknown = float(np.isnan(probability).mean())
    alt = (
        f"Map of {region.name}: chance of at least 0.15 m of flood water when the sea reaches its "
        f"{return_period:g}-year level. {unknown:.0%} of the cells are unknown and hatched."
    )
    return as_picture(figure, alt, f"map-{width}-{return_period}")


@style_rc()
def map_epistemic_sd(
    region: Region,
    terrain: xr.Dataset,
    epistemic_sd: SingleFloats,
    return_period: float,
    width: float = WIDE,
) -> Picture:
    """Draw the standard deviation (H, W) of the members' flood probabilities [-]; unknown cells are hatched."""
    across = 0.5 * width if width >= WIDE else width
    figure, axes = new_axes(across, map_height(region, across) + 2.3)
    _draw_ground(axes, region, terrain, epistemic_sd, 400, EPISTEMIC_SD_EDGES)
    axes.set_title(f"Where the models disagree\nat the {return_period:g}-year sea level", loc="left", pad=8)
    draw_scale_and_north(axes, region)
    label_coordinates(axes, region)
    add_legend(figure, class_handles(EPISTEMIC_SD_LABELS), 2, NARROW)
    alt = (
        f"Map of {region.name}: standard deviation of the models' flood probabilities at the "
        f"{return_period:g}-year sea level."
    )
    return as_picture(figure, alt, f"disagreement-{width}")


@style_rc()
def map_annual(region: Region, terrain: xr.Dataset, annual: SingleFloats | Floats, width: float = WIDE) -> Picture:
    """Draw the probability (H, W) of 0.15 m of water or more in any one year [a-1]; unknown cells are hatched."""
    across = 0.5 * width if width >= WIDE else width
    figure, axes = new_axes(across, map_height(region, across) + 2.3)
    _draw_ground(axes, region, terrain, annual, 400, ANNUAL_EDGES)
    axes.set_title("Chance of 0.15 m of water or more\nin any one year", loc="left", pad=8)
    draw_scale_and_north(axes, region)
    label_coordinates(axes, region)
    add_legend(figure, class_handles(ANNUAL_LABELS), 2, NARROW)
    alt = f"Map of {region.name}: chance of at least 0.15 m of flood water in any one year."
    return as_picture(figure, alt, f"annual-{width}")


@style_rc()
def map_each_period(
    region: Region,
    terrain: xr.Dataset,
    probability: SingleFloats,
    return_periods: Sequence[float],
    width: float = WIDE,
) -> Picture:
    """Draw small maps of the flood probability (R, H, W), one for each return period, in ascending order."""
    rows, columns = region.shape
    across = 3 if width >= WIDE else 2
    down = -(-len(return_periods) // across)
    panel = float(np.clip((width / across) * rows / columns, 0.3 * width / across, 1.5 * width / across))
    figure = new_figure(width, down * (panel + 0.3) + (0.6 if width >= WIDE else 1.5))
    for index, period in enumerate(return_periods):
        axes = figure.add_subplot(down, across, index + 1)
        _draw_ground(axes, region, terrain, probability[index], most_columns=230)
        axes.set_title(f"{period:g}-year sea level", loc="left", pad=4)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set(xlim=(region.bounds[0], region.bounds[2]), ylim=(region.bounds[1], region.bounds[3]))
    add_legend(figure, class_handles(PROBABILITY_LABELS), 3 if width >= WIDE else 2, width)
    periods = ", ".join(f"{period:g}" for period in return_periods)
    alt = f"Small maps of the flood probability at {region.name} given the sea levels of once in {periods} years."
    return as_picture(figure, alt, f"periods-{width}")


def middle_damage_state(assets: gpd.GeoDataFrame) -> Indices:
    """Return the damage state 0-4 that each asset reaches at an even chance or more; 5 = unknown.

    It is the median of the ordered states. The most probable of five is no summary: where damage has a chance of 60 %,
    spread over four states, that is "none".
    """
    states = assets[[f"damage_state_{state}" for state in range(5)]].to_numpy(dtype=float)  # (A, 5)
    unknown = np.isnan(states).any(axis=1)
    reached = np.cumsum(states[:, ::-1], axis=1)[:, ::-1] >= EVEN_CHANCE  # (A, 5), this state or a worse one
    return np.where(unknown, UNKNOWN_ASSET, np.maximum(reached.sum(axis=1) - 1, 0))


def map_height(region: Region, width: float) -> float:
    """Height of a map of this width [inch], without title and legend."""
    rows, columns = region.shape
    return float(np.clip((width - 0.9) * rows / columns, 0.45 * width, 1.25 * width))


def draw_classes(
    axes: Axes, region: Region, terrain: xr.Dataset, number: SingleFloats | Floats, colours: Sequence[str]
) -> None:
    """Draw ground, water, unknown cells (NaN) and classes: cells of number 1, 2, … in these colours, of 0 in none."""
    _draw_ground(axes, region, terrain, number, 400, [0.5 + each for each in range(len(colours))], colours)


def _draw_ground(
    axes: Axes,
    region: Region,
    terrain: xr.Dataset,
    probability: SingleFloats | Floats,
    most_columns: int,
    edges: Sequence[float] = PROBABILITY_EDGES,
    colours: Sequence[str] = PROBABILITY_COLOURS,
) -> None:
    """Draw ground, water, flood and unknown cells as one image, subsampled to at most ``most_columns``."""
    rows, columns = (_thinned(size, most_columns, region.shape[1]) for size in region.shape)
    here = np.ix_(rows, columns)
    shown, water = probability[here], terrain["permanent_water"].to_numpy()[here] == 1
    ground = ground_colours(ground_of(terrain, region.cell_size)[here])  # (H, W, 3)
    for colour, least in zip(colours, edges, strict=False):
        in_class = (shown >= least) & ~water
        ground[in_class] = as_rgb(colour)
    ground[np.isnan(shown)] = as_rgb(UNKNOWN)
    left, bottom, right, top = region.bounds
    axes.imshow(ground, extent=(left, right, bottom, top), interpolation="none", zorder=0)
    is_unknown = np.isnan(probability)
    is_water = (terrain["permanent_water"].to_numpy() == 1) & ~is_unknown
    for cells, name, ink, hatch, alpha in (
        (is_water, "permanent-water", MUTED, WATER_HATCH, 0.7),
        (is_unknown, "unknown-cells", MAP_INK, HATCH, 0.75),
    ):
        outline = _outline_of(cells, region)
        if outline is not None:
            axes.add_patch(
                PathPatch(outline, facecolor="none", edgecolor=ink, hatch=hatch, linewidth=0.6, alpha=alpha, zorder=2,
                          gid=name)
            )  # fmt: skip


def _thinned(size: int, most_columns: int, columns: int) -> Indices:
    """Return evenly spaced indices along a side of ``size`` cells, so that at most ``most_columns`` columns remain."""
    kept = max(1, round(size * min(1.0, most_columns / columns)))
    return ((np.arange(kept) + 0.5) * size / kept).astype(np.int64)


def _outline_of(mask: Mask, region: Region) -> Outline | None:
    """Return the exact outline of the true cells, holes included."""
    rings = [
        np.asarray(ring)
        for polygon, _ in shapes(mask.astype(np.uint8), mask=mask, transform=region.transform)
        for ring in polygon["coordinates"]
    ]
    return Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings)) if rings else None


def _draw_assets(axes: Axes, region: Region, assets: gpd.GeoDataFrame, scale: float) -> list[Line2D]:
    handles = draw_lines(axes, region, assets, scale, rasterized=len(assets) > MAX_VECTOR_MARKS)
    assets = assets[~drawn_as_line(assets)]
    points = assets.geometry.to_crs(region.crs).representative_point()
    states = middle_damage_state(assets)
    size = scale * float(np.clip(9.0 - 2.2 * np.log10(max(len(assets), 1)), 2.2, 6.0))
    for state, label in enumerate((*DAMAGE_LABELS, "unknown")):
        here = states == state
        marks = _mark(state, size, points.x[here], points.y[here], MAP_INK if state < 3 else "#ffffff")
        marks.set(zorder=3 + state, rasterized=len(assets) > MAX_VECTOR_MARKS)
        axes.add_line(marks)
        if here.any():
            handle = _mark(state, max(size, 5.0), [], [], MUTED)
            handle.set_label(f"asset, damage {label} ({int(here.sum())})")
            handles.append(handle)
    return handles


def _mark(state: int, size: float, x: npt.ArrayLike, y: npt.ArrayLike, edge: str) -> Line2D:
    known = state != UNKNOWN_ASSET
    return Line2D(
        np.asarray(x, dtype=float),
        np.asarray(y, dtype=float),
        linestyle="none",
        marker="o" if known else "X",
        markersize=size * (1 + 0.13 * state) if known else size,
        markerfacecolor=DAMAGE_COLOURS[state] if known else "#b9bec2",
        markeredgecolor=edge if known else MAP_INK,
        markeredgewidth=min(0.7, 0.14 * size),
    )


def class_handles(labels: Sequence[str]) -> list[Patch]:
    """Return the legend of classes in ``PROBABILITY_COLOURS``, of unknown cells and of water."""
    flood = [
        Patch(facecolor=colour, edgecolor=MUTED, linewidth=0.4, label=label)
        for colour, label in zip(PROBABILITY_COLOURS, labels, strict=True)
    ]
    return [
        *flood,
        Patch(facecolor=UNKNOWN, edgecolor=MAP_INK, hatch=HATCH, linewidth=0.4, label="unknown – not “dry”"),
        Patch(facecolor=SEA, edgecolor=MUTED, hatch=WATER_HATCH, linewidth=0.4, label="permanent water"),
    ]


def add_legend(figure: Figure, handles: Sequence[Artist], columns: int, width: float) -> None:
    """Draw a legend below a map."""
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, columnspacing=1.4, handlelength=1.6,
                  fontsize=9.5 if width >= WIDE else 8.5)  # fmt: skip


def draw_scale_and_north(axes: Axes, region: Region) -> None:
    """Draw a scale bar and an arrow to the north."""
    left, bottom, right, top = region.bounds
    across, up = right - left, top - bottom
    length = round_length(0.28 * across)
    x, y = left + 0.04 * across, bottom + 0.05 * up
    halo = [withStroke(linewidth=3, foreground="#ffffff")]
    axes.plot([x, x + length], [y, y], color=MAP_INK, linewidth=2.5, solid_capstyle="butt", zorder=20,
              path_effects=[withStroke(linewidth=5, foreground="#ffffff")])  # fmt: skip
    label = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.text(x, y + 0.018 * up, label, color=MAP_INK, va="bottom", fontsize=9.5, zorder=20, path_effects=halo)
    axes.annotate(
        "N", (0.955, 0.965), (0.955, 0.855), xycoords="axes fraction", ha="center", va="center", color=MAP_INK,
        fontsize=10, fontweight="bold", zorder=20, path_effects=halo,
        arrowprops={"arrowstyle": "-|>", "color": MAP_INK, "linewidth": 1.4, "shrinkA": 1, "shrinkB": 0,
                    "path_effects": halo},
    )  # fmt: skip


def name_places(axes: Axes, region: Region, places: gpd.GeoDataFrame, width: float) -> None:
    """Write the names of the largest places in English or the local script, where none before is in the way.

    Names in a script that the figures' font does not hold are left out.

    Args:
        width: of the map [inch].
    """
    left, bottom, right, top = region.bounds
    point = (right - left) / (72 * (width - 0.9))  # [m]
    size = 8.5 if width >= WIDE else 7.5
    font = get_font(findfont("DejaVu Sans"))
    taken: list[tuple[float, float, float]] = []
    for name, place in zip(names_in(places, "en"), places.geometry.to_crs(region.crs), strict=True):
        if len(taken) == (MOST_NAMES if width >= WIDE else MOST_NAMES // 2):
            return
        half, line, y = 0.33 * size * len(name) * point, 1.4 * size * point, place.y + 6 * point
        is_in = left + half < place.x < right - half and bottom < y < top - line
        is_free = all(abs(x - place.x) > half + other or abs(level - y) > 2 * line for x, level, other in taken)
        if is_in and is_free and all(font.get_char_index(ord(letter)) for letter in name):
            taken.append((place.x, y, half))
            halo = [withStroke(linewidth=2.5, foreground="#ffffff")]
            axes.plot([place.x], [place.y], ".", color=MAP_INK, markersize=4, zorder=15, path_effects=halo)
            axes.annotate(name, (place.x, place.y), (0, 3), textcoords="offset points", ha="center", va="bottom",
                          color=MAP_INK, fontsize=size, zorder=15, path_effects=halo)  # fmt: skip


def label_coordinates(axes: Axes, region: Region) -> None:
    """Label easting and northing [km]."""
    left, bottom, right, top = region.bounds
    axes.set(xlim=(left, right), ylim=(bottom, top))
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)
    style_axes(axes, grid="both")
    axes.grid(visible=False)
    step = round_length((right - left) / 3)
    for axis, low, high in ((axes.xaxis, left, right), (axes.yaxis, bottom, top)):
        ticks = np.arange(np.ceil(low / step) * step, high, step)
        margin = 0.06 * (high - low)
        axis.set_ticks(ticks[(ticks > low + margin) & (ticks < high - margin)])
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1000:,.{0 if step >= 1000 else 1}f}"))
    axes.tick_params(axis="y", labelrotation=90)
    for label in axes.get_yticklabels():
        label.set_verticalalignment("center")
    axes.set_xlabel(f"easting [km, {region.crs}]", fontsize=9.5, color=MUTED)
    axes.set_ylabel("northing [km]", fontsize=9.5, color=MUTED)
    axes.set_facecolor(PAPER)
