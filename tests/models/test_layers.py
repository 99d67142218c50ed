"""Layers against closed forms and torch's own operations."""

import torch
from torch.nn import functional as F

from strandline.models.layers import channels_last, gelu, masked_mean, pad_to_patches


def test_a_masked_mean_is_over_observed_values_and_zero_without_any() -> None:
    streams = [torch.tensor([1.0, 2.0, 3.0]), torch.tensor([3.0, 5.0, 9.0])]
    weights = [torch.tensor([1.0, 0.0, 0.0]), torch.tensor([1.0, 0.5, 0.0])]
    torch.testing.assert_close(masked_mean(streams, weights), torch.tensor([2.0, 5.0, 0.0]))


def test_activation_does_not_depend_on_the_memory_format() -> None:
    grid = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(gelu(grid), F.gelu(grid))
    last = gelu(channels_last(grid))
    torch.testing.assert_close(last, F.gelu(grid))
    assert last.is_contiguous(memory_format=torch.channels_last)


def test_padding_reaches_the_next_patch_and_adds_zeros() -> None:
    padded = pad_to_patches(torch.ones(1, 2, 9, 16))
    assert padded.shape == (1, 2, 16, 16)
    assert padded.sum() == 2 * 9 * 16
