"""Style of the figures: one palette, one font size, and SVG that follows the reader's light or dark setting."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from strandline.observations.arrays import Floats

INK, MUTED, RULE, PAPER = "#1d2b33", "#55646c", "#d5dde1", "#fefefe"
BLUE, ORANGE, GREEN, VERMILION, GREY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#7f8a90"
"""Source: Okabe and Ito (2008), Color Universal Design; grey excepted."""
SEA, LAND, UNKNOWN = "#d3d6d2", "#f4f2ec", "#ffffff"
"""Grey, because blue is flood water; on a map the sea also bears level lines, and the unknown slanting ones."""
MAP_INK = "#22303a"
ON_DARK = {
    INK: "#e8eef1", MUTED: "#a9b8bf", RULE: "#3a4951", PAPER: "#18232b",
    BLUE: "#56b4e9", ORANGE: "#f0b93a", GREEN: "#35c79b", VERMILION: "#f08a4b", GREY: "#98a5ac",
}  # fmt: skip
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
SETTINGS = {
    "font.family": "DejaVu Sans", "font.size": 10.0, "axes.titlesize": 10.0, "axes.labelsize": 10.0,
    "xtick.labelsize": 9.5, "ytick.labelsize": 9.5, "legend.fontsize": 9.5,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": MUTED, "axes.titlecolor": INK,
    "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "axes.facecolor": PAPER, "figure.facecolor": PAPER, "savefig.facecolor": PAPER,
    "axes.grid": False, "grid.color": RULE, "grid.linewidth": 0.8,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8,
    "legend.frameon": False, "svg.fonttype": "none", "hatch.linewidth": 0.7, "lines.solid_capstyle": "round",
    "axes.unicode_minus": True,
}  # fmt: skip
WIDE, NARROW = 8.6, 4.3
"""Widths [inch] for a desktop screen or paper, and for a phone."""
RASTER_DPI = 170


@dataclass(frozen=True)
class Picture:
    """An SVG document, its alternative text, and its width and height [px]."""

    svg: str
    alt: str
    size: tuple[int, int]


@contextmanager
def style_rc(name: str = "strandline") -> Iterator[None]:
    """Apply Matplotlib's settings, as context or decorator; ``name`` makes the identifiers of an SVG reproducible."""
    with rc_context({**SETTINGS, "svg.hashsalt": name}):  # type: ignore[dict-item]
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure [inch] without global state."""
    return Figure(figsize=(width, height), layout="constrained")


def new_axes(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure [inch] with one pair of axes."""
    figure = new_figure(width, height)
    return figure, figure.add_subplot()


def as_picture(figure: Figure, alt: str, name: str) -> Picture:
    """Return the figure as SVG; ``name`` makes its identifiers reproducible."""
    buffer = io.StringIO()
    with style_rc(name):
        figure.savefig(buffer, format="svg", dpi=RASTER_DPI, metadata={"Date": None, "Creator": None})
    width, height = figure.get_size_inches() * 96
    return Picture(_follow_colour_scheme(buffer.getvalue()), alt, (round(width), round(height)))


def _follow_colour_scheme(svg: str) -> str:
    """Replace the palette by CSS variables with a dark variant, and the font by the reader's system font."""
    names = {colour: f"--c{index}" for index, colour in enumerate(ON_DARK)}
    light = "".join(f"{name}:{colour};" for colour, name in names.items())
    dark = "".join(f"{names[colour]}:{twin};" for colour, twin in ON_DARK.items())
    head, mark, body = svg.partition("<defs>")
    body = body.replace("'DejaVu Sans'", FONTS)
    for colour, name in names.items():
        body = body.replace(colour, f"var({name})")
    style = f"<style>svg{{{light}}}@media screen and (prefers-color-scheme:dark){{svg{{{dark}}}}}</style>"
    start = head.index("<svg")
    return head[start:] + style + mark + body


def style_axes(axes: Axes, *, grid: str) -> None:
    """Draw a light grid behind the data along ``x``, ``y`` or ``both`` axes, without tick marks."""
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis=grid, color=RULE, linewidth=0.8)  # type: ignore[arg-type]
    axes.tick_params(length=0)


def round_length(longest: float) -> float:
    """Return the greatest 1, 2 or 5 times a power of ten that is not above ``longest``."""
    power = 10.0 ** np.floor(np.log10(longest))
    return float(max(step * power for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9)))


def as_rgb(colour: str) -> Floats:
    """Return red, green and blue [0-1] of ``#rrggbb``."""
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
