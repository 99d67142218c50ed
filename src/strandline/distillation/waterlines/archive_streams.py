"""The streams of a batch that come from the flood archive of its study area: its maps, and the waterlines."""

from dataclasses import replace

import torch
from torch import Tensor

from strandline.distillation.waterlines.flood_archive import FloodArchive, compute_waterlines
from strandline.models.batch import Batch


def attach_archive(batch: Batch, archive: FloodArchive, used: Tensor) -> Batch:
    """The batch with the waterlines and the flood archive of its study area.

    Args:
        batch: B samples of the study area.
        archive: E storms of the same study area.
        used: (B, E) bool, the archive storms that a sample may use; its own must not be among them. A sample without
            any has neither waterlines nor archive.
    """
    distinct, which = torch.unique(used, dim=0, return_inverse=True)
    return _with_archive(batch, archive, used, compute_waterlines(archive, distinct)[which])


def attach_whole_archive(batch: Batch, archive: FloodArchive) -> Batch:
    """Attach the whole archive to storms outside it; its simulated storms, only to storms far above the past ones."""
    used, beyond = torch.ones(len(batch), len(archive), dtype=torch.bool), archive.is_beyond(batch)
    used[:, len(archive) - archive.physics_augmented :] = beyond[:, None]
    return _with_archive(batch, archive, used, archive.waterlines[beyond.long()])


def sample_archive_mask(level: Tensor, own: Tensor, generator: torch.Generator) -> Tensor:
    """(N, E) bool: the archive storms that each of N training samples may use; never its own.

    One sample in eight has no archive; of the others 40 % have only storms lower than their own, so that the student is
    trained to extrapolate. The number of storms is drawn uniformly.

    Args:
        level: (E,) peak levels [m above mean sea level]; ``own`` (N,) the samples' own storms.
        generator: on the CPU.
    """
    used = torch.zeros(len(own), len(level), dtype=torch.bool)
    for row, storm in zip(used, own.tolist(), strict=True):
        draw = torch.rand(2, generator=generator)
        if draw[0] < 1 / 8:
            continue
        others = torch.arange(len(level)) != storm
        if draw[1] < 0.4:
            others &= level < level[storm]
        candidates = others.nonzero()[:, 0]
        if len(candidates):
            count = int(torch.randint(1, len(candidates) + 1, (1,), generator=generator))
            row[candidates[torch.randperm(len(candidates), generator=generator)[:count]]] = True
    return used


def _with_archive(batch: Batch, archive: FloodArchive, used: Tensor, waterlines: Tensor) -> Batch:
    some = used.any(dim=1)[:, None, None]
    maps = torch.stack([1 - archive.class_probability[:, 0], archive.mean_class], dim=1) * archive.mapped[:, None]
    inflow = None if archive.inflow is None else archive.inflow.expand(len(batch), -1, -1)
    return replace(
        batch,
        archive_inflow=inflow,
        archive_inflow_seen=None if archive.inflow_seen is None else archive.inflow_seen.expand(len(batch), -1, -1),
        waterlines=torch.where(some[:, None], waterlines, torch.zeros_like(waterlines)),
        waterlines_seen=some & archive.seen.expand(len(batch), -1, -1),
        archive=maps.expand(len(batch), *maps.shape),
        archive_seen=used,
        archive_level=archive.level.expand(len(batch), -1),
    )
