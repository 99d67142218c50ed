"""Threads of the numeric libraries, set once before any of them is loaded."""

import os

POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables that size the thread pools of torch and BLAS when they are first loaded."""
PROCESSES = "STRANDLINE_PROCESSES"
"""Members of an ensemble that are trained at a time, as `distillation.adaptation.train_members` reads it."""


def limit_threads() -> None:
    """One thread for each pool, unless the user has set it otherwise.

    torch and BLAS each keep a pool with a thread per core, and a thread that waits for the others spins. On a busy
    machine a waiting thread so takes the core from the one that it waits for: a run took six to ten times its processor
    time. The grids and networks here are small: one thread is as fast on an idle machine, and results do not depend on
    the number of cores. What is worth several cores (tiles of a large region, coasts for pre-training) runs in workers
    of one thread each; so are the members of an ensemble trained, half as many again at a time as there are cores. The
    flood solver keeps no pool: it simulates a storm on each core (numba's number of threads), and no storm waits for
    another.

    Call it before torch, numba or numpy is imported; it changes nothing afterwards.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # for users who set more threads: wait without spinning
    for variable in POOLS:
        os.environ.setdefault(variable, "1")
    os.environ.setdefault(PROCESSES, str(3 * (os.cpu_count() or 1) // 2))  # three members on two cores end together
