"""Scores of a run on its held-out storms."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from strandline.distillation.adaptation.data import ARCHIVE_STREAMS, AdaptationData, reference_classes
from strandline.distillation.waterlines import attach_whole_archive
from strandline.models.batch import Batch
from strandline.models.batching import build_surge_batch, hours_of
from strandline.models.inference import predict, predict_with_tta, student_inputs
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.observations.arrays import Floats, Mask, SingleFloats
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS, LEADS
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.weather.storms import Split, Storm
from strandline.pipeline.study_area import StudyArea
from strandline.pipeline.study_area.flood_scores import kind_of_targets
from strandline.report.findings import LearningScores, Reliability, SurgeScores
from strandline.uncertainty.calibration import choose_threshold
from strandline.uncertainty.forecaster import Forecaster
from strandline.uncertainty.metrics import interval_coverage, overlap_counts, pooled_iou, root_mean_square
from strandline.uncertainty.risk_control import miss_rate

NOISE = 0.03
"""Difference in IoU that ten events cannot resolve; nearer to the teacher the closed gap is undefined."""


@dataclass(frozen=True)
class FloodScores:
    """Flood-map scores on the test storms.

    Attributes:
        iou: method → pooled intersection over union of flooded land [-]; NaN where no test storm has a known flood.
        probability, observed: the forecaster's probability and the outcome on every scored cell, for reliability.
        miss_rate: share of a storm's flooded cells that the forecaster missed, mean over storms; NaN without any.
    """

    iou: dict[str, float]
    probability: npt.NDArray[np.float32]
    observed: Mask
    miss_rate: float


def score_floods(
    test: Batch,
    data: AdaptationData,
    forecaster: Forecaster,
    teacher: Teacher,
    others: Mapping[str, Sequence[Student]],
) -> FloodScores:
    """Score every method on the same test storms; each one's threshold is chosen on the training storms.

    For storms far above all of these the students' thresholds are chosen on the simulated extremes, where there are
    any.

    Args:
        test: all streams; its targets are the truth, or what was surveyed.
        data: its training storms choose the thresholds, and its first-pass maps are the teacher's flood archive.
        forecaster: the calibrated ensemble.
        teacher: sees radar.
        others: method → members.
    """
    land_of_test = test.land
    if test.flood_class is None or test.flood_valid is None:
        truth = valid = np.zeros(land_of_test.shape, dtype=bool)  # nothing was surveyed: every score is undefined
    else:
        truth, valid = (test.flood_class > 0).numpy(), (test.flood_valid & land_of_test).numpy()
    training, extremes = data.training, data.physics_augmented
    known, land = (reference_classes(training, data.teacher_predictions.training) > 0).numpy(), training.land.numpy()
    beyond = np.zeros(len(test), dtype=bool) if data.archive is None else data.archive.is_beyond(test).numpy()

    def iou_of(networks: Sequence[Student]) -> float:
        def flooded(batch: Batch) -> SingleFloats:
            return _flood_probability([predict(network, batch) for network in networks])

        without_archive = student_inputs(training.without(*ARCHIVE_STREAMS))  # the archive is the teacher's
        thresholds = np.full((len(test), 1, 1), choose_threshold(flooded(without_archive), known, land))
        if extremes is not None:
            observed, where = (extremes.require("flood_class") > 0).numpy(), extremes.land.numpy()
            thresholds[beyond] = choose_threshold(flooded(extremes.without(*ARCHIVE_STREAMS)), observed, where)
        return pooled_iou(overlap_counts(flooded(student_inputs(test)) >= thresholds, truth, valid))

    def teacher_iou() -> float:
        threshold = choose_threshold(_flood_probability([data.teacher_predictions.training]), known, land)
        prediction = predict_with_tta(teacher, attach_whole_archive(test, data.first_pass))
        return pooled_iou(overlap_counts(_flood_probability([prediction]) >= threshold, truth, valid))

    probability = forecaster.predict(student_inputs(test)).flood_probability
    extent = probability >= forecaster.thresholds(test)[:, None, None]
    scores = {"distilled": pooled_iou(overlap_counts(extent, truth, valid)), "teacher": teacher_iou()}
    scores |= {method: iou_of(members) for method, members in others.items()}
    missed = miss_rate(extent, truth, valid)[(truth & valid).any(axis=(1, 2))]
    return FloodScores(scores, probability[valid], truth[valid], float(missed.mean()) if missed.size else float("nan"))


def _flood_probability(predictions: Sequence[Prediction]) -> SingleFloats:
    """(B, H, W) mean probability that a cell is flooded."""
    mean: SingleFloats = np.mean(
        [1 - each.flood_logits.softmax(1)[:, 0].numpy() for each in predictions if each.flood_logits is not None], 0
    )
    return mean


@dataclass(frozen=True, eq=False)
class SurgeTable:
    """Forecasts issued through held-out storms.

    Attributes:
        rows: ``issue_time``, ``time``, ``lead_h``, ``p10``, ``p50``, ``p90``, ``observed``, ``tide``, and the bounds of
            the 90 % interval ``p05``, ``p95``; water levels [m, region datum]; ``observed`` NaN = gap.
            ``persistence`` is the tide plus the last observed surge, NaN where the own gauge was silent for 72 h.
    """

    rows: pd.DataFrame

    def scores(self) -> dict[str, float]:
        """RMSE [m] of the median, of persistence and of the tide alone on the same hours; interval coverage [-]."""
        rows = self.rows[(self.rows["lead_h"] > 0) & self.rows["observed"].notna()]
        observed = rows["observed"].to_numpy()
        return {
            "rmse": root_mean_square(rows["p50"].to_numpy() - observed),
            "rmse_persistence": root_mean_square(rows["persistence"].to_numpy() - observed),
            "rmse_tide": root_mean_square(rows["tide"].to_numpy() - observed),
            "coverage_90": _coverage(rows),
            "coverage_90_in_storms": _coverage(_stormiest(rows)),
            "n_hours": float(len(rows)),
        }

    def peaks(self) -> pd.DataFrame:
        """The highest reading of each storm, in the row of the earliest forecast that reaches to it."""
        rows = self.rows[(self.rows["lead_h"] > 0) & self.rows["observed"].notna()].sort_values("issue_time")
        storm = (rows["issue_time"].diff() > pd.Timedelta(hours=LEADS)).cumsum()
        highest = rows["observed"] == rows["observed"].groupby(storm).transform("max")
        return rows[highest].groupby(storm[highest]).first()


def _coverage(rows: pd.DataFrame) -> float:
    """Share of readings inside the 90 % interval [-]."""
    return interval_coverage(*(rows[name].to_numpy() for name in ("p05", "p95", "observed")))


def _stormiest(rows: pd.DataFrame) -> pd.DataFrame:
    """The tenth of the hours in which the sea stands highest above the tide."""
    surge = rows["observed"] - rows["tide"]
    return rows[surge >= surge.quantile(0.9)]


def surge_scores(surge: SurgeTable) -> SurgeScores:
    """RMSE and coverage on the held-out storms, beside the better of tide alone and persistence; and their peaks."""
    scores = surge.scores()
    baselines = {"tide alone": scores["rmse_tide"], "persistence": scores["rmse_persistence"]}
    name = min(baselines, key=lambda key: baselines[key])
    peaks = surge.peaks()
    return SurgeScores(
        scores["rmse"],
        scores["coverage_90"],
        int(scores["n_hours"]),
        baselines[name],
        name,
        scores["coverage_90_in_storms"],
        len(peaks),
        int((peaks["observed"] > peaks["p90"]).sum()),
        int((peaks["observed"] < peaks["p10"]).sum()),
    )


def learning_scores(
    floods: FloodScores, area: StudyArea, split: Split, target_miss_rate: float | None
) -> LearningScores:
    """The learning table: retention S/T, and the gap (S − B)/(T − B) where T − B is more than noise.

    Without the baselines (``RunConfig.evaluate``) B is unknown, and so is the gap.
    """
    teacher, student, base = (floods.iou.get(name) for name in ("teacher", "distilled", "labels_only"))
    assert teacher is not None
    assert student is not None
    survey = area.storm_observations.flood_survey
    labels = 0
    if survey is not None:
        labels = sum(bool(storm.contains(survey["time"].values).any()) for storm in split.training)
    return LearningScores(
        provenance=kind_of_targets(area.storm_observations, split.test),
        teacher_iou=teacher,
        student_iou=student,
        labels_only_iou=base,
        pretrained_iou=floods.iou["pretrained"],
        retention=student / teacher if teacher > 0 else float("nan"),
        gap_closed=None if base is None or teacher - base <= NOISE else (student - base) / (teacher - base),
        n_labels=labels,
        n_test_storms=len(split.test),
        finetuned_iou=floods.iou.get("pretrained_finetuned"),
        miss_rate=None if math.isnan(floods.miss_rate) else floods.miss_rate,
        target_miss_rate=target_miss_rate,
    )


def reliability(floods: FloodScores, bins: int = 10) -> Reliability | None:
    """Forecast and observed frequency of flooding on the test storms, per bin of probability; ``None`` without any."""
    if not floods.observed.size:
        return None
    index = np.minimum((floods.probability * bins).astype(int), bins - 1)
    kept = [i for i in range(bins) if (index == i).any()]
    return Reliability(
        tuple(float(floods.probability[index == i].mean()) for i in kept),
        tuple(float(floods.observed[index == i].mean()) for i in kept),
        tuple(int((index == i).sum()) for i in kept),
    )


def forecast_surge(
    forecaster: Forecaster, observations: Observations, storms: Sequence[Storm], sea_level: SeaLevelModel
) -> SurgeTable:
    """Forecasts issued every third hour through each storm, from the own gauge, the tide and the season alone."""
    gauge = observations.require_gauge()
    mean = float(gauge["mean_sea_level"].values[0])
    tables = []
    for storm in storms:
        issue = hours_of(observations, storm)
        if not issue.size:
            continue
        batch = student_inputs(build_surge_batch(observations, issue, sea_level, "survey"))
        surge, surge_valid = batch.pair("surge")
        forecast = forecaster.predict(batch)
        low, high = forecaster.surge_interval(forecast, 0.8)
        lowest, highest = forecaster.surge_interval(forecast, 0.9)
        base = batch.tide[:, CONTEXT_HOURS - 1 :].numpy() + mean  # (B, 25)
        observed = np.where(surge_valid.numpy(), base + surge.numpy(), np.nan)
        residual = (batch.gauge[:, 0] - batch.tide[:, :CONTEXT_HOURS]).numpy()
        persistence = base + _last_seen(residual, batch.gauge_seen[:, 0].numpy())[:, None]
        lead = np.arange(LEADS)
        columns = {
            "issue_time": np.repeat(issue, LEADS),
            "time": (issue[:, None] + lead.astype("timedelta64[h]")).ravel(),
            "lead_h": np.tile(lead, issue.size),
            "p10": (base + low).ravel(),
            "p50": (base + forecast.surge_mean).ravel(),
            "p90": (base + high).ravel(),
            "observed": observed.ravel(),
            "tide": base.ravel(),
            "p05": (base + lowest).ravel(),
            "p95": (base + highest).ravel(),
            "persistence": persistence.ravel(),
        }
        tables.append(pd.DataFrame(columns))
    return SurgeTable(pd.concat(tables, ignore_index=True))


def _last_seen(residual: npt.NDArray[np.float32], seen: npt.NDArray[np.bool_]) -> Floats:
    """(B,) latest observed value of (B, 72); NaN where nothing was observed."""
    back = np.argmax(seen[:, ::-1], axis=1)
    last = residual[np.arange(len(residual)), residual.shape[1] - 1 - back]
    return np.where(seen.any(axis=1), last, np.nan)
