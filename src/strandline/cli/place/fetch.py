"""The command that fetches public data for a region file."""

import sys
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from strandline.cli.console import StageDisplay, note, print_json, print_result, warn
from strandline.cli.options import AsJson
from strandline.errors import InputError, require_extra

if TYPE_CHECKING:
    from strandline.observations.fetch.bring import Outcome
    from strandline.observations.fetch.completion import Completion
    from strandline.observations.fetch.plan import Entry, Failure, FetchPlan
    from strandline.observations.fetch.source import Source

DECLINED = 130
"""Exit code where a person says no: nothing was done, as after Ctrl-C."""


class Incomplete(InputError):
    """Something that was asked for did not come; with the exit code of the reason."""

    def __init__(self, where: object, what: str, remedy: str, *, may_pass: bool) -> None:
        super().__init__(where, what, remedy)
        self.exit_code = 75 if may_pass else 2


def fetch(
    region: Annotated[
        Path | None, typer.Argument(help="Region file (TOML); [region] is enough. It is completed with what comes.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder for the cache, which the file's paths start from.", show_default="the file's own"),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Name or kind of a source, as terrain; give several.", show_default="all that need nothing"),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Scenes and readings from this day on.", show_default="by source"),
    ] = None,
    max_cloud: Annotated[float, typer.Option(help="Of an optical scene [%].")] = 20.0,
    budget_mb: Annotated[
        float | None, typer.Option(help="Of all downloads together [MB].", show_default="no limit")
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(help="SOURCE=PATH: a file or folder of yours, for a source that needs one.", show_default="none"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Download without asking.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="Only list the sources, with licence and needs.")] = False,
    mirrors: Annotated[
        Path | None,
        typer.Option(envvar="STRANDLINE_MIRRORS", help="TOML file: name of a source = another address of it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch public data for a region: terrain, scenes, gauges, tides, storms, weather, buildings, roads, people, names.

    What it would bring, how large that is and under which licence is shown first; nothing is downloaded before a yes.
    Files lie in the folder 'fetched' with a manifest, and are found there again without a net.
    """
    require_extra("fetch", "fetch", "httpx", "tomlkit", "pystac_client")
    from strandline.observations.fetch import registry
    from strandline.observations.fetch.source import FetchChoice
    from strandline.pipeline.study_area.new_place.fetch_data import open_fetch

    others = registry.Mirrors({}) if mirrors is None else registry.read_mirrors(mirrors)
    sources = registry.with_mirrors(others, registry.SOURCES)
    if listing:
        _show_sources(sources, as_json=as_json)
        return
    if region is None:
        raise typer.BadParameter("name a region file, or give --list", param_hint="REGION")
    names = frozenset(name.strip() for text in only or () for name in text.split(",") if name.strip())
    day = None if since is None else since.date()
    choice = FetchChoice(names, day, max_cloud, budget_mb, _own_files(file or ()))
    with open_fetch(region, data, choice, sources) as opened:
        with StageDisplay() as announce:
            plan = opened.plan(announce)
        if plan.count:
            note(_plan_table(plan))
            if not yes:
                _ask(plan)
        with StageDisplay() as announce:
            fetched = opened.bring(plan, announce)
    sea, done, outcomes = fetched.sea, fetched.completion, fetched.outcomes
    for name in fetched.damaged:
        warn(f"'{name}' was not what had been fetched any more, and was fetched again or removed")
    if sea is not None:
        where = f"sea_point = [{sea.x:.1f}, {sea.y:.1f}]"
        note(f"{where}: the middle of the largest water on the terrain; look whether it is sea")
    for sentence in done.kept:
        warn(sentence)
    for sentence in dict.fromkeys(f"{each.source}: {text}" for each in fetched.files for text in each.notes):
        note(sentence)
    if as_json:
        print_json(_as_plain(plan, outcomes, done))
    else:
        print_result(_outcome_table(plan, outcomes))
        if done.added:
            print_result(f"{region}: completed with {', '.join(f'[{name}]' for name in done.added)}")
    _refuse_failures(region, fetched.failures)


def _own_files(given: Iterable[str]) -> dict[str, Path]:
    """Source → path.

    Raises:
        InputError: no such form, or no such path.
    """
    files = {}
    for text in given:
        source, _, path = text.partition("=")
        if not (source and path):
            raise InputError("--file", f"'{text}' names no source and path", "write SOURCE=PATH")
        if not Path(path).exists():
            raise InputError("--file", f"'{path}' does not exist", "check the path")
        files[source] = Path(path)
    return files


def _ask(plan: "FetchPlan") -> None:
    """Raises: InputError, typer.Exit: nobody says yes."""
    what = f"{plan.count} files, {_megabytes(plan.size)}"
    if plan.unknown:
        what += f" and {plan.unknown} of unknown size"
    if not sys.stdin.isatty():
        raise InputError("fetch", f"would download {what}, and nobody is there to say yes", "add --yes")
    if not typer.confirm(f"Download {what}?", err=True):
        note("nothing was fetched")
        raise typer.Exit(DECLINED)


def _refuse_failures(region: Path, failures: "list[Failure]") -> None:
    """Raises: Incomplete: something did not come."""
    if not failures:
        return
    for sentence in dict.fromkeys(failure.sentence for failure in failures):
        warn(sentence)
    sources = ", ".join(dict.fromkeys(failure.source for failure in failures))
    may_pass = all(failure.may_pass for failure in failures)
    remedy = "fetch again: what has come stays, and what is missing is continued"
    if not may_pass:
        remedy = "see above, or leave them out by --only"
    raise Incomplete(region, f"not all came ({sources})", remedy, may_pass=may_pass)


def _show_sources(sources: "Iterable[Source]", *, as_json: bool) -> None:
    from strandline.observations.fetch.registry import ASKED_BY_NAME

    if as_json:
        keys = ("name", "kind", "address", "licence", "attribution", "needs")
        listed = [{key: getattr(source, key) for key in keys} for source in sources]
        print_json(listed)
        return
    title = "sources of public data"
    table = Table("source", "kind", "needs", "licence", box=None, title=title, title_justify="left")
    for source in sources:
        needs = "its name" if source.name in ASKED_BY_NAME else str(source.needs)
        table.add_row(source.name, source.kind, needs, source.licence)
    print_result(table)


def _plan_table(plan: "FetchPlan") -> Table:
    title = f"to be downloaded for the box {plan.box}"
    table = Table("source", "files", "size", "of", "licence", box=None, title=title, title_justify="left")
    by_source: dict[str, list[Entry]] = {}
    for entry in plan.entries:
        by_source.setdefault(entry.source.name, []).append(entry)
    for name, entries in by_source.items():
        wanted = [entry for entry in entries if entry.is_wanted]
        left_out = sum(not entry.is_in_budget for entry in entries)
        count = f"{len(wanted)}{f', {left_out} over the budget' if left_out else ''}"
        if wanted or left_out:
            table.add_row(name, count, _size_of(wanted), _span(wanted), entries[0].source.licence)
    table.add_row("all", str(plan.count), _megabytes(plan.size), "", "")
    return table


def _outcome_table(plan: "FetchPlan", outcomes: "list[Outcome]") -> Table:
    """One row for each source and state."""
    table = Table("source", "state", "files", "size", "licence", box=None, title="data", title_justify="left")
    rows: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        rows.setdefault((outcome.entry.source.name, outcome.state), []).append(outcome)
    for (name, state), group in rows.items():
        size = sum(outcome.file.size for outcome in group if outcome.file is not None)
        table.add_row(name, state, str(len(group)), _megabytes(size), group[0].entry.source.licence)
    for name, files in groupby(plan.remembered, key=lambda file: file.source):
        kept = list(files)
        size = sum(file.size for file in kept)
        table.add_row(name, "from an earlier fetch", str(len(kept)), _megabytes(size), kept[0].licence)
    for failure in plan.failures:
        table.add_row(failure.source, "not asked" if failure.may_pass else "failed", "", "", "")
    for name in plan.empty:
        table.add_row(name, "has nothing to use here", "", "", "")
    return table


def _span(entries: "list[Entry]") -> str:
    if any(entry.is_stand_in for entry in entries):
        return "chosen by the sea's level, once gauge or tide have come"
    dates = sorted(entry.file.date for entry in entries if entry.file.date is not None)
    if not dates:
        return entries[0].file.what if len(entries) == 1 else ""
    return str(dates[0]) if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"


def _size_of(entries: "list[Entry]") -> str:
    """The size of files to come: an estimate is called one."""
    if any(entry.file.size is None for entry in entries):
        return "unknown"
    about = "about " if any(entry.file.is_estimate for entry in entries) else ""
    return about + _megabytes(sum(entry.file.size or 0 for entry in entries))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size < 10e6 else f"{size / 1e6:,.0f} MB"


def _as_plain(plan: "FetchPlan", outcomes: "list[Outcome]", done: "Completion") -> dict[str, Any]:
    return {
        "box": list(plan.box.bounds),
        "files": [
            {
                "source": outcome.entry.source.name, "name": outcome.entry.file.name, "what": outcome.entry.file.what,
                "state": outcome.state, "licence": outcome.entry.source.licence,
                "attribution": outcome.entry.source.attribution,
                "size": None if outcome.file is None else outcome.file.size,
                "sha256": None if outcome.file is None else outcome.file.sha256,
                "failure": None if outcome.failure is None else outcome.failure.sentence,
            }
            for outcome in outcomes
        ],
        "from_an_earlier_fetch": [file.name for file in plan.remembered],
        "has_nothing_here": list(plan.empty),
        "failures": [failure.sentence for failure in plan.failures],
        "completed_sections": list(done.added),
        "kept": list(done.kept),
    }  # fmt: skip
