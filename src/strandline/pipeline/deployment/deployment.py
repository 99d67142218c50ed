"""What a run leaves for the watch and for maps of wider regions: all that they need of the run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import xarray as xr
from scipy.signal import find_peaks

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.observations import Observations, Provenance
from strandline.observations.region import Region
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.weather.land_drivers import drivers_of_the_land
from strandline.observations.weather.storms import Window
from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationAreas
from strandline.planning.early_action.protocol import Phase, Protocol
from strandline.planning.plan import Plan
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.hazard.joint.zone_floods import ZoneFloods
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.risk.stage_damage.zones import Zones, find_zones

YEAR_HOURS = 366 * 24


@dataclass(frozen=True)
class GaugeSite:
    """Where a tide gauge stands [degrees, WGS84]; its mean sea level and its own zero [m, region datum]."""

    name: str
    longitude: float
    latitude: float
    mean_sea_level: float
    zero: float = 0.0


@dataclass(frozen=True)
class RunMetadata:
    """How the run was made; ``seeds``: random stream → seed."""

    version: str
    commit: str
    seeds: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Deployment:
    """A study area as the watch needs it.

    Attributes:
        zones_of_phase: phase of the protocol → names of the zones that it protects.
        protocol: ``None`` = no action pays.
        evacuation: areas that are evacuated together; ``None`` = the plan has none.
        sea_level: of the own gauge, fitted to the training hours.
        gauges: the own one first.
        return_periods: R, ascending [years].
        return_levels: (S, R) of the sea [m, region datum].
        withheld: windows [start, end] (UTC) of the record that nothing is fitted to: those held out, and the
            calibration and test storms.
        provenance: modality → where it comes from.
        land: drivers of floods beside the sea that the place has: ``rain``, ``river``.
        zone_floods: what all drivers together do in the zones; ``None`` = not mapped, so that those are not watched.
    """

    region: Region
    zones: Zones
    response: StageDamageByZone
    zones_of_phase: Mapping[str, tuple[str, ...]]
    protocol: Protocol | None
    evacuation: EvacuationAreas | None
    sea_level: SeaLevelModel
    gauges: tuple[GaugeSite, ...]
    return_periods: tuple[float, ...]
    return_levels: Floats
    withheld: tuple[Window, ...]
    provenance: Mapping[str, Provenance]
    metadata: RunMetadata
    land: tuple[str, ...] = ()
    zone_floods: ZoneFloods | None = None

    def __post_init__(self) -> None:
        if self.zones.of_cell.shape != self.region.shape:
            given = f"zones are drawn on {self.zones.of_cell.shape} cells"
            raise InputError("deployment", given, f"use the region's grid of {self.region.shape}")
        if len(self.zones) != self.response.unknown_share.size:
            given = f"{len(self.zones)} zones and the response of {self.response.unknown_share.size}"
            raise InputError("deployment", f"holds {given}", "give a response for each zone")
        if self.return_levels.shape != (len(self.response.levels), len(self.return_periods)):
            expected = f"(S, R) = {(len(self.response.levels), len(self.return_periods))}"
            raise InputError("deployment", f"return levels are {self.return_levels.shape}", f"need {expected}")
        if self.zone_floods is not None and self.zone_floods.danger_a_year.size != len(self.zones):
            what = f"holds floods of {self.zone_floods.danger_a_year.size} zones, and {len(self.zones)} zones"
            raise InputError("deployment", what, "give the floods of each zone")
        if not self.gauges:
            raise InputError("deployment", "names no gauge", "the watch needs the own gauge; name it first")
        phases = () if self.protocol is None else tuple(phase.name for phase in self.protocol.phases)
        if tuple(self.zones_of_phase) != phases:
            what = f"has zones of {tuple(self.zones_of_phase)} and phases {phases}"
            raise InputError("deployment", what, "give the zones of each phase")
        named = [*self.zones_of_phase.values()]
        if self.evacuation is not None:
            named += [self.evacuation.unknown_zones, *(area.zones for area in self.evacuation.areas)]
        unknown = {name for names in named for name in names} - set(self.zones.names)
        if unknown:
            raise InputError("deployment", f"names unknown zones {sorted(unknown)}", "use the zones' own names")
        if any(not start < end for start, end in self.withheld):
            raise InputError("deployment", "a withheld window is empty", "give start, then end")

    @property
    def mean_sea_level(self) -> float:
        """About which the own gauge's tide swings [m, region datum]."""
        return self.gauges[0].mean_sea_level

    @property
    def is_simulated(self) -> bool:
        """Whether any part of what it rests on was simulated."""
        return any(each.kind == "simulated" for each in self.provenance.values())


def assess_zones(
    observations: Observations,
    hazards: Sequence[Hazard],
    sea_level: SeaLevelModel,
    rng: np.random.Generator,
    polygons: gpd.GeoDataFrame | None = None,
) -> tuple[Zones, StageDamageByZone]:
    """The zones of a study area, and flooding, danger, people and damage in each as functions of the sea level.

    Args:
        observations: with a tide gauge.
        hazards: today's maps, then those of higher seas.
        rng: draws the damage curves.
        polygons: zones that the region file names, see ``find_zones``.
    """
    gauge, assets = observations.require_gauge(), observations.surveyed_assets
    zones = find_zones(observations, hazards, polygons)
    dry_level = float(gauge["mean_sea_level"].values[0]) + mean_high_water(sea_level, gauge["time"].values[-1])
    return zones, StageDamageByZone.of(zones, hazards, assets, dry_level, rng, observations.mapped_people)


def build_deployment(
    observations: Observations,
    zones: Zones,
    response: StageDamageByZone,
    hazard: Hazard,
    plan: Plan,
    sea_level: SeaLevelModel,
    withheld: Sequence[Window],
    metadata: RunMetadata,
    zone_floods: ZoneFloods | None = None,
) -> Deployment:
    """A deployment from the results of a run's stages.

    Args:
        observations: with a tide gauge.
        zones: of the study area, with their ``response``: see ``assess_zones``.
        hazard: today's.
        zone_floods: by all drivers; ``None`` = not mapped.
    """
    gauge, assets = observations.require_gauge(), observations.surveyed_assets
    gauges = tuple(
        GaugeSite(str(name), float(longitude), float(latitude), float(mean), zero)
        for name, longitude, latitude, mean, zero in zip(
            *(gauge[key].values for key in ("station", "longitude", "latitude", "mean_sea_level")),
            gauge_zeros(gauge),
            strict=True,
        )
    )
    return Deployment(
        region=observations.region,
        zones=zones,
        response=response,
        zones_of_phase=_zones_of_phases(plan.protocol, zones, assets),
        protocol=plan.protocol,
        evacuation=plan.evacuation,
        sea_level=sea_level,
        gauges=gauges,
        return_periods=hazard.return_periods,
        return_levels=hazard.levels,
        withheld=tuple((start.astype("datetime64[ns]"), end.astype("datetime64[ns]")) for start, end in withheld),
        provenance=dict(observations.provenance),
        metadata=metadata,
        land=drivers_of_the_land(observations),
        zone_floods=zone_floods,
    )


def with_protocol(deployment: Deployment, protocol: Protocol, assets: gpd.GeoDataFrame, source: object) -> Deployment:
    """The deployment with another protocol, such as one that an officer has edited.

    Args:
        source: of the protocol, for errors.

    Raises:
        InputError: a phase concerns a place that is neither a zone nor an asset of the run.
    """
    zones_of_phase = _zones_of_phases(protocol, deployment.zones, assets)
    known = {*deployment.zones.names, *assets["asset_id"].astype(str)}
    for phase in protocol.phases:
        unknown = [name for name in phase.where if name not in known]
        if unknown:
            what = f"concerns {', '.join(unknown)}: no zone or asset of this run is called so"
            remedy = "name zones as in zones.geojson, or remove 'where'"
            raise InputError(f"{source} [phase {phase.name}]", what, remedy)
    return replace(deployment, protocol=protocol, zones_of_phase=zones_of_phase)


def mean_high_water(sea_level: SeaLevelModel, end: np.datetime64) -> float:
    """Mean of all high waters that the tide alone makes in the year before ``end`` [m above mean sea level].

    Of hourly levels, so that a semi-diurnal tide's come out 1 % too low: flooding then starts a little earlier.
    """
    level = sea_level.tide(end - np.arange(YEAR_HOURS)[::-1].astype("timedelta64[h]"))
    high, _ = find_peaks(level)
    return float(level[high].mean())


def gauge_zeros(gauge: xr.Dataset) -> list[float]:
    """Height of each gauge's own zero [m, region datum]; 0 where the record states none."""
    if "gauge_zero" not in gauge.coords:
        return [0.0] * gauge.sizes["station"]
    return [float(zero) for zero in gauge["gauge_zero"].values]


def _zones_of_phases(protocol: Protocol | None, zones: Zones, assets: gpd.GeoDataFrame) -> dict[str, tuple[str, ...]]:
    return {} if protocol is None else {phase.name: _zones_of_phase(phase, zones, assets) for phase in protocol.phases}


def _zones_of_phase(phase: Phase, zones: Zones, assets: gpd.GeoDataFrame) -> tuple[str, ...]:
    if phase.where and set(phase.where) <= set(zones.names):
        return phase.where
    if not phase.where and not phase.classes:
        return zones.names
    meant = (
        assets["asset_id"].astype(str).isin(phase.where) if phase.where else assets["asset_class"].isin(phase.classes)
    ).to_numpy()
    return tuple(zones.names[number] for number in np.unique(zones.of_asset[meant]))
