"""How much a network's words depend on each of its weights: diagonal Fisher information, and sensitivity.

What a *sample* is decides the numbers. A storm is one sample, whatever the number of cells that are labelled in its
map: given what the network sees, it holds the cells to be independent, so that the likelihood of a map is the product
over its cells and the gradient of a sample is that of the *sum* of log-likelihoods over them. It is squared a storm,
never a batch; squaring the gradient of a batch's mean would depend on the size of the batch.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Protocol

import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.student import Student

Tensors = Mapping[str, Tensor]
Say = Callable[[Tensors, Tensors], Tensors]
"""From weights and one sample, without a batch dimension, to what the network says of it."""
CHUNK = 4
"""Samples whose gradients are held at once; it decides memory and speed, not the result."""


class Likelihood(Protocol):
    """What a network's words say of labels."""

    def draw(self, words: Tensors, generator: torch.Generator) -> dict[str, Tensor]:
        """Labels of one sample, drawn as likely as the words hold them to be."""
        ...

    def log(self, words: Tensors, labels: Tensors) -> Tensor:
        """Logarithm of the likelihood of one sample's labels, a scalar: the sum over all of them."""
        ...


def fisher_diagonal(
    say: Say,
    likelihood: Likelihood,
    weights: Tensors,
    samples: Tensors,
    generator: torch.Generator,
    draws: int = 1,
    chunk: int = CHUNK,
) -> dict[str, Tensor]:
    """Diagonal of the Fisher information, a mean over samples: E_x E_{y~p(y|x)} (∂ log p(y|x) / ∂w)².

    Labels are drawn from the network, as the definition asks; with observed ones (the *empirical* Fisher) weights would
    seem important where the network errs. A drawn map carries products of the gradients of different cells, which are 0
    in the mean: more draws make the estimate steadier, not less biased.

    Args:
        weights: name → weight; what is not named is held to be fixed.
        samples: name → (N, …).
        draws: maps of labels a sample.

    Returns:
        Name → the shape of the weight.

    Source: Kirkpatrick et al. (2017), section 2; Kunstner et al. (2019), section 2, for why labels are drawn.
    """

    def log_likelihood(at: Tensors, sample: Tensors, labels: Tensors) -> Tensor:
        return likelihood.log(say(at, sample), labels)

    score = vmap(grad(log_likelihood), in_dims=(None, 0, 0))
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for part in _chunks(samples, chunk):
        drawn = [_labels(say, likelihood, weights, sample, generator, draws) for sample in _each(part)]
        for turn in range(draws):
            labels = {name: torch.stack([of[turn][name] for of in drawn]) for name in drawn[0][turn]}
            for name, gradient in score(weights, part, labels).items():
                total[name] += gradient.detach().square().sum(dim=0)
    return {name: value / (_size(samples) * draws) for name, value in total.items()}


def sensitivity(say: Say, weights: Tensors, samples: Tensors, chunk: int = CHUNK) -> dict[str, Tensor]:
    """Mean over samples of |∂ ‖words‖² / ∂w|: how far a change of each weight moves what the network says.

    It asks for no label. A sample's norm is taken over all cells of its map.

    Source: Aljundi et al. (2018), Memory Aware Synapses, section 4.1.
    """

    def square_norm(at: Tensors, sample: Tensors) -> Tensor:
        return torch.stack([word.square().sum() for word in say(at, sample).values()]).sum()

    slope = vmap(grad(square_norm), in_dims=(None, 0))
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for part in _chunks(samples, chunk):
        for name, gradient in slope(weights, part).items():
            total[name] += gradient.detach().abs().sum(dim=0)
    return {name: value / _size(samples) for name, value in total.items()}


class FloodClasses:
    """One label a cell: a depth class where the ground is known, drawn cell by cell from its probabilities.

    The words are ``logits`` (K, …) and ``known`` (…) where a label counts; ``labels`` (…) are classes.
    """

    def draw(self, words: Tensors, generator: torch.Generator) -> dict[str, Tensor]:
        """By the inverse of the cumulative probability."""
        logits = words["logits"]
        chance = torch.rand(logits.shape[1:], generator=generator, dtype=logits.dtype)
        edges = logits.softmax(dim=0).cumsum(dim=0)[:-1]  # (K − 1, …)
        return {"labels": (chance > edges).sum(dim=0)}

    def log(self, words: Tensors, labels: Tensors) -> Tensor:
        """Sum over the cells that count."""
        each = words["logits"].log_softmax(dim=0).gather(0, labels["labels"][None])[0]
        return (each * words["known"]).sum()


class SurgeLevels:
    """One label a lead: normal about ``mean`` with standard deviation ``scale``, both (25,) [m]."""

    def draw(self, words: Tensors, generator: torch.Generator) -> dict[str, Tensor]:
        """One level a lead [m], each by itself."""
        noise = torch.randn(words["mean"].shape, generator=generator, dtype=words["mean"].dtype)
        return {"labels": words["mean"] + words["scale"] * noise}

    def log(self, words: Tensors, labels: Tensors) -> Tensor:
        """Sum over the leads, without the constant."""
        error = (labels["labels"] - words["mean"]) / words["scale"]
        return -(words["scale"].log() + 0.5 * error.square()).sum()


def student_fisher(student: Student, batch: Batch, generator: torch.Generator, draws: int = 1) -> dict[str, Tensor]:
    """Diagonal Fisher information of a student's shared weights, a *label*: that of a sample over its mean count.

    A batch with terrain gives that of its flood maps, one without gives that of its surges.

    Args:
        student: in evaluation mode.
        batch: the student's view; no label of it is read.

    Raises:
        InputError: a student in training mode, whose dropout would blur every gradient.
    """
    say, weights, samples = _student(student, batch)
    likelihood: Likelihood = SurgeLevels() if batch.terrain is None else FloodClasses()
    found = fisher_diagonal(say, likelihood, weights, samples, generator, draws)
    return {name: value / _labels_a_sample(batch) for name, value in found.items()}


def student_sensitivity(student: Student, batch: Batch) -> dict[str, Tensor]:
    """Sensitivity of a student's flood logits, or of its surges without terrain, a label; as ``student_fisher``."""
    say, weights, samples = _student(student, batch)
    found = sensitivity(lambda at, sample: _spoken(say(at, sample)), weights, samples)
    return {name: value / _labels_a_sample(batch) for name, value in found.items()}


def shared_weights(student: Student) -> dict[str, Tensor]:
    """What a student learned on many coasts: every weight but its map of the place; detached, not copied."""
    return {name: weight.detach() for name, weight in student.named_parameters() if name != "site_memory"}


def _student(student: Student, batch: Batch) -> tuple[Say, dict[str, Tensor], dict[str, Tensor]]:
    if student.training:
        raise InputError("student", "is in training mode: dropout blurs its gradients", "call `student.eval()` first")
    samples = {name: tensor for name, tensor in vars(batch).items() if tensor is not None}

    def say(weights: Tensors, sample: Tensors) -> Tensors:
        one = _batch_of_one(sample)
        with sdpa_kernel(SDPBackend.MATH):  # the one attention that knows how to be batched
            said = functional_call(student, dict(weights), (one,))
        if said.flood_logits is None:
            return {"mean": said.surge_mean[0], "scale": said.surge_scale[0]}
        assert one.terrain_seen is not None
        return {"logits": said.flood_logits[0], "known": one.terrain_seen[0]}

    return say, shared_weights(student), samples


def _batch_of_one(sample: Tensors) -> Batch:
    """Without the checks, which cannot read values under ``vmap``; they were made when the whole batch was."""
    batch = object.__new__(Batch)
    for field in fields(Batch):
        tensor = sample.get(field.name)
        object.__setattr__(batch, field.name, None if tensor is None else tensor[None])
    return batch


def _spoken(words: Tensors) -> dict[str, Tensor]:
    """Logits of known cells, or the surge; not where they count."""
    if "known" in words:
        return {"logits": words["logits"] * words["known"]}
    return dict(words)


def _labels_a_sample(batch: Batch) -> float:
    if batch.terrain_seen is None:
        return float(batch.tide.shape[1] - batch.gauge.shape[-1] + 1)
    return float(batch.terrain_seen.sum()) / len(batch)


@torch.no_grad()
def _labels(
    say: Say, likelihood: Likelihood, weights: Tensors, sample: Tensors, generator: torch.Generator, draws: int
) -> list[dict[str, Tensor]]:
    """Draw after draw; a sample at a time, so that none depends on how many are held at once."""
    words = say(weights, sample)
    return [likelihood.draw(words, generator) for _ in range(draws)]


def _size(samples: Tensors) -> int:
    return len(next(iter(samples.values())))


def _chunks(samples: Tensors, chunk: int) -> Iterator[dict[str, Tensor]]:
    for start in range(0, _size(samples), chunk):
        yield {name: tensor[start : start + chunk] for name, tensor in samples.items()}


def _each(samples: Tensors) -> Iterator[dict[str, Tensor]]:
    """One sample after another, without the batch dimension."""
    for index in range(_size(samples)):
        yield {name: tensor[index] for name, tensor in samples.items()}
