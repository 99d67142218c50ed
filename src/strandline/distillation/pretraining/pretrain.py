"""What ships with the package: a teacher and an ensemble of students, trained on many simulated coasts."""

import logging
from collections.abc import Callable
from dataclasses import asdict

import torch
from torch import Tensor, nn

from strandline.distillation.distil import soft_terms, task_terms
from strandline.distillation.modality_dropout import modality_dropout
from strandline.distillation.pretraining.archive_sampling import ArchiveSampler, degrade_radar
from strandline.distillation.pretraining.simulated_coasts import PretrainingConfig
from strandline.distillation.training import data_parallel
from strandline.distillation.training.loop import Progress, mixed_precision, train
from strandline.models.batch import Batch
from strandline.models.inference import DihedralTransform, predict, student_inputs
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.models.weights.load_weights import Network

logger = logging.getLogger(__name__)
WINDOWS_A_STEP = 128


def pretrain_teacher(
    curriculum: PretrainingConfig,
    storms: Batch,
    windows: Batch,
    device: str,
    seed: int,
    progress: Progress | None = None,
) -> Teacher:
    """Train the teacher on the truth of many coasts."""
    torch.manual_seed(seed)
    teacher = Teacher().to(device)
    storms, windows = storms.to(device), windows.to(device)
    generator = torch.Generator().manual_seed(seed)
    data_parallel.seed_process(seed)

    def loss(step: int) -> dict[str, Tensor]:
        maps, hours = _draw(curriculum, storms, windows, generator)
        terms: dict[str, Tensor] = {}
        for batch in (DihedralTransform.draw(generator).batch(storms[maps]), windows[hours]):
            seen = data_parallel.local_batch(modality_dropout(batch, curriculum.dropout_rate, generator))
            with _precision(seen, device):
                said = teacher(seen)
            _accumulate(terms, task_terms(said, seen, 1.0))
        return terms

    _train(teacher, loss, curriculum.teacher_steps, curriculum, progress)
    train_refinement(curriculum, teacher, storms, device, seed)
    return finetune_surge_decoder(teacher, curriculum, windows, seed)


def train_refinement(curriculum: PretrainingConfig, teacher: Teacher, storms: Batch, device: str, seed: int) -> None:
    """Train the second look alone, on truth: what the first look said of a storm, beside others of the same coast."""
    recall = _recall(curriculum, teacher, storms, seed)
    generator = torch.Generator().manual_seed(seed)

    def loss(step: int) -> dict[str, Tensor]:
        _, remembering = recall.draw(curriculum.samples, generator)
        seen = modality_dropout(
            DihedralTransform.draw(generator).batch(remembering.to(device)), curriculum.dropout_rate, generator
        )
        seen = data_parallel.local_batch(seen)
        with _precision(seen, device):
            said = teacher(seen)
        return {"flood_task": task_terms(said, seen, 1.0)["flood_task"]}

    teacher.eval().requires_grad_(False)
    teacher.refinement.train().requires_grad_(True)
    train(
        list(teacher.refinement.parameters()),
        loss,
        curriculum.refinement_steps,
        curriculum.learning_rate,
        weight_decay=0.05,
    )
    teacher.eval().requires_grad_(True)


def _recall(curriculum: PretrainingConfig, teacher: Teacher, storms: Batch, seed: int) -> ArchiveSampler:
    """Every storm with the teacher's first look at the others of its coast."""
    blurred = degrade_radar(storms, torch.Generator().manual_seed(seed))
    return ArchiveSampler(storms, curriculum.storms, predict(teacher, storms), predict(teacher, blurred))


def pretrain_student(
    curriculum: PretrainingConfig,
    teacher: Teacher,
    storms: Batch,
    windows: Batch,
    device: str,
    seed: int,
    progress: Progress | None = None,
    start: Student | None = None,
) -> Student:
    """Train one student of no place: the teacher's word and the truth of many coasts, through failing streams.

    Each storm remembers, as strandlines and archive, some other storms of its coast – as many as chance wants, often
    only lower ones – so that on a new coast the student reads them without having to learn.

    Args:
        storms: ``curriculum.storms`` of each coast, coast after coast.
        start: the student before it in the ensemble, to go on from; the learning rate starts anew.

    Source: snapshot ensembles, Huang et al. (2017), section 3.
    """
    torch.manual_seed(seed)
    student = Student().to(device)
    student.load_state_dict(start.state_dict() if start else student.state_dict())
    first = _recall(curriculum, teacher, storms, seed)
    recall = ArchiveSampler(storms, curriculum.storms, first.train_refinement(teacher), first.bad_word)
    storms, windows = storms.to(device), windows.to(device)
    teacher_on_storms, teacher_on_windows = recall.word, predict(teacher, windows, chunk=256)
    generator = torch.Generator().manual_seed(seed)
    data_parallel.seed_process(seed)

    def loss(step: int) -> dict[str, Tensor]:
        maps, remembering = recall.draw(curriculum.samples, generator)
        hours = torch.randint(0, len(windows), (2 * curriculum.samples,), generator=generator)
        turn = DihedralTransform.draw(generator)
        terms: dict[str, Tensor] = {}
        for batch, word in (
            (turn.batch(remembering.to(device)), turn.prediction(teacher_on_storms[maps])),
            (windows[hours], teacher_on_windows[hours]),
        ):
            seen = data_parallel.local_batch(
                modality_dropout(student_inputs(batch), curriculum.dropout_rate, generator)
            )
            word = word[data_parallel.local_indices(len(batch))]
            with _precision(seen, device):
                said = student(seen)
            _accumulate(terms, soft_terms(said, word, seen, curriculum.soft, 1.0))
            _accumulate(terms, task_terms(said, seen, 1 - curriculum.soft))
        return terms

    _train(student, loss, curriculum.snapshot_steps if start else curriculum.student_steps, curriculum, progress)
    return finetune_surge_decoder(student, curriculum, windows, seed)


def finetune_surge_decoder(
    network: Network, curriculum: PretrainingConfig, windows: Batch, seed: int, progress: Progress | None = None
) -> Network:
    """Train the surge decoder alone, in place, on truth: windows are cheap without maps, and many are needed."""
    generator = torch.Generator().manual_seed(seed)

    def loss(step: int) -> dict[str, Tensor]:
        hours = torch.randint(0, len(windows), (WINDOWS_A_STEP,), generator=generator)
        seen = data_parallel.local_batch(modality_dropout(windows[hours], curriculum.dropout_rate, generator))
        if isinstance(network, Student):
            seen = student_inputs(seen)
        with torch.no_grad():
            tokens, token_seen = network.surge(seen)
        mean, scale = network.surge_decoder(tokens, token_seen, seen)
        return task_terms(Prediction(mean, scale), seen, 1.0)

    network.eval()
    network.surge_decoder.train()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        parameters = list(network.surge_decoder.parameters())
        train(parameters, loss, curriculum.surge_steps, curriculum.learning_rate, progress=progress)
    network.eval()
    return network


def _draw(
    curriculum: PretrainingConfig, storms: Batch, windows: Batch, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Indices of the storms and of the surge windows of one step, two windows a storm."""
    maps = torch.randint(0, len(storms), (curriculum.samples,), generator=generator)
    hours = torch.randint(0, len(windows), (2 * curriculum.samples,), generator=generator)
    return maps, hours


def _precision(batch: Batch, device: str) -> torch.autocast:
    """Maps in bfloat16, which they can bear; surges in single precision, since centimetres count."""
    return mixed_precision(device, enabled=batch.terrain is not None)


def _accumulate(terms: dict[str, Tensor], more: dict[str, Tensor]) -> None:
    for name, term in more.items():
        terms[name] = terms[name] + term if name in terms else term


def _train(
    network: nn.Module,
    loss: Callable[[int], dict[str, Tensor]],
    steps: int,
    curriculum: PretrainingConfig,
    progress: Progress | None,
) -> None:
    network.train()
    train(list(network.parameters()), loss, steps, curriculum.learning_rate, weight_decay=0.05, progress=progress)
    network.eval()


def build_model_card(
    command: str, curriculum: PretrainingConfig, seed: int, commit: str, device: str, seconds: float
) -> dict[str, object]:
    """Model card: data, configuration, seed, commit, machine."""
    return {
        "command": command,
        "data": f"{curriculum.coasts} simulated coasts, seeds from {curriculum.first_seed}; no real data",
        "config": asdict(curriculum),
        "seed": seed,
        "commit": commit,
        "torch": torch.__version__,
        "device": device,
        "seconds": round(seconds),
    }
