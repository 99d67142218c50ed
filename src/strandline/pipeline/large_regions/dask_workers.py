"""Who maps the tiles: the threads of this process, or the workers of a Dask cluster."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from uuid import uuid4

import torch

from strandline.distillation.training.loop import Progress
from strandline.errors import InputError
from strandline.pipeline.large_regions.tile_mapper import Mapper
from strandline.pipeline.large_regions.tiles import Tile

ANSWER_S = 20
"""[s] that a scheduler is waited for."""


def map_here(mapper: Mapper, tiles: Sequence[Tile], progress: Progress | None = None) -> None:
    """Map tiles side by side, as many as PyTorch has threads.

    Each by one thread, as a worker of a cluster does: the numbers of a convolution hang on how it is shared out.
    """
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
    torch.set_num_threads(1)
    try:
        futures = [pool.submit(mapper.map, tile) for tile in tiles]
        for done, future in enumerate(as_completed(futures), start=1):
            future.result()
            if progress is not None:
                progress(done / len(tiles))
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def map_on_cluster(mapper: Mapper, tiles: Sequence[Tile], scheduler: str, progress: Progress | None = None) -> None:
    """Map tiles on the workers that a scheduler has; those that a lost worker held are mapped by another.

    Workers need this version of Strandline, and to reach the store and the region's rasters under the same names.

    Args:
        scheduler: address, as ``tcp://10.0.0.1:8786``.

    Raises:
        InputError: Dask is not installed, or nobody answers; or what a worker raised.
    """
    try:
        import distributed
    except ModuleNotFoundError as missing:
        raise InputError("--scheduler", f"{missing.name} is missing", "pip install 'strandline[dask]'") from missing

    class Carrier(distributed.WorkerPlugin):  # type: ignore[misc]  # workers that come later are given it as well
        """Brings the mapper to each worker once."""

        def __init__(self, mapper: Mapper) -> None:
            self.mapper = mapper

    name = f"strandline-{uuid4()}"  # others may map on the same cluster

    def map_there(tile: Tile) -> None:
        torch.set_num_threads(1)  # a worker a core
        distributed.get_worker().plugins[name].mapper.map(tile)

    try:
        client = distributed.Client(scheduler, timeout=ANSWER_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(scheduler, f"no Dask scheduler answers ({error})", "start one: dask scheduler") from error
    with client, client.as_current():
        client.register_plugin(Carrier(mapper), name=name)
        try:
            futures = client.map(map_there, tiles, pure=False)
            for done, future in enumerate(distributed.as_completed(futures), start=1):
                future.result()
                if progress is not None:
                    progress(done / len(tiles))
        finally:
            client.unregister_worker_plugin(name)
