"""What is measured, how, and beside whom; one module a benchmark."""

from strandline.cli.threads import limit_threads

limit_threads()  # before torch, numba or numpy is loaded
