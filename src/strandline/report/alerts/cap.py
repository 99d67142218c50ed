"""Common Alerting Protocol 1.2 messages (OASIS 2010) for a person to confirm.

A message is an ``Alert``, an ``Update`` that replaces former ones, or a ``Cancel`` that takes them back; both name what
they replace (section 3.2.1, ``references``). Nothing here can leave as a live alert: the status of a message is
``Exercise`` where its numbers are simulated and ``Draft`` where they are real, its scope is ``Restricted`` to those who
decide, and no other status can be written.
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
LIKELY = 0.5
Message = Literal["Alert", "Update", "Cancel"]
_FORBIDDEN_IN_NAMES = re.compile(r"[\s,<&]")
_FORBIDDEN_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Reference:
    """A message that was given before: who, which, when (UTC)."""

    sender: str
    identifier: str
    sent: pd.Timestamp

    def __str__(self) -> str:
        return f"{self.sender},{self.identifier},{_cap_time(self.sent)}"


@dataclass(frozen=True)
class FloodWarning:
    """What one message says.

    Attributes:
        identifier: unique for the sender; no spaces, commas, ``<`` or ``&``.
        issued, onset, expires: UTC; when the forecast was issued, when the level is first exceeded, when it is over.
        subject: what it is about, the same for every message about it, e.g. the phase of the protocol.
        probability: chance [-] that the event happens.
        return_period: how rare the level is [a]; gives the severity.
        response: what people are asked for; ``AllClear`` in a cancel, and there only.
        area: what the place is called.
        polygon: latitude, longitude [degrees, WGS84] of the ring; first and last point are the same.
        parameters: further numbers, name → value, for machines.
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
    """One CAP 1.2 message in UTF-8; elements stand in the order of the OASIS schema.

    Raises:
        InputError: when the sender's name is not allowed.
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
    _add(alert, "note", _note(warning.provenance))
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
    given: Sequence[FloodWarning], now_due: Sequence[FloodWarning], issuer: Issuer, issued: pd.Timestamp
) -> list[FloodWarning]:
    """What to say after warnings that were given: an update where one is still due, a cancel where none is.

    Args:
        given: the last message about each subject; cancelled and expired ones need no answer.
        now_due: warnings of the newest forecast, as alerts.
        issued: UTC, of the newest forecast.
    """
    open_ones = {old.subject: old for old in given if old.message != "Cancel" and old.expires > issued}
    due = {new.subject for new in now_due}
    messages = [
        replace(new, message="Update", replaces=(_reference(open_ones[new.subject], issuer),))
        if new.subject in open_ones
        else new
        for new in now_due
    ]
    return messages + [_cancel(old, issuer, issued) for subject, old in open_ones.items() if subject not in due]


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
    """CAP 1.2, section 3.2.2: Likely above 50 %, Possible up to it, Unlikely near 0 (here below 5 %)."""
    if probability > LIKELY:
        return "Likely"
    return "Possible" if probability >= 0.05 else "Unlikely"


def urgency_of(lead_h: float) -> str:
    """How soon to act, by hours to the onset.

    CAP 1.2 says *Immediate*: act at once, *Expected*: soon, *Future*: in the near future. Moving people off a low coast
    takes hours, so that acting "at once" begins 6 h and "soon" 24 h before the water.
    """
    if lead_h <= 6:
        return "Immediate"
    return "Expected" if lead_h <= 24 else "Future"


def severity_of(return_period: float) -> str:
    """By the rarity of the level: 100 years and more is *Extreme*, 10 *Severe*, 2 *Moderate*, below *Minor*."""
    for limit, severity in ((100.0, "Extreme"), (10.0, "Severe"), (2.0, "Moderate")):
        if return_period >= limit:
            return severity
    return "Minor"


def rarity_of(level: float, levels: Sequence[float], return_periods: Sequence[float]) -> float:
    """Return period [a] of ``level`` [m], linear in its logarithm between the known ones; 1 below the first.

    Above the last known level it is the last period: rarer cannot be told.
    """
    if level < levels[0]:
        return 1.0
    return float(np.exp(np.interp(level, levels, np.log(return_periods))))


def _note(kind: ProvenanceKind) -> str:
    if kind == "simulated":
        return "EXERCISE. These numbers come from a simulation."
    return "DRAFT. Made from a forecast; nobody has confirmed it."


def _cap_time(time: pd.Timestamp) -> str:
    """CAP wants an offset, and for UTC writes it -00:00 (section 3.3.2)."""
    return time.strftime("%Y-%m-%dT%H:%M:%S") + "-00:00"


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _FORBIDDEN_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
