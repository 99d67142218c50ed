"""A memory of floods: every patch asks which storms of the archive looked like this one, and sees their maps."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.batch import ARCHIVE_CHANNELS
from strandline.models.layers import PATCH, pad_to_patches

LEVEL_INPUTS = 3


class ArchiveReader(nn.Module):
    """Cross-attention of patches over storms: query = what is seen now, keys = the archive's maps and levels.

    Storms differ by which embankments gave way; where one did, the water stood where it stood before. Each head answers
    with a mixture of the archive's maps at full resolution, its weights interpolated between patches. A storm that
    never was stands beside the archive with an empty map, so that a patch like none of them can say so.

    Source: attention over a support set, Vinyals et al. (2016), Matching Networks; here one set a coast.

    Args:
        channels: of the maps that describe the present moment.
        width: of queries and keys; heads: mixtures.
    """

    def __init__(self, channels: int, width: int = 48, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Conv2d(channels, width, PATCH, stride=PATCH)
        self.query_around = nn.Conv2d(width, width, 3, padding=1)
        self.key = nn.Conv2d(len(ARCHIVE_CHANNELS), width, PATCH, stride=PATCH)
        self.key_around = nn.Conv2d(width, width, 3, padding=1)
        self.level = nn.Linear(LEVEL_INPUTS, width)
        self.nothing = nn.Parameter(torch.zeros(heads, width // heads))
        self.out_channels = heads * (len(ARCHIVE_CHANNELS) + 1)

    def forward(self, now: Tensor, peak: Tensor, archive: Tensor, seen: Tensor, level: Tensor) -> Tensor:
        """(B, 3·heads, H', W'): a head's mixture of the maps, and how much it found at all.

        Args:
            now: (B, C, H', W') the present, padded to whole patches.
            peak: (B,) the present storm's peak [m above mean sea level].
            archive: (B, E, 2, H, W) maps; ``seen`` (B, E); ``level`` (B, E) their peaks.
        """
        storms, channels = archive.shape[1:3]
        maps = pad_to_patches(archive.flatten(0, 1)).to(now.dtype)  # (B·E, 2, H', W')
        query = F.gelu(self.query(now))
        query = query + self.query_around(query)
        query = query.reshape(len(query), self.heads, -1, *query.shape[-2:])  # (B, h, d, P, Q)
        key = F.gelu(self.key(maps))
        key = key + self.key_around(key)
        key = key.reshape(-1, storms, *key.shape[1:])  # (B, E, D, P, Q)
        above = level - peak[:, None]
        inputs = torch.stack([above.clamp(-2, 2), above.abs().clamp(max=2), (above > 0).to(above.dtype)], -1)
        key = key + self.level(inputs.to(key.dtype))[..., None, None]
        key = key.reshape(*key.shape[:2], self.heads, -1, *key.shape[-2:])  # (B, E, h, d, P, Q)
        score = torch.einsum("bhdpq,behdpq->bhepq", query, key) / query.shape[2] ** 0.5
        score = score.masked_fill(~seen[:, None, :, None, None], -1e4)
        none = torch.einsum("bhdpq,hd->bhpq", query, self.nothing.to(query.dtype))[:, :, None]
        weight = torch.cat([score, none], dim=2).float().softmax(dim=2)[:, :, :-1].to(now.dtype)  # (B, h, E, P, Q)
        fine = F.interpolate(weight.flatten(1, 2), scale_factor=PATCH, mode="bilinear", align_corners=False)
        fine = fine.reshape(-1, self.heads, storms, *fine.shape[-2:])  # (B, h, E, H', W')
        maps = maps.reshape(-1, storms, *maps.shape[1:])  # (B, E, 2, H', W')
        found = [torch.einsum("bheyx,beyx->bhyx", fine, maps[:, :, c]) for c in range(channels)]
        return torch.cat([*found, fine.sum(dim=2)], dim=1)
