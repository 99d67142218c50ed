"""Charts: surge forecast, return levels, ranked assets, flood-map scores and reliability."""

from collections.abc import Sequence

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from strandline.observations.arrays import Floats
from strandline.observations.region_file.prices.money import MoneyUnit
from strandline.planning.formatting import format_metres, format_metres_between
from strandline.report.alerts.forecast_trace import ForecastTrace
from strandline.report.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    RULE,
    VERMILION,
    WIDE,
    Picture,
    as_picture,
    new_axes,
    style_axes,
    style_rc,
)
from strandline.report.findings import LearningScores, Reliability

LABELS_APART = 0.06
"""Least distance of two named levels, as a share of the axis."""
HOUR, HISTORY = pd.Timedelta(hours=1), pd.Timedelta(hours=72)
"""Step of a forecast, and length of the history shown before it."""


@style_rc()
def draw_surge(
    trace: ForecastTrace,
    history: pd.Series,
    datum: str,
    width: float = WIDE,
    levels: Sequence[tuple[str, float]] = (),
    without_gauge: pd.DataFrame | None = None,
) -> Picture:
    """Draw forecast levels with their 10-90 % band, and observed levels; gaps are shaded and never bridged.

    Args:
        trace: the forecast to show; ``observed`` in it may be NaN, and is no gap where all of it is.
        history: observed levels [m] by UTC time before the issue; NaN = gap.
        levels: names and levels [m] that matter here, ascending; the lowest that the sea does not come near is the last
            one drawn.
        without_gauge: rows of a second forecast, where readings are in doubt.
    """
    rows = trace.rows
    start = (trace.issue_time if trace.issue_time is not None else rows["time"].iloc[0]) - HISTORY
    observed = _hourly(history, rows, start)
    if rows["observed"].iloc[1:].isna().all() and trace.issue_time is not None:
        observed = observed[observed.index <= trace.issue_time]
    figure, axes = new_axes(width, 3.9 if width >= WIDE else 3.8)
    axes.fill_between(rows["time"], rows["p10"], rows["p90"], color=BLUE, alpha=0.25, linewidth=0,
                      label="forecast, 8 in 10 chance")  # fmt: skip
    axes.plot(rows["time"], rows["p50"], color=BLUE, linewidth=2.0, label="forecast, median",
              gid="median")  # fmt: skip
    highest = [rows["p90"].max()]
    if without_gauge is not None:
        axes.fill_between(without_gauge["time"], without_gauge["p10"], without_gauge["p90"], color=GREEN, alpha=0.2,
                          linewidth=0)  # fmt: skip
        axes.plot(without_gauge["time"], without_gauge["p50"], color=GREEN, linewidth=2.0,
                  label="if the gauge is wrong", gid="without-gauge")  # fmt: skip
        highest.append(without_gauge["p90"].max())
    axes.plot(rows["time"], rows["tide"], color=VERMILION, linewidth=1.1, linestyle=(0, (4, 3)), label="tide alone",
              zorder=3, gid="tide")  # fmt: skip
    axes.plot(observed.index, observed.to_numpy(), color=INK, linewidth=1.3, marker=".", markersize=3.2,
              label="observed", gid="observed")  # fmt: skip
    for index, (first, last) in enumerate(gaps_of(observed)):
        axes.axvspan(first - HOUR / 2, last + HOUR / 2, facecolor=ORANGE, alpha=0.28, linewidth=0, zorder=0,  # type: ignore[arg-type]
                     label="no reading" if index == 0 else None, gid=f"gap-{index}")  # fmt: skip
    _draw_levels(axes, levels, float(np.nanmax([*highest, observed.max()])), start)
    if trace.issue_time is not None:
        axes.axvline(trace.issue_time, color=INK, linewidth=1.2)  # type: ignore[arg-type]
        axes.annotate("issued", (trace.issue_time, 1.0), xycoords=("data", "axes fraction"), xytext=(-4, -2),
                      textcoords="offset points", ha="right", va="top", color=INK, fontsize=9.5)  # fmt: skip
    locator = mdates.AutoDateLocator(minticks=3, maxticks=7 if width >= WIDE else 4)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_xlabel("time [UTC]")
    _title(axes, "Water level [m]", datum, width)
    axes.set_xlim(start, rows["time"].iloc[-1] + 2 * HOUR)  # type: ignore[arg-type]
    style_axes(axes, grid="y")
    figure.legend(
        loc="outside lower center",
        ncols=(5 if without_gauge is None else 3) if width >= WIDE else 2,
        columnspacing=1.2,
        handlelength=1.5,
    )
    peak = rows.iloc[int(rows["p50"].argmax())]
    alt = (
        f"Water level in metres above {datum}. The forecast peaks at {peak['p50']:.2f} m "
        f"({peak['p10']:.2f} to {peak['p90']:.2f} m) on {peak['time']:%d %B %Y, %H:%M} UTC. "
        f"{len(gaps_of(observed))} gaps of the gauge are shaded."
    )
    if without_gauge is not None:
        other = without_gauge.iloc[int(without_gauge["p50"].argmax())]
        alt += f" If the gauge is wrong, it peaks at {other['p50']:.2f} m ({other['p10']:.2f} to {other['p90']:.2f} m)."
    return as_picture(figure, alt, f"surge-{width}")


def _draw_levels(axes: Axes, levels: Sequence[tuple[str, float]], highest: float, left: pd.Timestamp) -> None:
    """Draw levels up to the first above the highest water; one too near to a lower one has no name."""
    beyond = next((number for number, (_, level) in enumerate(levels) if level > highest), len(levels))
    drawn = levels[: beyond + 1]
    if not drawn:
        return
    low, high = axes.get_ylim()
    apart = LABELS_APART * (max(high, drawn[-1][1]) - low)
    last = -np.inf
    for name, level in drawn:
        axes.axhline(level, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)))
        if level - last >= apart:
            axes.annotate(name, (left, level), xytext=(3, 2), textcoords="offset points", color=MUTED, fontsize=8.5)
            last = level
    axes.set_ylim(top=max(high, drawn[-1][1] + 2 * apart))


def gaps_of(observed: pd.Series) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Return the first and the last hour of each gap in the readings."""
    missing = observed.isna().to_numpy()
    if not missing.any():
        return []
    edges = np.diff(np.concatenate([[0], missing.astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    time = pd.DatetimeIndex(observed.index)
    return [(time[int(a)], time[int(b)]) for a, b in zip(starts, ends, strict=True)]


@style_rc()
def draw_return_levels(
    levels: pd.DataFrame, maxima: Floats, maxima_per_year: float, datum: str, width: float = WIDE
) -> Picture:
    """Draw sea level against return period on a log axis, with the 10-90 % band and the observed maxima.

    Observed maxima have the Weibull plotting position T = (n + 1) / (rank · maxima a year).

    Source: Makkonen (2006), Plotting positions in extreme value analysis, J. Appl. Meteorol. Climatol. 45.
    """
    figure, axes = new_axes(width, 3.6)
    period = levels["return_period"].to_numpy(dtype=float)
    axes.fill_between(period, levels["p10"], levels["p90"], color=BLUE, alpha=0.25, linewidth=0,
                      label="8 in 10 chance")  # fmt: skip
    axes.plot(period, levels["p50"], color=BLUE, linewidth=2.0, marker="o", markersize=4, label="median")
    if maxima.size:
        ordered = np.sort(maxima)[::-1]
        position = (ordered.size + 1) / (np.arange(1, ordered.size + 1) * maxima_per_year)
        axes.plot(position, ordered, linestyle="none", marker="o", markersize=4.5, markerfacecolor=PAPER,
                  markeredgecolor=INK, markeredgewidth=1.1, label="observed maxima")  # fmt: skip
        years = ordered.size / maxima_per_year
        if years < period[-1]:
            axes.axvspan(max(years, period[0]), period[-1], facecolor=RULE, alpha=0.45, linewidth=0, zorder=0)
            axes.annotate("longer than\nthe record" if width < WIDE else "longer than the record", (1.0, 0.02),
                          xycoords="axes fraction", xytext=(-4, 2), textcoords="offset points", ha="right",
                          va="bottom", color=MUTED, fontsize=9.5)  # fmt: skip
    axes.set_xscale("log")
    lowest = float(min(period[0], position.min())) if maxima.size else float(period[0])
    axes.set_xlim(max(lowest * 0.95, 0.2), period[-1] * 1.02)
    axes.set_xticks(period if width >= WIDE else period[:: 1 if len(period) <= 5 else 2])
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("return period [years]")
    _title(axes, "Sea level [m]", datum, width)
    style_axes(axes, grid="both")
    figure.legend(loc="outside lower center", ncols=3, columnspacing=1.2, handlelength=1.5)
    rarest = levels.iloc[-1]
    alt = (
        f"Sea level against return period. The {rarest['return_period']:g}-year level is "
        f"{format_metres(rarest['p50'], rarest['p90'] - rarest['p10'])} "
        f"({format_metres_between(rarest['p10'], rarest['p90'])}) above {datum}; "
        f"{maxima.size} observed maxima are shown."
    )
    return as_picture(figure, alt, f"levels-{width}")


@style_rc()
def draw_ranked_assets(assets: pd.DataFrame, names: Sequence[str], money: MoneyUnit, width: float = WIDE) -> Picture:
    """Draw the expected annual damage [money a-1] of the given assets with the 10-90 % range.

    Args:
        assets: rows with known ``expected_annual_damage_p10/mean/p90``, in the order of the bars.
    """
    low, mean, high = (
        assets[f"expected_annual_damage_{quantile}"].to_numpy(dtype=float) for quantile in ("p10", "mean", "p90")
    )
    greatest = float(np.maximum(high, mean).max(initial=0.0))
    scale, unit = _money_scale(greatest, money)
    figure, axes = new_axes(width, 0.9 + 0.32 * len(assets))
    position = np.arange(len(assets))
    axes.barh(position, mean / scale, height=0.62, color=BLUE, alpha=0.55)
    axes.hlines(position, low / scale, high / scale, color=INK, linewidth=1.4)
    axes.plot(mean / scale, position, linestyle="none", marker="o", color=INK, markersize=4)
    longest = 34 if width >= WIDE else 18
    labels = [name if len(name) <= longest else name[: longest - 1] + "…" for name in names]
    axes.set_yticks(position, [label.replace("$", r"\$") for label in labels])
    axes.invert_yaxis()
    axes.set_xlim(0, greatest / scale * 1.05 or 1.0)
    axes.set_xlabel(f"expected damage a year [{unit}]; dot = average, line = 8 in 10 chance" if width >= WIDE
                    else f"expected damage a year [{unit}]")  # fmt: skip
    style_axes(axes, grid="x")
    axes.spines["left"].set_visible(False)
    alt = f"Expected annual damage of the {len(assets)} assets with the greatest; the first is {names[0]}."
    return as_picture(figure, alt, f"assets-{width}")


@style_rc()
def draw_learning(scores: LearningScores, width: float = WIDE) -> Picture:
    """Draw the flood-map skill (intersection over union) of teacher, student and baselines on held-out storms."""
    bars = [
        ("teacher", scores.teacher_iou, GREY),
        ("student, distilled", scores.student_iou, BLUE),
    ]
    if scores.labels_only_iou is not None:
        bars.append(("labels only", scores.labels_only_iou, ORANGE))
    if scores.pretrained_iou is not None:
        bars.append(("pretrained student", scores.pretrained_iou, GREEN))
    if scores.finetuned_iou is not None:
        bars.append(("pretrained + labels", scores.finetuned_iou, GREEN))
    bars = [(name, value, colour) for name, value, colour in bars if not np.isnan(value)]
    figure, axes = new_axes(width, 0.8 + 0.4 * len(bars))
    position = np.arange(len(bars))
    axes.barh(position, [value for _, value, _ in bars], height=0.6, color=[colour for *_, colour in bars], alpha=0.8)
    for index, (_, value, _) in enumerate(bars):
        axes.annotate(f"{value:.2f}", (value, index), xytext=(5, 0), textcoords="offset points", va="center",
                      color=INK)  # fmt: skip
    axes.set_yticks(position, [name for name, *_ in bars])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("overlap of mapped and true flood (IoU) [-]; 1 = perfect" if width >= WIDE else "IoU [-]")
    style_axes(axes, grid="x")
    axes.spines["left"].set_visible(False)
    listed = ", ".join(f"{name} {value:.2f}" for name, value, _ in bars)
    return as_picture(figure, f"Flood-map skill as intersection over union: {listed}.", f"learning-{width}")


@style_rc()
def draw_reliability(reliability: Reliability, width: float = WIDE) -> Picture:
    """Draw predicted probability against observed frequency; a calibrated forecast lies on the diagonal."""
    figure, axes = new_axes(min(width, 4.3), 3.9)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
    cells = np.asarray(reliability.cells, dtype=float)
    axes.plot(reliability.predicted, reliability.observed, color=BLUE, linewidth=1.6, zorder=2)
    sizes = 18 + 110 * cells / cells.max()
    axes.scatter(reliability.predicted, reliability.observed, s=sizes, color=BLUE, zorder=3, edgecolor=PAPER)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", xlabel="predicted chance [-]",
             ylabel="share that flooded [-]")  # fmt: skip
    style_axes(axes, grid="both")
    worst = float(np.max(np.abs(np.subtract(reliability.predicted, reliability.observed))))
    alt = f"Predicted chance of flooding against the share of cells that flooded; the greatest gap is {worst:.2f}."
    return as_picture(figure, alt, f"reliability-{width}")


def _hourly(history: pd.Series, rows: pd.DataFrame, start: pd.Timestamp) -> pd.Series:
    """Return observed levels on every full hour from ``start`` to the end of the forecast; NaN = gap."""
    forecast_part = pd.Series(rows["observed"].to_numpy(dtype=float), index=pd.DatetimeIndex(rows["time"]))
    earlier = history[(history.index >= start) & (history.index < forecast_part.index[0])]
    joined = pd.concat([earlier, forecast_part])
    return pd.Series(joined.reindex(pd.date_range(start.ceil("h"), forecast_part.index[-1], freq="h")))


def _title(axes: Axes, what: str, datum: str, width: float) -> None:
    """Write name and datum horizontally above the axis."""
    between = " above " if width >= WIDE else " above\n"
    axes.set_title(f"{what}{between}{datum}".replace("$", r"\$"), loc="left", pad=8)


def _money_scale(greatest: float, money: MoneyUnit) -> tuple[float, str]:
    for scale, size in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
        if greatest >= scale:
            return scale, f"{size} {money.currency}"
    return 1.0, money.currency
