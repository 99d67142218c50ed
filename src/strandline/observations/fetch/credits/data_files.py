"""The files that a run read, and whose they are: what a report must state of each."""

import re
from dataclasses import dataclass

_SECRET = re.compile(r"(https?://)[^\s/@?]*@")
_QUERY = re.compile(
    r"([?&](?:sig|signature|token|key|api_?key|password|credential|x-(?:amz|goog)-[\w-]+)=)[^\s&#;]+", re.I
)
_FOLDERS = re.compile(r"(?<![\w.:/])(?:[A-Za-z]:)?[/\\](?:[^\s/\\'\";,()\[\]]+[/\\])+(?=[^\s/\\])")
_NON_COMMERCIAL = re.compile(r"non.?commercial|not for commercial|\bNC\b", re.IGNORECASE)


@dataclass(frozen=True)
class DataFile:
    """A file that was read.

    Attributes:
        name: its path within the data folder where it was fetched, else its name alone: no folder of a machine.
        used_for: sections of the region file that name it, as "terrain".
        source: address or words of its publisher.
        licence: as stated by its publisher or the region file.
        attribution: the sentence that its publisher asks for; empty = none is known.
        date: of what it shows; empty = not stated.
        fetched: day of the download; empty = it is the user's own.
        sha256: of its content; empty where it is a folder.
        is_changed: whether it is no longer what was fetched.
    """

    name: str
    used_for: str
    source: str
    licence: str
    attribution: str = ""
    date: str = ""
    fetched: str = ""
    sha256: str = ""
    is_changed: bool = False

    @property
    def is_non_commercial(self) -> bool:
        """Whether its licence forbids commercial use."""
        return _NON_COMMERCIAL.search(self.licence) is not None


def attributions(files: tuple[DataFile, ...]) -> tuple[str, ...]:
    """The sentences that publishers ask for, each once."""
    return tuple(dict.fromkeys(file.attribution for file in files if file.attribution))


def non_commercial_sentence(files: tuple[DataFile, ...]) -> str:
    """What a reader must know where a licence forbids commercial use; empty = none does."""
    bound = list(dict.fromkeys(f"{file.used_for} ({file.licence})" for file in files if file.is_non_commercial))
    if not bound:
        return ""
    return (
        f"NOT FOR COMMERCIAL USE: {'; '.join(bound)}. Whoever uses this report commercially needs other data or a"
        " licence from its publisher."
    )


def without_secrets(text: str) -> str:
    """A text whose addresses hold no login, signature or key."""
    return _QUERY.sub(r"\1…", _SECRET.sub(r"\1", text))


def without_folders(text: str) -> str:
    """A text in which files have their names alone: a product tells nobody where they lie on a machine."""
    return _FOLDERS.sub("", text)
