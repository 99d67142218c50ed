"""Chips with one image of radar in dB and labels of all water: what is mapped without any label or image before."""

from collections.abc import Iterator, Mapping

import numpy as np

from benchmarks.floods.baselines.thresholds import WATER_DB, below, otsu
from benchmarks.floods.events import Event
from benchmarks.floods.scoring import score_cells
from benchmarks.record import Row
from strandline.models.flood.scenes.committee import Committee
from strandline.observations.arrays import SingleFloats
from strandline.observations.flood_scenes.scene import WET, FloodScene


def is_zero_shot(event: Event) -> bool:
    """Whether the event's chips show one moment alone, so that no pair can be learned from."""
    return all(one.scene.radar_before is None for one in event.chips)


def zero_shot_rows(event: Event, committees: Mapping[str, Committee]) -> Iterator[Row]:
    """One row a method, over all chips of an event: thresholds, and committees by name, whose members on radar answer.

    Radar alone is mapped, also where there is an optical image.
    """
    maps: dict[str, list[tuple[SingleFloats, float]]] = {}
    for chip in event.chips:
        if chip.scene.radar_after is None:
            continue
        scene = FloodScene(chip.scene.cell_size, radar_after=chip.scene.radar_after, radar_unit=chip.scene.radar_unit)
        vv = chip.scene.radar_after[0]
        found = {"otsu": (otsu(vv), 0.5), "all_wet": (np.ones(vv.shape, dtype=np.float32), 0.5)}
        if scene.radar_unit == "dB":
            found["threshold_db"] = below(vv, WATER_DB), 0.5
        for name, committee in committees.items():
            mapped = committee.map(scene)
            found[name] = mapped.probability, mapped.threshold
        for name, (probability, threshold) in found.items():
            maps.setdefault(name, []).append((np.nan_to_num(probability, nan=0.0), threshold))
    shown = [one for one in event.chips if one.scene.radar_after is not None]
    known = [one.known & np.isfinite(one.scene.radar_after[0]) for one in shown]  # type: ignore[index]
    truth = np.concatenate([(one.label == WET)[there] for one, there in zip(shown, known, strict=True)])
    head: Row = {"setting": "one_image", "event": event.name, "seed": 0, "n_chips": len(shown), "pairs": 0}
    head |= {"label_fraction": 0.0, "labelled_chips": 0}
    for name, of_chips in maps.items():
        probability = np.concatenate([map_[there] for (map_, _), there in zip(of_chips, known, strict=True)])
        flooded = [map_[there] >= threshold for (map_, threshold), there in zip(of_chips, known, strict=True)]
        scores = score_cells(probability, np.concatenate(flooded), truth)
        yield {**head, "method": name, **scores, "threshold": float(np.mean([threshold for _, threshold in of_chips]))}
