"""The teacher's second look: what it saw at first, beside the floods that it saw at the same place before."""

import torch
from torch import Tensor, nn

from strandline.models.batch import FLOOD_CLASSES, Batch
from strandline.models.flood.archive_attention import ArchiveAttention, attend_to_archive
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.inputs import SPARSE, TEACHER_STREAMS, WATERLINE_STREAM, streams_of

NOW = {**TEACHER_STREAMS, "waterlines": WATERLINE_STREAM, "first": FLOOD_CLASSES}
"""What describes the present: all streams, the strandlines, and the first look's probabilities."""


class RefinementHead(nn.Module):
    """A convolutional network on the first look and the place's memory.

    Args:
        context_width: of the vector that modulates the maps; width: channels at half resolution.
        dropout: share dropped in training.
    """

    def __init__(self, context_width: int, width: int = 24, dropout: float = 0.1) -> None:
        super().__init__()
        self.archive = ArchiveAttention(sum(NOW.values()) + len(NOW))
        channels = {**NOW, "archive": self.archive.out_channels}
        self.map = DenseCNN(
            channels,
            FLOOD_CLASSES,
            width=width,
            dropout=dropout,
            context_width=context_width,
            sharp=("ground", "radar", "waterlines", "first", "archive"),
            sparse=SPARSE,
        )
        for weight in self.map.head.parameters():  # untaught, it says what the first look said
            nn.init.zeros_(weight)

    def forward(self, batch: Batch, first: Tensor, context: Tensor) -> Tensor:
        """A batch that remembers, the first look's logits (B, K, H, W) and a vector (B, D) → logits (B, K, H, W)."""
        assert batch.terrain_seen is not None
        streams: dict[str, tuple[Tensor, Tensor]] = streams_of(batch, (*TEACHER_STREAMS, "waterlines"))
        streams["first"] = (first.softmax(dim=1), batch.terrain_seen)
        streams["archive"] = attend_to_archive(self.archive, batch, streams, NOW)
        change: Tensor = self.map(streams, context).logits
        return torch.log_softmax(first, dim=1) + change
