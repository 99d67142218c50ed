"""Training of scene networks: one loop over sources of labels and of a teacher's predictions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import Tensor, nn

from strandline.distillation import losses
from strandline.distillation.alignment.alignment import Alignment
from strandline.distillation.objective import geometric_annealing
from strandline.distillation.pretraining.scenes.augmentation import Augmentation
from strandline.distillation.pretraining.scenes.samples import GUIDE, Samples
from strandline.distillation.training.loop import Progress, mixed_precision, train
from strandline.models.flood.dense_io import MapPrediction
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.models.flood.scenes.members import probability_of

NetworkT = TypeVar("NetworkT", bound=nn.Module)
"""Takes streams and gives a ``MapPrediction``, as `DenseCNN` does."""


@dataclass(frozen=True, eq=False)
class Source:
    """Scenes that a training draws from.

    Attributes:
        samples: with their target.
        size: scenes per step; ``weight``: of their loss.
        is_soft: whether the target is a teacher's probability, compared at the temperature of the step.
        guide: teacher whose features of patches the network is to share; ``None`` = none.
    """

    samples: Samples
    size: int
    weight: float = 1.0
    is_soft: bool = False
    guide: "Guide | None" = None


@dataclass(frozen=True, eq=False)
class Guide:
    """A teacher whose features are aligned with.

    Attributes:
        network: of the same patches; it reads the streams of the samples whose names begin with ``GUIDE``.
        alignment: from the features of both to a distance (B,); its weights learn too and are discarded.
        weight: of the distance.
    """

    network: DenseTransformer
    alignment: Alignment
    weight: float


@dataclass(frozen=True)
class TrainingConfig:
    """Length of a training, and what is done to its batches.

    Attributes:
        steps, learning_rate: of AdamW; ``averaging``: decay of the moving average of the weights, 0 = none.
        first_temperature, last_temperature: of soft targets, falling geometrically.
    """

    steps: int
    learning_rate: float
    augmentation: Augmentation = field(default_factory=Augmentation)
    averaging: float = 0.99
    weight_decay: float = 0.05
    first_temperature: float = 2.0
    last_temperature: float = 1.0


def train_network(
    network: NetworkT, sources: Sequence[Source], config: TrainingConfig, seed: int, progress: Progress | None = None
) -> NetworkT:
    """Train a network in place; it is left in evaluation mode with the moving average of its weights.

    Source: soft targets, Hinton et al. (2015); moving average, Polyak and Juditsky (1992).
    """
    generator = torch.Generator().manual_seed(seed)
    average = MovingAverage(network, config.averaging)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network.train()

        def loss(step: int) -> dict[str, Tensor]:
            temperature = geometric_annealing(step, config.steps, config.first_temperature, config.last_temperature)
            terms: dict[str, Tensor] = {}
            for number, source in enumerate(sources):
                if source.weight > 0:
                    terms |= _terms(network, source, temperature if source.is_soft else 1.0, config, generator, number)
            return terms

        guides = [source.guide for source in sources if source.guide is not None]
        heads: list[nn.Parameter] = [weight for guide in guides for weight in guide.alignment.parameters()]
        train(
            [*network.parameters(), *heads], loss, config.steps, config.learning_rate, weight_decay=config.weight_decay,
            progress=progress, after_step=lambda step: average.update(step),
        )  # fmt: skip
    average.load_into(network)
    return network.eval()


class MovingAverage:
    """Exponential moving average of the weights of a network, over as many steps as there were at the start."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._network, self._decay = network, decay
        self._average = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the weights after ``step`` steps in."""
        decay = min(self._decay, step / (step + 10))
        for name, tensor in self._network.state_dict().items():
            if tensor.is_floating_point():
                self._average[name].lerp_(tensor, 1 - decay)
            else:
                self._average[name].copy_(tensor)

    def load_into(self, network: nn.Module) -> None:
        """Give the network the averaged weights."""
        if self._decay > 0:
            network.load_state_dict(self._average)


def _terms(
    network: nn.Module,
    source: Source,
    temperature: float,
    config: TrainingConfig,
    generator: torch.Generator,
    number: int,
) -> dict[str, Tensor]:
    """τ² KL from the target plus soft Dice, and the alignment of features; means over the drawn scenes."""
    samples = source.samples
    index = torch.multinomial(samples.weight, source.size, replacement=len(samples) < source.size, generator=generator)
    batch = config.augmentation.apply(samples[index], generator)
    own = {name: pair for name, pair in batch.streams.items() if not name.startswith(GUIDE)}
    with mixed_precision("cpu"):
        prediction: MapPrediction = network(own)
    logits = prediction.logits.float()
    wet = batch.target.clamp(1e-4, 1 - 1e-4)
    teacher = torch.stack([(1 - wet).log(), wet.log()], dim=1)
    soft = losses.soft_targets(logits, teacher, batch.known, temperature)
    fit = soft + losses.soft_dice(logits, batch.target, batch.known)
    terms = {f"{'soft' if source.is_soft else 'task'}_{number}": source.weight * fit.mean()}
    if source.guide is not None:
        theirs = {name.removeprefix(GUIDE): pair for name, pair in batch.streams.items() if name.startswith(GUIDE)}
        with torch.no_grad():
            target = source.guide.network(theirs).features["patches"].float()
        distance = source.guide.alignment({"patches": prediction.features["patches"].float()}, {"patches": target})
        terms[f"feature_{number}"] = source.guide.weight * distance.mean()
    return terms


def predict_probability(network: nn.Module, samples: Samples, chunk: int = 16, *, symmetries: int = 2) -> Tensor:
    """(N, H, W) probability of water, averaged over the first ``symmetries`` of the square's eight."""
    starts = range(0, len(samples), chunk)
    return torch.cat(
        [probability_of(network, samples[slice(start, start + chunk)].streams, symmetries) for start in starts]
    )
