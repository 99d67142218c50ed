"""Files of the forecaster: those of an older version are refused."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from strandline.distillation.waterlines.flood_archive import FloodArchive
from strandline.errors import InputError
from strandline.models.student import Student
from strandline.uncertainty.forecaster import ARCHIVE_FILE, Forecaster, load_forecaster, save_forecaster
from tests.fixtures.weights import seal_weights

SHAPE = (16, 24)


@pytest.mark.parametrize("part", ["card", "archive"])
def test_a_forecaster_of_an_older_version_is_refused(tmp_path: Path, part: str) -> None:
    level, ground = torch.tensor([1.0, 1.5]), torch.rand(SHAPE)
    archive = FloodArchive(torch.rand(2, 5, *SHAPE).softmax(1), level, 0 * level, ground, ground > 0.3)
    students = (Student(site_shape=SHAPE),)
    save_forecaster(tmp_path, Forecaster(students, 1.3, 0.4, 0.45, archive), {})
    if part == "card":
        card = json.loads((tmp_path / "student.json").read_text())
        card["calibration"]["false_dry_rate"] = card["calibration"].pop("miss_rate")
        (tmp_path / "student.json").write_text(json.dumps(card))
    else:
        tensors = load_file(tmp_path / ARCHIVE_FILE)
        tensors["word"] = tensors.pop("class_probability")
        save_file(tensors, tmp_path / ARCHIVE_FILE)
        seal_weights(tmp_path)
    with pytest.raises(InputError, match="older version; run `strandline run` again"):
        load_forecaster(tmp_path)
