"""A whole run on the smallest coast that theory allows, here or as a process that can be killed."""

import sys
from pathlib import Path

from strandline.distillation.distil import Recipe
from strandline.jobs import Job
from strandline.place import simulate_place
from strandline.stages import Settings


def run_smallest(out: Path, *, resume: bool = False) -> None:
    """Its stages are told on standard output."""
    recipe = Recipe(steps=2, samples=2, windows=4)
    settings = Settings(recipe, storms=16, calibration_storms=9, test_storms=3, windows=20, hazard_samples=3, seed=5)
    job = Job("smallest", lambda progress: simulate_place(32, 12.0, 16, progress), settings)
    job.run(out, lambda name: print(name, flush=True), resume=resume)


if __name__ == "__main__":
    run_smallest(Path(sys.argv[1]), resume="--resume" in sys.argv)
