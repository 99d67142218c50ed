"""The results of a run that a report is made of: hazard, impact, plan, skill scores and how the run was made."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd

from strandline.distillation.adaptation.how_learnt import HowLearnt
from strandline.distillation.adaptation.radar_scenes import RadarScene
from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.observations import Observations, ProvenanceKind
from strandline.planning.plan import Plan
from strandline.report.alerts.issuer import Issuer
from strandline.risk.breaches.repair import Repair
from strandline.risk.expectation import Expectation
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.hazard.joint.driver_floods import DriverFloods, NotMapped
from strandline.risk.hazard.levels.sampled_levels import LevelBasis
from strandline.risk.impact.impact import Impact
from strandline.risk.sensitivity import SensitivityAnalysis
from strandline.risk.timing.by_cell import TimeMap
from strandline.uncertainty.out_of_distribution import OutOfDistribution

SURGE_COLUMNS = ("issue_time", "time", "lead_h", "p10", "p50", "p90", "observed", "tide")
"""Columns of a surge forecast: water levels [m, region datum], one row for each lead; ``observed`` NaN = gap."""


@dataclass(frozen=True)
class LearningScores:
    """Flood-map skill of teacher, student and baselines on held-out storms, as intersection over union [-].

    Attributes:
        finetuned_iou: the pretrained student, adapted with the labels alone; None = not measured.
        labels_only_iou: a new student trained on the labels alone; None = the baselines were not trained.
        retention: student over teacher [-].
        gap_closed: (student − labels only) / (teacher − labels only) [-]; None = undefined, because the difference
            between teacher and labels only lies within noise, or the baselines were not trained.
        pretrained_iou: the pretrained student without adaptation to this site; None = not measured.
        n_labels: labelled maps that the student was trained on.
        n_test_storms: held-out storms; the scores are means over them.
        miss_rate: share of a storm's flooded cells that the student classifies as dry, mean over held-out storms;
            None = no flood of theirs is known.
        target_miss_rate: the miss rate that was requested; None = none.
    """

    provenance: ProvenanceKind
    teacher_iou: float
    student_iou: float
    labels_only_iou: float | None
    pretrained_iou: float | None
    retention: float
    gap_closed: float | None
    n_labels: int
    n_test_storms: int
    finetuned_iou: float | None = None
    miss_rate: float | None = None
    target_miss_rate: float | None = None


@dataclass(frozen=True)
class LeadSkill:
    """Skill of the water-level forecast at one lead, on held-out storms.

    Attributes:
        lead: [h].
        n_hours: observed hours scored.
        rmse: root-mean-square error of the median [m]; ``by_readings``: without weather; ``persistence``, ``tide``: of
            these simple forecasts.
        coverage_90: share of observed levels inside the 90 % interval [-].
        knows_weather: share of the forecasts that rest on weather that was known when they were issued [-].
    """

    lead: int
    n_hours: int
    rmse: float
    by_readings: float
    persistence: float
    tide: float
    coverage_90: float
    knows_weather: float


@dataclass(frozen=True)
class SurgeScores:
    """Water-level forecast skill on held-out storms, up to a day ahead.

    Attributes:
        rmse: root-mean-square error of the median [m].
        coverage_90: share of observed levels inside the 90 % interval [-].
        n_hours: observed hours scored; gaps are not scored.
        baseline_rmse: error of the baseline ``baseline_name`` on the same hours [m].
        coverage_90_in_storms: as ``coverage_90``, in the tenth of the hours with the greatest surges; ``None`` = none.
        storms: held out, with readings.
        peaks_above, peaks_below: those whose highest reading lay above or below the 80 % interval of the last
            forecast that was issued a day before it, or earlier.
        by_lead: the skill at single leads, up to three days.
    """

    rmse: float
    coverage_90: float
    n_hours: int
    baseline_rmse: float | None = None
    baseline_name: str = "tide alone"
    coverage_90_in_storms: float | None = None
    storms: int = 0
    peaks_above: int = 0
    peaks_below: int = 0
    by_lead: tuple[LeadSkill, ...] = ()


@dataclass(frozen=True)
class Reliability:
    """Predicted probability against observed frequency [-] of flooding on held-out storms, one entry for each bin."""

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    cells: tuple[int, ...]


@dataclass(frozen=True)
class RunInfo:
    """How the run was made.

    Attributes:
        started: naive UTC.
        seconds: stage → wall time [s].
        seeds: random stream → seed.
        warnings: sentences that the report shows first.
    """

    started: pd.Timestamp
    seconds: Mapping[str, float]
    seeds: Mapping[str, int]
    commit: str
    version: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class SeaLevelRiseScenario:
    """The same site with a future sea and its land, everything else as today.

    Attributes:
        name: says so where it is that of land after subsidence; every layer of its maps bears it.
        rise: median of the mean sea level against the land [m], above that of the baseline year.
        source: of the rise.
        hazard: its maps; its levels contain the rise.
        expected_annual_damage: [money per year].
        sunk: how much lower the land of the maps lies than in the baseline year, mean over the assets [m].
        frequent: maps of shorter return periods; ``None`` = there are none.
        share_beyond_maps: share of the damage from seas above the highest mapped level [-]; there it is a lower bound.
    """

    name: str
    rise: float
    source: str
    hazard: Hazard
    expected_annual_damage: Expectation
    sunk: float = 0.0
    frequent: Hazard | None = None
    share_beyond_maps: float = 0.0


@dataclass(frozen=True, eq=False)
class RunResults:
    """Everything that the report and the products show.

    Attributes:
        surge: rows of forecasts with ``SURGE_COLUMNS``; one or many issue times.
        observed_maxima: annual (or storm) maxima of the record [m, region datum], for the return-level plot; may be
            empty.
        radar_scenes: those of the place with the sea at their hour; empty = none were given.
        frequent: maps of shorter return periods than the hazard's, from which damage and the chance in any one year
            start as well; ``None`` = there are none.
        levels: what the return levels rest on.
        rise_scenarios: scenarios of sea-level rise.
        information: what drives the uncertainty of the damage, and what would reduce it; None = nothing to reduce.
        maxima_per_year: maxima in a year of record [a-1]; 1 for annual maxima.
        learnt: how the students learnt; None = not recorded.
        flood_times: map of when simulated water arrives and how long it stands; None = not simulated.
        by_driver: what sea, rain and rivers flood in a year together; None = neither rain nor a river is known.
        repairs: of the stretches of embankments, in the order of the plan's; empty = no breaches are sampled.
        place_names: what people call the places, the largest first; ``None`` = not given.
        out_of_distribution: how the site compares with the training coasts; None = not compared.
    """

    observations: Observations
    hazard: Hazard
    impact: Impact
    plan: Plan
    surge: pd.DataFrame
    surge_scores: SurgeScores
    learning: LearningScores
    run: RunInfo
    issuer: Issuer
    levels: LevelBasis
    observed_maxima: Floats = field(default_factory=lambda: np.empty(0))
    maxima_per_year: float = 1.0
    reliability: Reliability | None = None
    rise_scenarios: tuple[SeaLevelRiseScenario, ...] = ()
    out_of_distribution: OutOfDistribution | None = None
    information: SensitivityAnalysis | None = None
    frequent: Hazard | None = None
    radar_scenes: tuple[RadarScene, ...] = ()
    learnt: HowLearnt | None = None
    flood_times: TimeMap | None = None
    by_driver: DriverFloods | NotMapped | None = None
    repairs: tuple[Repair, ...] = ()
    place_names: gpd.GeoDataFrame | None = None

    def __post_init__(self) -> None:
        missing = [column for column in SURGE_COLUMNS if column not in self.surge.columns]
        if missing:
            raise InputError("surge forecast", f"columns {missing} are missing", f"needed: {', '.join(SURGE_COLUMNS)}")
        if np.isnan(self.observed_maxima).any():
            raise InputError("observed maxima", "hold NaN", "leave out years without a maximum")

    @property
    def kinds(self) -> dict[str, set[ProvenanceKind]]:
        """Section of the report → kinds of data behind its numbers."""
        provenance = self.observations.provenance
        flood = {entry.kind for entry in self.hazard.provenance.values()}
        gauge = {provenance[name].kind for name in ("tide_gauge", "weather") if name in provenance} or flood
        assets = {provenance["assets"].kind} if "assets" in provenance else set()
        return {
            "flood": flood,
            "surge": gauge,
            "levels": gauge,
            "assets": flood | assets,
            "plan": flood | assets | gauge,
            "learning": {self.learning.provenance},
        }

    @property
    def provenance(self) -> ProvenanceKind:
        """``simulated`` as soon as any headline number is."""
        return "simulated" if any("simulated" in kinds for kinds in self.kinds.values()) else "real"
