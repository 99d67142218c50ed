"""The map of a flood at one moment, as a PNG that stands by itself."""

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.patches import Patch

from strandline.observations.arrays import Floats, Mask, SingleFloats
from strandline.observations.region import Region
from strandline.report.figures.ground import ground_colours, hillshade
from strandline.report.figures.maps import (
    HATCH,
    PROBABILITY_COLOURS,
    PROBABILITY_EDGES,
    PROBABILITY_LABELS,
    draw_scale_and_north,
    label_coordinates,
)
from strandline.report.figures.style import (
    INK,
    MAP_INK,
    MUTED,
    RASTER_DPI,
    SEA,
    UNKNOWN,
    as_rgb,
    new_figure,
    style_rc,
)

WIDTH = 8.6
"""[inch]"""
LETTERS = 120
"""In a line of the small print."""
LINE = 0.165
"""[inch] Height of one."""


@dataclass(frozen=True, eq=False)
class MomentPicture:
    """What the picture shows.

    Attributes:
        probability: (h, w) of water, thinned; NaN = unknown.
        permanent, unknown: (h, w).
        elevation: (h, w) [m] for the hillshade; ``None`` = no ground.
        headline: one sentence under the title; ``lines``: small print under the map.
    """

    region: Region
    probability: SingleFloats
    permanent: Mask
    unknown: Mask
    elevation: Floats | None
    title: str
    headline: str
    lines: Sequence[str]


@style_rc()
def draw_moment(picture: MomentPicture) -> bytes:
    """Draw it; returns the PNG."""
    small_print = [part for line in picture.lines for part in textwrap.wrap(line, LETTERS)]
    rows, columns = picture.region.shape
    height = float(np.clip((WIDTH - 0.9) * rows / columns, 0.4 * WIDTH, 1.3 * WIDTH)) + 0.9
    text_height = 0.1 + LINE * len(small_print)
    figure = new_figure(WIDTH, height + text_height + 0.6)
    grid = figure.add_gridspec(2, 1, height_ratios=[height, text_height])
    axes, text = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    text.axis("off")
    text.text(0, 1, "\n".join(small_print), va="top", fontsize=8, color=MUTED, transform=text.transAxes)
    left, bottom, right, top = picture.region.bounds
    axes.imshow(_image(picture), extent=(left, right, bottom, top), interpolation="none", zorder=0)
    if picture.unknown.any():
        thin = picture.unknown.astype(float)
        x = left + (np.arange(thin.shape[1]) + 0.5) * (right - left) / thin.shape[1]
        y = top - (np.arange(thin.shape[0]) + 0.5) * (top - bottom) / thin.shape[0]
        if min(thin.shape) > 1:
            hatched = axes.contourf(x, y, thin, levels=[0.5, 1.5], colors="none", hatches=[HATCH], zorder=2)
            hatched.set_edgecolor(MAP_INK)
            hatched.set_linewidth(0.0)
    draw_scale_and_north(axes, picture.region)
    label_coordinates(axes, picture.region)
    axes.set_title(f"{textwrap.fill(picture.title, 86)}\n{picture.headline}", loc="left", pad=8)
    figure.legend(handles=_handles(), loc="outside lower center", ncols=3, columnspacing=1.4, handlelength=1.6)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=RASTER_DPI, metadata={"Software": None})
    return buffer.getvalue()


def _image(picture: MomentPicture) -> Floats:
    """(h, w, 3) ground, water and unknown cells."""
    light = np.full(picture.probability.shape, np.nan)
    if picture.elevation is not None and min(light.shape) > 1:
        light = hillshade(picture.elevation, picture.region.cell_size)
    image = ground_colours(light)
    for colour, least in zip(PROBABILITY_COLOURS, PROBABILITY_EDGES, strict=False):
        image[picture.probability >= least] = as_rgb(colour)
    image[picture.permanent] = as_rgb(SEA)
    image[picture.unknown] = as_rgb(UNKNOWN)
    return image


def _handles() -> list[Patch]:
    water = [
        Patch(facecolor=colour, edgecolor=MUTED, linewidth=0.4, label=label)
        for colour, label in zip(PROBABILITY_COLOURS, PROBABILITY_LABELS, strict=True)
    ]
    return [
        *water,
        Patch(facecolor=UNKNOWN, edgecolor=MAP_INK, hatch=HATCH, linewidth=0.4, label="unknown – not “dry”"),
        Patch(facecolor=SEA, edgecolor=INK, linewidth=0.4, label="permanent water"),
    ]
