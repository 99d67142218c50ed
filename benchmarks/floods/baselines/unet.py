"""A plain U-Net on the student's streams, as large as the student: a baseline."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.models.flood.dense_io import MapPrediction, Streams, pad_streams, stack_with_masks

WIDTH = 16
"""Channels at full resolution; as many parameters as the student, within a tenth."""


class UNet(nn.Module):
    """Four scales, two convolutions each with batch normalisation, skip connections; streams are stacked with masks.

    Source: Ronneberger et al. (2015).

    Args:
        channels: stream → number of channels.
    """

    def __init__(self, channels: Mapping[str, int], width: int = WIDTH) -> None:
        super().__init__()
        self.channels = dict(channels)
        widths = [width, 2 * width, 3 * width, 4 * width]
        taken = [sum(channels.values()) + len(channels), *widths[:-1]]
        self.down = nn.ModuleList(_pair(before, after) for before, after in zip(taken, widths, strict=True))
        self.up = nn.ModuleList(
            _pair(low + high, high) for low, high in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(width, 2, 1)

    def forward(self, streams: Streams) -> MapPrediction:
        """Predict from the streams that are given."""
        rows, columns = next(iter(streams.values()))[0].shape[-2:]
        values, masks = pad_streams(streams, self.channels)
        features = stack_with_masks(values, masks)
        path: list[Tensor] = []
        for block in self.down:
            features = block(F.max_pool2d(features, 2) if path else features)
            path.append(features)
        for block, skipped in zip(self.up, path[-2::-1], strict=True):
            wide = F.interpolate(features, size=skipped.shape[-2:], mode="bilinear", align_corners=False)
            features = block(torch.cat([wide, skipped], dim=1))
        logits = self.head(features)[..., :rows, :columns]
        return MapPrediction(logits, features, {})


def _pair(before: int, after: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for taken in (before, after):
        layers += [nn.Conv2d(taken, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers)
