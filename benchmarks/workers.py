"""Parts of a benchmark at the same time, each in a process of its own, with one bar for all."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import Manager, get_context
from queue import Empty, Queue
from typing import TypeAlias, TypeVar

from benchmarks.progress import Progress

Messages: TypeAlias = "Queue[str | None]"
"""Gets the name of each stage of a part, and ``None`` after each of its steps."""
T = TypeVar("T")


def run_parts(parts: Sequence[Callable[[Messages], T]], processes: int, steps: int) -> list[T]:
    """What each part gives, in order.

    Args:
        parts: can be pickled.
        processes: at most so many at a time; one part after the other needs no further process.
        steps: of all parts, for the bar.
    """
    with Progress() as bar, _pool(processes) as (pool, messages):
        task = bar.add_task("", total=steps)
        futures = [pool.submit(part, messages) for part in parts]
        while not all(future.done() for future in futures) or not messages.empty():
            with suppress(Empty):
                message = messages.get(timeout=1)
                bar.update(task, description=message or "", advance=0 if message else 1)
        return [future.result() for future in futures]


@contextmanager
def _pool(processes: int) -> Iterator[tuple[Executor, Messages]]:
    if processes == 1:
        with ThreadPoolExecutor(1) as pool:
            yield pool, Queue()
        return
    with Manager() as manager, ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield pool, manager.Queue()
