"""Whose data a run rests on, as a file of its folder: each file with source, licence, credit, date and checksum."""

from strandline.observations.fetch.credits.data_files import DataFile, attributions, non_commercial_sentence
from strandline.report.findings import RunResults

DATA_SOURCES = "data_sources.md"
_NOTHING = "No file was read: all data is simulated by Strandline (Apache-2.0)."


def describe_data(results: RunResults) -> str:
    """The file's text (Markdown)."""
    files = results.observations.files
    parts = [f"# Data of {_line(results.hazard.region.name)}", f"Read by Strandline {results.run.version}."]
    if not files:
        return "\n\n".join([*parts, _NOTHING]) + "\n"
    if limit := non_commercial_sentence(files):
        parts.append(f"**{_line(limit)}**")
    credits = [f"- {_line(each)}" for each in attributions(files)]
    parts += ["## Credits", "\n".join(credits)] if credits else []
    parts += ["## Files", *(_described(each) for each in files)]
    return "\n\n".join(parts) + "\n"


def _described(file: DataFile) -> str:
    """A heading and a list."""
    stated = [
        ("Used for", file.used_for), ("Source", file.source), ("Licence", file.licence),
        ("Attribution", file.attribution or "none stated"), ("Date of the data", file.date or "not stated"),
        ("Fetched", file.fetched or "no: the user's own file"), ("SHA-256", file.sha256 or "a folder"),
    ]  # fmt: skip
    lines = [f"- {name}: {_line(value)}" for name, value in stated]
    if file.is_changed:
        lines.append("- It is no longer what was fetched: somebody changed it.")
    return "\n".join([f"### {_line(file.name)}", "", *lines])


def _line(text: str) -> str:
    """One line of plain text."""
    return "".join(letter if letter.isprintable() else " " for letter in text).replace("<", "&lt;")
