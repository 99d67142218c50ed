"""The networks of flood scenes: Vision Transformers that teach, and a light CNN that learns from them."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_io import mean_of_blocks
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.models.flood.pyramid_decoder import PyramidDecoder
from strandline.models.flood.scenes.streams import SCENE_STREAMS, SPARSE

STUDENT_WIDTH = 16


def new_teacher(
    streams: Sequence[str], seed: int, *, width: int = 64, depth: int = 4, skip: int = 16
) -> DenseTransformer:
    """A Vision Transformer on some of the ``SCENE_STREAMS``, with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return DenseTransformer(
            {name: SCENE_STREAMS[name] for name in streams},
            2,
            width=width,
            depth=depth,
            skip_channels=skip,
            decoder=PyramidDecoder,
            sparse=[name for name in SPARSE if name in streams],
        ).eval()


def new_student(seed: int, width: int = STUDENT_WIDTH) -> DenseCNN:
    """A small convolutional network for any subset of the ``SCENE_STREAMS``, with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return DenseCNN(
            SCENE_STREAMS,
            2,
            width=width,
            context_width=2 * (width + 1) + len(SCENE_STREAMS),
            own_context=prototypes_and_availability,
            sparse=SPARSE,
        ).eval()


def prototypes_and_availability(features: Tensor, streams: Mapping[str, Tensor], shares: Tensor) -> Tensor:
    """(B, 2D + 2 + streams) prototypes of the readings in ``points``, wet (above 0) or dry (below 0), and shares.

    The prototypes adapt the network to how water looks at this site.

    Source: Snell et al. (2017), section 2.2.
    """
    return torch.cat([prototypes(features, streams["points"]), shares.mean(dim=(2, 3))], dim=1)


def prototypes(features: Tensor, readings: Tensor) -> Tensor:
    """Mean features where a reading is wet, and where dry, each with a flag whether there is one.

    (B, D, H/2, W/2), (B, 1, H, W) → (B, 2D + 2).
    """
    parts = []
    for sign in (1, -1):
        there = mean_of_blocks((sign * readings > 0).to(features.dtype), 2).ceil()
        count = there.sum(dim=(2, 3))  # (B, 1)
        parts += [(features * there).sum(dim=(2, 3)) / count.clamp(min=1), (count > 0).to(features.dtype)]
    return torch.cat(parts, dim=1)
