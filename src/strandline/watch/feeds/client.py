"""Client of one feed: polls it within a time limit, raises nothing, and checks the quality of its readings."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pybreaker import CircuitBreaker, CircuitBreakerError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_not_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from strandline.errors import StrandlineError
from strandline.watch.feeds.files.quarantine import Quarantine
from strandline.watch.feeds.health import Expectation, assess_health
from strandline.watch.feeds.quality_control import CheckedReading, Tide, check_readings, identity
from strandline.watch.feeds.windowing import before
from strandline.watch.readings import Feed, Health, Reading

_log = logging.getLogger(__name__)
_LONGEST_CATCH_UP = timedelta(days=10)
"""Of readings that were missed: more than any belief uses, and no more than a service gives in one answer."""


@dataclass(frozen=True)
class RetryPolicy:
    """Time limit, retries and circuit breaker of a feed.

    Attributes:
        timeout: of one poll, with all attempts and pauses [s].
        attempts: of one poll, at most.
        first_pause: before the second attempt, with a jitter of the same size; each further pause doubles [s].
        opens_after: consecutive failures after which the circuit breaker opens (Nygard 2007, *Release It!*).
        reset_after: pause of an open circuit breaker [s]; then a single attempt is made.
    """

    timeout: float = 20.0
    attempts: int = 3
    first_pause: float = 0.5
    opens_after: int = 6
    reset_after: float = 600.0


DEFAULT_RETRY_POLICY = RetryPolicy()


@dataclass(frozen=True)
class PollResult:
    """Result of one poll.

    Attributes:
        readings: new ones, and earlier ones with another quality; oldest first.
    """

    readings: list[Reading]
    health: Health


class FeedClient:
    """A feed that can be polled at every step.

    Args:
        tide: at its gauge, if known.
        retry_policy: ``None`` = read directly and once, for recordings.
        quarantine: of the files that the feed reads; the stream's health names those that failed.
    """

    def __init__(
        self,
        feed: Feed,
        expectation: Expectation,
        tide: Tide | None = None,
        retry_policy: RetryPolicy | None = None,
        quarantine: Quarantine | None = None,
    ) -> None:
        self.feed, self.expectation, self.tide, self.retry_policy = feed, expectation, tide, retry_policy
        self.quarantine = Quarantine() if quarantine is None else quarantine
        self.stream = feed.stream
        self._request: _Request | None = None
        self._failed_since: datetime | None = None
        self._breaker = None if retry_policy is None else _breaker(feed, retry_policy)

    def poll(self, since: datetime, until: datetime, recent: Iterable[Reading] = ()) -> PollResult:
        """Poll the feed once and check its readings.

        After failed polls it reads everything since the first of them.

        Args:
            since, until: as for ``Feed.read``.
            recent: this stream's readings of the last days, with their quality.
        """
        since = since if self._failed_since is None else min(since, self._failed_since)
        since = max(since, before(until, _LONGEST_CATCH_UP))
        readings, failure = self._attempt(since, until)
        earlier = {identity(reading): reading for reading in recent}
        checked: list[CheckedReading] = []
        try:
            checked = check_readings(readings, until, self.tide, earlier=earlier.values())
        except Exception as error:  # noqa: BLE001 - what one stream gives must not end the watch over the others
            _log.exception("the readings of stream '%s' could not be checked", self.stream)
            failure = f"its readings could not be checked ({type(error).__name__}: {error})"
        self._failed_since = since if failure else None
        new = [each.reading for each in checked if earlier.get(identity(each.reading)) != each.reading]
        warning = self.quarantine.note(self.stream)
        return PollResult(new, assess_health(self.stream, checked, until, self.expectation, failure, warning))

    def _attempt(self, since: datetime, until: datetime) -> tuple[list[Reading], str]:
        """The raw readings, or none and the reason."""
        if self._request is not None and self._request.is_alive():
            return [], "an earlier request is still unanswered"
        request = self._request = _Request(self.stream, lambda: self.feed.read(since, until))
        if self.retry_policy is None or self._breaker is None:
            request.run()
            return request.readings, request.failure
        request.repeat(self._breaker, self.retry_policy)
        request.start()
        request.join(self.retry_policy.timeout)
        if request.is_alive():
            earlier = f"; before that: {request.failure}" if request.failure else ""
            return [], f"no answer within {self.retry_policy.timeout:g} s{earlier}"
        return request.readings, request.failure


def _breaker(feed: Feed, policy: RetryPolicy) -> CircuitBreaker:
    return CircuitBreaker(policy.opens_after, policy.reset_after, name=feed.stream, throw_new_error_on_trip=False)


class _Request(threading.Thread):
    """One read of a feed, in a thread of its own: a socket's time-out does not limit an answer that trickles in."""

    def __init__(self, stream: str, read: Callable[[], list[Reading]]) -> None:
        super().__init__(name=f"poll {stream}", daemon=True)
        self._stream, self._read = stream, read
        self.readings: list[Reading] = []
        self.failure = ""

    def repeat(self, breaker: CircuitBreaker, policy: RetryPolicy) -> None:
        """Read with retries and a circuit breaker; ``failure`` is that of the last attempt, also while more follow."""
        retrying = Retrying(
            stop=stop_after_attempt(policy.attempts) | stop_before_delay(policy.timeout),
            wait=wait_exponential(policy.first_pause) + wait_random(0, policy.first_pause),
            retry=retry_if_not_exception_type(CircuitBreakerError),
            before_sleep=self._note_failure,
            reraise=True,
        )
        read = self._read
        self._read = lambda: retrying(breaker.call, read)

    def _note_failure(self, attempt: RetryCallState) -> None:
        error = None if attempt.outcome is None else attempt.outcome.exception()
        self.failure = str(error)

    def run(self) -> None:
        """Set ``readings`` or ``failure``."""
        try:
            self.readings, self.failure = self._read(), ""
        except CircuitBreakerError:
            self.failure = "it failed too often and is paused for a while"
        except StrandlineError as error:
            self.failure = str(error)
        except Exception as error:  # noqa: BLE001 - a fault in reading one stream must not end the watch over the others
            _log.exception("stream '%s' could not be read", self._stream)
            self.failure = f"{type(error).__name__}: {error}"
