"""A printed document as plain parts, which HTML, PDF and DOCX write alike."""

from dataclasses import dataclass, field

from strandline.report.documents.language import Language


@dataclass(frozen=True)
class Table:
    """Rows of cells under a head; ``shares``: of the width that each column takes [-]."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        for row in (self.head, self.shares, *self.rows):
            if len(row) != len(self.head):
                raise ValueError(f"a row has {len(row)} cells, the head {len(self.head)}")


@dataclass(frozen=True)
class Key:
    """A colour of the map and what it means; ``hatched`` as on the map."""

    colour: str
    label: str
    hatched: bool = False


@dataclass(frozen=True)
class Map:
    """A picture (PNG) with its legend, and its content in words."""

    png: bytes
    alternative: str
    caption: str
    legend: tuple[Key, ...]


@dataclass(frozen=True)
class Section:
    """A question and its answer.

    Attributes:
        bullets: written as a list, after the paragraphs.
        blanks: labels of lines to be filled in by hand.
        picture: beside the paragraphs.
    """

    heading: str
    paragraphs: tuple[str, ...] = ()
    bullets: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()
    table: Table | None = None
    note: str = ""
    picture: Map | None = None


@dataclass(frozen=True)
class Document:
    """One printed page.

    Attributes:
        stamp: that its numbers are simulated, head and sentence; ``None`` = they are not.
        warning: what stands before all else; empty = nothing.
        foot: who made it of what, and what was not checked.
    """

    language: Language
    title: str
    subtitle: str
    stamp: tuple[str, str] | None
    warning: str
    sections: tuple[Section, ...]
    foot: tuple[str, ...] = field(default=())
