"""The file of recipients (TOML): who gets which message, in which language, by which transport; dry run by default."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from strandline.errors import InputError
from strandline.observations.region_file.values import Section, TimeZone
from strandline.observations.region_file.watch.warnings_section import LANGUAGES
from strandline.watch.store.records import Mode

Format = Literal["cap", "bulletin", "sms", "loudspeaker"]
Transport = Literal["folder", "webhook", "email", "apprise"]
Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
_IS_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+", re.ASCII)


class Recipient(Section):
    """Who gets one kind of message.

    Attributes:
        name: in the log; a message's identity rests on it, so keep it when an address changes.
        format: CAP, a bulletin, short messages, or a text to be read out.
        language: ISO 639-1; ``None`` = the warning's first.
        zones: only warnings about one of these, a message each; empty = all warnings, one message for all zones.
        per_zone: one message for each zone of a warning.
        folder: for the transport ``folder``; relative to the file of recipients.
        url, url_variable: for ``webhook`` and ``apprise``; secrets belong into an environment variable.
        address: for ``email``.
        in_doubt: after a kill between the far side's acceptance and its record: ``again`` = rather twice than never;
            ``never`` = a person looks. Webhooks carry an idempotency key, by which the far side recognises a repeat.
    """

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]+$")]
    transport: Transport
    format: Format = "bulletin"
    language: Literal[LANGUAGES] | None = None  # type: ignore[valid-type]
    zones: tuple[str, ...] = ()
    per_zone: bool = False
    folder: Path | None = None
    url: str | None = None
    url_variable: Variable | None = None
    address: str | None = None
    in_doubt: Literal["again", "never"] = "again"

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        has_url = (self.url is None) != (self.url_variable is None)
        wanted = {
            "folder": self.folder is not None,
            "webhook": has_url,
            "apprise": has_url,
            "email": self.address is not None and _IS_ADDRESS.fullmatch(self.address) is not None,
        }
        if not wanted[self.transport]:
            needs = {"folder": "folder", "email": "address"}.get(self.transport, "url or url_variable, one of them")
            raise ValueError(f"'{self.name}': the transport {self.transport} needs {needs}")
        if self.url is not None and not re.match(r"[a-z][a-z0-9+.-]*://", self.url):
            raise ValueError(f"'{self.name}': url is none")
        return self

    def address_of(self, environment: Mapping[str, str]) -> str:
        """The URL, from the file or the environment.

        Raises:
            InputError: the variable is not set.
        """
        if self.url is not None:
            return self.url
        assert self.url_variable is not None
        if not (found := environment.get(self.url_variable, "").strip()):
            raise InputError(f"recipient '{self.name}'", f"{self.url_variable} is not set", "export it")
        return found


class MailServer(Section):
    """The server that takes e-mails.

    Attributes:
        security: ``tls`` from the first byte, or ``starttls``; ``none`` only within this machine.
        user, password_variable: to log in; both or neither.
    """

    host: str
    port: Annotated[int, Field(gt=0, lt=65536)] = 587
    security: Literal["tls", "starttls", "none"] = "starttls"
    sender: Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$")]
    user: str | None = None
    password_variable: Variable | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.security == "none" and self.host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("email: security 'none' sends passwords in the clear; use starttls or tls")
        if (self.user is None) != (self.password_variable is None):
            raise ValueError("email: user and password_variable belong together")
        return self


class Signing(Section):
    """Key and certificate (PEM) that sign CAP messages."""

    key: Path
    certificate: Path


class Recipients(Section):
    """The whole file.

    Attributes:
        mode: ``dry_run`` writes files and sends nothing; ``exercise`` sends messages that begin and end with that word;
            ``live`` sends.
        time_zone: of the times in the messages.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode = "dry_run"
    time_zone: TimeZone
    recipient: tuple[Recipient, ...]
    email: MailServer | None = None
    cap: Signing | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        names = [(one.name, one.format, one.language) for one in self.recipient]
        if len(set(names)) < len(names):
            raise ValueError("two recipients have one name, format and language; name each once")
        if self.email is None and any(one.transport == "email" for one in self.recipient):
            raise ValueError("a recipient by e-mail needs a section [email] with host and sender")
        return self


def load_recipients(path: Path) -> Recipients:
    """The file of recipients; relative paths start from its folder.

    Raises:
        InputError: it cannot be read, or a value is impossible.
    """
    try:
        found = Recipients.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(path, f"cannot be read ({error})", "give a TOML file of recipients") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(path, f"[{where}] {first['msg']}", "see docs/how-to/warn.md") from error
    base = path.absolute().parent

    def placed(one: Recipient) -> Recipient:
        return one if one.folder is None else one.model_copy(update={"folder": base / one.folder})

    update: dict[str, object] = {"recipient": tuple(placed(one) for one in found.recipient)}
    if found.cap is not None:
        update["cap"] = Signing(key=base / found.cap.key, certificate=base / found.cap.certificate)
    return found.model_copy(update=update)


def environment_of() -> Mapping[str, str]:
    """The variables of this process."""
    return os.environ
