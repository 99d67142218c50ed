"""The ``[warnings]`` section of a region file: who issues warnings, in which languages, and the local time."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from strandline.observations.region_file.values import Section, TimeZone
from strandline.observations.region_file.watch.feed_sections import WebAddress

LANGUAGES = ("en", "bn", "vi", "it")
"""Languages (ISO 639-1) that there are texts of warnings in."""
COASTAL_FLOOD = ("OET:v1.2", "OET-042")
"""List and code of *coastal flood*; Source: OASIS (2020), Event Terms List for use with CAP 1.2; there a Met event."""
Category = Literal[
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"
]
"""Categories of an event in CAP 1.2 (section 3.2.2)."""
Text = Annotated[str, Field(min_length=1)]


def _has_texts(code: str) -> str:
    if code.split("-")[0].lower() not in LANGUAGES:
        raise ValueError(f"there are no warnings in '{code}'; choose from {', '.join(LANGUAGES)}, as in en-GB")
    return code


LanguageCode = Annotated[str, Field(pattern="^[a-zA-Z]{2}(-[a-zA-Z0-9]{2,8})*$"), AfterValidator(_has_texts)]


class WarningsSection(Section):
    """Who issues warnings and how; without ``sender`` a draft names no issuer and cannot be released.

    Attributes:
        sender: globally unique name of the issuer, such as an internet domain; no spaces, commas, ``<`` or ``&``.
        sender_name: that people know.
        contact: telephone or address for questions.
        web: page with more information.
        languages: of the messages, in this order.
        time_zone: of the times in the texts.
        category: of the event in CAP; a flood is meteorological, and moving people is public safety.
        event_code: list of event terms → code in it.
    """

    sender: Annotated[str, Field(pattern=r"^[^\s,<&]+$")] | None = None
    sender_name: Text | None = None
    contact: Text | None = None
    web: WebAddress | None = None
    languages: Annotated[tuple[LanguageCode, ...], Field(min_length=1)] = ("en-GB",)
    time_zone: TimeZone = "UTC"
    category: Annotated[tuple[Category, ...], Field(min_length=1)] = ("Met", "Safety")
    event_code: dict[Text, Text] = Field(default_factory=lambda: dict([COASTAL_FLOOD]))

    @model_validator(mode="after")
    def _agrees(self) -> "WarningsSection":
        if (self.sender is None) != (self.sender_name is None):
            raise ValueError("'sender' and 'sender_name' belong together; give both or neither")
        if self.sender is not None and self.sender.lower().endswith(".invalid"):
            raise ValueError(f"'{self.sender}' is nobody; give a domain of the issuer, or leave sender out")
        for key in ("languages", "category"):
            values = getattr(self, key)
            if len(set(values)) < len(values):
                raise ValueError(f"{key} names one twice; name each once")
        return self
