"""A start from someone else's Vision Transformer, whose blocks are ours in all but name."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.errors import InputError
from strandline.models.dense_transformer import DenseTransformer
from strandline.models.layers import PATCH, AttentionBlock


def start_from_vit(network: DenseTransformer, vit: str | Path) -> None:
    """Copy CLS token, blocks and last norm of a Hugging Face ``ViTModel`` into a network, in place.

    Patch embeddings are resized to our patches and shared out over the channels of every stream, so that a grey image
    is answered alike. Positions are not copied: ours are sines, which fit any grid. Flags, context and decoder have no
    counterpart and stay as they are.

    Args:
        network: with the model's width and heads, and no more blocks than it has.
        vit: name on the Hugging Face hub, or a local folder with ``config.json`` and the weights.

    Raises:
        InputError: ``transformers`` is not installed, there is no such model, or one that does not fit.

    Source: Dosovitskiy et al. (2021), section 3.1; one kernel for any number of channels as in timm's ``in_chans``.
    """
    config, state = _load(vit)
    first = network.blocks[0]
    assert isinstance(first, AttentionBlock)
    ours = {
        "hidden_size": network.feature_width,
        "num_attention_heads": first.attention.num_heads,
        "intermediate_size": 4 * network.feature_width,
        "hidden_act": "gelu",
    }
    for name, value in ours.items():
        if (theirs := config[name]) != value:
            raise InputError(f"model '{vit}'", f"has {name} {theirs}", f"this network needs {value}")
    if config["num_hidden_layers"] < len(network.blocks):
        raise InputError(
            f"model '{vit}'",
            f"has {config['num_hidden_layers']} blocks, the network {len(network.blocks)}",
            "build the network with a smaller depth",
        )
    with torch.no_grad():
        network.cls.copy_(state["embeddings.cls_token"])
        network.norm.load_state_dict({part: state[f"layernorm.{part}"] for part in ("weight", "bias")})
        for index, block in enumerate(network.blocks):
            block.load_state_dict(_block(state, f"layers.{index}."))
        kernel = _kernel(state["embeddings.patch_embeddings.projection.weight"])  # (D, 1, 8, 8)
        for embed in network.embed.values():
            assert isinstance(embed, nn.Conv2d)
            embed.weight.copy_(kernel.expand_as(embed.weight) / embed.in_channels)
            assert embed.bias is not None
            embed.bias.copy_(state["embeddings.patch_embeddings.projection.bias"])


def _load(vit: str | Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The model's configuration and weights."""
    try:
        from transformers import ViTModel
    except ImportError as error:
        raise InputError("transformers", "is not installed", "install the extra `strandline[vit]`") from error
    try:
        model = ViTModel.from_pretrained(str(vit), add_pooling_layer=False)
    except (OSError, ValueError) as error:
        raise InputError(f"model '{vit}'", "cannot be loaded", f"name a ViTModel or its folder ({error})") from error
    return model.config.to_dict(), model.state_dict()


def _block(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """One of their blocks under our names."""
    found = {}
    for part in ("weight", "bias"):
        found[f"norm1.{part}"] = state[f"{prefix}layernorm_before.{part}"]
        found[f"norm2.{part}"] = state[f"{prefix}layernorm_after.{part}"]
        found[f"attention.in_proj_{part}"] = torch.cat([state[f"{prefix}attention.{q}_proj.{part}"] for q in "qkv"])
        found[f"attention.out_proj.{part}"] = state[f"{prefix}attention.o_proj.{part}"]
        found[f"mlp.0.{part}"] = state[f"{prefix}mlp.fc1.{part}"]
        found[f"mlp.3.{part}"] = state[f"{prefix}mlp.fc2.{part}"]
    return found


def _kernel(projection: Tensor) -> Tensor:
    """(D, 3, P, P) → (D, 1, 8, 8), summed over colours; a flat patch is answered as before."""
    size = projection.shape[-1]
    resized = F.interpolate(projection, (PATCH, PATCH), mode="area" if size > PATCH else "bilinear")
    return resized.sum(dim=1, keepdim=True) * (size / PATCH) ** 2
