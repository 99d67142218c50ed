"""What each class of asset is: whose damage curve it shares, and from which depth of water it no longer serves."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from strandline.errors import InputError
from strandline.observations import ASSET_CLASSES, CURVE_CLASSES


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
    stored = tomllib.loads(resources.files("strandline.data").joinpath("asset_classes.toml").read_text("utf-8"))
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
