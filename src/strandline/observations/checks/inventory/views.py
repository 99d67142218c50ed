"""The inventory as a table for the terminal, as JSON, and as a figure with timeline and map."""

import textwrap
from collections.abc import Iterable
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from pyproj import Transformer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from strandline.observations.checks.findings import warnings_of
from strandline.observations.checks.inventory.inventory import Inventory
from strandline.observations.checks.inventory.stream import HOUR, Stream, days_of

_COLOURS = {"present": "green", "absent": "yellow", "unreadable": "red"}
_KNOWN, _GAP, _HELD_OUT = "#2b6c8f", "#d9822b", "#b8b8b8"
_SHORTEST_BAR = 0.004
"""Least visible width of a bar or gap, as a share of the time axis."""


def inventory_table(inventory: Inventory) -> Group:
    """A table of spans, gaps and ages; below it the details of each stream, or the cost of its absence."""
    table = Table(title=f"{inventory.region.name}: data inventory", title_justify="left", box=None)
    for heading in ("stream", "state", "from – to (UTC)", "unknown", "longest gap", "age"):
        table.add_column(heading, justify="right" if heading in ("unknown", "longest gap", "age") else "left")
    details = Table(box=None, show_header=False)
    for stream in inventory.streams:
        state = Text(stream.state, style=_COLOURS[stream.state])
        table.add_row(
            Text(stream.name),
            state,
            Text(_span(stream)),
            "" if stream.gap_share is None else f"{stream.gap_share:.1%}",
            _duration(stream.longest_gap),
            "" if stream.age_days is None else _age(stream.age_days),
        )
        detail = stream.detail if stream.state == "present" else f"{stream.detail}; without it: {stream.cost}"
        details.add_row(Text(stream.name, style=_COLOURS[stream.state]), Text(detail))
    return Group(table, Text(), details)


def inventory_to_json(inventory: Inventory) -> dict[str, object]:
    """The inventory as plain values: times in ISO 8601 (UTC), gaps in hours, ages in days, shares from 0 to 1."""
    return {
        "region": inventory.region.name,
        "is_usable": inventory.is_usable,
        "held_out": _as_text(inventory.held_out),
        "refused": [str(finding) for finding in inventory.refused],
        "warnings": list(warnings_of(inventory.findings)),
        "streams": [
            {
                "name": stream.name,
                "state": stream.state,
                "detail": stream.detail,
                "cost_of_absence": stream.cost,
                "count": stream.count,
                "spans": _as_text(stream.spans),
                "gap_share": stream.gap_share,
                "longest_gap_hours": stream.longest_gap,
                "age_days": stream.age_days,
            }
            for stream in inventory.streams
        ],
        "findings": [asdict(finding) for finding in inventory.findings],
    }


def draw_inventory(inventory: Inventory, path: Path) -> None:
    """Write a PNG: above, the coverage in time with gaps and held-out windows; below, the map of the region."""
    timed = [stream for stream in inventory.streams if stream.spans]
    untimed = [stream for stream in inventory.streams if not stream.spans]
    figure = Figure(figsize=(11, 0.42 * max(len(timed), 2) + 7.6), layout="constrained")
    timeline, lower = figure.subplots(2, 1, height_ratios=[0.42 * max(len(timed), 2) + 0.9, 6.0])
    _draw_timeline(timeline, inventory, timed)
    lower_axes = lower.get_subplotspec().subgridspec(1, 2, width_ratios=[2.2, 1])
    lower.remove()
    _draw_map(figure, figure.add_subplot(lower_axes[0]), inventory)
    _list_untimed(figure.add_subplot(lower_axes[1]), untimed)
    figure.savefig(path, dpi=120)


def _draw_timeline(axes: Axes, inventory: Inventory, timed: list[Stream]) -> None:
    axes.set_title(f"{inventory.region.name}: data coverage", loc="left")
    if not timed:
        axes.text(0.5, 0.5, "no stream has times", ha="center", va="center", transform=axes.transAxes)
        axes.set_axis_off()
        return
    first = min(stream.spans[0][0] for stream in timed)
    last = max(stream.spans[-1][1] for stream in timed)
    shortest = max(_SHORTEST_BAR * days_of(last - first + HOUR), 1 / 24)
    for position, stream in enumerate(timed):
        bars = [(_date(start), max(_date(end) - _date(start), shortest / 2)) for start, end in stream.spans]
        axes.broken_barh(bars, (position - 0.32, 0.64), color=_KNOWN, linewidth=0)
        if stream.longest_gap is not None and stream.spans[0][0] != stream.spans[0][1]:
            pairs = pairwise(stream.spans)
            gaps = [(_date(a[1]), max(_date(b[0]) - _date(a[1]), shortest)) for a, b in pairs]
            axes.broken_barh(gaps, (position - 0.32, 0.64), color=_GAP, linewidth=0)
        share = "" if stream.gap_share is None else f"{stream.gap_share:.2%} unknown"
        axes.text(1.005, position, share, va="center", fontsize=8, transform=axes.get_yaxis_transform())
    for start, end in inventory.held_out:
        axes.axvspan(_date(start), _date(end), color=_HELD_OUT, alpha=0.5, zorder=0, linewidth=0)
    axes.set_yticks(range(len(timed)), [stream.name for stream in timed])
    axes.set_ylim(len(timed) - 0.4, -0.6)
    margin = 0.01 * days_of(last - first) + 0.1
    axes.set_xlim(_date(first) - margin, _date(last) + margin)
    locator = mdates.AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_xlabel("blue: known   orange: gap   grey: held out (UTC)", fontsize=8)


def _draw_map(figure: Figure, axes: Axes, inventory: Inventory) -> None:
    region = inventory.region
    left, bottom, right, top = (value / 1000 for value in region.bounds)
    axes.set_facecolor("white")
    axes.add_patch(
        Rectangle(
            (left, bottom), right - left, top - bottom, facecolor="white", edgecolor="lightgrey", hatch="////", zorder=1
        )
    )
    if inventory.terrain is not None:
        elevation = inventory.terrain["elevation"].values
        limit = max(1.0, float(np.nanpercentile(np.abs(elevation), 90)))
        image = axes.imshow(
            elevation, extent=(left, right, bottom, top), cmap="RdYlBu_r", vmin=-limit, vmax=limit, zorder=2
        )
        datum = textwrap.shorten(region.vertical_datum, 40, placeholder=" …")
        figure.colorbar(image, ax=axes, shrink=0.7, label=f"elevation [m above {datum}]")
        water = np.where(np.isnan(elevation), 0.0, inventory.terrain["permanent_water"].values)
        if 0 < water.sum() < water.size:
            axes.contour(region.x / 1000, region.y / 1000, water, [0.5], colors="navy", linewidths=0.8, zorder=3)
    if inventory.assets is not None:
        points = inventory.assets.geometry.representative_point()
        axes.scatter(points.x / 1000, points.y / 1000, s=3, color="black", zorder=4, label="assets")
    x, y = region.sea_point
    axes.scatter(x / 1000, y / 1000, marker="*", s=130, color="gold", edgecolor="black", zorder=6, label="sea point")
    distant = _draw_gauges(axes, inventory)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal")
    axes.set_xlabel(f"x [km] in {region.crs}")
    axes.set_ylabel("y [km]")
    axes.set_title("hatched: unknown   line: permanent water" + (f"\n{distant}" if distant else ""), fontsize=9)
    axes.legend(loc="lower right", fontsize=8)


def _draw_gauges(axes: Axes, inventory: Inventory) -> str:
    """Draw the gauges inside as triangles; return a sentence with the distance of the others from the map."""
    region = inventory.region
    left, bottom, right, top = region.bounds
    to_region = Transformer.from_crs("EPSG:4326", region.crs, always_xy=True)
    inside, distant = [], []
    for name, longitude, latitude in inventory.gauges:
        x, y = to_region.transform(longitude, latitude)
        if left <= x <= right and bottom <= y <= top:
            inside.append((x / 1000, y / 1000))
            axes.annotate(name, (x / 1000, y / 1000), fontsize=7, zorder=7)
        else:
            distance = np.hypot(max(left - x, x - right, 0.0), max(bottom - y, y - top, 0.0)) / 1000
            distant.append(f"{name} {distance:.0f} km")
    if inside:
        x, y = zip(*inside, strict=True)
        axes.scatter(x, y, marker="^", s=60, color="red", zorder=6, label="gauge")
    return f"gauges outside the map: {', '.join(distant)}" if distant else ""


def _list_untimed(axes: Axes, streams: list[Stream]) -> None:
    """List the streams without times: details, or the cost of absence."""
    axes.set_axis_off()
    y = 1.0
    for stream in streams:
        colour = {"present": "darkgreen", "absent": "darkgoldenrod", "unreadable": "firebrick"}[stream.state]
        text = stream.detail if stream.state != "absent" else f"without it: {stream.cost}"
        lines = textwrap.wrap(text, 44, break_on_hyphens=False)[:5]
        axes.text(0, y, f"{stream.name}: {stream.state}", color=colour, weight="bold", fontsize=9, va="top")
        axes.text(0, y - 0.04, "\n".join(lines), fontsize=7.5, va="top")
        y -= 0.06 + 0.034 * len(lines)


def _span(stream: Stream) -> str:
    if not stream.spans:
        return ""
    first, last = (np.datetime_as_string(t, "m").replace("T", " ") for t in (stream.spans[0][0], stream.spans[-1][1]))
    return f"{first}\n{last}"


def _as_text(spans: Iterable[tuple[np.datetime64, np.datetime64]]) -> list[list[str]]:
    return [[str(np.datetime_as_string(time, "m")) for time in span] for span in spans]


def _duration(hours: float | None) -> str:
    if hours is None:
        return ""
    return f"{hours:.0f} h" if hours < 100 else f"{hours / 24:.0f} d"


def _age(days: float) -> str:
    return f"{days:.0f} d" if days < 1000 else f"{days / 365.25:.1f} a"


def _date(time: np.datetime64) -> float:
    return float(mdates.date2num(time))  # type: ignore[no-untyped-call]
