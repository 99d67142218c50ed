"""A finished run as its files tell it: the place, how the maps were made, and whose data they rest on."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from strandline.errors import InputError

_AGAIN = "run `strandline run` again"
_CREDITS = re.compile(r"^## Credits\n\n((?:- .+\n)+)", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """What every product for a GIS states.

    Attributes:
        summary, plan: content of ``summary.json`` and ``plan.json``.
        started: UTC.
        credits: attributions that the data's licences ask for; empty = all data is simulated, or none asks.
    """

    folder: Path
    summary: Mapping[str, Any]
    plan: Mapping[str, Any]
    place: str
    crs: str
    vertical_datum: str
    is_simulated: bool
    money: str
    started: datetime
    software: str
    credits: tuple[str, ...]

    @property
    def rarest(self) -> float:
        """Return period of the rarest mapped sea level [a], at which damage states are given."""
        return float(self.summary["return_levels"][-1]["return_period"])

    @property
    def origin(self) -> str:
        """One sentence on what kind of data this is."""
        if self.is_simulated:
            return "SIMULATED, in whole or in part: do not take it for a real place's flood."
        return "Made from real observations; report.html states how sure it is."

    @property
    def attribution(self) -> str:
        """The credits as one line; empty = none are asked for."""
        return "; ".join(self.credits)

    @property
    def notice(self) -> str:
        """What a reader of any map must know: kind of data, datum, credits."""
        credits = f"Data: {self.attribution}." if self.credits else ""
        return " ".join(filter(None, [self.origin, f"Levels are above {self.vertical_datum}.", credits]))


def read_finished_run(folder: Path) -> FinishedRun:
    """Read the products of a run that ``open_run`` has checked.

    Raises:
        InputError: a file is missing, or of another version.
    """
    try:
        summary = json.loads((folder / "summary.json").read_text("utf-8"))
        plan = json.loads((folder / "plan.json").read_text("utf-8"))
        sources = (folder / "data_sources.md").read_text("utf-8")
        region = summary["region"]
        listed = _CREDITS.search(sources)
        return FinishedRun(
            folder,
            summary,
            plan,
            place=region["name"],
            crs=region["crs"],
            vertical_datum=region["vertical_datum"],
            is_simulated=summary["provenance"] == "simulated",
            money=str(summary["impact"]["expected_annual_damage"]["unit"]).removesuffix(" per year"),
            started=datetime.fromisoformat(summary["started"]).astimezone(UTC),
            software=f"strandline {summary['version']}, commit {summary['commit']}",
            credits=() if listed is None else tuple(line[2:] for line in listed[1].splitlines()),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(folder, f"cannot be read ({error!r})", _AGAIN) from error


def slug(name: str) -> str:
    """A name as part of a file's, in small letters of ASCII, digits and hyphens; other names become ``scenario``."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "scenario"
