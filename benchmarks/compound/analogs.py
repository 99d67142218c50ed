"""A baseline without a network: past floods whose sea, rain and discharge were nearest to those of the event."""

import torch

from benchmarks.delta.methods import ANALOGS
from benchmarks.delta.scoring import Predictor
from strandline.distillation.adaptation.data import AdaptationData
from strandline.models.batch import Batch
from strandline.models.encoders.gauges import peak_of
from strandline.models.encoders.inflow import summarise_inflow
from strandline.models.inference import student_inputs
from strandline.observations.arrays import SingleFloats


def nearest_by_drivers(data: AdaptationData) -> Predictor:
    """Mean of the teacher's maps of the past storms with the nearest peak level, rain of three days and discharge.

    Each driver counts in standard deviations of the past storms; one that is not known makes no difference.
    """
    archive = data.archive
    assert archive is not None
    assert archive.inflow is not None
    assert archive.inflow_seen is not None
    past = torch.cat([archive.level[:, None], archive.inflow], dim=1)
    past_known = torch.cat([torch.ones_like(archive.level[:, None], dtype=torch.bool), archive.inflow_seen], dim=1)
    scale = past.std(dim=0).clamp(min=1e-6)

    def predictor(batch: Batch) -> SingleFloats:
        inflow, inflow_known = summarise_inflow(*batch.pair("inflow"))
        level = peak_of(student_inputs(batch))[:, None]
        present, known = (
            torch.cat([level, inflow], 1),
            torch.cat([torch.ones_like(level, dtype=torch.bool), inflow_known], 1),
        )
        difference = (present[:, None] - past) / scale * (known[:, None] & past_known)
        nearest = difference.norm(dim=2).topk(min(ANALOGS, len(archive)), largest=False).indices
        return archive.class_probability[nearest].mean(1).numpy()

    return predictor
