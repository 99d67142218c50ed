"""What maps the water in a flood scene."""

from pathlib import Path

from strandline.models.flood.scenes.index_thresholds import IndexThresholds
from strandline.models.flood.scenes.scene_map import SceneMapper


def load_scene_mapper(folder: Path | None = None) -> SceneMapper:
    """The mapper that ships: thresholds of backscatter and water indices.

    Args:
        folder: of other weights; thresholds have none.
    """
    del folder
    return IndexThresholds()
