"""The CAP message of a released warning as it is sent: as it was confirmed, or as an exercise; signed on request.

Its status stays ``Draft`` or ``Exercise``: whoever takes it over answers for making it live.
"""

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from strandline.errors import InputError, require_extra
from strandline.report.alerts.cap import NAMESPACE
from strandline.watch.alerts.messages.texts import exercise_mark

NOTE = "EXERCISE. "


@dataclass(frozen=True)
class SigningKey:
    """A private key and its certificate, in PEM files."""

    key: Path
    certificate: Path


def cap_message(xml: bytes, signing: SigningKey | None, *, is_exercise: bool) -> bytes:
    """The message to send.

    Raises:
        InputError: the key cannot be used.
    """
    message = _as_exercise(xml) if is_exercise else xml
    return message if signing is None else _signed(message, signing)


def _as_exercise(xml: bytes) -> bytes:
    """The message with the status Exercise; its headlines begin and end with that word."""
    ElementTree.register_namespace("", NAMESPACE)
    root = ElementTree.fromstring(xml)
    for element in root.iter():
        name, text = element.tag.rpartition("}")[2], element.text or ""
        if name == "status":
            element.text = "Exercise"
        elif name == "note" and not text.startswith(NOTE):
            element.text = NOTE + text
    for info in root.iter(f"{{{NAMESPACE}}}info"):
        headline, language = info.find(f"{{{NAMESPACE}}}headline"), info.findtext(f"{{{NAMESPACE}}}language")
        if headline is not None and language:
            mark = exercise_mark(language)
            headline.text = f"{mark} {headline.text} {mark}"
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _signed(xml: bytes, signing: SigningKey) -> bytes:
    """The message with an enveloped XML signature, as CAP 1.2 allows (section 3.3.4.1: XMLSIG, exclusive C14N)."""
    require_extra("signed CAP messages", "sign", "signxml", "lxml", "cryptography")
    from lxml import etree
    from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod
    from signxml.signer import XMLSigner

    try:
        key, certificate = signing.key.read_bytes(), signing.certificate.read_text(encoding="ascii")
        c14n = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
        signer = XMLSigner(method=SignatureConstructionMethod.enveloped, c14n_algorithm=c14n)
        signed = signer.sign(etree.fromstring(xml), key=key, cert=certificate)
    except (OSError, ValueError, TypeError) as error:
        what = f"cannot sign with it ({error})"
        raise InputError(signing.key, what, "give an unencrypted RSA key of 2048 bits or more, in PEM") from error
    return bytes(etree.tostring(signed, xml_declaration=True, encoding="utf-8")) + b"\n"
