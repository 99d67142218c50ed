"""``strandline map`` for one moment: collect what there is, map it, write the files."""

from pathlib import Path
from tempfile import TemporaryDirectory

from strandline.distillation.training.loop import Announce
from strandline.errors import InputError
from strandline.files import exclusive_use
from strandline.models.flood.scenes.scene_map import SceneMapper
from strandline.observations.region_file import RegionFile
from strandline.pipeline.deployment import load_deployment
from strandline.pipeline.maps.moment.estimate import estimate
from strandline.pipeline.maps.moment.inputs import Moment, SceneFiles, collect_inputs
from strandline.pipeline.maps.moment.layers import Layers
from strandline.pipeline.maps.moment.products.files import PICTURE, write_products
from strandline.pipeline.maps.moment.products.findings import MomentFindings, findings_of
from strandline.pipeline.maps.moment.products.picture import write_picture
from strandline.pipeline.maps.moment.sea import sea_at
from strandline.pipeline.maps.moment.sea_flood import SeaFloodRun
from strandline.pipeline.run_folder.generations import open_run
from strandline.uncertainty.forecaster import load_forecaster


def map_flood_of_moment(
    region_file: RegionFile | None,
    files: SceneFiles,
    out: Path,
    mapper: SceneMapper,
    announce: Announce,
    *,
    at: Moment = None,
    sea_level: float | None = None,
    run: Path | None = None,
    seed: int = 1,
) -> MomentFindings:
    """Map the flood of one moment from whatever shows it.

    Args:
        region_file: ``None`` = the grid of the first raster in ``files``.
        out: folder of the products.
        mapper: of water in images.
        at: the moment; ``None`` = that of the newest file, or no image where none is given.
        sea_level: of the sea at the moment [m, region datum]; ``None`` = what a gauge read, or the run's tide.
        run: folder of a finished run of the place, whose students map the sea's flood.
        seed: of every random stream.

    Raises:
        InputError: what was wrong; no product is written then.
    """
    if region_file is None and (run is not None or sea_level is not None):
        option = "--run" if run is not None else "--sea-level"
        raise InputError(option, "needs a region file, which has the ground and its datum", "name REGION.toml")
    progress = announce("read what there is")
    inputs = collect_inputs(region_file, files, at)
    sea_run = None
    if run is not None:
        open_run(run)
        sea_run = SeaFloodRun(run, load_deployment(run), load_forecaster(run))
    deployment = None if sea_run is None else sea_run.deployment
    sea = None if region_file is None else sea_at(region_file, inputs.time, sea_level, deployment)
    if progress is not None:
        progress(1.0)
    with exclusive_use(out, "is in use by another map", "wait for it, or name another --out"):
        if (out / "summary.json").exists():
            raise InputError(out, "holds a run, whose files would be mixed with the map's", "name another --out")
        with TemporaryDirectory(dir=out, prefix=".unfinished-") as folder:
            layers = Layers(Path(folder), inputs.region.shape)
            made = estimate(inputs, mapper, sea, sea_run, layers, announce, seed=seed)
            findings = findings_of(inputs, made, sea, layers)
            announce("write the files")
            write_products(out, inputs.region, layers, findings)
            write_picture(out / PICTURE, inputs.region, layers, findings)
    return findings
