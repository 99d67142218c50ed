"""Flood maps of a wider region from a finished run: survey the terrain, map tile by tile, join the tiles."""

from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from strandline.distillation.training.loop import Announce
from strandline.distillation.waterlines.flood_archive import EXTRAPOLATION_MARGIN
from strandline.errors import InputError
from strandline.models.batching import shows_flood
from strandline.models.weights.load_weights import load_teacher
from strandline.observations.arrays import Floats
from strandline.observations.observations import Provenance
from strandline.observations.readers.gauges.tide_gauges import read_tide_gauges
from strandline.observations.readers.observe import provenance_of
from strandline.observations.region import Region
from strandline.observations.region_file import RegionFile
from strandline.observations.region_file.values import as_datetime64
from strandline.observations.weather.storms import find_whole_storms
from strandline.pipeline.deployment import Deployment, RunMetadata, load_deployment
from strandline.pipeline.maps.large_regions.consequences.assess import MapDamage, assess
from strandline.pipeline.maps.large_regions.consequences.depths_at_assets import SeaLevels
from strandline.pipeline.maps.large_regions.consequences.exposed import Exposed, read_exposed
from strandline.pipeline.maps.large_regions.dask_workers import map_here, map_on_cluster
from strandline.pipeline.maps.large_regions.products import write_products
from strandline.pipeline.maps.large_regions.store import MapStore, fingerprint
from strandline.pipeline.maps.large_regions.survey import survey
from strandline.pipeline.maps.large_regions.tile_mapper import BANDS, PastStorms, TileMapper
from strandline.pipeline.maps.tiles import Tiling
from strandline.pipeline.settings import RunConfig, commit
from strandline.report.products import as_json, provenance_tags
from strandline.risk.hazard.flood_maps import draw_floods, sources_of
from strandline.risk.hazard.hazard import NO_EMBANKMENT_COUNTS
from strandline.risk.stage_damage.by_zone import RAISED_FOR_PEOPLE
from strandline.simulator.design_storms import StormDesigner
from strandline.uncertainty.forecaster import Forecaster, load_forecaster

SOME_YEAR = np.datetime64("2000-01-01T00", "ns")
"""Start of the year whose tides are used where the run states none of its record; any year serves."""


@dataclass(frozen=True)
class MapConfig:
    """Settings of a map.

    Attributes:
        samples: Monte-Carlo samples of storms, members and depths.
        return_periods: some of the run's [years], ascending; empty = all of them.
        rise: of the mean sea level [m].
        seed: of every random stream.
    """

    samples: int = 12
    return_periods: tuple[float, ...] = ()
    rise: float = 0.0
    seed: int = 1


@dataclass(frozen=True)
class MapMetadata:
    """Content of ``map.json``, beside the rasters.

    Attributes:
        run: how the run was made whose students are used; ``run_region``: its region.
        return_periods: R [years]; ``levels_p50``: median of the sampled sea levels (R,) [m, region datum].
        tiles: how many; ``reach`` and ``overlap`` [cells] of each.
        provenance: ``simulated`` or ``real``; ``sources``: modality and source, as text.
        warnings: what a reader must know before using the maps.
        job: fingerprint of everything that decided the numbers.
        damage: to assets, and people; ``None`` = the region file names neither assets, zones nor people.
    """

    region: Region
    run: RunMetadata
    run_region: str
    return_periods: tuple[float, ...]
    levels_p50: tuple[float, ...]
    config: MapConfig
    tiles: int
    reach: int
    overlap: int
    provenance: str
    sources: str
    warnings: tuple[str, ...]
    version: str
    commit: str
    job: str
    damage: MapDamage | None = None


def map_large_region(
    region_file: RegionFile,
    run: Path,
    out: str,
    job: str,
    config: MapConfig,
    announce: Announce,
    *,
    resume: bool = False,
    scheduler: str | None = None,
) -> MapMetadata:
    """Map a region with the students of a run that has the same sea.

    Where the region file names radar scenes, the teacher's maps of each tile's past storms are the students' flood
    archive, as in a run; elsewhere the students use the terrain alone.

    Args:
        region_file: the wider region; its terrain is needed; radar and gauges, assets, zones and people are used where
            they are named.
        run: folder of the finished run.
        out: folder of the products, a path or a URL of fsspec.
        job: everything that decides the numbers, as text; an interrupted map of another job is not continued.
        scheduler: of a Dask cluster; ``None`` = this process.

    Raises:
        InputError: what was wrong; no product is written then.
    """
    deployment, forecaster = load_deployment(run), load_forecaster(run).without_site_memory()
    region, periods = region_file.region, _periods(deployment, config.return_periods)
    _check_same_datum_and_grid(region_file, deployment)
    store, tiling, exposed = MapStore(out), Tiling(region.shape), read_exposed(region_file)
    seas = _seas(deployment, periods, config, exposed)
    mapper = _mapper(region_file, deployment, forecaster, store, seas, config, keeps_depths=exposed is not None)
    depths = 0 if exposed is None else seas.all.size
    has_ground = store.begin(job, tiling, len(BANDS) * len(periods), depths, resume=resume)
    progress, tiles = announce("survey the terrain"), tiling.tiles()
    if not has_ground:
        survey(region_file.terrain, region, store, progress)
    progress, left = announce(f"map {len(tiles)} tiles"), store.unfinished(tiles)
    if scheduler is None:
        map_here(mapper, left, progress)
    else:
        map_on_cluster(mapper, left, scheduler, progress)
    consequences = None
    if exposed is not None:
        dry_level = deployment.response.dry_level + config.rise
        with _scratch(store) as scratch:
            consequences = assess(store, region, tiles, exposed, seas, dry_level, config.seed, Path(scratch), announce)
    students = {f"{name} of the run": entry for name, entry in sources_of(deployment.provenance).items()}
    provenance = {**students, **_own_provenance(region_file, mapper)}
    if exposed is not None:
        provenance |= exposed.provenance
    tags = provenance_tags(region, provenance, NO_EMBANKMENT_COUNTS)
    metadata = MapMetadata(
        region=region,
        run=deployment.metadata,
        run_region=deployment.region.name,
        return_periods=periods,
        levels_p50=tuple(np.median(seas.levels, axis=0).tolist()),
        config=config,
        tiles=len(tiles),
        reach=tiling.reach,
        overlap=tiling.overlap,
        provenance=tags["PROVENANCE"],
        sources=tags["SOURCES"],
        warnings=(
            *warnings_on(deployment, mapper.past, seas.levels),
            *(() if exposed is None else exposed.warnings),
        ),
        version=version("strandline"),
        commit=commit(),
        job=fingerprint(job),
        damage=None if consequences is None else consequences.summary,
    )
    progress = announce("write the rasters")
    write_products(store, region, tiles, periods, as_json(asdict(metadata)), tags, consequences, progress)
    store.clear()
    return metadata


def _periods(deployment: Deployment, wanted: tuple[float, ...]) -> tuple[float, ...]:
    unknown = sorted(set(wanted) - set(deployment.return_periods))
    if unknown:
        known = ", ".join(f"{period:g}" for period in deployment.return_periods)
        raise InputError("return periods", f"the run has none of {unknown[0]:g} years", f"choose from {known}")
    return tuple(period for period in deployment.return_periods if not wanted or period in wanted)


def _check_same_datum_and_grid(region_file: RegionFile, deployment: Deployment) -> None:
    """Levels and students of the run must be valid here.

    Raises:
        InputError: another vertical datum, cells of another size, or land that sinks.
    """
    wide, own, scenarios = region_file.region, deployment.region, region_file.scenarios
    if scenarios is not None and scenarios.subsidence is not None:
        raise InputError(
            f"region '{wide.name}'",
            "states subsidence, which maps of large regions do not apply to the terrain",
            "lower the terrain to the land of the run's baseline year, and leave [scenarios.subsidence] out",
        )
    if wide.vertical_datum != own.vertical_datum:
        given = f"has vertical datum '{wide.vertical_datum}', the run '{own.vertical_datum}'"
        raise InputError(
            f"region '{wide.name}'", given, "give elevations in the run's datum, by [terrain] offset_to_region_datum"
        )
    if abs(wide.cell_size / own.cell_size - 1) > 0.01:
        given = f"has cells of {wide.cell_size:g} m, the run of {own.cell_size:g} m"
        raise InputError(f"region '{wide.name}'", given, "use the run's cell size")


def _levels(deployment: Deployment, periods: tuple[float, ...], config: MapConfig) -> Floats:
    """(S, R) sampled return levels [m, region datum]."""
    columns = [deployment.return_periods.index(period) for period in periods]
    if not 1 <= config.samples <= len(deployment.return_levels):
        most = len(deployment.return_levels)
        raise InputError("samples", f"{config.samples} were requested", f"the run has {most}; give 1 to {most}")
    rows = np.linspace(0, len(deployment.return_levels) - 1, config.samples).round().astype(int)  # from low to high
    return np.asarray(deployment.return_levels[rows][:, columns] + config.rise)


def _seas(deployment: Deployment, periods: tuple[float, ...], config: MapConfig, exposed: Exposed | None) -> SeaLevels:
    """The sampled levels; where people are counted, also the higher sea that bounds how many are in danger."""
    levels = _levels(deployment, periods, config)
    higher = levels[:, -1:] + RAISED_FOR_PEOPLE if exposed is not None and exposed.counts_people else levels[:, :0]
    return SeaLevels(periods, levels, higher)


def _mapper(
    region_file: RegionFile,
    deployment: Deployment,
    forecaster: Forecaster,
    store: MapStore,
    seas: SeaLevels,
    config: MapConfig,
    *,
    keeps_depths: bool,
) -> TileMapper:
    start = min((start for start, _ in deployment.withheld), default=SOME_YEAR)
    designer = StormDesigner(deployment.sea_level, deployment.mean_sea_level, start)
    rng = np.random.default_rng(config.seed)
    draws = draw_floods(designer, seas.all, forecaster.members, rng, config.rise)
    past, mean = past_storms(region_file, deployment), deployment.mean_sea_level
    higher = seas.higher.shape[1]
    return TileMapper(store, region_file.region, mean, forecaster, tuple(draws), past, keeps_depths, higher)


def _scratch(store: MapStore) -> TemporaryDirectory[str]:
    return TemporaryDirectory(dir=store.root if store.is_local else None, prefix=".partial-")


def past_storms(region_file: RegionFile, deployment: Deployment) -> PastStorms | None:
    """The past storms that the teacher maps in each tile: seen by radar, and not withheld by the run.

    Raises:
        InputError: radar without the run's own gauge, without VH or without a dry reference.
    """
    sar = region_file.sar
    if sar is None:
        return None
    if not region_file.tide_gauge:
        given = "has radar scenes and no [[tide_gauge]]"
        raise InputError(
            f"region '{region_file.region.name}'",
            given,
            "name the run's gauges, which give the sea level of each scene",
        )
    if sar.bands.vh is None or not sar.reference:
        raise InputError("sar", "lacks VH or a dry reference", "give both polarisations and a dry-season mean")
    gauge = read_tide_gauges(region_file.tide_gauge)
    if (name := str(gauge["station"].values[0])) != deployment.gauges[0].name:
        own = deployment.gauges[0].name
        raise InputError("tide_gauge", f"the first is '{name}', the run's own is '{own}'", "name the run's own first")
    usable = np.where(gauge["quality"].values[0] == 0, gauge["water_level"].values[0], np.nan)
    storms = find_whole_storms(gauge["time"].values, usable, RunConfig.storms)
    taken = np.array([as_datetime64(scene.time) for scene in sar.scenes])
    shown = tuple(
        storm
        for storm in storms
        if shows_flood(storm, taken).any()
        and not any(storm.start <= end and start <= storm.end for start, end in deployment.withheld)
    )
    of_flood = np.any([np.zeros(taken.size, dtype=bool), *(shows_flood(storm, taken) for storm in shown)], axis=0)
    scenes = tuple(scene for scene, is_shown in zip(sar.scenes, of_flood, strict=True) if is_shown)
    if not scenes:
        return None
    provenance = {name: provenance_of(region_file, name) for name in ("terrain", "tide_gauge", "sar", "sar_reference")}
    sar = sar.model_copy(update={"scenes": scenes})
    return PastStorms(load_teacher(), shown, gauge, deployment.sea_level, sar, provenance)


def _own_provenance(region_file: RegionFile, mapper: TileMapper) -> dict[str, Provenance]:
    if mapper.past is not None:
        return mapper.past.provenance
    return {"terrain": provenance_of(region_file, "terrain")}


def warnings_on(deployment: Deployment, past: PastStorms | None, levels: Floats) -> tuple[str, ...]:
    """What a reader must know before using maps of sea levels (S, R) [m, region datum]."""
    return (
        f"Students, thresholds and sea levels are those of a run at '{deployment.region.name}'. They were not "
        "tested elsewhere, and the sea level is assumed to be the same.",
        *_radar_warnings(past, float(levels.max())),
        "Floods come from the sea of the region's sea point; no map includes rivers or rain.",
        NO_EMBANKMENT_COUNTS,
    )


def _radar_warnings(past: PastStorms | None, highest: float) -> tuple[str, ...]:
    if past is None:
        return ("No radar was read: the students used the terrain alone, whose errors they cannot see.",)
    read = (
        f"Radar of {len(past.storms)} storms was read; where it shows fewer than three, the students used the "
        "terrain alone."
    )
    seen = max(storm.peak_level for storm in past.storms)
    if highest <= seen + EXTRAPOLATION_MARGIN:
        return (read,)
    return (
        read,
        f"Maps reach to a sea level of {highest:.2f} m; the highest storm that radar shows reached {seen:.2f} m. Above "
        f"{seen + EXTRAPOLATION_MARGIN:.2f} m they rest on lower floods alone and may show as dry what "
        "would be flooded: unlike in a run, no extremes are simulated here.",
    )
