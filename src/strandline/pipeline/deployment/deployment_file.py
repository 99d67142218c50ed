"""The file of a deployment: NetCDF-4, with the zones beside it for maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pydantic import ConfigDict, TypeAdapter, ValidationError

from strandline.errors import InputError
from strandline.files import write_atomically, write_text
from strandline.observations.observations import Provenance
from strandline.observations.region import Region
from strandline.observations.region_file.prices.money import EUR_2010
from strandline.observations.sea_level.harmonic_tide import FittedTide, TidalConstants
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.pipeline.deployment.deployment import Deployment, GaugeSite, RunMetadata
from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationAreas
from strandline.planning.early_action.protocol import Protocol
from strandline.risk.hazard.joint.zone_floods import ZoneFloods
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.risk.stage_damage.zones import Zones, zones_to_geojson

DEPLOYMENT_FILE, ZONES_FILE = "deployment.nc", "zones.geojson"
OLD_FILE = "briefing.nc"
"""Name of the file before version 0.2."""
FORMAT = "strandline deployment 4"
OLD_FORMATS = {f"strandline deployment {number}" for number in (1, 2, 3)}
"""Formats that hold no danger to people, no upper bound of it, or nothing of rain and rivers."""
BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RuntimeError, OverflowError)
"""Exceptions of h5netcdf, xarray and pydantic on damaged files."""
MONEY = "money"
"""Unit that stands for the currency and price year of the protocol."""
RESPONSE = {
    "levels": (("sample", "level"), "m"),
    "flooded_share": (("zone", "sample", "level"), "1"),
    "damage": (("zone", "sample", "level"), MONEY),
    "dangerous_share": (("zone", "sample", "level"), "1"),
    "people_in_danger": (("zone", "sample", "level"), "1"),
    "people_in_danger_at_most": (("zone", "sample", "level"), "1"),
    "dangerous_level": (("zone", "sample"), "m"),
    "unknown_share": (("zone",), "1"),
    "uncounted_homes": (("zone",), "1"),
    "unknown_assets": (("zone",), "1"),
    "unknown_value": (("zone",), MONEY),
}
ZONE_MEDIANS = ("flooded_share", "damage", "dangerous_share")
ARRAYS = {
    "zone_of_cell": (("row", "column"), "1"),
    "zone_of_asset": (("asset",), "1"),
    "tide_error_modes": (("amplitude", "mode"), "m"),
    "residual_covariance": (("lag",), "m2"),
    "return_levels": (("sample", "return_period"), "m"),
    **RESPONSE,
}
"""Variable of ``deployment.nc`` → its dimensions and unit."""
ZONE_FLOODS = {
    "values": (("map", "driver", "node"), "m, mm or m3 s-1"),
    "from_next": (("map", "driver"), "1"),
    "flooded_share": (("zone", "map", "combination"), "1"),
    "dangerous": (("zone", "map", "combination"), "1"),
    "danger_a_year": (("zone",), "a-1"),
    "danger_by_sea": (("zone",), "a-1"),
}
"""The same for floods by all drivers, where they are mapped; their names in the file begin with ``OF_ALL_DRIVERS``."""
OF_ALL_DRIVERS = "all_drivers_"


def save_deployment(folder: Path, deployment: Deployment) -> None:
    """Write ``deployment.nc`` (NetCDF-4) for the watch, and ``zones.geojson`` for maps; each whole or not at all.

    Raises:
        InputError: naming the file that cannot be written.
    """
    zones, response, sea_level = deployment.zones, deployment.response, deployment.sea_level
    fields = _Fields(
        region=deployment.region,
        zone_names=zones.names,
        zone_outlines=tuple(shapely.to_wkb(outline, hex=True) for outline in zones.outlines),
        zone_source=zones.source,
        dry_level=response.dry_level,
        zones_of_phase=deployment.zones_of_phase,
        protocol=deployment.protocol,
        evacuation=deployment.evacuation,
        tide=sea_level.fitted.constants,
        tide_mean=sea_level.fitted.mean,
        gauges=deployment.gauges,
        return_periods=deployment.return_periods,
        withheld=tuple((str(start), str(end)) for start, end in deployment.withheld),
        provenance=deployment.provenance,
        metadata=deployment.metadata,
        land=deployment.land,
        drivers=() if deployment.zone_floods is None else deployment.zone_floods.drivers,
    )
    values = {
        "zone_of_cell": zones.of_cell,
        "zone_of_asset": zones.of_asset,
        "tide_error_modes": sea_level.fitted.modes,
        "residual_covariance": sea_level.residual_covariance,
        "return_levels": deployment.return_levels,
        **{name: getattr(response, name) for name in RESPONSE},
    }
    money = str(EUR_2010) if deployment.protocol is None else deployment.protocol.money
    arrays = {
        name: (dims, values[name], {"units": money if units == MONEY else units})
        for name, (dims, units) in ARRAYS.items()
    }
    if deployment.zone_floods is not None:
        found = {name: np.asarray(getattr(deployment.zone_floods, name)) for name in ZONE_FLOODS}
        arrays |= {
            OF_ALL_DRIVERS + name: (dims, found[name].astype(np.int8 if name == "dangerous" else found[name].dtype),
                                    {"units": units})
            for name, (dims, units) in ZONE_FLOODS.items()
        }  # fmt: skip
    text = _FIELDS.dump_json(fields).decode("utf-8")
    content = xr.Dataset({**arrays, "fields": ((), text)}, attrs={"format": FORMAT})
    write_text(folder / ZONES_FILE, zones_to_geojson(zones, _zone_columns(deployment)))
    with write_atomically(folder / DEPLOYMENT_FILE) as temporary:
        content.to_netcdf(temporary, engine="h5netcdf")


def load_deployment(folder: Path) -> Deployment:
    """Read the ``deployment.nc`` that a run left in ``folder``.

    Raises:
        InputError: there is none, or it is damaged, or of another version.
    """
    path, remedy = folder / DEPLOYMENT_FILE, "name the folder of a finished `strandline run`, or run it again"
    if not path.exists() and (folder / OLD_FILE).exists():
        raise InputError(folder, "was written by an older version", "run `strandline run` again into this folder")
    try:
        with h5py.File(path, "r") as file:  # fails here before h5netcdf leaves a half-open file
            dict(file.attrs)
        content = xr.load_dataset(path, engine="h5netcdf")
    except BROKEN as error:
        raise InputError(path, f"cannot be read ({error})", remedy) from error
    if content.attrs.get("format") in OLD_FORMATS:
        what = "was written by an older version and does not hold what this one needs of people, rain and rivers"
        raise InputError(path, what, "run `strandline run` again into this folder")
    if content.attrs.get("format") != FORMAT or not {*ARRAYS, "fields"} <= set(content.data_vars):
        raise InputError(path, f"is no '{FORMAT}'", remedy)
    try:
        fields = _FIELDS.validate_json(str(content["fields"].item()))
    except ValidationError as error:
        raise InputError(path, f"is damaged ({error.error_count()} faults in its fields)", remedy) from error
    try:
        return _assemble(fields, {str(name): each.values for name, each in content.data_vars.items()})
    except (*BROKEN, shapely.errors.ShapelyError) as error:
        raise InputError(path, f"is damaged ({error})", remedy) from error


def _assemble(fields: "_Fields", value: Mapping[str, np.ndarray]) -> Deployment:
    """The deployment from the two parts of its file.

    Raises:
        ValueError: they do not belong together.
    """
    outlines = tuple(shapely.from_wkb(outline) for outline in fields.zone_outlines)
    sizes = {
        "row": fields.region.shape[0],
        "column": fields.region.shape[1],
        "zone": len(fields.zone_names),
        "return_period": len(fields.return_periods),
    }
    for name, (dims, _) in ARRAYS.items():
        shape = value[name].shape
        if len(shape) != len(dims):
            raise ValueError(f"'{name}' has {len(shape)} dimensions")
        for dim, size in zip(dims, shape, strict=True):
            if sizes.setdefault(dim, size) != size:
                raise ValueError(f"'{name}' has {size} of dimension '{dim}', others {sizes[dim]}")
    for name in ("return_levels", "residual_covariance", "levels"):
        if not np.isfinite(value[name]).all():
            raise ValueError(f"'{name}' holds values that are not finite")
    if len(outlines) != len(fields.zone_names) or value["zone_of_cell"].max(initial=-1) >= len(outlines):
        raise ValueError("zones and their outlines do not match")
    return Deployment(
        region=fields.region,
        zones=Zones(fields.zone_names, outlines, value["zone_of_cell"], value["zone_of_asset"], fields.zone_source),
        response=StageDamageByZone(dry_level=fields.dry_level, **{name: value[name] for name in RESPONSE}),
        zones_of_phase=fields.zones_of_phase,
        protocol=fields.protocol,
        evacuation=fields.evacuation,
        sea_level=SeaLevelModel(
            FittedTide(fields.tide, fields.tide_mean, value["tide_error_modes"]), value["residual_covariance"]
        ),
        gauges=fields.gauges,
        return_periods=fields.return_periods,
        return_levels=value["return_levels"],
        withheld=tuple((np.datetime64(start, "ns"), np.datetime64(end, "ns")) for start, end in fields.withheld),
        provenance=fields.provenance,
        metadata=fields.metadata,
        land=fields.land,
        zone_floods=_zone_floods(fields.drivers, value),
    )


def _zone_floods(drivers: tuple[str, ...], value: Mapping[str, np.ndarray]) -> ZoneFloods | None:
    if not drivers:
        return None
    found = {name: value[OF_ALL_DRIVERS + name] for name in ZONE_FLOODS}
    return ZoneFloods(drivers, **{**found, "dangerous": found["dangerous"].astype(bool)})


@dataclass(frozen=True)
class _Fields:
    """The part of a deployment that is no array."""

    __pydantic_config__ = ConfigDict(ser_json_inf_nan="strings")

    region: Region
    zone_names: tuple[str, ...]
    zone_outlines: tuple[str, ...]
    zone_source: str
    dry_level: float
    zones_of_phase: Mapping[str, tuple[str, ...]]
    protocol: Protocol | None
    evacuation: EvacuationAreas | None
    tide: TidalConstants
    tide_mean: float
    gauges: tuple[GaugeSite, ...]
    return_periods: tuple[float, ...]
    withheld: tuple[tuple[str, str], ...]
    provenance: Mapping[str, Provenance]
    metadata: RunMetadata
    land: tuple[str, ...]
    drivers: tuple[str, ...]


_FIELDS = TypeAdapter(_Fields)


def _zone_columns(deployment: Deployment) -> pd.DataFrame:
    """Columns of the zones' map: evacuation area, medians and people at the rarest level of today, what is unknown."""
    response = deployment.response
    samples = np.arange(len(deployment.return_levels))
    state = response.at(deployment.return_levels[:, -1], samples)  # (S, Z)
    unknown = ("unknown_share", "uncounted_homes", "unknown_assets", "unknown_value")
    areas = () if deployment.evacuation is None else deployment.evacuation.areas
    area_of = {zone: area.name for area in areas for zone in area.zones}
    return pd.DataFrame(
        {
            "evacuation_area": [area_of.get(name) for name in deployment.zones.names],
            "return_period": deployment.return_periods[-1],
            **{f"{name}_p50": np.median(getattr(state, name), axis=0) for name in ZONE_MEDIANS},
            **_people_in_danger(deployment),
            **{name: getattr(response, name) for name in unknown},
        }
    )


def _people_in_danger(deployment: Deployment) -> dict[str, list[float | None]]:
    """Bounds of the people in danger at the rarest return level of today; ``None`` = unknown."""
    found = deployment.response.by_level.people_in_danger(deployment.return_levels[:, -1])
    return {
        f"people_in_danger_{name}": [None if each.is_unknown else getattr(each, name) for each in found]
        for name in ("low", "high")
    }
