"""What a run decides, and the model card that records it."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.report.findings import RunResults
from strandline.report.products import as_json


@dataclass(frozen=True)
class RunConfig:
    """What a run decides; the same for real and simulated places.

    Attributes:
        recipe: of the local distillation.
        storms, calibration_storms, test_storms: how many are sought in the record, and how many of them are held out.
        windows: surge windows learned from.
        hazard_samples: Monte-Carlo samples through the whole chain.
        false_dry_rate: share of flooded cells that flood maps may call dry, 0…1; ``None`` = the best overlap.
        seed: of every draw.
    """

    recipe: DistillationConfig = field(default_factory=DistillationConfig)
    storms: int = 40
    calibration_storms: int = 12
    test_storms: int = 8
    windows: int = 800
    hazard_samples: int = 40
    miss_rate: float | None = None
    seed: int = 1


def card(findings: RunResults, settings: RunConfig) -> Mapping[str, object]:
    """The adapted students' model card: data, recipe, seed, commit, scores."""
    facts = {
        "made_by": "strandline run",
        "place": findings.observations.region.name,
        "provenance": {name: p.kind for name, p in findings.observations.provenance.items()},
        "recipe": vars(settings.recipe),
        "seed": settings.seed,
        "commit": findings.run.commit,
        "version": findings.run.version,
        "flood": vars(findings.learning),
        "surge": vars(findings.surge_scores),
        "limits": "Adapted to this place alone. Not for another coast, and not beyond levels seen in training.",
    }
    return {name: as_json(value) for name, value in facts.items()}


def commit() -> str:
    """The commit of the source tree, ``unknown`` outside one."""
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "unknown"
