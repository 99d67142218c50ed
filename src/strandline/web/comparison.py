"""Comparison of two runs of one site: flood probability, damage and actions."""

import numpy as np
import rasterio

from strandline.errors import InputError
from strandline.pipeline.run_folder.bands import Band
from strandline.web.raster_tiles import CHANGE
from strandline.web.run_folder import RunFolder
from strandline.web.schemas import ActionChange, ActionRecord, Comparison, FloodChange

PROBABILITY = "flood_probability.tif"
NOTICEABLE = 0.05
"""Least change of probability [-] that is counted."""


def compare(first: RunFolder, second: RunFolder) -> Comparison:
    """Return how the second run differs from the first.

    Raises:
        InputError: the runs have different sites or grids.
    """
    one, other = first.record(), second.record()
    if (one.region, one.crs) != (other.region, other.crs):
        what = f"{first.id} is of '{one.region}' and {second.id} of '{other.region}'"
        raise InputError("comparison", what, "choose two runs of the same site")
    return Comparison(
        first=one,
        second=other,
        flood=_floods(first, second),
        damage_overlaps=None
        if one.damage_per_year is None or other.damage_per_year is None or one.money != other.money
        else one.damage_per_year.p10 <= other.damage_per_year.p90
        and other.damage_per_year.p10 <= one.damage_per_year.p90,
        actions=_actions(first.actions(), second.actions()),
        legend=CHANGE.legend(),
    )


def paired_bands(first: RunFolder, second: RunFolder) -> list[tuple[Band, Band]]:
    """Return the pairs of flood-probability bands with the same scenario and return period."""
    others = {(band.scenario, band.return_period): band for band in second.bands(PROBABILITY)}
    given = [band for band in first.bands(PROBABILITY) if band.return_period is not None]
    pairs = ((band, others.get((band.scenario, band.return_period))) for band in given)
    return [(band, other) for band, other in pairs if other is not None]


def _floods(first: RunFolder, second: RunFolder) -> list[FloodChange]:
    with rasterio.open(first.file(PROBABILITY)) as before, rasterio.open(second.file(PROBABILITY)) as after:
        if (before.shape, before.transform, before.crs) != (after.shape, after.transform, after.crs):
            what = f"the maps of {first.id} and {second.id} have different grids"
            raise InputError("comparison", what, "run both with the same region file")
        return [_flood(first, second, before, after, *pair) for pair in paired_bands(first, second)]


def _flood(
    first: RunFolder, second: RunFolder, before: rasterio.DatasetReader, after: rasterio.DatasetReader,
    band: Band, other: Band,
) -> FloodChange:  # fmt: skip
    in_both = in_one = likelier = less_likely = 0
    total = 0.0
    for _, window in before.block_windows(band.number):
        change = after.read(other.number, window=window) - before.read(band.number, window=window)
        known = [np.isfinite(each.read(number, window=window))
                 for each, number in ((before, band.number), (after, other.number))]  # fmt: skip
        in_both += int((known[0] & known[1]).sum())
        in_one += int((known[0] ^ known[1]).sum())
        change = change[known[0] & known[1]]
        total += float(change.sum(dtype=np.float64))
        likelier += int((change >= NOTICEABLE).sum())
        less_likely += int((change <= -NOTICEABLE).sum())
    cells = before.height * before.width
    assert band.return_period is not None
    return FloodChange(
        scenario=band.scenario,
        return_period=band.return_period,
        band=(band.number, other.number),
        known_in_both=in_both / cells,
        known_in_one=in_one / cells,
        mean=total / in_both if in_both else None,
        likelier=likelier / in_both if in_both else None,
        less_likely=less_likely / in_both if in_both else None,
        image=f"/api/v1/runs/{first.id}/compared/{second.id}/{band.number}.png",
    )


def _actions(before: list[ActionRecord], after: list[ActionRecord]) -> list[ActionChange]:
    one, other = ({action.kind: action for action in actions} for actions in (before, after))
    kinds = dict.fromkeys([*one, *other])
    return [
        ActionChange(
            kind=kind,
            title=(one.get(kind) or other[kind]).title,
            priority=tuple(each[kind].priority if kind in each else None for each in (one, other)),  # type: ignore[arg-type]
            cost=tuple(each[kind].cost if kind in each else None for each in (one, other)),  # type: ignore[arg-type]
        )
        for kind in kinds
    ]
