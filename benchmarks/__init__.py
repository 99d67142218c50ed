"""Benchmarks of Strandline and its peers, one package each."""

from strandline.cli.threads import limit_threads

limit_threads()  # before torch, numba or numpy is loaded
