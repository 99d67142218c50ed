"""Labelled flood scenes of any known layout."""

from pathlib import Path

from strandline.errors import InputError
from strandline.observations.flood_scenes.kuro_siwo import is_kuro_siwo, read_kuro_siwo
from strandline.observations.flood_scenes.ombria import is_ombria, read_ombria
from strandline.observations.flood_scenes.scene_files import LabelledScenes
from strandline.observations.flood_scenes.sen1floods11 import is_sen1floods11, read_sen1floods11


def read_labelled_scenes(path: Path, blocks: Path | None = None) -> LabelledScenes:
    """Scenes of a data set, whose layout is recognised; each is read when it is asked for.

    Args:
        path: zip file or folder of OMBRIA's images; folder with Sen1Floods11's or Kuro Siwo's GeoTIFFs anywhere in it.
        blocks: ranges of OMBRIA's numbers that are one event each; see ``read_ombria``.

    Raises:
        InputError: with file, what is wrong, and remedy.
    """
    if is_ombria(path):
        return read_ombria(path, blocks)
    if blocks is not None:
        raise InputError(blocks, f"gives events of numbered images, which {path} does not hold", "leave it out")
    if is_sen1floods11(path):
        return read_sen1floods11(path)
    if is_kuro_siwo(path):
        return read_kuro_siwo(path)
    raise InputError(
        path,
        "holds no labelled flood scenes of a known layout" if path.exists() else "is not there",
        "give a zip file or folder with mask/ID.png (OMBRIA), or a folder with *_LabelHand.tif (Sen1Floods11) or"
        " MK0_MLU_*.tif (Kuro Siwo)",
    )
