"""The authority that issues warnings, and how it words them."""

from dataclasses import dataclass

from strandline.observations.region_file.watch.warnings_section import COASTAL_FLOOD, Category, WarningsSection

NOBODY = "strandline.invalid"
"""Sender of a draft that names no issuer; no such domain can exist (RFC 2606)."""


@dataclass(frozen=True)
class Issuer:
    """The authority that issues alerts.

    Attributes:
        sender: CAP's globally unique name, such as an internet domain.
        name: that people know.
        contact: telephone or address.
        web: address of a page with more information.
        languages: of the messages (RFC 3066), in this order.
        time_zone: of the times in the texts.
        categories: of the event in CAP 1.2.
        event_codes: list of event terms and code in it.
    """

    sender: str
    name: str
    contact: str | None = None
    web: str | None = None
    languages: tuple[str, ...] = ("en-GB",)
    time_zone: str = "UTC"
    categories: tuple[Category, ...] = ("Met", "Safety")
    event_codes: tuple[tuple[str, str], ...] = (COASTAL_FLOOD,)

    @property
    def is_named(self) -> bool:
        """Whether there is an authority; without one a draft cannot be released."""
        return self.sender != NOBODY


NO_ISSUER = Issuer(NOBODY, "Strandline (draft, not sent)")


def issuer_of(section: WarningsSection | None) -> Issuer:
    """The issuer that a region file names, or ``NO_ISSUER`` with the file's languages and local time."""
    if section is None:
        return NO_ISSUER
    return Issuer(
        section.sender or NO_ISSUER.sender,
        section.sender_name or NO_ISSUER.name,
        section.contact,
        section.web,
        section.languages,
        section.time_zone,
        section.category,
        tuple(section.event_code.items()),
    )
