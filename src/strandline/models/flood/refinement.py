"""The teacher's refinement head: a second pass over its first flood map, beside the archive of earlier floods."""

import torch
from torch import Tensor, nn

from strandline.models.batch import FLOOD_CLASSES, Batch
from strandline.models.flood.archive_attention import ArchiveAttention, attend_to_archive
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.inputs import SPARSE, TEACHER_STREAMS, WATERLINE_STREAM, streams_of

CHANNELS = {**TEACHER_STREAMS, "waterlines": WATERLINE_STREAM, "first": FLOOD_CLASSES}
"""Streams of the present: all inputs, the waterline features and the probabilities of the first pass."""


class RefinementHead(nn.Module):
    """A convolutional network on the first pass and the flood archive.

    Args:
        context_width: of the vector that modulates the maps; width: channels at half resolution.
        dropout: dropout rate in training.
    """

    def __init__(self, context_width: int, width: int = 24, dropout: float = 0.1) -> None:
        super().__init__()
        self.archive = ArchiveAttention(sum(CHANNELS.values()) + len(CHANNELS))
        channels = {**CHANNELS, "archive": self.archive.out_channels}
        self.map = DenseCNN(
            channels,
            FLOOD_CLASSES,
            width=width,
            dropout=dropout,
            context_width=context_width,
            sharp=("ground", "radar", "waterlines", "first", "archive"),
            sparse=SPARSE,
        )
        for weight in self.map.head.parameters():  # untrained, it returns the first pass
            nn.init.zeros_(weight)

    def forward(self, batch: Batch, first: Tensor, context: Tensor) -> Tensor:
        """Batch with archive, logits of the first pass (B, K, H, W), context (B, D) → logits (B, K, H, W)."""
        streams: dict[str, tuple[Tensor, Tensor]] = streams_of(batch, (*TEACHER_STREAMS, "waterlines"))
        streams["first"] = (first.softmax(dim=1), batch.require("terrain_seen"))
        streams["archive"] = attend_to_archive(self.archive, batch, streams, CHANNELS)
        change: Tensor = self.map(streams, context).logits
        return torch.log_softmax(first, dim=1) + change
