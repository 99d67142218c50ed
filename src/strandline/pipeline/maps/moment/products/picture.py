"""The picture of a map of one moment, and the words beside it."""

from pathlib import Path

import numpy as np

from strandline.files import write_bytes
from strandline.observations.region import Region
from strandline.pipeline.maps.moment.layers import PERMANENT, UNKNOWN_EXTENT, Layers
from strandline.pipeline.maps.moment.products.findings import MomentFindings, headline
from strandline.pipeline.maps.moment.sea_flood import embankments_in
from strandline.report.figures.moment_map import MomentPicture, draw_moment

MOST = 1400
"""[cells] Along an edge of the picture."""


def write_picture(path: Path, region: Region, layers: Layers, findings: MomentFindings) -> None:
    """Draw probability, permanent water and unknown cells, with legend, scale, sources and time."""
    extent = layers.thinned("extent", MOST)
    ground = layers.thinned("elevation", MOST).astype(float) if layers.has("elevation") else None
    picture = MomentPicture(
        region=region,
        probability=layers.thinned("probability", MOST).astype(np.float32),
        permanent=extent == PERMANENT,
        unknown=extent == UNKNOWN_EXTENT,
        elevation=ground,
        title=f"{findings.name}: water, {_moment(findings)}",
        headline=headline(findings),
        lines=_lines(findings),
    )
    write_bytes(path, draw_moment(picture))


def _moment(findings: MomentFindings) -> str:
    return "time not stated" if findings.time is None else findings.time[:16].replace("T", " ") + " UTC"


def _lines(findings: MomentFindings) -> list[str]:
    """What stands under the map."""
    lines = [f"Extent: {findings.means}.", f"Images: {_images(findings)}."]
    if findings.mapped_by:
        lines.append(f"Images mapped by: {'; '.join(findings.mapped_by)}.")
    if findings.sea_by is not None and findings.sea is not None:
        lines.append(f"Sea: {findings.sea.level:.2f} m, {findings.sea.source}; its flood by {findings.sea_by}.")
        lines.append(embankments_in(findings.sea_by))
    if findings.median_depth is not None:
        lines.append(f"Depth where flooded: median {findings.median_depth:.1f} m; ground: {findings.ground}.")
    lines.append(f"{findings.adapted[0].upper()}{findings.adapted[1:]}.")
    lines += [f"{credit}." for credit in findings.credits]
    return lines


def _images(findings: MomentFindings) -> str:
    if not findings.images:
        return "none"
    return "; ".join(
        f"{image.layer.replace('_', ' ')} {'time not stated' if image.time is None else image.time[:16]}"
        for image in findings.images
        if image.used
    )
