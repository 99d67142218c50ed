"""The page of the documentation that says how each result is reproduced, from the records and a line on each.

``python -m benchmarks.reproduction > docs/reference/reproduction.md``
"""

import json
import re
import shlex
import subprocess
import textwrap
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from benchmarks.origin import ROOT, Origin
from benchmarks.record import Row, markdown_table

RESULTS = ROOT / "benchmarks" / "results"
DATA = "$STRANDLINE_DATA"
NOT_RECORDED, NOT_IN_HISTORY = "not recorded", "not in the history"
HEAD = """# How the results are reproduced

For each file of `benchmarks/results/`: the command that makes it, what it reads, and which commit and machine made the
file that is there. This page is written by `python -m benchmarks.reproduction > docs/reference/reproduction.md` from
the records and from `benchmarks/reproduction.toml`; a test holds that they agree.

- **The results are not of one commit.** Each was made by the commit that stands beside it, and later commits may give
  other numbers. To make one as it was, check that commit out; its own `benchmarks/README.md` has the options of the
  time.
- **With changes**: files differed from the commit, so that nobody has exactly that code. In records without a processor
  time, changes of any tracked file count, results too, and code that was in no commit yet is not noticed.
- **Time** is what the record says, else what [the page of benchmarks](../../benchmarks/README.md) says. A recorded time
  is of the last run alone: what an earlier one had finished in `--work` or `--cache` is not in it.
- **Data.** `$STRANDLINE_DATA` is the folder of real data, which is not in this repository. A record has the SHA-256 of
  what it read; a test compares them with the folder where that is at hand. The text of the commands is that of the
  record, with paths put in.
"""


@dataclass(frozen=True)
class Described:
    """What is known of a result beside its record; fields as in `reproduction.toml`."""

    name: str
    shows: str
    data: Sequence[str] = ()
    run: str = ""
    needs: str = ""
    run_time: str = ""
    command: Sequence[str] = ()

    @property
    def path(self) -> Path:
        """Of its JSON file."""
        return RESULTS / f"{self.name}.json"

    @cached_property
    def content(self) -> dict[str, Any]:
        """Of its JSON file: a record, or the summary of a run, which has its commit too."""
        content: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return content

    @property
    def origin(self) -> Origin:
        """How it was made."""
        if "benchmark" in self.content:
            fields: dict[str, Any] = {name: self.content.get(name) for name in Origin.__dataclass_fields__}
            return Origin(**fields)
        return Origin("", self.content["commit"], NOT_RECORDED, wall_seconds=self.content["seconds"]["total"])

    @property
    def reads(self) -> str:
        """In a word."""
        return "real data" if self.data else "a run" if self.run else "–"


def descriptions() -> list[Described]:
    """One a result, in the order of the page of results."""
    table = tomllib.loads((ROOT / "benchmarks" / "reproduction.toml").read_text(encoding="utf-8"))
    return [Described(name, **entry) for name, entry in table.items()]


def page() -> str:
    """The page: an overview, and a section for each result."""
    found = [(result, result.origin) for result in descriptions()]
    machines = list(dict.fromkeys(origin.machine for _, origin in found if origin.machine != NOT_RECORDED))
    rows: list[Row] = [
        {
            "result": f"[{result.name}](#{result.name})",
            "reads": result.reads,
            "commit": origin.commit,
            "of": date_of(origin.commit),
            "CPU hours": "–" if origin.cpu_seconds is None else f"{origin.cpu_seconds / 3600:.2g}",
            "machine": machines.index(origin.machine) + 1 if origin.machine in machines else "–",
        }
        for result, origin in found
    ]
    counts = (
        f"{len(found)} results of {len({_hash(origin.commit) for _, origin in found})} commits, "
        f"{sum(_is_changed(origin.commit) for _, origin in found)} of them with changes. The processor time of "
        f"{sum(origin.cpu_seconds is not None for _, origin in found)} is recorded. A dash: not recorded, or nothing."
    )
    parts = [HEAD, "## Overview\n", counts, "", markdown_table(rows, list(rows[0]))]
    parts += [f"Machine {number}: {name}.\n" for number, name in enumerate(machines, start=1)]
    return "\n".join(parts) + "".join(f"\n{_section(result, origin)}" for result, origin in found)


def command_of(result: Described, origin: Origin) -> list[str]:
    """The lines that make a result, with paths in place of the names that records have."""
    if result.command:
        return list(result.command)
    out = str(result.path.relative_to(ROOT))
    words = shlex.split(origin.command)
    where = words.index("--out") if "--out" in words else len(words)
    words[where : where + 2] = ["--out", out]
    return [shlex.join(words[:3]) + "".join(f" {_located(word, result)}" for word in words[3:])]


def date_of(commit: str) -> str:
    """Day of a commit, or that it is not in the history."""
    return _git("show", "-s", "--format=%cs", _hash(commit)) or NOT_IN_HISTORY


def _located(word: str, result: Described) -> str:
    """A word of a command, with its path where it is the name of a file or folder."""
    if word in ("data", "DATA"):
        return DATA
    if word.startswith("DATA/"):
        return f"{DATA}/{word.removeprefix('DATA/')}"
    known = {"RUN": result.run, "WORK": f"runs/{result.name}"}
    known |= {Path(path).name: f"{DATA}/{path}" for path in result.data}
    own = (*RESULTS.glob("*.json"), *(ROOT / "examples").glob("*.toml"))
    known |= {path.name: str(path.relative_to(ROOT)) for path in own}
    return known.get(word, shlex.quote(word))


def _section(result: Described, origin: Origin) -> str:
    shows = f"{result.shows[0].upper()}{result.shows[1:]}"
    reads = [f"`{DATA}/{path}`" for path in result.data] + [f"`{result.run}`, a finished run"] * bool(result.run)
    lines = [f"## {result.name}", "", *_wrapped(f"{shows}: {_links(result)}."), ""]
    lines += [*map(_continued, command_of(result, origin)), ""]
    lines += _wrapped(f"Reads {', '.join(reads) or 'nothing but the package'}.", "- ")
    lines += _wrapped(f"Needs {result.needs}.", "- ") if result.needs else []
    lines += _wrapped(f"Commit `{origin.commit}`{_doubts(result, origin.commit)}", "- ")
    lines += _wrapped(f"Time: {_time(result, origin)}.", "- ")
    return "\n".join([*lines, ""])


def _time(result: Described, origin: Origin) -> str:
    """As recorded, else in the words of the page of benchmarks."""
    said = result.run_time.rstrip(".") or NOT_RECORDED
    if origin.wall_seconds is None:
        return said
    wall = f"{origin.wall_seconds / 60:.2g} minutes on the clock"
    return (
        f"{wall}; processor time {said}"
        if origin.cpu_seconds is None
        else f"{origin.cpu_seconds / 3600:.2g} CPU hours, {wall}"
    )


def _doubts(result: Described, commit: str) -> str:
    """What hinders anyone from making the result again as it was."""
    day, doubts = date_of(commit), ""
    if day == NOT_IN_HISTORY:
        return f": {day}."
    if _is_changed(commit):
        doubts += " With changes that nobody kept."
    benchmark = result.content.get("benchmark")
    if benchmark is not None:
        folder = f"benchmarks/{str(benchmark).replace('.', '/')}"
        if not _git("ls-tree", "--name-only", _hash(commit), folder, f"{folder}.py"):
            doubts += " It has no benchmark of this name yet: that came, or got its name, later."
    return f" of {day}.{doubts}"


def _links(result: Described) -> str:
    """To the table, the file, and the sections of the page of results that name either."""
    links = [f"[numbers](../../benchmarks/results/{result.name}.json)"]
    if result.path.with_suffix(".md").exists():
        links.insert(0, f"[table](../../benchmarks/results/{result.name}.md)")
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    sections = re.split(r"^##+ (.+)\n", text, flags=re.MULTILINE)[1:]
    for title, content in zip(sections[::2], sections[1::2], strict=True):
        if re.search(rf"/{result.name}\.(md|json)\b", content):
            links.append(f"[{title}](../results.md#{re.sub(r'[^a-z0-9]+', '-', title.lower()).strip('-')})")
    return ", ".join(links)


def _wrapped(text: str, bullet: str = "") -> list[str]:
    wrapper = textwrap.TextWrapper(120, bullet, " " * len(bullet), break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(text)


def _continued(command: str) -> str:
    """An indented command; an option and its values are on one line, where they fit."""
    options = [part.replace(" ", "\N{NO-BREAK SPACE}") if len(part) < 90 else part for part in command.split(" --")]
    lines = textwrap.wrap(" --".join(options), 108, break_long_words=False, break_on_hyphens=False)
    return "    " + " \\\n        ".join(lines).replace("\N{NO-BREAK SPACE}", " ")


def _hash(commit: str) -> str:
    return re.split(r"[+ ]", commit)[0]


def _is_changed(commit: str) -> bool:
    return "changes" in commit


@cache
def _git(*words: str) -> str:
    """What git prints; nothing where it fails."""
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    print(page(), end="")
