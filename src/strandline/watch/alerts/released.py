"""A released warning, read back from its CAP message: everything that is sent says what the persons confirmed."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from strandline.errors import InputError
from strandline.report.alerts.cap import ACT_BEFORE, CALL, CapMessage, read_cap
from strandline.report.alerts.catalogue import code_of
from strandline.report.alerts.wording import WarningText
from strandline.watch.store.records import Release

ALL_CLEAR = "AllClear"
_SHORT_CALLS = ("Evacuate", "Shelter", "Prepare", "Execute", "Avoid", "Monitor", "Late", "Receding", ALL_CLEAR)


@dataclass(frozen=True)
class ReleasedWarning:
    """One warning.

    Attributes:
        xml: its CAP message, and ``cap`` what that says.
        call: what people are asked for, a key of the short texts.
        act_before: naive UTC; ``None`` = at once.
    """

    xml: bytes
    cap: CapMessage
    call: str
    act_before: datetime | None
    release: Release

    @property
    def areas(self) -> tuple[str, ...]:
        """Names of the zones, or of the place, by which recipients are chosen."""
        return tuple(dict.fromkeys(area.name for area in self.cap.content.areas))

    def name_of(self, area: str, language: str) -> str:
        """What readers of a language (RFC 3066) call an area."""
        names = (each.name_in(language) for each in self.cap.content.areas if each.name == area)
        return next(names, area)

    def text_in(self, language: str | None) -> WarningText:
        """The text in a language (ISO 639-1), else the first."""
        return text_in(self.cap.content.texts, language)


def text_in(texts: tuple[WarningText, ...], language: str | None) -> WarningText:
    """The text in a language (ISO 639-1), else the first."""
    wanted = (language or "").lower()
    return next((text for text in texts if code_of(text.language) == wanted), texts[0])


def read_warning(xml: bytes, release: Release) -> ReleasedWarning:
    """The warning of a CAP message that ``as_cap`` wrote.

    Raises:
        InputError: it is none.
    """
    cap = read_cap(xml)
    parameters = dict(cap.content.parameters)
    call = ALL_CLEAR if cap.content.message == "Cancel" else (parameters.get(CALL) or cap.content.response)
    return ReleasedWarning(
        xml, cap, call if call in _SHORT_CALLS else "Monitor", _deadline(parameters.get(ACT_BEFORE)), release
    )


def _deadline(text: str | None) -> datetime | None:
    try:
        return None if text is None else pd.Timestamp(text).tz_convert(None).to_pydatetime()
    except (ValueError, TypeError) as error:
        raise InputError("alert", f"{ACT_BEFORE} is {text!r}", "let a person send it by hand") from error
