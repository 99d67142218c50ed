"""The deployment: what a run leaves for the watch and for maps of wider regions."""

from strandline.pipeline.deployment.deployment import (
    Deployment,
    GaugeSite,
    RunMetadata,
    assess_zones,
    build_deployment,
    gauge_zeros,
)
from strandline.pipeline.deployment.deployment_file import DEPLOYMENT_FILE, load_deployment, save_deployment

__all__ = [
    "DEPLOYMENT_FILE",
    "Deployment",
    "GaugeSite",
    "RunMetadata",
    "assess_zones",
    "build_deployment",
    "gauge_zeros",
    "load_deployment",
    "save_deployment",
]
