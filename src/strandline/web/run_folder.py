"""The folder of a finished run: headlines, raster bands and products; only listed files are served."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import rasterio
from rasterio.errors import RasterioError

from strandline.errors import InputError
from strandline.pipeline.run_folder.bands import Band, read_bands
from strandline.pipeline.run_folder.generations import GIS, open_run
from strandline.pipeline.run_folder.media_types import GIS_MEDIA_TYPES, MEDIA_TYPES, media_type_of
from strandline.planning.early_action.trigger_constants import PROBABILITY_FOR_LIVES
from strandline.report.consistency.files import contradictions_between
from strandline.report.findings import SURGE_COLUMNS
from strandline.report.products import SCENE_FILE
from strandline.web.schemas import ActionRecord, Expected, ProductRecord, ReturnLevel, RunRecord, SceneRecord

FORMER_KEY = "familiarity"
"""Key of ``summary.json`` that only older versions write."""
_IS_ALERT = re.compile(r"alerts/[\w.-]+\.xml", re.ASCII)
_IS_GIS = re.compile(r"gis/(?!\.)[\w.-]+", re.ASCII)


@dataclass(frozen=True)
class RunFolder:
    """A run under the name by which it is served."""

    id: str
    path: Path

    def file_version(self, name: str) -> tuple[int, int]:
        """Return the modification time [ns] and the size [bytes] of a file; they change when the file changes."""
        found = self.file(name).stat()
        return found.st_mtime_ns, found.st_size

    def file(self, name: str) -> Path:
        """Return the path of a file of this folder, which may not exist.

        Raises:
            InputError: it is a link that leads out of this folder.
        """
        path = self.path / name
        if not path.resolve().is_relative_to(self.path.resolve()):
            raise InputError(path, f"{name} leads out of the run's folder", "put the file itself there")
        return path

    def record(self) -> RunRecord:
        """Return the headlines.

        Raises:
            InputError: ``summary.json`` is missing or was written by another version.
        """
        path, remedy = self.file("summary.json"), "run `strandline run` again"
        summary = read_json(path)
        if FORMER_KEY in summary:
            raise InputError(path, "was written by an older version", remedy)
        try:
            return _record_of(self.id, summary)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(path, f"cannot be read ({error!r})", remedy) from error

    def check_agreement(self) -> None:
        """Check that the files of the run state the same.

        Raises:
            InputError: they contradict one another, or cannot be read.
        """
        found = list(contradictions_between(*(read_json(self.file(name)) for name in ("summary.json", "plan.json"))))
        if found:
            raise InputError(self.path, " ".join(found), "run `strandline run` again")

    def credits(self) -> list[str]:
        """Return the sentences that the publishers of the data ask for."""
        return [str(each) for each in read_json(self.file("summary.json")).get("credits", [])]

    def actions(self) -> list[ActionRecord]:
        """Return the actions of the plan, by priority."""
        path = self.file("plan.json")
        try:
            actions = [ActionRecord.model_validate(action) for action in read_json(path)["actions"]]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(path, f"cannot be read ({error})", "run `strandline run` again") from error
        return sorted(actions, key=lambda action: action.priority)

    def agreed_chance(self) -> float:
        """Return the chance above which people are called [-]."""
        protocol = read_json(self.file("plan.json")).get("protocol")
        return float((protocol or {}).get("agreed_chance", PROBABILITY_FOR_LIVES))

    def action_levels(self) -> dict[str, float]:
        """Return the sea level [m, region datum] of each emergency action.

        Raises:
            InputError: an older version wrote the plan.
        """
        plan = read_json(self.file("plan.json"))
        if "action_parameters" in plan:
            raise InputError(self.path / "plan.json", "was written by an older version", "run `strandline run` again")
        try:
            phases = [] if plan["protocol"] is None else plan["protocol"]["phases"]
            return {each["name"]: each["event"]["value"] for each in phases if each["event"] is not None}
        except (KeyError, TypeError) as error:
            raise InputError(
                self.path / "plan.json", f"cannot be read ({error!r})", "run `strandline run` again"
            ) from error

    def chosen_strategy(self) -> dict[str, Any] | None:
        """Return the strategy that a person chose, as in ``plan.json``; ``None`` = nobody has."""
        chosen: dict[str, Any] | None = read_json(self.file("plan.json")).get("chosen_strategy")
        return chosen

    def surge(self) -> pd.DataFrame:
        """Return the surge forecasts with ``SURGE_COLUMNS``; NaN = a gap, times naive UTC."""
        path = self.file("surge.csv")
        try:
            return _surge(path, self.file_version(path.name))
        except (OSError, ValueError, KeyError) as error:
            raise InputError(path, f"cannot be read ({error})", "run `strandline run` again") from error

    def features(self, name: str) -> list[dict[str, Any]]:
        """Return the features of a GeoJSON product; none where the file is missing."""
        if not self.file(name).exists():
            return []
        try:
            features: list[dict[str, Any]] = read_json(self.file(name))["features"]
        except (KeyError, TypeError) as error:
            raise InputError(self.path / name, "is no GeoJSON", "run `strandline run` again") from error
        return features

    def bands(self, name: str) -> list[Band]:
        """Return the bands of a raster."""
        path = self.file(name)
        try:
            return _bands(path, self.file_version(name))
        except OSError as error:
            raise InputError(path, f"cannot be read ({error})", "run `strandline run` again") from error

    def scene(self) -> SceneRecord | None:
        """Return what is known of the satellite scene; ``None`` = the run has none.

        Raises:
            InputError: it cannot be read.
        """
        path = self.file(SCENE_FILE)
        if not path.is_file():
            return None
        try:
            with rasterio.open(path) as raster:
                tags = {name.lower(): text for name, text in raster.tags().items()}
            time = datetime.fromisoformat(tags["time"]).astimezone(UTC).replace(tzinfo=None)
            return SceneRecord.model_validate({**tags, "time": time})
        except (OSError, RasterioError, KeyError, ValueError) as error:
            raise InputError(path, f"cannot be read ({error!r})", "run `strandline run` again") from error

    def products(self) -> list[ProductRecord]:
        """Return the products that exist."""
        names = [name for name in MEDIA_TYPES if (self.path / name).is_file()]
        names += sorted(f"alerts/{each.name}" for each in (self.path / "alerts").glob("*.xml"))
        names += sorted(f"{GIS}/{each.name}" for each in (self.path / GIS).glob("*"))
        found = []
        for name in filter(self.is_product, names):
            changed, size = self.file_version(name)
            time = datetime.fromtimestamp(changed // 10**9, UTC).replace(tzinfo=None)
            found.append(ProductRecord(name=name, bytes=size, media_type=media_type_of(name), changed=time))
        return found

    def is_product(self, name: str) -> bool:
        """Return whether a file may be served: its name is listed, and it does not link out of this folder."""
        is_gis = _IS_GIS.fullmatch(name) and Path(name).suffix in GIS_MEDIA_TYPES
        if name not in MEDIA_TYPES and not _IS_ALERT.fullmatch(name) and not is_gis:
            return False
        path = self.path / name
        return path.is_file() and path.resolve().is_relative_to(self.path.resolve())


def open_runs(folders: list[Path]) -> dict[str, RunFolder]:
    """Return runs by the names by which they are served: those of their folders.

    Raises:
        InputError: a folder holds no finished run, files that its run did not write, or files that contradict one
            another.
    """
    runs: dict[str, RunFolder] = {}
    for folder in folders:
        run = open_run_of(folder, runs)
        runs[run.id] = run
    return runs


def open_run_of(folder: Path, others: Collection[str]) -> RunFolder:
    """Return the run of a folder, by a name that no other has.

    Raises:
        InputError: as `open_runs`.
    """
    name = re.sub(r"[^a-z0-9-]+", "-", folder.resolve().name.lower()).strip("-") or "run"
    number, unique = 1, name
    while unique in others:
        number += 1
        unique = f"{name}-{number}"
    run = RunFolder(unique, folder.resolve())
    if not (folder / "summary.json").is_file():
        raise InputError(folder, "holds no finished run", "name the --out folder of a `strandline run`")
    run.record()
    open_run(folder)
    run.check_agreement()
    return run


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; it is read again when it changes.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        found = path.stat()
        return _read_json(path, (found.st_mtime_ns, found.st_size))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(path, f"cannot be read ({error})", "run `strandline run` again") from error


@lru_cache(maxsize=16)
def _read_json(path: Path, _: tuple[int, int]) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=4)
def _surge(path: Path, _: tuple[int, int]) -> pd.DataFrame:
    table = pd.read_csv(path)
    for name in ("issue_time", "time"):
        table[name] = pd.to_datetime(table[name], utc=True).dt.tz_convert(None)
    return table.loc[:, list(SURGE_COLUMNS)]


@lru_cache(maxsize=32)
def _bands(path: Path, _: tuple[int, int]) -> list[Band]:
    return read_bands(path)


def _record_of(name: str, summary: dict[str, Any]) -> RunRecord:
    flood, surge, impact, outlier = (summary[key] for key in ("flood", "surge", "impact", "out_of_distribution"))
    damage = impact["expected_annual_damage"]
    is_known = damage["mean"] is not None
    return RunRecord(
        id=name,
        region=summary["region"]["name"],
        crs=summary["region"]["crs"],
        vertical_datum=summary["region"]["vertical_datum"],
        provenance=summary["provenance"],
        provenance_of=summary["provenance_of"],
        started=datetime.fromisoformat(summary["started"]).astimezone(UTC).replace(tzinfo=None),
        version=summary["version"],
        commit=summary["commit"],
        money=str(damage["unit"]).removesuffix(" per year"),
        damage_per_year=Expected.model_validate(damage) if is_known else None,
        n_assets=impact["n_assets"],
        unknown_assets=impact["unknown_assets"],
        unknown_share=flood["unknown_share"],
        student_iou=flood["student_iou"],
        miss_rate=flood["miss_rate"]["measured"],
        surge_rmse=surge["rmse"],
        surge_coverage_90=surge["coverage_90"],
        return_levels=[ReturnLevel.model_validate(level) for level in summary["return_levels"]],
        out_of_distribution_warning=None if outlier is None else outlier["warning"],
        warnings=summary["warnings"],
        n_actions=summary["plan"]["n_actions"],
        n_triggers=summary["plan"]["n_triggers"],
    )
