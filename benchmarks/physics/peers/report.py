"""Input and output of a peer's script; needs numpy only, so that it runs in the peer's environment."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version

import numpy as np

Storm = Mapping[str, np.ndarray]


def main(package: str, flood: Callable[[Storm, float], tuple[int, int, np.ndarray, str]]) -> None:
    """``SCRIPT storm.npz out.json hours``: run the solver and write the report.

    ``flood(storm, seconds)`` returns cells, steps, the final depth (H, W) and a note on differences.
    """
    storm_path, out, hours = sys.argv[1], sys.argv[2], float(sys.argv[3])
    with np.load(storm_path) as stored:
        storm = {name: stored[name] for name in stored.files}
    began = time.process_time()
    cells, steps, depth, note = flood(storm, hours * 3600.0)
    found = {
        "version": version(package),
        "cells": cells,
        "steps": steps,
        "solving_cpu_s": time.process_time() - began,
        "depth": np.asarray(depth).tolist(),
        "note": note,
    }
    with open(out, "w") as file:
        json.dump(found, file)
