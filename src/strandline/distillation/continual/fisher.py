"""Importance of a network's weights: diagonal Fisher information, and sensitivity of its output.

A storm is one sample, whatever the number of labelled cells in its map: given the inputs, the network's cells are
independent, so that the likelihood of a map is the product over its cells and the gradient of a sample is that of the
*sum* of their log-likelihoods. It is squared per storm, never per batch; the square of a batch's mean gradient would
depend on the batch size.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.student import Student

Tensors = Mapping[str, Tensor]
Forward = Callable[[Tensors, Tensors], Tensors]
"""From weights and one sample, without a batch dimension, to the network's outputs."""
CHUNK = 4
"""Samples whose gradients are held at once; memory and speed depend on it, the result does not."""


class Likelihood(Protocol):
    """Distribution of labels given a network's outputs."""

    def draw(self, outputs: Tensors, generator: torch.Generator) -> dict[str, Tensor]:
        """Labels of one sample, drawn from the distribution."""
        ...

    def log(self, outputs: Tensors, labels: Tensors) -> Tensor:
        """Log-likelihood of one sample's labels, a scalar: the sum over all of them."""
        ...


def fisher_diagonal(
    forward: Forward,
    likelihood: Likelihood,
    weights: Tensors,
    samples: Tensors,
    generator: torch.Generator,
    draws: int = 1,
    chunk: int = CHUNK,
) -> dict[str, Tensor]:
    """Diagonal of the Fisher information, a mean over samples: E_x E_{y~p(y|x)} (∂ log p(y|x) / ∂w)².

    Labels are drawn from the network, as in the definition; observed labels (the *empirical* Fisher) give large values
    where the network errs. A drawn map contains products of the gradients of different cells, whose expectation is 0:
    more draws reduce the variance of the estimate; it has no bias.

    Args:
        weights: name → weight; weights without a name here are constant.
        samples: name → (N, …).
        draws: maps of labels per sample.

    Returns:
        Name → the shape of the weight.

    Source: Kirkpatrick et al. (2017), section 2; Kunstner et al. (2019), section 2, for why labels are drawn.
    """

    def log_likelihood(at: Tensors, sample: Tensors, labels: Tensors) -> Tensor:
        return likelihood.log(forward(at, sample), labels)

    score = vmap(grad(log_likelihood), in_dims=(None, 0, 0))
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for part in _chunks(samples, chunk):
        drawn = [_labels(forward, likelihood, weights, sample, generator, draws) for sample in _each(part)]
        for draw in range(draws):
            labels = {name: torch.stack([of[draw][name] for of in drawn]) for name in drawn[0][draw]}
            for name, gradient in score(weights, part, labels).items():
                total[name] += gradient.detach().square().sum(dim=0)
    return {name: value / (_size(samples) * draws) for name, value in total.items()}


def sensitivity(forward: Forward, weights: Tensors, samples: Tensors, chunk: int = CHUNK) -> dict[str, Tensor]:
    """Mean over samples of |∂ ‖output‖² / ∂w|, the sensitivity of the output to each weight.

    It needs no label. A sample's norm is taken over all cells of its map.

    Source: Aljundi et al. (2018), Memory Aware Synapses, section 4.1.
    """

    def square_norm(at: Tensors, sample: Tensors) -> Tensor:
        return torch.stack([output.square().sum() for output in forward(at, sample).values()]).sum()

    slope = vmap(grad(square_norm), in_dims=(None, 0))
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for part in _chunks(samples, chunk):
        for name, gradient in slope(weights, part).items():
            total[name] += gradient.detach().abs().sum(dim=0)
    return {name: value / _size(samples) for name, value in total.items()}


class FloodClasses:
    """One label per cell: a depth class where the ground is known, drawn independently from its probabilities.

    The outputs are ``logits`` (K, …) and ``known`` (…), where labels count; ``labels`` (…) are classes.
    """

    def draw(self, outputs: Tensors, generator: torch.Generator) -> dict[str, Tensor]:
        """By the inverse of the cumulative probability."""
        logits = outputs["logits"]
        uniform = torch.rand(logits.shape[1:], generator=generator, dtype=logits.dtype)
        edges = logits.softmax(dim=0).cumsum(dim=0)[:-1]  # (K − 1, …)
        return {"labels": (uniform > edges).sum(dim=0)}

    def log(self, outputs: Tensors, labels: Tensors) -> Tensor:
        """Sum over the cells that count."""
        each = outputs["logits"].log_softmax(dim=0).gather(0, labels["labels"][None])[0]
        return (each * outputs["known"]).sum()


def student_fisher(student: Student, batch: Batch, generator: torch.Generator, draws: int = 1) -> dict[str, Tensor]:
    """Diagonal Fisher information of a student's shared weights per *label*: a sample's over its number of labels.

    Args:
        student: in evaluation mode.
        batch: with the student's inputs; its labels are not used.

    Raises:
        InputError: a student in training mode, whose dropout would add noise to every gradient.
    """
    forward, weights, samples = _student(student, batch)
    found = fisher_diagonal(forward, FloodClasses(), weights, samples, generator, draws)
    return {name: value / _labels_per_sample(batch) for name, value in found.items()}


def student_sensitivity(student: Student, batch: Batch) -> dict[str, Tensor]:
    """Sensitivity of a student's flood logits per label; as ``student_fisher``."""
    forward, weights, samples = _student(student, batch)

    def of_known_cells(at: Tensors, sample: Tensors) -> Tensors:
        outputs = forward(at, sample)
        return {"logits": outputs["logits"] * outputs["known"]}

    found = sensitivity(of_known_cells, weights, samples)
    return {name: value / _labels_per_sample(batch) for name, value in found.items()}


def shared_weights(student: nn.Module) -> dict[str, Tensor]:
    """Every weight of a network but its site memory; detached, not copied."""
    return {name: weight.detach() for name, weight in student.named_parameters() if name != "site_memory"}


def _student(student: Student, batch: Batch) -> tuple[Forward, dict[str, Tensor], dict[str, Tensor]]:
    if student.training:
        raise InputError(
            "student", "is in training mode: dropout makes its gradients random", "call `student.eval()` first"
        )
    samples = {name: tensor for name, tensor in vars(batch).items() if tensor is not None}

    def forward(weights: Tensors, sample: Tensors) -> Tensors:
        one = _batch_of_one(sample)
        with sdpa_kernel(SDPBackend.MATH):  # the only attention kernel that vmap supports
            elsewhere = {"without_site_memory": True}  # the past is of other coasts
            prediction = functional_call(student, dict(weights), (one,), elsewhere)
        return {"logits": prediction.flood_logits[0], "known": one.require("terrain_seen")[0]}

    return forward, shared_weights(student), samples


def _batch_of_one(sample: Tensors) -> Batch:
    """Skips the checks, which cannot read values under ``vmap``; they passed for the whole batch."""
    batch = object.__new__(Batch)
    for field in fields(Batch):
        tensor = sample.get(field.name)
        object.__setattr__(batch, field.name, None if tensor is None else tensor[None])
    return batch


def _labels_per_sample(batch: Batch) -> float:
    return float(batch.require("terrain_seen").sum()) / len(batch)


@torch.no_grad()
def _labels(
    forward: Forward, likelihood: Likelihood, weights: Tensors, sample: Tensors, generator: torch.Generator, draws: int
) -> list[dict[str, Tensor]]:
    """Draws for one sample, so that the chunk size has no effect on them."""
    outputs = forward(weights, sample)
    return [likelihood.draw(outputs, generator) for _ in range(draws)]


def _size(samples: Tensors) -> int:
    return len(next(iter(samples.values())))


def _chunks(samples: Tensors, chunk: int) -> Iterator[dict[str, Tensor]]:
    for start in range(0, _size(samples), chunk):
        yield {name: tensor[start : start + chunk] for name, tensor in samples.items()}


def _each(samples: Tensors) -> Iterator[dict[str, Tensor]]:
    """The samples one by one, without the batch dimension."""
    for index in range(_size(samples)):
        yield {name: tensor[index] for name, tensor in samples.items()}
