"""The student: a network small enough for a laptop, on the streams that a data-poor coast has."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from strandline.models.batch import DAMAGE_STATES, FLOOD_CLASSES, Batch
from strandline.models.flood.archive_attention import ArchiveAttention, attend_to_archive
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_io import MapPrediction, Streams
from strandline.models.flood.inputs import SPARSE, STUDENT_STREAMS, WATERLINE_STREAM, streams_of
from strandline.models.layers import DamageHead
from strandline.models.prediction import Prediction
from strandline.models.surge_encoder import SurgeDecoder, SurgeEncoder
from strandline.observations.exposure.assets import CURVE_CLASSES

SITE_CHANNELS = 8
SITE_GAIN = 30.0
"""Factor on the site memory: Adam moves a weight by about the learning rate a step, and the map starts from zero."""


class StudentOutput(NamedTuple):
    """A student's prediction and the features it was computed from, for further heads.

    Attributes:
        context: (B, D) gauge features; ``map``: of the flood network, ``None`` without terrain.
    """

    prediction: Prediction
    context: Tensor
    map: MapPrediction | None


class Student(nn.Module):
    """CNN on terrain, optical and in-situ streams, gauge encoder on the own hourly record, three heads.

    The gauge context modulates the maps by FiLM. From the site's past floods the student takes the waterline features
    and the flood archive, by attention; both may be absent. With ``site_shape`` it has a site memory: a static map,
    trained from zero on the coast that it is adapted to, which corrects errors of the elevation product.

    Args:
        width: channels at half resolution; 24 gives about 0.7 million parameters.
        dropout: dropout rate, in training and in MC dropout.
        site_shape: (H, W) of the site memory; ``None`` = none.
    """

    def __init__(self, width: int = 24, dropout: float = 0.1, site_shape: tuple[int, int] | None = None) -> None:
        super().__init__()
        token = 3 * width
        self.surge = SurgeEncoder(token, 2, 4, stations=1, use_climate=False, dropout=dropout)
        self.surge_decoder = SurgeDecoder(token, 4, dropout)
        present = sum(STUDENT_STREAMS.values()) + WATERLINE_STREAM + len(STUDENT_STREAMS) + 1
        self.archive = ArchiveAttention(present)
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

    def forward(self, batch: Batch, *, without_site_memory: bool = False) -> Prediction:
        """Predict from whatever modalities the batch holds; without terrain there is no flood map.

        Args:
            without_site_memory: leave the site memory out; the batch is of another coast.
        """
        return self.forward_with_features(batch, without_site_memory=without_site_memory).prediction

    def forward_with_features(
        self,
        batch: Batch,
        *,
        without_site_memory: bool = False,
        residual_prediction: tuple[Tensor, Tensor] | None = None,
    ) -> StudentOutput:
        """The prediction and its features.

        Args:
            without_site_memory: as in `forward`.
            residual_prediction: result of `predict_surge_from_own_readings` on the batch, if already computed.
        """
        tokens, seen = self.surge(batch)
        mean, scale = self.surge_decoder(tokens, seen, batch, residual_prediction)
        weight = seen.to(tokens.dtype)[..., None]
        context = (tokens * weight).sum(1) / weight.sum(1)  # (B, D)
        if batch.terrain is None:
            return StudentOutput(Prediction(mean, scale, features={"global": context}), context, None)
        static = None if self.site_memory is None or without_site_memory else SITE_GAIN * self.site_memory
        flood = self.map(self._streams(batch), context, static)
        damage = None
        if batch.asset_cell is not None and batch.asset_class is not None:
            damage = self.damage(flood.decoded, flood.logits, batch.asset_cell, batch.asset_class)
        features = {"global": flood.features["global"] + context, "patches": flood.features["patches"]}
        features |= self.surge.timed(batch, tokens, seen)
        return StudentOutput(Prediction(mean, scale, flood.logits, damage, features), context, flood)

    def _streams(self, batch: Batch) -> Streams:
        """The streams of the present, the waterline features and what attention reads from the archive."""
        streams: dict[str, tuple[Tensor, Tensor]] = streams_of(batch, (*STUDENT_STREAMS, "waterlines"))
        if batch.archive is not None:
            channels = {**STUDENT_STREAMS, "waterlines": WATERLINE_STREAM}
            streams["archive"] = attend_to_archive(self.archive, batch, streams, channels)
        return streams

    def local_parameters(self) -> list[nn.Parameter]:
        """Parameters that are trained on a single coast: the site memory and the surge decoder.

        The others are trained on many coasts; a dozen storms of one coast would only overwrite them.

        Raises:
            ValueError: the student has no site memory.
        """
        if self.site_memory is None:
            raise ValueError("this student has no site memory; give `site_shape`")
        return [self.site_memory, *self.surge_decoder.parameters()]
