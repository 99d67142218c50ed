"""A Vision Transformer of others is a start: the same weights give the same answers."""

from pathlib import Path

import pytest
import torch

from strandline.errors import InputError
from strandline.models.dense_transformer import DenseTransformer
from strandline.models.pretrained import start_from_vit

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.slow  # the library alone takes seconds to import


def save_vit(folder: Path, **changes: int) -> torch.nn.Module:
    torch.manual_seed(0)
    settings = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 128}
    config = transformers.ViTConfig(**{**settings, **changes}, image_size=32, patch_size=16)
    model = transformers.ViTModel(config, add_pooling_layer=False)
    for name, weight in model.named_parameters():
        if "bias" in name or "norm" in name:  # drawn as 0 and 1: a mix-up would not show
            torch.nn.init.normal_(weight)
    model.save_pretrained(folder)
    return model.eval()


def test_blocks_answer_as_those_of_the_model_do(tmp_path: Path) -> None:
    model = save_vit(tmp_path)
    network = DenseTransformer({"radar": 2}, 2, width=32, depth=2, heads=4).eval()
    start_from_vit(network, tmp_path)
    tokens = torch.randn(2, 5, 32)
    seen = torch.ones(2, 5, dtype=torch.bool)
    with torch.no_grad():
        for ours, theirs in zip(network.blocks, model.layers, strict=False):
            said = theirs(tokens)
            torch.testing.assert_close(ours(tokens, seen), said, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(network.norm(tokens), model.layernorm(tokens), atol=1e-4, rtol=1e-4)


def test_a_flat_grey_patch_is_embedded_as_by_the_model(tmp_path: Path) -> None:
    model = save_vit(tmp_path)
    network = DenseTransformer({"radar": 2, "optical": 3}, 2, width=32, depth=2, heads=4)
    start_from_vit(network, tmp_path)
    with torch.no_grad():
        theirs = model.embeddings.patch_embeddings.projection(torch.full((1, 3, 16, 16), 0.7))
        for name, channels in network.channels.items():
            ours = network.embed[name](torch.full((1, channels, 8, 8), 0.7))
            torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"hidden_size": 64}, "hidden_size 64"), ({"num_hidden_layers": 1}, "1 blocks, the network 2")],
)
def test_a_model_that_does_not_fit_is_refused(tmp_path: Path, changes: dict[str, int], message: str) -> None:
    save_vit(tmp_path, **changes)
    with pytest.raises(InputError, match=message):
        start_from_vit(DenseTransformer({"radar": 2}, 2, width=32, depth=2, heads=4), tmp_path)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be loaded"):
        start_from_vit(DenseTransformer({"radar": 2}, 2, width=32, depth=2, heads=4), tmp_path / "nothing")
