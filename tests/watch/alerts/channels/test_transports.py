"""Messages leave by real protocols: files and a mail server; and signed CAP verifies."""

import json
import socketserver
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from threading import Thread

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.verifier import XMLVerifier

from strandline.errors import InputError
from strandline.report.alerts.cap import as_cap
from strandline.watch.alerts.channels.recipients import MailServer, Recipient, load_recipients
from strandline.watch.alerts.channels.transports import Folder, Mail, channel_of
from strandline.watch.alerts.messages.cap_copy import SigningKey, cap_message
from strandline.watch.store.records import Outgoing
from tests.fixtures.flood_warnings import ISSUER, OASIS, a_text, a_warning

CONTENT = {"subject": "High water \u099c", "body": "Leave low land.\n\u099c\u09b2\n", "is_exercise": False}
MESSAGE = Outgoing("k" * 32, "sella-1", "radio", "email", "bulletin", "bn", "", json.dumps(CONTENT))


class _MailHandler(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a client needs."""

    def handle(self) -> None:
        self.wfile.write(b"220 there\r\n")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.taken.append(b"".join(lines))  # type: ignore[attr-defined]
            refused = verb == "RCPT" and "nobody@" in line
            self.wfile.write(b"550 no such user\r\n" if refused else b"250 yes\r\n")


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_an_email_is_handed_over_with_its_key_as_its_identity() -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _MailHandler) as server:
        server.taken, server.daemon_threads = [], True  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever)
        thread.start()
        stated = MailServer(host="127.0.0.1", port=server.server_address[1], security="none", sender="w@sella.example")
        answers = [Mail(f"{name}@sella.example", stated, None).send(MESSAGE) for name in ("radio", "nobody")]
        server.shutdown()
        thread.join()
    assert [(one.outcome, one.detail) for one in answers] == [("accepted", "SMTP 250"), ("refused", "SMTP 550")]
    mail = message_from_bytes(server.taken[0])  # type: ignore[attr-defined]
    assert mail["Message-ID"] == f"<{MESSAGE.key}@sella.example>"
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().splitlines() == str(CONTENT["body"]).splitlines()


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_mail_server_that_is_not_there_is_tried_again() -> None:
    stated = MailServer(host="127.0.0.1", port=1, security="none", sender="w@sella.example")
    assert Mail("radio@sella.example", stated, None).send(MESSAGE).outcome == "failed"


def test_a_file_is_written_once_under_its_key(tmp_path: Path) -> None:
    for _ in range(2):
        assert Folder(tmp_path).send(MESSAGE).outcome == "accepted"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(f"{MESSAGE.key}.txt", CONTENT["body"])]


@pytest.mark.slow
def test_a_signed_message_verifies_meets_the_schema_and_shows_a_change(tmp_path: Path) -> None:
    key, now = rsa.generate_private_key(65537, 2048), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "alerts.sella.example")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    signing = SigningKey(tmp_path / "key.pem", tmp_path / "cert.pem")
    signing.key.write_bytes(private)
    signing.certificate.write_bytes(certificate.public_bytes(pem))
    xml = as_cap(a_warning(texts=(a_text(), a_text("bn", "\u099c\u09cb\u09af\u09bc\u09be\u09b0"))), ISSUER)
    for is_exercise in (False, True):
        signed = cap_message(xml, signing, is_exercise=is_exercise)
        OASIS.assertValid(etree.fromstring(signed))
        certified = signing.certificate.read_text()
        XMLVerifier().verify(etree.fromstring(signed), x509_cert=certified, expect_references=1)
        assert (b"<status>Exercise</status>" in signed) == is_exercise
        changed = etree.fromstring(signed.replace(b"1.2 m", b"1.3 m"))
        with pytest.raises(Exception, match="Digest mismatch"):
            XMLVerifier().verify(changed, x509_cert=certified, expect_references=1)
    assert cap_message(xml, None, is_exercise=False) == xml
    with pytest.raises(InputError, match="cannot sign with it"):
        cap_message(xml, SigningKey(tmp_path / "none.pem", signing.certificate), is_exercise=False)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ('transport = "webhook"', "url or url_variable"),
        ('transport = "email"\naddress = "a b@c"', "needs address"),
        ('transport = "email"\naddress = "a@c.example"', "needs a section"),
        ('transport = "folder"', "needs folder"),
        ('transport = "webhook"\nurl = "sms.example"', "url is none"),
        ('transport = "folder"\nfolder = "out"\nlanguage = "xx"', "language"),
        ('transport = "folder"\nfolder = "out"\nsecret = "x"', "secret"),
    ],
)
def test_a_file_of_recipients_says_what_it_lacks(tmp_path: Path, entry: str, why: str) -> None:
    path = tmp_path / "recipients.toml"
    path.write_text(f'time_zone = "Asia/Dhaka"\n[[recipient]]\nname = "radio"\n{entry}\n')
    with pytest.raises(InputError, match=why):
        load_recipients(path)


def test_a_dry_run_is_what_a_file_means_that_says_nothing_and_secrets_come_from_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "recipients.toml"
    path.write_text(
        'time_zone = "Asia/Dhaka"\n[[recipient]]\nname = "radio"\ntransport = "webhook"\nurl_variable = "RADIO_URL"\n'
    )
    found = load_recipients(path)
    assert found.mode == "dry_run"
    with pytest.raises(InputError, match="RADIO_URL is not set"):
        channel_of(found.recipient[0], None, httpx.Client(), {})


def test_apprise_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strandline.errors.find_spec", lambda name: None)
    one = Recipient(name="chat", transport="apprise", url="json://127.0.0.1")
    with pytest.raises(InputError, match=r"strandline\[apprise\]"):
        channel_of(one, None, httpx.Client(), {})
