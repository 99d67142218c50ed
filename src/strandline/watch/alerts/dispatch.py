"""Sends the messages of released warnings, each to each recipient once, across crashes of this program.

A released warning becomes messages in one transaction, with keys that follow from what they are. Each is recorded as
*begun* before it leaves and as *accepted* afterwards. A kill in between leaves it begun: it is sent again with the same
key, so that the far side recognises the repeat, or, where the recipient's entry says so, is left to a person.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from strandline.errors import InputError
from strandline.watch.alerts.channels.recipients import Recipient, Recipients
from strandline.watch.alerts.channels.transports import Answer, Channel, Folder, channel_of
from strandline.watch.alerts.messages.cap_copy import SigningKey, cap_message
from strandline.watch.alerts.messages.sms import split
from strandline.watch.alerts.messages.texts import MessageContext, bulletin, loudspeaker_text, short_text, subject_of
from strandline.watch.alerts.released import ReleasedWarning, read_warning
from strandline.watch.clock import utc_now
from strandline.watch.store import Store
from strandline.watch.store.records import Outgoing, Sending

FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 120.0
"""Pause after the first failure, doubled after each further one, and its limit [s]."""
REPORT_AGAIN = timedelta(minutes=10)
"""Until what keeps a message back is logged again."""
LONGEST_WAIT = timedelta(days=1)
"""Of an exercise for the program that sends it; a warning waits until it expires."""
AT_ONCE = 16
"""Messages sent at a time."""
DRY_RUN = "dry-run"
"""Folder beside the drafts for what would have been sent."""
_log = logging.getLogger(__name__)


@dataclass
class Dispatcher:
    """Sends what a store has released; one at a time (``Store.dispatching``).

    Args:
        environment: for secrets.
    """

    store: Store
    recipients: Recipients
    alerts: Path
    environment: Mapping[str, str]
    client: httpx.Client = field(default_factory=lambda: httpx.Client(follow_redirects=False))
    _reported: dict[str, datetime] = field(default_factory=dict)

    def refuse_missing(self) -> None:
        """Open every channel once, so that what is missing shows before a storm.

        Raises:
            InputError: a variable is not set, a package is missing, or a key cannot be used.
        """
        if self.recipients.mode != "dry_run":
            for recipient in self.recipients.recipient:
                self._channel(recipient)

    def run_once(self) -> list[Sending]:
        """Queue and send what is due; returns the messages that changed.

        Raises:
            Damaged: the store is not what the watch wrote.
            InputError: it cannot be written.
        """
        now = utc_now()
        self._queue(now)
        due = [one for one in self.store.read.sendings(unfinished=True) if _is_due(one, now)]
        replaced = self._replaced() if due else {}
        changed = list[Sending]()
        for first in range(0, len(due), AT_ONCE):
            changed += self._send(due[first : first + AT_ONCE], now, replaced)
        return changed

    def _queue(self, now: datetime) -> None:
        for identifier in self.store.read.not_queued():
            try:
                warning = self._warning(identifier)
            except InputError as error:  # one that nobody can read must not hold up the others
                self._report(identifier, f"nothing of '{identifier}' is sent: {error}")
                continue
            messages = list(messages_of(warning, self.recipients, now))
            why = self.store.queue_messages(identifier, self.recipients.mode, messages)
            if why is not None:
                self._report(identifier, f"nothing of '{identifier}' is sent: {why}")

    def _report(self, what: str, sentence: str) -> None:
        """Log what keeps a message back, and again as long as it does."""
        now = utc_now()
        if now - self._reported.get(what, datetime.min) >= REPORT_AGAIN:
            self._reported[what] = now
            _log.warning("%s", sentence)

    def _warning(self, identifier: str) -> ReleasedWarning:
        stored = self.store.read.released_alert(identifier)
        assert stored.release is not None
        return read_warning(stored.draft.xml, stored.release)

    def _replaced(self) -> dict[str, str]:
        """Warning → the newer released one that replaces it."""
        queued = dict.fromkeys(sending.message.alert for sending in self.store.read.sendings())
        return {
            old.identifier: identifier
            for identifier in queued
            for old in self._warning(identifier).cap.content.replaces
        }

    def _send(self, group: Sequence[Sending], now: datetime, replaced: Mapping[str, str]) -> Iterator[Sending]:
        """Send some messages at once, so that a far side that hangs holds up few others."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers: dict[Future[Answer], Sending] = {}
            for sending in group:
                if (why := self._why_not(sending, now, replaced)) is not None:
                    yield self.store.note_attempt(sending, "refused", why)
                elif (channel := self._channel_or_none(sending)) is not None:
                    begun = self.store.note_attempt(sending, "begun")
                    answers[pool.submit(channel.send, begun.message)] = begun
            for done in as_completed(answers):
                answer = done.result()
                yield self.store.note_attempt(answers[done], answer.outcome, answer.detail)

    def _channel_or_none(self, sending: Sending) -> Channel | None:
        """The channel of a message; ``None`` = something is missing, which is reported."""
        try:
            return self._channel_for(sending)
        except InputError as error:
            self._report(sending.message.recipient, str(error))
            return None

    def _why_not(self, sending: Sending, now: datetime, replaced: Mapping[str, str]) -> str | None:
        """Why a message is never sent; ``None`` = it is."""
        alert = sending.message.alert
        if alert in replaced:
            return f"{replaced[alert]} replaces it"
        warning = self._warning(alert)
        if sending.mode == "live" and warning.cap.content.expires < now:
            return "the warning has expired"
        if sending.mode == "exercise" and now - warning.release.at > LONGEST_WAIT:
            return "the exercise was released more than a day ago"
        recipient = self._recipient(sending.message)
        if sending.outcome == "begun" and recipient is not None and recipient.in_doubt == "never":
            return "it may have left before this program ended; a person must ask the recipient"
        return None

    def _recipient(self, message: Outgoing) -> Recipient | None:
        named = (
            one for one in self.recipients.recipient if (one.name, one.format) == (message.recipient, message.format)
        )
        return next(named, None)

    def _channel_for(self, sending: Sending) -> Channel:
        if sending.mode == "dry_run":
            return Folder(self.alerts / DRY_RUN)
        if self.recipients.mode == "dry_run":
            raise InputError(
                sending.message.alert, "was queued to be sent, and the mode is dry_run now", "set the mode"
            )
        recipient = self._recipient(sending.message)
        if recipient is None:
            what = "is no longer in the file of recipients, and has not got its message"
            raise InputError(f"recipient '{sending.message.recipient}'", what, "put it back")
        return self._channel(recipient)

    def _channel(self, recipient: Recipient) -> Channel:
        return channel_of(recipient, self.recipients.email, self.client, self.environment)


def messages_of(warning: ReleasedWarning, recipients: Recipients, now: datetime) -> Iterator[Outgoing]:
    """The messages of a warning to everybody whom it concerns.

    Raises:
        InputError: the key for signatures cannot be used.
    """
    is_exercise = warning.cap.is_exercise or recipients.mode == "exercise"
    context = MessageContext(warning, is_exercise, recipients.time_zone, now)
    signing = None if recipients.cap is None else SigningKey(recipients.cap.key, recipients.cap.certificate)
    for recipient in recipients.recipient:
        for zone in _zones(recipient, warning):
            yield _message(context, recipient, zone, signing)


def _zones(recipient: Recipient, warning: ReleasedWarning) -> Sequence[str | None]:
    """Zones to write a message about each; ``None`` = all of them in one."""
    if not recipient.zones:
        return warning.areas if recipient.per_zone and recipient.format != "cap" else [None]
    concerned = [zone for zone in recipient.zones if zone in warning.areas]
    if not concerned and len(warning.areas) == 1 and warning.areas[0] not in recipient.zones:
        return [None]  # the whole place is warned, or a zone that nobody named: rather once too often
    return ([None] if concerned else []) if recipient.format == "cap" else concerned


def _message(context: MessageContext, recipient: Recipient, zone: str | None, signing: SigningKey | None) -> Outgoing:
    warning, text = context.warning, context.warning.text_in(recipient.language)
    content: dict[str, object] = {"subject": subject_of(context, text, zone), "is_exercise": context.is_exercise}
    if recipient.format == "cap":
        content["body"] = cap_message(warning.xml, signing, is_exercise=context.is_exercise).decode("utf-8")
    elif recipient.format == "bulletin":
        content["body"] = bulletin(context, text, zone)
    elif recipient.format == "loudspeaker":
        content["body"] = loudspeaker_text(context, text, zone)
    else:
        short = short_text(context, text, zone)
        parts = split(short)
        content |= {"body": short, "alphabet": parts.alphabet, "parts": parts.parts}
    draft = Outgoing(
        "", warning.cap.content.identifier, recipient.name, recipient.transport, recipient.format, text.language,
        zone or "",
        json.dumps(content, ensure_ascii=False, sort_keys=True),
    )  # fmt: skip
    return replace(draft, key=key_of(draft, warning.cap.sender))


def key_of(message: Outgoing, sender: str) -> str:
    """The key of a message: it does not depend on when or how often it is made."""
    parts = (sender, message.alert, message.recipient, message.format, message.language, message.zone)
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()[:32]


def _is_due(sending: Sending, now: datetime) -> bool:
    if sending.outcome != "failed":
        return True
    pause = min(FIRST_PAUSE_S * 2 ** max(sending.tries - 1, 0), LONGEST_PAUSE_S)
    return now - sending.at >= timedelta(seconds=pause)
