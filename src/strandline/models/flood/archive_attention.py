"""Attention over the flood archive: every patch compares the present with past storms and takes their maps."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.models.batch import ARCHIVE_CHANNELS, Batch
from strandline.models.encoders.gauges import peak_of
from strandline.models.encoders.inflow import COMPARED, compare_inflow, summarise_inflow
from strandline.models.flood.dense_io import Streams, pad_streams, stack_with_masks
from strandline.models.layers import pad_to_patches
from strandline.observations.variables import DEPTH_EDGES

STRIDE = 4
"""Edge of a query patch [cells]; divides ``layers.PATCH``. Half a polder is a dozen cells wide."""
REACH = 9
"""Edge of the window over which scores of neighbouring patches are pooled [patches]."""
LEVEL_INPUTS = 3


class ArchiveAttention(nn.Module):
    """Cross-attention of patches over storms: query = present inputs, keys = the archive's maps and levels.

    Storms differ by which embankments breached; where one breached, water stands where it stood before. Scores act
    like log-likelihoods: a patch under cloud has weak scores and takes those of its neighbours, and a logger lowers the
    score of every storm that contradicts it. Each head returns a mixture of the archive's maps at full resolution, its
    weights interpolated between patches. An empty map competes with the archive, for patches that match no storm.

    Source: attention over a support set, Vinyals et al. (2016), Matching Networks; here one set a coast.

    Args:
        channels: of the maps that describe the present.
        width: of queries and keys; heads: mixtures.
        inflow: whether storms are also compared by their rain and rivers.
    """

    def __init__(self, channels: int, width: int = 32, heads: int = 4, *, inflow: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Conv2d(channels, width, STRIDE, stride=STRIDE)
        self.query_near = nn.Conv2d(width, width, 3, padding=1)
        self.query_far = nn.Conv2d(width, width, 3, padding=2, dilation=2)
        self.key = nn.Conv2d(len(ARCHIVE_CHANNELS), width, STRIDE, stride=STRIDE)
        self.key_near = nn.Conv2d(width, width, 3, padding=1)
        self.level = nn.Linear(LEVEL_INPUTS, width)
        self.inflow = nn.Linear(COMPARED, width, bias=False) if inflow else None
        if self.inflow is not None:
            nn.init.zeros_(self.inflow.weight)
        self.nothing = nn.Parameter(torch.zeros(heads, width // heads))
        self.contradiction = nn.Parameter(torch.full((heads,), 2.0))
        self.reach = nn.Conv2d(heads, heads, REACH, padding=REACH // 2, groups=heads, bias=False)
        self.out_channels = heads * (len(ARCHIVE_CHANNELS) + 1)
        _initialise_reach(self.reach)

    def forward(
        self,
        present: Tensor,
        peak: Tensor,
        archive: tuple[Tensor, Tensor, Tensor],
        loggers: tuple[Tensor, Tensor] | None,
        compared: Tensor | None = None,
    ) -> Tensor:
        """(B, 3·heads, H', W'): each head's mixture of the maps, and its total weight on the archive.

        Args:
            present: (B, C, H', W') present inputs, padded to whole patches.
            peak: (B,) the present storm's peak [m above mean sea level].
            archive: (B, E, 2, H, W) maps, (B, E) which are present, (B, E) their peaks.
            loggers: (B, 1, H, W) depths [m] and (B, H, W) where.
            compared: (B, E, 8) of `compare_inflow`; ``None`` = rain and rivers are not known.
        """
        maps, seen, level = archive
        storms = maps.shape[1]
        if maps.stride(0) == 0:  # one archive, expanded over all samples, is encoded once
            maps = maps[:1]
        maps = pad_to_patches(maps.flatten(0, 1)).to(present.dtype)  # (B·E, 2, H', W'), or (E, 2, H', W')
        query = F.gelu(self.query(present))
        query = query + F.gelu(self.query_near(query))
        query = query + self.query_far(query)
        query = query.reshape(query.shape[0], self.heads, -1, *query.shape[-2:])  # (B, h, d, P, Q)
        key = F.gelu(self.key(maps))
        key = key + self.key_near(key)
        key = key.reshape(-1, storms, *key.shape[1:])  # (B, E, D, P, Q)
        above = level - peak[:, None]
        inputs = torch.stack([above.clamp(-2, 2), above.abs().clamp(max=2), (above > 0).to(above.dtype)], -1)
        key = key + self.level(inputs.to(key.dtype))[..., None, None]
        if self.inflow is not None and compared is not None:
            key = key + self.inflow(compared.to(key.dtype))[..., None, None]
        key = key.reshape(*key.shape[:2], self.heads, -1, *key.shape[-2:])  # (B, E, h, d, P, Q)
        score = (query[:, None] * key).sum(dim=3) / query.shape[2] ** 0.5  # (B, E, h, P, Q)
        maps = maps.reshape(-1, storms, *maps.shape[1:])  # (B, E, 2, H', W')
        if loggers is not None:
            contradiction = _contradiction_by_loggers(maps[:, :, 0], *loggers)[:, :, None]  # (B, E, 1, P, Q)
            score = score - self.contradiction[:, None, None] * contradiction
        score = self.pool_scores(score)
        score = score.masked_fill(~seen[:, :, None, None, None], -1e4).transpose(1, 2)  # (B, h, E, P, Q)
        none = torch.einsum("bhdpq,hd->bhpq", query, self.nothing.to(query.dtype))[:, :, None]
        weight = torch.cat([score, none], dim=2).float().softmax(dim=2)[:, :, :-1].to(present.dtype)  # (B, h, E, P, Q)
        return _mixtures(weight, maps)

    def pool_scores(self, score: Tensor) -> Tensor:
        """Scores (B, E, h, P, Q), each a weighted sum over the patches within `REACH`; the same shape.

        Storms are further groups of the convolution: as samples of h groups they would take three times as long.
        """
        storms = score.shape[1]
        kernels = self.reach.weight.repeat(storms, 1, 1, 1)
        return F.conv2d(score.flatten(1, 2), kernels, padding=REACH // 2, groups=len(kernels)).reshape(score.shape)


def _mixtures(weight: Tensor, maps: Tensor) -> Tensor:
    """(B, h, E, P, Q) weights and (B, E, 2, H', W') maps → (B, 3·h, H', W').

    First the heads' mixtures of either channel, then the sums of their weights.
    """
    rows, columns = (_interpolation_matrix(size, weight) for size in weight.shape[-2:])
    mixed = []
    for head in weight.unbind(dim=1):  # one at a time, to save memory
        fine = rows @ head @ columns.T  # (B, E, H', W')
        mixed.append(torch.stack([(fine * maps[:, :, channel]).sum(dim=1) for channel in range(maps.shape[2])], dim=1))
    return torch.cat([torch.stack(mixed, dim=2).flatten(1, 2), rows @ weight.sum(dim=2) @ columns.T], dim=1)


def _interpolation_matrix(size: int, like: Tensor) -> Tensor:
    """(STRIDE·size, size) linear interpolation of a vector; on rows and columns it is bilinear without a copy."""
    each = torch.eye(size, dtype=like.dtype, device=like.device)[None]
    return F.interpolate(each, scale_factor=STRIDE, mode="linear", align_corners=False)[0].T


def attend_to_archive(
    attention: ArchiveAttention, batch: Batch, streams: Streams, channels: dict[str, int]
) -> tuple[Tensor, Tensor]:
    """What the attention reads from the archive of a batch, (B, C, H, W), and where there is any (B, H, W).

    Args:
        streams: of the present; ``channels``: stream → channels, of those that form the query.
    """
    maps, maps_seen = batch.pair("archive")
    terrain_seen = batch.require("terrain_seen")
    present = stack_with_masks(*pad_streams(streams, channels))
    archive = (maps, maps_seen, batch.require("archive_level"))
    compared = None
    if batch.inflow is not None and batch.archive_inflow is not None:
        compared = compare_inflow(summarise_inflow(*batch.pair("inflow")), batch.pair("archive_inflow"))
    mixtures = attention(present, peak_of(batch), archive, streams.get("in_situ"), compared)
    rows, columns = terrain_seen.shape[-2:]
    return mixtures[..., :rows, :columns], terrain_seen & maps_seen.any(dim=1)[:, None, None]


def _contradiction_by_loggers(flooded: Tensor, depth: Tensor, seen: Tensor) -> Tensor:
    """(B, E, P, Q) difference between a patch's loggers and a storm's map, summed over loggers; 0 without loggers.

    Args:
        flooded: (B, E, H', W') probability; ``depth`` (B, 1, H, W) [m] and ``seen`` (B, H, W) of the loggers.
    """
    there = pad_to_patches(seen[:, None].to(flooded.dtype))
    wet = pad_to_patches((depth >= DEPTH_EDGES[0]).to(flooded.dtype))
    return F.avg_pool2d((flooded - wet).abs() * there, STRIDE) * STRIDE**2


def _initialise_reach(reach: nn.Conv2d) -> None:
    """Start from a patch's own score and a little of its neighbours', decreasing with distance."""
    distance = torch.arange(REACH) - REACH // 2
    near = torch.exp(-0.5 * (distance[:, None] ** 2 + distance[None] ** 2) / (REACH / 4) ** 2)
    with torch.no_grad():
        reach.weight.copy_((0.15 * near + (near == 1).to(near)).expand_as(reach.weight))
