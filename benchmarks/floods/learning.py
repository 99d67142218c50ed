"""How networks learn on chips: one loop over sources of labels and of a teacher's word."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from benchmarks.floods.views import INSTRUMENTS, Views
from strandline.distillation import losses
from strandline.distillation.alignment.kernel_alignment import (
    AlignmentName,
    KernelAlignment,
    build_alignment,
    patch_probabilities,
)
from strandline.distillation.alignment.projection import CosineAlignment
from strandline.distillation.modality_dropout import drop_any
from strandline.distillation.training.loop import Progress, mixed_precision, train
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_io import MapPrediction, Streams
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.models.inference import DihedralTransform
from strandline.models.layers import PATCH

See = Callable[[Views], Streams]
"""From chips to what a network sees of them."""
Network = TypeVar("Network", DenseCNN, DenseTransformer)
AT_ONCE = 32
"""Chips that a network is asked about together."""


@dataclass(frozen=True, eq=False)
class Source:
    """Chips that teach by their labels, by a teacher's word, or both.

    Attributes:
        views: N chips; ``streams``: what the learner sees of them.
        size: pieces a step; ``task``: weight of their labels, 0 = they are hidden.
        word: (N, 2, H, W) the teacher's logits; ``soft``: their weight, 0 = nobody speaks.
        patches: (N, P, D) the teacher's features; ``feature``: weight of aligning with them; ``alignment``: by what.
        chances: (N,) how likely each chip is drawn, up to a factor; ``None`` = all alike.
    """

    views: Views
    streams: Streams
    size: int
    task: float = 1.0
    word: Tensor | None = None
    soft: float = 0.0
    patches: Tensor | None = None
    feature: float = 0.0
    alignment: AlignmentName = "cosine"
    chances: Tensor | None = None


@dataclass(frozen=True)
class Regime:
    """How long and how roughly a network is trained.

    Attributes:
        steps, learning_rate: of AdamW.
        piece: edge of the piece of a chip that is learned from at a time [cells].
        jitter: spread of the gain and offset drawn for each channel of each chip [-].
        outage: share of streams hidden.
    """

    steps: int
    learning_rate: float
    piece: int = 64
    jitter: float = 0.15
    outage: float = 0.1


def learn(
    network: Network, sources: Sequence[Source], regime: Regime, seed: int, progress: Progress | None = None
) -> Network:
    """Train a network in place on every source at once, and leave it in evaluation mode.

    Each source's chips lose streams, turn and change their brightness together with what is said of them. A label
    teaches by cross-entropy and soft Dice over its valid cells, a teacher's word by Kullback–Leibler divergence and the
    same Dice.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        align = next((found for found in (_alignment(network, source) for source in sources) if found), None)
        network.train()

        def loss(step: int) -> dict[str, Tensor]:
            terms: dict[str, Tensor] = {}
            for number, source in enumerate(sources):
                for term, value in _terms(network, align, source, regime, generator).items():
                    terms[f"{term}_{number}"] = value
            return terms

        parameters = [*network.parameters(), *(align.parameters() if align else ())]
        train(parameters, loss, regime.steps, regime.learning_rate, weight_decay=0.05, progress=progress)
    return network.eval()


def _terms(
    network: DenseCNN | DenseTransformer,
    align: CosineAlignment | KernelAlignment | None,
    source: Source,
    regime: Regime,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """Weighted terms of one step on one source."""
    chances = torch.ones(len(source.views)) if source.chances is None else source.chances
    index = torch.multinomial(chances, source.size, replacement=len(source.views) < source.size, generator=generator)
    turn = DihedralTransform.draw(generator)
    row, column = (
        torch.randint(0, (source.views.side - regime.piece) // PATCH + 1, (2,), generator=generator) * PATCH
    ).tolist()

    def cut(grid: Tensor, scale: int = 1) -> Tensor:
        """(N, …, H, W) → the same piece of the chosen chips, turned."""
        rows, columns = (slice(start // scale, (start + regime.piece) // scale) for start in (row, column))
        return turn.grid(grid[index][..., rows, columns])

    streams = {name: (cut(value), cut(seen)) for name, (value, seen) in source.streams.items()}
    streams = jittered(streams, regime.jitter, generator)
    streams = drop_any(streams, regime.outage, generator, instruments=INSTRUMENTS, keep_one=True)
    with mixed_precision("cpu"):
        said: MapPrediction = network(streams)
    logits, terms = said.logits.float(), {}
    if source.task > 0:
        labels, taught = cut(source.views.labels), cut(source.views.taught)
        task = losses.cross_entropy(logits, labels, taught) + losses.soft_dice(logits, labels, taught)
        terms["task"] = source.task * task.mean()
    if source.soft > 0 and source.word is not None:
        word, seen = cut(source.word), cut(source.views.seen)
        soft = losses.soft_targets(logits, word, seen, 1.0) + losses.soft_dice(
            logits, losses.flood_probability(word), seen
        )
        terms["soft"] = source.soft * soft.mean()
    if align is not None and source.patches is not None:
        side = source.views.side // PATCH
        grid = source.patches.transpose(1, 2).reshape(len(source.patches), -1, side, side)
        teachers = cut(grid, PATCH).flatten(2).transpose(1, 2)
        students = said.features["patches"].float()
        terms["feature"] = source.feature * align({"patches": students}, {"patches": teachers}).mean()
    return terms


def _alignment(network: DenseCNN | DenseTransformer, source: Source) -> CosineAlignment | KernelAlignment | None:
    """What compares a network's patches with those of a source's teacher, where there are any."""
    if source.feature == 0 or source.patches is None or source.word is None:
        return None
    words = patch_probabilities(source.word)
    return build_alignment(source.alignment, network.feature_width, {"patches": source.patches}, words)


def jittered(streams: Streams, spread: float, generator: torch.Generator) -> dict[str, tuple[Tensor, Tensor]]:
    """Images as another sensor or season would have shown them; what is known on the ground stays as it is."""
    changed = {}
    for name, (value, seen) in streams.items():
        if name == "in_situ":
            changed[name] = (value, seen)
            continue
        gain, offset = spread * torch.randn(2, *value.shape[:2], 1, 1, generator=generator)
        changed[name] = ((value * (1 + gain) + offset) * seen[:, None], seen)
    return changed


@torch.no_grad()
def ask(network: DenseCNN | DenseTransformer, views: Views, see: See) -> MapPrediction:
    """A network's word on chips: logits (N, 2, H, W) averaged over a chip and its mirror image, and its features.

    The network speaks in the mode that it is in, so that dropout may be awake.
    """
    logits, patches, globe = [], [], []
    for start in range(0, len(views), AT_ONCE):
        streams = see(views[slice(start, start + AT_ONCE)])
        mirrored = {name: (value.flip(-1), seen.flip(-1)) for name, (value, seen) in streams.items()}
        with mixed_precision("cpu"):
            said: MapPrediction = network(streams)
            other: MapPrediction = network(mirrored)
        both = said.logits.float().log_softmax(1), other.logits.float().flip(-1).log_softmax(1)
        logits.append(torch.logsumexp(torch.stack(both), dim=0) - float(np.log(2)))
        patches.append(said.features["patches"].float())
        globe.append(said.features["global"].float())
    return MapPrediction(torch.cat(logits), torch.empty(0), {"patches": torch.cat(patches), "global": torch.cat(globe)})
