"""``strandline map``: the flood of one moment, or the return levels of a large region."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strandline.cli.console import StageDisplay, note, print_json, print_result, warn
from strandline.cli.options import LARGEST_SEED, AsJson, DataFolder
from strandline.errors import InputError, StrandlineError

if TYPE_CHECKING:
    import numpy as np

    from strandline.pipeline.maps.moment.inputs import Moment, SceneFiles

SAMPLES = 12
NOW = "now"
OF_A_MOMENT, OF_RETURN_LEVELS = "One moment", "Return levels of a large region"


def map_floods(
    out: Annotated[
        str, typer.Option(help="Folder for the products: a path; for return levels also a URL that fsspec knows.")
    ],
    regions: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[REGION.toml]...",
            help="Region file (TOML). Without one, a moment is mapped on the grid of its first image. Of several, the"
            " return levels are mapped one after the other, each into a folder of --out.",
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a finished `strandline run`: of this place, whose students map the sea's flood; for return"
            " levels by the same sea.",
            show_default="runs/demo for return levels",
        ),
    ] = None,
    data: DataFolder = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="The moment, UTC, as 2022-11-22T08:30, 'now', or 'latest' for that of the newest image.",
            rich_help_panel=OF_A_MOMENT,
        ),
    ] = None,
    radar_after: Annotated[
        Path | None,
        typer.Option(help="Sentinel-1 image of the flood: VV, or VV and VH; dB or power.", rich_help_panel=OF_A_MOMENT),
    ] = None,
    radar_before: Annotated[
        Path | None, typer.Option(help="The same of before the flood.", rich_help_panel=OF_A_MOMENT)
    ] = None,
    optical_after: Annotated[
        Path | None, typer.Option(help="Sentinel-2 image of the flood.", rich_help_panel=OF_A_MOMENT)
    ] = None,
    optical_before: Annotated[
        Path | None, typer.Option(help="The same of before the flood.", rich_help_panel=OF_A_MOMENT)
    ] = None,
    optical_bands: Annotated[
        str | None,
        typer.Option(
            help="Numbers of green, near and shortwave infrared, as 2,4,5.", show_default="found",
            rich_help_panel=OF_A_MOMENT,
        ),
    ] = None,
    terrain: Annotated[
        Path | None, typer.Option(help="Elevation [m], which gives the depth.", rich_help_panel=OF_A_MOMENT)
    ] = None,
    terrain_error: Annotated[
        float | None,
        typer.Option(min=0, max=20, help="Its standard deviation [m], for the depth's bounds.",
                     rich_help_panel=OF_A_MOMENT),
    ] = None,
    points: Annotated[
        Path | None,
        typer.Option(help="What people saw, an input: points or polygons with a column wet.",
                     rich_help_panel=OF_A_MOMENT),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="The same, to adapt to and to be judged by.", rich_help_panel=OF_A_MOMENT),
    ] = None,
    sea_level: Annotated[
        float | None,
        typer.Option(help="Of the sea at the moment [m, region datum], of a forecast too.",
                     show_default="read by the gauge", rich_help_panel=OF_A_MOMENT),
    ] = None,
    networks: Annotated[
        Path | None,
        typer.Option(help="Folder of `strandline pretrain --scenes`: the networks that map the images.",
                     show_default="what ships", rich_help_panel=OF_A_MOMENT),
    ] = None,
    return_period: Annotated[
        list[float] | None,
        typer.Option(help="One of the run's [years]; give several.", show_default="all of them",
                     rich_help_panel=OF_RETURN_LEVELS),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(min=1, help="Monte-Carlo samples, at most as many as the run drew.", show_default=str(SAMPLES),
                     rich_help_panel=OF_RETURN_LEVELS),
    ] = None,
    rise: Annotated[
        float | None,
        typer.Option(help="Of the mean sea level [m].", min=-5, max=20, show_default="0",
                     rich_help_panel=OF_RETURN_LEVELS),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Address of a Dask scheduler.", show_default="this process alone",
                     rich_help_panel=OF_RETURN_LEVELS),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Continue an interrupted map in --out.", rich_help_panel=OF_RETURN_LEVELS),
    ] = False,
    seed: Annotated[int, typer.Option(help="Of every random stream.", min=0, max=LARGEST_SEED)] = 1,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Map the flood of one moment, from any images, points, ground and sea; or return levels of a large region.

    With --at, or with files of a moment, it is that moment's flood. With a region file and neither, it is the floods of
    the run's return periods, tile by tile.
    """
    from strandline.pipeline.maps.moment.inputs import SceneFiles

    named = regions or []
    files = SceneFiles(
        radar_after, radar_before, optical_after, optical_before, _numbers(optical_bands), terrain, terrain_error,
        points, labels,
    )  # fmt: skip
    of_return_levels = {
        "--return-period": return_period, "--samples": samples, "--rise": rise, "--scheduler": scheduler,
        "--resume": resume,
    }  # fmt: skip
    if at is None and sea_level is None and not files.any:
        if networks is not None:
            raise typer.BadParameter("belongs to the map of a moment", param_hint="--networks")
        if not named:
            raise InputError(
                "strandline map",
                "is given neither a region nor an image",
                "name an image (--radar-after FILE, --optical-after FILE), or REGION.toml with --at TIME for a moment,"
                " or with --run RUN for the return levels of a large region",
            )
        _map_return_levels(
            named, out, run, data, return_period, samples, rise, seed, scheduler, resume=resume, as_json=as_json
        )
        return
    for option, value in of_return_levels.items():
        if value:
            raise typer.BadParameter("belongs to return levels, and a moment is mapped here", param_hint=option)
    if len(named) > 1:
        raise typer.BadParameter("a moment is mapped in one region alone", param_hint="REGION.toml")
    _map_moment(named[0] if named else None, files, out, run, data, at, sea_level, networks, seed, as_json=as_json)


def _map_moment(
    region: Path | None,
    files: "SceneFiles",
    out: str,
    run: Path | None,
    data: Path | None,
    at: str | None,
    sea_level: float | None,
    networks: Path | None,
    seed: int,
    *,
    as_json: bool,
) -> None:
    from strandline.models.weights.load_scene_weights import load_committee
    from strandline.observations.region_file import load_region_file
    from strandline.pipeline.maps.moment.map_moment import map_flood_of_moment
    from strandline.pipeline.maps.moment.products.findings import as_plain, headline

    if "://" in out:
        raise InputError("--out", f"{out} is a URL, and the map of a moment is written to a folder", "name a folder")
    with StageDisplay() as announce:
        region_file = None if region is None else load_region_file(region, data)
        findings = map_flood_of_moment(
            region_file, files, Path(out), load_committee(networks), announce, at=_moment(at),
            sea_level=sea_level, run=run, seed=seed,
        )  # fmt: skip
    for warning in findings.warnings:
        warn(warning)
    if as_json:
        print_json(as_plain(findings))
        return
    for line in findings.notes:
        note(line)
    if findings.mapped_by:
        note(f"images mapped by: {'; '.join(findings.mapped_by)}")
    note(findings.adapted)
    print_result(headline(findings))
    print_result(f"maps: {out}")


def _map_return_levels(
    regions: list[Path],
    out: str,
    run: Path | None,
    data: Path | None,
    return_period: list[float] | None,
    samples: int | None,
    rise: float | None,
    seed: int,
    scheduler: str | None,
    *,
    resume: bool,
    as_json: bool,
) -> None:
    from strandline.pipeline import jobs
    from strandline.pipeline.maps.large_regions.map_region import MapConfig

    config = MapConfig(samples or SAMPLES, tuple(sorted(set(return_period or ()))), rise or 0.0, seed)
    run = Path("runs/demo") if run is None else run
    with StageDisplay() as announce:
        if len(regions) == 1:
            mapped = {
                out: jobs.map_region(regions[0], data, run, out, config, announce, resume=resume, scheduler=scheduler)
            }
            failed: dict[str, StrandlineError] = {}
        else:
            mapped, failed = jobs.map_regions(
                regions, data, run, out, config, announce, resume=resume, scheduler=scheduler
            )
    found = list(mapped.values())
    for warning in dict.fromkeys(str(each) for one in found for each in one["warnings"]):  # type: ignore[union-attr]
        warn(warning)
    if as_json:
        print_json(found[0] if len(regions) == 1 else mapped)
    else:
        for folder in mapped:
            print_result(f"maps: {folder}")
    if failed:
        for error in failed.values():
            warn(str(error))
        what = f"{len(failed)} of {len(regions)} regions were not mapped: {', '.join(failed)}"
        raise InputError("strandline map", what, "correct what the lines above name, then continue with --resume")


def _moment(at: str | None) -> "Moment":
    import numpy as np

    from strandline.pipeline.maps.moment.inputs import LATEST

    if at is None:
        return None
    if at == LATEST:
        return LATEST
    if at == NOW:
        return np.datetime64("now", "ns")
    return utc_of(at, "write 2022-11-22T08:30 (UTC), 2022-11-22T09:30+01:00, now or latest")


def utc_of(at: str, remedy: str) -> "np.datetime64":
    """The time of an option ``--at``; without a zone it is UTC.

    Raises:
        InputError: it is no time; with the remedy.
    """
    import numpy as np
    import pandas as pd

    try:
        time = pd.Timestamp(at)
    except ValueError as error:
        raise InputError("--at", f"'{at}' is no time", remedy) from error
    if pd.isna(time):
        raise InputError("--at", f"'{at}' is no time", remedy)
    utc = time if time.tzinfo is None else time.tz_convert("UTC").tz_localize(None)
    return np.datetime64(utc.isoformat(), "ns")


def _numbers(text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError("--optical-bands", f"'{text}' is no list of numbers", "write 2,4,5") from error
