"""Encoder of the gauges, for both networks: hourly levels with gaps in, tokens with their times out."""

import torch
from torch import Tensor, nn

from strandline.models.batch import CLIMATE_CHANNELS, Batch
from strandline.models.layers import AttentionBlock, sinusoidal
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS

HOURS_PER_TOKEN = 6
LEVEL_SCALE = 1.0  # [m]; surges and tides of low coasts are of this order


def token_hours(device: torch.device) -> Tensor:
    """(12,) hours from issue to the middle of each token of a gauge."""
    start = torch.arange(CONTEXT_HOURS // HOURS_PER_TOKEN, device=device) * HOURS_PER_TOKEN
    return (start + (HOURS_PER_TOKEN - 1) / 2 - (CONTEXT_HOURS - 1)).float()


class GaugeTokens(nn.Module):
    """Six-hourly tokens of each station's record: residual, level, tide and mask."""

    def __init__(self, width: int, stations: int) -> None:
        super().__init__()
        self.stations = stations
        self.embed = nn.Linear(4 * HOURS_PER_TOKEN, width)
        self.station = nn.Embedding(stations, width)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens (B, N, D), observed (B, N) bool and hours from issue (B, N); N = stations · 12.

        Stations beyond ``stations`` are ignored; the first is the own one. The own tide is given at every station:
        neighbours' tides differ little, and the network learns by how much.
        """
        level = batch.gauge[:, : self.stations] / LEVEL_SCALE  # (B, S, 72)
        seen = batch.gauge_seen[:, : self.stations].to(level.dtype)
        tide = batch.tide[:, None].expand_as(level) / LEVEL_SCALE
        channels = torch.stack([(level - tide) * seen, level * seen, tide, seen], dim=-1)  # (B, S, 72, 4)
        samples, stations = level.shape[:2]
        patches = channels.reshape(samples, stations, CONTEXT_HOURS // HOURS_PER_TOKEN, -1)
        hours = token_hours(level.device)
        tokens = self.embed(patches) + self.station.weight[:stations, None]
        tokens = tokens + sinusoidal(hours, tokens.shape[-1], 100.0)
        # tokens of the own station are always observed, since the tide is
        token_seen = torch.ones(samples, 1, hours.numel(), dtype=torch.bool, device=level.device)
        if stations > 1:
            others = seen[:, 1:].reshape(samples, stations - 1, -1, HOURS_PER_TOKEN).any(dim=-1)
            token_seen = torch.cat([token_seen, others], dim=1)
        return tokens.flatten(1, 2), token_seen.flatten(1, 2), hours.repeat(stations).expand(samples, -1)


class ClimateTokens(nn.Module):
    """One token a day of coarse pressure and wind, at its true time."""

    scale = (10.0, 10.0, 10.0, 10.0, 10.0)  # [hPa, m s-1, m s-1, hPa, m s-1]

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Linear(len(CLIMATE_CHANNELS), width)

    def forward(self, climate: Tensor, hours: Tensor) -> Tensor:
        """(B, days, 5), (B, days) → (B, days, D)."""
        tokens = self.embed(climate / torch.tensor(self.scale, device=climate.device))
        return tokens + sinusoidal(hours, tokens.shape[-1], 100.0)  # type: ignore[no-any-return]


class GaugeEncoder(nn.Module):
    """Transformer over gauge tokens and, for the teacher, climate tokens."""

    def __init__(self, width: int, depth: int, heads: int, stations: int, use_climate: bool, dropout: float) -> None:
        super().__init__()
        self.gauge = GaugeTokens(width, stations)
        self.climate = ClimateTokens(width) if use_climate else None
        self.season = nn.Linear(2, width)
        self.blocks = nn.ModuleList(AttentionBlock(width, heads, dropout) for _ in range(depth))

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Tokens (B, N, D), the first of them the season, and which are observed (B, N)."""
        tokens, seen, _ = self.gauge(batch)
        season = self.season(batch.season)[:, None]
        parts, masks = [season, tokens], [torch.ones_like(seen[:, :1]), seen]
        if self.climate is not None and batch.climate is not None:
            climate, climate_seen = batch.pair("climate")
            parts.append(self.climate(climate, batch.require("climate_hours")))
            masks.append(climate_seen)
        tokens, seen = torch.cat(parts, dim=1), torch.cat(masks, dim=1)
        for block in self.blocks:
            tokens = block(tokens, seen)
        return tokens, seen

    def timed(self, batch: Batch, tokens: Tensor, seen: Tensor) -> dict[str, Tensor]:
        """The tokens that have a time, as the features of a `Prediction`; the season's has none.

        Args:
            tokens, seen: of `forward` on the batch.
        """
        stations = min(self.gauge.stations, batch.gauge.shape[1])
        hours = [token_hours(tokens.device).repeat(stations).expand(tokens.shape[0], -1)]
        if self.climate is not None and batch.climate is not None:
            hours.append(batch.require("climate_hours"))
        there = seen[:, 1:]
        known = tokens[:, 1:] * there[..., None]  # what was not seen must not reach a loss
        return {"tokens": known, "token_hours": torch.cat(hours, dim=1), "tokens_seen": there}


def peak_of(batch: Batch) -> Tensor:
    """(B,) highest level of the context [m above mean sea level]: the highest reading, at least the highest tide."""
    own = batch.gauge[:, 0].masked_fill(~batch.gauge_seen[:, 0], -torch.inf).amax(dim=1)
    return torch.maximum(own, batch.tide.amax(dim=1))
