"""The student: a network small enough for a laptop, on the streams that a data-poor coast has."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from strandline.models.batch import DAMAGE_STATES, FLOOD_CLASSES, Batch
from strandline.models.encoders.gauges import GaugeEncoder
from strandline.models.encoders.inflow import InflowEncoder
from strandline.models.flood.archive_attention import ArchiveAttention, attend_to_archive
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_io import MapPrediction, Streams
from strandline.models.flood.inputs import SPARSE, STUDENT_STREAMS, WATERLINE_STREAM, streams_of
from strandline.models.layers import DamageHead
from strandline.models.prediction import Prediction
from strandline.observations.exposure.assets import CURVE_CLASSES

SITE_CHANNELS = 8
SITE_GAIN = 30.0
"""Factor on the site memory: Adam moves a weight by about the learning rate a step, and the map starts from zero."""


class StudentOutput(NamedTuple):
    """A student's prediction and the features it was computed from, for further heads.

    Attributes:
        map: of the flood network.
    """

    prediction: Prediction
    map: MapPrediction


class Student(nn.Module):
    """CNN on terrain, optical and in-situ streams, gauge encoder on the own hourly record, two heads.

    The gauge context modulates the maps by FiLM. From the site's past floods the student takes the waterline features
    and the flood archive, by attention; both may be absent. With ``site_shape`` it has a site memory: a static map,
    trained from zero on the coast that it is adapted to, which corrects errors of the elevation product.

    Args:
        width: channels at half resolution; 24 gives about 0.7 million parameters.
        dropout: dropout rate, in training and in MC dropout.
        site_shape: (H, W) of the site memory; ``None`` = none.
        inflow: whether it takes rain and rivers.
    """

    def __init__(
        self, width: int = 24, dropout: float = 0.1, site_shape: tuple[int, int] | None = None, *, inflow: bool = False
    ) -> None:
        super().__init__()
        token = 3 * width
        self.gauge_encoder = GaugeEncoder(token, 2, 4, stations=1, use_climate=False, dropout=dropout)
        present = sum(STUDENT_STREAMS.values()) + WATERLINE_STREAM + len(STUDENT_STREAMS) + 1
        self.inflow = InflowEncoder(token) if inflow else None
        self.archive = ArchiveAttention(present, inflow=inflow)
        channels = {**STUDENT_STREAMS, "waterlines": WATERLINE_STREAM, "archive": self.archive.out_channels}
        self.map = DenseCNN(
            channels,
            FLOOD_CLASSES,
            width=width,
            dropout=dropout,
            context_width=token,
            sharp=("ground", "waterlines", "archive"),
            static_channels=SITE_CHANNELS,
            sparse=SPARSE,
        )
        self.damage = DamageHead(self.map.full_channels, FLOOD_CLASSES, len(CURVE_CLASSES), DAMAGE_STATES)
        self.site_memory = nn.Parameter(torch.zeros(1, SITE_CHANNELS, *site_shape)) if site_shape else None
        self.feature_width = self.map.feature_width

    def inflow_parameters(self) -> list[nn.Parameter]:
        """The weights that rain and rivers alone reach; none where the student takes neither."""
        additions = (self.inflow, self.archive.inflow)
        return [parameter for part in additions if part is not None for parameter in part.parameters()]

    def forward(self, batch: Batch, *, without_site_memory: bool = False) -> Prediction:
        """Predict from terrain and whatever other modalities the batch holds.

        Args:
            without_site_memory: leave the site memory out; the batch is of another coast.

        Raises:
            InputError: a batch without terrain.
        """
        return self.forward_with_features(batch, without_site_memory=without_site_memory).prediction

    def forward_with_features(self, batch: Batch, *, without_site_memory: bool = False) -> StudentOutput:
        """The prediction and its features; arguments as in `forward`."""
        tokens, seen = self.gauge_encoder(batch)
        weight = seen.to(tokens.dtype)[..., None]
        context = (tokens * weight).sum(1) / weight.sum(1)  # (B, D)
        if self.inflow is not None and batch.inflow is not None:
            context = context + self.inflow(*batch.pair("inflow"))
        static = None if self.site_memory is None or without_site_memory else SITE_GAIN * self.site_memory
        flood = self.map(self._streams(batch), context, static)
        damage = None
        if batch.asset_cell is not None and batch.asset_class is not None:
            damage = self.damage(flood.decoded, flood.logits, batch.asset_cell, batch.asset_class)
        features = {"global": flood.features["global"] + context, "patches": flood.features["patches"]}
        features |= self.gauge_encoder.timed(batch, tokens, seen)
        return StudentOutput(Prediction(flood.logits, damage, features), flood)

    def _streams(self, batch: Batch) -> Streams:
        """The streams of the present, the waterline features and what attention reads from the archive."""
        streams: dict[str, tuple[Tensor, Tensor]] = streams_of(batch, (*STUDENT_STREAMS, "waterlines"))
        if batch.archive is not None:
            channels = {**STUDENT_STREAMS, "waterlines": WATERLINE_STREAM}
            streams["archive"] = attend_to_archive(self.archive, batch, streams, channels)
        return streams
