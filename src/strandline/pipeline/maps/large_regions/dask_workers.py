"""Map tiles in threads of this process, or on the workers of a Dask cluster."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from uuid import uuid4

import torch

from strandline.distillation.training.loop import Progress
from strandline.errors import InputError, require_extra
from strandline.pipeline.maps.large_regions.tile_mapper import TileMapper
from strandline.pipeline.maps.tiles import Tile

ANSWER_S = 20
"""How long to wait for a scheduler [s]."""


def map_here(mapper: TileMapper, tiles: Sequence[Tile], progress: Progress | None = None) -> None:
    """Map tiles side by side, one on each core.

    Each tile uses one thread, as on a worker of a cluster: a convolution's result depends on how it is split.
    """
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)), initializer=torch.set_num_threads, initargs=(1,))
    torch.set_num_threads(1)
    try:
        pending = [pool.submit(mapper.map, tile) for tile in tiles]
        for done, future in enumerate(as_completed(pending), start=1):
            future.result()
            if progress is not None:
                progress(done / len(tiles))
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def map_on_cluster(mapper: TileMapper, tiles: Sequence[Tile], scheduler: str, progress: Progress | None = None) -> None:
    """Map tiles on the workers that a scheduler has; tiles of a lost worker go to another.

    Workers need this version of Strandline, and to reach the store and the region's rasters under the same names.

    Args:
        scheduler: address, as ``tcp://10.0.0.1:8786``.

    Raises:
        InputError: Dask is not installed, no scheduler answers, or what a worker raised.
    """
    require_extra("--scheduler", "dask", "distributed")
    import distributed

    class Carrier(distributed.WorkerPlugin):  # type: ignore[misc]  # also given to workers that join later
        """Sends the mapper to each worker once."""

        def __init__(self, mapper: TileMapper) -> None:
            self.mapper = mapper

    name = f"strandline-{uuid4()}"  # other maps may run on the same cluster

    def map_on_worker(tile: Tile) -> None:
        torch.set_num_threads(1)  # one worker a core
        distributed.get_worker().plugins[name].mapper.map(tile)

    try:
        client = distributed.Client(scheduler, timeout=ANSWER_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(scheduler, f"no Dask scheduler answers ({error})", "start one: dask scheduler") from error
    with client, client.as_current():
        client.register_plugin(Carrier(mapper), name=name)
        try:
            pending = client.map(map_on_worker, tiles, pure=False)
            for done, future in enumerate(distributed.as_completed(pending), start=1):
                future.result()
                if progress is not None:
                    progress(done / len(tiles))
        finally:
            client.unregister_worker_plugin(name)
