"""Student features are brought into the teacher's space by a projection head, and aligned there."""

from torch import Tensor, nn

from strandline.distillation.losses import cosine_alignment
from strandline.models.prediction import Prediction


class ProjectionHead(nn.Module):
    """linear → ReLU → linear → LayerNorm, from the student's width to the teacher's; thrown away after training."""

    def __init__(self, student_width: int, teacher_width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(student_width, teacher_width),
            nn.ReLU(),
            nn.Linear(teacher_width, teacher_width),
            nn.LayerNorm(teacher_width),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(…, student width) → (…, teacher width)."""
        projected: Tensor = self.layers(features)
        return projected


def align_features(head: ProjectionHead, student: Prediction, teacher: Prediction) -> Tensor:
    """Mean of global and, where both have them, per-patch cosine distances; (B,)."""
    distance = cosine_alignment(head(student.features["global"]), teacher.features["global"])
    if "patches" in student.features and "patches" in teacher.features:
        patches = cosine_alignment(head(student.features["patches"]), teacher.features["patches"])
        distance = (distance + patches) / 2
    return distance
