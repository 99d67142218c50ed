"""The teacher: a Vision Transformer that also takes radar, climate and neighbouring gauges."""

from torch import nn

from strandline.models.batch import DAMAGE_STATES, FLOOD_CLASSES, Batch
from strandline.models.encoders.gauges import GaugeEncoder
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.models.flood.inputs import SPARSE, TEACHER_STREAMS, streams_of
from strandline.models.flood.refinement import RefinementHead
from strandline.models.layers import DamageHead
from strandline.models.prediction import Prediction
from strandline.observations.exposure.assets import CURVE_CLASSES

SKIP_CHANNELS = 16


class Teacher(nn.Module):
    """Ground, radar, optical and in-situ patches, gauge and climate tokens in one transformer, two heads.

    A batch with a flood archive is predicted in two passes: the refinement head corrects the first flood map by the
    archive, which holds the first-pass maps of earlier floods.

    Args:
        width: token width; depth: blocks; heads: attention heads; dropout: dropout rate in training.
        stations: number of gauges that it takes, the own one first.
    """

    def __init__(
        self, width: int = 128, depth: int = 4, heads: int = 4, dropout: float = 0.1, stations: int = 3
    ) -> None:
        super().__init__()
        self.feature_width = width
        self.gauge_encoder = GaugeEncoder(width, 2, heads, stations, use_climate=True, dropout=dropout)
        self.map = DenseTransformer(
            TEACHER_STREAMS,
            FLOOD_CLASSES,
            width=width,
            depth=depth,
            heads=heads,
            dropout=dropout,
            skip_channels=SKIP_CHANNELS,
            sparse=SPARSE,
        )
        self.refinement = RefinementHead(width, dropout=dropout)
        self.damage = DamageHead(SKIP_CHANNELS, FLOOD_CLASSES, len(CURVE_CLASSES), DAMAGE_STATES)

    def forward(self, batch: Batch) -> Prediction:
        """Predict from terrain and whatever other modalities the batch holds.

        Raises:
            InputError: a batch without terrain.
        """
        context, context_seen = self.gauge_encoder(batch)  # (B, M, D)
        flood = self.map(streams_of(batch, TEACHER_STREAMS), (context, context_seen))
        damage = None
        if batch.asset_cell is not None and batch.asset_class is not None:
            damage = self.damage(flood.decoded, flood.logits, batch.asset_cell, batch.asset_class)
        logits = flood.logits
        if batch.archive is not None:
            weight = context_seen.to(context.dtype)[..., None]
            logits = self.refinement(batch, flood.logits, (context * weight).sum(1) / weight.sum(1))
        features = flood.features | self.gauge_encoder.timed(batch, context, context_seen)
        return Prediction(logits, damage, features)
