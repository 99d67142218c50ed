"""What each driver brings to the expected water level, hour by hour."""

import matplotlib.dates as mdates
import pandas as pd

from strandline.report.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MUTED,
    ORANGE,
    VERMILION,
    WIDE,
    Picture,
    as_picture,
    new_axes,
    style_axes,
    style_rc,
)

DRAWN = {
    "tide": ("tide and mean sea level", VERMILION, (0, (4, 3))),
    "weather": ("weather over the sea", ORANGE, "-"),
    "river": ("river", GREEN, "-"),
    "rain": ("rain", BLUE, (0, (5, 1, 1, 1))),
    "readings": ("what the gauge shows beyond", GREY, (0, (1, 1))),
}
"""Part of the level → its words, colour and dashes."""


@style_rc()
def draw_shares(time: pd.Series, shares: pd.DataFrame, datum: str) -> Picture:
    """Draw the parts of the expected level and their sum.

    Args:
        time: (T,) UTC; ``shares``: (T, …) columns of `DRAWN` [m].
    """
    figure, axes = new_axes(WIDE, 3.2)
    total = shares.sum(axis=1)
    axes.axhline(0.0, color=MUTED, linewidth=0.8)
    for name in shares:
        words, colour, dashes = DRAWN[str(name)]
        axes.plot(time, shares[name], color=colour, linewidth=1.6, linestyle=dashes, label=words, gid=f"share-{name}")
    axes.plot(time, total, color=INK, linewidth=2.0, label="expected level, their sum", gid="sum")
    locator = mdates.AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_xlabel("time [UTC]")
    axes.set_title(f"What makes the expected level [m above {datum}]; drivers count from what is usual", loc="left")
    axes.set_xlim(time.iloc[0], time.iloc[-1])
    style_axes(axes, grid="y")
    figure.legend(loc="outside lower center", ncols=3, columnspacing=1.2, handlelength=2.2)
    top = int(total.argmax())
    parts = ", ".join(f"{DRAWN[str(name)][0]} {shares[name].iloc[top]:.2f} m" for name in shares)
    when = f"{time.iloc[top]:%d %B %Y, %H:%M} UTC"
    alt = f"Parts of the expected level. At its highest, {total.iloc[top]:.2f} m on {when}: {parts}."
    return as_picture(figure, alt, "shares")
