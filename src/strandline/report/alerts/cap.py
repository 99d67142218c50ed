"""Common Alerting Protocol 1.2 messages (OASIS 2010) for a person to confirm: written, and read back.

A message is an ``Alert``, an ``Update`` that replaces earlier ones, or a ``Cancel`` that revokes them; both name the
messages that they replace (section 3.2.1, ``references``). No message can be a live alert: its status is ``Exercise``
for simulated numbers and ``Draft`` for real ones, its scope is ``Restricted`` to the authority that decides, and no
other status can be written.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

import numpy as np
import pandas as pd
from shapely import Polygon

from strandline.errors import InputError
from strandline.observations.observations import ProvenanceKind
from strandline.planning.actions import Response
from strandline.report.alerts.area import Ring, WarnedArea
from strandline.report.alerts.catalogue import code_of, is_checked
from strandline.report.alerts.issuer import Issuer
from strandline.report.alerts.wording import WarningText

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
RESTRICTION = "For the authority that decides. Not for release before a named person has confirmed it."
STATUS_OF: dict[ProvenanceKind, Literal["Exercise", "Draft"]] = {"simulated": "Exercise", "real": "Draft"}
NOTE_OF: dict[ProvenanceKind, str] = {
    "simulated": "EXERCISE. These numbers come from a simulation.",
    "real": "DRAFT. Made from a forecast; nobody has confirmed it.",
}
REPLAY_NOTE = "EXERCISE. A replay of hours that have passed."
NO_ISSUER_NOTE = "It names no issuer and cannot be released: name one in [warnings] of the region file."
AT_LEAST = "at least"
CALL, ACT_BEFORE = "call", "actBefore"
"""Parameters: what people are asked for, and before when, from which short messages are made."""
LIKELY = 0.5
ZONE = "zone"
"""Geocode: the name by which recipients of an area are chosen, where readers call it otherwise."""
LEAST_RETURN_PERIOD = {"Minor": 1.0, "Moderate": 2.0, "Severe": 10.0, "Extreme": 100.0}
"""Severity → the return period from which a flood has it [a]."""
SEVERITIES = tuple(LEAST_RETURN_PERIOD)
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
        subject: the same for every message about one event, e.g. the phase of the protocol.
        issued, onset, expires: UTC; issue of the forecast, expected start and latest end of the event.
        probability: of the event between ``issued`` and ``expires`` [-].
        return_period: of the level [a]; determines the severity.
        response: requested of people; ``AllClear`` in a cancel, and only there.
        texts: one in each language.
        areas: named areas, each of one or more polygons.
        parameters: further values for machines, name → value.
        message, replaces: an update or a cancel names the messages that it replaces, an alert none.
        is_lower_bound: the probability is at least ``probability``.
        is_replay: the hours have passed; such a message is an exercise, of real numbers too.
        knows_rarity: whether ``return_period`` is the event's; else it stands for the severity alone.
    """

    identifier: str
    subject: str
    provenance: ProvenanceKind
    issued: pd.Timestamp
    onset: pd.Timestamp
    expires: pd.Timestamp
    probability: float
    return_period: float
    response: Response | Literal["AllClear"]
    texts: tuple[WarningText, ...]
    areas: tuple[WarnedArea, ...]
    parameters: tuple[tuple[str, str], ...] = ()
    message: Message = "Alert"
    replaces: tuple[Reference, ...] = ()
    is_lower_bound: bool = False
    is_replay: bool = False
    knows_rarity: bool = True

    def __post_init__(self) -> None:
        if _FORBIDDEN_IN_NAMES.search(self.identifier) or not self.identifier:
            raise InputError("alert", f"identifier {self.identifier!r} is not allowed", "no spaces, commas, < or &")
        if not 0 <= self.probability <= 1:
            raise InputError("alert", f"probability {self.probability} is not within 0 to 1", "give a known chance")
        if not self.issued <= self.onset <= self.expires:
            raise InputError("alert", "times are out of order", "issued ≤ onset ≤ expires")
        languages = [text.language for text in self.texts]
        if not languages or len(set(languages)) < len(languages):
            raise InputError("alert", f"has texts in {languages}", "give one text in each language")
        if not self.areas or not all(area.polygons for area in self.areas):
            raise InputError("alert", "an area has no polygon", "outline every area")
        for area in self.areas:
            for ring in area.polygons:
                _check_ring(area.name, ring)
        if (self.message == "Alert") == bool(self.replaces):
            what = f"a message '{self.message}' that replaces {len(self.replaces)} others"
            raise InputError("alert", what, "an update or a cancel names what it replaces, an alert replaces nothing")
        if (self.message == "Cancel") != (self.response == "AllClear"):
            raise InputError("alert", f"{self.message} with response {self.response}", "AllClear belongs to a cancel")

    @property
    def lead_h(self) -> float:
        """Hours from issue to onset."""
        return float((self.onset - self.issued) / pd.Timedelta(hours=1))


def _check_ring(name: str, ring: Ring) -> None:
    where = f"alert, area '{name}'"
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise InputError(where, "polygon is not closed", "repeat its first point at the end; 4 points or more")
    if any(abs(latitude) > 90 or abs(longitude) > 180 for latitude, longitude in ring):
        raise InputError(where, "polygon leaves the globe", "give latitude, longitude in degrees, in this order")
    if not Polygon(ring).is_valid:
        raise InputError(where, "polygon crosses itself", "give an outline that does not")


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
    _add(alert, "status", "Exercise" if warning.is_replay else STATUS_OF[warning.provenance])
    _add(alert, "msgType", warning.message)
    _add(alert, "scope", "Restricted")
    _add(alert, "restriction", RESTRICTION)
    _add(alert, "note", _note(warning, issuer))
    if warning.replaces:
        _add(alert, "references", " ".join(str(reference) for reference in warning.replaces))
    for text in warning.texts:
        _add_info(alert, warning, text, issuer)
    ElementTree.indent(alert)
    return bytes(ElementTree.tostring(alert, encoding="utf-8", xml_declaration=True)) + b"\n"


def _note(warning: FloodWarning, issuer: Issuer) -> str:
    unchecked = [text.language for text in warning.texts if not is_checked(text.language)]
    return " ".join(
        (
            REPLAY_NOTE if warning.is_replay else NOTE_OF[warning.provenance],
            *(() if issuer.is_named else (NO_ISSUER_NOTE,)),
            *(
                (f"Not checked by a native speaker: the texts in '{', '.join(unchecked)}'. Let one read them.",)
                if unchecked
                else ()
            ),
        )
    )


def _add_info(alert: ElementTree.Element, warning: FloodWarning, text: WarningText, issuer: Issuer) -> None:
    """Add the message in one language; section 3.2.2."""
    info = ElementTree.SubElement(alert, "info")
    _add(info, "language", text.language)
    for category in issuer.categories:
        _add(info, "category", category)
    _add(info, "event", text.event)
    _add(info, "responseType", warning.response)
    _add(info, "urgency", "Past" if warning.message == "Cancel" else urgency_of(warning.lead_h))
    _add(info, "severity", severity_of(warning.return_period))
    _add(info, "certainty", certainty_of(warning.probability))
    for pair in issuer.event_codes:
        _add_pair(info, "eventCode", *pair)
    for name, time in (("effective", warning.issued), ("onset", warning.onset), ("expires", warning.expires)):
        _add(info, name, _cap_time(time))
    _add(info, "senderName", issuer.name)
    _add(info, "headline", text.headline)
    _add(info, "description", text.description)
    _add(info, "instruction", text.instruction)
    for name, value in (("web", issuer.web), ("contact", issuer.contact)):
        if value is not None:
            _add(info, name, value)
    own = (
        ("probability", f"{warning.probability:.2f}"),
        ("probabilityIs", AT_LEAST if warning.is_lower_bound else "of the event"),
        *((("returnPeriod", f"{warning.return_period:.3g}"),) if warning.knows_rarity else ()),
        ("subject", warning.subject),
        ("provenance", warning.provenance),
    )
    for pair in (*own, *warning.parameters):
        _add_pair(info, "parameter", *pair)
    for area in warning.areas:
        block = ElementTree.SubElement(info, "area")
        called = area.name_in(text.language)
        _add(block, "areaDesc", called)
        for ring in area.polygons:
            _add(block, "polygon", " ".join(f"{latitude:.5f},{longitude:.5f}" for latitude, longitude in ring))
        if called != area.name:
            _add_pair(block, "geocode", ZONE, area.name)


@dataclass(frozen=True)
class CapMessage:
    """A message of ``as_cap`` as it is read back.

    Attributes:
        sender, sender_name, contact: of the issuer.
        status: of CAP; the issuer may have changed it.
    """

    content: FloodWarning
    sender: str
    sender_name: str
    contact: str | None
    status: str

    @property
    def is_exercise(self) -> bool:
        """Whether its status says so."""
        return self.status == "Exercise"


def read_cap(xml: bytes) -> CapMessage:
    """Read a message that ``as_cap`` wrote.

    Raises:
        InputError: it is none.
    """
    try:
        return _read(ElementTree.fromstring(xml))
    except (ElementTree.ParseError, LookupError, ValueError, TypeError) as error:
        raise InputError(
            "alert", f"is not a message of this program ({error})", "let a person send it by hand"
        ) from error


def _read(root: ElementTree.Element) -> CapMessage:
    sender, infos = _text(root, "sender"), root.findall(_name("info"))
    info = infos[0]
    parameters = {pair[0].text or "": pair[1].text or "" for pair in info.iter(_name("parameter"))}
    period = parameters.pop("returnPeriod", None)
    content = FloodWarning(
        identifier=_text(root, "identifier"),
        message=_text(root, "msgType"),  # type: ignore[arg-type]
        issued=_time(_text(root, "sent")),
        onset=_time(_text(info, "onset")),
        expires=_time(_text(info, "expires")),
        response=_text(info, "responseType"),  # type: ignore[arg-type]
        texts=tuple(
            WarningText(*(_text(each, key) for key in ("language", "event", "headline", "description", "instruction")))
            for each in infos
        ),
        areas=tuple(_read_areas(infos)),
        subject=parameters.pop("subject"),
        probability=float(parameters.pop("probability")),
        is_lower_bound=parameters.pop("probabilityIs") == AT_LEAST,
        return_period=LEAST_RETURN_PERIOD[_text(info, "severity")] if period is None else float(period),
        knows_rarity=period is not None,
        provenance=parameters.pop("provenance"),  # type: ignore[arg-type]
        is_replay=_text(root, "note").startswith(REPLAY_NOTE),
        parameters=tuple(parameters.items()),
        replaces=tuple(map(_reference, root.findtext(_name("references"), "").split())),
    )
    sender_name, contact = _text(info, "senderName"), info.findtext(_name("contact"))
    return CapMessage(content, sender, sender_name, contact, _text(root, "status"))


def _read_areas(infos: Sequence[ElementTree.Element]) -> Iterator[WarnedArea]:
    """The areas of the first language, with their names in all."""
    called: dict[str, dict[str, str]] = {}
    for info in infos:
        for area in info.iter(_name("area")):
            if (zone := _zone_code(area)) is not None:
                called.setdefault(zone, {})[code_of(_text(info, "language"))] = _text(area, "areaDesc")
    for area in infos[0].iter(_name("area")):
        rings = tuple(_ring(ring.text or "") for ring in area.iter(_name("polygon")))
        zone = _zone_code(area)
        yield WarnedArea(_text(area, "areaDesc") if zone is None else zone, rings, called.get(zone or "", {}))


def _zone_code(area: ElementTree.Element) -> str | None:
    return next((pair[1].text for pair in area.iter(_name("geocode")) if pair[0].text == ZONE), None)


def _name(element: str) -> str:
    return f"{{{NAMESPACE}}}{element}"


def _text(parent: ElementTree.Element, element: str) -> str:
    found = parent.findtext(_name(element))
    if found is None:
        raise KeyError(f"it has no {element}")
    return found


def _time(text: str) -> pd.Timestamp:
    time = pd.Timestamp(text)
    if time.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return time.tz_convert(None)


def _ring(text: str) -> Ring:
    points = (pair.split(",") for pair in text.split())
    return tuple((float(latitude), float(longitude)) for latitude, longitude in points)


def _reference(text: str) -> Reference:
    sender, identifier, sent = text.split(",")
    return Reference(sender, identifier, _time(sent))


def provenance_in(message: ElementTree.Element) -> str | None:
    """Return the provenance that a message of ``as_cap`` states; ``None`` = none."""
    for pair in message.iter(f"{{{NAMESPACE}}}parameter"):
        if pair[0].text == "provenance":
            return pair[1].text
    return None


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
    reached = [severity for severity, limit in LEAST_RETURN_PERIOD.items() if return_period >= limit]
    return reached[-1] if reached else "Minor"


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


def _add_pair(parent: ElementTree.Element, element: str, name: str, value: str) -> None:
    pair = ElementTree.SubElement(parent, element)
    _add(pair, "valueName", name)
    _add(pair, "value", value)
