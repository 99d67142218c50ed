"""One row a mistake: whether it is refused, warned of or passed, and in which words."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.check.mistakes import Mistake
from benchmarks.record import Row
from strandline.errors import InputError
from strandline.observations.checks.findings import warnings_of
from strandline.observations.checks.inventory.inventory import take_inventory
from strandline.observations.region_file import load_region_file

_log = logging.getLogger(__name__)


def check_mistakes(region: Path, data: Path, mistakes: Iterable[Mistake]) -> Iterator[Row]:
    """Make each mistake alone in a copy of a region file, and check that."""
    text = region.read_text(encoding="utf-8")
    for mistake in mistakes:
        with TemporaryDirectory() as folder:
            wrong = Path(folder) / region.name
            wrong.write_text(mistake.make(text, data, Path(folder)), encoding="utf-8")
            outcome, sentences = _check(wrong, data)
            _log.info("%s: %s", mistake.name, outcome)
            said = sentences[0].replace(f"{folder}/", "").replace(f"{data}/", "") if sentences else ""
        yield {"mistake": mistake.name, "outcome": outcome, "findings": len(sentences), "first": said}


def _check(region: Path, data: Path) -> tuple[str, list[str]]:
    """What `strandline check` would do, and its sentences, refusals first."""
    try:
        inventory = take_inventory(load_region_file(region, data))
    except InputError as error:
        return "refused", [str(error)]
    unreadable = [stream.detail for stream in inventory.streams if stream.state == "unreadable"]
    refused = [*unreadable, *map(str, inventory.refused)]
    warned = list(warnings_of(inventory.findings))
    return "refused" if refused else "warned" if warned else "silent", [*refused, *warned]
