"""An ensemble in one network: the trunk of one student, and a light head for each member."""

from torch import Tensor, nn
from torch.nn import functional as F

from strandline.models.batch import FLOOD_CLASSES, Batch
from strandline.models.layers import PATCH
from strandline.models.prediction import Prediction
from strandline.models.student import Student, StudentOutput


class MultiHeadStudent(nn.Module):
    """One prediction a member, at about the cost of one: each head adds a correction to the trunk's prediction.

    Members differ where the receptive field is large, so that a head takes the patch features as well as the last
    ones. All heads are one grouped convolution. They start from zero: an untrained head predicts what the trunk does.

    Args:
        trunk: a student, with or without site memory.
        members: M heads.
        rank: channels of a head.

    Source: heads on a shared trunk, Tran et al. (2020), Hydra, section 3.
    """

    def __init__(self, trunk: Student, members: int, rank: int = 8) -> None:
        super().__init__()
        self.trunk, self.members = trunk, members
        wide = members * rank
        self.fine = nn.Conv2d(trunk.map.full_channels, wide, 3, padding=1)
        self.far = nn.Conv2d(trunk.feature_width, wide, 3, padding=1)
        self.flood = nn.Conv2d(wide, members * FLOOD_CLASSES, 1, groups=members)
        for weight in self.flood.parameters():
            nn.init.zeros_(weight)

    def forward(self, batch: Batch) -> list[Prediction]:
        """The predictions of the M members."""
        return self.predict_from(self.trunk.forward_with_features(batch), batch)

    def predict_from(self, output: StudentOutput, batch: Batch) -> list[Prediction]:
        """The members' predictions from the output of the trunk."""
        shared, grid = output
        logits = self.floods(grid.logits, grid.decoded, grid.features["patches"])
        predictions = []
        for m in range(self.members):
            damage = None
            if batch.asset_cell is not None and batch.asset_class is not None:
                damage = self.trunk.damage(grid.decoded, logits[:, m], batch.asset_cell, batch.asset_class)
            predictions.append(Prediction(logits[:, m], damage, shared.features))
        return predictions

    def floods(self, logits: Tensor, decoded: Tensor, patches: Tensor) -> Tensor:
        """(B, M, K, H, W) flood logits of the members, from the trunk's logits and features.

        Args:
            logits: (B, K, H, W); ``decoded`` (B, C, H, W) and ``patches`` (B, N, D), as in ``MapPrediction``.
        """
        rows, columns = logits.shape[-2:]
        grid: Tensor = patches.transpose(1, 2).unflatten(2, (-1, -(-columns // PATCH)))  # type: ignore[no-untyped-call]
        far = F.interpolate(self.far(grid), scale_factor=PATCH, mode="bilinear", align_corners=False)
        hidden = F.gelu(self.fine(decoded) + far[..., :rows, :columns])
        change: Tensor = self.flood(hidden).unflatten(1, (self.members, FLOOD_CLASSES))
        return logits[:, None] + change

    def head_parameters(self) -> list[nn.Parameter]:
        """The parameters of the heads, without the trunk's."""
        return [weight for name, weight in self.named_parameters() if not name.startswith("trunk.")]
