"""Networks of any kind: their device, their inputs and their output."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from strandline.distillation.alignment.alignment import Features
from strandline.errors import InputError

Value = TypeVar("Value")


class NetworkOutput(NamedTuple):
    """What a network returns.

    Attributes:
        logits: (B, K, …) of K classes.
        features: ``global`` (B, D) and ``patches`` (B, N, D), for feature alignment.
    """

    logits: Tensor
    features: Features = MappingProxyType({})


def predict_output(network: nn.Module, inputs: object) -> NetworkOutput:
    """Call a network with its inputs: a tuple as positional arguments, a mapping as keyword arguments.

    Raises:
        InputError: an output that is neither logits nor logits and features.
    """
    if isinstance(inputs, tuple):
        output = network(*inputs)
    elif isinstance(inputs, Mapping):
        output = network(**inputs)
    else:
        output = network(inputs)
    if isinstance(output, NetworkOutput):
        return output
    if isinstance(output, Tensor):
        output = (output, {})
    is_pair = isinstance(output, tuple) and len(output) == 2
    if not (is_pair and isinstance(output[0], Tensor) and output[0].dim() >= 2 and isinstance(output[1], Mapping)):
        raise InputError(
            type(network).__name__,
            f"returns {_description(output)}",
            "return logits (B, K, …), or logits and a mapping of features",
        )
    return NetworkOutput(*output)


def device_of(network: nn.Module) -> torch.device:
    """Device of the first weight; the CPU where there is none."""
    return next((weight.device for weight in network.parameters()), torch.device("cpu"))


@contextmanager
def evaluation_on(network: nn.Module, device: torch.device) -> Iterator[None]:
    """Within, the network is on the device and in evaluation mode; afterwards as it was before."""
    before, modes = device_of(network), {module: module.training for module in network.modules()}
    network.to(device).eval()
    try:
        yield
    finally:
        network.to(before)
        for module, training in modes.items():
            module.training = training


def to_device(value: Value, device: torch.device) -> Value:
    """Tensors on the device, in tuples, lists, mappings, dataclasses and objects with a ``to``; the rest as it is."""
    moved: Any = value
    if callable(getattr(value, "to", None)):
        moved = value.to(device)  # type: ignore[attr-defined]
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        moved = type(value)(*(to_device(part, device) for part in value))
    elif isinstance(value, list | tuple):
        moved = type(value)(to_device(part, device) for part in value)
    elif isinstance(value, Mapping):
        moved = {name: to_device(part, device) for name, part in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        moved = replace(value, **{part.name: to_device(getattr(value, part.name), device) for part in fields(value)})
    return moved  # type: ignore[no-any-return]


def _description(output: object) -> str:
    if isinstance(output, Tensor):
        return f"a tensor {tuple(output.shape)}"
    if isinstance(output, tuple):
        return f"a tuple ({', '.join(_description(part) for part in output)})"
    return f"a {type(output).__name__}"
