"""The place of a served run, on which works are tried; read once for each edition of its files."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from strandline.errors import InputError
from strandline.observations.exposure.assets import ASSET_COLUMNS
from strandline.pipeline.deployment import DEPLOYMENT_FILE, load_deployment
from strandline.pipeline.deployment.trial_ground_file import TRIAL_GROUND_FILE, load_trial_ground
from strandline.report.figures.geotiff import encode_cog
from strandline.risk.stage_damage.zones import Zones
from strandline.risk.works.built import build
from strandline.risk.works.geojson import DrawnWorks, read_works
from strandline.risk.works.outcome import TODAY, Outcome, assess, depth_at
from strandline.risk.works.trial_ground import TrialGround
from strandline.risk.works.trial_water import Method, Progress, TrialWater, simulated_water, still_water
from strandline.web.run_folder import RunFolder, read_json

ASSETS_FILE = "assets.geojson"
NUMBERS = ("value", "value_low", "value_high", "people", "places", "crest", "survey_year")
"""Columns of assets that are numbers; null = unknown."""


@dataclass(frozen=True, eq=False)
class TrialSite:
    """What works of a run are tried on."""

    ground: TrialGround
    zones: Zones
    assets: gpd.GeoDataFrame

    def try_works(
        self, drawn: DrawnWorks, method: Method, progress: Progress | None = None
    ) -> tuple[Outcome, TrialWater]:
        """What works do, and the water with and without them.

        Raises:
            InputError: works that cannot be built here.
        """
        works = read_works(drawn, self.ground.region)
        built, notes = build(works, self.ground)
        is_still = method == "still water"
        water = still_water(self.ground, built) if is_still else simulated_water(self.ground, built, progress)
        outcome = assess(self.ground, water, works, self.assets, self.zones)
        return Outcome(**{**vars(outcome), "notes": (*notes, *outcome.notes)}), water

    @property
    def scenes(self) -> list[tuple[str, float, float]]:
        """Name of the future, return period [years] and median sea level [m] of the pictures of an answer."""
        medians, periods = np.median(self.ground.levels, axis=0), self.ground.return_periods
        today = [(TODAY, period, float(level)) for period, level in zip(periods, medians, strict=True)]
        return [*today, *((each.name, periods[-1], float(medians[-1]) + each.rise) for each in self.ground.futures)]

    def as_raster(self, water: TrialWater) -> bytes:
        """A GeoTIFF of the depth [m] in each scene, before and after in turn."""
        bands, names = [], []
        for name, period, level in self.scenes:
            for when, depth in (("before", water.before), ("after", water.after)):
                bands.append(depth_at(water, depth, level))
                names.append(f"{name}, given the {period:g}-year sea level, {when}")
        region = self.ground.region
        tags = {"METHOD": water.method, "VERTICAL_DATUM": region.vertical_datum}
        return encode_cog(np.stack(bands), region.crs, region.transform, names, "m", tags)


def open_place(folder: Path) -> TrialSite:
    """The place of a run's folder; kept until its files change.

    Raises:
        InputError: the run is of an older version, or its ground is not connected with the open sea.
    """
    run = RunFolder("", folder)
    names = (TRIAL_GROUND_FILE, DEPLOYMENT_FILE, ASSETS_FILE)
    return _open(folder, tuple(run.file_version(name) if (folder / name).is_file() else None for name in names))


@lru_cache(maxsize=2)
def _open(folder: Path, _: tuple[tuple[int, int] | None, ...]) -> TrialSite:
    ground = load_trial_ground(folder)
    zones = load_deployment(folder).zones
    assets = _assets(folder, ground.region.crs)
    if len(zones.of_asset) != len(assets) or zones.of_cell.shape != ground.region.shape:
        raise InputError(folder, "its zones and assets are of different runs", "run `strandline run` again")
    return TrialSite(ground, zones, assets)


def _assets(folder: Path, crs: str) -> gpd.GeoDataFrame:
    path = folder / ASSETS_FILE
    try:
        features = read_json(path)["features"]
        if not features:
            return gpd.GeoDataFrame({name: [] for name in ASSET_COLUMNS if name != "geometry"}, geometry=[], crs=crs)
        assets = gpd.GeoDataFrame.from_features(features, crs="EPSG:4326").to_crs(crs)
        for name in NUMBERS:
            if name in assets:
                assets[name] = pd.to_numeric(assets[name])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(path, f"cannot be read ({error!r})", "run `strandline run` again") from error
    return assets
