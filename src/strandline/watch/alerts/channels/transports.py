"""How a message leaves this machine: as a file, by a webhook, by e-mail, or by a service that Apprise knows.

What each can promise where this program is killed between the far side's acceptance and its record:

- a file: once; its name is the message's key, and it appears whole;
- a webhook: once, where the far side honours ``Idempotency-Key``, by which it recognises a repeat;
- e-mail: perhaps twice, with the same ``Message-ID``, which many servers recognise;
- Apprise: perhaps twice, also after a time-out; these services know no key.
"""

import json
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal, Protocol

import httpx

from strandline.errors import InputError, require_extra
from strandline.files import write_bytes
from strandline.watch.alerts.channels.recipients import MailServer, Recipient
from strandline.watch.store.records import Outgoing

TIMEOUT_S = 20.0
_NEVER = (400, 410, 413, 415, 422)
"""Answers of HTTP that a repeat would get again. Others may be mended, as a wrong password, and are tried again."""
_EXTENSION = {"cap": "xml", "bulletin": "txt", "sms": "txt", "loudspeaker": "txt"}


@dataclass(frozen=True)
class Answer:
    """What the far side answered.

    Attributes:
        detail: for the log; never an address or a secret.
    """

    outcome: Literal["accepted", "failed", "refused"]
    detail: str = ""


class Channel(Protocol):
    """Sends one message."""

    def send(self, message: Outgoing) -> Answer:
        """Send it; an error of the far side is an answer, not an exception."""
        ...


@dataclass(frozen=True)
class Folder:
    """Writes each message to a file that a gateway takes."""

    path: Path

    def send(self, message: Outgoing) -> Answer:
        """Write it, unless it is there."""
        content = json.loads(message.content)
        body = content["body"] if message.format != "sms" else "\n".join(content["parts"]) + "\n"
        file = self.path / f"{message.key}.{_EXTENSION[message.format]}"
        try:
            for left_over in self.path.glob(f".partial-*-{file.name}"):
                left_over.unlink()  # of a sender that was killed while it wrote
            if not file.exists():
                write_bytes(file, str(body).encode("utf-8"))
        except (OSError, InputError) as error:
            return Answer("failed", error.what if isinstance(error, InputError) else str(error.strerror))
        return Answer("accepted", file.name)


@dataclass(frozen=True)
class Webhook:
    """Posts each message as JSON, with its key as ``Idempotency-Key``."""

    url: str
    client: httpx.Client

    def send(self, message: Outgoing) -> Answer:
        """Post it."""
        content = {name: value for name, value in vars(message).items() if name != "content"}
        try:
            answer = self.client.post(
                self.url, json=content | json.loads(message.content), headers={"Idempotency-Key": f'"{message.key}"'},
                timeout=TIMEOUT_S,
            )  # fmt: skip
        except httpx.InvalidURL:
            return Answer("refused", "its address is none")
        except httpx.HTTPError as error:
            return Answer("failed", type(error).__name__)
        if answer.is_success:
            return Answer("accepted", f"HTTP {answer.status_code}")
        return Answer("refused" if answer.status_code in _NEVER else "failed", f"HTTP {answer.status_code}")


@dataclass(frozen=True)
class Mail:
    """Hands each message to a mail server; its ``Message-ID`` is its key."""

    address: str
    server: MailServer
    password: str | None

    def send(self, message: Outgoing) -> Answer:
        """Hand it over."""
        content = json.loads(message.content)
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = (
            self.server.sender,
            self.address,
            " ".join(content["subject"].split()),
        )
        mail["Message-ID"] = f"<{message.key}@{self.server.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(content["body"])
        try:
            server = self._connected()
            try:
                server.send_message(mail)
            finally:
                server.close()  # what a server says to a farewell does not undo that it took the message
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            return Answer("refused" if min(codes) >= 500 else "failed", f"SMTP {min(codes)}")
        except smtplib.SMTPResponseException as error:
            return Answer("failed", f"SMTP {error.smtp_code}")
        except (OSError, smtplib.SMTPException) as error:
            return Answer("failed", type(error).__name__)
        return Answer("accepted", "SMTP 250")

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if self.server.security == "tls":
            server = smtplib.SMTP_SSL(self.server.host, self.server.port, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(self.server.host, self.server.port, timeout=TIMEOUT_S)
        try:
            if self.server.security == "starttls":
                server.starttls(context=context)
            if self.server.user is not None and self.password is not None:
                server.login(self.server.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


@dataclass(frozen=True)
class Apprise:
    """Hands each message to one receiver of a service that Apprise knows: Telegram, Matrix, ntfy, SMS gateways.

    An address of Apprise may say that a failure counts as success, that it repeats by itself and that it follows
    redirects, behind which a message becomes a question without content. None of that holds here: what was not taken
    is *failed*, and repeated by the record of messages alone.

    Raises:
        InputError: Apprise cannot read the address, or it names several receivers, of whom those that took a message
            would get it again for the sake of the others.
    """

    where: str
    url: str

    def __post_init__(self) -> None:
        self._service()

    def send(self, message: Outgoing) -> Answer:
        """Hand it over."""
        content = json.loads(message.content)
        title = "" if message.format == "sms" else " ".join(content["subject"].split())
        is_sent = self._service().notify(body=content["body"], title=title, body_format="text")
        return Answer("accepted", "Apprise") if is_sent else Answer("failed", "the service of Apprise did not take it")

    def _service(self) -> Any:
        import apprise

        services: Any = apprise.Apprise()
        if not services.add(self.url):
            raise InputError(self.where, "Apprise cannot use its address", "see docs/how-to/warn.md")
        for service in services:
            service.optional, service.retry, service.redirects = False, 0, False
            service.socket_connect_timeout = service.socket_read_timeout = TIMEOUT_S
        if (count := sum(len(service) for service in services)) != 1:
            raise InputError(self.where, f"its address names {count} receivers of Apprise", "name one in each entry")
        return services


def channel_of(
    recipient: Recipient, server: MailServer | None, client: httpx.Client, environment: Mapping[str, str]
) -> Channel:
    """The channel of a recipient.

    Raises:
        InputError: a variable is not set, or Apprise is missing or cannot use the address.
    """
    if recipient.transport == "folder":
        assert recipient.folder is not None
        return Folder(recipient.folder)
    if recipient.transport == "webhook":
        return Webhook(recipient.address_of(environment), client)
    if recipient.transport == "apprise":
        require_extra(f"recipient '{recipient.name}'", "apprise", "apprise")
        return Apprise(f"recipient '{recipient.name}'", recipient.address_of(environment))
    assert server is not None
    assert recipient.address is not None
    password = None
    if server.password_variable is not None and not (password := environment.get(server.password_variable)):
        raise InputError("[email]", f"{server.password_variable} is not set", "export it")
    return Mail(recipient.address, server, password)
