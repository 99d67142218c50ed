"""Export of adapted students: torch.export and ONNX, in single precision and in eight bits."""

import io
import json
import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from strandline.distillation.continual.replay import load_exemplars
from strandline.errors import InputError, require_extra
from strandline.files import write_bytes, write_text
from strandline.models.batch import LAYOUTS, Batch
from strandline.models.inference import TEACHER_ONLY
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.uncertainty.forecaster import Forecaster
from strandline.uncertainty.metrics import overlap_counts, pooled_iou

PROGRAM, ONNX, EIGHT_BIT, CARD = "students.pt2", "students.onnx", "students-int8.onnx", "program.json"
OUTPUT = "class_probability"
ONNX_OPERATIONS = 20
"""Version of the operator set that is written."""


FIELDS = tuple(
    name
    for name, layout in LAYOUTS.items()
    if layout.modality not in (*TEACHER_ONLY, "assets", "flood", "damage") and name != "climate_hours"
)
"""Fields of a batch that a program takes."""


@dataclass(frozen=True)
class Size:
    """Size of a program's inputs: rows and columns of the grid, and storms in the archive."""

    rows: int
    columns: int
    storms: int

    def inputs(self, samples: int) -> dict[str, tuple[int, ...]]:
        """Name → shape of every input, in order; all but the masks are float32."""
        sizes = {"B": samples, "S": 1, "H": self.rows, "W": self.columns, "E": self.storms}
        return {name: tuple(int(size) for size in LAYOUTS[name].shape(sizes)) for name in FIELDS}


class Program(nn.Module):
    """An ensemble as one function of tensors: flood classes as of `Forecaster.predict`.

    Args:
        students: members, single networks or the heads of one.
        temperature: divides the flood logits.
        without_site_memory: leave the site memory out; the storms are of another coast.
    """

    def __init__(
        self, students: Sequence[Student | MultiHeadStudent], temperature: float, *, without_site_memory: bool = False
    ) -> None:
        super().__init__()
        self.students = nn.ModuleList(deepcopy(list(students))).eval().requires_grad_(False)
        self.temperature, self.without_site_memory = temperature, without_site_memory

    def forward(self, *values: Tensor) -> Tensor:
        """Probabilities of the depth classes of each member (B, M, K, H, W), from ``FIELDS`` in order."""
        batch = Batch(**dict(zip(FIELDS, values, strict=True)))
        predictions: list[Prediction] = []
        for network in self.students:
            student = network.trunk if isinstance(network, MultiHeadStudent) else network
            assert isinstance(student, Student)
            output = student.forward_with_features(batch, without_site_memory=self.without_site_memory)
            if isinstance(network, MultiHeadStudent):
                predictions += network.predict_from(output, batch)
            else:
                predictions.append(output.prediction)
        floods = torch.stack([one.flood_logits for one in predictions], dim=1)
        return (floods / self.temperature).softmax(dim=2)


def inputs_of(batch: Batch) -> dict[str, Tensor]:
    """Inputs of a program for a batch (student inputs with their archive); an absent modality is masked zeros."""
    rows, columns = batch.require("terrain").shape[-2:]
    size = Size(rows, columns, 1 if batch.archive is None else batch.archive.shape[1])
    inputs: dict[str, Tensor] = {}
    for name, shape in size.inputs(len(batch)).items():
        value: Tensor | None = getattr(batch, name)
        inputs[name] = torch.zeros(shape, dtype=LAYOUTS[name].dtype) if value is None else value.contiguous()
    return inputs


def export_program(program: Program, size: Size, samples: int | None = None) -> torch.export.ExportedProgram:
    """The program on one grid, for ``samples`` storms; ``None`` = for any number of them, which takes longer."""
    shapes = size.inputs(samples or 2)
    example = tuple(torch.ones(shape, dtype=LAYOUTS[name].dtype) for name, shape in shapes.items())
    any_number = {0: torch.export.Dim("samples", min=1, max=4096)} if samples is None else None
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad():
            return torch.export.export(
                program, example, dynamic_shapes=(tuple(any_number for _ in shapes),), strict=False
            )
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


def as_onnx(program: torch.export.ExportedProgram, *, optimised: bool = True) -> bytes:
    """The program for ONNX runtimes; one that runs here alone need not be optimised, as its runtime does so again.

    Raises:
        InputError: the extra ``onnx`` is not installed.
    """
    require_extra("export", "onnx", "onnx", "onnxruntime", "onnxscript")
    with _quiet():
        found = torch.onnx.export(
            program,
            input_names=list(FIELDS),
            output_names=[OUTPUT],
            opset_version=ONNX_OPERATIONS,
            dynamo=True,
            optimize=optimised,
            verbose=False,
        )
    assert found is not None
    return bytes(found.model_proto.SerializeToString())


def in_eight_bits(program: bytes) -> bytes:
    """The ONNX program with weights of convolutions and matrix products in eight bits, a scale a channel.

    Activations are quantised dynamically by their range at run time, so that nothing has to be calibrated.
    """
    require_extra("export", "onnx", "onnx", "onnxruntime", "onnxscript")
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder, _quiet():
        plain, prepared, small = (Path(folder) / name for name in ("plain", "prepared", "small"))
        plain.write_bytes(program)
        quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        quantize_dynamic(
            prepared,
            small,
            op_types_to_quantize=["Conv", "MatMul", "Gemm"],
            per_channel=True,
            weight_type=QuantType.QUInt8,
        )
        return small.read_bytes()


class Session(Protocol):
    """Runtime of an ONNX program."""

    def run(self, outputs: None, inputs: Mapping[str, npt.NDArray[np.generic]]) -> list[npt.NDArray[np.float32]]:
        """All outputs, for inputs by name."""
        ...


def open_onnx(program: bytes) -> Session:
    """The program on this machine's processor, with as many threads as torch has."""
    require_extra("export", "onnx", "onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    session: Session = onnxruntime.InferenceSession(program, options, providers=["CPUExecutionProvider"])
    return session


def run_onnx(session: Session, batch: Batch) -> npt.NDArray[np.float32]:
    """``OUTPUT`` for a batch, (B, M, K, H, W)."""
    (classes,) = session.run(None, {name: tensor.numpy() for name, tensor in inputs_of(batch).items()})
    return classes


def loss_in_eight_bits(student: Student, temperature: float, threshold: float) -> dict[str, float]:
    """Scores of one student on the shipped storms, in single precision and in eight bits.

    The storms are of other coasts, with truth and without an archive; the site memory is left out. The student was
    trained on them, so that only the difference of the scores has a meaning.
    """
    storms = load_exemplars()
    flood_class, flood_valid = storms.pair("flood_class")
    program = Program([student], temperature, without_site_memory=True)
    rows, columns = storms.land.shape[-2:]
    plain = as_onnx(export_program(program, Size(rows, columns, 1), len(storms)), optimised=False)
    valid, flooded = (flood_valid & storms.land).numpy(), (flood_class > 0).numpy()
    scores = {}
    for name, content in (("float32", plain), ("int8", in_eight_bits(plain))):
        classes = run_onnx(open_onnx(content), storms)
        scores[f"iou_{name}"] = pooled_iou(overlap_counts(1 - classes[:, 0, 0] >= threshold, flooded, valid))
    return scores


def export_forecaster(forecaster: Forecaster, out: Path, *, onnx: bool = True) -> None:
    """Write the students as programs into ``out``, with a card of inputs, outputs and thresholds.

    Raises:
        InputError: students without site memory, or ``onnx`` without its extra.
    """
    shape = _grid_of(forecaster)
    size = Size(*shape, 1 if forecaster.archive is None else len(forecaster.archive))
    exported = export_program(Program(forecaster.students, forecaster.temperature), size)
    content = io.BytesIO()
    with _quiet():
        torch.export.save(exported, content)
    write_bytes(out / PROGRAM, content.getvalue())
    loss = None
    if onnx:
        plain = as_onnx(exported)
        write_bytes(out / ONNX, plain)
        write_bytes(out / EIGHT_BIT, in_eight_bits(plain))
        first = forecaster.students[0]
        student = first.trunk if isinstance(first, MultiHeadStudent) else first
        loss = loss_in_eight_bits(student, forecaster.temperature, forecaster.threshold)
    card = {
        "inputs": {name: ["samples", *shape[1:]] for name, shape in size.inputs(1).items()},
        "inputs_are": "the fields of strandline.models.batch.Batch, masks bool, else float32; an absent stream is "
        "masked zeros",
        "outputs": {OUTPUT: "(samples, members, depth classes, rows, columns), calibrated"},
        "flooded_from": {"threshold": forecaster.threshold, "extrapolation": forecaster.extrapolation_threshold},
        "int8": loss,
    }
    write_text(out / CARD, json.dumps(card, indent=2) + "\n")


def _grid_of(forecaster: Forecaster) -> tuple[int, int]:
    """(H, W) of the site memory."""
    first = forecaster.students[0]
    site_memory = first.trunk.site_memory if isinstance(first, MultiHeadStudent) else first.site_memory
    if site_memory is None:
        raise InputError("students", "have no site memory", "export those of a `strandline run`")
    return site_memory.shape[-2], site_memory.shape[-1]


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the messages of the exporters."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
