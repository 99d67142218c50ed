"""Pre-training of the shipped teacher and ensemble of students on many simulated coasts."""

from collections.abc import Callable
from dataclasses import asdict

import torch
from torch import Tensor, nn

from strandline.distillation.modality_dropout import modality_dropout
from strandline.distillation.objective import soft_terms, task_terms
from strandline.distillation.pretraining.archive_sampling import ArchiveSampler, degrade_radar
from strandline.distillation.pretraining.simulated_coasts import PretrainingConfig
from strandline.distillation.training import data_parallel
from strandline.distillation.training.loop import Progress, mixed_precision, train
from strandline.distillation.training.networks import to_device
from strandline.models.batch import Batch
from strandline.models.inference import DihedralTransform, predict, student_inputs
from strandline.models.student import Student
from strandline.models.teacher import Teacher


def pretrain_teacher(
    config: PretrainingConfig, storms: Batch, device: str, seed: int, progress: Progress | None = None
) -> Teacher:
    """Train the teacher on the true targets of many coasts."""
    torch.manual_seed(seed)
    teacher = Teacher().to(device)
    generator = torch.Generator().manual_seed(seed)
    data_parallel.seed_process(seed)

    def loss(step: int) -> dict[str, Tensor]:
        maps = torch.randint(0, len(storms), (config.samples,), generator=generator)
        batch = DihedralTransform.draw(generator).batch(storms[maps].to(device))
        inputs = data_parallel.local_batch(modality_dropout(batch, config.dropout_rate, generator))
        with mixed_precision(device):
            prediction = teacher(inputs)
        return task_terms(prediction, inputs, 1.0)

    _train(teacher, loss, config.teacher_steps, config, progress)
    train_refinement(config, teacher, storms, device, seed)
    return teacher


def train_refinement(config: PretrainingConfig, teacher: Teacher, storms: Batch, device: str, seed: int) -> None:
    """Train the refinement head alone, on true targets, with first-pass maps of other storms of the same coast."""
    sampler = _archive_sampler(config, teacher, storms, device, seed)
    generator = torch.Generator().manual_seed(seed)

    def loss(step: int) -> dict[str, Tensor]:
        _, batch = sampler.draw(config.samples, generator)
        transformed = DihedralTransform.draw(generator).batch(batch.to(device))
        inputs = data_parallel.local_batch(modality_dropout(transformed, config.dropout_rate, generator))
        with mixed_precision(device):
            prediction = teacher(inputs)
        return {"flood_task": task_terms(prediction, inputs, 1.0)["flood_task"]}

    teacher.eval().requires_grad_(False)
    teacher.refinement.train().requires_grad_(True)
    parameters = list(teacher.refinement.parameters())
    train(parameters, loss, config.refinement_steps, config.learning_rate, weight_decay=0.05)
    teacher.eval().requires_grad_(True)


def _archive_sampler(
    config: PretrainingConfig, teacher: Teacher, storms: Batch, device: str, seed: int
) -> ArchiveSampler:
    """Archives of the teacher's first pass, with radar as it is and degraded; they stay on the CPU."""
    degraded = degrade_radar(storms, torch.Generator().manual_seed(seed))
    first_pass, first_pass_degraded = (
        to_device(predict(teacher, batch.to(device)), torch.device("cpu")) for batch in (storms, degraded)
    )
    return ArchiveSampler(storms, config.storms, first_pass, first_pass_degraded)


def pretrain_student(
    config: PretrainingConfig,
    teacher: Teacher,
    storms: Batch,
    device: str,
    seed: int,
    progress: Progress | None = None,
    start: Student | None = None,
) -> Student:
    """Train one student without site memory on the teacher's predictions and the true targets of many coasts.

    Each storm has waterlines and an archive of some other storms of its coast, of random number and often only lower
    ones, so that on a new coast the student uses an archive without further training. Modalities are dropped at random.

    With ``config.compound_every`` a student that starts from another learns what rain and rivers add, and nothing else:
    where neither is known it predicts what the other does.

    Args:
        storms: ``config.storms`` of each coast, coast after coast.
        start: the previous student of the ensemble, whose weights training starts from; the learning rate starts anew.

    Source: snapshot ensembles, Huang et al. (2017), section 3.
    """
    torch.manual_seed(seed)
    student = Student(inflow=config.compound_every > 0)
    if start is not None:
        student.load_state_dict({**student.state_dict(), **start.state_dict()})  # one without rain gives what it has
    student = student.to(device)
    if start is not None and config.compound_every > 0:
        student.requires_grad_(False)
        for parameter in student.inflow_parameters():
            parameter.requires_grad_(True)
    first_pass = _archive_sampler(config, teacher, storms, device, seed)
    second_pass = first_pass.predict_second_pass(teacher, device)
    sampler = ArchiveSampler(storms, config.storms, second_pass, first_pass.degraded)
    generator, target = torch.Generator().manual_seed(seed), torch.device(device)
    data_parallel.seed_process(seed)

    def loss(step: int) -> dict[str, Tensor]:
        maps, drawn = sampler.draw(config.samples, generator)
        transform = DihedralTransform.draw(generator)
        of_teacher = transform.prediction(to_device(sampler.prediction[maps], target))
        batch = student_inputs(transform.batch(drawn.to(device)))
        inputs = data_parallel.local_batch(modality_dropout(batch, config.dropout_rate, generator))
        with mixed_precision(device):
            prediction = student(inputs)
        soft = soft_terms(prediction, of_teacher[data_parallel.local_indices(len(batch))], inputs, config.soft, 1.0)
        return soft | task_terms(prediction, inputs, 1 - config.soft)

    _train(student, loss, config.snapshot_steps if start else config.student_steps, config, progress)
    return student.requires_grad_(True)


def _train(
    network: nn.Module,
    loss: Callable[[int], dict[str, Tensor]],
    steps: int,
    config: PretrainingConfig,
    progress: Progress | None,
) -> None:
    network.train()
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    train(trained, loss, steps, config.learning_rate, weight_decay=0.05, progress=progress)
    network.eval()


def build_model_card(
    command: str, config: PretrainingConfig, seed: int, commit: str, device: str, seconds: float
) -> dict[str, object]:
    """Data, configuration, seed, commit and machine, for the model card."""
    return {
        "command": command,
        "data": f"{config.coasts} simulated coasts, seeds from {config.first_seed}; no real data",
        "config": asdict(config),
        "seed": seed,
        "commit": commit,
        "torch": torch.__version__,
        "device": device,
        "seconds": round(seconds),
    }
