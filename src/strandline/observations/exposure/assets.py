"""Asset classes: damage curve, and the water depth from which an asset is out of service."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

import geopandas as gpd
import pandas as pd

from strandline.errors import InputError

CURVE_CLASSES = ("residential", "commercial", "industrial", "agriculture", "infrastructure", "transport")
"""Classes of the JRC depth-damage curves (Huizinga et al. 2017), which are also those of the damage heads."""
ASSET_CLASSES = (
    *CURVE_CLASSES,
    *("school", "hospital", "shelter", "road", "bridge", "pumping_station", "embankment", "power", "water_supply"),
)
"""All asset classes; ``data/asset_classes.toml`` gives the curve and the service threshold of each."""
ROADS = ("road", "bridge")
"""Classes that are drawn as lines."""
ASSET_COLUMNS = ("asset_id", "asset_class", "value", "survey_year", "geometry")
ASSET_DETAILS = ("name", "district", "people", "operation_threshold", "crest", "toe", "condition", "places")
"""Optional columns of a survey: what people call it, district, inhabitants [-], depth [m] from which the asset is out
of service, crest and toe [m, region datum] of an embankment, its condition, and people for whom a shelter has places
[-]. NaN = unknown."""
ASSET_LEVELS = ("crest", "toe")
"""Of these details, levels [m, region datum]."""
EMBANKMENT_CONDITIONS = ("good", "fair", "poor")
UNKNOWN_CONDITION = "unknown"
MAP_DETAILS = ("is_mapped", "floor_area", "value_low", "value_high", "count")
"""Optional columns where a map shows assets: whether it does and nobody surveyed this one, floor area [m2], bounds of
the value [money], and how many buildings of one class in one cell are counted as one asset [-]. NaN = surveyed one by
one, or unknown."""
FACILITIES = ("hospital", "shelter", "school", "pumping_station", "power", "water_supply")
"""Classes on which people depend; where two names of one stand at one place, the first of them counts."""
BUILDINGS = ("residential", "commercial", "industrial")
"""Classes of buildings that are many and have no name."""
DAMAGE_STATE_EDGES = (0.02, 0.2, 0.4, 0.7)
"""Damage ratios [-] between the damage states 0 none, 1 slight, 2 moderate, 3 extensive, 4 complete."""


def no_survey(crs: str) -> gpd.GeoDataFrame:
    """The assets of a place that nobody surveyed: none, with ``ASSET_COLUMNS``."""
    columns = {
        "asset_id": pd.Series(dtype=object), "asset_class": pd.Series(dtype=object),
        "value": pd.Series(dtype=float), "survey_year": pd.Series(dtype=int),
    }  # fmt: skip
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=crs), crs=crs)


@dataclass(frozen=True)
class ServiceThreshold:
    """Water depth [m] from which an asset is out of service; it lies between ``low`` and ``high``."""

    low: float
    high: float
    source: str

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise InputError("service threshold", f"{self.low} to {self.high} m", "give 0 <= low <= high")
        if not self.source:
            raise InputError("service threshold", "has no source", "name the publication, or write 'assumption'")


@dataclass(frozen=True)
class AssetClass:
    """A class of assets.

    Attributes:
        curve: the class of ``CURVE_CLASSES`` whose damage curve it uses.
        out_of_service: None where the class provides no service to others.
    """

    curve: str
    curve_source: str
    out_of_service: ServiceThreshold | None = None


@cache
def asset_classes() -> Mapping[str, AssetClass]:
    """All ``ASSET_CLASSES``, read from ``data/asset_classes.toml``."""
    stored = tomllib.loads(resources.files(__package__).joinpath("data/asset_classes.toml").read_text("utf-8"))
    classes = {}
    for name in ASSET_CLASSES:
        entry = dict(stored[name])
        threshold = entry.pop("out_of_service", None)
        classes[name] = AssetClass(**entry, out_of_service=None if threshold is None else ServiceThreshold(**threshold))
    return MappingProxyType(classes)


def curve_index(asset_class: str) -> int:
    """Index of a class's damage curve in ``CURVE_CLASSES``; the networks' damage heads use it.

    Raises:
        InputError: unknown class.
    """
    if asset_class not in ASSET_CLASSES:
        raise InputError("assets", f"unknown class '{asset_class}'", f"known: {', '.join(ASSET_CLASSES)}")
    return CURVE_CLASSES.index(asset_classes()[asset_class].curve)
