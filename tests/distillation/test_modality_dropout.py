"""Modality dropout of batches."""

import numpy as np
import pytest
import torch

from strandline.distillation.modality_dropout import modality_dropout
from tests.fixtures.batches import make_batch


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_each_modality_is_hidden_with_its_probability(share: float) -> None:
    batch = make_batch(40, (8, 8), seed=3)
    draw = torch.Generator().manual_seed(0)
    lost: dict[str, list[float]] = {"radar": [], "optical": [], "in_situ": [], "climate": []}
    for _ in range(100):
        seen = modality_dropout(batch, share, draw)
        for name, shares in lost.items():
            there, was = (
                getattr(seen, f"{name}_seen").flatten(1).any(1),
                getattr(batch, f"{name}_seen").flatten(1).any(1),
            )
            shares.append(float((~there & was).sum() / was.sum()))
    for name, shares in lost.items():
        assert np.mean(shares) == pytest.approx(share, abs=0.03), name


def test_outages_are_correlated() -> None:
    batch, draw = make_batch(40, (8, 8), seed=3), torch.Generator().manual_seed(0)
    both = []
    for _ in range(50):
        seen = modality_dropout(batch, 0.3, draw)
        assert seen.radar_seen is not None
        assert seen.optical_seen is not None
        both.append((~seen.radar_seen.flatten(1).any(1) & ~seen.optical_seen.flatten(1).any(1)).float().mean())
    assert np.mean(both) > 1.5 * 0.3**2
    assert np.mean(both) == pytest.approx(0.15 + 0.85 * (0.15 / 0.85) ** 2, abs=0.03)


def test_dropout_only_hides_and_sets_hidden_values_to_zero() -> None:
    batch = make_batch(20, (8, 8))
    seen = modality_dropout(batch, 0.7, torch.Generator().manual_seed(0))
    for name in ("gauge", "radar", "optical", "in_situ", "climate"):
        was, now = getattr(batch, f"{name}_seen"), getattr(seen, f"{name}_seen")
        assert (now <= was).all()
        assert now.sum() < was.sum()
        values, old = getattr(seen, name), getattr(batch, name)
        mask = now if name == "gauge" else now[..., None] if name == "climate" else now[:, None]
        torch.testing.assert_close(values * mask, old * mask)
        assert not (values * ~mask).any()
    torch.testing.assert_close(seen.tide, batch.tide)
    torch.testing.assert_close(seen.terrain, batch.terrain)
    torch.testing.assert_close(seen.flood_valid, batch.flood_valid)
