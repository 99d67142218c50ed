"""Waterways of a delta: meandering, bifurcating distributaries and tidal creeks.

The grid is canonical: row 0 is inland, the last row in the open sea.
"""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Mask


@dataclass(frozen=True)
class Waterways:
    """Channels on the grid.

    Attributes:
        bed: (H, W) bed elevation [m above mean sea level], +inf outside the channels.
        channel: (H, W) cells of the river and its distributaries.
        creek: (H, W) cells of tidal creeks.
        source: row and column at which the river enters.
    """

    bed: Floats
    channel: Mask
    creek: Mask
    source: tuple[int, int]


def draw_waterways(shape: tuple[int, int], shoreline: Floats, rng: np.random.Generator) -> Waterways:
    """One river that enters at row 0 and bifurcates once to three times, and tidal creeks.

    Args:
        shape: rows and columns.
        shoreline: (W,) row of the shore at each column.

    Widths are one to two cells and beds 2.5–6 m below mean sea level, the order of the smaller distributaries of the
    Mekong and the Ganges–Brahmaputra (Syvitski and Saito 2007, Global and Planetary Change 57, 261–282, table 1).
    """
    rows, columns = shape
    bed = np.full(shape, np.inf)
    channel, creek = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    start = (0.0, columns * rng.uniform(0.35, 0.65))
    depth = rng.uniform(4.5, 6.0)
    bifurcations = 1 + int(rng.random() < 0.7) + int(rows >= 48 and rng.random() < 0.5)
    arms = [(start, rng.normal(0.0, 0.15), depth, 2)]
    first = True
    while arms:
        (row, column), heading, arm_depth, width = arms.pop(0)
        length = rows * rng.uniform(0.18, 0.32) if bifurcations > 0 else 2.0 * rows
        path = _meander((row, column), heading, length, shape, shoreline, rng)
        for r, c in path:
            for offset in range(width):
                cell = (r, min(c + offset, columns - 1))
                channel[cell] = True
                bed[cell] = min(bed[cell], -arm_depth)
        end = path[-1]
        if bifurcations > 0 and end[0] < shoreline[end[1]] - 4:
            bifurcations -= 1
            angle = rng.uniform(0.5, 0.9)
            for side, share in ((-1.0, rng.uniform(0.75, 0.9)), (1.0, rng.uniform(0.6, 0.8))):
                arm_width = 2 if first and side < 0 else 1
                arms.append(((float(end[0]), float(end[1])), side * angle, arm_depth * share, arm_width))
            first = False
    _cut_creeks(bed, channel, creek, shoreline, rng)
    return Waterways(bed, channel, creek, (0, int(start[1])))


def _meander(
    start: tuple[float, float],
    heading: float,
    length: float,
    shape: tuple[int, int],
    shoreline: Floats,
    rng: np.random.Generator,
) -> list[tuple[int, int]]:
    """A four-connected path to the sea; the heading [rad] from straight down is an AR(1) process."""
    rows, columns = shape
    row, column = start
    turn = heading
    path = [(int(row), int(column))]
    travelled = 0.0
    while travelled < length:
        turn = 0.93 * turn + rng.normal(0.0, 0.16)
        row += 0.5 * np.cos(np.clip(turn, -1.2, 1.2))
        column += 0.5 * np.sin(np.clip(turn, -1.2, 1.2))
        if not 2.0 <= column <= columns - 4.0:
            turn = -0.5 * turn
            column = float(np.clip(column, 2.0, columns - 4.0))
        travelled += 0.5
        cell = (int(row), int(column))
        if cell[0] >= rows or cell[0] > shoreline[cell[1]] + 3:
            break
        last = path[-1]
        if cell[0] != last[0] and cell[1] != last[1]:
            path.append((last[0], cell[1]))  # consecutive cells must share a face
        if cell != last:
            path.append(cell)
    return path


def _cut_creeks(bed: Floats, channel: Mask, creek: Mask, shoreline: Floats, rng: np.random.Generator) -> None:
    """Add creeks that start at the shore or at a channel bank, meander inland and get shallower."""
    rows, columns = bed.shape
    for _ in range(max(2, columns // 10)):
        if rng.random() < 0.6:
            column = int(rng.integers(3, columns - 3))
            row = int(shoreline[column])
            heading = rng.normal(0.0, 0.4)
        else:
            banks = np.argwhere(channel & (np.arange(rows)[:, None] < shoreline[None, :] - 5))
            if not len(banks):
                continue
            row, column = (int(v) for v in banks[rng.integers(len(banks))])
            heading = rng.choice([-1.0, 1.0]) * rng.uniform(0.9, 1.4)
        length = rng.uniform(0.1, 0.25) * rows
        depth = rng.uniform(1.2, 2.0)
        r, c, turn, travelled = float(row), float(column), float(heading), 0.0
        last = (row, column)
        while travelled < length:
            turn += rng.normal(0.0, 0.2)
            r, c = r - 0.5 * np.cos(turn), c + 0.5 * np.sin(turn)
            travelled += 0.5
            cell = (int(r), int(c))
            if not (1 <= cell[0] < rows and 1 <= cell[1] < columns - 1):
                break
            corner = [(last[0], cell[1])] if cell[0] != last[0] and cell[1] != last[1] else []
            for here in [*corner, cell]:
                creek[here] |= not channel[here]
                bed[here] = min(bed[here], -depth * (1.0 - 0.6 * travelled / length))
            last = cell
