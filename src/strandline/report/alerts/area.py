"""The area of a warning as a polygon in longitude and latitude."""

import numpy as np
from pyproj import Transformer
from shapely import MultiPoint, box

from strandline.observations.arrays import Mask
from strandline.observations.region import Region

MAX_CORNERS = 20


def warned_polygon(region: Region, mask: Mask) -> tuple[tuple[float, float], ...]:
    """Return latitude, longitude [degrees] of a closed ring around all true cells (H, W).

    The ring is convex, so that it includes people between two flooded areas. Without a true cell it is the outline of
    the region.
    """
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        outline = box(*region.bounds)
    else:
        half = region.cell_size / 2
        x, y = region.x[columns], region.y[rows]
        corners = [np.column_stack([x + dx, y + dy]) for dx in (-half, half) for dy in (-half, half)]
        outline = MultiPoint(np.concatenate(corners)).convex_hull
        if len(outline.exterior.coords) > MAX_CORNERS:
            outline = outline.simplify(region.cell_size).buffer(region.cell_size, join_style="mitre")
    to_degrees = Transformer.from_crs(region.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(*np.asarray(outline.exterior.coords).T)
    ring = [(round(float(a), 5), round(float(b), 5)) for a, b in zip(latitude, longitude, strict=True)]
    return tuple(ring)
