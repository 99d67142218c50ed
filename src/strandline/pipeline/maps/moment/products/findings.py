"""The numbers of a map of one moment, and what it was made of: ``flood.json``."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats
from strandline.observations.flood_scenes.images.image import Image
from strandline.observations.region import Region
from strandline.pipeline.maps.moment.combine import Agreement
from strandline.pipeline.maps.moment.estimate import ZERO_SHOT, Estimate
from strandline.pipeline.maps.moment.inputs import MomentInputs
from strandline.pipeline.maps.moment.layers import (
    EXTENTS,
    FLOODED,
    INFERRED,
    PERMANENT,
    SOURCES,
    UNKNOWN_EXTENT,
    Layers,
)
from strandline.pipeline.maps.moment.products.mapped_by import has_stated_threshold, in_words
from strandline.pipeline.maps.moment.sea import SeaAtMoment
from strandline.pipeline.maps.moment.sea_flood import embankments_in
from strandline.pipeline.settings import commit

SURELY, POSSIBLY = 0.9, 0.1
"""Probability from which a cell counts into the least and the greatest flooded area."""
OLD_HOURS = 24.0
"""Age of an image at which water may have moved on; an assumption."""
LEAST_OVERLAP = 0.3
"""Of images and the sea's flood, below which they are called contradictory; an assumption."""


@dataclass(frozen=True)
class FloodedArea:
    """Land under water.

    Attributes:
        km2: of cells in the extent; ``at_least``: of cells with 90 % or more; ``at_most``: with 10 % or more, in
            what is known; all without permanent water where that is known.
        unknown_km2: of which nothing is known. ``seen_share``: of the region that is known [-].
    """

    km2: float
    at_least: float
    at_most: float
    unknown_km2: float
    seen_share: float


@dataclass(frozen=True)
class UsedImage:
    """An image, as the map states it; the age is that at the moment."""

    layer: str
    file: str
    time: str | None
    age_hours: float | None
    used: bool
    source: str
    licence: str


@dataclass(frozen=True)
class MomentFindings:
    """Content of ``flood.json``.

    Attributes:
        time: of the moment, UTC; ``None`` = not stated.
        adapted: one sentence: zero-shot, or what labels changed. ``labelled_cells``, ``iou_before`` and ``iou_after``
            on those held out; ``None`` where there are none, or too few.
        area: flooded land; ``means``: what the extent holds.
        deepest_p50, median_depth: of flooded cells of known depth [m]; ``None`` = no ground.
        members: names of those that mapped images; ``mapped_by``: the same in words.
        sea_by: who mapped the sea's flood; ``None`` = nobody.
        cells_by_source: share of the region that each answers [-].
        credits: attributions that must stand beside the map.
        warnings: what a reader must know.
    """

    name: str
    time: str | None
    crs: str
    cell_size: float
    bounds: tuple[float, float, float, float]
    adapted: str
    labelled_cells: int
    labels_from: str | None
    iou_before: float | None
    iou_after: float | None
    area: FloodedArea
    means: str
    median_depth: float | None
    deepest_p50: float | None
    depth_method: str | None
    images: tuple[UsedImage, ...]
    ground: str | None
    ground_error: float | None
    sea: SeaAtMoment | None
    members: tuple[str, ...]
    mapped_by: tuple[str, ...]
    streams: tuple[str, ...]
    sea_by: str | None
    agreement: Agreement | None
    cells_by_source: Mapping[str, float]
    extent_codes: Mapping[str, str]
    credits: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    version: str
    commit: str


DEPTH_METHOD = (
    "water surface from the ground at the nearest shore of the same water (after FwDET, Cohen et al. 2018, 2019);"
    " 8 in 10 depths lie between the bounds, from the scatter of the shore and the ground's error"
)


def findings_of(inputs: MomentInputs, made: Estimate, sea: SeaAtMoment | None, layers: Layers) -> MomentFindings:
    """Sum up the layers of a finished map."""
    area, by_source = _areas(layers, inputs.region)
    median, deepest = _depths(layers) if inputs.ground is not None else (None, None)
    adaptation = made.adaptation
    return MomentFindings(
        name=inputs.region.name,
        time=_iso(inputs.time),
        crs=inputs.region.crs,
        cell_size=inputs.region.cell_size,
        bounds=inputs.region.bounds,
        adapted=ZERO_SHOT if adaptation is None else adaptation.advice,
        labelled_cells=0 if adaptation is None else adaptation.labelled_cells,
        labels_from=inputs.labels_from or None,
        iou_before=None if adaptation is None else adaptation.iou_before,
        iou_after=None if adaptation is None else adaptation.iou_after,
        area=area,
        means=_meaning(made),
        median_depth=median,
        deepest_p50=deepest,
        depth_method=None if inputs.ground is None else DEPTH_METHOD,
        images=tuple(_used(image, inputs.time, made) for image in inputs.images),
        ground=None if inputs.ground is None else inputs.ground.source,
        ground_error=None if inputs.ground is None else inputs.ground.error,
        sea=sea,
        members=made.members,
        mapped_by=in_words(made.members),
        streams=made.streams,
        sea_by=made.sea_by or None,
        agreement=made.agreement,
        cells_by_source=by_source,
        extent_codes={str(code): name for code, name in EXTENTS.items()},
        credits=credits_of(inputs),
        warnings=tuple(_warnings(inputs, made, sea, area, by_source)),
        notes=inputs.notes,
        version=version("strandline"),
        commit=commit(),
    )


def as_plain(findings: MomentFindings) -> dict[str, object]:
    """For JSON."""
    return asdict(findings)


def credits_of(inputs: MomentInputs) -> tuple[str, ...]:
    """Attributions of what the map is made from."""
    years = sorted({str(image.time)[:4] for image in inputs.images if image.time is not None})
    lines = []
    if inputs.images:
        lines.append(f"contains modified Copernicus Sentinel data {', '.join(years) or '(year not stated)'}")
    stated = {f"{image.source} ({image.licence})" for image in inputs.images if image.licence != "not stated"}
    return (*lines, *sorted(stated))


def _areas(layers: Layers, region: Region) -> tuple[FloodedArea, dict[str, float]]:
    flooded = surely = possibly = unknown = 0
    by_source = dict.fromkeys(SOURCES, 0)
    for block in layers.blocks():
        extent, chance = np.asarray(layers.array("extent")[block]), layers.floats("probability", block)
        land = extent != PERMANENT
        flooded += int((extent == FLOODED).sum())
        surely += int((land & (chance >= SURELY)).sum())
        possibly += int((land & (chance >= POSSIBLY)).sum())
        unknown += int((extent == UNKNOWN_EXTENT).sum())
        for code, count in zip(*np.unique(layers.array("source")[block], return_counts=True), strict=True):
            by_source[int(code)] += int(count)
    cells, one = layers.shape[0] * layers.shape[1], region.cell_size**2 / 1e6
    area = FloodedArea(
        flooded * one, min(surely, flooded) * one, max(possibly, flooded) * one, unknown * one, 1 - unknown / cells
    )
    return area, {SOURCES[code]: count / cells for code, count in by_source.items() if count}


def _depths(layers: Layers) -> tuple[float | None, float | None]:
    """Median and greatest of the middle depths of flooded cells [m]; ``None`` = none is known."""
    found: list[Floats] = []
    for block in layers.blocks():
        depth = layers.floats("depth_middle", block)[np.asarray(layers.array("extent")[block]) == FLOODED]
        found.append(depth[np.isfinite(depth)].astype(float))
    known = np.concatenate(found)
    return (float(np.median(known)), float(known.max())) if known.size else (None, None)


def _used(image: Image, time: np.datetime64 | None, made: Estimate) -> UsedImage:
    age = None if time is None or image.time is None else float((time - image.time) / np.timedelta64(1, "h"))
    used = image.layer in made.streams or (image.layer.endswith("before") and made.knows_before)
    return UsedImage(image.layer, image.path.name, _iso(image.time), age, used, image.source, image.licence)


def _meaning(made: Estimate) -> str:
    if made.knows_before:
        return "land under water; permanent water is a class of its own"
    return "all water, permanent water too: no image of before and no ground says which water is always there"


def _warnings(
    inputs: MomentInputs, made: Estimate, sea: SeaAtMoment | None, area: FloodedArea, by_source: Mapping[str, float]
) -> list[str]:
    found = []
    if inputs.time is None:
        found.append("When the image was taken is not stated: the age of this map is unknown.")
    for image in inputs.images:
        if image.layer.endswith("after") and inputs.time is not None and image.time is not None:
            age = float((inputs.time - image.time) / np.timedelta64(1, "h"))
            if age > OLD_HOURS:
                found.append(f"{image.path.name} is {age:.0f} h older than the moment: the water may have moved.")
    if not made.knows_before:
        found.append("Permanent water counts as flood: give an image of before, or a region file.")
    if has_stated_threshold(made.members):
        found.append("No part of the radar image shows both water and land: a fixed threshold was used for a band.")
    if made.agreement is not None and made.agreement.overlap is not None and made.agreement.overlap < LEAST_OVERLAP:
        share = made.agreement.overlap
        found.append(
            f"Images and the sea's flood agree poorly (overlap {share:.2f}): rain or a river, a wrong sea level, or a"
            " run that fails here."
        )
    if sea is not None and not made.sea_by:
        found.append(
            f"The sea stood at {sea.level:.2f} m; its flood is not mapped: the region has too many cells, or nobody"
            " states its permanent water."
        )
    if made.sea_by:
        found.append(embankments_in(made.sea_by))
    if sea is not None and sea.age_hours is None:
        found.append(f"The sea at {sea.level:.2f} m is {sea.source}.")
    if inputs.ground is not None and inputs.ground.error is None:
        found.append("The error of the ground is not stated: the depth's bounds hold the shore's scatter alone.")
    if by_source.get(SOURCES[INFERRED], 0.0) > 0:
        found.append(
            f"{by_source[SOURCES[INFERRED]]:.0%} of the region was hidden from every image and is inferred from around:"
            " nobody saw it. Where water is likely there it counts as flooded, elsewhere it stays unknown."
        )
    if area.unknown_km2 > 0:
        found.append(f"{area.unknown_km2:.2f} km² are unknown (cloud, nodata or outside): hatched, never dry.")
    found.append("Water under trees, among houses and in wind is often missed, and smooth dry ground taken for water.")
    return found


def _iso(time: np.datetime64 | None) -> str | None:
    return None if time is None else f"{pd.Timestamp(time):%Y-%m-%dT%H:%M:%SZ}"


def headline(findings: MomentFindings) -> str:
    """One line for the terminal and the picture."""
    area = findings.area
    known = math.floor(100 * area.seen_share)  # never the whole of it where some is unknown
    return (
        f"{area.km2:.2f} km² under water (between {area.at_least:.2f} and {area.at_most:.2f}),"
        f" {known} % of the region known"
    )
