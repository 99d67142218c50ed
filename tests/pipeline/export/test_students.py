"""Exported students say what the forecaster says, for any number of storms, and eight bits cost little."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from strandline.distillation.waterlines.flood_archive import FloodArchive
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.inference import student_inputs
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.student import Student
from strandline.pipeline.export import students as export
from strandline.uncertainty.forecaster import Forecaster
from tests.fixtures.batches import make_batch

pytestmark = pytest.mark.slow

SHAPE = (16, 24)


def forecaster(heads: bool = False) -> Forecaster:
    torch.manual_seed(0)
    student = Student(width=8, site_shape=SHAPE).eval()
    assert student.site_memory is not None
    torch.nn.init.normal_(student.site_memory, std=0.02)
    ground = torch.rand(SHAPE) * 3
    archive = FloodArchive(
        torch.rand(3, 5, *SHAPE).softmax(1), torch.tensor([1.0, 1.5, 2.0]), torch.zeros(3), ground, ground > 0.3, 0
    )
    network = MultiHeadStudent(student, 3).eval() if heads else student
    if isinstance(network, MultiHeadStudent):
        torch.nn.init.normal_(network.flood.weight, std=0.2)
    return Forecaster((network,), 1.3, 0.45, 0.5, archive)


def storms(count: int = 3) -> Batch:
    batch = student_inputs(make_batch(count, SHAPE))
    return replace(batch, asset_cell=None, asset_class=None, asset_seen=None)


def assert_says_the_same(program: torch.export.ExportedProgram, ours: Forecaster) -> None:
    """As the forecaster, for any number of storms."""
    for count in (1, 3):
        batch = ours.attach_archive(storms(count))
        classes = program.module()(*export.inputs_of(batch).values())
        said = ours.predict(storms(count))
        np.testing.assert_allclose(classes.transpose(0, 1), said.class_probability, atol=1e-4)


def test_an_absent_stream_is_an_unseen_one() -> None:
    ours, batch = forecaster(), storms()
    program = export.Program(ours.students, ours.temperature)
    bare = batch.without("optical", "in_situ", "gauge")
    inputs = export.inputs_of(bare)
    assert list(inputs) == list(export.FIELDS)
    assert not inputs["optical_seen"].any()
    with torch.no_grad():
        said, alone = program(*inputs.values()), ours.students[0]
        assert isinstance(alone, Student)
        word = alone(bare).flood_logits
    torch.testing.assert_close(said[:, 0], (word / 1.3).softmax(1), atol=1e-5, rtol=0)


def test_a_folder_of_programs_of_many_heads_is_read_without_strandline_for_any_number_of_storms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    past = export.load_exemplars()  # type: ignore[attr-defined]
    monkeypatch.setattr(export, "load_exemplars", lambda: past[:2])
    ours = forecaster(heads=True)
    export.export_forecaster(ours, tmp_path)
    batch = ours.attach_archive(storms())
    said = ours.predict(storms())
    for name, tolerance in ((export.ONNX, 1e-4), (export.EIGHT_BIT, 0.2)):
        classes = export.run_onnx(export.open_onnx((tmp_path / name).read_bytes()), batch)
        np.testing.assert_allclose(classes.swapaxes(0, 1), said.class_probability, atol=tolerance)
    assert_says_the_same(torch.export.load(tmp_path / export.PROGRAM), ours)
    assert (tmp_path / export.EIGHT_BIT).stat().st_size < (tmp_path / export.ONNX).stat().st_size / 2
    card = json.loads((tmp_path / export.CARD).read_text())
    assert card["inputs"]["archive"] == ["samples", 3, 2, *SHAPE]
    assert set(card["int8"]) == {"iou_float32", "iou_int8"}


def test_students_without_site_memory_and_a_missing_extra_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = forecaster()
    with pytest.raises(InputError, match="have no site memory"):
        export.export_forecaster(replace(ours, students=(Student(width=8),)), tmp_path)
    monkeypatch.setattr("strandline.errors.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"pip install 'strandline\[onnx\]'"):
        export.in_eight_bits(b"")
