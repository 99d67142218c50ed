"""What people saw of a flood, from a file of points and polygons: cells that were wet or dry."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import rasterio.features

from strandline.errors import InputError
from strandline.observations.flood_scenes.scene import DRY, UNKNOWN, WET
from strandline.observations.readers.formats.vectors import read_vectors
from strandline.observations.region import Region

COLUMNS = ("wet", "flooded", "water", "state", "depth")
"""Names of the column that tells the state, the first that is there."""
STATES = {
    "1": WET, "true": WET, "yes": WET, "wet": WET, "flooded": WET, "water": WET, "flood": WET,
    "0": DRY, "false": DRY, "no": DRY, "dry": DRY, "land": DRY,
}  # fmt: skip
KINDS = ("Point", "MultiPoint", "Polygon", "MultiPolygon")


def read_known_cells(path: Path, region: Region) -> npt.NDArray[np.int8]:
    """(H, W) ``WET``, ``DRY`` or ``UNKNOWN``: the cell of each point, and cells whose centre a polygon holds.

    Where features overlap, a point comes before a polygon, and a dry one before a wet one.

    Raises:
        InputError: the file cannot be read, does not tell the state, or shows no cell of the region.
    """
    frame = read_vectors(path, ())
    state = _states(frame, path)
    wrong = np.flatnonzero(~frame.geometry.geom_type.isin(KINDS).to_numpy())
    if wrong.size:
        kind = frame.geometry.geom_type.iloc[wrong[0]]
        raise InputError(f"{path} row {wrong[0] + 1}", f"is a {kind}", "give points or polygons")
    shapes = frame.geometry.to_crs(region.crs)
    is_point = shapes.geom_type.str.endswith("Point").to_numpy()
    label = np.full(region.shape, UNKNOWN, np.int8)
    for points in (False, True):
        for value in (WET, DRY):
            chosen = shapes[(is_point == points) & (state == value)]
            if len(chosen):
                inside = rasterio.features.rasterize(chosen, region.shape, transform=region.transform, dtype="uint8")
                label[inside == 1] = value
    if (label == UNKNOWN).all():
        what = f"none of its {len(frame)} features lies on a cell of '{region.name}'"
        raise InputError(path, what, "check its CRS and the order of longitude and latitude")
    return label


def _states(frame: gpd.GeoDataFrame, path: Path) -> npt.NDArray[np.int8]:
    """(N,) state of each feature."""
    names = {str(column).lower(): column for column in frame.columns if column != frame.geometry.name}
    column = next((names[name] for name in COLUMNS if name in names), None)
    if column is None:
        what = f"has no column that says wet or dry ({', '.join(names) or 'it has none'})"
        raise InputError(path, what, "add a column 'wet' with 1 where there was water and 0 where there was none")
    if str(column).lower() == "depth":
        depth = frame[column].to_numpy(dtype=float)
        return np.where(np.isnan(depth), UNKNOWN, np.where(depth > 0, WET, DRY)).astype(np.int8)
    texts = [str(int(each)) if isinstance(each, float) and each in (0, 1) else str(each) for each in frame[column]]
    unknown = [number for number, text in enumerate(texts) if text.strip().lower() not in STATES]
    if unknown:
        what = f"'{texts[unknown[0]]}' in column '{column}' is neither wet nor dry ({len(unknown)} such rows)"
        raise InputError(f"{path} row {unknown[0] + 1}", what, "write 1 for wet, 0 for dry")
    return np.array([STATES[text.strip().lower()] for text in texts], dtype=np.int8)
