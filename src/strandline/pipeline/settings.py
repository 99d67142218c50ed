"""The settings of a run, and the model card that records them."""

import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.planning.early_action.hindcast import MOST_YEARS
from strandline.report.findings import RunResults
from strandline.report.products import as_json


@dataclass(frozen=True)
class RunConfig:
    """The settings of a run; the same for real and simulated study areas.

    Attributes:
        distillation: of the teacher into the students, on the study area.
        storms, calibration_storms, test_storms: how many storms are taken from the record, and how many of them are
            held out.
        hazard_samples: flood maps at each return period, of as many storms.
        damage_draws: Monte-Carlo draws of sea levels and damage curves that read these maps, at least.
        hindcast_years: longest record on which the plan's triggers are tested [a].
        miss_rate: share of flooded cells that flood maps may miss, 0…1; ``None`` = the threshold of the best overlap.
        evaluate: also train the baselines and score them. Without them the gain of distillation is unknown.
        seed: of every random stream.
    """

    distillation: DistillationConfig = field(default_factory=DistillationConfig)
    storms: int = 40
    calibration_storms: int = 12
    test_storms: int = 8
    hazard_samples: int = 40
    damage_draws: int = 400
    hindcast_years: float = MOST_YEARS
    miss_rate: float | None = None
    evaluate: bool = False
    seed: int = 1

    @property
    def draws(self) -> int:
        """Draws of sea levels and damage curves, as many for each map."""
        return -(-self.damage_draws // self.hazard_samples) * self.hazard_samples


def model_card(results: RunResults, config: RunConfig) -> Mapping[str, object]:
    """The adapted students' model card: data, settings, seed, commit, scores."""
    content = {
        "made_by": "strandline run",
        "study_area": results.observations.region.name,
        "provenance": {name: p.kind for name, p in results.observations.provenance.items()},
        "distillation": asdict(config.distillation),
        "seed": config.seed,
        "commit": results.run.commit,
        "version": results.run.version,
        "flood": vars(results.learning),
        "surge": vars(results.surge_scores),
        "limits": "Adapted to this place alone. Not for another coast, and not beyond levels in the training record.",
    }
    return {name: as_json(value) for name, value in content.items()}


def commit() -> str:
    """The commit of the source tree, ``unknown`` outside one."""
    head = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return head.stdout.strip() or "unknown"
