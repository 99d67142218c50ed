"""Training on chips: one loop over sources of labels and of teacher predictions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from benchmarks.floods.stream_dropout import drop_streams
from benchmarks.floods.views import INSTRUMENTS, Views
from strandline.distillation import losses
from strandline.distillation.alignment.alignment import Alignment
from strandline.distillation.alignment.kernel_alignment import (
    AlignmentName,
    build_alignment,
    patch_probabilities,
)
from strandline.distillation.training.loop import Progress, mixed_precision, train
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_io import MapPrediction, Streams
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.models.inference import DihedralTransform
from strandline.models.layers import PATCH

StreamsOf = Callable[[Views], Streams]
"""From chips to the input streams of a network."""
Network = TypeVar("Network", DenseCNN, DenseTransformer)
CHUNK = 32
"""Chips per forward pass."""


@dataclass(frozen=True, eq=False)
class Source:
    """Chips with labels, with teacher predictions, or with both.

    Attributes:
        views: N chips; ``streams``: input of the trained network.
        size: pieces per step; ``task``: weight of the labels, 0 = not used.
        teacher_logits: (N, 2, H, W); ``soft``: their weight, 0 = not used.
        patches: (N, P, D) features of the teacher; ``feature``: weight of their alignment; ``alignment``: its kind.
        sampling_weights: (N,) of the chips; ``None`` = equal.
    """

    views: Views
    streams: Streams
    size: int
    task: float = 1.0
    teacher_logits: Tensor | None = None
    soft: float = 0.0
    patches: Tensor | None = None
    feature: float = 0.0
    alignment: AlignmentName = "cosine"
    sampling_weights: Tensor | None = None


@dataclass(frozen=True)
class TrainingConfig:
    """Length and augmentation of a training.

    Attributes:
        steps, learning_rate: of AdamW.
        piece: edge of the random piece of a chip [cells].
        jitter: standard deviation of the gain and offset per channel and chip [-].
        dropout_rate: share of streams hidden.
    """

    steps: int
    learning_rate: float
    piece: int = 64
    jitter: float = 0.15
    dropout_rate: float = 0.1


def train_network(
    network: Network, sources: Sequence[Source], config: TrainingConfig, seed: int, progress: Progress | None = None
) -> Network:
    """Train a network in place on every source at once, and leave it in evaluation mode.

    Chips are augmented by modality dropout, dihedral transforms and channel jitter. Labels enter by cross-entropy and
    soft Dice over their valid cells, teacher predictions by Kullback–Leibler divergence and soft Dice.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        alignment: Alignment | None = next(
            (found for found in (_alignment(network, source) for source in sources) if found), None
        )
        network.train()

        def loss(step: int) -> dict[str, Tensor]:
            terms: dict[str, Tensor] = {}
            for number, source in enumerate(sources):
                for term, value in _terms(network, alignment, source, config, generator).items():
                    terms[f"{term}_{number}"] = value
            return terms

        parameters = [*network.parameters(), *(alignment.parameters() if alignment else ())]
        train(parameters, loss, config.steps, config.learning_rate, weight_decay=0.05, progress=progress)
    return network.eval()


def _terms(
    network: DenseCNN | DenseTransformer,
    alignment: Alignment | None,
    source: Source,
    config: TrainingConfig,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """Weighted terms of one step on one source."""
    sampling_weights = torch.ones(len(source.views)) if source.sampling_weights is None else source.sampling_weights
    index = torch.multinomial(
        sampling_weights, source.size, replacement=len(source.views) < source.size, generator=generator
    )
    turn = DihedralTransform.draw(generator)
    row, column = (
        torch.randint(0, (source.views.side - config.piece) // PATCH + 1, (2,), generator=generator) * PATCH
    ).tolist()

    def cut(grid: Tensor, scale: int = 1) -> Tensor:
        """(N, …, H, W) → the same piece of the chosen chips, transformed."""
        rows, columns = (slice(start // scale, (start + config.piece) // scale) for start in (row, column))
        return turn.grid(grid[index][..., rows, columns])

    streams = {name: (cut(value), cut(seen)) for name, (value, seen) in source.streams.items()}
    streams = jitter_channels(streams, config.jitter, generator)
    streams = drop_streams(streams, config.dropout_rate, generator, instruments=INSTRUMENTS, keep_one=True)
    with mixed_precision("cpu"):
        prediction: MapPrediction = network(streams)
    logits, terms = prediction.logits.float(), {}
    if source.task > 0:
        labels, label_mask = cut(source.views.labels), cut(source.views.label_mask)
        task = losses.cross_entropy(logits, labels, label_mask) + losses.soft_dice(logits, labels, label_mask)
        terms["task"] = source.task * task.mean()
    if source.soft > 0 and source.teacher_logits is not None:
        teacher_logits, seen = cut(source.teacher_logits), cut(source.views.seen)
        soft = losses.soft_targets(logits, teacher_logits, seen, 1.0) + losses.soft_dice(
            logits, losses.flood_probability(teacher_logits), seen
        )
        terms["soft"] = source.soft * soft.mean()
    if alignment is not None and source.patches is not None:
        side = source.views.side // PATCH
        grid = source.patches.transpose(1, 2).reshape(len(source.patches), -1, side, side)
        teachers = cut(grid, PATCH).flatten(2).transpose(1, 2)
        students = prediction.features["patches"].float()
        terms["feature"] = source.feature * alignment({"patches": students}, {"patches": teachers}).mean()
    return terms


def _alignment(network: DenseCNN | DenseTransformer, source: Source) -> Alignment | None:
    """The alignment with the teacher's patches of a source; ``None`` where it has none."""
    if source.feature == 0 or source.patches is None or source.teacher_logits is None:
        return None
    probabilities = patch_probabilities(source.teacher_logits)
    return build_alignment(source.alignment, network.feature_width, {"patches": source.patches}, probabilities)


def jitter_channels(streams: Streams, spread: float, generator: torch.Generator) -> dict[str, tuple[Tensor, Tensor]]:
    """Random gain and offset per channel, as of another sensor or season; in-situ points are unchanged."""
    changed = {}
    for name, (value, seen) in streams.items():
        if name == "in_situ":
            changed[name] = (value, seen)
            continue
        gain, offset = spread * torch.randn(2, *value.shape[:2], 1, 1, generator=generator)
        changed[name] = ((value * (1 + gain) + offset) * seen[:, None], seen)
    return changed


@torch.no_grad()
def predict(network: DenseCNN | DenseTransformer, views: Views, streams_of: StreamsOf) -> MapPrediction:
    """Prediction on chips: logits (N, 2, H, W) averaged over a chip and its mirror image, and features.

    The mode of the network is not changed, so that dropout may be active.
    """
    logits, patches, globe = [], [], []
    for start in range(0, len(views), CHUNK):
        streams = streams_of(views[slice(start, start + CHUNK)])
        mirrored = {name: (value.flip(-1), seen.flip(-1)) for name, (value, seen) in streams.items()}
        with mixed_precision("cpu"):
            prediction: MapPrediction = network(streams)
            other: MapPrediction = network(mirrored)
        both = prediction.logits.float().log_softmax(1), other.logits.float().flip(-1).log_softmax(1)
        logits.append(torch.logsumexp(torch.stack(both), dim=0) - float(np.log(2)))
        patches.append(prediction.features["patches"].float())
        globe.append(prediction.features["global"].float())
    return MapPrediction(torch.cat(logits), torch.empty(0), {"patches": torch.cat(patches), "global": torch.cat(globe)})
