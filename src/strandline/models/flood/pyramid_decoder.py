"""Decoder from patch tokens to the cells of images with speckle, whose convolutions also feed the tokens."""

from torch import Tensor, nn
from torch.nn import functional as F

from strandline.models.flood.dense_io import shares_seen, upsample
from strandline.models.layers import Block, Norm, group_norm, masked_mean


class PyramidDecoder(nn.Module):
    """Convolutions at a half and a quarter of the resolution feed the tokens and join them again on the way up.

    The logits come from half resolution by a sub-pixel convolution (Shi et al. 2016), which suits images with speckle.

    Source: convolutions before a transformer reduce the number of images it needs, Xiao et al. (2021); the shape is
    that of a U-Net, Ronneberger et al. (2015).

    Args:
        channels, width, skip_channels, classes: as of ``LightDecoder``; ``skip_channels`` at half resolution, twice
            that at a quarter.
        dropout: dropout rate in training; norm: of the blocks.
    """

    def __init__(
        self,
        channels: list[int],
        width: int,
        skip_channels: int,
        classes: int,
        *,
        dropout: float = 0.1,
        norm: Norm = group_norm,
    ) -> None:
        super().__init__()
        quarter = 2 * skip_channels
        self.embed = nn.ModuleList(nn.Conv2d(count, skip_channels, 4, stride=2, padding=1) for count in channels)
        self.flags = nn.Conv2d(len(channels), skip_channels, 1)
        self.down_half = nn.Sequential(
            Block(skip_channels, dropout, norm=norm), Block(skip_channels, dropout, norm=norm)
        )
        self.to_quarter = nn.Conv2d(skip_channels, quarter, 4, stride=2, padding=1)
        self.down_quarter = nn.Sequential(Block(quarter, dropout, norm=norm), Block(quarter, dropout, norm=norm))
        self.to_tokens = nn.Conv2d(quarter, width, 4, stride=2, padding=1)
        self.from_tokens = nn.Conv2d(width, quarter, 1)
        self.up_quarter = Block(quarter, dropout, norm=norm)
        self.from_quarter = nn.Conv2d(quarter, skip_channels, 1)
        self.up_half = Block(skip_channels, dropout, norm=norm)
        self.head = nn.Conv2d(skip_channels, 4 * classes, 1)

    def encode(self, values: list[Tensor], masks: Tensor) -> tuple[list[Tensor], Tensor | None]:
        """Paths at a half and a quarter of the resolution, and the term they add to the patches (B, D, H/8, W/8)."""
        shares = shares_seen(masks, 2)
        embedded = [embed(value) for embed, value in zip(self.embed, values, strict=True)]
        half = self.down_half(masked_mean(embedded, shares.chunk(len(embedded), dim=1)) + self.flags(shares))
        quarter = self.down_quarter(self.to_quarter(half))
        return [half, quarter], self.to_tokens(quarter)

    def forward(self, grid: Tensor, path: list[Tensor]) -> tuple[Tensor, Tensor]:
        """(B, D, H/8, W/8) and the result of ``encode`` → features (B, C, H/2, W/2) and logits (B, K, H, W)."""
        half, quarter = path
        quarter = self.up_quarter(quarter + upsample(self.from_tokens(grid)))
        decoded: Tensor = self.up_half(half + upsample(self.from_quarter(quarter)))
        return decoded, F.pixel_shuffle(self.head(F.gelu(decoded)), 2)
