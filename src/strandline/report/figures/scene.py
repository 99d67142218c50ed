"""A satellite scene below maps of floods, in warm greys: what the ground looked like on one day, never now."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from affine import Affine

from strandline.observations.arrays import Floats, Reals, SingleFloats
from strandline.observations.observations import Observations
from strandline.report.figures.geotiff import encode_cog
from strandline.report.figures.style import as_rgb

DARK, LIGHT = "#6e6248", "#f4ead0"
"""Ends of the greys: warm, so that none is near a class of floods, whose blues run from pale to deep."""
SHADES = 31
"""Few, so that files are small."""
CLEAREST, FEWEST = 0.8, 0.3
"""Known shares [-]: from the first on, the newest optical scene is shown; below the second, none."""
STRETCH = (0.02, 0.98)
"""Quantiles that become dark and light."""
SENSORS = (("optical", "near_infrared", CLEAREST), ("sar", "vv", FEWEST), ("optical", "near_infrared", FEWEST))
"""Modality, variable and least known share, in the order of preference; water is dark in both."""


@dataclass(frozen=True, eq=False)
class ScenePicture:
    """A scene as a picture.

    Attributes:
        brightness: (H, W) 0 dark to 1 light; NaN = cloud, or beyond the scene.
        sensor: ``optical`` or ``radar``.
        time: UTC.
    """

    brightness: SingleFloats
    transform: Affine
    sensor: str
    time: pd.Timestamp
    source: str
    licence: str


def scene_picture(observations: Observations) -> ScenePicture | None:
    """Return the newest scene that shows enough of the region; ``None`` = there is none."""
    for modality, variable, least in SENSORS:
        dataset = getattr(observations, modality)
        if dataset is None:
            continue
        for number in np.argsort(dataset["time"].values)[::-1]:
            values = np.asarray(dataset[variable].isel(scene=int(number)).values, dtype=float)  # (H, W)
            if np.isfinite(values).mean() < least:
                continue
            origin = observations.provenance[modality]
            return ScenePicture(
                _brightness(values), _transform(dataset), "optical" if modality == "optical" else "radar",
                pd.Timestamp(dataset["time"].values[number]), origin.source, origin.licence,
            )  # fmt: skip
    return None


def encode_scene(picture: ScenePicture, crs: str) -> bytes:
    """Return the picture as a GeoTIFF that states sensor, time [UTC], source and licence."""
    tags = {
        "SENSOR": picture.sensor, "TIME": f"{picture.time:%Y-%m-%dT%H:%M:%SZ}", "SOURCE": picture.source,
        "LICENCE": picture.licence, "UNIT": "1", "QUANTITY": "brightness of one satellite scene, 0 dark to 1 light",
    }  # fmt: skip
    return encode_cog(picture.brightness[np.newaxis], crs, picture.transform, ["scene"], "1", tags)


def scene_colours(brightness: Reals) -> Floats:
    """Return red, green and blue [0-1] (…, 3) of brightness (…) without NaN."""
    share = np.clip(brightness, 0, 1)[..., np.newaxis]
    return np.asarray(as_rgb(DARK) * (1 - share) + as_rgb(LIGHT) * share)


def _brightness(values: Floats) -> SingleFloats:
    low, high = np.nanquantile(values, STRETCH)
    share = np.clip((values - low) / (high - low), 0, 1) if high > low else np.where(np.isnan(values), np.nan, 0.5)
    return np.asarray(np.round(share * SHADES) / SHADES, dtype=np.float32)


def _transform(dataset: xr.Dataset) -> Affine:
    """From (column, row) to (x, y) [m], by the cell centres."""
    x, y = dataset["x"].values, dataset["y"].values
    across, down = float(x[1] - x[0]), float(y[1] - y[0])
    return Affine(across, 0, float(x[0]) - across / 2, 0, down, float(y[0]) - down / 2)
