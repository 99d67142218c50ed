"""The adaptation pathways map (a metro-map diagram), and the files of the PathwaysGenerator."""

from textwrap import fill

from matplotlib.axes import Axes

from strandline.planning.investment.pathways import Pathways, Step
from strandline.report.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    VERMILION,
    WIDE,
    Picture,
    as_picture,
    new_axes,
    style_axes,
    style_rc,
)

CURRENT, PROPOSAL = "current", "proposal"
LINES = (BLUE, GREEN, ORANGE, VERMILION, "#cc79a7", "#56b4e9", "#8c6d31", "#6a51a3")
"""Colours of the lines, in the order of their rows; Okabe and Ito's palette first."""


@style_rc()
def draw_pathways(pathways: Pathways, width: float = WIDE) -> Picture:
    """Draw one row for each measure; a pathway follows a row up to its tipping point and changes there to the next.

    The axis is the sea-level rise, with the years in which the slowest, the middle and the fastest scenario reach it.
    """
    rows = _rows(pathways)
    colours, heights = colours_of(pathways), _heights(pathways.steps, rows)
    figure, axes = new_axes(width, 1.6 + 0.52 * len(rows))
    for step in pathways.steps:
        _draw_step(axes, pathways.pathway(step.built), heights, colours)
    letters = 30 if width >= WIDE else 16
    names = {CURRENT: "no measure", PROPOSAL: "the proposal", **pathways.titles}
    axes.set_yticks(range(len(rows)), [fill(names[row], letters) for row in rows])
    axes.set_ylim(len(rows) - 0.45, -0.55)
    axes.set_xlim(-0.01 * pathways.highest_rise, 1.04 * pathways.highest_rise)
    _label_rises(axes, pathways, width)
    style_axes(axes, grid="x")
    axes.spines["left"].set_visible(False)
    ends = ", ".join(" then ".join(names[_row(step)] for step in pathways.pathway(end)[1:]) for end in pathways.ends)
    alt = f"Pathways over a sea-level rise of up to {pathways.highest_rise:.2f} m: {ends or 'no measure helps'}."
    return as_picture(figure, alt, f"pathways-{width}")


def colours_of(pathways: Pathways) -> dict[str, str]:
    """Return the colour of each row of the map."""
    measures = _rows(pathways)[1:]
    return {CURRENT: GREY, **{kind: LINES[number % len(LINES)] for number, kind in enumerate(measures)}}


def as_generator_files(pathways: Pathways) -> tuple[str, str]:
    """Return the actions and sequences in the text format of Deltares' PathwaysGenerator.

    They are the contents of ``NAME-action.txt`` and ``NAME-sequence.txt``. An action is a name and a colour, a sequence
    ``from to tipping_point``; an action in several pathways is numbered, as ``pumps[2]``. Tipping points must be whole
    numbers: they are centimetres of sea-level rise, the medians of ranges that ``plan.json`` holds.
    """
    colours = colours_of(pathways)
    actions = "".join(f"{row} #ff{colour[1:]}\n" for row, colour in colours.items())
    editions: dict[tuple[str, ...], str] = {(): CURRENT}
    count: dict[str, int] = {}
    lines = [f"{CURRENT} {CURRENT} {_centimetres(pathways.steps[0])}"]
    for step in pathways.steps[1:]:
        kind = _row(step)
        count[kind] = count.get(kind, 0) + 1
        editions[step.built] = f"{kind}[{count[kind]}]"
        before = step.built[: len(step.built) - len(step.added)]
        lines.append(f"{editions[before]} {editions[step.built]} {_centimetres(step)}")
    head = "# from, to, and the expected rise above today's sea level [cm] at which all measures so far together tip\n"
    return actions, head + "".join(f"{line}\n" for line in lines)


def _centimetres(step: Step) -> int:
    return round(100 * step.tipping_point.rise[1])


def _rows(pathways: Pathways) -> list[str]:
    """Return the current situation, and each step's measure in the order of the pathways."""
    return list(dict.fromkeys(_row(step) for step in pathways.steps))


def _row(step: Step) -> str:
    """Return the row of a step: its measure, or the proposal where that has several."""
    return CURRENT if not step.added else step.added[0] if len(step.added) == 1 else PROPOSAL


def _heights(steps: tuple[Step, ...], rows: list[str]) -> dict[tuple[str, ...], float]:
    """Return the height of each step on the map: its measure's row, side by side where several pathways use it."""
    heights: dict[tuple[str, ...], float] = {}
    for number, row in enumerate(rows):
        here = [step.built for step in steps if _row(step) == row]
        for index, built in enumerate(here):
            heights[built] = number + (index - (len(here) - 1) / 2) * min(0.22, 0.7 / max(len(here), 1))
    return heights


def _draw_step(
    axes: Axes, pathway: tuple[Step, ...], heights: dict[tuple[str, ...], float], colours: dict[str, str]
) -> None:
    """Draw the last step of a pathway: down from the one before, and along to its tipping point."""
    step = pathway[-1]
    height, end = heights[step.built], step.tipping_point.rise[1]
    colour = colours[_row(step)]
    start = pathway[-2].tipping_point.rise[1] if step.built else 0.0
    if step.built:
        axes.plot([start, start], [heights[pathway[-2].built], height], color=colour, linewidth=1.6, zorder=2)
        axes.plot(start, height, marker="o", markersize=5.5, markerfacecolor=PAPER, markeredgecolor=colour, zorder=4,
                  clip_on=False)  # fmt: skip
    axes.plot([start, end], [height, height], color=colour, linewidth=3.4, zorder=3, solid_capstyle="butt")
    low, _, high = step.tipping_point.rise
    axes.plot([low, high], [height, height], color=INK, linewidth=0.9, zorder=4, solid_capstyle="butt")
    mark = ">" if step.tipping_point.is_beyond_maps else "|"
    axes.plot(
        end, height, marker=mark, markersize=9, color=INK if mark == "|" else colour, markeredgewidth=1.8, zorder=4
    )


def _label_rises(axes: Axes, pathways: Pathways, width: float) -> None:
    names = list(pathways.arrivals[0].years)
    shown = [names[0], names[len(names) // 2], names[-1]]
    ticks = pathways.arrivals if width >= WIDE else pathways.arrivals[::2]

    def label(year: int | None) -> str:
        return "> 2100" if year is None else str(year)

    axes.set_xticks(
        [each.rise for each in ticks],
        ["\n".join([f"{each.rise:g} m", *(label(each.years[name]) for name in shown)]) for each in ticks],
    )
    lines = "\n".join(["sea-level rise", *(f"in {name}" for name in shown)])
    axes.annotate(lines, (0, 0), xycoords="axes fraction", xytext=(-26, -1.5), textcoords="offset points", ha="right",
                  va="top", color=MUTED, fontsize=9.5, linespacing=1.2)  # fmt: skip
