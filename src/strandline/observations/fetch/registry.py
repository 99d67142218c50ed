"""All sources, one line each."""

from collections.abc import Sequence

from strandline.errors import InputError
from strandline.observations.fetch.source import FetchChoice, Source

SOURCES: tuple[Source, ...] = ()


def chosen(choice: FetchChoice, sources: Sequence[Source] = SOURCES) -> list[Source]:
    """The sources that a choice names; without names, all that need nothing of the user.

    Raises:
        InputError: a name that is no source and no kind.
    """
    known = {name for source in sources for name in (source.name, source.kind)}
    if unknown := sorted(choice.only - known):
        raise InputError("--only", f"'{unknown[0]}' is no source", f"known: {', '.join(sorted(known))}")
    if not choice.only:
        return [source for source in sources if source.needs == "nothing"]
    return [
        source
        for source in sources
        if source.name in choice.only or (source.kind in choice.only and source.needs == "nothing")
    ]
