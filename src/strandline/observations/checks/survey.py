"""Surveys of assets and floods: values that none has, rows outside the region, places that are not well known."""

from collections.abc import Iterator

from strandline.observations.arrays import Floats, Mask
from strandline.observations.checks.findings import Finding
from strandline.observations.region_file.prices.money import EUR_2010, MoneyUnit

HIGHEST = {"value": 1e11, "floor_area": 1e7, "people": 1e6, "places": 1e6, "operation_threshold": 10.0}
"""Largest entry of one asset: value [EUR 2010], floor area [m2], people and places [-], water depth [m]. Assumptions
beyond every building: the costliest are put at some 10 to 100 billion euros, the largest have 2 million m2."""
_DOMINANT = 0.5
"""Share of the whole value in one of many assets."""
_MANY = 10


def doubts_about_rows(kept: int, rows: int, where: str, of: str = "assets") -> Iterator[Finding]:
    """Rows of a survey ``of`` something that lie outside the region and are left out."""
    if kept < rows:
        what = f"{kept} of {rows} {of} lie in the region and are kept; {rows - kept} are left out"
        yield Finding(where, what, "if all should lie in it, check CRS, coordinates and the region's bounds")


def doubts_about_marks(accuracy: Floats, empty: int, cell_size: float, where: str) -> Iterator[Finding]:
    """Marks of a flood whose place may lie in another cell, and rows that hold none.

    Args:
        accuracy: of the positions [m]; NaN = not stated.
        empty: rows without a place or a height.
    """
    if empty:
        what = f"{empty} rows have no place or no height and are left out"
        yield Finding(where, what, "fill them in, if they are known")
    poor = int((accuracy > cell_size).sum())
    if poor:
        what = f"{poor} of {accuracy.size} marks are placed no better than a cell of {cell_size:g} m"
        yield Finding(where, what, "place them on an image, or leave them out")


def doubts_about_values(value: Floats, names: list[str], where: str, money: MoneyUnit = EUR_2010) -> Iterator[Finding]:
    """One of many assets that holds most of the value."""
    total = float(value.sum())
    if total <= 0:
        yield Finding(where, "all assets are worth nothing", f"give their values in {money.in_words}")
    elif len(value) >= _MANY and float(value.max()) > _DOMINANT * total:
        largest = int(value.argmax())
        what = f"'{names[largest]}' holds {value[largest] / total:.0%} of the value of all {len(value)} assets"
        yield Finding(where, what, "check its value: the plan follows it")


def doubts_about_a_map(class_is_stated: Mask, where: str) -> Iterator[Finding]:
    """Buildings of a map whose use nobody stated."""
    if not class_is_stated.all():
        open_uses = int((~class_is_stated).sum())
        what = f"of {class_is_stated.size:,} buildings {open_uses:,} have no stated use, and are taken for homes"
        yield Finding(where, what, "their value holds every use; a survey of uses would narrow it")


def doubts_about_joining(merged: int, where: str) -> Iterator[Finding]:
    """Things that several rows show."""
    if merged:
        shows = "1 row shows" if merged == 1 else f"{merged:,} rows show"
        what = f"{shows} what another row shows too (a hospital and its building): both are counted once"
        yield Finding(where, what, "look at the assets if this is many")
