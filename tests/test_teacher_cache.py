"""A teacher is asked once; anything that decides its answer changes the key; a damaged file never answers."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from strandline.distillation.cache import answer_key, ask_once, fingerprint
from strandline.errors import InputError

PREPARATION: dict[str, object] = {"network": "tiny", "bands": ["vv", "vh"], "mean": [0.1, 0.2], "scale": 2.5}


class Counting:
    """A teacher that knows how often it was asked."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.network, self.asked = nn.Conv2d(2, 3, 3, padding=1), 0

    def __call__(self, tile: Tensor) -> dict[str, Tensor]:
        self.asked += 1
        said = self.network(tile[None])
        return {"logits": said, "sure": said[:, 0] > 0}


def tile(seed: int = 0) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return {"radar": torch.randn(2, 6, 6, generator=draw), "seen": torch.rand(6, 6, generator=draw) < 0.8}


def key_of(teacher: Counting, one: dict[str, Tensor]) -> str:
    return answer_key(fingerprint(teacher.network.state_dict()), PREPARATION, one)


@pytest.mark.parametrize("half", [False, True])
def test_a_teacher_is_asked_once_and_the_second_answer_is_the_first(tmp_path: Path, half: bool) -> None:
    teacher = Counting()
    first, second = (
        ask_once(lambda: teacher(tile()["radar"]), key_of(teacher, tile()), tmp_path / "new", half) for _ in range(2)
    )
    assert teacher.asked == 1
    truth = teacher(tile()["radar"])
    for name, tensor in truth.items():
        assert torch.equal(first[name], second[name])
        assert first[name].dtype == second[name].dtype == tensor.dtype
        torch.testing.assert_close(first[name], tensor.detach(), rtol=2**-11 if half else 0, atol=1e-7 if half else 0)
    assert not first["logits"].requires_grad
    ask_once(lambda: teacher(tile(1)["radar"]), key_of(teacher, tile(1)), tmp_path / "new", half)
    assert len(list((tmp_path / "new").iterdir())) == 2


def test_half_precision_takes_half_the_room_and_is_filed_apart(tmp_path: Path) -> None:
    answer = {"logits": torch.randn(5, 64, 64)}
    for half in (False, True):
        ask_once(lambda: answer, "k", tmp_path, half)
    exact, rough = (tmp_path / name for name in ("k.safetensors", "k-half.safetensors"))
    assert rough.stat().st_size == pytest.approx(exact.stat().st_size / 2, rel=0.01)
    assert torch.equal(ask_once(lambda: {}, "k", tmp_path)["logits"], answer["logits"])
    with pytest.raises(InputError, match="half precision cannot hold"):
        ask_once(lambda: {"logits": torch.tensor([7e4])}, "large", tmp_path, half=True)
    assert not list(tmp_path.glob("large*"))


def changed_weight(teacher: Counting) -> str:
    with torch.no_grad():
        teacher.network.weight.view(-1)[17] += 1e-7
    return key_of(teacher, tile())


def changed_pixel(teacher: Counting) -> str:
    one = tile()
    one["radar"][1, 3, 4] = torch.nextafter(one["radar"][1, 3, 4], torch.tensor(9.0))
    return key_of(teacher, one)


def changed_mask(teacher: Counting) -> str:
    one = tile()
    one["seen"][2, 2] = ~one["seen"][2, 2]
    return key_of(teacher, one)


def changed_number(teacher: Counting) -> str:
    preparation = {**PREPARATION, "mean": [0.1, 0.20000000000000004]}
    return answer_key(fingerprint(teacher.network.state_dict()), preparation, tile())


def renamed_stream(teacher: Counting) -> str:
    one = tile()
    return key_of(teacher, {"sar": one["radar"], "seen": one["seen"]})


def reshaped_tile(teacher: Counting) -> str:
    one = tile()
    return key_of(teacher, {**one, "radar": one["radar"].reshape(2, 4, 9)})


def retyped_tile(teacher: Counting) -> str:
    one = tile()
    return key_of(teacher, {**one, "radar": one["radar"].view(torch.int32)})


@pytest.mark.parametrize(
    "change",
    [changed_weight, changed_pixel, changed_mask, changed_number, renamed_stream, reshaped_tile, retyped_tile],
)
def test_one_weight_one_number_or_one_pixel_changes_the_key(change: Callable[[Counting], str]) -> None:
    assert change(Counting()) != key_of(Counting(), tile())


def test_what_decides_nothing_does_not_change_the_key() -> None:
    teacher, one = Counting(), tile()
    turned = {"seen": one["seen"], "radar": one["radar"].transpose(1, 2).contiguous().transpose(1, 2)}
    preparation = dict(reversed(PREPARATION.items()))
    assert answer_key(fingerprint(teacher.network.state_dict()), preparation, turned) == key_of(teacher, one)


def test_a_constant_that_takes_no_room_has_the_fingerprint_of_one_that_does() -> None:
    assert fingerprint({"slope": torch.ones(1).expand(5)}) == fingerprint({"slope": torch.ones(5)})


@pytest.mark.parametrize("preparation", [{"mean": float("nan")}, {"mean": torch.ones(2)}])
def test_a_preparation_that_cannot_be_told_apart_is_refused(preparation: dict[str, object]) -> None:
    with pytest.raises(InputError, match="describe it by text"):
        answer_key("", preparation, {})


def damage(path: Path, kind: str) -> None:
    content = path.read_bytes()
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "noise":
        path.write_bytes(bytes(range(256)) * 4)
    elif kind == "another answer":
        tensors = load_file(path)
        tensors["logits"] = tensors["logits"] + 1
        save_file(tensors, path)
    elif kind == "no digest":
        tensors = load_file(path)
        save_file({"logits": tensors["logits"], "sure": tensors["sure"]}, path)
    elif kind == "swapped names":
        tensors = load_file(path)
        tensors["extra"] = tensors.pop("sure")
        save_file(tensors, path)
    else:
        path.write_bytes(content[: int(len(content) * float(kind))])


@pytest.mark.parametrize(
    "kind", ["empty", "noise", "another answer", "no digest", "swapped names", "0.001", "0.3", "0.9", "0.999"]
)
def test_a_damaged_file_is_noticed_replaced_and_told(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    teacher = Counting()
    key = key_of(teacher, tile())
    whole = ask_once(lambda: teacher(tile()["radar"]), key, tmp_path)
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    damage(path, kind)
    with caplog.at_level(logging.WARNING):
        again = ask_once(lambda: teacher(tile()["radar"]), key, tmp_path)
    assert teacher.asked == 2
    assert "is damaged; the teacher is asked again" in caplog.text
    assert torch.equal(again["logits"], whole["logits"])
    assert path.read_bytes() == content


def test_no_flipped_bit_anywhere_in_a_file_comes_back_as_an_answer(tmp_path: Path) -> None:
    answer = {"logits": torch.arange(4.0), "sure": torch.tensor([True, False])}
    ask_once(lambda: answer, "k", tmp_path)
    path = tmp_path / "k.safetensors"
    content, asked = path.read_bytes(), 0

    def again() -> dict[str, Tensor]:
        nonlocal asked
        asked += 1
        return answer

    for place in range(0, len(content), 3):
        path.write_bytes(content[:place] + bytes([content[place] ^ (1 << place % 8)]) + content[place + 1 :])
        back = ask_once(again, "k", tmp_path)
        assert set(back) == set(answer), place
        assert all(torch.equal(back[name], answer[name]) for name in answer), place
    assert asked >= 0.9 * len(content) / 3  # a space that pads the header may read as another


def test_a_file_under_another_tiles_name_is_not_its_answer(tmp_path: Path) -> None:
    ask_once(lambda: {"logits": torch.zeros(2)}, "one", tmp_path)
    (tmp_path / "one.safetensors").rename(tmp_path / "two.safetensors")
    assert ask_once(lambda: {"logits": torch.ones(2)}, "two", tmp_path)["logits"].tolist() == [1, 1]


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "k.safetensors").mkdir()
    with pytest.raises(InputError, match=r"k\.safetensors: cannot be read"):
        ask_once(lambda: {}, "k", tmp_path)


def test_a_teacher_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def fail() -> dict[str, Tensor]:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        ask_once(fail, "k", tmp_path)
    assert not list(tmp_path.iterdir())
