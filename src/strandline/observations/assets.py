"""What each class of asset is: whose damage curve it shares, and from which depth of water it no longer serves."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from strandline.errors import InputError

CURVE_CLASSES = ("residential", "commercial", "industrial", "agriculture", "infrastructure", "transport")
"""The classes of the JRC depth-damage curves (Huizinga et al. 2017); damage heads know no others."""
ASSET_CLASSES = (
    *CURVE_CLASSES,
    *("school", "hospital", "shelter", "road", "bridge", "pumping_station", "embankment", "power", "water_supply"),
)
"""What an asset may be; ``data/asset_classes.toml`` says which curve stands for it and when it stops to serve."""
ASSET_COLUMNS = ("asset_id", "asset_class", "value", "survey_year", "geometry")
ASSET_DETAILS = ("district", "people", "operation_threshold", "crest")
"""What a survey may say besides: the district's name, people [-] who live there, the depth [m] from which it no longer
serves, and an embankment's crest [m, region datum]. NaN = unknown."""
DAMAGE_STATE_EDGES = (0.02, 0.2, 0.4, 0.7)
"""Damage ratios [-] that part the damage states 0 none, 1 slight, 2 moderate, 3 extensive, 4 complete."""


@dataclass(frozen=True)
class ServiceThreshold:
    """Depth of water [m] from which an asset is out of service, somewhere between ``low`` and ``high``."""

    low: float
    high: float
    source: str

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise InputError("service threshold", f"{self.low} to {self.high} m", "give 0 <= low <= high")
        if not self.source:
            raise InputError("service threshold", "has no source", "say who published it, or 'assumption'")


@dataclass(frozen=True)
class AssetClass:
    """A class of assets.

    Attributes:
        curve: the class of the JRC damage curves, one of ``CURVE_CLASSES``, that stands for it.
        out_of_service: None where the class serves nobody but its owner.
    """

    curve: str
    curve_source: str
    out_of_service: ServiceThreshold | None = None


@cache
def asset_classes() -> Mapping[str, AssetClass]:
    """Every class of ``ASSET_CLASSES``, from ``data/asset_classes.toml``."""
    stored = tomllib.loads(
        resources.files("strandline.observations").joinpath("data/asset_classes.toml").read_text("utf-8")
    )
    classes = {}
    for name in ASSET_CLASSES:
        entry = dict(stored[name])
        threshold = entry.pop("out_of_service", None)
        classes[name] = AssetClass(**entry, out_of_service=None if threshold is None else ServiceThreshold(**threshold))
    return MappingProxyType(classes)


def curve_index(asset_class: str) -> int:
    """Place of a class's damage curve among ``CURVE_CLASSES``; the networks' damage heads know assets by it.

    Raises:
        InputError: unknown class.
    """
    if asset_class not in ASSET_CLASSES:
        raise InputError("assets", f"unknown class '{asset_class}'", f"known: {', '.join(ASSET_CLASSES)}")
    return CURVE_CLASSES.index(asset_classes()[asset_class].curve)
