"""Map tiles in threads of this process, or on the workers of a Dask cluster."""

import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager
from uuid import uuid4

import torch

from strandline.distillation.training.loop import Progress
from strandline.errors import InputError, require_extra
from strandline.pipeline.maps.large_regions.tile_mapper import TileMapper
from strandline.pipeline.maps.tiles import Tile

ANSWER_S = 20
"""How long to wait for a scheduler [s]."""


class LostScheduler(InputError):
    """A Dask scheduler that does not answer, or no more."""


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

    Workers need this version of Strandline, and to reach the store and the region's rasters under the same names. If
    the scheduler is lost, its finished tiles stay in the store.

    Args:
        scheduler: address, as ``tcp://10.0.0.1:8786``.

    Raises:
        LostScheduler: none answers, or it was lost.
        InputError: Dask is not installed, too many workers were lost, or what a worker raised.
    """
    require_extra("--scheduler", "dask", "distributed")
    import distributed
    from distributed.comm import CommClosedError

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
        raise LostScheduler(scheduler, f"no Dask scheduler answers ({error})", "start one: dask scheduler") from error
    is_lost = False
    with _closing_quietly(client), client.as_current():
        try:
            client.register_plugin(Carrier(mapper), name=name)
            pending = client.map(map_on_worker, tiles, pure=False)
            for done, future in enumerate(distributed.as_completed(pending), start=1):
                future.result()
                if progress is not None:
                    progress(done / len(tiles))
        except distributed.KilledWorker as error:
            remedy = "give workers more memory, then continue with --resume"
            raise InputError(scheduler, f"lost worker after worker on one tile ({error})", remedy) from error
        except (CancelledError, OSError) as error:
            is_lost = client.status != "running" or isinstance(error, CancelledError | CommClosedError)
            if not is_lost:
                raise  # of a worker
            what = "the Dask scheduler was lost, or cancelled the tiles; finished ones are kept"
            raise LostScheduler(scheduler, what, "start it again, then continue with --resume") from error
        finally:
            if not is_lost:
                client.unregister_worker_plugin(name)


@contextmanager
def _closing_quietly(client: AbstractContextManager[object]) -> Iterator[None]:
    """Close the client of a cluster; of a lost one without its traceback, since a sentence tells the loss."""
    log = logging.getLogger("distributed.client")
    level = log.level
    try:
        with client:
            try:
                yield
            except InputError:
                log.setLevel(logging.CRITICAL)
                raise
    finally:
        log.setLevel(level)
