"""Common Alerting Protocol 1.2 messages (OASIS 2010) for a person to confirm.

A message is an ``Alert``, an ``Update`` that replaces earlier ones, or a ``Cancel`` that revokes them; both name the
messages that they replace (section 3.2.1, ``references``). No message can be a live alert: its status is ``Exercise``
for simulated numbers and ``Draft`` for real ones, its scope is ``Restricted`` to the authority that decides, and no
other status can be written.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from strandline.errors import InputError
from strandline.observations.observations import ProvenanceKind
from strandline.planning.actions import Response
from strandline.report.findings import Issuer

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
RESTRICTION = "For the authority that decides. Not for release before a named person has confirmed it."
STATUS_OF: dict[ProvenanceKind, Literal["Exercise", "Draft"]] = {"simulated": "Exercise", "real": "Draft"}
NOTE_OF: dict[ProvenanceKind, str] = {
    "simulated": "EXERCISE. These numbers come from a simulation.",
    "real": "DRAFT. Made from a forecast; nobody has confirmed it.",
}
LIKELY = 0.5
Message = Literal["Alert", "Update", "Cancel"]
_FORBIDDEN_IN_NAMES = re.compile(r"[\s,<&]")
_FORBIDDEN_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Reference:
    """An earlier message: sender, identifier and time (UTC)."""

    sender: str
    identifier: str
    sent: pd.Timestamp

    def __str__(self) -> str:
        return f"{self.sender},{self.identifier},{_cap_time(self.sent)}"


@dataclass(frozen=True)
class FloodWarning:
    """The content of one message.

    Attributes:
        identifier: unique for the sender; no spaces, commas, ``<`` or ``&``.
        issued, onset, expires: UTC; issue of the forecast, first exceedance of the level, end of the event.
        subject: the same for every message about one event, e.g. the phase of the protocol.
        probability: of the event [-].
        return_period: of the level [a]; determines the severity.
        response: requested of people; ``AllClear`` in a cancel, and only there.
        area: name of the area.
        polygon: latitude, longitude [degrees, WGS84] of the ring; first and last point are the same.
        parameters: further values for machines, name → value.
        message, replaces: an update or a cancel names the messages that it replaces, an alert none.
    """

    identifier: str
    subject: str
    provenance: ProvenanceKind
    issued: pd.Timestamp
    onset: pd.Timestamp
    expires: pd.Timestamp
    probability: float
    return_period: float
    event: str
    headline: str
    description: str
    instruction: str
    response: Response | Literal["AllClear"]
    area: str
    polygon: tuple[tuple[float, float], ...]
    parameters: tuple[tuple[str, str], ...] = ()
    message: Message = "Alert"
    replaces: tuple[Reference, ...] = ()

    def __post_init__(self) -> None:
        if _FORBIDDEN_IN_NAMES.search(self.identifier) or not self.identifier:
            raise InputError("alert", f"identifier {self.identifier!r} is not allowed", "no spaces, commas, < or &")
        if not 0 <= self.probability <= 1:
            raise InputError("alert", f"probability {self.probability} is not within 0 to 1", "give a known chance")
        if not self.issued <= self.onset <= self.expires:
            raise InputError("alert", "times are out of order", "issued ≤ onset ≤ expires")
        if len(self.polygon) < 4 or self.polygon[0] != self.polygon[-1]:
            raise InputError("alert", "polygon is not closed", "repeat its first point at the end; 4 points or more")
        if any(abs(latitude) > 90 or abs(longitude) > 180 for latitude, longitude in self.polygon):
            raise InputError("alert", "polygon leaves the globe", "give latitude, longitude in degrees, in this order")

        if (self.message == "Alert") == bool(self.replaces):
            what = f"a message '{self.message}' that replaces {len(self.replaces)} others"
            raise InputError("alert", what, "an update or a cancel names what it replaces, an alert replaces nothing")
        if (self.message == "Cancel") != (self.response == "AllClear"):
            raise InputError("alert", f"{self.message} with response {self.response}", "AllClear belongs to a cancel")

    @property
    def lead_h(self) -> float:
        """Hours from issue to onset."""
        return float((self.onset - self.issued) / pd.Timedelta(hours=1))


def as_cap(warning: FloodWarning, issuer: Issuer) -> bytes:
    """Return one CAP 1.2 message in UTF-8, with its elements in the order of the OASIS schema.

    Raises:
        InputError: the sender's name is not allowed.
    """
    if _FORBIDDEN_IN_NAMES.search(issuer.sender) or not issuer.sender:
        raise InputError("alert", f"sender {issuer.sender!r} is not allowed", "no spaces, commas, < or &")
    alert = ElementTree.Element("alert", xmlns=NAMESPACE)
    _add(alert, "identifier", warning.identifier)
    _add(alert, "sender", issuer.sender)
    _add(alert, "sent", _cap_time(warning.issued))
    _add(alert, "status", STATUS_OF[warning.provenance])
    _add(alert, "msgType", warning.message)
    _add(alert, "scope", "Restricted")
    _add(alert, "restriction", RESTRICTION)
    _add(alert, "note", NOTE_OF[warning.provenance])
    if warning.replaces:
        _add(alert, "references", " ".join(str(reference) for reference in warning.replaces))
    info = ElementTree.SubElement(alert, "info")
    _add(info, "language", "en-GB")
    _add(info, "category", "Met")
    _add(info, "event", warning.event)
    _add(info, "responseType", warning.response)
    _add(info, "urgency", "Past" if warning.message == "Cancel" else urgency_of(warning.lead_h))
    _add(info, "severity", severity_of(warning.return_period))
    _add(info, "certainty", certainty_of(warning.probability))
    _add(info, "onset", _cap_time(warning.onset))
    _add(info, "expires", _cap_time(warning.expires))
    _add(info, "senderName", issuer.name)
    _add(info, "headline", warning.headline)
    _add(info, "description", warning.description)
    _add(info, "instruction", warning.instruction)
    if issuer.contact is not None:
        _add(info, "contact", issuer.contact)
    own = (
        ("probability", f"{warning.probability:.2f}"),
        ("returnPeriod", f"{warning.return_period:.3g}"),
        ("subject", warning.subject),
    )
    for name, value in (*own, *warning.parameters):
        parameter = ElementTree.SubElement(info, "parameter")
        _add(parameter, "valueName", name)
        _add(parameter, "value", value)
    area = ElementTree.SubElement(info, "area")
    _add(area, "areaDesc", warning.area)
    _add(area, "polygon", " ".join(f"{latitude:.5f},{longitude:.5f}" for latitude, longitude in warning.polygon))
    ElementTree.indent(alert)
    return bytes(ElementTree.tostring(alert, encoding="utf-8", xml_declaration=True)) + b"\n"


def follow_up(
    issued_warnings: Sequence[FloodWarning], due_warnings: Sequence[FloodWarning], issuer: Issuer, issued: pd.Timestamp
) -> list[FloodWarning]:
    """Return an update for each issued warning that is still due, a cancel for each that is not, and new alerts.

    Args:
        issued_warnings: the last message about each subject; cancelled and expired ones are skipped.
        due_warnings: warnings of the newest forecast, as alerts.
        issued: issue time of the newest forecast, UTC.
    """
    open_warnings = {old.subject: old for old in issued_warnings if old.message != "Cancel" and old.expires > issued}
    due = {new.subject for new in due_warnings}
    messages = [
        replace(new, message="Update", replaces=(_reference(open_warnings[new.subject], issuer),))
        if new.subject in open_warnings
        else new
        for new in due_warnings
    ]
    return messages + [_cancel(old, issuer, issued) for subject, old in open_warnings.items() if subject not in due]


def _cancel(old: FloodWarning, issuer: Issuer, issued: pd.Timestamp) -> FloodWarning:
    return replace(
        old,
        identifier=f"{old.identifier}-cancelled-{issued:%Y%m%dT%H%M}",
        message="Cancel",
        replaces=(_reference(old, issuer),),
        response="AllClear",
        issued=issued,
        onset=max(old.onset, issued),
        probability=0.0,
        headline=f"Cancelled: {old.headline}",
        description="The newest forecast no longer supports this warning.",
        instruction="Confirm the forecast first. Then stand down as the protocol says.",
    )


def _reference(warning: FloodWarning, issuer: Issuer) -> Reference:
    return Reference(issuer.sender, warning.identifier, warning.issued)


def certainty_of(probability: float) -> str:
    """Return *Likely* above 50 %, *Possible* up to 50 %, *Unlikely* near 0, here below 5 % (CAP 1.2, section 3.2.2)."""
    if probability > LIKELY:
        return "Likely"
    return "Possible" if probability >= 0.05 else "Unlikely"


def urgency_of(lead_h: float) -> str:
    """Return the urgency by the hours to the onset.

    CAP 1.2 defines *Immediate*: act at once, *Expected*: soon, *Future*: in the near future. Evacuation of a low coast
    takes hours; *Immediate* therefore begins 6 h and *Expected* 24 h before the onset.
    """
    if lead_h <= 6:
        return "Immediate"
    return "Expected" if lead_h <= 24 else "Future"


def severity_of(return_period: float) -> str:
    """Return *Extreme* from a return period of 100 years, *Severe* from 10, *Moderate* from 2, else *Minor*."""
    for limit, severity in ((100.0, "Extreme"), (10.0, "Severe"), (2.0, "Moderate")):
        if return_period >= limit:
            return severity
    return "Minor"


def rarity_of(level: float, levels: Sequence[float], return_periods: Sequence[float]) -> float:
    """Return the return period [a] of ``level`` [m], log-linear between the known levels; 1 below the first.

    Above the last known level it is the last return period.
    """
    if level < levels[0]:
        return 1.0
    return float(np.exp(np.interp(level, levels, np.log(return_periods))))


def _cap_time(time: pd.Timestamp) -> str:
    """Return the time with the offset that CAP requires; UTC is -00:00 (section 3.3.2)."""
    return time.strftime("%Y-%m-%dT%H:%M:%S") + "-00:00"


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _FORBIDDEN_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
