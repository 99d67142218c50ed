"""How the processes of a training start."""

import multiprocessing
import sys
from multiprocessing.context import ForkServerContext, SpawnContext


def process_context(module: str) -> ForkServerContext | SpawnContext:
    """Start processes that have a module, and torch with it, in memory.

    Under Linux they are forks of one process that has imported the module and does nothing else, so that a start takes
    milliseconds in place of seconds. Elsewhere each imports the module for itself: the system libraries of macOS do not
    outlive a fork, and Windows has none.

    Args:
        module: name of the module whose functions they run; the first call in a process decides.
    """
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module, "torch._dynamo"])  # the first optimiser of a process would load the latter
    return context
