"""A Dask cluster of processes on this machine, which may be killed."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from distributed import Client

STARTED_S = 60


@dataclass(frozen=True)
class Cluster:
    """A scheduler, its address, and its workers of one thread each."""

    address: str
    scheduler: subprocess.Popen
    workers: list[subprocess.Popen]


@contextmanager
def cluster(workers: int, folder: Path) -> Iterator[Cluster]:
    """A cluster whose processes end with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    scheduler_file = folder / "scheduler.json"
    scheduler_file.unlink(missing_ok=True)
    shared = ["--scheduler-file", str(scheduler_file)]
    with (folder / "cluster.log").open("w") as log:

        def start(what: str, *options: str) -> subprocess.Popen:
            arguments = [sys.executable, "-m", f"distributed.cli.dask_{what}", *options, *shared]
            return subprocess.Popen(arguments, cwd=folder, stdout=log, stderr=log)

        processes = [start("scheduler", "--port", "0")]
        try:
            _wait_for(scheduler_file)
            processes += [start("worker", "--nthreads", "1", "--no-nanny") for _ in range(workers)]
            with Client(scheduler_file=str(scheduler_file), set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=STARTED_S)
                address = client.scheduler.address
            yield Cluster(address, processes[0], processes[1:])
        finally:
            for process in processes:
                process.kill()
                process.wait()


def _wait_for(file: Path) -> None:
    until = time.monotonic() + STARTED_S
    while not file.exists():
        if time.monotonic() > until:
            raise TimeoutError(f"no scheduler wrote {file}")
        time.sleep(0.05)
