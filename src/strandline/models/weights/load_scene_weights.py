"""Read and write the committee that maps flood scenes, and its student."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from strandline.errors import InputError
from strandline.files import write_bytes, write_text
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.scenes.boosted_trees import BoostedTrees
from strandline.models.flood.scenes.committee import Committee
from strandline.models.flood.scenes.members import Member, NetworkMember, ThresholdMember, TreeMember
from strandline.models.flood.scenes.networks import new_student, new_teacher
from strandline.models.flood.scenes.stacking import Recalibration, Stacking
from strandline.models.weights.load_weights import REPLACE, SHIPPED, load_card, verified_bytes

FILE, CARD = "scenes.safetensors", "scenes.json"
STUDENT = "student"
"""Name of the member that infers what no image shows."""


def save_scene_networks(folder: Path, committee: Committee, card: Mapping[str, object]) -> None:
    """Write ``scenes.safetensors``, networks in half precision, and the card ``scenes.json``.

    Args:
        committee: transformers, trees, thresholds, and the student as a member of its own.
        card: what the networks were trained on, by which command, their scores and limits.
    """
    tensors: dict[str, Tensor] = {}
    members: list[dict[str, object]] = []
    for member in committee.members:
        if isinstance(member, TreeMember):
            tensors |= member.trees.tensors(f"{member.name}.")
            members.append({"name": member.name, "kind": "trees", "shows": list(member.shows)})
        elif isinstance(member, ThresholdMember):
            doubt = None if math.isnan(member.doubt) else member.doubt
            members.append({"name": member.name, "kind": "thresholds", "sensor": member.sensor, "doubt": doubt})
        elif isinstance(member, NetworkMember):
            state = member.network.state_dict()
            tensors |= {f"{member.name}.{name}": value.detach().half().contiguous() for name, value in state.items()}
            size = _size_of(member.network)
            members.append({"name": member.name, "kind": "network", "streams": list(member.streams), **size})
    content = save({name: value.contiguous() for name, value in tensors.items()})
    write_bytes(folder / FILE, content)
    stackings = {key: asdict(stacking) for key, stacking in committee.stackings.items()}
    whole = {**card, "members": members, "stackings": stackings, "sha256": {FILE: sha256(content).hexdigest()}}
    write_text(folder / CARD, json.dumps(whole, indent=2) + "\n")


def load_committee(folder: Path | None = None) -> Committee:
    """The committee that `save_scene_networks` wrote.

    Args:
        folder: of `strandline pretrain --scenes`; ``None`` = what ships.

    Raises:
        InputError: none in the folder, a damaged one, or one of another version.
    """
    folder = folder or SHIPPED
    card: Mapping[str, Any] = load_card(folder, CARD)
    path = folder / FILE
    content = verified_bytes(path, card, CARD)
    try:
        tensors = load(content)
        members = tuple(_member(described, tensors) for described in card["members"])
        stackings = {key: _stacking(values) for key, values in card["stackings"].items()}
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise InputError(path, f"holds networks of another version, or is damaged ({error})", REPLACE) from error
    return Committee(members, stackings)


def load_scene_student(folder: Path = SHIPPED) -> DenseCNN:
    """The student of scenes.

    Raises:
        InputError: as `load_committee`.
    """
    members = (one for one in load_committee(folder).members if isinstance(one, NetworkMember))
    for member in members:
        if member.name == STUDENT and isinstance(member.network, DenseCNN):
            return member.network
    raise InputError(folder / FILE, "holds no student", REPLACE)


def _member(described: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Member:
    name, kind = str(described["name"]), described["kind"]
    if kind == "thresholds":
        return ThresholdMember(
            name, described["sensor"], math.nan if described["doubt"] is None else described["doubt"]
        )
    if kind == "trees":
        return TreeMember(name, BoostedTrees.of_tensors(tensors, f"{name}."), tuple(described["shows"]))
    streams = tuple(described["streams"])
    size = {key: described[key] for key in ("width", "depth", "skip") if key in described}
    network = new_student(0, size["width"]) if "depth" not in size else new_teacher(streams, 0, **size)
    prefix = f"{name}."
    network.load_state_dict(
        {key.removeprefix(prefix): value.float() for key, value in tensors.items() if key.startswith(prefix)}
    )
    return NetworkMember(name, network.eval(), streams, infers=name == STUDENT)


def _stacking(values: Mapping[str, Any]) -> Stacking:
    members = {name: Recalibration(**one) for name, one in values["members"].items()}
    return Stacking(members, values["exponent"], Recalibration(**values["joined"]), values["untrained"])


def _size_of(network: nn.Module) -> dict[str, int]:
    """Arguments that make a network of the same shape."""
    state = network.state_dict()
    if isinstance(network, DenseCNN):
        return {"width": state["flags.weight"].shape[0]}
    return {
        "width": state["cls"].shape[-1],
        "depth": len({name.split(".")[1] for name in state if name.startswith("blocks.")}),
        "skip": state["decoder.flags.weight"].shape[0],
    }
