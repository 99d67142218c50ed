"""The student: small enough for a laptop, fed by what a place without data has."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from strandline.models.batch import DAMAGE_STATES, FLOOD_CLASSES, Batch
from strandline.models.flood.archive_attention import ArchiveAttention, read_archive
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_io import MapPrediction, Streams
from strandline.models.flood.inputs import SPARSE, STUDENT_STREAMS, WATERLINE_STREAM, streams_of
from strandline.models.layers import DamageHead
from strandline.models.prediction import Prediction
from strandline.models.surge_encoder import SurgeDecoder, SurgeEncoder
from strandline.observations.assets import CURVE_CLASSES

PLACE_CHANNELS = 8
PLACE_GAIN = 30.0
"""Adam moves every number by about the learning rate a step; a map that starts from zero must get further than that."""


class Reading(NamedTuple):
    """A student's word and what it rests on, for further heads.

    Attributes:
        context: (B, D) what the gauge says; ``map``: ``None`` without terrain.
    """

    word: Prediction
    context: Tensor
    map: MapPrediction | None


class Student(nn.Module):
    """CNN on terrain, optical and in-situ streams, gauge encoder on the own hourly record, three heads.

    The gauge modulates the maps by FiLM. Of the place's own past it takes the strandlines, and asks the archive of its
    floods for what looked like now; both may be absent. With ``site_shape`` the student owns a static map of the coast
    it is adapted to, learned from zero: what the elevation product gets wrong there.

    Args:
        width: channels at half resolution; 24 gives about 0.7 million parameters.
        dropout: share dropped, in training and in MC dropout.
        place_shape: (H, W) of the coast that it will be adapted to, or ``None`` for a student of no place.
    """

    def __init__(self, width: int = 24, dropout: float = 0.1, site_shape: tuple[int, int] | None = None) -> None:
        super().__init__()
        token = 3 * width
        self.surge = SurgeEncoder(token, 2, 4, stations=1, sees_climate=False, dropout=dropout)
        self.surge_decoder = SurgeDecoder(token, 4, dropout)
        now = sum(STUDENT_STREAMS.values()) + WATERLINE_STREAM + len(STUDENT_STREAMS) + 1
        self.archive = ArchiveAttention(now)
        channels = {**STUDENT_STREAMS, "waterlines": WATERLINE_STREAM, "archive": self.archive.out_channels}
        self.map = DenseCNN(
            channels,
            FLOOD_CLASSES,
            width=width,
            dropout=dropout,
            context_width=token,
            sharp=("ground", "waterlines", "archive"),
            static_channels=PLACE_CHANNELS,
            sparse=SPARSE,
        )
        self.damage = DamageHead(self.map.full_channels, FLOOD_CLASSES, len(CURVE_CLASSES), DAMAGE_STATES)
        self.place = nn.Parameter(torch.zeros(1, PLACE_CHANNELS, *site_shape)) if site_shape else None
        self.feature_width = self.map.feature_width

    def forward(self, batch: Batch, *, elsewhere: bool = False) -> Prediction:
        """Answer with whatever the batch holds; without terrain there is no map to answer on.

        Args:
            elsewhere: the batch is of another coast, where this place's map says nothing.
        """
        return self.read(batch, elsewhere=elsewhere).word

    def read(
        self, batch: Batch, *, elsewhere: bool = False, residual_prediction: tuple[Tensor, Tensor] | None = None
    ) -> Reading:
        """The answer, and what it rests on.

        Args:
            elsewhere: as above.
            foretold: what `predict_surge_from_own_readings` says of the batch, where it was asked beforehand.
        """
        tokens, seen = self.surge(batch)
        mean, scale = self.surge_decoder(tokens, seen, batch, residual_prediction)
        weight = seen.to(tokens.dtype)[..., None]
        context = (tokens * weight).sum(1) / weight.sum(1)  # (B, D)
        if batch.terrain is None:
            return Reading(Prediction(mean, scale, features={"global": context}), context, None)
        place = None if self.place is None or elsewhere else PLACE_GAIN * self.place
        flood = self.map(self._streams(batch), context, place)
        damage = None
        if batch.asset_cell is not None and batch.asset_class is not None:
            damage = self.damage(flood.decoded, flood.logits, batch.asset_cell, batch.asset_class)
        features = {"global": flood.features["global"] + context, "patches": flood.features["patches"]}
        return Reading(Prediction(mean, scale, flood.logits, damage, features), context, flood)

    def _streams(self, batch: Batch) -> Streams:
        """What is seen now, what the strandlines say, and what the archive remembers of it."""
        streams: dict[str, tuple[Tensor, Tensor]] = streams_of(batch, (*STUDENT_STREAMS, "waterlines"))
        if batch.archive is not None:
            now = {**STUDENT_STREAMS, "waterlines": WATERLINE_STREAM}
            streams["archive"] = read_archive(self.archive, batch, streams, now)
        return streams

    def local_parameters(self) -> list[nn.Parameter]:
        """What a single coast may teach: its static map, and how its own surges go on.

        The rest was learned on many coasts; a dozen storms of one coast would only overwrite it.

        Raises:
            ValueError: a student of no place.
        """
        if self.place is None:
            raise ValueError("this student belongs to no place; give `site_shape`")
        return [self.place, *self.surge_decoder.parameters()]
