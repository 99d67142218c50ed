"""Map a moment: tiles that overlap, with the statistics of the whole region, and what the sea would make of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from strandline.distillation.adaptation.scenes import SceneAdaptation, adapt_scene_mapper
from strandline.distillation.training.loop import Announce, Progress
from strandline.errors import InputError
from strandline.models.flood.scenes.scene_map import SceneMapper
from strandline.observations.arrays import Mask
from strandline.observations.flood_scenes.scene import DRY as LABELLED_DRY
from strandline.observations.flood_scenes.scene import UNKNOWN
from strandline.pipeline.maps.moment.combine import Agreement, AgreementCount, SeaFlood, combine
from strandline.pipeline.maps.moment.depth_from_extent import depth_from_extent
from strandline.pipeline.maps.moment.inputs import MomentInputs
from strandline.pipeline.maps.moment.layers import DRY, FLOODED, PERMANENT, Layers
from strandline.pipeline.maps.moment.one_scene import fit_to_region, map_with_before, parts_along_cells, wet_of
from strandline.pipeline.maps.moment.scene_reader import SceneReader, as_states
from strandline.pipeline.maps.moment.sea import SeaAtMoment
from strandline.pipeline.maps.moment.sea_flood import (
    MOST_CELLS,
    STILL_WATER,
    SeaFloodRun,
    check_size,
    flood_by_sills,
    flood_by_students,
)
from strandline.pipeline.maps.tiles import Window

STRIP = 1024
"""[rows] Of the ground that are read at once."""
HALO = 256
"""[cells] Around a block, in which the shore of its water is looked for."""
ASSUMED_ERROR = 1.0
"""[m] Standard deviation of the ground where nobody stated it, for the sea's flood alone."""
ZERO_SHOT = "zero-shot: nothing was adapted to this place, since no labels of this flood were given"


@dataclass(frozen=True)
class Estimate:
    """What a map rests on, beside its layers.

    Attributes:
        members: names of those that answered, of images; ``streams``: layers of scenes that they used.
        sea_by: who mapped the sea's flood; empty = nobody.
        adaptation: ``None`` = there were no labels.
        agreement: of images and the sea's flood; ``None`` = one of them is missing.
        knows_before: whether the permanent water is known.
        shore_cells: places that gave the depth; ``None`` = no ground.
    """

    members: tuple[str, ...]
    streams: tuple[str, ...]
    sea_by: str
    adaptation: SceneAdaptation | None
    agreement: Agreement | None
    knows_before: bool
    shore_cells: int | None


def estimate(
    inputs: MomentInputs,
    mapper: SceneMapper,
    sea: SeaAtMoment | None,
    run: SeaFloodRun | None,
    layers: Layers,
    announce: Announce,
    *,
    seed: int = 1,
) -> Estimate:
    """Fill the layers of a map of one moment.

    Raises:
        InputError: nothing shows any cell of the region, or a file cannot be read.
    """
    water = _read_ground(inputs, layers)
    sea_by = _map_sea(inputs, sea, run, water, layers, announce)
    parts = parts_along_cells(inputs.region, inputs.images)
    reader = SceneReader(inputs, layers, water, sea, parts)
    fitted, adaptation = _fit(reader, mapper, seed)
    tiles, progress = reader.tiling.tiles(), _report(announce("map the images"))
    count, members, streams = AgreementCount(), dict[str, None](), dict[str, None]()
    for done, tile in enumerate(tiles, start=1):
        scene = reader.read(tile.window)
        found, before = (None, None) if scene is None else map_with_before(fitted, scene, parts)
        flood = _sea_in(layers, tile.window) if sea_by else None
        if found is not None:
            members |= dict.fromkeys(found.members)
            streams |= dict.fromkeys(found.streams)
        if found is None and flood is None:
            progress(done / len(tiles))
            continue
        seen = None if inputs.points is None else as_states(inputs.points[tile.window])
        both = combine(found, flood, seen)
        mapped = {"probability": both.probability, "spread": both.spread, "wet": both.wet}
        if before is not None:
            mapped["before"] = before
        layers.add(tile, mapped)
        layers.array("source")[tile.window] = both.source
        if found is not None and flood is not None:
            count.add(wet_of(found), flood.wet)
        progress(done / len(tiles))
    layers.blend()
    _refuse_nothing(inputs, layers)
    _classify(layers, water)
    shore = _map_depth(inputs, layers, announce) if inputs.ground is not None else None
    return Estimate(
        tuple(members), tuple(streams), sea_by, adaptation, count.result(),
        water is not None or layers.has("before"), shore,
    )  # fmt: skip


def _fit(reader: SceneReader, mapper: SceneMapper, seed: int) -> tuple[SceneMapper, SceneAdaptation | None]:
    """The mapper with the statistics of the region, adapted to labels where there are any."""
    mapper = fit_to_region(mapper, reader.sample())
    labels = reader.inputs.labels
    if labels is None:
        return mapper, None
    if reader.water is not None:  # a survey's "dry" speaks of land alone
        labels = np.where(reader.water & (labels == LABELLED_DRY), UNKNOWN, labels)
    labelled = reader.labelled(labels)
    if labelled is None:
        return mapper, SceneAdaptation(0, None, None, 0.0, "not adapted: no image shows a cell with a label")
    fitted, adaptation = adapt_scene_mapper(mapper, *labelled, seed)
    return fitted, replace(adaptation, labelled_cells=round(adaptation.labelled_cells / reader.parts**2))


def _read_ground(inputs: MomentInputs, layers: Layers) -> Mask | None:
    """Store the elevation; returns permanent water (H, W), ``None`` = not stated.

    Raises:
        InputError: the ground covers no cell.
    """
    if inputs.ground is None:
        return None
    known = False
    for rows in _strips(layers.shape[0]):
        part = inputs.ground.elevation(inputs.region.window(rows, slice(None)))
        layers.array("elevation")[rows] = part
        known |= bool(np.isfinite(part).any())
    if not known:
        what = f"covers no cell of '{inputs.region.name}'"
        raise InputError(inputs.ground.source, what, "check its CRS and bounds, or leave it out")
    return inputs.ground.water(inputs.region, np.asarray(layers.array("elevation"), dtype=np.float32))


def _map_sea(
    inputs: MomentInputs,
    sea: SeaAtMoment | None,
    run: SeaFloodRun | None,
    water: Mask | None,
    layers: Layers,
    announce: Announce,
) -> str:
    """Store the sea's flood; returns who mapped it, empty = nobody."""
    if sea is None or inputs.ground is None or water is None:
        return ""
    if run is None and layers.shape[0] * layers.shape[1] > MOST_CELLS:
        return ""
    check_size(inputs.region)
    elevation = np.asarray(layers.array("elevation"), dtype=np.float32)
    progress = _report(announce("map the sea's flood"))
    if run is not None:
        flood = flood_by_students(run, inputs.region, elevation, water, sea, progress)
        by = f"students of the run {run.folder} at '{run.deployment.region.name}'"
    else:
        flood = flood_by_sills(inputs.region, elevation, water, sea, inputs.ground.error or ASSUMED_ERROR)
        by = STILL_WATER
    for name, values in (("sea_probability", flood.probability), ("sea_spread", flood.spread), ("sea_wet", flood.wet)):
        layers.array(name)[:] = values
    return by


def _sea_in(layers: Layers, window: Window) -> SeaFlood:
    return SeaFlood(*(layers.floats(name, window) for name in ("sea_probability", "sea_spread", "sea_wet")))


def _refuse_nothing(inputs: MomentInputs, layers: Layers) -> None:
    """Refuse a map without a known cell: what is all cloud or nodata is no map of dry land."""
    if layers.has("probability") and any(
        np.isfinite(layers.floats("probability", block)).any() for block in layers.blocks()
    ):
        return
    after = [image.path.name for image in inputs.images if image.layer.endswith("after")]
    where = ", ".join(after) or f"region '{inputs.region.name}'"
    if not after:
        remedy = "give an image (--radar-after, --optical-after), --points, or the sea (--sea-level, a gauge, --run)"
        raise InputError(where, "has no image within 12 days before the moment, and no sea is known", remedy)
    what = "shows no cell of the region: all of it is cloud, nodata or outside"
    raise InputError(where, what, "give another image: radar sees through cloud; check CRS and bounds")


def _classify(layers: Layers, water: Mask | None) -> None:
    """Store the extent: dry, flooded, permanent water or unknown."""
    for block in layers.blocks():
        wet = layers.floats("wet", block)
        known = np.isfinite(wet)
        permanent = np.zeros(wet.shape, bool) if water is None else water[block].copy()
        if layers.has("before"):
            permanent |= layers.floats("before", block) >= 0.5
        extent = np.asarray(layers.array("extent")[block])
        extent[known] = np.where(wet[known] < 0.5, DRY, np.where(permanent[known], PERMANENT, FLOODED))
        if water is not None:
            extent[water[block]] = PERMANENT
        layers.array("extent")[block] = extent


def _map_depth(inputs: MomentInputs, layers: Layers, announce: Announce) -> int:
    """Store the depth, block by block, each with what lies around it; returns the places on the shore."""
    assert inputs.ground is not None
    progress, shore = _report(announce("find the depth")), 0
    blocks = list(layers.blocks())
    for done, block in enumerate(blocks, start=1):
        around = _grown(block, layers.shape)
        inner = _inner(block, around)
        extent = np.asarray(layers.array("extent")[around])
        depth = depth_from_extent(
            extent == FLOODED, extent <= PERMANENT, extent == PERMANENT, layers.floats("elevation", around),
            inputs.ground.error,
        )  # fmt: skip
        for name in ("low", "middle", "high"):
            layers.array(f"depth_{name}")[block] = getattr(depth, name)[inner]
        shore += depth.shore_cells
        progress(done / len(blocks))
    return shore


def _grown(block: Window, shape: tuple[int, int]) -> Window:
    rows, columns = (
        slice(max(part.start - HALO, 0), min(part.stop + HALO, size)) for part, size in zip(block, shape, strict=True)
    )
    return rows, columns


def _inner(block: Window, around: Window) -> Window:
    rows, columns = (
        slice(own.start - wide.start, own.stop - wide.start) for own, wide in zip(block, around, strict=True)
    )
    return rows, columns


def _strips(rows: int) -> Sequence[slice]:
    return [slice(start, min(start + STRIP, rows)) for start in range(0, rows, STRIP)]


def _report(progress: Progress | None) -> Progress:
    return (lambda _: None) if progress is None else progress
