"""Knowledge distillation between any two networks: a student is trained on the predictions of a teacher."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from strandline.distillation import losses
from strandline.distillation.alignment.alignment import Alignment
from strandline.distillation.objective import Consolidation, Objective, SoftTerm, TaskTerm, add_terms
from strandline.distillation.training.checkpoint import Checkpoint, Stateful
from strandline.distillation.training.loader import LoaderCycle
from strandline.distillation.training.loop import Progress, train
from strandline.distillation.training.networks import (
    NetworkOutput,
    device_of,
    evaluation_on,
    predict_output,
    to_device,
)
from strandline.errors import InputError

StudentT = TypeVar("StudentT", bound=nn.Module)
SoftLoss = Callable[[Tensor, Tensor, Tensor, float], Tensor]
"""Student logits, teacher logits (B, K, …), valid (B, …), temperature → (B,), as `losses.soft_targets`."""
TaskLoss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Logits (B, K, …), target, valid (B, …) → (B,), as `losses.cross_entropy`."""
Temperature = Callable[[int, int], float]
"""Step and number of steps → τ, as `objective.geometric_annealing`."""


@dataclass(frozen=True)
class DistillationBatch:
    """One batch of a loader, taken apart.

    Attributes:
        student_inputs, teacher_inputs: passed to the network: a tuple as positional arguments, a mapping as keyword
            arguments, anything else as the only argument.
        target: labels (B, …), for the task loss.
        valid: (B, …) bool, where logits are compared with the teacher and with labels; everywhere where not given.
        labelled: (B, …) bool, where ``target`` holds; everywhere where not given.
    """

    student_inputs: Any
    teacher_inputs: Any
    target: Tensor | None = None
    valid: Tensor | None = None
    labelled: Tensor | None = None


@dataclass(frozen=True)
class DistillationReport:
    """What a training reached.

    Attributes:
        terms: mean of each weighted loss term over the last tenth of the steps.
        validation: number of steps done → loss on the validation loader.
        best_step: number of steps done at the lowest validation loss; ``None`` without validation.
    """

    terms: Mapping[str, float]
    validation: Mapping[int, float] = field(default_factory=dict)
    best_step: int | None = None


def unpack_batch(batch: Any) -> DistillationBatch:
    """A loader's batch with the same inputs for both networks: ``x``, ``(x, target)`` or ``(x, target, valid)``.

    Raises:
        InputError: a list of another length.
    """
    if isinstance(batch, DistillationBatch):
        return batch
    if not isinstance(batch, list | tuple):
        return DistillationBatch(batch, batch)
    if not 1 <= len(batch) <= 3:
        raise InputError("loader", f"gives batches of {len(batch)} parts", "pass `unpack` to take them apart")
    inputs, *labels = batch
    return DistillationBatch(inputs, inputs, *labels)


def distil(
    teacher: nn.Module,
    student: StudentT,
    loader: Iterable[Any],
    *,
    steps: int,
    seed: int,
    soft_weight: float = 1.0,
    temperature: float | Temperature = 1.0,
    soft_loss: SoftLoss = losses.soft_targets,
    task_weight: float = 1.0,
    task_loss: TaskLoss | None = None,
    feature_weight: float = 1.0,
    alignment: Alignment | None = None,
    consolidation: Sequence[Consolidation[StudentT]] = (),
    learning_rate: float = 1e-3,
    weight_decay: float = 0.01,
    validation: Iterable[Any] | None = None,
    validate_every: int = 100,
    keep_best: bool = True,
    checkpoint: Path | None = None,
    checkpoint_every: int = 100,
    unpack: Callable[[Any], DistillationBatch] = unpack_batch,
    device: torch.device | str | None = None,
    progress: Progress | None = None,
) -> DistillationReport:
    """Train ``student`` in place on the predictions of ``teacher``.

    The loss of a step is soft_weight · τ² KL(teacher_τ ‖ student_τ) + task_weight · task_loss +
    feature_weight · alignment + Σ consolidation. A part with weight 0, or that is not given, is not computed. The
    optimiser is AdamW with a short warm-up and cosine decay. Both networks return logits (B, K, …), or logits and a
    mapping of features.

    Args:
        teacher: evaluated without gradients; it is left as it was.
        student: its weights that require gradients are trained. It is left on ``device``, in evaluation mode.
        loader: batches, read again from the start when it ends, such as a ``torch.utils.data.DataLoader``.
        seed: of dropout, of the consolidation's draws and of the loader's order, unless the loader has its own
            generator. Initial weights are the caller's.
        temperature: τ > 0, or a schedule such as `geometric_annealing`.
        soft_loss: compares logits with the teacher's.
        task_loss: compares logits with ``DistillationBatch.target``, for instance `losses.cross_entropy`.
        alignment: distance between the features of both networks; its weights are trained as well.
        consolidation: terms against forgetting, for instance `continual.regularisers.l2_sp`.
        validation: batches on which the same loss, without consolidation and at the last temperature, is computed after
            every ``validate_every`` steps and after the last one. It does not change the training.
        keep_best: leave the student with the weights of the lowest validation loss instead of the last ones.
        checkpoint: file that is written after every ``checkpoint_every`` steps and after the last one, and from which
            the same call resumes. On a CPU a resumed training equals an uninterrupted one to the bit.
        unpack: takes a batch of the loader apart, for networks with different inputs or for masks.
        device: to which networks and batches are moved; the student's own where not given.
        progress: called with the fraction done.

    Raises:
        InputError: logits of different shapes, arguments that leave nothing to compute or train, a loader without
            batches, or a checkpoint of another training.
        FloatingPointError: a loss that is not finite.

    Source: Hinton et al. (2015); feature alignment as in Romero et al. (2015).

    Example:
        >>> import torch
        >>> _ = torch.manual_seed(0)
        >>> teacher, student = torch.nn.Linear(4, 3), torch.nn.Linear(4, 3)
        >>> inputs = torch.randn(256, 4)
        >>> loader = torch.utils.data.DataLoader(inputs, batch_size=64, shuffle=True)
        >>> report = distil(teacher, student, loader, steps=400, seed=0, temperature=2.0, learning_rate=0.05)
        >>> bool((student(inputs).softmax(1) - teacher(inputs).softmax(1)).abs().max() < 0.02)
        True
    """
    if steps < 1:
        raise InputError("distillation", f"{steps} steps", "give 1 or more")
    if teacher is student:
        raise InputError("distillation", "teacher and student are one network", "give a copy.deepcopy of it as teacher")
    objective: Objective[NetworkOutput, DistillationBatch] = Objective(
        task=task_weight if task_loss is not None else 0.0,
        soft=soft_weight,
        feature=feature_weight if alignment is not None else 0.0,
        task_terms=() if task_loss is None else (TaskTerm("task", partial(_task_value, task_loss)),),
        soft_terms=(SoftTerm("soft", partial(_soft_value, soft_loss)),),
        alignment=alignment,
    )
    if max(objective.task, objective.soft, objective.feature) <= 0 and not consolidation:
        raise InputError("distillation", "every weight is 0", "give one above 0")
    target = torch.device(device) if device is not None else device_of(student)
    student.to(target)
    if alignment is not None:
        alignment.to(target)
    trained = [*student.parameters(), *(alignment.parameters() if alignment is not None else ())]
    parameters = [weight for weight in trained if weight.requires_grad]
    if not parameters:
        raise InputError("student", "has no weight that requires a gradient", "call `requires_grad_()` on some")
    schedule = temperature if callable(temperature) else lambda step, steps: temperature
    last_temperature = schedule(steps - 1, steps)
    batches, generator = LoaderCycle(loader), torch.Generator().manual_seed(seed)
    pair = _Pair(teacher, student, objective, unpack, target)
    best = _BestWeights(pair, validation, validate_every, last_temperature, steps)

    def loss(step: int) -> dict[str, Tensor]:
        _, terms = pair.terms(next(batches), schedule(step, steps))
        for part in consolidation:
            add_terms(terms, part.terms(student, generator))
        return terms

    saved: dict[str, Stateful] = {
        "student": student,
        "loader": batches,
        "generator": _GeneratorState(generator),
        "validation": best,
        **({} if alignment is None else {"alignment": alignment}),
    }
    settings = {
        "steps": steps,
        "seed": seed,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "weights": [objective.soft, objective.task, objective.feature],
        "temperatures": [schedule(0, steps), last_temperature],
        "validate_every": 0 if validation is None else validate_every,
    }
    kept = None if checkpoint is None else Checkpoint(checkpoint, checkpoint_every, settings, saved)
    with evaluation_on(teacher, target), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        student.train()
        try:
            means = train(
                parameters, loss, steps, learning_rate, weight_decay, progress, after_step=best.update, checkpoint=kept
            )
        finally:
            student.eval()
    if keep_best:
        best.restore()
    return DistillationReport(means, best.losses, best.step)


@dataclass(frozen=True)
class _Pair:
    """Teacher and student on one batch."""

    teacher: nn.Module
    student: nn.Module
    objective: Objective[NetworkOutput, DistillationBatch]
    unpack: Callable[[Any], DistillationBatch]
    device: torch.device

    def terms(self, batch: Any, temperature: float) -> tuple[int, dict[str, Tensor]]:
        """Number of samples, and the weighted terms."""
        parts = to_device(self.unpack(batch), self.device)
        of_student, of_teacher = predict_output(self.student, parts.student_inputs), None
        if parts.valid is None:
            cells = of_student.logits.shape[:1] + of_student.logits.shape[2:]
            parts = replace(parts, valid=torch.ones(cells, dtype=torch.bool, device=self.device))
        if self.objective.soft > 0 or self.objective.feature > 0:
            with torch.no_grad():
                of_teacher = predict_output(self.teacher, parts.teacher_inputs)
            losses.check_logits(of_student.logits, of_teacher.logits, _valid(parts))
        return len(of_student.logits), self.objective.terms(of_student, of_teacher, parts, temperature)


def _soft_value(
    loss: SoftLoss, student: NetworkOutput, teacher: NetworkOutput, batch: DistillationBatch, temperature: float
) -> Tensor:
    valid = _valid(batch)
    return _mean(loss(student.logits, teacher.logits, valid, temperature), valid, "soft loss")


def _task_value(loss: TaskLoss, student: NetworkOutput, batch: DistillationBatch) -> Tensor:
    if batch.target is None:
        raise InputError("task loss", "the loader's batches have no target", "give (inputs, target), or pass `unpack`")
    valid = _valid(batch)
    if batch.labelled is not None:
        losses.check_mask(student.logits, batch.labelled)
        valid = valid & batch.labelled
    return _mean(loss(student.logits, batch.target, valid), valid, "task loss")


def _valid(batch: DistillationBatch) -> Tensor:
    if batch.valid is None:
        raise InputError("batch", "has no mask", "give valid (B, …) bool")
    return batch.valid


def _mean(values: Tensor, valid: Tensor, name: str) -> Tensor:
    """Mean over the samples with a valid cell."""
    if values.shape != valid.shape[:1]:
        raise InputError(name, f"returns {tuple(values.shape)}", f"return one value a sample, {tuple(valid.shape[:1])}")
    return losses.mean_of_samples(values, valid.reshape(len(valid), -1).any(dim=1))


class _BestWeights:
    """The student's weights of the lowest validation loss."""

    def __init__(
        self, pair: _Pair, validation: Iterable[Any] | None, every: int, temperature: float, steps: int
    ) -> None:
        self._pair, self._validation, self._temperature = pair, validation, temperature
        self._every, self._steps = every, steps
        self.losses: dict[int, float] = {}
        self._weights: dict[str, Tensor] | None = None

    @property
    def step(self) -> int | None:
        """Number of steps done at the lowest loss; of equal losses the first."""
        return min(self.losses, key=lambda done: (self.losses[done], done)) if self.losses else None

    def update(self, done: int) -> None:
        """Compute the validation loss where it is due, and keep the weights if it is the lowest."""
        if self._validation is None or (done % self._every and done != self._steps):
            return
        student = self._pair.student
        student.eval()
        self.losses[done] = self._loss(self._validation)
        student.train()
        if self.step == done:
            self._weights = {name: tensor.detach().clone() for name, tensor in student.state_dict().items()}

    def restore(self) -> None:
        """Load the weights into the student."""
        if self._weights is not None:
            self._pair.student.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"losses": self.losses, "weights": self._weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.losses, self._weights = dict(state["losses"]), state["weights"]

    def _loss(self, validation: Iterable[Any]) -> float:
        total, count = 0.0, 0
        with torch.no_grad(), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            for batch in validation:
                size, terms = self._pair.terms(batch, self._temperature)
                total, count = total + size * float(sum(terms.values())), count + size
        if count == 0:
            raise InputError("validation loader", "gives no batch", "give a DataLoader or a list")
        if not math.isfinite(total):
            raise FloatingPointError(f"the validation loss is {total / count}")
        return total / count


class _GeneratorState:
    """A random generator as part of a checkpoint."""

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator

    def state_dict(self) -> Tensor:
        """For a checkpoint."""
        return self._generator.get_state()

    def load_state_dict(self, state: Tensor) -> None:
        """From a checkpoint."""
        self._generator.set_state(state)
